//! WebSockets by the protocol graphql-transport-ws: how they are closed.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use partner_program::http::endpoint::RequestLimits;
use partner_program::http::streams::{StreamLimits, StreamSettings};
use partner_program::http::throttle::Quotas;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::Message;

use crate::toy::Toy;
use crate::websocket_client::{Client, WAIT, until};

async fn toy(limits: StreamLimits, quotas: Quotas) -> Toy {
    let streams = StreamSettings { limits, ..StreamSettings::default() };
    Toy::start_streaming("127.0.0.1:0", RequestLimits::default(), quotas, streams).await
}

/// Timeouts that are short enough for tests.
fn short() -> StreamLimits {
    StreamLimits {
        send_time_max: Duration::from_millis(300),
        init_time_max: Duration::from_millis(300),
        check_interval: Duration::from_millis(50),
        ..StreamLimits::default()
    }
}

#[tokio::test]
async fn invalid_messages_close_the_socket() {
    let toy = Toy::start().await;
    let init = json!({ "type": "connection_init", "payload": {
        "Authorization": format!("Bearer {}", crate::toy::KEY) } })
    .to_string();
    let silence = r#"{"id":"1","type":"subscribe","payload":{"query":"subscription { silence }"}}"#;
    // messages, code, reason
    let table: [(&[&str], u16, &str); 17] = [
        (
            &["{"],
            4400,
            "A message must be a JSON object with \"type\", and optionally \"id\" and \"payload\".",
        ),
        (
            &["[]"],
            4400,
            "A message must be a JSON object with \"type\", and optionally \"id\" and \"payload\".",
        ),
        (
            &[r#"{"type":"nope"}"#],
            4400,
            "Unknown message type \"nope\"; send connection_init, subscribe, complete, ping or pong.",
        ),
        (
            &[r#"{"type":"start"}"#],
            4400,
            "Unknown message type \"start\"; send connection_init, subscribe, complete, ping or pong.",
        ),
        (
            &[r#"{"type":"connection_ack"}"#],
            4400,
            "Unknown message type \"connection_ack\"; send connection_init, subscribe, complete, ping or pong.",
        ),
        (&[r#"{"type":"connection_init","payload":5}"#], 4400, "\"payload\" must be an object."),
        (
            &[r#"{"type":"connection_init"}"#],
            4403,
            "Forbidden: Authentication is required; send \"Authorization: Bearer <API key or token>\".",
        ),
        (
            &[r#"{"type":"connection_init","payload":{"authorization":"Bearer x"}}"#],
            4403,
            "Forbidden: The API key or token is invalid, expired or revoked.",
        ),
        (&[silence], 4401, "Unauthorized"),
        (&[&init, &init], 4429, "Too many initialisation requests"),
        (&[&init, silence, silence], 4409, "Subscriber for 1 already exists"),
        (&[&init, r#"{"type":"subscribe","payload":{"query":"{ hello }"}}"#], 4400, "\"id\" is missing."),
        (&[&init, r#"{"id":"","type":"subscribe","payload":{}}"#], 4400, "\"id\" is missing."),
        (&[&init, r#"{"id":"1","type":"subscribe"}"#], 4400, "\"payload\" is missing."),
        (
            &[&init, r#"{"id":"1","type":"subscribe","payload":{}}"#],
            4400,
            "The request has no parameter \"query\"; send the GraphQL document in it.",
        ),
        (
            &[&init, r#"{"id":"1","type":"subscribe","payload":{"query":1}}"#],
            4400,
            "The parameter \"query\" must be a string, not a number.",
        ),
        (&[&init, r#"{"type":"complete"}"#], 4400, "\"id\" is missing."),
    ];
    for (said, code, reason) in table {
        let mut client = Client::open_without_init(&toy).await;
        for (index, text) in said.iter().enumerate() {
            client.send_text(text).await;
            if index == 0 && *text == init {
                assert_eq!(client.next().await["type"], "connection_ack", "{said:?}");
            }
        }
        let closed = client.closed().await;
        assert_eq!(closed.0, code, "{said:?}: {closed:?}");
        assert!(closed.1 == reason && closed.1.len() <= 123, "{said:?}: {closed:?}");
    }
    until("every stream has gone with its socket", || toy.counter.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn invalid_frames_close_the_socket() {
    let toy = Toy::start().await;
    let mut client = Client::open(&toy, &[]).await.unwrap();
    assert_eq!(client.closed().await.0, 4406);
    let retired = Client::open(&toy, &[("sec-websocket-protocol", "graphql-ws")]).await;
    assert!(retired.is_err(), "the retired subprotocol is taken");
    let mut client = Client::start(&toy).await;
    futures_util::SinkExt::send(&mut client.socket, Message::binary(b"{}".to_vec())).await.unwrap();
    assert_eq!(client.closed().await.0, 4400);
    let mut client = Client::start(&toy).await;
    client.send_text(&"x".repeat(300 << 10)).await;
    let closed = client.closed().await;
    assert_eq!(closed, (1009, "The message exceeds the maximum of 256 KiB.".to_owned()));
    let mut client = Client::start(&toy).await;
    let reason = "ü".repeat(200);
    let subscribe = json!({ "id": reason[..200], "type": "subscribe", "payload": { "query": "subscription { silence }" } });
    client.send(subscribe.clone()).await;
    client.send(subscribe).await;
    let closed = client.closed().await;
    assert_eq!(closed.0, 4409);
    assert!(closed.1.len() <= 123, "{closed:?}");
}

#[tokio::test]
async fn connection_init_times_out() {
    let toy = toy(short(), Quotas::default()).await;
    let mut client = Client::open_without_init(&toy).await;
    assert_eq!(client.closed().await, (4408, "Connection initialisation timeout".to_owned()));
}

#[tokio::test]
async fn sockets_of_a_caller_are_bounded() {
    let toy = toy(StreamLimits::default(), Quotas { streams_max: 2, ..Quotas::default() }).await;
    let first = Client::start(&toy).await;
    let _second = Client::start(&toy).await;
    let mut third = Client::open_without_init(&toy).await;
    third.init().await;
    let closed = third.closed().await;
    assert_eq!(closed.0, 1013, "{closed:?}");
    assert!(closed.1.contains("2 WebSockets and event streams"), "{closed:?}");
    drop(first);
    // The permit of the first is released once the server has noticed its close.
    for _ in 0..1_000 {
        let mut client = Client::open_without_init(&toy).await;
        client.init().await;
        let acknowledged =
            tokio::time::timeout(WAIT, futures_util::StreamExt::next(&mut client.socket)).await;
        if matches!(acknowledged, Ok(Some(Ok(Message::Text(_))))) {
            return;
        }
    }
    panic!("the place stays taken");
}

#[tokio::test]
async fn wrong_credentials_are_counted() {
    let toy = toy(StreamLimits::default(), Quotas { failed_logins_per_minute: 2, ..Quotas::default() }).await;
    let mut codes = Vec::new();
    for _ in 0..4 {
        let mut client = Client::open_without_init(&toy).await;
        let payload = json!({ "Authorization": "Bearer wrong" });
        client.send(json!({ "type": "connection_init", "payload": payload })).await;
        codes.push(client.closed().await.0);
    }
    assert_eq!(codes, [4403, 4403, 4403, 1013]);
}

/// With and without an event.
#[tokio::test]
async fn a_revoked_key_closes_the_socket() {
    for with_event in [false, true] {
        let check_interval = Duration::from_millis(if with_event { 60_000 } else { 50 });
        let toy = toy(StreamLimits { check_interval, ..short() }, Quotas::default()).await;
        let mut client = Client::start(&toy).await;
        client.subscribe("1", "subscription { watch }").await;
        client.subscribe("2", "{ hello }").await;
        client.next().await;
        assert_eq!(client.next().await["type"], "complete");
        // The first revalidation has passed.
        toy.authenticator_state.revoked.store(true, Ordering::SeqCst);
        if with_event {
            toy.counter.store(1, Ordering::SeqCst);
        }
        let closed = client.closed().await;
        assert_eq!(closed, (4401, "Unauthorized: The API key or token is no longer valid.".to_owned()));
    }
    let toy =
        toy(StreamLimits { check_interval: Duration::from_mins(1), ..short() }, Quotas::default()).await;
    let mut client = Client::start(&toy).await;
    toy.authenticator_state.revoked.store(true, Ordering::SeqCst);
    client.subscribe("1", "mutation { add(n: 1) }").await;
    assert_eq!(client.closed().await.0, 4401);
    assert_eq!(toy.counter.load(Ordering::SeqCst), 0);
}

/// The kernel buffers some megabytes; the server buffers little more, and then disconnects.
#[tokio::test]
async fn a_slow_consumer_is_disconnected() {
    let toy = toy(short(), Quotas::default()).await;
    let mut client = Client::start(&toy).await;
    client.subscribe("1", "subscription { flood(bytes: 60000) }").await;
    until("the flood has begun", || toy.counter.load(Ordering::SeqCst) == 1).await;
    until("the flood has ended", || toy.counter.load(Ordering::SeqCst) == 0).await;
    // A client that resumes reading in time gets the reason.
    loop {
        match futures_util::StreamExt::next(&mut client.socket).await.expect("an end").unwrap() {
            Message::Text(text) => assert!(text.starts_with(r#"{"id":"1","type":"next""#)),
            Message::Close(frame) => {
                let frame = frame.expect("a reason");
                assert_eq!(u16::from(frame.code), 1013);
                assert!(
                    frame.reason == "Slow consumer: a message was not read in time; reconnect with backoff.",
                    "{frame:?}"
                );
                return;
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_client_that_never_reads_is_disconnected() {
    let toy = toy(short(), Quotas { streams_max: 1, ..Quotas::default() }).await;
    let mut client = Client::start(&toy).await;
    client.subscribe("1", "subscription { flood(bytes: 60000) }").await;
    let began = Instant::now();
    // Its permit is released, although its end of the connection is still open.
    loop {
        let mut other = Client::open_without_init(&toy).await;
        other.init().await;
        let first = futures_util::StreamExt::next(&mut other.socket).await;
        if matches!(first, Some(Ok(Message::Text(_)))) {
            break;
        }
        assert!(began.elapsed() < WAIT, "it is still connected");
    }
    drop(client);
}

#[tokio::test]
async fn a_dead_peer_is_detected() {
    let limits = StreamLimits { ping_interval: Duration::from_millis(100), ..StreamLimits::default() };
    let toy = toy(limits, Quotas::default()).await;
    let mut client = Client::start(&toy).await;
    client.subscribe("1", "subscription { silence }").await;
    until("the stream is there", || toy.counter.load(Ordering::SeqCst) == 1).await;
    // A client that reads answers pings and stays connected.
    let alive = tokio::time::timeout(Duration::from_millis(500), client.next()).await;
    assert!(alive.is_err(), "{alive:?}");
    assert_eq!(toy.counter.load(Ordering::SeqCst), 1);
    // The client stops reading.
    until("the stream is gone", || toy.counter.load(Ordering::SeqCst) == 0).await;
    drop(client);
}

#[tokio::test]
async fn shutdown_closes_sockets_without_waiting() {
    let toy = Toy::start().await;
    let mut client = Client::start(&toy).await;
    let mut silent = Client::open_without_init(&toy).await;
    client.subscribe("1", "subscription { silence }").await;
    client.subscribe("2", "mutation { addSlowly(n: 10) }").await;
    client.send(json!({ "type": "ping" })).await;
    assert_eq!(client.next().await["type"], "pong");
    until("the stream is there", || toy.counter.load(Ordering::SeqCst) == 1).await;
    let began = Instant::now();
    toy.stopper.send(true).unwrap();
    // Accepted operations are finished.
    let next = client.next().await;
    assert_eq!((&next["id"], &next["type"]), (&json!("2"), &json!("next")), "{next}");
    assert_eq!(client.next().await, json!({ "id": "2", "type": "complete" }));
    let goodbye = (1001, "The server is shutting down; reconnect.".to_owned());
    assert_eq!(client.closed().await, goodbye);
    assert_eq!(silent.closed().await, goodbye);
    tokio::time::timeout(WAIT, toy.server).await.unwrap().unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "the stop took {:?}", began.elapsed());
}

/// A WebSocket counts as a connection after the upgrade as well.
#[tokio::test]
async fn sockets_count_as_connections() {
    let toy = Toy::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = partner_program::http::connections::ConnectionLimits {
        connections_max: 1,
        header_time_max: Duration::from_millis(500),
        ..Default::default()
    };
    let serve = partner_program::http::connections::serve;
    tokio::spawn(serve(
        listener,
        toy.router.clone(),
        limits,
        partner_program::telemetry::metrics::Metrics::default(),
        std::future::pending(),
    ));
    let client = Client::start(&Toy { address, ..toy }).await;
    let mut other = tokio::net::TcpStream::connect(address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut other, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 1_024];
    let early = tokio::time::timeout(Duration::from_millis(300), other.read(&mut answer)).await;
    assert!(early.is_err(), "served beside the only connection that may be");
    drop(client);
    let length = tokio::time::timeout(WAIT, other.read(&mut answer)).await.unwrap().unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
}
