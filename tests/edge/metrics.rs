//! Metrics of requests by outcome.

use std::time::{Duration, Instant};

use partner_program::http::endpoint::RequestLimits;
use partner_program::http::throttle::Quotas;
use serde_json::{Value, json};

use crate::send;
use crate::toy::{KEY, Toy};

async fn post(toy: &Toy, body: &Value) {
    let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY);
    send(request.json(body)).await;
}

/// The metrics as soon as they contain a line, or after a timeout.
async fn metric_line(toy: &Toy, line: &str) -> String {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let text = toy.endpoint.metrics.render(&[]);
        if text.lines().any(|it| it == line) || Instant::now() > until {
            return text;
        }
        tokio::task::yield_now().await;
    }
}

fn line(kind: &str, operation: &str, transport: &str, outcome: &str, count: u32) -> String {
    let labels =
        format!("type=\"{kind}\",operation=\"{operation}\",transport=\"{transport}\",outcome=\"{outcome}\"");
    format!("partner_program_requests_total{{{labels}}} {count}")
}

#[tokio::test]
async fn every_outcome_is_counted_once() {
    let settings = RequestLimits {
        operation_time_max: Duration::from_millis(300),
        batch_max: 4,
        ..RequestLimits::default()
    };
    let toy = Toy::start_with("127.0.0.1:0", settings, Quotas::default()).await;
    for query in [
        "{ hello }",
        "{ a: hello b: hello }",
        "{ refused hello }",
        "{ refused }",
        "{ broken }",
        "{ withheld }",
    ] {
        post(&toy, &json!({ "query": query })).await;
    }
    for query in ["{ slow }", "{ panics }", "mutation { panics }", "{ double(n: 1) ... { double(n: 1) } }"] {
        post(&toy, &json!({ "query": query })).await;
    }
    post(&toy, &json!([{ "query": "{ hello }" }, { "query": "{ panics }" }, {}, { "query": "{ hello }" }]))
        .await;
    post(&toy, &json!([])).await;
    let page = reqwest::Client::new().get(toy.url("/graphql")).header("accept", "text/html");
    send(page).await;
    let text = toy.endpoint.metrics.render(&[]);
    let mut expected = vec![
        line("query", "hello", "http", "ok", 2),
        line("query", "multiple", "http", "FORBIDDEN", 1),
        line("query", "refused", "http", "FORBIDDEN", 1),
        line("query", "withheld", "http", "partial", 1),
        line("query", "broken", "http", "INTERNAL_SERVER_ERROR", 1),
        line("query", "slow", "http", "OPERATION_TIMEOUT", 1),
        line("query", "panics", "http", "INTERNAL_SERVER_ERROR", 1),
        line("mutation", "panics", "http", "INTERNAL_SERVER_ERROR", 1),
        line("query", "double", "http", "ok", 1),
        line("query", "hello", "batch", "ok", 2),
        line("query", "panics", "batch", "INTERNAL_SERVER_ERROR", 1),
        line("none", "none", "batch", "BAD_USER_INPUT", 1),
        line("none", "none", "http", "BAD_USER_INPUT", 1),
    ];
    let mut found: Vec<_> =
        text.lines().filter(|line| line.starts_with("partner_program_requests_total{")).collect();
    expected.sort();
    found.sort_unstable();
    assert_eq!(found, expected);
    assert!(text.contains("partner_program_requests_in_flight 0\n"), "{text}");
}

#[tokio::test]
async fn a_disconnected_client_is_counted() {
    let toy = Toy::start_at("127.0.0.1:0", Duration::from_secs(60)).await;
    let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY);
    let asking = tokio::spawn(request.json(&json!({ "query": "{ slow }" })).send());
    let text = metric_line(&toy, "partner_program_requests_in_flight 1").await;
    assert!(text.contains("partner_program_requests_in_flight 1\n"), "{text}");
    asking.abort();
    let line = line("query", "slow", "http", "CANCELLED", 1);
    let text = metric_line(&toy, &line).await;
    assert!(text.contains(&line) && text.contains("partner_program_requests_in_flight 0\n"), "{text}");
}

#[tokio::test]
async fn limits_are_counted_by_name() {
    let quotas = Quotas { points_per_minute: 2, failed_logins_per_minute: 1, ..Quotas::default() };
    let toy = Toy::start_with("127.0.0.1:0", RequestLimits::default(), quotas).await;
    for _ in 0..4 {
        post(&toy, &json!({ "query": "{ hello }" })).await;
    }
    for _ in 0..4 {
        let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth("wrong");
        send(request.json(&json!({ "query": "{ hello }" }))).await;
    }
    let text = toy.endpoint.metrics.render(&[]);
    for line in [
        line("query", "hello", "http", "ok", 2),
        line("none", "none", "http", "RATE_LIMITED", 4),
        line("none", "none", "http", "UNAUTHENTICATED", 2),
        "partner_program_rate_limited_total{limit=\"points\"} 2".to_owned(),
        "partner_program_rate_limited_total{limit=\"failed_logins\"} 2".to_owned(),
        "partner_program_rate_limited_total{limit=\"operations\"} 0".to_owned(),
        "partner_program_failed_logins_total 2".to_owned(),
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
}
