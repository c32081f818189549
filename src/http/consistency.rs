//! Queries that see what their caller changed by another process, where queries go to a standby of the database.
//!
//! A client that sends the header `Consistency-Token` gets a new token with the response to a mutation, and sends it
//! with what follows. To begin with it sends `0`. Instead of a token, `now` stands for everything so far.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::accept::MediaType;
use super::response::{ErrorResponse, Outcome};
use crate::freshness::Freshness;
use crate::graphql::refusal::Code;

/// The header with the token.
pub(super) static CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("consistency-token");
/// Maximum number of digits of a token.
const DIGITS_MAX: usize = 16;

/// In place of a token: everything that was changed before the request arrived.
const NOW: &str = "now";

/// What the queries of a request have to see, and whether it has changed anything.
#[derive(Debug, Default)]
pub(super) struct Consistency {
    freshness: Freshness,
    has_changed: AtomicBool,
}

impl Consistency {
    /// The token of a request.
    pub(super) fn from_headers(headers: &HeaderMap, media: MediaType) -> Result<Self, ErrorResponse> {
        let Some(value) = headers.get(&CONSISTENCY_TOKEN) else { return Ok(Self::default()) };
        let freshness = value.to_str().ok().and_then(parse).ok_or_else(|| {
            let message = "The header Consistency-Token is a token of an earlier response, 0 or now; the value of this \
                           request is none of them.";
            ErrorResponse::new(media, Outcome::Rejected, Code::BadUserInput, message)
        })?;
        Ok(Self { freshness, has_changed: AtomicBool::new(false) })
    }

    /// What a query has to see.
    pub(super) fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Notes that a mutation has ended.
    pub(super) fn note_change(&self) {
        self.has_changed.store(true, Ordering::Relaxed);
    }

    /// Whether the response has a new token.
    pub(super) fn wants_token(&self) -> bool {
        matches!(self.freshness, Freshness::Position(_)) && self.has_changed.load(Ordering::Relaxed)
    }
}

/// Writes the token of a position.
pub(super) fn write_token(position: u64, headers: &mut HeaderMap) {
    // Hexadecimal digits are a valid value.
    if let Ok(value) = HeaderValue::from_str(&format!("{position:x}")) {
        headers.insert(CONSISTENCY_TOKEN.clone(), value);
    }
}

fn parse(text: &str) -> Option<Freshness> {
    if text == NOW {
        return Some(Freshness::Now);
    }
    let is_token = text.len() <= DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let position = is_token.then(|| u64::from_str_radix(text, 16).ok()).flatten();
    position.map(Freshness::Position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_they_are_written() {
        for position in [0, 1, 0x3000_0148, u64::MAX] {
            let mut headers = HeaderMap::new();
            write_token(position, &mut headers);
            let read = Consistency::from_headers(&headers, MediaType::Json).expect("a token");
            assert_eq!(read.freshness(), Freshness::Position(position));
            assert!(!read.wants_token(), "nothing has changed");
            read.note_change();
            assert!(read.wants_token());
        }
    }

    #[test]
    fn other_values_are_refused() {
        // value, what it means
        let table = [
            ("0", Some(Freshness::Position(0))),
            ("FF", Some(Freshness::Position(255))),
            ("now", Some(Freshness::Now)),
            ("", None),
            ("Now", None),
            (" 0", None),
            ("+1", None),
            ("0x1", None),
            ("-1", None),
            ("g", None),
            ("00000000000000001", None),
            ("1, 2", None),
            ("\u{e9}", None),
        ];
        for (text, expected) in table {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_bytes(text.as_bytes()).expect("a value");
            headers.insert(CONSISTENCY_TOKEN.clone(), value);
            let read = Consistency::from_headers(&headers, MediaType::Json);
            match (read, expected) {
                (Ok(read), Some(expected)) => assert_eq!(read.freshness(), expected, "{text}"),
                (Err(error), None) => assert_eq!(error.outcome, Outcome::Rejected, "{text}"),
                (read, _) => panic!("{text}: {read:?}"),
            }
        }
        for headers in [
            HeaderMap::new(),
            [(CONSISTENCY_TOKEN.clone(), HeaderValue::from_static(NOW))].into_iter().collect(),
        ] {
            let without = Consistency::from_headers(&headers, MediaType::Json).expect("no token");
            without.note_change();
            assert!(!without.wants_token());
        }
    }
}
