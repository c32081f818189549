//! An internal error: what the client gets, and what the log has under the same id.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::send;
use crate::toy::{KEY, Toy};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "current_thread")]
async fn internal_errors_are_logged_with_the_request_id() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _scope = tracing::subscriber::set_default(subscriber);
    // With a single subscriber, tracing caches the interest of the thread that reaches a line first, which
    // may be that of another test without a subscriber, and then drops the line for all.
    let _another = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let toy = Toy::start().await;
    for (query, status, detail) in [
        ("{ broken }", 200, "no such table: secrets"),
        ("{ hello broken }", 200, "no such table: secrets"),
        ("{ panics }", 500, "a resolver that panics"),
        ("mutation { panics }", 500, "a mutation that panics"),
    ] {
        log.0.lock().unwrap().clear();
        let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY);
        let answer = send(request.json(&json!({ "query": query }))).await;
        assert_eq!((answer.status, answer.code()), (status, "INTERNAL_SERVER_ERROR"), "{}", answer.text);
        let id = answer.headers["x-request-id"].to_str().unwrap();
        assert_eq!(answer.body["errors"][0]["extensions"]["requestId"], id);
        assert!(!answer.text.contains(detail), "{}", answer.text);
        let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let line = logged.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("{id}: {logged}"));
        assert!(line.contains("ERROR") && line.contains(detail), "{line}");
    }
    let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY);
    let answer = send(request.json(&json!({ "query": "{ slow }" }))).await;
    assert_eq!((answer.status, answer.code()), (504, "OPERATION_TIMEOUT"));
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert!(logged.lines().any(|line| line.contains(id) && line.contains("operation timed out")), "{logged}");
}
