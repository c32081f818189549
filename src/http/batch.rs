//! Several requests in one body, and how many values a body may have.

use std::fmt;

use axum::http::StatusCode;
use serde::de::{Deserializer as _, SeqAccess, Visitor};

use super::accept::Media;
use super::answer::{NotRun, Outcome};
use super::input::{Parameters, malformed};
use crate::graphql::refusal::Code;

/// Most values of a body, names of fields not counted: a thousand activities have some 15 each. A
/// number of one digit takes two bytes on the wire and fifty times as much when it was read.
const VALUES_MAX: usize = 100_000;

/// Refuses a body whose values would take much more memory than its text.
pub(super) fn check_values(media: Media, body: &[u8]) -> Result<(), NotRun> {
    // Fewer bytes can't have more values, and nearly all bodies have fewer.
    if body.len() <= VALUES_MAX || values(body) <= VALUES_MAX {
        return Ok(());
    }
    let message = format!("The body has more than {VALUES_MAX} values; send less at a time.");
    let status = Outcome::Http(StatusCode::PAYLOAD_TOO_LARGE);
    Err(NotRun::new(media, status, Code::BadUserInput, message))
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

/// Reads a batch; the inner error is about its JSON.
pub(super) fn read(
    media: Media,
    body: &[u8],
    batch_max: usize,
) -> Result<Result<Vec<Parameters>, serde_json::Error>, NotRun> {
    if batch_max == 0 {
        return Err(malformed(media, "Batches are not accepted: send one request at a time."));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let batch = reader.deserialize_seq(UpTo(batch_max)).and_then(|batch| reader.end().map(|()| batch));
    match batch {
        Ok(batch) if batch.len() > batch_max => {
            let message = format!("A batch has {batch_max} requests at most; send several batches.");
            Err(malformed(media, message))
        }
        Ok(batch) if batch.is_empty() => Err(malformed(media, "A batch has one request at least.")),
        batch => Ok(batch),
    }
}

/// Reads a list up to a length and one more, which tells that it is too long; the rest is skipped.
struct UpTo(usize);

impl<'de> Visitor<'de> for UpTo {
    type Value = Vec<Parameters>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of requests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut batch = Vec::new();
        while batch.len() <= self.0
            && let Some(item) = items.next_element()?
        {
            batch.push(item);
        }
        while items.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(batch)
    }
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
            (r#"[[[]]]"#, 4),
            (r#""open"#, 1),
        ] {
            assert_eq!(values(json.as_bytes()), expected, "{json}");
        }
    }
}
