//! The streams of HTTP/2, each of which has one request. A client may stop reading one stream and go on
//! with the others, so the deadline for writes of the connection does not cover them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

tokio::task_local! {
    static STREAM: Arc<Http2Stream>;
}

/// A stream with a request.
#[derive(Debug, Default)]
pub(super) struct Http2Stream {
    abort: Notify,
    /// Since when a part of the response waits until the client can receive it.
    waiting_since: Mutex<Option<Instant>>,
}

impl Http2Stream {
    /// The stream whose request the current task handles; none over HTTP/1.
    pub(super) fn current() -> Option<Arc<Self>> {
        STREAM.try_with(Arc::clone).ok()
    }

    /// Resets the stream.
    pub(super) fn abort(&self) {
        self.abort.notify_one();
    }

    pub(super) fn set_waiting_for_client(&self, is_waiting: bool) {
        *self.waiting_since.lock().unwrap_or_else(PoisonError::into_inner) = is_waiting.then(Instant::now);
    }

    /// Completes when the stream is to be reset: it was aborted, or the client has received nothing of it
    /// for `time_max`.
    async fn until_reset(&self, time_max: Duration) {
        let stalled = async {
            loop {
                let since = *self.waiting_since.lock().unwrap_or_else(PoisonError::into_inner);
                match since {
                    Some(since) if since.elapsed() >= time_max => return,
                    Some(since) => sleep_until(since + time_max).await,
                    None => sleep(time_max).await,
                }
            }
        };
        tokio::select! {
            () = stalled => {}
            () = self.abort.notified() => {}
        }
    }
}

/// Runs the tasks of HTTP/2 connections. A task that is dropped resets its stream, and what was queued for
/// it is discarded.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamExecutor {
    pub(super) write_time_max: Duration,
}

impl<F> Executor<F> for StreamExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let stream = Arc::<Http2Stream>::default();
        let time_max = self.write_time_max;
        tokio::spawn(STREAM.scope(Arc::clone(&stream), async move {
            tokio::select! {
                () = task => {}
                () = stream.until_reset(time_max) => {}
            }
        }));
    }
}
