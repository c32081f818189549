//! The description of the schema itself, which the library does not let a server choose.

use serde_json::{Value, json};

use crate::toy::{DESCRIPTION, Toy};
use crate::websocket_client::Client;
use crate::{query, send_graphql};

#[tokio::test]
async fn the_schema_describes_itself_wherever_it_is_selected() {
    let toy = Toy::start().await;
    for (document, data) in [
        ("{ __schema { description } }", json!({ "__schema": { "description": DESCRIPTION } })),
        ("{ a: __schema { b: description } }", json!({ "a": { "b": DESCRIPTION } })),
        (
            "{ __schema { description d: description queryType { name } } }",
            json!({ "__schema": { "description": DESCRIPTION, "d": DESCRIPTION, "queryType": { "name": "Query" } } }),
        ),
        (
            "{ ...f ... on Query { __schema { c: description } } } fragment f on Query { __schema { ...g } }
             fragment g on __Schema { description }",
            json!({ "__schema": { "description": DESCRIPTION, "c": DESCRIPTION } }),
        ),
        (
            "query($no: Boolean = false) { __schema { description @include(if: $no) d: description @skip(if: $no) } }",
            json!({ "__schema": { "d": DESCRIPTION } }),
        ),
        (
            "query($no: Boolean = true) { __typename __schema @skip(if: $no) { description } }",
            json!({ "__typename": "Query" }),
        ),
        // Other descriptions are those of what they describe.
        (
            "{ __type(name: \"Boolean\") { description } }",
            json!({ "__type": { "description": "The `Boolean` scalar type represents `true` or `false`." } }),
        ),
    ] {
        let response = query(&toy, document).await;
        assert!(response.status == 200 && response.body["errors"].is_null(), "{document} {}", response.text);
        assert_eq!(response.body["data"], data, "{document}");
    }
}

#[tokio::test]
async fn each_operation_and_transport_describes_the_schema() {
    let toy = Toy::start().await;
    let document = "query One { __typename } query Two { __schema { description } }";
    let one = send_graphql(&toy, json!({ "query": document, "operationName": "One" })).await;
    assert_eq!(one.body["data"], json!({ "__typename": "Query" }));
    let two = send_graphql(&toy, json!({ "query": document, "operationName": "Two" })).await;
    assert_eq!(two.body["data"]["__schema"]["description"], DESCRIPTION);
    let full = query(&toy, include_str!("introspection.graphql")).await;
    assert_eq!(full.body["data"]["__schema"]["description"], DESCRIPTION);
    let mut client = Client::start(&toy).await;
    client.subscribe("1", "{ __schema { description } }").await;
    let next: Value = client.next().await;
    assert_eq!(next["payload"]["data"]["__schema"]["description"], DESCRIPTION);
}
