//! Connections: how many there are, and how long one may take to say what it wants.
//!
//! `axum::serve` sets no time for headers, so a client that sends them letter by letter, or none at
//! all, would keep its connection for ever.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

use crate::telemetry::metrics::Metrics;

/// Most bytes of a request line with its headers. A GET may hold a document; longer ones are posted.
const HEADER_BYTES_MAX: usize = 128 << 10;
/// How often a quiet HTTP/2 connection is asked whether its client is still there.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// Requests that one HTTP/2 connection may have under way.
const STREAMS_MAX: u32 = 100;
/// Files that are open beside connections: of databases, and of what answers are made from.
const OTHER_FILES: u64 = 200;
/// How long to wait when the system gives out no more connections.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What a connection may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Most connections at once; further ones wait for their turn.
    pub connections_max: usize,
    /// Longest time for the headers of a request to arrive, and for a connection to be idle.
    pub header_time_max: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        // A subscriber keeps its connection for hours and takes 30 to 45 kB.
        Self { connections_max: 10_000, header_time_max: Duration::from_secs(30) }
    }
}

/// The connection that a request came by. Who goes on using it after the answer, as a WebSocket does,
/// keeps this, so that it counts as a connection until then.
#[derive(Debug)]
pub struct Line {
    cut: Notify,
    _place: OwnedSemaphorePermit,
}

impl Line {
    /// Ends the connection at once, whatever is under way on it.
    pub fn cut(&self) {
        self.cut.notify_one();
    }
}

/// Asks the system for as many open files as there may be connections, beside those of everything else.
/// Many systems allow a thousand unless a program asks for more.
pub fn make_room(limits: &ConnectionLimits) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let wanted = u64::try_from(limits.connections_max).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        if current.is_none_or(|current| current >= wanted) {
            return;
        }
        let most = maximum.map_or(wanted, |maximum| maximum.min(wanted));
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum });
        if most < wanted || raised.is_err() {
            let allowed = if raised.is_ok() { Some(most) } else { current };
            tracing::warn!(wanted, allowed, "the system allows fewer open files than CONNECTIONS_MAX needs");
        }
    }
}

/// Where a request comes from: the other end of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Serves until `stopped`, then lets the requests that were accepted finish.
///
/// # Errors
/// When the listener is beyond repair.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    metrics: Metrics,
    stopped: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    let server = Server { builder: builder(limits.header_time_max), router, limits, metrics };
    let server = Arc::new(server);
    let places = Arc::new(Semaphore::new(server.limits.connections_max));
    let graceful = GracefulShutdown::new();
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await.map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>((place, listener.accept().await))
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted?,
            () = &mut stopped => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let server = Arc::clone(&server);
                tokio::spawn(server.connection(stream, Peer(peer), graceful.watcher(), place));
            }
            // A client that has gone again is its own business; a lack of descriptors passes.
            Err(error) => {
                tracing::warn!(%error, "a connection can't be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    drop(listener);
    graceful.shutdown().await;
    // WebSockets were told to stop as well, and say so to their clients.
    let all = u32::try_from(server.limits.connections_max).unwrap_or(u32::MAX);
    drop(places.acquire_many(all).await);
    Ok(())
}

struct Server {
    builder: Builder<TokioExecutor>,
    router: Router,
    limits: ConnectionLimits,
    metrics: Metrics,
}

impl Server {
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: Peer,
        watcher: Watcher,
        place: OwnedSemaphorePermit,
    ) {
        let _counted = self.metrics.connection();
        // Answers are written at once, so there is nothing to collect.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let asked = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&asked);
        let line = Arc::new(Line { cut: Notify::new(), _place: place });
        let own_line = Arc::clone(&line);
        let service = self.router.clone().map_request(move |request: axum::http::Request<_>| {
            seen.store(true, Ordering::Relaxed);
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(Arc::clone(&line));
            request
        });
        let service = TowerToHyperService::new(service.map_err(|never: Infallible| match never {}));
        let connection = self.builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(watcher.watch(connection.into_owned()));
        let served = tokio::select! {
            served = &mut connection => served,
            // Before its first request a connection is not yet known to be one of HTTP/1 or HTTP/2,
            // so that neither's own timer runs.
            () = silence(self.limits.header_time_max, &asked) => return,
            () = own_line.cut.notified() => return,
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection broke off");
        }
    }
}

/// Ends when the time is over and nothing was asked.
async fn silence(time_max: Duration, asked: &AtomicBool) {
    tokio::time::sleep(time_max).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

fn builder(header_time_max: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_time_max)
        .max_buf_size(HEADER_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .max_concurrent_streams(STREAMS_MAX)
        // WebSockets over HTTP/2 begin with CONNECT.
        .enable_connect_protocol();
    builder
}
