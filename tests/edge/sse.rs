//! Server-sent events by the protocol of the package graphql-sse, in distinct connections.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt};
use partner_program::http::endpoint::RequestLimits;
use partner_program::http::streams::{StreamLimits, StreamSettings};
use partner_program::http::throttle::Quotas;
use serde_json::{Value, json};

use crate::toy::{KEY, Toy};
use crate::websocket_client::{WAIT, until};

const EVENTS: &str = "text/event-stream";

fn post(toy: &Toy, accept: &str, query: &str) -> reqwest::RequestBuilder {
    let request = reqwest::Client::new().post(toy.url("/graphql")).bearer_auth(KEY);
    request.header("accept", accept).header("x-request-id", "same").json(&json!({ "query": query }))
}

async fn toy(limits: StreamLimits, quotas: Quotas) -> Toy {
    let streams = StreamSettings { limits, ..StreamSettings::default() };
    Toy::start_streaming("127.0.0.1:0", RequestLimits::default(), quotas, streams).await
}

/// A complete stream, without comments.
async fn read_all(request: reqwest::RequestBuilder) -> String {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    for (name, value) in [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("x-accel-buffering", "no"),
        ("x-request-id", "same"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    let text = tokio::time::timeout(WAIT, response.text()).await.expect("an end").unwrap();
    without_comments(&text)
}

fn without_comments(text: &str) -> String {
    text.split_inclusive("\n\n").filter(|block| *block != ":\n\n").collect()
}

/// The errors of a stream that contains nothing else.
async fn errors(toy: &Toy, query: &str) -> Value {
    let text = read_all(post(toy, EVENTS, query)).await;
    let data = text.strip_prefix("event: next\ndata: ").expect(&text);
    let data = data.strip_suffix("\n\nevent: complete\ndata:\n\n").expect(&text);
    serde_json::from_str::<Value>(data).expect(data)["errors"].take()
}

/// Reads until a text has arrived.
async fn read_until(
    stream: &mut (impl Stream<Item = reqwest::Result<impl AsRef<[u8]>>> + Unpin),
    text: &str,
) {
    let mut heard = String::new();
    while !heard.contains(text) {
        let chunk = tokio::time::timeout(WAIT, stream.next()).await.expect("an event in time");
        heard.push_str(&String::from_utf8_lossy(chunk.expect(&heard).unwrap().as_ref()));
    }
}

#[tokio::test]
async fn operations_of_all_kinds() {
    let toy = Toy::start().await;
    let complete = "event: complete\ndata:\n\n";
    for (query, expected) in [
        (
            "subscription { count(to: 2) }",
            "event: next\ndata: {\"data\":{\"count\":1}}\n\nevent: next\ndata: {\"data\":{\"count\":2}}\n\n",
        ),
        ("{ echo(text: \"a\\nb\") }", "event: next\ndata: {\"data\":{\"echo\":\"a\\nb\"}}\n\n"),
        ("mutation { add(n: 2) }", "event: next\ndata: {\"data\":{\"add\":2}}\n\n"),
    ] {
        assert_eq!(read_all(post(&toy, EVENTS, query)).await, format!("{expected}{complete}"));
    }
    let get = |query: &str| {
        let url = reqwest::Url::parse_with_params(&toy.url("/graphql"), [("query", query)]).unwrap();
        let request = reqwest::Client::new().get(url).bearer_auth(KEY);
        request.header("accept", EVENTS).header("x-request-id", "same")
    };
    let expected = format!("event: next\ndata: {{\"data\":{{\"count\":1}}}}\n\n{complete}");
    assert_eq!(read_all(get("subscription { count(to: 1) }")).await, expected);
    let answer = crate::send(get("mutation { add(n: 2) }")).await;
    assert_eq!((answer.status, &answer.headers["allow"]), (405, &"POST".parse().unwrap()));
}

#[tokio::test]
async fn refusals_are_events() {
    let toy = Toy::start().await;
    for (query, code) in [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { count(to: 1) b: count(to: 1) }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($n: Int!) { count(to: $n) }", "BAD_USER_INPUT"),
        ("subscription { refused }", "FORBIDDEN"),
        ("subscription { panicsAtOnce }", "INTERNAL_SERVER_ERROR"),
    ] {
        let errors = errors(&toy, query).await;
        assert_eq!(errors[0]["extensions"]["code"], code, "{query}: {errors}");
        if code == "INTERNAL_SERVER_ERROR" {
            assert_eq!(errors[0]["extensions"]["requestId"], "same");
        }
    }
    let text = read_all(post(&toy, EVENTS, "subscription { panics }")).await;
    assert!(text.contains("\"panics\":3") && text.contains("INTERNAL_SERVER_ERROR"), "{text}");
    // Refusals outside of GraphQL have an HTTP status.
    let request = reqwest::Client::new().post(toy.url("/graphql")).header("accept", EVENTS);
    let answer = crate::send(request.try_clone().unwrap().json(&json!({ "query": "{ hello }" }))).await;
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"));
    let answer = crate::send(request.bearer_auth(KEY).body("{ hello }")).await;
    assert_eq!(answer.status, 415);
}

/// Clients that accept JSON as well get events only for subscriptions.
#[tokio::test]
async fn json_takes_precedence_unless_events_are_preferred() {
    let toy = Toy::start().await;
    let both = "application/graphql-response+json, application/json, text/event-stream";
    let answer = crate::send(post(&toy, both, "{ hello }")).await;
    assert_eq!(answer.body, json!({ "data": { "hello": "world" } }));
    assert!(read_all(post(&toy, both, "subscription { count(to: 1) }")).await.contains("\"count\":1"));
    let preferred = "text/event-stream, application/json;q=0.9";
    assert!(read_all(post(&toy, preferred, "{ hello }")).await.starts_with("event: next\n"));
    for accept in ["application/json", "*/*"] {
        let answer = crate::send(post(&toy, accept, "subscription { count(to: 1) }")).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT");
        assert!(
            answer.message().contains("/graphql/ws") && answer.message().contains(EVENTS),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn idle_streams_get_keep_alives_and_end_with_their_client() {
    let keep_alive_interval = Duration::from_millis(50);
    let toy = toy(StreamLimits { keep_alive_interval, ..StreamLimits::default() }, Quotas::default()).await;
    let response = post(&toy, EVENTS, "subscription { silence }").send().await.unwrap();
    let mut stream = response.bytes_stream();
    for _ in 0..3 {
        read_until(&mut stream, ":\n\n").await;
    }
    assert_eq!(toy.counter.load(Ordering::SeqCst), 1);
    drop(stream);
    until("the stream is gone", || toy.counter.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_revoked_key_ends_a_stream() {
    for with_event in [false, true] {
        let check_interval = Duration::from_millis(if with_event { 60_000 } else { 50 });
        let toy = toy(StreamLimits { check_interval, ..StreamLimits::default() }, Quotas::default()).await;
        let response = post(&toy, EVENTS, "subscription { watch }").send().await.unwrap();
        let mut stream = response.bytes_stream();
        read_until(&mut stream, ":").await;
        toy.counter.store(1, Ordering::SeqCst);
        read_until(&mut stream, "\"watch\":1").await;
        toy.authenticator_state.revoked.store(true, Ordering::SeqCst);
        if with_event {
            toy.counter.store(2, Ordering::SeqCst);
        }
        let mut rest = String::new();
        while let Some(chunk) = tokio::time::timeout(WAIT, stream.next()).await.expect("an end") {
            rest.push_str(&String::from_utf8_lossy(&chunk.unwrap()));
        }
        assert!(rest.contains("\"code\":\"UNAUTHENTICATED\"") && !rest.contains("\"watch\""), "{rest}");
        assert!(rest.ends_with("event: complete\ndata:\n\n"), "{rest}");
    }
}

#[tokio::test]
async fn streams_of_a_caller_are_bounded_and_cost_points() {
    let toy =
        toy(StreamLimits::default(), Quotas { streams_max: 1, operations_max: 1, ..Quotas::default() }).await;
    let first = post(&toy, EVENTS, "subscription { silence }").send().await.unwrap();
    assert!(first.headers().contains_key("ratelimit"));
    let answer = crate::send(post(&toy, EVENTS, "subscription { silence }")).await;
    assert_eq!((answer.status, answer.code()), (429, "RATE_LIMITED"));
    // It holds no permit of concurrent operations.
    assert_eq!(crate::query(&toy, "{ hello }").await.status, 200);
    drop(first);
    until("the stream is gone", || toy.counter.load(Ordering::SeqCst) == 0).await;
}

/// The client gets the reason, if it reads again.
#[tokio::test]
async fn a_slow_consumer_gets_an_error() {
    let send_time_max = Duration::from_secs(1);
    let toy = toy(StreamLimits { send_time_max, ..StreamLimits::default() }, Quotas::default()).await;
    let response = post(&toy, EVENTS, "subscription { flood(bytes: 60000) }").send().await.unwrap();
    until("the flood has begun", || toy.counter.load(Ordering::SeqCst) == 1).await;
    until("the flood has ended", || toy.counter.load(Ordering::SeqCst) == 0).await;
    let text = tokio::time::timeout(WAIT, response.text()).await.expect("an end").unwrap();
    let end: String = text.chars().skip(text.len() - 400).collect();
    assert!(end.contains("Slow consumer") && end.contains("OPERATION_TIMEOUT"), "{end}");
    assert!(end.ends_with("event: complete\ndata:\n\n"), "{end}");
}

/// Its connection is aborted, although the client keeps it open.
#[tokio::test]
async fn a_client_that_never_reads_is_disconnected() {
    let send_time_max = Duration::from_millis(200);
    let toy = toy(StreamLimits { send_time_max, ..StreamLimits::default() }, Quotas::default()).await;
    let response = post(&toy, EVENTS, "subscription { flood(bytes: 60000) }").send().await.unwrap();
    until("the flood has begun", || toy.counter.load(Ordering::SeqCst) == 1).await;
    until("the flood has ended", || toy.counter.load(Ordering::SeqCst) == 0).await;
    // The server waits for all connections and ends, so this one is closed.
    toy.stopper.send(true).unwrap();
    tokio::time::timeout(WAIT, toy.server).await.expect("the connection is cut").unwrap().unwrap();
    assert!(response.text().await.is_err(), "the stream came to its end");
}

#[tokio::test]
async fn shutdown_does_not_wait_for_streams() {
    let toy = Toy::start().await;
    let response = post(&toy, EVENTS, "subscription { silence }").send().await.unwrap();
    until("the stream is there", || toy.counter.load(Ordering::SeqCst) == 1).await;
    let began = Instant::now();
    toy.stopper.send(true).unwrap();
    tokio::time::timeout(WAIT, toy.server).await.unwrap().unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "the stop took {:?}", began.elapsed());
    // The stream ends without `complete`, so that clients reconnect.
    assert_eq!(without_comments(&response.text().await.unwrap()), "");
}
