//! Status lists: one bit for each certificate, set when it is revoked (Bitstring Status List 1.0).

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::badge::text;
use super::{CREDENTIALS_V2, Issuer, SigningError};

/// Places of a list: the least that the specification allows, so that a look at a list does not tell which place is meant.
pub const PLACES: i32 = 131_072;
/// The first character of base64url without padding, as a multibase value.
const MULTIBASE: char = 'u';
/// For how long a copy of a list may be used.
const COPY_TIME: TimeDelta = TimeDelta::minutes(5);
/// After this time a copy is refused, so that an old one can't hide what was revoked since.
const VALID_TIME: TimeDelta = TimeDelta::days(1);

/// The revoked places of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    number: i32,
    bits: Vec<u8>,
}

impl StatusList {
    /// A list with its number and the places that are revoked; places that no list has are left out.
    #[must_use]
    pub fn new(number: i32, revoked: impl IntoIterator<Item = i32>) -> Self {
        let bytes = usize::try_from(PLACES / 8).unwrap_or_default();
        let mut bits = vec![0_u8; bytes];
        for place in revoked {
            // The first place is the highest bit of the first byte.
            let byte = usize::try_from(place / 8).ok().and_then(|index| bits.get_mut(index));
            if let (Some(byte), 0..) = (byte, place) {
                *byte |= 0x80 >> (place % 8);
            }
        }
        Self { number, bits }
    }

    /// The bits, compressed, as text.
    fn encoded(&self) -> Result<String, SigningError> {
        let failed = |error: std::io::Error| SigningError(error.to_string());
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.bits).map_err(failed)?;
        let compressed = encoder.finish().map_err(failed)?;
        let mut text = String::from(MULTIBASE);
        URL_SAFE_NO_PAD.encode_string(compressed, &mut text);
        Ok(text)
    }
}

impl Issuer {
    /// A status list as a signed token. `at` is when it is signed, by the clock of those who verify it.
    ///
    /// # Errors
    /// When it can't be signed, which no content is known to cause.
    pub fn sign_status_list(&self, list: &StatusList, at: DateTime<Utc>) -> Result<String, SigningError> {
        self.sign(&self.list_claims(list, at)?)
    }

    fn list_claims(&self, list: &StatusList, at: DateTime<Utc>) -> Result<Value, SigningError> {
        let id = self.list_url(list.number);
        let until = at + VALID_TIME;
        Ok(json!({
            "@context": [CREDENTIALS_V2],
            "id": id,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": self.did,
            "validFrom": text(at),
            "validUntil": text(until),
            "credentialSubject": {
                "id": format!("{id}#list"),
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": list.encoded()?,
                "ttl": COPY_TIME.num_milliseconds(),
            },
            "iss": self.did,
            "nbf": at.timestamp(),
            "exp": until.timestamp(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn a_list_has_a_bit_for_each_place() {
        for (revoked, bytes) in [
            (&[][..], vec![]),
            (&[0], vec![(0, 0x80)]),
            (&[7, 8], vec![(0, 0x01), (1, 0x80)]),
            (&[PLACES - 1], vec![(16_383, 0x01)]),
            // No list has these.
            (&[-1, -9, PLACES], vec![]),
        ] {
            let list = StatusList::new(1, revoked.iter().copied());
            let encoded = list.encoded().expect("a text");
            let compressed = URL_SAFE_NO_PAD.decode(encoded.strip_prefix('u').expect("multibase"));
            let mut bits = Vec::new();
            GzDecoder::new(&compressed.expect("base64url")[..]).read_to_end(&mut bits).expect("gzip");
            assert_eq!(bits.len(), 16_384);
            let set: Vec<(usize, u8)> = bits.into_iter().enumerate().filter(|(_, byte)| *byte != 0).collect();
            assert_eq!(set, bytes, "{revoked:?}");
        }
    }
}
