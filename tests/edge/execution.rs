//! What happens to requests that run, or that wait or hang up.

use std::sync::atomic::Ordering;
use std::time::Duration;

use partner_program::http::access::{Access, AuthFailed, RateLimited};
use partner_program::http::graphql::{Edge, Settings};
use serde_json::json;

use crate::toy::{self, KEY, Toy};
use crate::{query, send};

fn post(toy: &Toy) -> reqwest::RequestBuilder {
    reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY)
}

#[tokio::test]
async fn execution_errors() {
    let toy = Toy::start().await;
    let masked = "Something went wrong on our side; quote the request id.";
    let answer = query(&toy, "{ broken }").await;
    assert_eq!((answer.status, answer.code(), answer.message()), (200, "INTERNAL_SERVER_ERROR", masked));
    assert_eq!(answer.body["errors"][0]["extensions"]["requestId"], "same");
    assert_eq!(answer.body["errors"][0]["path"], json!(["broken"]));
    assert!(answer.body["data"].is_null() && answer.body.get("data").is_some());
    let answer = query(&toy, "{ refused }").await;
    assert_eq!((answer.code(), answer.message()), ("FORBIDDEN", "not yours"));
    let answer = query(&toy, "{ limited(n: 6) }").await;
    assert_eq!((answer.status, answer.code()), (200, "BAD_USER_INPUT"), "{}", answer.text);
    for document in ["{ panics }", "mutation { panics }"] {
        let answer = query(&toy, document).await;
        assert_eq!((answer.status, answer.code(), answer.message()), (500, "INTERNAL_SERVER_ERROR", masked));
        assert_eq!(answer.body["errors"][0]["extensions"]["requestId"], "same");
    }
    let answer = query(&toy, "{ slow }").await;
    assert_eq!((answer.status, answer.code()), (504, "OPERATION_TIMEOUT"));
}

#[tokio::test]
async fn an_accepted_mutation_outlives_its_client() {
    let toy = Toy::start().await;
    let request = post(&toy).json(&json!({ "query": "mutation { addSlowly(n: 5) }" }));
    let hung_up = tokio::time::timeout(Duration::from_millis(100), request.send()).await;
    assert!(hung_up.is_err());
    for _ in 0..50 {
        if toy.counter.load(Ordering::SeqCst) == 5 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the mutation was cut off");
}

struct Exhausted;

impl Access for Exhausted {
    type Caller = ();

    async fn authenticate(&self, _: &axum::http::HeaderMap) -> Result<(), AuthFailed> {
        Ok(())
    }

    fn admit(&self, (): &(), points: u64) -> Result<(), RateLimited> {
        assert_eq!(points, 2);
        let retry_after = Duration::from_millis(1_200);
        Err(RateLimited { retry_after })
    }
}

#[tokio::test]
async fn rate_limits() {
    let counter = std::sync::Arc::default();
    let edge = Edge {
        documents: toy::documents(&counter).0,
        access: Exhausted,
        settings: Settings::default(),
        page: None,
    };
    let not_ready = || async { Err("no database".to_owned()) };
    let routes = partner_program::http::routes(std::sync::Arc::new(edge), String::new(), not_ready);
    let address = toy::serve(partner_program::http::with_layers(routes), "127.0.0.1:0").await;
    let client = reqwest::Client::new();
    let request = client.post(format!("http://{address}/graphql"));
    let answer = send(request.json(&json!({ "query": "{ hello a: hello }" }))).await;
    assert_eq!((answer.status, answer.code()), (429, "RATE_LIMITED"));
    assert_eq!(answer.headers["retry-after"], "2");
    assert_eq!(answer.body["errors"][0]["extensions"]["retryAfter"], 2);
    let answer = send(client.get(format!("http://{address}/readyz"))).await;
    assert_eq!((answer.status, answer.text.as_str()), (503, "no database"));
}

#[tokio::test]
async fn a_body_that_does_not_come() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let toy = Toy::start().await;
    let mut connection = tokio::net::TcpStream::connect(toy.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{{"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let length = connection.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("OPERATION_TIMEOUT"), "{answer}");
}
