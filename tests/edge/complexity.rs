//! Both sides of the limit on complexity.

use serde_json::json;

use crate::hostile::assert_refused;
use crate::toy::Toy;
use crate::{query, send_graphql};

#[tokio::test]
async fn complexity() {
    let toy = Toy::start().await;
    let ten = "id number a:id b:id c:id d:id e:id f:id g:id h:id";
    let pages = |outer: &str, inner: &str| {
        format!(
            "query{} {{ partners{outer} {{ edges {{ node {{ id number entries{inner} {{ edges {{ node {{ {ten} }} }} }} }} }} }} }}",
            if outer.contains('$') || inner.contains('$') { "($n: Int)" } else { "" },
        )
    };
    for (document, variables, status) in [
        (pages("(first: 100)", "(first: 20)"), json!({}), 200),
        (pages("(first: $n)", "(first: 20)"), json!({ "n": 100 }), 200),
        (pages("(first: $n)", "(first: 100)"), json!({ "n": 10 }), 200),
        (pages("(first: $n)", "(first: $n)"), json!({ "n": 100 }), 400),
        (pages("(first: $n)", "(first: $n)"), json!({ "n": 10 }), 200),
        (pages("(first: 100)", "(first: 100)"), json!({}), 400),
        (pages("(first: 100)", ""), json!({}), 200),
        (pages("", "(first: 100)"), json!({}), 200),
    ] {
        let answer = send_graphql(&toy, json!({ "query": document, "variables": variables })).await;
        assert_eq!(
            answer.status,
            status,
            "{document} {variables} {}",
            &answer.text[..200.min(answer.text.len())]
        );
        if status == 400 {
            assert_eq!(answer.code(), "QUERY_TOO_COMPLEX");
        }
    }
    for first in ["101", "1000000000", "9999999999999999999"] {
        let answer = query(&toy, &format!("{{ partners(first: {first}) {{ nodes {{ id }} }} }}")).await;
        assert!(matches!(answer.code(), "BAD_USER_INPUT" | "GRAPHQL_VALIDATION_FAILED"), "{}", answer.text);
    }
}

#[tokio::test]
async fn introspection_passes_once() {
    let toy = Toy::start().await;
    let full = include_str!("introspection.graphql");
    let answer = query(&toy, full).await;
    assert_eq!(answer.status, 200, "{}", answer.message());
    assert!(answer.body.get("errors").is_none(), "{}", answer.message());
    let rounds = |count: usize| {
        let (open, close) = ("fields{type{".repeat(count), "}}".repeat(count));
        format!("{{__schema{{types{{{open}name{close}}}}}}}")
    };
    assert_eq!(query(&toy, &rounds(2)).await.status, 200);
    assert_refused(&toy, &rounds(6), "QUERY_TOO_COMPLEX", Some("complexity")).await;
}
