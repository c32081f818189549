//! Tests of the HTTP layer over real connections, with a small schema.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![expect(clippy::pedantic, reason = "the toy schema's shape is given by what it tests")]

mod batches;
mod complexity;
mod connections;
mod cors;
mod document_refs;
mod documents;
mod execution;
mod framework;
mod framework_sockets;
mod hostile;
mod http2;
mod index;
mod introspection;
mod limits;
mod log;
mod messages;
mod metrics;
mod places;
mod sse;
mod status;
mod throttle;
mod toy;
mod toy_streams;
mod variables;
mod websocket_client;
mod websocket_close;
mod websockets;

use serde_json::{Value, json};
use toy::{KEY, Toy};

pub(crate) const GRAPHQL: &str = "application/graphql-response+json";

pub(crate) struct TestResponse {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl TestResponse {
    pub(crate) fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
    }

    pub(crate) fn message(&self) -> &str {
        self.body["errors"][0]["message"].as_str().unwrap_or("none")
    }
}

pub(crate) async fn send(request: reqwest::RequestBuilder) -> TestResponse {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    if let Some(errors) = body["errors"].as_array() {
        assert!((1..=20).contains(&errors.len()), "{text}");
        for error in errors {
            assert!(error["extensions"]["code"].is_string(), "{text}");
            assert!(error["message"].as_str().unwrap().chars().count() <= 500, "{text}");
        }
    }
    assert!(headers.contains_key("x-request-id"));
    TestResponse { status, headers, text, body }
}

/// Sends each request twice: the second time the document may be cached, and the response
/// must be the same.
pub(crate) async fn send_graphql(toy: &Toy, body: Value) -> TestResponse {
    let client = reqwest::Client::new();
    let request = client.post(toy.url("/graphql")).bearer_auth(KEY).header("accept", GRAPHQL);
    let request = request.header("x-request-id", "same").json(&body);
    let first = send(request.try_clone().unwrap()).await;
    let second = send(request).await;
    assert_eq!((first.status, &first.text), (second.status, &second.text));
    first
}

pub(crate) async fn query(toy: &Toy, query: &str) -> TestResponse {
    send_graphql(toy, json!({ "query": query })).await
}
