//! Keys of Ed25519: a private one from a PEM file, or of random bytes; public ones from PEM files.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey};
use sha2::{Digest, Sha256};

/// Length of a key, in bytes.
const KEY_BYTES: usize = 32;
/// What stands before the private key in PKCS #8 (RFC 8410), but for the outer length and the version, which differ if
/// the public key follows.
const PRIVATE: [u8; 11] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// The outer sequence and the version before it, for a private key alone.
const PRIVATE_ALONE: [u8; 5] = [0x30, 0x2e, 0x02, 0x01, 0x00];
/// What stands before the public key (RFC 8410).
const PUBLIC: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why a key can't be used. The message repeats nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not a private key of Ed25519.
    #[error(
        "is not an unencrypted private key of Ed25519 in PEM; `openssl genpkey -algorithm ed25519` makes one"
    )]
    NotPrivate,
    /// The text is not a public key of Ed25519.
    #[error("is not a public key of Ed25519 in PEM; `openssl pkey -in key.pem -pubout` writes that of a key")]
    NotPublic,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The key as base64url, as a JSON Web Key has it.
    x: String,
}

impl PublicKey {
    /// Reads a key in PEM.
    ///
    /// # Errors
    /// [`KeyError::NotPublic`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = pem(text, "PUBLIC KEY").ok_or(KeyError::NotPublic)?;
        let key = der.strip_prefix(&PUBLIC).filter(|key| key.len() == KEY_BYTES);
        Ok(Self { x: URL_SAFE_NO_PAD.encode(key.ok_or(KeyError::NotPublic)?) })
    }

    /// The key as base64url.
    pub(super) fn x(&self) -> &str {
        &self.x
    }

    /// The digest that names the key (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x);
        URL_SAFE_NO_PAD.encode(Sha256::digest(members))
    }
}

/// A private key, with the public one that belongs to it.
pub struct SigningKey {
    encoding: EncodingKey,
    public: PublicKey,
}

impl SigningKey {
    /// Reads a key in PEM (PKCS #8), with or without the public key in it.
    ///
    /// # Errors
    /// [`KeyError::NotPrivate`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = pem(text, "PRIVATE KEY").ok_or(KeyError::NotPrivate)?;
        let key = der.get(PRIVATE_ALONE.len()..).and_then(|rest| rest.strip_prefix(&PRIVATE));
        let key = key.and_then(|key| key.first_chunk::<KEY_BYTES>()).ok_or(KeyError::NotPrivate)?;
        Self::from_bytes(key)
    }

    /// The key of 32 bytes, which must be random.
    ///
    /// # Errors
    /// [`KeyError::NotPrivate`], which no bytes are known to cause.
    pub fn from_bytes(key: &[u8; KEY_BYTES]) -> Result<Self, KeyError> {
        let encoding = EncodingKey::from_ed_der(&[&PRIVATE_ALONE[..], &PRIVATE, key].concat());
        let jwk = Jwk::from_encoding_key(&encoding, Algorithm::EdDSA).map_err(|_| KeyError::NotPrivate)?;
        let AlgorithmParameters::OctetKeyPair(pair) = jwk.algorithm else { return Err(KeyError::NotPrivate) };
        Ok(Self { encoding, public: PublicKey { x: pair.x } })
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public).finish()
    }
}

/// The content of the first block with a label (RFC 7468).
fn pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8410, section 10.3: the private key alone, and with its public key.
    const ALONE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    /// RFC 8410, section 10.1.
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    #[test]
    fn keys_are_read_from_pem() {
        let key = SigningKey::from_pem(ALONE).expect("a private key");
        let public = PublicKey::from_pem(PUBLIC).expect("a public key");
        assert_eq!(key.public(), &public);
        assert_eq!(public.x(), "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE");
        // With other line ends, and text around it, as tools write it.
        let text = format!("Bag Attributes\r\n{}", ALONE.replace('\n', "\r\n"));
        assert_eq!(SigningKey::from_pem(&text).expect("a private key").public(), &public);
        assert!(!format!("{key:?}").contains("1O5y"), "a key is not printed");
        for text in ["", ALONE, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
            assert_eq!(PublicKey::from_pem(text), Err(KeyError::NotPublic), "{text}");
        }
        let encrypted = ALONE.replace("PRIVATE", "ENCRYPTED PRIVATE");
        let of_p256 = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----";
        for text in ["", PUBLIC, &encrypted, of_p256] {
            assert_eq!(SigningKey::from_pem(text).err(), Some(KeyError::NotPrivate), "{text}");
        }
    }

    #[test]
    fn a_thumbprint_names_a_key() {
        // RFC 8037, appendix A.3.
        let key = PublicKey { x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned() };
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
