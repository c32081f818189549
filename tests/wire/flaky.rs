//! A proxy that fails as networks do: it responds 503 at first, loses a response, and cuts streams off.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Events of a stream that pass before it is cut off in the next one.
const EVENTS: usize = 2;
/// Maximum chunk, in bytes.
const CHUNK: usize = 65_536;
/// How an event begins.
const EVENT: &str = "event: next";
const BUSY: &str =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Counts of failures by type.
#[derive(Default)]
pub(crate) struct Failures {
    pub(crate) busy: AtomicUsize,
    pub(crate) lost: AtomicUsize,
    pub(crate) cut: AtomicUsize,
}

/// The failure of a connection.
#[derive(Default)]
struct ConnectionFailure {
    drops_response: AtomicBool,
    is_stream: AtomicBool,
}

/// Starts a proxy of a server; returns its URL, such as `http://127.0.0.1:40123`.
///
/// It runs until the process of the tests ends.
pub(crate) fn start(server: &str) -> (String, Arc<Failures>) {
    let server: SocketAddr = server.parse().expect("an address");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let failures = Arc::new(Failures::default());
    let shared = Arc::clone(&failures);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let failures = Arc::clone(&shared);
            // Clients have to handle every failure here.
            thread::spawn(move || proxy_connection(client, server, &failures).unwrap_or_default());
        }
    });
    (base, failures)
}

fn proxy_connection(
    mut client: TcpStream,
    server: SocketAddr,
    failures: &Arc<Failures>,
) -> std::io::Result<()> {
    if failures.busy.load(Ordering::SeqCst) == 0 {
        failures.busy.fetch_add(1, Ordering::SeqCst);
        let _request = client.read(&mut vec![0; CHUNK])?;
        client.write_all(BUSY.as_bytes())?;
        return client.shutdown(Shutdown::Write);
    }
    let mut server = TcpStream::connect(server)?;
    let failure = Arc::new(ConnectionFailure::default());
    let streams = (server.try_clone()?, client.try_clone()?, Arc::clone(&failure), Arc::clone(failures));
    let forwarding = thread::spawn(move || {
        let (server, client, failure, failures) = streams;
        forward_responses(server, &client, &failure, &failures).unwrap_or_default();
        client.shutdown(Shutdown::Both).unwrap_or_default();
    });
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = client.read(&mut chunk)?;
        if length == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&chunk[..length]).to_ascii_lowercase();
        if text.contains("mutation recordactivities") && failures.lost.swap(1, Ordering::SeqCst) == 0 {
            failure.drops_response.store(true, Ordering::SeqCst);
        }
        if text.contains("subscription ") {
            failure.is_stream.store(true, Ordering::SeqCst);
        }
        server.write_all(&chunk[..length])?;
    }
    server.shutdown(Shutdown::Both)?;
    let _ended = forwarding.join();
    Ok(())
}

/// Forwards responses of the server, until one is lost or cut off.
fn forward_responses(
    mut server: TcpStream,
    mut client: &TcpStream,
    failure: &ConnectionFailure,
    failures: &Failures,
) -> std::io::Result<()> {
    let (mut chunk, mut forwarded) = (vec![0; CHUNK], 0);
    loop {
        let length = server.read(&mut chunk)?;
        if length == 0 || failure.drops_response.load(Ordering::SeqCst) {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&chunk[..length]).into_owned();
        if failure.is_stream.load(Ordering::SeqCst)
            && let Some((index, _)) = text.match_indices(EVENT).nth(EVENTS - forwarded)
        {
            failures.cut.fetch_add(1, Ordering::SeqCst);
            return client.write_all(&text.as_bytes()[..index + EVENT.len()]);
        }
        forwarded += text.matches(EVENT).count();
        client.write_all(&chunk[..length])?;
    }
}
