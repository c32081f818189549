//! Traces: spans for an OpenTelemetry collector, if there is one.
//!
//! They have their own target, so that without a collector each costs a check of a flag, and with one the
//! log does not repeat them.

use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::field::Empty;
use tracing::{Level, Span, Subscriber, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// Target of every span of a trace.
pub const TARGET: &str = "otel";

/// The collector of traces, by the variables that OpenTelemetry defines.
#[derive(Clone, PartialEq, Eq)]
pub struct Collector {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: the base URL.
    pub endpoint: reqwest::Url,
    /// `OTEL_SERVICE_NAME`: the name of this service.
    pub service_name: String,
}

impl Collector {
    /// Default name of the service.
    pub const SERVICE_NAME: &'static str = "partner-program";

    /// The URL for traces.
    fn url(&self) -> String {
        format!("{}/v1/traces", self.endpoint.as_str().trim_end_matches('/'))
    }
}

/// Omits user and password of the URL.
impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (host, path) = (self.endpoint.host_str(), self.endpoint.path());
        write!(f, "Collector({host:?} {path} {:?})", self.service_name)
    }
}

/// The traces of this process, which a background thread exports.
#[derive(Debug)]
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    pub(super) fn open(collector: &Collector) -> Result<Self, String> {
        let exporter = SpanExporter::builder().with_http().with_endpoint(collector.url()).build();
        let exporter = exporter.map_err(|error| format!("OTEL_EXPORTER_OTLP_ENDPOINT: {error}"))?;
        let resource = Resource::builder().with_service_name(collector.service_name.clone());
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
        Ok(Self(provider.with_resource(resource.build()).build()))
    }

    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("partner-program"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.target() == TARGET))
    }

    /// Exports pending spans.
    pub(super) fn close(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "failed to export traces");
        }
    }
}

/// Whether spans are collected.
#[must_use]
pub fn is_enabled() -> bool {
    tracing::enabled!(target: TARGET, Level::INFO)
}

/// The span of an HTTP request, as a child of the caller's trace if the headers have one.
#[must_use]
pub fn request(method: &str, route: &str, request_id: &str, headers: &dyn Extractor) -> Span {
    if !is_enabled() {
        return Span::none();
    }
    let span = info_span!(
        target: TARGET,
        parent: None,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        request.id = request_id,
    );
    let caller = TraceContextPropagator::new().extract(headers);
    if caller.span().span_context().is_valid() {
        // It fails where the span has started already, or is disabled.
        let _ = span.set_parent(caller);
    }
    span
}

/// Records the status of a response.
pub fn record_status(request: &Span, status: u16) {
    request.record("http.response.status_code", status);
    if status >= 500 {
        request.record("otel.status_code", "ERROR");
    }
}

/// The span of preparing a document: lookup, or parsing and validation.
#[must_use]
pub fn prepare() -> Span {
    info_span!(target: TARGET, "graphql.prepare")
}

/// The span of an operation. `label` is its bounded label for metrics, not client input.
#[must_use]
pub fn operation(kind: &str, label: &str) -> Span {
    info_span!(
        target: TARGET,
        "graphql.operation",
        otel.name = kind,
        graphql.operation.type = kind,
        partner_program.operation = label,
    )
}

/// The span of a root field.
#[must_use]
pub fn root_field(name: &str) -> Span {
    info_span!(target: TARGET, "graphql.field", otel.name = name, graphql.field.name = name)
}

/// The span of a use case's transaction, including retries.
#[must_use]
pub fn transaction(use_case: &str) -> Span {
    info_span!(
        target: TARGET,
        "transaction",
        partner_program.use_case = use_case,
        partner_program.tries = Empty,
    )
}

/// Records the number of attempts of a transaction.
pub fn record_tries(transaction: &Span, tries: u32) {
    transaction.record("partner_program.tries", tries);
}
