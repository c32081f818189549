//! Execution: errors, timeouts and disconnects.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use crate::query;
use crate::toy::{KEY, Toy};

fn post(toy: &Toy) -> reqwest::RequestBuilder {
    reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY)
}

#[tokio::test]
async fn execution_errors() {
    let toy = Toy::start().await;
    let masked = "Internal server error; quote the request id when you report it.";
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
async fn an_accepted_mutation_survives_a_disconnect() {
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

#[tokio::test]
async fn a_body_that_never_arrives_times_out() {
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
