//! Metrics of a standby that reads go to. They are there only where one is configured.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::labels::SourceLabels;

/// The server that a query reads from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadSource {
    /// The primary.
    Primary,
    /// The standby.
    Replica,
}

impl ReadSource {
    fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        }
    }
}

/// What is known of a standby at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaState {
    /// Whether reads go to it.
    pub in_use: bool,
    /// How late it is, while it answers.
    pub lag: Option<Duration>,
    /// What it has not replayed, in bytes of the write-ahead log.
    pub lag_bytes: Option<u64>,
}

/// Metrics of a standby; cheap to clone.
#[derive(Clone, Debug)]
pub struct ReplicaMetrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    in_use: Gauge,
    lag: Gauge<f64, AtomicU64>,
    lag_bytes: Gauge,
    reads: Family<SourceLabels, Counter>,
    repeated: Counter,
}

impl Default for ReplicaMetrics {
    fn default() -> Self {
        let mut inner = Inner {
            registry: Registry::default(),
            in_use: Gauge::default(),
            lag: Gauge::default(),
            lag_bytes: Gauge::default(),
            reads: Family::default(),
            repeated: Counter::default(),
        };
        let registry = inner.registry.sub_registry_with_prefix("partner_program");
        let what = "1 while reads go to the replica, 0 while they go to the primary";
        registry.register("replica_in_use", what, inner.in_use.clone());
        let what = "Time for which the replica has owed what it has not replayed";
        registry.register("replica_lag_seconds", what, inner.lag.clone());
        let what = "What the replica has not replayed, in bytes of the write-ahead log";
        registry.register("replica_lag_bytes", what, inner.lag_bytes.clone());
        let what = "Queries, by the server that they read from";
        registry.register("reads", what, inner.reads.clone());
        let what = "Reads of the replica that failed and were repeated on the primary";
        registry.register("replica_reads_repeated", what, inner.repeated.clone());
        for source in [ReadSource::Primary, ReadSource::Replica] {
            drop(inner.reads.get_or_create(&SourceLabels { source: source.as_str() }));
        }
        Self(Arc::new(inner))
    }
}

impl ReplicaMetrics {
    pub(super) fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// Counts a query by the server that it reads from.
    pub fn read(&self, source: ReadSource) {
        self.0.reads.get_or_create(&SourceLabels { source: source.as_str() }).inc();
    }

    /// Counts a read of the standby that is repeated on the primary.
    pub fn repeated(&self) {
        self.0.repeated.inc();
    }

    /// Sets what is known of the standby. What is unknown keeps its value.
    pub fn set(&self, state: ReplicaState) {
        let ReplicaState { in_use, lag, lag_bytes } = state;
        self.0.in_use.set(i64::from(in_use));
        if let Some(lag) = lag {
            self.0.lag.set(lag.as_secs_f64());
        }
        if let Some(bytes) = lag_bytes {
            self.0.lag_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }
}
