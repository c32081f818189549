//! The outermost layer: gives each request an id, and an answer even if a handler panics.

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
use crate::telemetry::observed::Summary;
use crate::telemetry::{log, traces};

/// The header of the id, in requests and answers.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken from a client, in bytes.
const LENGTH_MAX: usize = 64;

/// The id under which the log has what happened to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The client's own id if it is harmless, a new one otherwise.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(X_REQUEST_ID).filter(|value| {
            let bytes = value.as_bytes();
            let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            (1..=LENGTH_MAX).contains(&bytes.len()) && bytes.iter().all(harmless)
        });
        given.map_or_else(Self::new, |value| Self(value.clone()))
    }

    fn new() -> Self {
        let mut buffer = Uuid::encode_buffer();
        let text = Uuid::now_v7().as_hyphenated().encode_lower(&mut buffer);
        // Hexadecimal digits and hyphens always make a header value.
        Self(HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("none")))
    }

    /// The id of one of the operations that were asked for under this id.
    #[must_use]
    pub fn part(&self, number: u64) -> Self {
        HeaderValue::try_from(format!("{}-{number}", self.as_str())).map_or_else(|_| self.clone(), Self)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("none")
    }
}

/// Puts a [`RequestId`] into the request's extensions and the answer's headers. A panic
/// further in becomes a 500 with the id; the connection stays.
pub async fn layer(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    let accept = request.headers().get(ACCEPT).cloned();
    // The template of the route: a path may hold anything.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let (method, since) = (method(request.method()), Instant::now());
    let logged = info_span!(target: log::REQUEST, "request", request_id = id.as_str());
    let traced = traces::request(method, route, id.as_str(), &Headers(request.headers()));
    let answering = async {
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response = answer.unwrap_or_else(|panic| {
            report(&id, panic.as_ref());
            let headers = accept.map(|accept| (ACCEPT, accept)).into_iter().collect();
            let media = negotiate(&headers).media.unwrap_or(MediaType::Json);
            response::internal_error(media, &id).into_response()
        });
        finished(method, route, &response, since);
        response
    };
    let mut response = answering.instrument(traced.clone()).instrument(logged).await;
    traces::answered(&traced, response.status().as_u16());
    response.headers_mut().insert(X_REQUEST_ID, id.0);
    response
}

/// One line for each request, on demand: many requests make many lines.
fn finished(method: &str, route: &str, response: &Response, since: Instant) {
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

/// The method, unless a client made it up.
fn method(method: &Method) -> &'static str {
    let known = [Method::GET, Method::POST, Method::OPTIONS, Method::HEAD, Method::PUT, Method::DELETE];
    let names = ["GET", "POST", "OPTIONS", "HEAD", "PUT", "DELETE"];
    known.iter().position(|known| known == method).map_or("_OTHER", |index| names[index])
}

/// The headers that may tell of a trace.
struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Writes a panic into the log, under the id of its request.
pub(super) fn report(id: &RequestId, panic: &(dyn Any + Send)) {
    tracing::error!(request_id = id.as_str(), panic = text(panic), "a handler panicked");
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let string = panic.downcast_ref::<String>().map(String::as_str);
    string.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("not a text")
}
