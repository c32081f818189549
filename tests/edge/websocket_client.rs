//! A client of graphql-transport-ws that can also violate the protocol.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::toy::{KEY, Toy};

/// Timeout of each step.
pub(crate) const WAIT: Duration = Duration::from_secs(10);

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// Opens a socket with these headers, in addition to the required ones.
    pub(crate) async fn open(toy: &Toy, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        Self::open_at(toy.address, headers).await
    }

    pub(crate) async fn open_at(
        address: SocketAddr,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/graphql/ws").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse()?);
        }
        let (socket, _) = connect_async(request).await?;
        Ok(Self { socket })
    }

    /// Opens a socket without `connection_init`.
    pub(crate) async fn open_without_init(toy: &Toy) -> Self {
        Self::open(toy, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap()
    }

    /// Opens a socket and authenticates.
    pub(crate) async fn start(toy: &Toy) -> Self {
        let mut client = Self::open_without_init(toy).await;
        client.init().await;
        assert_eq!(client.next().await, json!({ "type": "connection_ack" }));
        client
    }

    pub(crate) async fn init(&mut self) {
        let payload = json!({ "Authorization": format!("Bearer {KEY}") });
        self.send(json!({ "type": "connection_init", "payload": payload })).await;
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends a text; if the server has closed the socket, the next read returns that.
    pub(crate) async fn send_text(&mut self, text: &str) {
        let _closed = self.socket.send(Message::text(text)).await;
    }

    pub(crate) async fn subscribe(&mut self, id: &str, query: &str) {
        self.send(json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await;
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        let text = self.frame().await.into_text().unwrap();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
    }

    /// Code and reason of the close frame, which must be next.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        match self.frame().await {
            Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("not closed: {other:?}"),
        }
    }

    async fn frame(&mut self) -> Message {
        loop {
            let message = tokio::time::timeout(WAIT, self.socket.next()).await.expect("a message in time");
            match message.expect("an open socket").unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }
}

/// Waits for a condition.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it does not come about: {what}");
}
