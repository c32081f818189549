//! What the parts of `async-graphql-axum` do on WebSockets, and where they depart from the
//! `graphql-transport-ws` protocol.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use async_graphql::Data;
use async_graphql::http::ALL_WEBSOCKET_PROTOCOLS;
use async_graphql_axum::{GraphQLProtocol, GraphQLSubscription, GraphQLWebSocket};
use axum::Router;
use axum::extract::{State, WebSocketUpgrade};
use axum::response::IntoResponse;
use axum::routing::any;
use serde_json::{Value, json};

use crate::toy::{self, Schema, Toy};
use crate::websocket_client::{Client, until};

const PROTOCOL: &str = "graphql-transport-ws";
const RETIRED: &str = "graphql-ws";

/// A server of the framework's pieces alone.
struct Bare {
    address: SocketAddr,
    counter: Arc<AtomicI32>,
}

impl Bare {
    async fn start() -> Self {
        Self::serve(|schema| {
            Router::new().route_service("/graphql/ws", GraphQLSubscription::new(schema.clone()))
        })
        .await
    }

    /// It rejects every client.
    async fn refusing() -> Self {
        Self::serve(|schema| Router::new().route("/graphql/ws", any(refuse)).with_state(schema)).await
    }

    async fn serve(router: impl FnOnce(Schema) -> Router) -> Self {
        let counter = Arc::default();
        let router = router(toy::schema(&counter).finish());
        Self { address: toy::serve(router, "127.0.0.1:0").await, counter }
    }

    /// Opens a socket and initializes the connection.
    async fn open(&self, protocol: &str) -> Client {
        let mut client = self.open_without_init(protocol).await;
        client.send(json!({ "type": "connection_init" })).await;
        assert_eq!(client.next().await, json!({ "type": "connection_ack" }));
        client
    }

    async fn open_without_init(&self, protocol: &str) -> Client {
        Client::open_at(self.address, &[("sec-websocket-protocol", protocol)]).await.unwrap()
    }
}

async fn refuse(
    State(schema): State<Schema>,
    protocol: GraphQLProtocol,
    upgrade: WebSocketUpgrade,
) -> impl IntoResponse {
    upgrade.protocols(ALL_WEBSOCKET_PROTOCOLS).on_upgrade(move |socket| {
        let socket = GraphQLWebSocket::new(socket, schema, protocol);
        socket.on_connection_init(async |_| Err::<Data, _>("not you".into())).serve()
    })
}

/// The negotiated subprotocol, or the status of a refusal.
async fn negotiated(address: SocketAddr, offered: &[&str]) -> Result<String, u16> {
    let mut request = reqwest::Client::new().get(format!("http://{address}/graphql/ws"));
    for (name, value) in [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        request = request.header(name, value);
    }
    for line in offered {
        request = request.header("sec-websocket-protocol", *line);
    }
    let response = request.send().await.unwrap();
    let chosen = response.headers().get("sec-websocket-protocol");
    match response.status().as_u16() {
        101 => Ok(chosen.map_or("none", |value| value.to_str().unwrap()).to_owned()),
        status => Err(status),
    }
}

/// `GraphQLProtocol` takes the first protocol of the client, `WebSocketUpgrade` the first of the server.
#[tokio::test]
async fn one_subprotocol_is_negotiated_and_another_one_used() {
    let bare = Bare::start().await;
    let both = format!("{RETIRED}, {PROTOCOL}");
    assert_eq!(negotiated(bare.address, &[&both]).await.as_deref(), Ok(PROTOCOL));
    let mut client = bare.open(&both).await;
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.next().await["type"], "data", "the retired protocol's word for next");
    let toy = Toy::start().await;
    assert_eq!(negotiated(toy.address, &[&both]).await.as_deref(), Ok(PROTOCOL));
}

#[tokio::test]
async fn the_retired_subprotocol_is_accepted() {
    let bare = Bare::start().await;
    assert_eq!(negotiated(bare.address, &[RETIRED]).await.as_deref(), Ok(RETIRED));
    let toy = Toy::start().await;
    assert_eq!(negotiated(toy.address, &[RETIRED]).await.as_deref(), Ok("none"));
}

/// A list may be spread over several headers of one name. And a client without any of the protocols
/// gets no close code.
#[tokio::test]
async fn only_one_header_is_read() {
    let (bare, toy) = (Bare::start().await, Toy::start().await);
    let lines = ["soap", PROTOCOL];
    assert_eq!(negotiated(bare.address, &lines).await, Err(400));
    assert_eq!(negotiated(toy.address, &lines).await.as_deref(), Ok(PROTOCOL));
    assert_eq!(negotiated(bare.address, &[]).await, Err(400));
    assert_eq!(negotiated(toy.address, &[]).await.as_deref(), Ok("none"));
}

/// The codes of the protocol are 4400, 4401 and 4403.
#[tokio::test]
async fn sockets_close_with_other_codes() {
    let (bare, refusing) = (Bare::start().await, Bare::refusing().await);
    let early = r#"{"id":"1","type":"subscribe","payload":{"query":"{ hello }"}}"#;
    for (server, said, code) in [
        (&bare, "{", 1002),
        (&bare, r#"{"type":"complete"}"#, 1002),
        (&bare, early, 1011),
        (&refusing, r#"{"type":"connection_init"}"#, 1002),
    ] {
        let mut client = server.open_without_init(PROTOCOL).await;
        client.send_text(said).await;
        assert_eq!(client.closed().await.0, code, "{said}");
    }
}

/// The protocol closes with 4409.
#[tokio::test]
async fn an_id_that_is_used_again_replaces_its_operation() {
    let bare = Bare::start().await;
    let mut client = bare.open(PROTOCOL).await;
    client.subscribe("1", "subscription { silence }").await;
    until("the first runs", || bare.counter.load(Ordering::SeqCst) == 1).await;
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.next().await["payload"]["data"]["hello"], "world");
    until("the first has ended", || bare.counter.load(Ordering::SeqCst) == 0).await;
}

/// The protocol has `error` for these.
#[tokio::test]
async fn refused_operations_are_results() {
    let bare = Bare::start().await;
    let mut client = bare.open(PROTOCOL).await;
    for query in ["subscription {", "subscription { nope }", "query a { hello } query b { hello }"] {
        client.subscribe("1", query).await;
        let answer = client.next().await;
        assert_eq!((&answer["type"], &answer["payload"]["data"]), (&json!("next"), &Value::Null), "{query}");
        assert_eq!(client.next().await["type"], "complete", "{query}");
    }
}

/// Types of the retired protocol, which this one does not have.
#[tokio::test]
async fn messages_of_the_retired_subprotocol_are_accepted() {
    let bare = Bare::start().await;
    let mut client = bare.open(PROTOCOL).await;
    client.send(json!({ "id": "1", "type": "start", "payload": { "query": "{ hello }" } })).await;
    assert_eq!(client.next().await["payload"]["data"]["hello"], "world");
}
