//! Answers: which status, which body, and what is said of errors.

use async_graphql::{ErrorExtensionValues, ServerError, Value};
use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::accept::MediaType;
use super::request_id::RequestId;
use super::throttle::{self, RateLimited};
use crate::graphql::refusal::{Code, ERRORS_MAX, Refusal, truncate_message};

/// Outcome of a request without errors.
const OK: &str = "ok";
/// Outcome of a request that has errors beside its data.
const PARTIAL: &str = "partial";

/// What became of a request. The one table of statuses is its method `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was run, whatever its fields answered.
    Executed,
    /// It was read and not run, for what it asks: its document, its variables, its cost.
    Rejected,
    /// It is no GraphQL request.
    Malformed,
    /// It was not run for a reason that HTTP has a status for.
    Http(StatusCode),
}

impl Outcome {
    fn status(self, media: MediaType) -> StatusCode {
        match (self, media) {
            (Self::Executed, _) | (Self::Rejected, MediaType::Json) => StatusCode::OK,
            (Self::Rejected, MediaType::GraphqlResponse) | (Self::Malformed, _) => StatusCode::BAD_REQUEST,
            (Self::Http(status), _) => status,
        }
    }
}

/// A request that was not run, or whose running came to nothing.
#[derive(Debug)]
pub struct NotRun {
    /// The media type of the answer.
    pub media: MediaType,
    /// What became of the request.
    pub outcome: Outcome,
    /// Why.
    pub errors: Vec<ServerError>,
    /// One more header.
    pub header: Option<(HeaderName, HeaderValue)>,
}

impl NotRun {
    /// What it is counted as: the code of its first error.
    #[must_use]
    pub fn counted_as(&self) -> &'static str {
        self.errors.first().map_or(Code::InternalServerError, code).as_str()
    }

    /// One reason.
    #[must_use]
    pub fn new(media: MediaType, outcome: Outcome, code: Code, message: impl Into<String>) -> Self {
        Self { media, outcome, errors: vec![Refusal::new(code, message).into()], header: None }
    }

    /// 401, with the scheme to use.
    #[must_use]
    pub fn unauthenticated(media: MediaType, message: String) -> Self {
        let status = Outcome::Http(StatusCode::UNAUTHORIZED);
        let mut answer = Self::new(media, status, Code::Unauthenticated, message);
        answer.header = Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        answer
    }

    /// 405, with the methods that there are.
    #[must_use]
    pub fn method(media: MediaType, allow: &'static str, message: &str) -> Self {
        let status = Outcome::Http(StatusCode::METHOD_NOT_ALLOWED);
        let mut answer = Self::new(media, status, Code::BadUserInput, message);
        answer.header = Some((ALLOW, HeaderValue::from_static(allow)));
        answer
    }

    /// 429, with the time to wait, in seconds and rounded up.
    #[must_use]
    pub fn rate_limited(media: MediaType, wait: RateLimited) -> Self {
        let seconds = throttle::ceil_seconds(wait.retry_after);
        let status = Outcome::Http(StatusCode::TOO_MANY_REQUESTS);
        let message = format!("{}; try again in {seconds} s.", wait.limit);
        let mut answer = Self::new(media, status, Code::RateLimited, message);
        if let Some(extensions) = answer.errors[0].extensions.as_mut() {
            extensions.set("retryAfter", Value::from(seconds));
        }
        answer.header = Some((RETRY_AFTER, HeaderValue::from(seconds)));
        answer
    }
}

impl NotRun {
    /// The errors as JSON, without what HTTP has around them.
    #[must_use]
    pub fn errors_json(&self) -> Vec<u8> {
        // Texts and values can always be written.
        serde_json::to_vec(&self.errors).unwrap_or_else(|_| b"[]".to_vec())
    }
}

impl From<NotRun> for Answer {
    fn from(not_run: NotRun) -> Self {
        let body = Envelope { errors: &not_run.errors, data: None, extensions: None };
        let status = not_run.outcome.status(not_run.media);
        Self::new(status, not_run.media, not_run.header.into_iter().collect(), &body)
    }
}

impl IntoResponse for NotRun {
    fn into_response(self) -> Response {
        Answer::from(self).into_response()
    }
}

/// A whole answer, which may also be one of several in a batch.
#[derive(Debug)]
pub struct Answer {
    outcome: &'static str,
    status: StatusCode,
    media: MediaType,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn new(status: StatusCode, media: MediaType, headers: HeaderMap, body: &Envelope<'_>) -> Self {
        let outcome = body.outcome();
        match serde_json::to_vec(body) {
            Ok(body) => Self { outcome, status, media, headers, body },
            // Names and values are what JSON can say; a scalar of ours that is not is a fault.
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                let (status, body) = (StatusCode::INTERNAL_SERVER_ERROR, b"{}".to_vec());
                let outcome = Code::InternalServerError.as_str();
                Self { outcome, status, media, headers: HeaderMap::new(), body }
            }
        }
    }

    /// What it is counted as: `ok`, `partial`, or the code of its first error.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        self.outcome
    }

    /// Several answers as one: a list in the order of the requests. Whether each was run is said in
    /// it, because there is no status for several.
    #[must_use]
    pub fn batch(media: MediaType, answers: Vec<Self>) -> Self {
        let mut body = vec![b'['];
        let mut headers = HeaderMap::new();
        let outcome = answers.iter().map(Self::outcome).find(|outcome| *outcome != OK).unwrap_or(OK);
        for (index, answer) in answers.into_iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            body.extend(answer.body);
            headers.extend(answer.headers);
        }
        body.push(b']');
        Self { outcome, status: StatusCode::OK, media, headers, body }
    }
}

impl Answer {
    /// The answer without status and headers: JSON.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        let content_type = HeaderValue::from_static(self.media.content_type());
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}

/// The answer to a request that was run. `data` is there even if it is null.
#[must_use]
pub fn executed(media: MediaType, response: async_graphql::Response, id: &RequestId) -> Answer {
    let errors = presentable(response.errors, id);
    let extensions = (!response.extensions.is_empty()).then_some(&response.extensions);
    let body = Envelope { errors: &errors, data: Some(&response.data), extensions };
    Answer::new(Outcome::Executed.status(media), media, response.http_headers, &body)
}

/// The answer to a fault of ours: the id and nothing else.
#[must_use]
pub fn internal(media: MediaType, id: &RequestId) -> NotRun {
    NotRun {
        media,
        outcome: Outcome::Http(StatusCode::INTERNAL_SERVER_ERROR),
        errors: vec![masked(ServerError::new("", None), id)],
        header: None,
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    // First, so that a person who reads a long answer sees them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<&'a std::collections::BTreeMap<String, Value>>,
}

impl Envelope<'_> {
    fn outcome(&self) -> &'static str {
        match self.errors.first() {
            None => OK,
            Some(_) if self.data.is_some_and(|data| *data != Value::Null) => PARTIAL,
            Some(error) => code(error).as_str(),
        }
    }
}

/// The code of an error that is sent, which has one of the closed list.
fn code(error: &ServerError) -> Code {
    match error.extensions.as_ref().and_then(|it| it.get("code")) {
        Some(Value::String(code)) => Code::parse(code).unwrap_or(Code::InternalServerError),
        _ => Code::InternalServerError,
    }
}

/// Errors of resolvers as clients may see them: each with a code, bounded in number and
/// length. One without a code is a fault of ours, is logged here and says nothing outside.
fn presentable(mut errors: Vec<ServerError>, id: &RequestId) -> Vec<ServerError> {
    if errors.len() > ERRORS_MAX {
        tracing::warn!(request_id = id.as_str(), count = errors.len(), "errors left out of an answer");
        errors.truncate(ERRORS_MAX);
    }
    errors.into_iter().map(|error| presentable_one(error, id)).collect()
}

fn presentable_one(mut error: ServerError, id: &RequestId) -> ServerError {
    let code = error.extensions.as_ref().and_then(|it| it.get("code")).cloned();
    let is_internal = matches!(&code, Some(Value::String(code))
        if code == Code::InternalServerError.as_str());
    if code.is_none() && is_about_input(&error) {
        let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
        extensions.set("code", Code::BadUserInput.as_str());
    } else if code.is_none() || is_internal {
        tracing::error!(
            request_id = id.as_str(),
            message = error.message,
            path = ?error.path,
            "a resolver failed"
        );
        return masked(error, id);
    }
    error.message = truncate_message(error.message);
    error
}

/// The same place, with nothing of what happened there.
fn masked(error: ServerError, id: &RequestId) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", Code::InternalServerError.as_str());
    extensions.set("requestId", id.as_str());
    ServerError {
        message: "Something went wrong on our side; quote the request id.".to_owned(),
        source: None,
        extensions: Some(extensions),
        ..error
    }
}

/// Whether the error is one of the library's own about an argument. It gives these neither
/// code nor type, and no source either, which errors of resolvers have. Resolvers' errors
/// with a code are not looked at.
fn is_about_input(error: &ServerError) -> bool {
    const ARGUMENTS: [&str; 4] =
        ["Failed to parse \"", "Expected input type \"", "Invalid value for argument \"", "Variable "];
    const PAGES: [&str; 2] = ["The \"first\"", "The \"last\""];
    let begins = |beginning: &&str| error.message.starts_with(*beginning);
    (error.source.is_none() && ARGUMENTS.iter().any(begins)) || PAGES.iter().any(begins)
}
