//! Responses: status, body, and how errors are presented.

use async_graphql::{ErrorExtensionValues, ServerError, Value};
use async_graphql_axum::GraphQLResponse;
use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::accept::MediaType;
use super::request_id::RequestId;
use super::throttle::{self, RateLimited};
use crate::deadline::Deadline;
use crate::graphql::argument_error;
use crate::graphql::refusal::{Code, ERRORS_MAX, OUTCOME, Refusal, UNAVAILABLE, truncate_message};

/// Label of a request without errors.
const OK: &str = "ok";
/// Label of a request with both data and errors.
const PARTIAL: &str = "partial";

/// Completes the message about an unavailable database.
const UNCHANGED: &str = "Nothing was changed.";
/// The same after an effect.
const CHANGED_BEFORE: &str = "What the mutation changed before this is kept.";
/// `Retry-After`: a retry is likely to succeed after this many seconds.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// The outcome of a request. Its method `status` is the one table of statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was executed, with or without errors of fields.
    Executed,
    /// It was well-formed and not executed, because of its document, its variables or its cost.
    Rejected,
    /// It is not a GraphQL request.
    Malformed,
    /// It was not executed, for a reason that has an HTTP status.
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

/// The response to a request that was not executed, or whose execution failed as a whole.
#[derive(Debug)]
pub struct ErrorResponse {
    /// The media type of the response.
    pub media: MediaType,
    /// The outcome of the request.
    pub outcome: Outcome,
    /// The reasons.
    pub errors: Vec<ServerError>,
    /// An additional header.
    pub header: Option<(HeaderName, HeaderValue)>,
}

impl ErrorResponse {
    /// The label for metrics: the code of its first error.
    #[must_use]
    pub fn outcome_label(&self) -> &'static str {
        self.errors.first().map_or(Code::InternalServerError, code).as_str()
    }

    /// A response with one error.
    #[must_use]
    pub fn new(media: MediaType, outcome: Outcome, code: Code, message: impl Into<String>) -> Self {
        Self { media, outcome, errors: vec![Refusal::new(code, message).into()], header: None }
    }

    /// 400 for a request that is not a GraphQL request.
    #[must_use]
    pub fn malformed(media: MediaType, message: impl Into<String>) -> Self {
        Self::new(media, Outcome::Malformed, Code::BadUserInput, message)
    }

    /// 401, with the authentication scheme.
    #[must_use]
    pub fn unauthenticated(media: MediaType, message: String) -> Self {
        let status = Outcome::Http(StatusCode::UNAUTHORIZED);
        let mut response = Self::new(media, status, Code::Unauthenticated, message);
        response.header = Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        response
    }

    /// 405, with the allowed methods.
    #[must_use]
    pub fn method_not_allowed(media: MediaType, allow: &'static str, message: &str) -> Self {
        let status = Outcome::Http(StatusCode::METHOD_NOT_ALLOWED);
        let mut response = Self::new(media, status, Code::BadUserInput, message);
        response.header = Some((ALLOW, HeaderValue::from_static(allow)));
        response
    }

    /// 503, with the seconds until a retry.
    #[must_use]
    pub fn unavailable(media: MediaType) -> Self {
        let status = Outcome::Http(StatusCode::SERVICE_UNAVAILABLE);
        let message = format!("{UNAVAILABLE} {UNCHANGED}");
        let mut response = Self::new(media, status, Code::ServiceUnavailable, message);
        response.header = Some((RETRY_AFTER, RETRY_SECONDS));
        response
    }

    /// 429, with the seconds until a retry, rounded up.
    #[must_use]
    pub fn rate_limited(media: MediaType, limited: RateLimited) -> Self {
        let seconds = throttle::ceil_seconds(limited.retry_after);
        let status = Outcome::Http(StatusCode::TOO_MANY_REQUESTS);
        let message = format!("{}; retry in {seconds} s.", limited.limit);
        let mut response = Self::new(media, status, Code::RateLimited, message);
        if let Some(extensions) = response.errors[0].extensions.as_mut() {
            extensions.set("retryAfter", Value::from(seconds));
        }
        response.header = Some((RETRY_AFTER, HeaderValue::from(seconds)));
        response
    }
}

impl ErrorResponse {
    /// The errors as JSON, without the envelope of an HTTP response.
    #[must_use]
    pub fn errors_json(&self) -> Vec<u8> {
        // Strings and JSON values always serialize.
        serde_json::to_vec(&self.errors).unwrap_or_else(|_| b"[]".to_vec())
    }
}

impl From<ErrorResponse> for EncodedResponse {
    fn from(error_response: ErrorResponse) -> Self {
        let body = Envelope { errors: &error_response.errors, data: None, extensions: None };
        let status = error_response.outcome.status(error_response.media);
        Self::new(status, error_response.media, error_response.header.into_iter().collect(), &body)
    }
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        EncodedResponse::from(self).into_response()
    }
}

/// A response with its body as JSON, which may also be one of several of a batch.
#[derive(Debug)]
pub struct EncodedResponse {
    outcome_label: &'static str,
    status: StatusCode,
    media: MediaType,
    content: Content,
}

/// The content of a response, without its status and media type.
#[derive(Debug)]
enum Content {
    /// The result of an execution without errors, which `async-graphql-axum` turns into HTTP.
    Result(Box<async_graphql::Response>),
    /// Headers and JSON. Errors are written here: `async-graphql-axum` puts them after the data, and adds
    /// `"data": null` to the response of a request that was not executed.
    Encoded(HeaderMap, Vec<u8>),
}

impl EncodedResponse {
    fn new(status: StatusCode, media: MediaType, headers: HeaderMap, body: &Envelope<'_>) -> Self {
        let outcome_label = body.outcome_label();
        match serde_json::to_vec(body) {
            Ok(body) => Self { outcome_label, status, media, content: Content::Encoded(headers, body) },
            // A scalar that does not serialize is an internal error.
            Err(error) => {
                tracing::error!(%error, "failed to serialize response");
                let content = Content::Encoded(HeaderMap::new(), b"{}".to_vec());
                let outcome_label = Code::InternalServerError.as_str();
                Self { outcome_label, status: StatusCode::INTERNAL_SERVER_ERROR, media, content }
            }
        }
    }

    /// The label for metrics: `ok`, `partial`, or the code of its first error.
    #[must_use]
    pub fn outcome_label(&self) -> &'static str {
        self.outcome_label
    }

    /// Combines several responses into a list in the order of the requests. Each has its own errors,
    /// because one status cannot represent several.
    #[must_use]
    pub fn batch(media: MediaType, responses: Vec<Self>) -> Self {
        let mut body = vec![b'['];
        let mut headers = HeaderMap::new();
        let outcome_label =
            responses.iter().map(Self::outcome_label).find(|outcome| *outcome != OK).unwrap_or(OK);
        for (index, response) in responses.into_iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            let (response_headers, response_body) = response.content.into_parts();
            body.extend(response_body);
            headers.extend(response_headers);
        }
        body.push(b']');
        Self { outcome_label, status: StatusCode::OK, media, content: Content::Encoded(headers, body) }
    }
}

impl EncodedResponse {
    /// The JSON without status and headers.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.content.into_parts().1
    }
}

impl Content {
    fn into_parts(self) -> (HeaderMap, Vec<u8>) {
        match self {
            Self::Result(result) => {
                // Strings and JSON values always serialize.
                let body = serde_json::to_vec(&result).unwrap_or_else(|_| b"{}".to_vec());
                (result.http_headers, body)
            }
            Self::Encoded(headers, body) => (headers, body),
        }
    }
}

impl IntoResponse for EncodedResponse {
    fn into_response(self) -> Response {
        let mut response = match self.content {
            Content::Result(result) => GraphQLResponse::from(*result).into_response(),
            Content::Encoded(headers, body) => {
                let mut response = Response::new(Body::from(body));
                *response.headers_mut() = headers;
                response
            }
        };
        *response.status_mut() = self.status;
        let content_type = HeaderValue::from_static(self.media.content_type());
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}

/// The response to a request that was executed. `data` is present even if it is null.
#[must_use]
pub fn from_execution(
    media: MediaType,
    mut response: async_graphql::Response,
    id: &RequestId,
) -> EncodedResponse {
    let status = Outcome::Executed.status(media);
    if response.is_ok() {
        return EncodedResponse {
            outcome_label: OK,
            status,
            media,
            content: Content::Result(Box::new(response)),
        };
    }
    let errors = sanitize_errors(std::mem::take(&mut response.errors), id);
    let extensions = (!response.extensions.is_empty()).then_some(&response.extensions);
    let body = Envelope { errors: &errors, data: Some(&response.data), extensions };
    EncodedResponse::new(status, media, response.http_headers, &body)
}

/// The response to an executed query or mutation.
///
/// # Errors
/// When the database was away or too slow for all of it: the response then has no data, and a status that
/// clients and proxies know how to handle.
pub fn from_operation(
    media: MediaType,
    mut response: async_graphql::Response,
    id: &RequestId,
    deadline: &Deadline,
) -> Result<EncodedResponse, ErrorResponse> {
    let commits = deadline.commits();
    for error in &mut response.errors {
        if code(error) == Code::ServiceUnavailable && !is_in_doubt(error) {
            let effect = if commits == 0 { UNCHANGED } else { CHANGED_BEFORE };
            error.message = format!("{} {effect}", error.message);
        }
    }
    let has_data = match &response.data {
        Value::Null => false,
        Value::Object(fields) => fields.values().any(|value| *value != Value::Null),
        _ => true,
    };
    // Without paths, an error would hide the effects of earlier root fields.
    let in_doubt = u32::from(response.errors.iter().any(is_in_doubt));
    if has_data || commits > in_doubt {
        return Ok(from_execution(media, response, id));
    }
    let mut codes = response.errors.iter().map(code);
    let transient = codes.next().filter(|first| codes.all(|code| code == *first));
    let status = match transient {
        Some(Code::ServiceUnavailable) => StatusCode::SERVICE_UNAVAILABLE,
        Some(Code::OperationTimeout) => StatusCode::GATEWAY_TIMEOUT,
        _ => return Ok(from_execution(media, response, id)),
    };
    let errors = response.errors.into_iter().take(1).map(|error| ServerError { path: Vec::new(), ..error });
    Err(ErrorResponse {
        media,
        outcome: Outcome::Http(status),
        errors: errors.collect(),
        header: (status == StatusCode::SERVICE_UNAVAILABLE).then_some((RETRY_AFTER, RETRY_SECONDS)),
    })
}

/// Whether nobody knows if the change took effect.
fn is_in_doubt(error: &ServerError) -> bool {
    error.extensions.as_ref().is_some_and(|extensions| extensions.get(OUTCOME).is_some())
}

/// The response to an internal error: the request id and nothing else.
#[must_use]
pub fn internal_error(media: MediaType, id: &RequestId) -> ErrorResponse {
    ErrorResponse {
        media,
        outcome: Outcome::Http(StatusCode::INTERNAL_SERVER_ERROR),
        errors: vec![mask(ServerError::new("", None), id)],
        header: None,
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    // First, so that a person who reads a long response sees them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<&'a std::collections::BTreeMap<String, Value>>,
}

impl Envelope<'_> {
    fn outcome_label(&self) -> &'static str {
        match self.errors.first() {
            None => OK,
            Some(_) if self.data.is_some_and(|data| *data != Value::Null) => PARTIAL,
            Some(error) => code(error).as_str(),
        }
    }
}

/// The code of an error that is sent, one of the closed list.
fn code(error: &ServerError) -> Code {
    match error.extensions.as_ref().and_then(|it| it.get("code")) {
        Some(Value::String(code)) => Code::parse(code).unwrap_or(Code::InternalServerError),
        _ => Code::InternalServerError,
    }
}

/// Errors of resolvers as clients may see them: each with a code, bounded in number and length. An error
/// without a code is internal: it is logged here, and clients get no details.
fn sanitize_errors(mut errors: Vec<ServerError>, id: &RequestId) -> Vec<ServerError> {
    if errors.len() > ERRORS_MAX {
        tracing::warn!(request_id = id.as_str(), count = errors.len(), "too many errors; response truncated");
        errors.truncate(ERRORS_MAX);
    }
    errors.into_iter().map(|error| sanitize_error(error, id)).collect()
}

fn sanitize_error(mut error: ServerError, id: &RequestId) -> ServerError {
    let code = error.extensions.as_ref().and_then(|it| it.get("code")).cloned();
    let is_internal = matches!(&code, Some(Value::String(code))
        if code == Code::InternalServerError.as_str());
    // Resolvers' errors have a code, or a source.
    let argument =
        if code.is_none() && error.source.is_none() { argument_error::reword(&error.message) } else { None };
    if let Some(message) = argument {
        error.message = message;
        let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
        extensions.set("code", Code::BadUserInput.as_str());
    } else if code.is_none() || is_internal {
        tracing::error!(
            request_id = id.as_str(),
            message = error.message,
            path = ?error.path,
            "resolver failed"
        );
        return mask(error, id);
    }
    error.message = truncate_message(error.message);
    error
}

/// The error at the same path, without its details.
fn mask(error: ServerError, id: &RequestId) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", Code::InternalServerError.as_str());
    extensions.set("requestId", id.as_str());
    ServerError {
        message: "Internal server error; quote the request id when you report it.".to_owned(),
        source: None,
        extensions: Some(extensions),
        ..error
    }
}
