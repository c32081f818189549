//! Statuses, headers and codes.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::json;

use crate::toy::{KEY, Toy};
use crate::{GRAPHQL, send, send_graphql};

fn post(toy: &Toy) -> reqwest::RequestBuilder {
    reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY)
}

fn get(toy: &Toy, parameters: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let mut url: reqwest::Url = toy.url("/graphql").parse().unwrap();
    url.query_pairs_mut().extend_pairs(parameters);
    reqwest::Client::new().get(url).bearer_auth(KEY)
}

#[tokio::test]
async fn rejections_by_media_type() {
    let toy = Toy::start().await;
    let several = "query a { hello } query b { hello }";
    for (body, legacy, status, code) in [
        (json!({ "query": "{ hello }" }), 200, 200, "none"),
        (json!({ "query": "{ hello }", "operationName": "" }), 200, 200, "none"),
        (
            json!({ "query": "{ hello }", "operationName": null, "variables": null, "extensions": null }),
            200,
            200,
            "none",
        ),
        (json!({ "query": several, "operationName": "b" }), 200, 200, "none"),
        (json!({ "query": several }), 200, 400, "OPERATION_RESOLUTION_FAILURE"),
        (json!({ "query": several, "operationName": "c" }), 200, 400, "OPERATION_RESOLUTION_FAILURE"),
        (json!({ "query": "{ hello }", "operationName": "c" }), 200, 400, "OPERATION_RESOLUTION_FAILURE"),
        (json!({ "query": "{" }), 200, 400, "GRAPHQL_PARSE_FAILED"),
        (json!({ "query": "" }), 200, 400, "GRAPHQL_PARSE_FAILED"),
        (json!({ "query": "{ nope }" }), 200, 400, "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "query": "query($n: Int!) { double(n: $n) }" }), 200, 400, "BAD_USER_INPUT"),
        (json!({ "query": "subscription { hello }" }), 200, 400, "GRAPHQL_VALIDATION_FAILED"),
        (json!({ "extensions": { "persistedQuery": {} } }), 400, 400, "BAD_USER_INPUT"),
        (json!({}), 400, 400, "BAD_USER_INPUT"),
        (json!([{ "query": "{ hello }" }]), 400, 400, "BAD_USER_INPUT"),
        (json!("{ hello }"), 400, 400, "BAD_USER_INPUT"),
        (json!({ "query": 5 }), 400, 400, "BAD_USER_INPUT"),
        (json!({ "query": "{ hello }", "variables": [] }), 400, 400, "BAD_USER_INPUT"),
        (json!({ "query": "{ hello }", "operationName": 1 }), 400, 400, "BAD_USER_INPUT"),
        (json!({ "query": "{ hello }", "extensions": "x" }), 400, 400, "BAD_USER_INPUT"),
    ] {
        let accepting = send_graphql(&toy, body.clone()).await;
        assert_eq!((accepting.status, accepting.code()), (status, code), "{body}: {}", accepting.text);
        assert_eq!(accepting.headers["content-type"], format!("{GRAPHQL}; charset=utf-8"));
        let plain = send(post(&toy).json(&body)).await;
        assert_eq!((plain.status, plain.code()), (legacy, code), "{body}: {}", plain.text);
        assert_eq!(plain.headers["content-type"], "application/json; charset=utf-8");
        assert_eq!(plain.body.get("data").is_some(), code == "none", "{}", plain.text);
    }
}

#[tokio::test]
async fn http_statuses() {
    let toy = Toy::start().await;
    let body = "{\"query\":\"mutation{add(n:1)}\"}";
    let client = reqwest::Client::new();
    for content_type in [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin1",
        "application/graphql",
        "application/jsonx",
    ] {
        let answer = send(post(&toy).header("content-type", content_type).body(body)).await;
        assert_eq!((answer.status, answer.code()), (415, "BAD_USER_INPUT"), "{content_type}");
    }
    assert_eq!(send(post(&toy).body(body)).await.status, 415);
    for body in
        ["", "{", "{\"query\":\"{hello}\"} x", "null", "{\"query\":\"{hello}\",\"query\":\"{hello}\"}"]
    {
        let answer = send(post(&toy).header("content-type", "application/json").body(body)).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{body}");
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::HEAD] {
        let answer = send(client.request(method.clone(), toy.url("/graphql")).bearer_auth(KEY)).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.headers["allow"], "GET, POST");
    }
    let answer = send(get(&toy, &[("query", "mutation { add(n: 1) }")])).await;
    assert_eq!((answer.status, answer.headers["allow"].to_str().unwrap()), (405, "POST"));
    let answer = send(post(&toy).header("accept", "text/plain").json(&json!({ "query": "{ hello }" }))).await;
    assert_eq!((answer.status, answer.code()), (406, "BAD_USER_INPUT"));
    assert_eq!(toy.counter.load(Ordering::SeqCst), 0);
    let charset = post(&toy).header("content-type", "application/json; charset=UTF-8");
    assert_eq!(send(charset.body("{\"query\":\"{hello}\"}")).await.status, 200);
}

#[tokio::test]
async fn credentials() {
    let toy = Toy::start().await;
    let request = || reqwest::Client::new().post(toy.url("/graphql")).json(&json!({ "query": "{ caller }" }));
    for header in [
        None,
        Some("Bearer"),
        Some("Bearer wrong"),
        Some("Basic Ym9vdDpzdHJhcA=="),
        Some("bootstrap-key-for-tests"),
    ] {
        let answer = match header {
            Some(value) => send(request().header("authorization", value)).await,
            None => send(request()).await,
        };
        assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{header:?}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        assert!(answer.body.get("data").is_none());
    }
    let answer = send(request().header("authorization", format!("bearer {KEY}"))).await;
    assert_eq!(answer.body["data"]["caller"], true);
}

#[tokio::test]
async fn gets() {
    let toy = Toy::start().await;
    let document = "query a($n: Int!) { double(n: $n) } query b { hello }";
    let answer = send(get(
        &toy,
        &[("query", document), ("operationName", "a"), ("variables", "{\"n\":4}"), ("extensions", "{}")],
    ))
    .await;
    assert_eq!(answer.body["data"]["double"], 8, "{}", answer.text);
    for parameters in [
        vec![("query", "{ hello }"), ("variables", "{")],
        vec![("query", "{ hello }"), ("variables", "[]")],
        vec![("query", "{ hello }"), ("extensions", "1")],
        vec![("query", "{ hello }"), ("query", "{ hello }")],
        vec![("variables", "{}")],
    ] {
        let answer = send(get(&toy, &parameters)).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{parameters:?}");
    }
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    let page = send(reqwest::Client::new().get(toy.url("/graphql")).header("accept", browser)).await;
    assert_eq!((page.status, page.text.as_str()), (200, "<title>page</title>"));
    let answer = send(get(&toy, &[("query", "{ hello }")]).header("accept", browser)).await;
    assert_eq!(answer.body["data"]["hello"], "world");
}

#[tokio::test]
async fn request_ids_and_other_routes() {
    let toy = Toy::start().await;
    let client = reqwest::Client::new();
    for (given, kept) in [("abc-DEF_123", true), ("a b", false), (&*"x".repeat(65), false), ("", false)] {
        let answer = send(client.get(toy.url("/healthz")).header("x-request-id", given)).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "ok"));
        let id = answer.headers["x-request-id"].to_str().unwrap();
        assert_eq!(id == given, kept, "{given}");
        assert!(kept || (id.len() == 36 && id.as_bytes()[14] == b'7'), "{id}");
    }
    assert_eq!(send(client.get(toy.url("/readyz"))).await.status, 200);
    let missing = || async { Err("no database".to_owned()) };
    let routes = partner_program::http::routes(std::sync::Arc::clone(&toy.endpoint), None, missing);
    let address = crate::toy::serve(partner_program::http::with_layers(routes), "127.0.0.1:0").await;
    let answer = send(client.get(format!("http://{address}/readyz"))).await;
    assert_eq!((answer.status, answer.text.as_str()), (503, "no database"));
    let schema = send(client.get(toy.url("/schema.graphql"))).await;
    assert!(schema.text.contains("type Query"));
    assert_eq!(schema.headers["content-type"], "application/graphql; charset=utf-8");
}
