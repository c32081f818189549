//! Observability of a running server: log, metrics and traces.

pub mod awards;
pub mod labels;
pub mod log;
pub mod metrics;
pub mod observation;
pub mod prometheus_text;
pub mod replica;
pub mod traces;

use self::log::LogSettings;
use self::traces::Collector;

/// Settings of log, metrics and traces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `LOG_FORMAT` and `RUST_LOG`: how the log is written, and how much of it.
    pub log: LogSettings,
    /// `METRICS_BIND`: a separate address for `/metrics`.
    pub metrics_bind: Option<std::net::SocketAddr>,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_SERVICE_NAME`: the collector of traces.
    pub collector: Option<Collector>,
}

/// The telemetry of the process; dropping it flushes pending traces.
#[derive(Debug, Default)]
#[must_use]
pub struct Telemetry {
    traces: Option<traces::Traces>,
}

impl Telemetry {
    /// Starts the log and, with a collector, the traces of this process. Called once per process, outside
    /// of the runtime that serves.
    ///
    /// # Errors
    /// When the collector's address is invalid.
    pub fn start(settings: &Settings) -> Result<Self, String> {
        let traces = settings.collector.as_ref().map(traces::Traces::open).transpose()?;
        log::start(&settings.log, traces.as_ref());
        Ok(Self { traces })
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(traces) = self.traces.take() {
            traces.close();
        }
    }
}
