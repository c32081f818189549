//! The id of a request.

use std::any::Any;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header of the id, in requests and responses.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum length of an id from a client, in bytes.
const ID_BYTES_MAX: usize = 64;

/// The id of a request, which the log and the response carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub(super) HeaderValue);

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

/// Logs a panic with the id of its request.
pub(super) fn log_panic(id: &RequestId, panic: &(dyn Any + Send)) {
    tracing::error!(request_id = id.as_str(), panic = panic_message(panic), "handler panicked");
}

/// The message of a panic, for the log.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let string = panic.downcast_ref::<String>().map(String::as_str);
    string.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)")
}
