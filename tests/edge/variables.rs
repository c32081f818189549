//! Errors of variables, and that valid ones reach resolvers.

use serde_json::{Value, json};

use crate::toy::Toy;
use crate::{query, send_graphql};

async fn record(toy: &Toy, input: Value) -> (u16, String, String) {
    let query = "query($input: RecordInput!) { record(input: $input) }";
    let answer = send_graphql(toy, json!({ "query": query, "variables": { "input": input } })).await;
    let said = answer.body["data"]["record"].as_str().unwrap_or(answer.message()).to_owned();
    (answer.status, answer.code().to_owned(), said)
}

#[tokio::test]
async fn valid_inputs_arrive() {
    let toy = Toy::start().await;
    for (input, expected) in [
        (json!({ "name": "a" }), "a 0 None false  false"),
        (json!({ "name": "a", "items": null, "colour": "GREEN" }), "a 0 None true  false"),
        (
            json!({ "name": "a", "items": [{ "occurredOn": "2026-01-31", "points": -1 }] }),
            "a 1 Some(\"2026-01-31 Some(-1) 7\") false  false",
        ),
        (
            json!({ "name": "a", "items": { "occurredOn": "2026-01-31" } }),
            "a 1 Some(\"2026-01-31 None 7\") false  false",
        ),
        (json!({ "name": "a", "by": { "id": 5 } }), "a 0 None false 5 false"),
        (json!({ "name": "a", "by": { "code": "x" }, "child": { "name": "b" } }), "a 0 None false x true"),
    ] {
        assert_eq!(record(&toy, input.clone()).await, (200, "none".into(), expected.into()), "{input}");
    }
}

#[tokio::test]
async fn invalid_inputs_are_named() {
    let toy = Toy::start().await;
    let item = |field: &str, value: Value| json!({ "name": "a", "items": [{ "occurredOn": "2026-01-31" }, { "occurredOn": "2026-01-31", field: value }] });
    let int = "an Int; write a whole number from -2147483648 to 2147483647, without quotes.";
    for (input, expected) in [
        (json!(null), "input must not be null; its type is RecordInput!.".to_owned()),
        (json!(3), "input: 3 is not an object of type RecordInput.".to_owned()),
        (json!({}), "input: the required field \"name\" of RecordInput is missing.".to_owned()),
        (json!({ "name": null }), "input.name must not be null; its type is String!.".to_owned()),
        (json!({ "name": 1.5 }), "input.name: 1.5 is not a String; write it in quotes.".to_owned()),
        (
            json!({ "name": "a", "nome": "b" }),
            "input.nome: RecordInput has no field \"nome\". Did you mean name?".to_owned(),
        ),
        (
            json!({ "name": "a", "quantity": "b" }),
            "input.quantity: RecordInput has no field \"quantity\".".to_owned(),
        ),
        (
            item("occurredOn", json!(5)),
            "input.items[1].occurredOn: 5 is not a date; write YYYY-MM-DD, such as 2026-06-30.".to_owned(),
        ),
        (
            item("occurredOn", json!("2026-02-30")),
            "input.items[1].occurredOn: \"2026-02-30\" is not a date; write YYYY-MM-DD, such as 2026-06-30."
                .to_owned(),
        ),
        (item("points", json!(2_147_483_648_i64)), format!("input.items[1].points: 2147483648 is not {int}")),
        (item("points", json!("1")), format!("input.items[1].points: \"1\" is not {int}")),
        (item("weight", json!(null)), "input.items[1].weight must not be null; its type is Int!.".to_owned()),
        (
            json!({ "name": "a", "colour": "BLUE" }),
            "input.colour: \"BLUE\" is not a value of Colour; expected RED or GREEN.".to_owned(),
        ),
        (
            json!({ "name": "a", "colour": "green" }),
            "input.colour: \"green\" is not a value of Colour; expected RED or GREEN. Did you mean GREEN?"
                .to_owned(),
        ),
        (
            json!({ "name": "a", "colour": ["RED"] }),
            "input.colour: a list is not a value of Colour; expected RED or GREEN.".to_owned(),
        ),
        (
            json!({ "name": "a", "by": {} }),
            "input.by: By requires exactly one field; given: none.".to_owned(),
        ),
        (
            json!({ "name": "a", "by": { "code": "x", "id": "y" } }),
            "input.by: By requires exactly one field; given: code, id.".to_owned(),
        ),
        (
            json!({ "name": "a", "by": { "code": null } }),
            "input.by.code must not be null; its type is String!.".to_owned(),
        ),
        (
            json!({ "name": "a", "by": { "id": true } }),
            "input.by.id: true is not an ID; write a string or a whole number.".to_owned(),
        ),
        (
            json!({ "name": "a", "child": { "name": [] } }),
            "input.child.name: a list is not a String; write it in quotes.".to_owned(),
        ),
    ] {
        let expected = format!("Variable ${expected}");
        assert_eq!(record(&toy, input.clone()).await, (400, "BAD_USER_INPUT".into(), expected), "{input}");
    }
}

#[tokio::test]
async fn definitions() {
    let toy = Toy::start().await;
    let double = |definition: &str| format!("query({definition}) {{ double(n: $n) }}");
    for (definition, variables, expected) in [
        ("$n: Int!", json!({ "n": 4 }), "8"),
        ("$n: Int! = 3", json!({}), "6"),
        ("$n: Int = 3", json!({}), "6"),
        ("$n: Int!", json!({ "n": 4, "other": { "deep": [1] } }), "8"),
        ("$n: Int!", json!({}), "Variable $n is missing; its type Int! requires a value."),
        ("$n: Int! = 3", json!({ "n": null }), "Variable $n must not be null; its type is Int!."),
    ] {
        let answer = send_graphql(&toy, json!({ "query": double(definition), "variables": variables })).await;
        let said = match &answer.body["data"]["double"] {
            Value::Number(number) => number.to_string(),
            _ => answer.message().to_owned(),
        };
        assert_eq!(said, expected);
    }
    for document in [
        double("$n: Nope!"),
        double("$n: [Nope!]! = [1]"),
        double("$n: Node"),
        double("$n: String!"),
        double("$n: Int! = \"x\""),
    ] {
        let answer = query(&toy, &document).await;
        assert_eq!((answer.status, answer.code()), (400, "GRAPHQL_VALIDATION_FAILED"), "{}", answer.text);
    }
}

#[tokio::test]
async fn single_values_are_coerced_to_lists_and_defaults_apply_to_directives() {
    let toy = Toy::start().await;
    let many = "query($it: [Int!]!) { many(numbers: $it) }";
    for (value, status) in
        [(json!([1, 2]), 200), (json!(3), 200), (json!([1, null]), 400), (json!(["1"]), 400)]
    {
        let answer = send_graphql(&toy, json!({ "query": many, "variables": { "it": value } })).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    let answer = query(&toy, "query($yes: Boolean = true) { hello @include(if: $yes) }").await;
    assert_eq!(answer.body["data"]["hello"], "world");
}

/// The literal parts of an argument are validated even if other parts are variables.
#[tokio::test]
async fn literals_beside_variables_are_validated() {
    let toy = Toy::start().await;
    for argument in ["name: $a, nome: 1", "name: $a, colour: BLUE", "name: $a, items: [{ points: 1 }]"] {
        let document = format!("query($a: String!) {{ record(input: {{ {argument} }}) }}");
        let answer = send_graphql(&toy, json!({ "query": document, "variables": { "a": "x" } })).await;
        assert_eq!((answer.status, answer.code()), (400, "GRAPHQL_VALIDATION_FAILED"), "{}", answer.text);
    }
    let document = "query($a: String!, $d: Date!, $c: Colour, $i: ID!) { record(input: { name: $a, items: [{ occurredOn: $d }], colour: $c, by: { id: $i } }) }";
    let variables = json!({ "a": "x", "d": "2026-01-01", "i": 9 });
    let answer = send_graphql(&toy, json!({ "query": document, "variables": variables })).await;
    assert_eq!(
        answer.body["data"]["record"], "x 1 Some(\"2026-01-01 None 7\") false 9 false",
        "{}",
        answer.text
    );
}

/// Two operations may use one name for variables of two types.
#[tokio::test]
async fn operations_have_their_own_variables() {
    let toy = Toy::start().await;
    let document = "query A($x: Int!) { double(n: $x) } query B($x: String!) { echo(text: $x) ...f } fragment f on Query { hello }";
    let answer =
        send_graphql(&toy, json!({ "query": document, "operationName": "B", "variables": { "x": "y" } }))
            .await;
    assert_eq!(answer.body["data"], json!({ "echo": "y", "hello": "world" }), "{}", answer.text);
    let unused = format!("{document} fragment unused on Query {{ hello }}");
    let answer =
        send_graphql(&toy, json!({ "query": unused, "operationName": "B", "variables": { "x": "y" } })).await;
    assert_eq!(answer.code(), "GRAPHQL_VALIDATION_FAILED");
}
