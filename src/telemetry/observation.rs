//! Observation of a request: its labels are collected while it is in flight, and counted when it ends.

use std::sync::Arc;
use std::time::Instant;

use super::labels::{DurationLabels, Transport};
use super::metrics::Metrics;

tokio::task_local! {
    static METRICS: Metrics;
}

/// Label of an unknown value.
const UNKNOWN: &str = "none";
/// Outcome of a request whose client disconnected.
const CANCELLED: &str = "CANCELLED";

/// A request that is counted when this is dropped; without an outcome it counts as cancelled.
#[derive(Debug)]
pub struct RequestObservation {
    metrics: Metrics,
    transport: Transport,
    summary: Summary,
    operation: Option<Arc<str>>,
    started_at: Instant,
    is_counted: bool,
}

/// The summary of a request for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Whether it was a query, a mutation or a subscription.
    pub kind: &'static str,
    /// `ok`, `partial`, or the code of its first error.
    pub outcome: &'static str,
    /// The role of its caller.
    pub role: &'static str,
}

impl RequestObservation {
    /// Starts the observation of a request that has arrived.
    #[must_use]
    pub fn new(metrics: &Metrics, transport: Transport) -> Self {
        metrics.request_started();
        let metrics = metrics.clone();
        let summary = Summary { kind: UNKNOWN, outcome: CANCELLED, role: UNKNOWN };
        Self { metrics, transport, summary, operation: None, started_at: Instant::now(), is_counted: true }
    }

    /// The observation of a request of a batch.
    #[must_use]
    pub fn for_batched_request(&self) -> Self {
        let mut observation = Self::new(&self.metrics, Transport::Batch);
        observation.summary.role = self.summary.role;
        observation
    }

    /// Discards the observation: nothing is counted.
    pub fn discard(&mut self) {
        self.is_counted = false;
    }

    /// Sets the role of the caller.
    pub fn set_role(&mut self, role: &'static str) {
        self.summary.role = role;
    }

    /// Sets type and label of the operation.
    pub fn set_operation(&mut self, kind: &'static str, label: &Arc<str>) {
        self.summary.kind = kind;
        self.operation = Some(Arc::clone(label));
    }

    /// Sets another transport than the one it started with.
    pub fn set_transport(&mut self, transport: Transport) {
        self.transport = transport;
    }

    /// Sets the outcome.
    pub fn set_outcome(&mut self, outcome: &'static str) {
        self.summary.outcome = outcome;
    }

    /// The summary so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.summary
    }
}

impl Drop for RequestObservation {
    fn drop(&mut self) {
        let Summary { kind, outcome, .. } = self.summary;
        let outcome = if std::thread::panicking() { "INTERNAL_SERVER_ERROR" } else { outcome };
        let labels = DurationLabels {
            r#type: kind,
            operation: self.operation.take().unwrap_or_else(|| Arc::from(UNKNOWN)),
            transport: self.transport.as_str(),
        };
        self.metrics.request_ended(self.is_counted, labels, outcome, self.started_at.elapsed());
    }
}

/// Runs an operation with metrics that count its user errors.
pub async fn with_metrics<T>(metrics: Metrics, operation: impl Future<Output = T>) -> T {
    METRICS.scope(metrics, operation).await
}

/// Counts a user error of the running operation, by a code of the closed list.
pub fn count_user_error(code: &'static str) {
    // Outside of an operation nothing is counted.
    let _ = METRICS.try_with(|metrics| metrics.user_error(code));
}
