//! Confirmations: what a preview returns, and the second step of a change presents.
//!
//! A confirmation is signed and not stored, so any process accepts what another one has issued. The signature covers
//! the caller, the tool, its arguments and the time at which it expires. The idempotency key of the change is derived
//! from it, so that a change that is confirmed twice is made once.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use rmcp::model::JsonObject;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Random bytes of a confirmation, which make it differ from every other one.
const NONCE_BYTES: usize = 16;
/// Bytes of the time: milliseconds since 1970.
const TIME_BYTES: usize = 8;
/// Bytes of the signature.
const SIGNATURE_BYTES: usize = 32;
/// Sets these signatures apart from others by the same secret.
const PURPOSE: &[u8] = b"partner-program agents confirmation 1";

/// Issues and checks confirmations.
#[derive(Clone)]
pub struct Confirmations {
    secret: Vec<u8>,
    validity: Duration,
}

/// What a confirmation is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    /// The caller, by the key under which its usage is counted.
    pub(super) caller: [u8; 16],
    /// The name of the tool.
    pub(super) tool: &'a str,
    /// Its arguments, without the confirmation.
    pub(super) arguments: &'a JsonObject,
}

/// A confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Confirmation {
    /// The text that the second step presents.
    pub(super) token: String,
    /// The time at which it expires.
    pub(super) expires_at: DateTime<Utc>,
    /// The idempotency key of the change.
    pub(super) key: String,
}

/// Why a confirmation is refused; the text is for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// It was not issued for this change.
    #[error(
        "The confirmation does not belong to this call. It is valid for the same caller, tool and arguments as its \
         preview; call the tool without a confirmation to get a new preview. Nothing was changed."
    )]
    Other,
    /// Its time has passed.
    #[error(
        "The confirmation has expired. Call the tool without a confirmation to get a new preview. Nothing was changed."
    )]
    Expired,
}

impl Confirmations {
    /// Confirmations that are signed with a secret, which all processes share, and are valid for a time.
    #[must_use]
    pub fn new(secret: impl Into<Vec<u8>>, validity: Duration) -> Self {
        Self { secret: secret.into(), validity }
    }

    /// Issues a confirmation of a change.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(super) fn issue(
        &self,
        change: Change<'_>,
        now: DateTime<Utc>,
    ) -> Result<Confirmation, getrandom::Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let validity = TimeDelta::from_std(self.validity).unwrap_or(TimeDelta::zero());
        let expires = (now + validity).timestamp_millis();
        let signature = self.mac(change, expires, &nonce).finalize().into_bytes();
        let bytes = [&expires.to_be_bytes()[..], &nonce[..], &signature[..]].concat();
        Ok(confirmation(URL_SAFE_NO_PAD.encode(bytes), expires))
    }

    /// Checks the confirmation of a change.
    ///
    /// # Errors
    /// When it was issued for another change, or has expired.
    pub(super) fn check(
        &self,
        change: Change<'_>,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Confirmation, Refused> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Refused::Other)?;
        if bytes.len() != TIME_BYTES + NONCE_BYTES + SIGNATURE_BYTES {
            return Err(Refused::Other);
        }
        let (time, rest) = bytes.split_at(TIME_BYTES);
        let (nonce, signature) = rest.split_at(NONCE_BYTES);
        let expires = i64::from_be_bytes(time.try_into().map_err(|_| Refused::Other)?);
        // In constant time.
        self.mac(change, expires, nonce).verify_slice(signature).map_err(|_| Refused::Other)?;
        if now.timestamp_millis() >= expires {
            return Err(Refused::Expired);
        }
        Ok(confirmation(token.to_owned(), expires))
    }

    fn mac(&self, change: Change<'_>, expires: i64, nonce: &[u8]) -> Hmac<Sha256> {
        let Change { caller, tool, arguments } = change;
        let arguments = Value::Object(sorted(arguments)).to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret)
            .unwrap_or_else(|_| unreachable!("HMAC accepts keys of any length"));
        for part in [PURPOSE, &caller, &expires.to_be_bytes(), nonce, tool.as_bytes(), arguments.as_bytes()] {
            // With its length, so that no part can run into the next one.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

/// Omits the secret, which must not get into a log.
impl std::fmt::Debug for Confirmations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Confirmations({:?}, …)", self.validity)
    }
}

fn confirmation(token: String, expires: i64) -> Confirmation {
    let digest = Sha256::digest(token.as_bytes());
    let key = format!("agent-{}", URL_SAFE_NO_PAD.encode(&digest[..SIGNATURE_BYTES]));
    let expires_at = DateTime::from_timestamp_millis(expires).unwrap_or(DateTime::<Utc>::MAX_UTC);
    Confirmation { token, expires_at, key }
}

/// The object with the names of its properties in order, at every depth.
fn sorted(object: &JsonObject) -> JsonObject {
    let mut names: Vec<&String> = object.keys().collect();
    names.sort_unstable();
    names.into_iter().map(|name| (name.clone(), sorted_value(&object[name]))).collect::<Map<_, _>>()
}

fn sorted_value(value: &Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(sorted(object)),
        Value::Array(values) => Value::Array(values.iter().map(sorted_value).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> JsonObject {
        let Value::Object(object) = value else { panic!("an object") };
        object
    }

    #[test]
    fn a_confirmation_is_valid_for_its_change_alone() {
        let confirmations = Confirmations::new(*b"secret", Duration::from_mins(10));
        let arguments = object(json!({ "a": 1, "b": { "c": [1, 2], "d": null } }));
        let change = Change { caller: [1; 16], tool: "void_activity", arguments: &arguments };
        let now = DateTime::from_timestamp(1_000, 0).expect("a time");
        let issued = confirmations.issue(change, now).expect("random bytes");
        assert_eq!(issued.expires_at, now + TimeDelta::minutes(10));
        let later = issued.expires_at - TimeDelta::milliseconds(1);
        assert_eq!(confirmations.check(change, &issued.token, later), Ok(issued.clone()));
        assert_eq!(confirmations.check(change, &issued.token, issued.expires_at), Err(Refused::Expired));
        let same = object(json!({ "b": { "d": null, "c": [1, 2] }, "a": 1 }));
        assert_eq!(
            confirmations.check(Change { arguments: &same, ..change }, &issued.token, now),
            Ok(issued.clone())
        );
        for other in [
            json!({ "a": 2, "b": { "c": [1, 2], "d": null } }),
            json!({ "a": 1, "b": { "c": [2, 1], "d": null } }),
            json!({ "a": 1, "b": { "c": [1, 2] } }),
            json!({ "a": "1", "b": { "c": [1, 2], "d": null } }),
            json!({}),
        ] {
            let arguments = object(other);
            let change = Change { arguments: &arguments, ..change };
            assert_eq!(confirmations.check(change, &issued.token, now), Err(Refused::Other));
        }
        assert_eq!(
            confirmations.check(Change { caller: [2; 16], ..change }, &issued.token, now),
            Err(Refused::Other)
        );
        assert_eq!(
            confirmations.check(Change { tool: "merge", ..change }, &issued.token, now),
            Err(Refused::Other)
        );
        let other = Confirmations::new(*b"other", Duration::from_mins(10));
        assert_eq!(other.check(change, &issued.token, now), Err(Refused::Other));
        let mut bytes = URL_SAFE_NO_PAD.decode(&issued.token).expect("a token");
        for index in 0..bytes.len() {
            bytes[index] ^= 1;
            assert_eq!(
                confirmations.check(change, &URL_SAFE_NO_PAD.encode(&bytes), now),
                Err(Refused::Other)
            );
            bytes[index] ^= 1;
        }
        for token in ["", "x", "é", &issued.token[1..], &format!("{}A", issued.token)] {
            assert_eq!(confirmations.check(change, token, now), Err(Refused::Other), "{token}");
        }
    }

    #[test]
    fn each_preview_has_a_confirmation_and_a_key_of_its_own() {
        let confirmations = Confirmations::new(*b"secret", Duration::from_mins(10));
        let arguments = JsonObject::new();
        let change = Change { caller: [1; 16], tool: "void_activity", arguments: &arguments };
        let now = DateTime::from_timestamp(1_000, 0).expect("a time");
        let [first, second] = [(); 2].map(|()| confirmations.issue(change, now).expect("random bytes"));
        assert!(first.token != second.token && first.key != second.key);
        assert!(first.key.len() <= 200 && first.key.is_ascii());
        assert!(!format!("{confirmations:?}").contains("secret"));
    }
}
