//! Clients that send slowly, or not at all.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use partner_program::http::connections::{self, ConnectionLimits};
use partner_program::telemetry::metrics::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::query;
use crate::toy::{KEY, Toy};

/// Sends a text byte by byte until the server closes the connection; returns the time and the response.
async fn trickle(address: SocketAddr, text: &[u8]) -> (Duration, String) {
    let began = Instant::now();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    let mut bytes = text.iter();
    loop {
        let pause = tokio::time::sleep(Duration::from_millis(100));
        tokio::select! {
            read = connection.read_buf(&mut answer) => {
                if read.unwrap_or(0) == 0 {
                    return (began.elapsed(), String::from_utf8_lossy(&answer).into_owned());
                }
            }
            () = pause => {
                if let Some(byte) = bytes.next() {
                    // The server may have closed the connection meanwhile: the next read fails then.
                    let _closed = connection.write_all(&[*byte]).await;
                }
            }
        }
        assert!(began.elapsed() < Duration::from_secs(20), "the connection stays open");
    }
}

#[tokio::test]
async fn slow_headers_close_only_their_connection() {
    let toy = Toy::start().await;
    let long = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx: {}", "x".repeat(1_000));
    // Nothing; the beginning of HTTP/1; half of what HTTP/2 begins with; garbage.
    let slow = [&b""[..], long.as_bytes(), b"PRI * HTTP/2.0\r\n", b"\x16\x03\x01"];
    let attacks = futures_util::future::join_all(slow.map(|text| trickle(toy.address, text)));
    let others = async {
        for _ in 0..10 {
            assert_eq!(query(&toy, "{ hello }").await.status, 200);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (attacks, ()) = tokio::join!(attacks, others);
    for ((took, answer), text) in attacks.into_iter().zip(slow) {
        assert!(took < Duration::from_secs(5), "{text:?} took {took:?}");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
}

/// An idle connection is closed after the header timeout.
#[tokio::test]
async fn idle_connections_are_closed() {
    let toy = Toy::start().await;
    let mut connection = TcpStream::connect(toy.address).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    for _ in 0..2 {
        connection.write_all(request).await.unwrap();
        let mut answer = [0; 1_024];
        let length = connection.read(&mut answer).await.unwrap();
        assert!(String::from_utf8_lossy(&answer[..length]).ends_with("ok"));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let closed = tokio::time::timeout(Duration::from_secs(5), connection.read(&mut [0; 8])).await;
    assert_eq!(closed.unwrap().unwrap_or(0), 0);
}

#[tokio::test]
async fn headers_are_bounded() {
    let toy = Toy::start().await;
    let client = reqwest::Client::new();
    let request = client.get(toy.url("/healthz")).header("x", "x".repeat(200 << 10));
    assert_eq!(request.send().await.unwrap().status(), 431);
    let many = (0..200).fold(client.get(toy.url("/healthz")), |it, n| it.header(format!("x-{n}"), "x"));
    assert_eq!(many.send().await.unwrap().status(), 431);
    let mut connection = TcpStream::connect(toy.address).await.unwrap();
    let long = format!("GET /graphql?query={} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(70 << 10));
    connection.write_all(long.as_bytes()).await.unwrap();
    let mut answer = [0; 64];
    let length = connection.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 414 "), "{answer:?}");
}

/// Further connections wait until others are closed.
#[tokio::test]
async fn connections_are_bounded() {
    let toy = Toy::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = ConnectionLimits {
        connections_max: 2,
        per_address_max: 2,
        header_time_max: Duration::from_millis(600),
        ..ConnectionLimits::default()
    };
    tokio::spawn(connections::serve(
        listener,
        toy.router.clone(),
        limits,
        Metrics::default(),
        std::future::pending(),
    ));
    let began = Instant::now();
    let _idle = (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
    let answer = reqwest::get(format!("http://{address}/healthz")).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(began.elapsed() >= Duration::from_millis(500), "served after {:?}", began.elapsed());
}

/// Requests accepted before the shutdown get a response; idle connections do not delay it.
#[tokio::test]
async fn accepted_requests_are_finished() {
    let toy = Toy::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let signal = async { stopped.await.unwrap_or_default() };
    let server = tokio::spawn(connections::serve(
        listener,
        toy.router.clone(),
        ConnectionLimits::default(),
        Metrics::default(),
        signal,
    ));
    let _silent = TcpStream::connect(address).await.unwrap();
    let client = reqwest::Client::new();
    assert_eq!(client.get(format!("http://{address}/healthz")).send().await.unwrap().status(), 200);
    let request = client.post(format!("http://{address}/graphql")).bearer_auth(KEY);
    let request = request.json(&serde_json::json!({ "query": "mutation { addSlowly(n: 7) }" }));
    let answer = tokio::spawn(crate::send(request));
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.send(()).unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(answer.body["data"]["addSlowly"], 7, "{}", answer.text);
    tokio::time::timeout(Duration::from_secs(5), server).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// HTTP/2 without TLS, as proxies use it: the server's first frame is SETTINGS.
#[tokio::test]
async fn http_2_is_served() {
    let toy = Toy::start().await;
    let mut connection = TcpStream::connect(toy.address).await.unwrap();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    connection.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    connection.write_all(&settings).await.unwrap();
    let mut frame = [0; 9];
    connection.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "{frame:?}");
}
