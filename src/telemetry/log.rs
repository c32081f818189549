//! The log: lines of text for people, or of JSON for programs, on stderr.

use std::io::IsTerminal;

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::traces::{self, Traces};

/// Default filter, without `RUST_LOG`.
const FILTER: &str = "warn,rmcp=error,partner_program=info";
/// Target of the line for each finished request.
pub const REQUEST: &str = "partner_program::request";

/// The format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// A line of text, coloured on a terminal.
    #[default]
    Text,
    /// A line of JSON.
    Json,
}

/// How the log is written, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// `LOG_FORMAT`.
    pub format: LogFormat,
    /// `RUST_LOG`: validated directives of [`EnvFilter`].
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: FILTER.to_owned() }
    }
}

impl LogSettings {
    /// Whether the text is a valid filter.
    #[must_use]
    pub fn is_filter(text: &str) -> bool {
        EnvFilter::builder().parse(text).is_ok()
    }
}

/// Starts the log of this process, with the layer for traces if there are any.
pub(super) fn start(settings: &LogSettings, traces: Option<&Traces>) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| FILTER.into());
    // Spans of traces are too verbose for the log.
    let filter = tracing_subscriber::filter::FilterExt::and(
        filter,
        filter_fn(|metadata| metadata.target() != traces::TARGET),
    );
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => {
            let json = lines.json().flatten_event(true);
            json.with_current_span(true).with_span_list(false).boxed()
        }
    };
    let log = tracing_subscriber::registry().with(lines.with_filter(filter));
    match traces {
        Some(traces) => log.with(traces.layer()).init(),
        None => log.init(),
    }
    if settings.format == LogFormat::Json {
        log_panics();
    }
}

/// Writes the error that ended a command as the last line of a JSON log, whether the log was started or the
/// settings are at fault.
pub fn json_error(message: &str) {
    let line = fmt::layer().with_writer(std::io::stderr).json().flatten_event(true);
    // Where the log was started it is the one that is used.
    let _started = tracing_subscriber::registry().with(line).try_init();
    tracing::error!(error = message, "the command failed");
}

/// Panics as lines of the log, instead of the text that the runtime prints.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("(no message)");
        let location = panic.location().map(ToString::to_string);
        tracing::error!(panic = text, location, "panicked");
    }));
}
