//! Batches: off by default, and bounded where a setting allows them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use partner_program::http::endpoint::RequestLimits;
use partner_program::http::throttle::Quotas;
use serde_json::{Value, json};

use crate::toy::{KEY, Toy};
use crate::{GRAPHQL, TestResponse, send};

async fn toy(batch_max: usize, quotas: Quotas) -> Toy {
    let operation_time_max = Duration::from_millis(1_000);
    let limits = RequestLimits { batch_max, operation_time_max, ..RequestLimits::default() };
    Toy::start_with("127.0.0.1:0", limits, quotas).await
}

async fn post(toy: &Toy, body: &Value) -> TestResponse {
    let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY);
    send(request.header("accept", GRAPHQL).json(body)).await
}

fn codes(answer: &TestResponse) -> Vec<&str> {
    let answers = answer.body.as_array().expect("a list");
    answers.iter().map(|it| it["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")).collect()
}

#[tokio::test]
async fn responses_are_in_request_order() {
    let toy = toy(6, Quotas::default()).await;
    let body = json!([
        { "query": "mutation { add(n: 1) }" },
        { "query": "mutation { add(n: 2) }" },
        { "query": "{ nope }" },
        { "query": 5 },
        { "query": "query($n: Int!) { double(n: $n) }", "variables": { "n": 3 } },
        { "query": "{ broken }" },
    ]);
    let answer = post(&toy, &body).await;
    assert_eq!(
        (answer.status, answer.headers["content-type"].to_str().unwrap().contains(GRAPHQL)),
        (200, true)
    );
    assert_eq!(
        codes(&answer),
        ["none", "none", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "none", "INTERNAL_SERVER_ERROR"]
    );
    assert_eq!((&answer.body[1]["data"]["add"], &answer.body[4]["data"]["double"]), (&json!(3), &json!(6)));
    let body =
        json!([{ "query": "mutation { panics }" }, { "query": "{ panics }" }, { "query": "{ hello }" }]);
    let answer = post(&toy, &body).await;
    assert_eq!(codes(&answer), ["INTERNAL_SERVER_ERROR", "INTERNAL_SERVER_ERROR", "none"]);
    let one = post(&toy, &json!([{ "query": "{ hello }" }])).await;
    assert_eq!(one.body, json!([{ "data": { "hello": "world" } }]));
}

#[tokio::test]
async fn batches_are_bounded() {
    let request = json!({ "query": "mutation { add(n: 1) }" });
    for (batch_max, length, message) in [
        (0, 1, "Request batching is off on this server; send one request at a time."),
        (2, 3, "A batch must have 1 to 2 requests"),
        (2, 5_000, "A batch must have 1 to 2 requests"),
        (2, 0, "A batch must have 1 to 2 requests"),
    ] {
        let toy = toy(batch_max, Quotas::default()).await;
        let answer = post(&toy, &Value::Array(vec![request.clone(); length])).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{length}");
        assert!(answer.message().starts_with(message), "{}", answer.text);
        assert_eq!(toy.counter.load(Ordering::SeqCst), 0, "none of them ran");
    }
    let toy = toy(2, Quotas::default()).await;
    let twice = "[{\"query\":\"{hello}\",\"query\":\"{hello}\"}]";
    for (body, status) in
        [("[", 400), ("[{}", 400), ("[{}] x", 400), ("[{},]", 400), ("[5]", 200), ("[[]]", 200), (twice, 200)]
    {
        let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY);
        let answer = send(request.header("content-type", "application/json").body(body)).await;
        let code = if status == 200 { codes(&answer)[0] } else { answer.code() };
        assert_eq!((answer.status, code), (status, "BAD_USER_INPUT"), "{body}: {}", answer.text);
    }
}

/// A batch has no privileges: each of its requests costs what it costs alone, and all share one timeout.
#[tokio::test]
async fn every_request_of_a_batch_is_rate_limited() {
    let toy = toy(10, Quotas { points_per_minute: 12, ..Quotas::default() }).await;
    let answer = post(&toy, &Value::Array(vec![json!({ "query": "mutation { add(n: 1) }" }); 4])).await;
    assert_eq!(codes(&answer), ["none", "none", "RATE_LIMITED", "RATE_LIMITED"]);
    assert!(answer.headers.contains_key("retry-after"));
    let toy = self::toy(10, Quotas::default()).await;
    let slow = json!({ "query": "mutation { addSlowly(n: 1) }" });
    let answer = post(&toy, &Value::Array(vec![slow; 5])).await;
    assert_eq!(codes(&answer)[..3], ["none", "none", "none"]);
    // The fourth begins in time, unless the machine is slow.
    assert_eq!(codes(&answer)[4], "OPERATION_TIMEOUT");
}

#[tokio::test]
async fn bodies_may_be_compressed() {
    let toy = toy(6, Quotas::default()).await;
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let post = async |coding: &str, body: Vec<u8>| {
        let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY);
        let request = request.header("accept", GRAPHQL).header("content-type", "application/json");
        send(request.header("content-encoding", coding).body(body)).await
    };
    let single = post("gzip", gzip("{\"query\": \"{ hello }\"}")).await;
    assert_eq!((single.status, &single.body["data"]["hello"]), (200, &json!("world")), "{}", single.text);
    let batch = post("gzip", gzip("[{\"query\": \"{ hello }\"}, {\"query\": \"{ nope }\"}]")).await;
    assert_eq!(codes(&batch), ["none", "GRAPHQL_VALIDATION_FAILED"]);
    let bomb = gzip(&" ".repeat(RequestLimits::default().body_bytes_max + 1));
    assert!(bomb.len() < 2_000);
    let refused = post("gzip", bomb).await;
    assert_eq!((refused.status, refused.code()), (413, "BAD_USER_INPUT"));
    let refused = post("zstd", Vec::new()).await;
    let message =
        "The Content-Encoding \"zstd\" is not supported; send the body compressed by gzip, or uncompressed.";
    assert_eq!((refused.status, refused.message()), (415, message));
    assert_eq!(refused.headers["accept-encoding"], "gzip, identity");
}
