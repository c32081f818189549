//! Several requests in one body, and how many values a body may have.

use axum::http::StatusCode;
use serde_json::value::RawValue;

use super::accept::MediaType;
use super::input::malformed;
use super::response::{ErrorResponse, Outcome};
use crate::graphql::refusal::Code;

/// Most values of a body, names of fields not counted: a thousand activities have some 15 each. A
/// number of one digit takes two bytes on the wire and fifty times as much when it was read.
const VALUES_MAX: usize = 100_000;

/// Refuses a body whose values would take much more memory than its text.
pub(super) fn check_values(media: MediaType, body: &[u8]) -> Result<(), ErrorResponse> {
    // Fewer bytes can't have more values, and nearly all bodies have fewer.
    if body.len() <= VALUES_MAX || values(body) <= VALUES_MAX {
        return Ok(());
    }
    let message = format!("The body has more than {VALUES_MAX} values; send less at a time.");
    let status = Outcome::Http(StatusCode::PAYLOAD_TOO_LARGE);
    Err(ErrorResponse::new(media, status, Code::BadUserInput, message))
}

/// Values of a JSON text: each but the first of its list or object has a comma before it.
fn values(body: &[u8]) -> usize {
    let mut values = 1;
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' | b'[' | b'{' => values += 1,
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => {
                            bytes.next();
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    values
}

/// Takes a batch apart into its requests; the inner error is about its JSON.
pub(super) fn split(
    media: MediaType,
    body: &[u8],
    batch_max: usize,
) -> Result<Result<Vec<&RawValue>, serde_json::Error>, ErrorResponse> {
    if batch_max == 0 {
        return Err(malformed(media, "Batches are not accepted: send one request at a time."));
    }
    let requests: Vec<&RawValue> = match serde_json::from_slice(body) {
        Ok(requests) => requests,
        Err(error) => return Ok(Err(error)),
    };
    if requests.is_empty() || requests.len() > batch_max {
        let message = format!("A batch has 1 to {batch_max} requests, not {}.", requests.len());
        return Err(malformed(media, message));
    }
    Ok(Ok(requests))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_but_not_in_texts() {
        for (json, expected) in [
            ("1", 1),
            (r#"{"a": 1, "b": [2, 3]}"#, 5),
            (r#"{"a": "[[[,,,\"{{{\\"}"#, 2),
            ("[[[]]]", 4),
            (r#""open"#, 1),
        ] {
            assert_eq!(values(json.as_bytes()), expected, "{json}");
        }
    }
}
