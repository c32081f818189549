//! What the parts of `async-graphql-axum` do on HTTP, and where this API differs from them.
//!
//! Each test except the first shows where the pinned version departs from the GraphQL-over-HTTP
//! specification or from this API's contract. If one fails after an update, check whether that part can
//! replace ours. The extractors also do not apply axum's limit on the size of a body.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use async_graphql::{CacheControl, Request, Response};
use async_graphql_axum::{GraphQL, GraphQLBatchRequest, GraphQLRequest, GraphQLResponse};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{any, any_service};
use axum::{Json, Router};
use partner_program::http::accept::MediaType;
use partner_program::http::request_id::RequestId;
use partner_program::http::response;
use reqwest::Method;
use serde_json::{Value, json};

use crate::GRAPHQL;
use crate::toy::{self, Schema};

const ADD: &str = r#"{"query":"mutation { add(n: 1) }"}"#;
/// Maximum size of a response body, in bytes.
const BODY_BYTES_MAX: usize = 1_000;

/// A server of the framework's pieces alone.
struct Bare {
    url: String,
    counter: Arc<AtomicI32>,
}

struct Sent {
    status: u16,
    content_type: Option<String>,
    text: String,
}

impl Bare {
    async fn start() -> Self {
        let counter = Arc::default();
        let schema = toy::schema(&counter).finish();
        let service = GraphQL::new(schema.clone());
        let router = Router::new()
            .route("/service", any_service(service))
            .route("/read", any(async |read: GraphQLRequest| Json(read.into_inner())))
            .route("/one", any(one))
            .route("/several", any(several))
            .with_state(schema);
        let address = toy::serve(router, "127.0.0.1:0").await;
        Self { url: format!("http://{address}"), counter }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        reqwest::Client::new().request(method, format!("{}{path}", self.url))
    }

    fn get(&self, path: &str, parameters: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let url = reqwest::Url::parse_with_params(&format!("{}{path}", self.url), parameters);
        reqwest::Client::new().get(url.unwrap())
    }

    fn post(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.request(Method::POST, path).json(body)
    }

    fn count(&self) -> i32 {
        self.counter.load(Ordering::SeqCst)
    }
}

async fn one(State(schema): State<Schema>, request: GraphQLRequest) -> GraphQLResponse {
    schema.execute(request.into_inner()).await.into()
}

async fn several(State(schema): State<Schema>, requests: GraphQLBatchRequest) -> GraphQLResponse {
    schema.execute_batch(requests.into_inner()).await.into()
}

async fn send(request: reqwest::RequestBuilder) -> Sent {
    let response = request.send().await.unwrap();
    let content_type = response.headers().get("content-type");
    let content_type = content_type.map(|value| value.to_str().unwrap().to_owned());
    Sent { status: response.status().as_u16(), content_type, text: response.text().await.unwrap() }
}

/// The part that is used. Ours adds the negotiated media type.
#[tokio::test]
async fn responses_without_errors_are_those_of_the_framework() {
    let response = || {
        let headers = HeaderMap::from_iter([("x-part".parse().unwrap(), "1".parse().unwrap())]);
        let cache_control = CacheControl { public: false, max_age: 60 };
        Response::new(Value::from("x").to_string()).http_headers(headers).cache_control(cache_control)
    };
    let theirs = GraphQLResponse::from(response()).into_response();
    let id = RequestId::from_headers(&HeaderMap::new());
    let ours = response::from_execution(MediaType::GraphqlResponse, response(), &id).into_response();
    let mut expected = theirs.headers().clone();
    assert_eq!(
        (&expected["cache-control"], &expected["x-part"]),
        (&"max-age=60, private".parse().unwrap(), &"1".parse().unwrap())
    );
    expected.insert("content-type", format!("{GRAPHQL}; charset=utf-8").parse().unwrap());
    assert_eq!((ours.status(), ours.headers()), (theirs.status(), &expected));
    let bytes = async |body| axum::body::to_bytes(body, BODY_BYTES_MAX).await.unwrap();
    assert_eq!(bytes(ours.into_body()).await, bytes(theirs.into_body()).await);
    let id = RequestId::from_headers(&HeaderMap::new());
    let text = response::from_execution(MediaType::Json, response(), &id).into_body();
    assert_eq!(text, serde_json::to_vec(&response()).unwrap());
}

/// `GraphQL`, `GraphQLRequest`, `GraphQLBatchRequest`: the specification has 415 for these.
#[tokio::test]
async fn bodies_of_any_media_type_are_read() {
    let bare = Bare::start().await;
    for path in ["/service", "/one", "/several"] {
        for content_type in [None, Some("text/plain")] {
            let request = bare.request(Method::POST, path).body(r#"{"query":"{ hello }"}"#);
            let sent = send(match content_type {
                Some(content_type) => request.header("content-type", content_type),
                None => request,
            })
            .await;
            assert_eq!(sent.status, 200, "{path} {content_type:?}: {}", sent.text);
        }
    }
}

/// The specification has 405 for these.
#[tokio::test]
async fn mutations_run_by_any_method() {
    let bare = Bare::start().await;
    let mut runs = 0;
    for path in ["/service", "/one", "/several"] {
        let by_get = bare.get(path, &[("query", "mutation { add(n: 1) }")]);
        let others = [Method::PUT, Method::DELETE, Method::PATCH];
        let others = others.map(|method| bare.request(method, path).body(ADD));
        for request in others.into_iter().chain([by_get]) {
            let sent = send(request).await;
            runs += 1;
            assert_eq!((sent.status, bare.count()), (200, runs), "{path}: {}", sent.text);
        }
    }
}

#[tokio::test]
async fn requests_lose_parameters() {
    let bare = Bare::start().await;
    let read = async |request| serde_json::from_str::<Value>(&send(request).await.text).unwrap();
    // The name of the operation, in a query string.
    let parameters = [("query", "query a { hello } query b { hello }"), ("operationName", "b")];
    assert_eq!(read(bare.get("/read", &parameters)).await["operationName"], Value::Null);
    // The id of a trusted document.
    let known = read(bare.post("/read", &json!({ "documentId": "sha256:00" }))).await;
    assert_eq!(known, serde_json::to_value(Request::new("")).unwrap());
    // A missing document equals an empty one.
    assert_eq!(known, read(bare.post("/read", &json!({}))).await);
    assert_eq!(known, read(bare.post("/read", &json!({ "query": "" }))).await);
}

#[tokio::test]
async fn malformed_requests_get_no_graphql_response() {
    let bare = Bare::start().await;
    for path in ["/service", "/one", "/several"] {
        for body in [json!({ "query": 5 }), json!({ "query": "{ hello }", "variables": [] })] {
            let sent = send(bare.post(path, &body)).await;
            assert_eq!((sent.status, sent.content_type.as_deref()), (400, None), "{path} {body}");
            // A debug text that does not name the parameter.
            assert!(sent.text.starts_with("InvalidRequest(Error("), "{path} {body}: {}", sent.text);
            assert!(!sent.text.contains("query") && !sent.text.contains("variables"), "{}", sent.text);
        }
    }
    // One malformed request fails the whole batch.
    let sent =
        send(bare.post("/several", &json!([{ "query": "mutation { add(n: 1) }" }, { "query": 5 }]))).await;
    assert_eq!((sent.status, bare.count()), (400, 0), "{}", sent.text);
}

/// `GraphQL`, `GraphQLResponse`, where there are errors.
#[tokio::test]
async fn rejected_requests_get_the_response_of_executed_ones() {
    let bare = Bare::start().await;
    for path in ["/service", "/one", "/several"] {
        for query in
            ["{", "{ nope }", "query a { hello } query b { hello }", "query($n: Int!) { double(n: $n) }"]
        {
            for accept in ["application/json", "text/plain", GRAPHQL] {
                let request = bare.post(path, &json!({ "query": query })).header("accept", accept);
                let sent = send(request).await;
                assert_eq!(
                    (sent.status, sent.content_type.as_deref()),
                    (200, Some(GRAPHQL)),
                    "{path} {query}"
                );
                assert!(sent.text.starts_with("{\"data\":null,\"errors\":"), "{path} {query}: {}", sent.text);
            }
        }
        // Errors come after the data, where a reader of a long response misses them.
        let sent = send(bare.post(path, &json!({ "query": "{ hello withheld }" }))).await;
        assert!(
            sent.text.starts_with("{\"data\":{\"hello\":\"world\",\"withheld\":null},\"errors\""),
            "{}",
            sent.text
        );
    }
}
