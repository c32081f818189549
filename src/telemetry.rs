//! What operators see of a running server: its log, its metrics and its traces.

pub mod awards;
pub mod labels;
pub mod log;
pub mod metrics;
pub mod observed;
pub mod traces;

use self::log::LogSettings;
use self::traces::Collector;

/// What is told to operators, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `LOG_FORMAT` and `RUST_LOG`: how the log is written, and how much of it.
    pub log: LogSettings,
    /// `METRICS_BIND`: an address of its own for `/metrics`.
    pub metrics_bind: Option<std::net::SocketAddr>,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_SERVICE_NAME`: where traces go to.
    pub collector: Option<Collector>,
}

/// Ends the telemetry of the process when it is dropped: what was not sent yet is sent.
#[derive(Debug, Default)]
#[must_use]
pub struct Telemetry {
    traces: Option<traces::Traces>,
}

impl Telemetry {
    /// Begins the log and, if there is a collector, the traces of this process. Once per process, and
    /// outside of the runtime that serves.
    ///
    /// # Errors
    /// When the collector's address can't be used.
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
