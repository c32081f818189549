//! Connections: limits on their number, and timeouts for the headers of requests.
//!
//! `axum::serve` has no header timeout, so a client that sends headers byte by byte, or none at all,
//! would hold its connection for ever.

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

/// Maximum bytes of a request line with its headers. A GET may hold a document; longer ones are posted.
const HEADER_BYTES_MAX: usize = 128 << 10;
/// Interval of keep-alive pings on an idle HTTP/2 connection.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// Maximum concurrent requests of one HTTP/2 connection.
const STREAMS_MAX: u32 = 100;
/// File descriptors needed in addition to connections, such as those of databases.
const RESERVED_FILES: u64 = 200;
/// Delay before the next accept when the system has no more descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Limits of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Maximum concurrent connections; further ones wait.
    pub connections_max: usize,
    /// Timeout for the headers of a request to arrive, and for an idle connection.
    pub header_time_max: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        // A subscriber holds its connection for hours and needs 30 to 45 kB.
        Self { connections_max: 10_000, header_time_max: Duration::from_secs(30) }
    }
}

/// The connection of a request. A WebSocket, which uses it after the response, holds this, so that it
/// counts as a connection until then.
#[derive(Debug)]
pub struct Connection {
    abort: Notify,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    /// Closes the connection at once, with whatever is in flight on it.
    pub fn abort(&self) {
        self.abort.notify_one();
    }
}

/// Raises the limit of open files (`RLIMIT_NOFILE`) to what `connections_max` requires. Many systems
/// allow a thousand unless a program raises its limit.
pub fn raise_nofile_limit(limits: &ConnectionLimits) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let required =
            u64::try_from(limits.connections_max).unwrap_or(u64::MAX).saturating_add(RESERVED_FILES);
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        if current.is_none_or(|current| current >= required) {
            return;
        }
        let most = maximum.map_or(required, |maximum| maximum.min(required));
        let result = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum });
        if most < required || result.is_err() {
            let allowed = if result.is_ok() { Some(most) } else { current };
            tracing::warn!(required, allowed, "open file limit is lower than CONNECTIONS_MAX requires");
        }
    }
}

/// The peer address of a request's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Serves until `stopped`, then lets accepted requests finish.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    metrics: Metrics,
    stopped: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    let server = Server { builder: builder(limits.header_time_max), router, limits, metrics };
    let server = Arc::new(server);
    let permits = Arc::new(Semaphore::new(server.limits.connections_max));
    let graceful = GracefulShutdown::new();
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let permit = Arc::clone(&permits).acquire_owned().await.map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>((permit, listener.accept().await))
        };
        let (permit, accepted) = tokio::select! {
            accepted = accepted => accepted?,
            () = &mut stopped => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let server = Arc::clone(&server);
                tokio::spawn(server.serve_connection(stream, Peer(peer), graceful.watcher(), permit));
            }
            // Either the client has disconnected already, or descriptors are exhausted for now.
            Err(error) => {
                tracing::warn!(%error, "failed to accept connection");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
    drop(listener);
    graceful.shutdown().await;
    // WebSockets receive the shutdown signal as well, and close with a reason.
    let all = u32::try_from(server.limits.connections_max).unwrap_or(u32::MAX);
    drop(permits.acquire_many(all).await);
    Ok(())
}

struct Server {
    builder: Builder<TokioExecutor>,
    router: Router,
    limits: ConnectionLimits,
    metrics: Metrics,
}

impl Server {
    async fn serve_connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: Peer,
        watcher: Watcher,
        permit: OwnedSemaphorePermit,
    ) {
        let _counted = self.metrics.connection_opened();
        // Responses are written at once, so Nagle's algorithm could only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "failed to set TCP_NODELAY");
        }
        let request_received = Arc::new(AtomicBool::new(false));
        let received = Arc::clone(&request_received);
        let connection = Arc::new(Connection { abort: Notify::new(), _permit: permit });
        let own_connection = Arc::clone(&connection);
        let service = self.router.clone().map_request(move |request: axum::http::Request<_>| {
            received.store(true, Ordering::Relaxed);
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(Arc::clone(&connection));
            request
        });
        let service = TowerToHyperService::new(service.map_err(|never: Infallible| match never {}));
        let http = self.builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut http = std::pin::pin!(watcher.watch(http.into_owned()));
        let served = tokio::select! {
            served = &mut http => served,
            // Before the first request the HTTP version of a connection is unknown, so neither
            // version's own timer runs.
            () = first_request_timeout(self.limits.header_time_max, &request_received) => return,
            () = own_connection.abort.notified() => return,
        };
        if let Err(error) = served {
            tracing::debug!(%error, "connection closed with an error");
        }
    }
}

/// Ends after `time_max`, unless a request has arrived by then.
async fn first_request_timeout(time_max: Duration, request_received: &AtomicBool) {
    tokio::time::sleep(time_max).await;
    if request_received.load(Ordering::Relaxed) {
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
