//! Batches of requests in one body, and the limit on the values of a body.

use axum::http::StatusCode;
use serde_json::value::RawValue;

use super::accept::MediaType;
use super::response::{ErrorResponse, Outcome};
use crate::graphql::limits::{grouped, len_u64};
use crate::graphql::refusal::Code;

/// Maximum values of a body, without field names: a thousand activities have some 15 each. A number of
/// one digit takes two bytes on the wire and fifty times as much when parsed.
const VALUES_MAX: usize = 100_000;

/// Refuses a body whose values would take far more memory than its text.
pub(super) fn check_value_count(media: MediaType, body: &[u8]) -> Result<(), ErrorResponse> {
    // A value has at least one byte, and nearly all bodies are shorter than this.
    let values = if body.len() <= VALUES_MAX { 0 } else { count_values(body) };
    if values <= VALUES_MAX {
        return Ok(());
    }
    let (values, max) = (grouped(len_u64(values)), grouped(len_u64(VALUES_MAX)));
    let message = format!("The request body has {values} values; the maximum is {max}. Send less at a time.");
    let status = Outcome::Http(StatusCode::PAYLOAD_TOO_LARGE);
    Err(ErrorResponse::new(media, status, Code::BadUserInput, message))
}

/// Counts the values of a JSON text: each but the first of its list or object follows a comma.
fn count_values(body: &[u8]) -> usize {
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

/// Splits a batch into its requests; the inner error is about its JSON.
pub(super) fn split_batch(
    media: MediaType,
    body: &[u8],
    batch_max: usize,
) -> Result<Result<Vec<&RawValue>, serde_json::Error>, ErrorResponse> {
    if batch_max == 0 {
        return Err(ErrorResponse::malformed(
            media,
            "Request batching is off on this server; send one request at a time.",
        ));
    }
    let requests: Vec<&RawValue> = match serde_json::from_slice(body) {
        Ok(requests) => requests,
        Err(error) => return Ok(Err(error)),
    };
    if requests.is_empty() || requests.len() > batch_max {
        let message = format!("A batch must have 1 to {batch_max} requests, not {}.", requests.len());
        return Err(ErrorResponse::malformed(media, message));
    }
    Ok(Ok(requests))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_inside_strings_are_not_counted() {
        for (json, expected) in [
            ("1", 1),
            (r#"{"a": 1, "b": [2, 3]}"#, 5),
            (r#"{"a": "[[[,,,\"{{{\\"}"#, 2),
            ("[[[]]]", 4),
            (r#""open"#, 1),
        ] {
            assert_eq!(count_values(json.as_bytes()), expected, "{json}");
        }
    }
}
