//! Traces: spans that go to an OpenTelemetry collector, if there is one.
//!
//! They have a target of their own, so that without a collector each is a check of a flag, and with
//! one the log does not repeat them.

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

/// Where traces go to, by the variables that OpenTelemetry defines.
#[derive(Clone, PartialEq, Eq)]
pub struct Collector {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: the base of its addresses.
    pub endpoint: reqwest::Url,
    /// `OTEL_SERVICE_NAME`: what this server is called there.
    pub service_name: String,
}

impl Collector {
    /// What the server is called unless a setting says otherwise.
    pub const SERVICE_NAME: &'static str = "partner-program";

    /// The address for traces.
    fn url(&self) -> String {
        format!("{}/v1/traces", self.endpoint.as_str().trim_end_matches('/'))
    }
}

/// Shows no name or password of the address.
impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (host, path) = (self.endpoint.host_str(), self.endpoint.path());
        write!(f, "Collector({host:?} {path} {:?})", self.service_name)
    }
}

/// The traces of this process. They are sent by a thread of their own.
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

    /// Sends what was not sent yet.
    pub(super) fn close(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "some traces were not sent");
        }
    }
}

/// Whether anybody wants spans.
#[must_use]
pub fn is_on() -> bool {
    tracing::enabled!(target: TARGET, Level::INFO)
}

/// A request by HTTP, as a part of its caller's trace if the headers tell of one.
#[must_use]
pub fn request(method: &str, route: &str, request_id: &str, headers: &dyn Extractor) -> Span {
    if !is_on() {
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
        // It fails where the span has begun already, or is none.
        let _ = span.set_parent(caller);
    }
    span
}

/// A request has been answered.
pub fn answered(request: &Span, status: u16) {
    request.record("http.response.status_code", status);
    if status >= 500 {
        request.record("otel.status_code", "ERROR");
    }
}

/// A document is looked up, or parsed and validated.
#[must_use]
pub fn preparation() -> Span {
    info_span!(target: TARGET, "graphql.prepare")
}

/// An operation runs. `label` is what it is counted under, never what a client made up.
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

/// A field at the top of an operation is worked out.
#[must_use]
pub fn root_field(name: &str) -> Span {
    info_span!(target: TARGET, "graphql.field", otel.name = name, graphql.field.name = name)
}

/// A use case changes something in a transaction, which may take several tries.
#[must_use]
pub fn transaction(use_case: &str) -> Span {
    info_span!(
        target: TARGET,
        "transaction",
        partner_program.use_case = use_case,
        partner_program.tries = Empty,
    )
}

/// How often a transaction was tried.
pub fn tried(transaction: &Span, tries: u32) {
    transaction.record("partner_program.tries", tries);
}
