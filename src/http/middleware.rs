//! The outermost layer: assigns a request id, and turns a handler's panic into a response.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderName, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use opentelemetry::propagation::Extractor;
use tracing::{Instrument, info_span};

use super::accept::{MediaType, negotiate};
use super::request_id::{RequestId, X_REQUEST_ID, log_panic};
use super::{response, sandboxes};
use crate::telemetry::observation::Summary;
use crate::telemetry::{log, traces};

/// Adds a [`RequestId`] to the request's extensions and the response's headers. A panic of an inner
/// handler becomes a 500 with the id; the connection stays open.
pub(super) async fn layer(mut request: Request, next: Next) -> Response {
    let id = RequestId::from_headers(request.headers());
    request.extensions_mut().insert(id.clone());
    let accept = request.headers().get(ACCEPT).cloned();
    // The template of the route: a path is unbounded.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let is_of_sandbox = request.uri().path().starts_with(sandboxes::PREFIX);
    let unmatched = if is_of_sandbox { sandboxes::ROUTE } else { "none" };
    let route = route.as_ref().map_or(unmatched, MatchedPath::as_str);
    let (method, since) = (method_label(request.method()), Instant::now());
    let log_span = info_span!(target: log::REQUEST, "request", request_id = id.as_str());
    let trace_span = traces::request(method, route, id.as_str(), &HeaderExtractor(request.headers()));
    let handling = async {
        let result = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response = result.unwrap_or_else(|panic| {
            log_panic(&id, panic.as_ref());
            let headers = accept.map(|accept| (ACCEPT, accept)).into_iter().collect();
            let media = negotiate(&headers).media.unwrap_or(MediaType::Json);
            response::internal_error(media, &id).into_response()
        });
        log_finished(method, route, &response, since);
        response
    };
    let mut response = handling.instrument(trace_span.clone()).instrument(log_span).await;
    traces::record_status(&trace_span, response.status().as_u16());
    response.headers_mut().insert(X_REQUEST_ID, id.0);
    response
}

/// Logs a finished request, at debug level because of the number of lines.
fn log_finished(method: &str, route: &str, response: &Response, since: Instant) {
    let status = response.status().as_u16();
    let duration_us = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
    if let Some(Summary { kind, outcome, role }) = response.extensions().get::<Summary>() {
        tracing::debug!(
            target: log::REQUEST,
            method, route, status, duration_us, operation = kind, outcome, role, "finished"
        );
    } else {
        tracing::debug!(target: log::REQUEST, method, route, status, duration_us, "finished");
    }
}

/// The method for metrics and traces; unknown ones share one label.
fn method_label(method: &Method) -> &'static str {
    let methods = [Method::GET, Method::POST, Method::OPTIONS, Method::HEAD, Method::PUT, Method::DELETE];
    let names = ["GET", "POST", "OPTIONS", "HEAD", "PUT", "DELETE"];
    methods.iter().position(|known| known == method).map_or("_OTHER", |index| names[index])
}

/// Extracts the trace context from headers.
struct HeaderExtractor<'h>(&'h HeaderMap);

impl Extractor for HeaderExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}
