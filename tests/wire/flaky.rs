//! A proxy that fails as networks and proxies do: it is busy at first, loses an answer, and cuts streams off.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Events of a stream that get through, before it is cut off in the next one.
const EVENTS: usize = 2;
/// Longest piece that is passed on at once, in bytes.
const CHUNK: usize = 65_536;
/// How an event begins.
const EVENT: &str = "event: next";
const BUSY: &str =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// How often it has done what.
#[derive(Default)]
pub(crate) struct Failures {
    pub(crate) busy: AtomicUsize,
    pub(crate) lost: AtomicUsize,
    pub(crate) cut: AtomicUsize,
}

/// What becomes of the answers of a connection.
#[derive(Default)]
struct Fate {
    is_lost: AtomicBool,
    is_stream: AtomicBool,
}

/// Starts a proxy of a server; gives its address, such as `http://127.0.0.1:40123`.
///
/// It lives as long as the process of the tests.
pub(crate) fn start(server: &str) -> (String, Arc<Failures>) {
    let server: SocketAddr = server.parse().expect("an address");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let failures = Arc::new(Failures::default());
    let of_all = Arc::clone(&failures);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let failures = Arc::clone(&of_all);
            // Whatever breaks here is what the clients have to cope with.
            thread::spawn(move || pass(client, server, &failures).unwrap_or_default());
        }
    });
    (base, failures)
}

fn pass(mut client: TcpStream, server: SocketAddr, failures: &Arc<Failures>) -> std::io::Result<()> {
    if failures.busy.load(Ordering::SeqCst) == 0 {
        failures.busy.fetch_add(1, Ordering::SeqCst);
        let _request = client.read(&mut vec![0; CHUNK])?;
        client.write_all(BUSY.as_bytes())?;
        return client.shutdown(Shutdown::Write);
    }
    let mut server = TcpStream::connect(server)?;
    let fate = Arc::new(Fate::default());
    let answers = (server.try_clone()?, client.try_clone()?, Arc::clone(&fate), Arc::clone(failures));
    let answering = thread::spawn(move || {
        let (server, client, fate, failures) = answers;
        answer(server, &client, &fate, &failures).unwrap_or_default();
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
            fate.is_lost.store(true, Ordering::SeqCst);
        }
        if text.contains("subscription ") {
            fate.is_stream.store(true, Ordering::SeqCst);
        }
        server.write_all(&chunk[..length])?;
    }
    server.shutdown(Shutdown::Both)?;
    let _ended = answering.join();
    Ok(())
}

/// Passes on what the server answers, until it is lost or cut off.
fn answer(
    mut server: TcpStream,
    mut client: &TcpStream,
    fate: &Fate,
    failures: &Failures,
) -> std::io::Result<()> {
    let (mut chunk, mut seen) = (vec![0; CHUNK], 0);
    loop {
        let length = server.read(&mut chunk)?;
        if length == 0 || fate.is_lost.load(Ordering::SeqCst) {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&chunk[..length]).into_owned();
        if fate.is_stream.load(Ordering::SeqCst)
            && let Some((place, _)) = text.match_indices(EVENT).nth(EVENTS - seen)
        {
            failures.cut.fetch_add(1, Ordering::SeqCst);
            return client.write_all(&text.as_bytes()[..place + EVENT.len()]);
        }
        seen += text.matches(EVENT).count();
        client.write_all(&chunk[..length])?;
    }
}
