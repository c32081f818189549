//! Clients of HTTP/2 that keep a connection without using it, or read no response.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Response};
use h2::RecvStream;
use h2::client::SendRequest;
use partner_program::http::connections::ConnectionLimits;
use partner_program::http::endpoint::RequestLimits;
use partner_program::http::streams::{StreamLimits, StreamSettings};
use partner_program::http::throttle::Quotas;
use partner_program::telemetry::metrics::Metrics;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::places::{one_place, serve, wait_for_place};
use crate::toy::{KEY, Toy};
use crate::websocket_client::{WAIT, until};

/// A connection, whose task answers pings, and which receives up to `window` bytes of a response.
async fn connect(
    address: std::net::SocketAddr,
    window: u32,
) -> (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>) {
    let tcp = TcpStream::connect(address).await.unwrap();
    let (client, connection) =
        h2::client::Builder::new().initial_window_size(window).handshake(tcp).await.unwrap();
    (client, tokio::spawn(connection))
}

async fn get(client: &mut SendRequest<Bytes>, path: &str) -> Response<RecvStream> {
    let request = Request::get(format!("http://x{path}")).header("accept", "text/event-stream");
    let request = request.header("authorization", format!("Bearer {KEY}")).body(()).unwrap();
    let ready = client.clone().ready().await;
    *client = ready.unwrap();
    let (response, _) = client.send_request(request, true).unwrap();
    tokio::time::timeout(WAIT, response).await.expect("a response").unwrap()
}

async fn end_of(connection: JoinHandle<Result<(), h2::Error>>) -> Result<(), h2::Error> {
    tokio::time::timeout(WAIT, connection).await.expect("the connection is closed").unwrap()
}

/// One that was used, and one that was never used.
#[tokio::test]
async fn idle_connections_lose_their_place() {
    let toy = Toy::start().await;
    for is_used in [true, false] {
        let address = serve(&toy, one_place(), &Metrics::default()).await;
        let (mut client, connection) = connect(address, 65_535).await;
        if is_used {
            assert_eq!(get(&mut client, "/healthz").await.status(), 200);
        }
        wait_for_place(address).await;
        let ended = end_of(connection).await;
        assert!(ended.is_ok() || !is_used, "{ended:?}");
    }
}

#[tokio::test]
async fn a_connection_in_use_is_not_idle() {
    let toy = Toy::start().await;
    let address = serve(&toy, one_place(), &Metrics::default()).await;
    let (mut client, connection) = connect(address, 65_535).await;
    let query = "/graphql?query=subscription%7Bsilence%7D";
    let mut response = get(&mut client, query).await;
    assert_eq!(response.status(), 200);
    let ended = tokio::time::timeout(Duration::from_millis(1_500), response.body_mut().data());
    assert_eq!(ended.await.unwrap().unwrap().unwrap(), ":\n\n");
    let ended = tokio::time::timeout(Duration::from_millis(1_500), response.body_mut().data()).await;
    assert!(ended.is_err() && !connection.is_finished(), "{ended:?}");
}

/// The stream of a response that the client cannot receive is reset; others on its connection go on.
#[tokio::test]
async fn a_response_that_is_not_read_is_reset() {
    let toy = Toy::start().await;
    let limits = ConnectionLimits { header_time_max: Duration::from_secs(2), ..one_place() };
    let address = serve(&toy, limits, &Metrics::default()).await;
    let (mut client, connection) = connect(address, 0).await;
    for _ in 0..2 {
        let mut response = get(&mut client, "/schema.graphql").await;
        assert_eq!(response.status(), 200);
        let data = tokio::time::timeout(WAIT, response.body_mut().data()).await;
        let error = data.expect("an end").expect("an error").expect_err("nothing could be received");
        assert!(error.is_reset() && error.reason() == Some(h2::Reason::CANCEL), "{error}");
    }
    wait_for_place(address).await;
    assert!(end_of(connection).await.is_ok());
}

/// What is in the buffers of a connection does not keep it open.
#[tokio::test]
async fn a_response_that_is_half_read_loses_its_place() {
    let toy = Toy::start().await;
    let address = serve(&toy, one_place(), &Metrics::default()).await;
    let (mut client, connection) = connect(address, 100).await;
    let mut response = get(&mut client, "/schema.graphql").await;
    let data = response.body_mut().data().await.unwrap().unwrap();
    assert_eq!(data.len(), 100);
    wait_for_place(address).await;
    let _closed = end_of(connection).await;
    assert!(response.body_mut().data().await.is_none_or(|data| data.is_err()));
}

/// An event stream that is not read ends as over HTTP/1, and counts until its memory is free.
#[tokio::test]
async fn an_event_stream_that_is_not_read_is_reset() {
    let limits = StreamLimits { send_time_max: Duration::from_millis(300), ..StreamLimits::default() };
    let streams = StreamSettings { limits, ..StreamSettings::default() };
    let quotas = Quotas { streams_max: 1, ..Quotas::default() };
    let toy = Toy::start_streaming("127.0.0.1:0", RequestLimits::default(), quotas, streams).await;
    let (mut client, connection) = connect(toy.address, 100_000).await;
    let flood = "/graphql?query=subscription%7Bflood(bytes:60000)%7D";
    let mut response = get(&mut client, flood).await;
    assert_eq!(response.status(), 200);
    until("the flood has begun", || toy.counter.load(Ordering::SeqCst) == 1).await;
    until("the flood has ended", || toy.counter.load(Ordering::SeqCst) == 0).await;
    assert_eq!(get(&mut client, flood).await.status(), 429);
    // Nothing is read, and yet the stream ends; its connection goes on.
    let reset = async {
        loop {
            if let Some(Err(error)) = response.body_mut().data().await {
                return error;
            }
        }
    };
    let error = tokio::time::timeout(WAIT, reset).await.expect("the stream is reset");
    assert!(error.is_reset(), "{error}");
    assert_eq!(get(&mut client, "/graphql?query=subscription%7Bsilence%7D").await.status(), 200);
    assert!(!connection.is_finished());
}

/// A WebSocket over HTTP/2 begins with CONNECT, at either path.
#[tokio::test]
async fn websockets_open_over_http_2() {
    let toy = Toy::start().await;
    for path in ["/graphql", "/graphql/ws"] {
        let (client, connection) = connect(toy.address, 65_535).await;
        let mut client = client.ready().await.unwrap();
        until("the server allows CONNECT", || client.is_extended_connect_protocol_enabled()).await;
        let mut request = Request::builder().method("CONNECT").uri(format!("http://x{path}"));
        for (name, value) in
            [("sec-websocket-version", "13"), ("sec-websocket-protocol", "graphql-transport-ws")]
        {
            request = request.header(name, value);
        }
        let mut request = request.body(()).unwrap();
        request.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
        let (response, mut sender) = client.send_request(request, false).unwrap();
        let response = tokio::time::timeout(WAIT, response).await.unwrap().unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["sec-websocket-protocol"], "graphql-transport-ws");
        // Longer than an idle connection may be; then the client closes it.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert!(!connection.is_finished());
        sender.send_data(Bytes::new(), true).unwrap();
        let mut body = response.into_body();
        while let Some(Ok(_)) = body.data().await {}
        let _closed = end_of(connection).await;
    }
}
