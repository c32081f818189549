//! The outermost layer: assigns a request id, and turns a handler's panic into a response.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use opentelemetry::propagation::Extractor;
use tracing::{Instrument, info_span};
use uuid::Uuid;

use super::accept::{MediaType, negotiate};
use super::response;
use crate::telemetry::observation::Summary;
use crate::telemetry::{log, traces};

/// The header of the id, in requests and responses.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum length of an id from a client, in bytes.
const ID_BYTES_MAX: usize = 64;

/// The id of a request, which the log and the response carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The client's id if it is valid, a new one otherwise.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let client_id = headers.get(X_REQUEST_ID).filter(|value| {
            let bytes = value.as_bytes();
            let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            (1..=ID_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(is_safe)
        });
        client_id.map_or_else(Self::new, |value| Self(value.clone()))
    }

    fn new() -> Self {
        let mut buffer = Uuid::encode_buffer();
        let text = Uuid::now_v7().as_hyphenated().encode_lower(&mut buffer);
        // Hexadecimal digits and hyphens always make a header value.
        Self(HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("none")))
    }

    /// The id of one of the operations of this connection.
    #[must_use]
    pub fn for_operation(&self, number: u64) -> Self {
        HeaderValue::try_from(format!("{}-{number}", self.as_str())).map_or_else(|_| self.clone(), Self)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("none")
    }
}

/// Adds a [`RequestId`] to the request's extensions and the response's headers. A panic of an inner
/// handler becomes a 500 with the id; the connection stays open.
pub async fn layer(mut request: Request, next: Next) -> Response {
    let id = RequestId::from_headers(request.headers());
    request.extensions_mut().insert(id.clone());
    let accept = request.headers().get(ACCEPT).cloned();
    // The template of the route: a path is unbounded.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
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

/// Logs a panic with the id of its request.
pub(super) fn log_panic(id: &RequestId, panic: &(dyn Any + Send)) {
    tracing::error!(request_id = id.as_str(), panic = panic_message(panic), "a handler panicked");
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let string = panic.downcast_ref::<String>().map(String::as_str);
    string.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("not a text")
}
