//! The format of a key: `pp_`, 30 random letters and digits, and a checksum of 6.
//!
//! 178 random bits can't be guessed, so a fast digest is sufficient. The checksum lets secret scanners
//! recognize keys, and a mistyped key is refused without a query.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::Error;

const PREFIX: &str = "pp_";
const RANDOM_CHARS: usize = 30;
const CHECKSUM_CHARS: usize = 6;
/// Random characters in the visible prefix that identifies a key.
const PREFIX_CHARS: usize = 8;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Digest of a key.
pub(in crate::service) type KeyDigest = [u8; 32];

/// A key with a valid checksum.
pub(in crate::service) struct KeyText(String);

impl KeyText {
    /// A new key.
    pub(in crate::service) fn random() -> Result<Self, Error> {
        let mut text = String::from(PREFIX);
        let mut bytes = [0; 64];
        while text.len() < PREFIX.len() + RANDOM_CHARS {
            getrandom::fill(&mut bytes)
                .map_err(|error| Error::Damaged(format!("no random bytes: {error}")))?;
            // Reject bytes beyond the largest multiple of 62, which would bias the distribution.
            let letters = bytes.iter().filter(|byte| **byte < 248);
            for byte in letters {
                if text.len() < PREFIX.len() + RANDOM_CHARS {
                    text.push(ALPHABET[usize::from(*byte) % ALPHABET.len()].into());
                }
            }
        }
        text.push_str(&checksum(&text));
        Ok(Self(text))
    }

    /// Parses a key; none if the format or the checksum is invalid.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == PREFIX.len() + RANDOM_CHARS + CHECKSUM_CHARS
            && text.starts_with(PREFIX)
            && text[PREFIX.len()..].bytes().all(|byte| byte.is_ascii_alphanumeric());
        let (body, sum) = plain.then(|| text.split_at(PREFIX.len() + RANDOM_CHARS))?;
        (checksum(body) == sum).then(|| Self(text.to_owned()))
    }

    /// The visible prefix.
    pub(super) fn prefix(&self) -> &str {
        &self.0[..PREFIX.len() + PREFIX_CHARS]
    }

    /// The digest.
    pub(in crate::service) fn digest(&self) -> KeyDigest {
        Sha256::digest(&self.0).into()
    }

    /// The digest as stored.
    pub(super) fn digest_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.digest())
    }

    /// The key itself.
    pub(in crate::service) fn into_secret(self) -> String {
        self.0
    }
}

fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest
        .iter()
        .take(CHECKSUM_CHARS)
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_recognized_by_its_format() {
        let key = KeyText::random().expect("random bytes");
        let other = KeyText::random().expect("random bytes");
        assert_ne!(key.digest(), other.digest());
        assert!(key.prefix().starts_with("pp_") && key.prefix().len() == 11);
        let text = key.into_secret();
        assert_eq!(text.len(), 39);
        assert_eq!(KeyText::parse(&text).map(|key| key.digest_text().len()), Some(43));
        let swapped = text.replace(&text[3..5], if &text[3..5] == "00" { "11" } else { "00" });
        for wrong in ["", "pp_", &text[..38], &format!("{text}x"), &swapped, &"é".repeat(20)] {
            assert!(KeyText::parse(wrong).is_none(), "{wrong}");
        }
    }
}
