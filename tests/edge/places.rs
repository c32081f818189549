//! The places of connections: how many a client address may have, and how those of clients that do not read
//! become free.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use partner_program::http::connections::{self, ConnectionLimits};
use partner_program::telemetry::metrics::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::toy::{KEY, Toy};
use crate::websocket_client::WAIT;

/// Limits with one place.
pub(crate) fn one_place() -> ConnectionLimits {
    ConnectionLimits {
        connections_max: 1,
        per_address_max: 1,
        header_time_max: Duration::from_millis(500),
        write_time_max: Duration::from_millis(500),
        ..ConnectionLimits::default()
    }
}

/// A second server for the toy, with other limits.
pub(crate) async fn serve(toy: &Toy, limits: ConnectionLimits, metrics: &Metrics) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (router, metrics) = (toy.router.clone(), metrics.clone());
    tokio::spawn(connections::serve(listener, router, limits, metrics, std::future::pending()));
    address
}

/// Waits until the server has a free place.
pub(crate) async fn wait_for_place(address: SocketAddr) {
    let began = Instant::now();
    let answer = tokio::time::timeout(WAIT, reqwest::get(format!("http://{address}/healthz"))).await;
    assert_eq!(answer.expect("a free place").unwrap().status(), 200);
    println!("a place after {:?}", began.elapsed());
}

/// Reads until the server has closed the connection.
async fn read_all(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(WAIT, connection.read_to_end(&mut answer)).await;
    read.expect("an end").unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn places_of_an_address_are_bounded() {
    let toy = Toy::start().await;
    let limits = ConnectionLimits { per_address_max: 2, ..ConnectionLimits::default() };
    let metrics = Metrics::default();
    let address = serve(&toy, limits, &metrics).await;
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut places = Vec::new();
    for _ in 0..2 {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(request).await.unwrap();
        let length = connection.read(&mut [0; 1_024]).await.unwrap();
        assert!(length > 0);
        places.push(connection);
    }
    let mut third = TcpStream::connect(address).await.unwrap();
    third.write_all(request).await.unwrap();
    let answer = read_all(&mut third).await;
    assert!(answer.starts_with("HTTP/1.1 429 Too Many Requests\r\n"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let message = "Too many connections: a client address may have 2 at a time; close some, or use one for more requests.";
    assert_eq!(body["errors"][0]["message"], message);
    assert_eq!(body["errors"][0]["extensions"]["code"], "RATE_LIMITED");
    let rendered = metrics.render(&[]);
    assert!(rendered.contains("partner_program_rate_limited_total{limit=\"connections\"} 1"), "{rendered}");
    assert!(rendered.contains("partner_program_connections_open 2"), "{rendered}");
    drop(places);
    wait_for_place(address).await;
}

/// A client that sends requests and reads no response: its connection is closed.
#[tokio::test]
async fn a_full_pipeline_loses_its_place() {
    let toy = Toy::start().await;
    let address = serve(&toy, one_place(), &Metrics::default()).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    let requests = "GET /schema.graphql HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000);
    // The kernel buffers some megabytes of responses.
    let pipeline = async { while connection.write_all(requests.as_bytes()).await.is_ok() {} };
    tokio::join!(async { tokio::time::timeout(WAIT, pipeline).await.expect("a closed connection") }, async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        wait_for_place(address).await;
    });
}

/// The announced length is enough to refuse a body: nothing of it is read before the response.
#[tokio::test]
async fn an_announced_length_is_refused_at_once() {
    let toy = Toy::start().await;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n\
         Content-Length: 2000000\r\n\r\n{{"
    );
    let mut connection = TcpStream::connect(toy.address).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    let answer = read_all(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("The request body has 2,000,000 bytes; the maximum is 1 MiB."), "{answer}");
    // The response reaches a client that sends the whole body before it reads.
    let mut connection = TcpStream::connect(toy.address).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&vec![b' '; 1_999_999]).await.unwrap();
    let answer = read_all(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

/// Header names in the spelling that clients expect which compare them with case.
#[tokio::test]
async fn header_names_have_their_usual_spelling() {
    let toy = Toy::start().await;
    let authorized = format!(
        "GET /graphql?query=%7Bhello%7D HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n"
    );
    let unauthorized =
        "GET /graphql?query=%7Bhello%7D HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned();
    let upgrade = "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        .to_owned();
    for (request, status, names) in [
        (
            authorized,
            200,
            &["Content-Type", "Content-Length", "X-Request-Id", "RateLimit", "RateLimit-Policy", "Date"][..],
        ),
        (unauthorized, 401, &["WWW-Authenticate", "Content-Type"]),
        (upgrade, 101, &["Sec-WebSocket-Protocol", "Sec-WebSocket-Accept", "Upgrade", "Connection"]),
    ] {
        let mut connection = TcpStream::connect(toy.address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 4_096];
        let length = tokio::time::timeout(WAIT, connection.read(&mut answer)).await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        for name in names {
            assert!(answer.contains(&format!("\r\n{name}: ")), "{name}: {answer}");
        }
    }
}
