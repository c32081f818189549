//! Connections: limits on their number, and timeouts for clients that send or read slowly.
//!
//! `axum::serve` has no such timeouts, so a client that sends headers byte by byte, or reads no response,
//! would hold its connection for ever.

mod activity;
mod header_names;
mod http2;
mod places;
mod stream;

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use super::client_address::Peer;
use crate::telemetry::metrics::Metrics;
pub use activity::ActiveRequest;
use activity::{Connection, RequestBody, ResponseBody};
use header_names::HeaderNames;
use http2::StreamExecutor;
use places::Places;
use stream::ClientStream;

/// Maximum bytes of a request line with its headers. A GET may hold a document; longer ones are posted.
const HEADER_BYTES_MAX: usize = 128 << 10;
/// Interval of keep-alive pings on an idle HTTP/2 connection.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// Maximum concurrent requests of one HTTP/2 connection.
const STREAMS_MAX: u32 = 100;
/// Bytes of a response that an HTTP/2 stream buffers before it asks for more.
const STREAM_BUFFER_BYTES: usize = 64 << 10;
/// File descriptors needed in addition to connections, such as those of databases.
const RESERVED_FILES: u64 = 200;
/// Delay before the next accept when the system has no more descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Limits of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Maximum concurrent connections; further ones wait.
    pub connections_max: usize,
    /// Maximum concurrent connections of a client address; further ones are refused. An IPv6 network of 64
    /// bits counts as one address.
    pub per_address_max: usize,
    /// Proxies, to which that maximum does not apply.
    pub proxies: Vec<IpAddr>,
    /// Timeout for the headers of a request to arrive, and for an idle connection.
    pub header_time_max: Duration,
    /// Timeout for a client to read some of what was sent.
    pub write_time_max: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        // A subscriber holds its connection for hours and needs 30 to 45 kB.
        let connections_max = 10_000;
        Self {
            connections_max,
            per_address_max: Self::per_address_default(connections_max),
            proxies: Vec::new(),
            header_time_max: Duration::from_secs(30),
            write_time_max: Duration::from_secs(30),
        }
    }
}

impl ConnectionLimits {
    /// Half of the connections: no single client can take them all.
    #[must_use]
    pub fn per_address_default(connections_max: usize) -> usize {
        connections_max.div_ceil(2)
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
    let places = Places::new(limits.per_address_max, limits.proxies.clone());
    let permits = Arc::new(Semaphore::new(limits.connections_max));
    let (builder, header_names) = (builder(&limits), HeaderNames::new().await?);
    let server = Arc::new(Server { builder, router, header_names, limits, metrics });
    let (stop, stopping) = watch::channel(false);
    let mut stopped = pin!(stopped);
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
                let Some(place) = places.take(peer.ip()) else {
                    tracing::debug!(%peer, "connection refused: its address has too many");
                    server.metrics.rate_limited("connections");
                    places.refuse(stream);
                    continue;
                };
                let counted = server.metrics.connection_opened();
                let connection = Arc::new(Connection::new(permit, place, counted));
                let server = Arc::clone(&server);
                tokio::spawn(server.serve_connection(stream, Peer(peer), connection, stopping.clone()));
            }
            // Either the client has disconnected already, or descriptors are exhausted for now.
            Err(error) => {
                tracing::warn!(%error, "failed to accept connection");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    // Every connection holds its permit to its end. WebSockets receive the shutdown signal as well, and
    // close with a reason.
    let all = u32::try_from(server.limits.connections_max).unwrap_or(u32::MAX);
    drop(permits.acquire_many(all).await);
    Ok(())
}

struct Server {
    builder: Builder<StreamExecutor>,
    router: Router,
    header_names: HeaderNames,
    limits: ConnectionLimits,
    metrics: Metrics,
}

impl Server {
    async fn serve_connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: Peer,
        connection: Arc<Connection>,
        mut stopping: watch::Receiver<bool>,
    ) {
        // Responses are written at once, so Nagle's algorithm could only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "failed to set TCP_NODELAY");
        }
        let ConnectionLimits { header_time_max, write_time_max, .. } = self.limits;
        let service = service_fn(|request| Arc::clone(&self).respond(peer, Arc::clone(&connection), request));
        let stream = ClientStream::new(stream, Arc::clone(&connection), write_time_max);
        let mut http = pin!(self.builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let served = tokio::select! {
            served = http.as_mut() => Some(served),
            () = connection.aborted() => return,
            // Before the first request the HTTP version of a connection is unknown, so neither
            // version's own timer runs.
            () = connection.until_idle(header_time_max) => None,
            // An error means that the server has ended.
            _ = stopping.wait_for(|is_stopping| *is_stopping) => None,
        };
        let served = match served {
            Some(served) => served,
            None if !connection.has_had_requests() => return,
            None => {
                http.as_mut().graceful_shutdown();
                let stalled = async {
                    connection.until_idle(header_time_max).await;
                    connection.until_stalled(write_time_max).await;
                };
                tokio::select! {
                    served = http => served,
                    () = connection.aborted() => return,
                    () = stalled => return,
                }
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "connection closed with an error");
        }
    }

    async fn respond(
        self: Arc<Self>,
        peer: Peer,
        connection: Arc<Connection>,
        request: Request<Incoming>,
    ) -> Result<Response<ResponseBody>, Infallible> {
        let version = request.version();
        // Here, because this runs in the task of an HTTP/2 stream.
        let active = ActiveRequest::start(connection, version);
        let mut request = request.map(|body| Body::new(RequestBody::new(body, Arc::clone(&active))));
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(Arc::clone(&active));
        let mut response = self.router.clone().oneshot(request).await?;
        if version < Version::HTTP_2 {
            self.header_names.apply(&mut response);
        }
        Ok(response.map(|body| ResponseBody::new(body, active)))
    }
}

fn builder(limits: &ConnectionLimits) -> Builder<StreamExecutor> {
    let mut builder = Builder::new(StreamExecutor { write_time_max: limits.write_time_max });
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time_max)
        .title_case_headers(true)
        .max_buf_size(HEADER_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .max_concurrent_streams(STREAMS_MAX)
        .max_send_buf_size(STREAM_BUFFER_BYTES)
        // WebSockets over HTTP/2 begin with CONNECT.
        .enable_connect_protocol();
    builder
}
