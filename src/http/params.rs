//! Parsing of GraphQL requests from a body or a query string.

use std::time::Duration;

use async_graphql::{Value, Variables};
use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode, Uri};
use futures_util::StreamExt;
use serde::Deserialize;

use super::accept::MediaType;
use super::request_batch;
use super::response::{ErrorResponse, Outcome};
use crate::graphql::document_ref::{DocumentHash, DocumentRef};
use crate::graphql::refusal::{Code, Refusal};

/// How much of an oversized body is read and discarded, as a multiple of the limit. A client that is
/// still writing reads no response before it is done.
const DRAIN_FACTOR: u64 = 32;

/// The parameters of a GraphQL request.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestParams {
    /// The document.
    pub document: DocumentRef,
    /// The name of the operation to run, if there is one.
    pub operation_name: Option<String>,
    /// The variables, not validated yet.
    pub variables: Variables,
}

/// Whether a request's `Content-Type` is `application/json`, in UTF-8.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or("");
    media_type.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

/// Reads a body of up to `bytes_max` bytes within `time_max`.
///
/// # Errors
///
/// 413 for a larger body, 408 for a timeout, 400 for an incomplete body.
pub async fn read_body(
    media: MediaType,
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    time_max: Duration,
) -> Result<Bytes, ErrorResponse> {
    let content_length: Option<u64> =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let mut stream = body.into_data_stream();
    let too_large = || {
        let message = format!("The body is larger than {bytes_max} bytes; send less at a time.");
        let status = Outcome::Http(StatusCode::PAYLOAD_TOO_LARGE);
        ErrorResponse::new(media, status, Code::BadUserInput, message)
    };
    let mut collected = Vec::new();
    let reading = async {
        let mut length: u64 = content_length.filter(|length| *length > max).unwrap_or(0);
        if length == 0 {
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map_err(|_| ErrorResponse::malformed(media, "The body broke off."))?;
                length += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
                if length > max {
                    break;
                }
                // Nearly every body arrives in one chunk, which need not be copied.
                collected.push(chunk);
            }
        }
        Ok(length)
    };
    let length = tokio::time::timeout(time_max, reading).await.map_err(|_| {
        let status = Outcome::Http(StatusCode::REQUEST_TIMEOUT);
        ErrorResponse::new(media, status, Code::OperationTimeout, "The body took too long to arrive.")
    })??;
    if length > max {
        collected.clear();
        // A client that sent `Expect: 100-continue` has not started to send the body.
        if !headers.contains_key(EXPECT) {
            drain(stream, max.saturating_mul(DRAIN_FACTOR), time_max).await;
        }
        return Err(too_large());
    }
    Ok(match collected.len() {
        1 => collected.swap_remove(0),
        _ => collected.concat().into(),
    })
}

async fn drain(mut stream: axum::body::BodyDataStream, bytes_max: u64, time_max: Duration) {
    let mut left = bytes_max;
    let draining = async {
        while let Some(Ok(chunk)) = stream.next().await {
            left = left.saturating_sub(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if left == 0 {
                break;
            }
        }
    };
    // The response is the same whether the body was drained completely or not.
    let _done = tokio::time::timeout(time_max, draining).await;
}

/// The JSON of a body. Each parameter accepts any value, so that errors can name the wrong one.
#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    query: Value,
    #[serde(default, rename = "documentId")]
    document_id: Value,
    #[serde(default, rename = "operationName")]
    operation_name: Value,
    #[serde(default)]
    variables: Value,
    #[serde(default)]
    extensions: Value,
}

/// The query string of a GET. Variables and extensions are JSON.
#[derive(Deserialize)]
struct QueryString {
    query: Option<String>,
    #[serde(rename = "documentId")]
    document_id: Option<String>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

/// The requests of a POST body.
#[derive(Debug)]
pub enum RequestBody {
    /// One request.
    Single(RequestParams),
    /// A batch, in order; each request is parsed independently of the others.
    Batch(Vec<Result<RequestParams, ErrorResponse>>),
}

/// Parses the body of a POST; a batch may have up to `batch_max` requests.
///
/// # Errors
///
/// 400: invalid JSON, not an object, a batch where batches are off or with too many requests, or a
/// parameter of another type. 413: too many values.
pub fn from_body(media: MediaType, body: &[u8], batch_max: usize) -> Result<RequestBody, ErrorResponse> {
    request_batch::check_value_count(media, body)?;
    if body.trim_ascii_start().first() != Some(&b'[') {
        return from_json(media, body).map(RequestBody::Single);
    }
    let requests =
        request_batch::split_batch(media, body, batch_max)?.map_err(|error| invalid_json(media, &error))?;
    let requests = requests.into_iter().map(|request| from_json(media, request.get().as_bytes()));
    Ok(RequestBody::Batch(requests.collect()))
}

pub(super) fn from_json(media: MediaType, json: &[u8]) -> Result<RequestParams, ErrorResponse> {
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(ErrorResponse::malformed(media, "A request must be a JSON object."));
    }
    let parameters: Parameters = serde_json::from_slice(json).map_err(|error| invalid_json(media, &error))?;
    request_params(media, parameters)
}

fn invalid_json(media: MediaType, error: &serde_json::Error) -> ErrorResponse {
    let (line, column) = (error.line(), error.column());
    let reason = if error.is_data() { "a parameter is given twice" } else { "it is not JSON" };
    ErrorResponse::malformed(
        media,
        format!("The body cannot be read at line {line}, column {column}: {reason}."),
    )
}

/// Parses the request of a GET.
///
/// # Errors
///
/// 400: a parameter that is missing, given twice or of another type.
pub fn from_query_string(media: MediaType, uri: &Uri) -> Result<RequestParams, ErrorResponse> {
    let Query(query_string) = Query::<QueryString>::try_from_uri(uri).map_err(|_| {
        ErrorResponse::malformed(media, "The query string cannot be read, or gives a parameter twice.")
    })?;
    let json = |name: &str, text: Option<String>| match text {
        Some(text) if !text.is_empty() => serde_json::from_str(&text)
            .map_err(|_| ErrorResponse::malformed(media, format!("The parameter \"{name}\" must be JSON."))),
        _ => Ok(Value::Null),
    };
    request_params(
        media,
        Parameters {
            query: query_string.query.map_or(Value::Null, Value::String),
            document_id: query_string.document_id.map_or(Value::Null, Value::String),
            operation_name: query_string.operation_name.map_or(Value::Null, Value::String),
            variables: json("variables", query_string.variables)?,
            extensions: json("extensions", query_string.extensions)?,
        },
    )
}

/// Whether the query string has a document, so that the GET is not a visit of the page.
#[must_use]
pub fn has_document(uri: &Uri) -> bool {
    let names = ["query=", "documentId=", "extensions="];
    let is_named = |pair: &str| names.iter().any(|name| pair.starts_with(name));
    uri.query().is_some_and(|text| text.split('&').any(is_named))
}

fn request_params(media: MediaType, parameters: Parameters) -> Result<RequestParams, ErrorResponse> {
    let wrong = |name: &str, expected: &str| {
        Err(ErrorResponse::malformed(media, format!("The parameter \"{name}\" must be {expected}.")))
    };
    let refused = |refusal: Refusal| ErrorResponse::malformed(media, refusal.message);
    let hash = match &parameters.extensions {
        Value::Null => None,
        Value::Object(extensions) => match extensions.get("persistedQuery") {
            None | Some(Value::Null) => None,
            Some(persisted) => Some(persisted_hash(media, persisted)?),
        },
        _ => return wrong("extensions", "an object"),
    };
    let variables = match parameters.variables {
        Value::Null => Variables::default(),
        variables @ Value::Object(_) => Variables::from_value(variables),
        _ => return wrong("variables", "an object"),
    };
    let operation_name = match parameters.operation_name {
        Value::Null => None,
        Value::String(name) => Some(name),
        _ => return wrong("operationName", "a string"),
    };
    let reference = match parameters.document_id {
        Value::Null => hash.map(DocumentRef::Hash),
        Value::String(id) if id.is_empty() => hash.map(DocumentRef::Hash),
        Value::String(id) => Some(DocumentRef::from_id(id).map_err(refused)?),
        _ => return wrong("documentId", "a string"),
    };
    let document = match (parameters.query, reference) {
        (Value::Null, Some(reference)) => reference,
        (Value::String(text), Some(reference)) if text.is_empty() => reference,
        (Value::String(text), Some(reference)) => reference.with_text(text).map_err(refused)?,
        (Value::String(text), None) => DocumentRef::Text(text),
        (Value::Null, None) => return wrong("query", "given"),
        _ => return wrong("query", "a string"),
    };
    Ok(RequestParams { document, operation_name, variables })
}

/// The hash of `extensions.persistedQuery`, as Apollo's clients send it.
fn persisted_hash(media: MediaType, persisted: &Value) -> Result<DocumentHash, ErrorResponse> {
    let field = |name: &str| match persisted {
        Value::Object(fields) => fields.get(name),
        _ => None,
    };
    let is_version_1 = matches!(field("version"), Some(Value::Number(it)) if it.as_u64() == Some(1));
    let hash = match field("sha256Hash") {
        Some(Value::String(hash)) => DocumentHash::parse(hash),
        _ => None,
    };
    hash.filter(|_| is_version_1).ok_or_else(|| {
        let expected = "{\"version\": 1, \"sha256Hash\": <64 hexadecimal digits>}";
        ErrorResponse::malformed(media, format!("The extension \"persistedQuery\" must be {expected}."))
    })
}
