//! Documents: that they run whole or not at all, which of them are cached, and how many.

use std::sync::atomic::Ordering;

use partner_program::graphql::documents::{Documents, executor};
use partner_program::graphql::limits::Limits;
use partner_program::graphql::schema_types::{SchemaTypes, api_scalars};

use serde_json::json;

use crate::toy::{self, KEY, Toy};
use crate::{TestResponse, query, send, send_graphql};

#[tokio::test]
async fn only_valid_documents_are_cached() {
    let toy = Toy::start().await;
    for document in ["{ nope }", "{", "{ hello @nope }"] {
        query(&toy, document).await;
    }
    assert_eq!(toy.endpoint.documents.cached(), 0);
    query(&toy, "{ hello }").await;
    query(&toy, &format!("{{ hello }}{}", "#".repeat(20_000))).await;
    assert_eq!(toy.endpoint.documents.cached(), 1);
}

#[tokio::test]
async fn the_number_of_cached_documents_is_bounded() {
    let counter = std::sync::Arc::default();
    let build = || toy::schema(&counter);
    let types = SchemaTypes::from_sdl(&build().finish().sdl(), &api_scalars()).unwrap();
    let documents = Documents::new(executor(build()), types, Limits::default(), 50, 1 << 20);
    for index in 0..500 {
        let source = format!("{{ a{index}: hello }}");
        documents.prepare(&source.as_str().into(), None, Default::default()).unwrap();
        assert!((1..=50).contains(&documents.cached()), "{}", documents.cached());
    }
}

/// Sends a document once: not again, to see whether the result is the same.
async fn once(toy: &Toy, document: &str) -> TestResponse {
    let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY);
    send(request.json(&json!({ "query": document }))).await
}

#[tokio::test]
async fn a_refused_document_runs_no_field() {
    let toy = Toy::start().await;
    for second in [
        "b: add(n: 3000000000)",
        "b: add(n: \"1\")",
        "b: add(n: null)",
        "b: add",
        "b: add(n: $undefined)",
        "b: add(n: 1, n: 1)",
        "b: add(n: 1) @skip(if: $undefined)",
        "b: add(n: 1, m: 1)",
        "b: nope",
        "a: add(n: 2)",
        "a: addSlowly(n: 1)",
        "b: add(n: 1) { c }",
    ] {
        for document in [
            format!("mutation {{ a: add(n: 1) {second} }}"),
            format!("mutation {{ a: add(n: 1) ...f }} fragment f on Mutation {{ {second} }}"),
        ] {
            let answer = query(&toy, &document).await;
            assert_eq!((answer.status, answer.code()), (400, "GRAPHQL_VALIDATION_FAILED"), "{document}");
            assert!(answer.body.get("data").is_none(), "{document}: {}", answer.text);
        }
    }
    let nullable = "mutation($n: Int = 1) { a: add(n: 1) b: add(n: $n) }";
    let answer = send_graphql(&toy, json!({ "query": nullable, "variables": { "n": null } })).await;
    assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{}", answer.text);
    let message = "Variable $n must not be null: it is used where a value is required. Leave it out, so that the default applies.";
    assert_eq!(answer.message(), message);
    assert_eq!(toy.counter.load(Ordering::SeqCst), 0);
    assert_eq!(once(&toy, nullable).await.body["data"], json!({ "a": 1, "b": 2 }));
}

/// Fields of one response key are one field: they have one effect.
#[tokio::test]
async fn merged_fields_of_a_mutation_run_once() {
    let toy = Toy::start().await;
    let before = |toy: &Toy| toy.counter.load(Ordering::SeqCst);
    for document in [
        "mutation { add(n: 1) add(n: 1) }",
        "mutation { add(n: 1) ...f ...f } fragment f on Mutation { add(n: 1) }",
        "mutation { ... on Mutation { add(n: 1) } ... { add(n: 1) } }",
        "mutation { add(n: 1) @skip(if: true) add(n: 1) add(n: 1) @include(if: true) }",
    ] {
        let count = before(&toy);
        let answer = once(&toy, document).await;
        assert_eq!(answer.body["data"], json!({ "add": count + 1 }), "{document}: {}", answer.text);
        assert_eq!(before(&toy), count + 1, "{document}");
    }
    let answer = once(&toy, "mutation { b: add(n: 1) a: add(n: 1) b: add(n: 1) __typename }").await;
    assert!(answer.text.contains("{\"b\":5,\"a\":6,\"__typename\":\"Mutation\"}"), "{}", answer.text);
    let answer = once(&toy, "mutation { add(n: 1) @skip(if: true) }").await;
    assert_eq!((answer.status, &answer.body["data"]), (200, &json!({})), "{}", answer.text);
}

/// Merged selections are in the order of the first place of each key, at every depth.
#[tokio::test]
async fn merged_fields_are_in_the_order_of_their_first_places() {
    let toy = Toy::start().await;
    for (document, expected) in [
        (
            "{ node(id: 1) { number } hello node(id: 1) { id } }",
            r#"{"node":{"number":1,"id":"1"},"hello":"world"}"#,
        ),
        (
            "{ node(id: 1) { next { number } ...f } } fragment f on Node { id next { next { id } } ...g } fragment g on Node { next { next { number } id } }",
            r#"{"node":{"next":{"number":2,"next":{"id":"3","number":3},"id":"2"},"id":"1"}}"#,
        ),
        (
            "{ partners(first: 2) { nodes { id } nodes { next { id } } edges { node { id } } } partners(first: 2) { nodes { next { number } } } }",
            r#"{"partners":{"nodes":[{"id":"0","next":{"id":"1","number":1}},{"id":"1","next":{"id":"2","number":2}}],"edges":[{"node":{"id":"0"}},{"node":{"id":"1"}}]}}"#,
        ),
    ] {
        let answer = query(&toy, document).await;
        assert!(answer.text.contains(expected), "{document}: {}", answer.text);
    }
    for conflict in [
        "{ node(id: 1) { entries(first: 1) { nodes { id } } entries(first: 2) { nodes { id } } } }",
        "{ node(id: 1) { next { x: id } } node(id: 1) { next { x: number } } }",
        "{ node(id: 1) { ...a ...b } } fragment a on Node { next { next { x: id } } } fragment b on Node { next { next { x: number } } }",
        "{ many(numbers: [1]) many(numbers: [1, 2]) }",
        "{ a: many(numbers: [1, 2]) a: many(numbers: [1]) }",
    ] {
        assert_eq!(query(&toy, conflict).await.code(), "GRAPHQL_VALIDATION_FAILED", "{conflict}");
    }
}

/// What a variable without a value is the value of is left out, so that defaults apply.
#[tokio::test]
async fn variables_without_a_value_leave_out_what_they_are_for() {
    let toy = Toy::start().await;
    let item = |fields: &str| {
        format!("record(input: {{ name: \"a\", items: [{{ occurredOn: \"2026-01-31\", {fields} }}] }})")
    };
    for (definitions, field, variables, expected) in [
        ("$w: Int", item("weight: $w"), json!({}), json!("a 1 Some(\"2026-01-31 None 7\") false  false")),
        (
            "$w: Int",
            item("weight: $w"),
            json!({ "w": 8 }),
            json!("a 1 Some(\"2026-01-31 None 8\") false  false"),
        ),
        ("$w: Int = 9", item("weight: $w"), json!({}), json!("a 1 Some(\"2026-01-31 None 9\") false  false")),
        (
            "$p: Int",
            item("points: $p"),
            json!({ "p": null }),
            json!("a 1 Some(\"2026-01-31 None 7\") false  false"),
        ),
        ("$t: String", "echo(text: $t)".to_owned(), json!({}), json!(null)),
        (
            "$c: Colour, $b: By",
            "record(input: { name: \"a\", colour: $c, by: $b })".to_owned(),
            json!({}),
            json!("a 0 None false  false"),
        ),
    ] {
        let document = format!("query({definitions}) {{ x: {field} }}");
        let answer = send_graphql(&toy, json!({ "query": document, "variables": variables })).await;
        assert_eq!(answer.body["data"]["x"], expected, "{document}: {}", answer.text);
    }
    let document = format!("query($w: Int) {{ {} }}", item("weight: $w"));
    let answer = send_graphql(&toy, json!({ "query": document, "variables": { "w": null } })).await;
    assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{}", answer.text);
}
