//! WebSockets by the protocol graphql-transport-ws: messages and responses.

use std::sync::atomic::Ordering;
use std::time::Duration;

use partner_program::http::cors::Origins;
use partner_program::http::endpoint::RequestLimits;
use partner_program::http::streams::{StreamLimits, StreamSettings};
use partner_program::http::throttle::Quotas;
use serde_json::{Value, json};

use crate::toy::{KEY, Toy};
use crate::websocket_client::{Client, until};

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

#[tokio::test]
async fn operations_of_all_kinds() {
    let toy = Toy::start().await;
    let mut client = Client::start(&toy).await;
    client.subscribe("1", "subscription { count(to: 3) }").await;
    for n in 1..=3 {
        let next = json!({ "id": "1", "type": "next", "payload": { "data": { "count": n } } });
        assert_eq!(client.next().await, next);
    }
    assert_eq!(client.next().await, json!({ "id": "1", "type": "complete" }));
    // The id can be reused.
    for (query, data) in
        [("{ hello }", json!({ "hello": "world" })), ("mutation { add(n: 2) }", json!({ "add": 2 }))]
    {
        client.subscribe("1", query).await;
        assert_eq!(client.next().await, json!({ "id": "1", "type": "next", "payload": { "data": data } }));
        assert_eq!(client.next().await, json!({ "id": "1", "type": "complete" }));
    }
    let payload = json!({ "query": "subscription A($n: Int!) { ...f } fragment f on Subscription { count(to: $n) } query B { hello }",
        "operationName": "A", "variables": { "n": 1 } });
    client.send(json!({ "id": "é\"", "type": "subscribe", "payload": payload })).await;
    assert_eq!(client.next().await["payload"]["data"]["count"], 1);
    assert_eq!(client.next().await, json!({ "id": "é\"", "type": "complete" }));
}

#[tokio::test]
async fn refusals_are_error_messages() {
    let toy = Toy::start().await;
    let mut client = Client::start(&toy).await;
    let aliases = (0..200).map(|it| format!("a{it}: hello ")).collect::<String>();
    for (query, code) in [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { count(to: 1) other: count(to: 1) }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($n: Int!) { count(to: $n) }", "BAD_USER_INPUT"),
        ("query A { hello } query B { hello }", "OPERATION_RESOLUTION_FAILURE"),
        (&format!("{{ {aliases} }}"), "QUERY_TOO_COMPLEX"),
        ("mutation { panics }", "INTERNAL_SERVER_ERROR"),
        ("subscription { panicsAtOnce }", "INTERNAL_SERVER_ERROR"),
        ("{ slow }", "OPERATION_TIMEOUT"),
    ] {
        client.subscribe("x", query).await;
        let error = client.next().await;
        assert_eq!((&error["id"], &error["type"]), (&json!("x"), &json!("error")), "{error}");
        assert_eq!(error["payload"][0]["extensions"]["code"], code, "{query}: {error}");
    }
    let unknown =
        json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "0".repeat(64) } } });
    client.send(json!({ "id": "x", "type": "subscribe", "payload": unknown })).await;
    assert_eq!(client.next().await["payload"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
    // Errors of fields are results.
    client.subscribe("x", "subscription { refused }").await;
    let next = client.next().await;
    assert_eq!(
        (&next["type"], &next["payload"]["errors"][0]["extensions"]["code"]),
        (&json!("next"), &json!("FORBIDDEN"))
    );
    assert_eq!(client.next().await["type"], "complete");
}

/// A failed stream reports the request id of the log, and does not affect others.
#[tokio::test]
async fn panics_and_internal_errors_are_reported() {
    let toy = Toy::start().await;
    let mut client = Client::open(&toy, &[PROTOCOL, ("x-request-id", "same")]).await.unwrap();
    client.init().await;
    client.next().await;
    client.subscribe("1", "subscription { panics }").await;
    for n in 1..=3 {
        assert_eq!(client.next().await["payload"]["data"]["panics"], n);
    }
    let error = client.next().await;
    assert_eq!(
        (&error["type"], &error["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("INTERNAL_SERVER_ERROR"))
    );
    assert_eq!(error["payload"][0]["extensions"]["requestId"], "same-1");
    client.subscribe("1", "subscription { faulty { fine broken } }").await;
    let next = client.next().await;
    assert_eq!(next["payload"]["data"]["faulty"], json!({ "fine": 1, "broken": null }), "{next}");
    assert_eq!(next["payload"]["errors"][0]["extensions"]["requestId"], "same-2", "{next}");
    assert_eq!(client.next().await["type"], "complete");
}

#[tokio::test]
async fn a_client_cancels_its_operations() {
    let toy = Toy::start().await;
    let mut client = Client::start(&toy).await;
    client.subscribe("1", "subscription { silence }").await;
    until("the stream is there", || toy.counter.load(Ordering::SeqCst) == 1).await;
    client.send(json!({ "id": "1", "type": "complete" })).await;
    until("the stream is gone", || toy.counter.load(Ordering::SeqCst) == 0).await;
    client.send(json!({ "id": "unknown", "type": "complete" })).await;
    // No message of the cancelled operation follows its end.
    client.subscribe("1", "subscription { flood(bytes: 10) }").await;
    client.next().await;
    client.send(json!({ "id": "1", "type": "complete" })).await;
    client.subscribe("1", "subscription { watch }").await;
    client.send(json!({ "type": "ping" })).await;
    while client.next().await["type"] != "pong" {}
    until("the flood is gone", || toy.counter.load(Ordering::SeqCst) == 0).await;
    client.subscribe("2", "{ hello }").await;
    let next = client.next().await;
    assert_eq!(next["id"], "2", "{next}");
}

#[tokio::test]
async fn pings_are_answered() {
    let toy = Toy::start().await;
    let mut client = Client::open_without_init(&toy).await;
    client.send(json!({ "type": "ping", "payload": { "a": [1] } })).await;
    assert_eq!(client.next().await, json!({ "type": "pong", "payload": { "a": [1] } }));
    client.send(json!({ "type": "pong" })).await;
    client.send(json!({ "type": "ping" })).await;
    assert_eq!(client.next().await, json!({ "type": "pong" }));
}

#[tokio::test]
async fn credentials_are_read_from_header_or_connection_init() {
    let toy = Toy::start().await;
    let bearer = format!("Bearer {KEY}");
    for payload in [
        json!({ "Authorization": bearer }),
        json!({ "authorization": bearer }),
        json!({ "headers": { "Authorization": bearer } }),
    ] {
        let mut client = Client::open_without_init(&toy).await;
        client.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(client.next().await["type"], "connection_ack", "{payload}");
    }
    // The header takes precedence over the message.
    let wrong = json!({ "type": "connection_init", "payload": { "Authorization": "Bearer wrong" } });
    for (authorization, expected) in [(bearer.as_str(), true), ("Bearer wrong", false)] {
        let mut client = Client::open(&toy, &[PROTOCOL, ("authorization", authorization)]).await.unwrap();
        client.send(wrong.clone()).await;
        if expected {
            assert_eq!(client.next().await["type"], "connection_ack");
        } else {
            assert_eq!(
                client.closed().await,
                (4403, "Forbidden: The API key or token is invalid, expired or revoked.".to_owned())
            );
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let listed = Origins::Listed(vec!["https://a.example".parse().unwrap()]);
    for (origins, origin, expected) in [
        (Origins::None, "https://a.example", false),
        (Origins::None, "null", false),
        (Origins::None, "own", true),
        (Origins::Any, "https://a.example", true),
        (listed.clone(), "https://a.example", true),
        (listed, "https://b.example", false),
    ] {
        let streams = StreamSettings { origins: origins.clone(), ..StreamSettings::default() };
        let toy =
            Toy::start_streaming("127.0.0.1:0", RequestLimits::default(), Quotas::default(), streams).await;
        let own = format!("http://{}", toy.address);
        let origin = if origin == "own" { &own } else { origin };
        let opened = Client::open(&toy, &[PROTOCOL, ("origin", origin)]).await;
        assert_eq!(opened.is_ok(), expected, "{origin} with {origins}");
    }
    let toy = Toy::start().await;
    let answer = crate::send(reqwest::Client::new().get(toy.url("/graphql/ws"))).await;
    assert_eq!((answer.status, answer.code()), (426, "BAD_USER_INPUT"));
}

/// A subscription holds no permit of concurrent operations, but it is charged.
#[tokio::test]
async fn subscriptions_cost_points_and_hold_no_permit() {
    let quotas = Quotas { points_per_minute: 30, operations_max: 1, ..Quotas::default() };
    let toy = Toy::start_with("127.0.0.1:0", RequestLimits::default(), quotas).await;
    let mut client = Client::start(&toy).await;
    for id in 0..5 {
        client.subscribe(&id.to_string(), "subscription { silence }").await;
    }
    until("all are there", || toy.counter.load(Ordering::SeqCst) == 5).await;
    let mut answers = Vec::new();
    for _ in 0..30 {
        client.subscribe("x", "{ hello }").await;
        let answer = client.next().await;
        if answer["type"] == "error" {
            assert_eq!(answer["payload"][0]["extensions"]["code"], "RATE_LIMITED", "{answer}");
            return;
        }
        assert_eq!(client.next().await["type"], "complete");
        answers.push(answer);
    }
    panic!("{} operations and no end", answers.len());
}

#[tokio::test]
async fn operations_of_a_socket_are_bounded() {
    let toy = Toy::start().await;
    let mut client = Client::start(&toy).await;
    for id in 0..=100 {
        client.subscribe(&id.to_string(), "subscription { silence }").await;
    }
    let error = client.next().await;
    assert_eq!((&error["id"], &error["type"]), (&json!("100"), &json!("error")));
    assert_eq!(error["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    let values: Vec<Value> = vec![json!(0); 110_000];
    let payload = json!({ "query": "{ hello }", "variables": { "a": values } });
    client.send(json!({ "id": "7", "type": "complete" })).await;
    client.send(json!({ "id": "x", "type": "subscribe", "payload": payload })).await;
    assert_eq!(client.next().await["payload"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[tokio::test]
async fn mutations_survive_a_closed_socket() {
    let toy = Toy::start().await;
    let mut client = Client::start(&toy).await;
    client.subscribe("1", "mutation { addSlowly(n: 5) }").await;
    client.send(json!({ "type": "ping" })).await;
    assert_eq!(client.next().await["type"], "pong");
    // It was accepted before the socket closed, even if it has just started.
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(client);
    until("the mutation is done", || toy.counter.load(Ordering::SeqCst) == 5).await;
}

/// Credentials are revalidated before each event; while that fails, events are delayed, not lost.
#[tokio::test]
async fn unavailable_authentication_delays_events() {
    let limits = StreamLimits { check_interval: Duration::from_millis(50), ..StreamLimits::default() };
    let streams = StreamSettings { limits, ..StreamSettings::default() };
    let toy = Toy::start_streaming("127.0.0.1:0", RequestLimits::default(), Quotas::default(), streams).await;
    let mut client = Client::start(&toy).await;
    client.subscribe("1", "subscription { watch }").await;
    client.subscribe("2", "{ hello }").await;
    client.next().await;
    assert_eq!(client.next().await["type"], "complete");
    toy.authenticator_state.unavailable.store(true, Ordering::SeqCst);
    toy.counter.store(7, Ordering::SeqCst);
    let early = tokio::time::timeout(Duration::from_millis(300), client.next()).await;
    assert!(early.is_err(), "{early:?}");
    toy.authenticator_state.unavailable.store(false, Ordering::SeqCst);
    assert_eq!(client.next().await["payload"]["data"]["watch"], 7);
}
