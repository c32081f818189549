//! Clients without credentials that ask for large responses and read nothing: the memory that they take, and
//! the places of connections that they hold.
//!
//! `SLOW_READERS` sets the number of clients, 200 or more for figures of a whole server:
//! `SLOW_READERS=2000 cargo test --workspace --test wire slow_readers -- --nocapture`.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::server::Server;

/// Default number of clients.
const CLIENTS: usize = 60;
/// Maximum memory of a client's connection and request, in bytes: 200 kB of 2 MB that a request may take.
const CLIENT_MEMORY_MAX: usize = 200 << 10;
/// Memory of the assets, once each was decompressed, and of what the server allocates once.
const SHARED_MEMORY_MAX: usize = 40 << 20;
/// Timeout for reading and for connections of clients that do not read.
const TIMEOUT: &str = "2s";
/// Maximum time until the places of such clients are free.
const FREE_TIME_MAX: Duration = Duration::from_secs(15);

fn clients() -> usize {
    std::env::var("SLOW_READERS").ok().map_or(CLIENTS, |text| text.parse().expect("SLOW_READERS is a number"))
}

/// A connection with a small receive buffer, so that the server's buffers fill soon.
async fn connect(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4 << 10).expect("a small buffer");
    socket.connect(server.address().parse().expect("an address")).await.expect("a connection")
}

/// The number of open connections, by the metrics.
async fn open_connections(server: &Server) -> usize {
    let metrics = server.metrics().expect("metrics at their own address");
    let text = reqwest::get(metrics).await.expect("metrics").text().await.expect("a text");
    let open = text.lines().find_map(|line| line.strip_prefix("partner_program_connections_open "));
    open.and_then(|open| open.parse().ok()).expect("a number")
}

async fn wait_for_places(server: &Server) -> Duration {
    let began = Instant::now();
    while open_connections(server).await > 0 {
        assert!(began.elapsed() < FREE_TIME_MAX, "{} places are taken", open_connections(server).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    began.elapsed()
}

/// The paths of the page's scripts and of the page, and the requests in a pipeline for each.
async fn paths(server: &Server) -> Vec<(String, usize)> {
    let request = reqwest::Client::new().get(server.url("/graphql")).header("accept", "text/html");
    let page = request.send().await.expect("a page").text().await.expect("a text");
    let is_script = |path: &str| Path::new(path).extension().is_some_and(|extension| extension == "js");
    let scripts = page.split('"').filter(|part| part.starts_with("/graphiql/") && is_script(part));
    scripts.map(|path| (path.to_owned(), 1)).chain([("/schema.graphql".to_owned(), 40)]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_take_little_memory_and_no_place_for_long() {
    let clients = clients();
    let places = (clients * 2).to_string();
    let server = Server::start(&[
        ("METRICS_BIND", "127.0.0.1:0"),
        ("HEADER_TIMEOUT", TIMEOUT),
        ("WRITE_TIMEOUT", TIMEOUT),
        ("CONNECTIONS_MAX", &places),
        ("CONNECTIONS_PER_ADDRESS_MAX", &places),
    ]);
    for (path, count) in paths(&server).await {
        let requests = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").repeat(count);
        let before = server.memory();
        let mut open = Vec::new();
        for _ in 0..clients {
            let mut connection = connect(&server).await;
            connection.write_all(requests.as_bytes()).await.expect("a client may write");
            open.push(connection);
        }
        let mut first = [0; 12];
        for connection in &mut open {
            connection.read_exact(&mut first).await.expect("the beginning of a response");
            assert_eq!(&first, b"HTTP/1.1 200", "{path}");
        }
        let (taken, with_clients) = (open_connections(&server).await, server.memory());
        let freed = wait_for_places(&server).await;
        let after = server.memory();
        if let (Some(before), Some(with_clients), Some(after)) = (before, with_clients, after) {
            let mib = |bytes: u64| bytes >> 20;
            println!(
                "{clients} clients of {path}: {taken} of {places} places taken, 0 after {freed:?}; memory {} MiB before, \
                 {} MiB with them, {} MiB after",
                mib(before),
                mib(with_clients),
                mib(after)
            );
            let max = SHARED_MEMORY_MAX + clients * CLIENT_MEMORY_MAX;
            let more = with_clients.saturating_sub(before);
            assert!(more < u64::try_from(max).expect("a number"), "{path}: {} MiB more", mib(more));
        }
        assert!(taken > clients / 2, "{path}: {taken} connections were open");
        drop(open);
    }
}
