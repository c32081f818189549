//! Parsing of GraphQL requests from a body or a query string.

use std::collections::BTreeMap;

use async_graphql::{Value, Variables};
use axum::extract::Query;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::accept::MediaType;
use super::request_batch;
use super::response::{ErrorResponse, Outcome};
use crate::graphql::document_ref::{DocumentHash, DocumentRef};
use crate::graphql::refusal::{Code, QUOTED_CHARS_MAX, Refusal, truncate_chars};
use crate::program::nearest::nearest;

/// The parameters of which a request must have one.
const DOCUMENT_NAMES: [&str; 2] = ["query", "documentId"];
/// Maximum names of parameters that are compared with those.
const NAMES_MAX: usize = 20;

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

/// Checks that a request's `Content-Type` is `application/json`, in UTF-8.
///
/// # Errors
///
/// 415 for another one, or none.
pub fn check_content_type(media: MediaType, headers: &HeaderMap) -> Result<(), ErrorResponse> {
    let given = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("(not ASCII)"));
    let message = match given {
        Some(given) if is_json(given) => return Ok(()),
        Some(given) => {
            let given = truncate_chars(given.to_owned(), QUOTED_CHARS_MAX);
            format!("The Content-Type {given:?} is not supported; send application/json in UTF-8.")
        }
        None => "The Content-Type is missing; send application/json in UTF-8.".to_owned(),
    };
    let status = Outcome::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    Err(ErrorResponse::new(media, status, Code::BadUserInput, message))
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or("");
    media_type.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
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
    let text = json.trim_ascii_start();
    if text.first() != Some(&b'{') {
        let given = match text.first() {
            None => "it is empty",
            Some(b'"') => "it is a string",
            Some(b'[') => "it is a list",
            Some(_) => "it starts with another value",
        };
        let message = format!("The request must be a JSON object with \"query\" or \"documentId\"; {given}.");
        return Err(ErrorResponse::malformed(media, message));
    }
    let parameters: Parameters = serde_json::from_slice(json).map_err(|error| invalid_json(media, &error))?;
    #[expect(clippy::zero_sized_map_values, reason = "only the names are of interest")]
    let names = || serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(json).map(BTreeMap::into_keys);
    request_params(media, parameters, || names().into_iter().flatten().collect())
}

fn invalid_json(media: MediaType, error: &serde_json::Error) -> ErrorResponse {
    let at = format!("line {}, column {}", error.line(), error.column());
    let message = match duplicate_field(&error.to_string()) {
        Some(name) if error.is_data() => format!("The request has the parameter \"{name}\" twice ({at})."),
        _ if error.is_eof() => format!("The request body is not valid JSON: it ends at {at}."),
        _ => format!("The request body is not valid JSON at {at}."),
    };
    ErrorResponse::malformed(media, message)
}

/// The field that a message about a duplicate names.
fn duplicate_field(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("duplicate field `")?;
    rest.split_once('`').map(|(name, _)| name)
}

/// Parses the request of a GET.
///
/// # Errors
///
/// 400: a parameter that is missing, given twice or of another type.
pub fn from_query_string(media: MediaType, uri: &Uri) -> Result<RequestParams, ErrorResponse> {
    let Query(query_string) = Query::<QueryString>::try_from_uri(uri).map_err(|error| {
        let text = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
        ErrorResponse::malformed(
            media,
            match duplicate_field(&text) {
                Some(name) => format!("The request has the parameter \"{name}\" twice."),
                None => "The query string is not valid.".to_owned(),
            },
        )
    })?;
    let json = |name: &str, text: Option<String>| match text {
        Some(text) if !text.is_empty() => serde_json::from_str(&text).map_err(|_| {
            let given = truncate_chars(text, QUOTED_CHARS_MAX);
            ErrorResponse::malformed(
                media,
                format!("The parameter \"{name}\" must be a JSON object, not {given:?}."),
            )
        }),
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
        || {
            let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
            pairs.map(|pair| pair.split('=').next().unwrap_or(pair).to_owned()).collect()
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

/// `names` lists the parameters of the request, for the message that the document is missing.
fn request_params(
    media: MediaType,
    parameters: Parameters,
    names: impl FnOnce() -> Vec<String>,
) -> Result<RequestParams, ErrorResponse> {
    let wrong = |name: &str, expected: &str, given: &Value| {
        Err(ErrorResponse::malformed(
            media,
            format!("The parameter \"{name}\" must be {expected}, not {}.", kind(given)),
        ))
    };
    let refused = |refusal: Refusal| ErrorResponse::malformed(media, refusal.message);
    let hash = match &parameters.extensions {
        Value::Null => None,
        Value::Object(extensions) => match extensions.get("persistedQuery") {
            None | Some(Value::Null) => None,
            Some(persisted) => Some(persisted_hash(media, persisted)?),
        },
        other => return wrong("extensions", "an object", other),
    };
    let variables = match parameters.variables {
        Value::Null => Variables::default(),
        variables @ Value::Object(_) => Variables::from_value(variables),
        other => return wrong("variables", "an object", &other),
    };
    let operation_name = match parameters.operation_name {
        Value::Null => None,
        Value::String(name) => Some(name),
        other => return wrong("operationName", "a string", &other),
    };
    let reference = match parameters.document_id {
        Value::Null => hash.map(DocumentRef::Hash),
        Value::String(id) if id.is_empty() => hash.map(DocumentRef::Hash),
        Value::String(id) => Some(DocumentRef::from_id(id).map_err(refused)?),
        other => return wrong("documentId", "a string", &other),
    };
    let document = match (parameters.query, reference) {
        (Value::Null, Some(reference)) => reference,
        (Value::String(text), Some(reference)) if text.is_empty() => reference,
        (Value::String(text), Some(reference)) => reference.with_text(text).map_err(refused)?,
        (Value::String(text), None) => DocumentRef::Text(text),
        (Value::Null, None) => return Err(ErrorResponse::malformed(media, missing_document(&names()))),
        (other, _) => return wrong("query", "a string", &other),
    };
    Ok(RequestParams { document, operation_name, variables })
}

fn missing_document(names: &[String]) -> String {
    let near = names.iter().take(NAMES_MAX).find_map(|name| Some((name, nearest(name, DOCUMENT_NAMES)?)));
    match near {
        Some((name, near)) => {
            let name = truncate_chars(name.clone(), QUOTED_CHARS_MAX);
            format!(
                "The request has no parameter \"query\" or \"documentId\", but {name:?}. Did you mean \"{near}\"?"
            )
        }
        None => "The request has no parameter \"query\"; send the GraphQL document in it.".to_owned(),
    }
}

/// The kind of a JSON value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Number(_) => "a number",
        Value::String(_) | Value::Enum(_) => "a string",
        Value::Boolean(_) => "a boolean",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
        Value::Binary(_) => "a file",
    }
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
        let expected = "{\"version\": 1, \"sha256Hash\": \"<64 hexadecimal digits>\"}";
        ErrorResponse::malformed(media, format!("The extension \"persistedQuery\" must be {expected}."))
    })
}
