//! A request while it is under way, and what is known of it when it has ended.

use std::sync::Arc;
use std::time::Instant;

use super::labels::{TimeLabels, Transport};
use super::metrics::Metrics;

tokio::task_local! {
    static METRICS: Metrics;
}

/// Label of what is not known.
const NONE: &str = "none";
/// Outcome of a request whose client has left.
const CANCELLED: &str = "CANCELLED";

/// A request that is counted when this is dropped. Until its outcome is told it counts as cancelled.
#[derive(Debug)]
pub struct Observed {
    metrics: Metrics,
    transport: Transport,
    summary: Summary,
    operation: Option<Arc<str>>,
    since: Instant,
    is_counted: bool,
}

/// What a line of the log says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Whether it was a query, a mutation or a subscription.
    pub kind: &'static str,
    /// `ok`, `partial`, or the code of its first error.
    pub outcome: &'static str,
    /// The role of its caller.
    pub role: &'static str,
}

impl Observed {
    pub(super) fn new(metrics: Metrics, transport: Transport) -> Self {
        let summary = Summary { kind: NONE, outcome: CANCELLED, role: NONE };
        Self { metrics, transport, summary, operation: None, since: Instant::now(), is_counted: true }
    }

    /// Another request of the same body.
    #[must_use]
    pub fn another(&self) -> Self {
        let mut another = self.metrics.observe(Transport::Batch);
        another.summary.role = self.summary.role;
        another
    }

    /// It is no request by itself: nothing is counted.
    pub fn dismiss(&mut self) {
        self.is_counted = false;
    }

    /// The role of its caller is known.
    pub fn role(&mut self, role: &'static str) {
        self.summary.role = role;
    }

    /// Its operation is known.
    pub fn operation(&mut self, kind: &'static str, label: &Arc<str>) {
        self.summary.kind = kind;
        self.operation = Some(Arc::clone(label));
    }

    /// It came on another way than it seemed at first.
    pub fn transport(&mut self, transport: Transport) {
        self.transport = transport;
    }

    /// Its answer is known.
    pub fn outcome(&mut self, outcome: &'static str) {
        self.summary.outcome = outcome;
    }

    /// What is known of it.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.summary
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let Summary { kind, outcome, .. } = self.summary;
        let outcome = if std::thread::panicking() { "INTERNAL_SERVER_ERROR" } else { outcome };
        let labels = TimeLabels {
            r#type: kind,
            operation: self.operation.take().unwrap_or_else(|| Arc::from(NONE)),
            transport: self.transport.as_str(),
        };
        self.metrics.ended(self.is_counted, labels, outcome, self.since.elapsed());
    }
}

/// Runs an operation whose refusals are counted.
pub async fn counting<T>(metrics: Metrics, operation: impl Future<Output = T>) -> T {
    METRICS.scope(metrics, operation).await
}

/// The operation under way is refused, by a code of the closed list.
pub fn refused(code: &'static str) {
    // Outside of an operation there is nothing to be counted.
    let _ = METRICS.try_with(|metrics| metrics.user_error(code));
}
