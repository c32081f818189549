//! What is in progress on a connection: its requests with their bodies, and since when it is idle.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Version;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until};

use super::http2::Http2Stream;
use super::places::Place;
use crate::telemetry::metrics::OpenConnection;

/// Bytes that count as progress of a write that is blocked. A client that reads a few bytes now and then
/// would hold its connection for ever otherwise.
pub(super) const PROGRESS_BYTES: u64 = 16 << 10;

/// Maximum periods in which a connection that is closing may go on writing.
const CLOSING_PERIODS_MAX: u32 = 10;

/// A connection. It counts as open until the last reference is dropped, which a WebSocket holds as well.
#[derive(Debug)]
pub(super) struct Connection {
    abort: Notify,
    became_idle: Notify,
    activity: Mutex<Activity>,
    has_unread_body: AtomicBool,
    bytes_written: AtomicU64,
    _counted: Option<(OwnedSemaphorePermit, Place, OpenConnection)>,
}

#[derive(Debug)]
struct Activity {
    /// The HTTP version, once the first request has arrived.
    version: Option<Version>,
    requests: usize,
    idle_since: Instant,
}

impl Connection {
    pub(super) fn new(permit: OwnedSemaphorePermit, place: Place, counted: OpenConnection) -> Self {
        Self { _counted: Some((permit, place, counted)), ..Self::detached() }
    }

    /// A connection that counts nowhere.
    pub(super) fn detached() -> Self {
        Self {
            abort: Notify::new(),
            became_idle: Notify::new(),
            activity: Mutex::new(Activity { version: None, requests: 0, idle_since: Instant::now() }),
            has_unread_body: AtomicBool::new(false),
            bytes_written: AtomicU64::new(0),
            _counted: None,
        }
    }

    fn activity(&self) -> MutexGuard<'_, Activity> {
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes when the connection is to be closed at once.
    pub(super) async fn aborted(&self) {
        self.abort.notified().await;
    }

    /// Whether a request has arrived.
    pub(super) fn has_had_requests(&self) -> bool {
        self.activity().version.is_some()
    }

    /// Completes when no request has been in progress for `time_max`. HTTP/1 has its own timer, which
    /// includes the headers of the next request.
    pub(super) async fn until_idle(&self, time_max: Duration) {
        loop {
            let (idle_since, version) = {
                let activity = self.activity();
                ((activity.requests == 0).then_some(activity.idle_since), activity.version)
            };
            match idle_since {
                _ if version.is_some_and(|version| version < Version::HTTP_2) => {
                    std::future::pending::<()>().await;
                }
                Some(since) if since.elapsed() >= time_max => return,
                Some(since) => sleep_until(since + time_max).await,
                None => self.became_idle.notified().await,
            }
        }
    }

    /// Completes when the client has read too little for `time_max`, or reads for too long.
    pub(super) async fn until_stalled(&self, time_max: Duration) {
        for _ in 0..CLOSING_PERIODS_MAX {
            let before = self.bytes_written.load(Ordering::Relaxed);
            sleep(time_max).await;
            if self.bytes_written.load(Ordering::Relaxed).saturating_sub(before) < PROGRESS_BYTES {
                return;
            }
        }
    }

    pub(super) fn add_written(&self, bytes: u64) {
        self.bytes_written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether a request was answered before its body had arrived.
    pub(super) fn has_unread_body(&self) -> bool {
        self.has_unread_body.load(Ordering::Relaxed)
    }

    pub(super) fn set_unread_body(&self) {
        self.has_unread_body.store(true, Ordering::Relaxed);
    }
}

/// A request in progress, an extension of the request. Its connection is not idle until this is dropped: a
/// WebSocket, which uses the connection after the response, holds it until it is closed.
#[derive(Debug)]
pub struct ActiveRequest {
    connection: Arc<Connection>,
    stream: Option<Arc<Http2Stream>>,
}

impl ActiveRequest {
    pub(super) fn start(connection: Arc<Connection>, version: Version) -> Arc<Self> {
        let mut activity = connection.activity();
        activity.version = Some(version);
        activity.requests += 1;
        drop(activity);
        Arc::new(Self { connection, stream: Http2Stream::current() })
    }

    /// Ends the response at once, with whatever is queued: resets the stream of HTTP/2, which has other
    /// requests on its connection, or closes the connection of HTTP/1.
    pub fn abort(&self) {
        match &self.stream {
            Some(stream) => stream.abort(),
            None => self.connection.abort.notify_one(),
        }
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        let mut activity = self.connection.activity();
        activity.requests = activity.requests.saturating_sub(1);
        if activity.requests == 0 {
            activity.idle_since = Instant::now();
            drop(activity);
            self.connection.became_idle.notify_one();
        }
    }
}

/// The body of a request. A request that is answered before it was read marks its connection.
pub(super) struct RequestBody<B: HttpBody> {
    body: B,
    is_read: bool,
    request: Arc<ActiveRequest>,
}

impl<B: HttpBody> RequestBody<B> {
    pub(super) fn new(body: B, request: Arc<ActiveRequest>) -> Self {
        Self { body, is_read: false, request }
    }
}

impl<B: HttpBody + Unpin> HttpBody for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.is_read |= matches!(polled, Poll::Ready(None));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: HttpBody> Drop for RequestBody<B> {
    fn drop(&mut self) {
        if !self.is_read && !self.body.is_end_stream() {
            self.request.connection.set_unread_body();
        }
    }
}

/// The body of a response, until all of it is written or, over HTTP/2, in the buffers of its stream.
pub(super) struct ResponseBody {
    body: Body,
    request: Arc<ActiveRequest>,
}

impl ResponseBody {
    pub(super) fn new(body: Body, request: Arc<ActiveRequest>) -> Self {
        Self { body, request }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Some(stream) = &self.request.stream {
            stream.set_waiting_for_client(polled.is_ready());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
