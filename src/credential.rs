//! Signed credentials: badges by Open Badges 3.0 and status lists by Bitstring Status List 1.0, both as JSON Web Tokens
//! with Ed25519, and the documents that publish the keys.
//!
//! Nothing here reads a clock, a file or a database: what a credential says is given, and the same content with the same
//! key is the same token.

mod badge;
mod key;
mod published;
mod status_list;

pub use badge::{Achievement, Badge, CertifiedLevel, StatusEntry};
pub use key::{KeyError, PublicKey, SigningKey};
pub use status_list::{PLACES, StatusList};

use jsonwebtoken::{Algorithm, Header, encode};
use serde_json::Value;

/// Media type of a credential as a JSON Web Token (VC-JOSE-COSE).
pub const MEDIA_TYPE: &str = "application/vc+jwt";
/// The `typ` of such a token.
const TOKEN_TYPE: &str = "vc+jwt";
/// The `cty` of such a token: its payload is the credential itself.
const CONTENT_TYPE: &str = "vc";
/// The vocabulary of Verifiable Credentials 2.0.
const CREDENTIALS_V2: &str = "https://www.w3.org/ns/credentials/v2";

/// A credential that could not be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a credential could not be signed: {0}")]
pub struct SigningError(String);

/// Who issues credentials: an origin that publishes the keys, by its name, with the key that signs.
#[derive(Debug)]
pub struct Issuer {
    origin: String,
    did: String,
    name: String,
    key: SigningKey,
    /// The keys that verify: the current one first, then those that signed before it.
    public: Vec<PublicKey>,
}

impl Issuer {
    /// The issuer of an origin, such as `https://partners.example.com`, with the key that signs and those that did before.
    /// A key that is given twice is published once.
    #[must_use]
    pub fn new(origin: &str, name: &str, key: SigningKey, earlier: Vec<PublicKey>) -> Self {
        let mut public = vec![key.public().clone()];
        for one in earlier {
            if !public.contains(&one) {
                public.push(one);
            }
        }
        let did = published::did(origin);
        Self { origin: origin.to_owned(), did, name: name.to_owned(), key, public }
    }

    /// The origin of all addresses: without a path, and without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The name that people read.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The identifier in credentials: the origin as `did:web`.
    #[must_use]
    pub fn did(&self) -> &str {
        &self.did
    }

    /// The identifier of a key, for `kid` and the documents.
    fn key_id(&self, key: &PublicKey) -> String {
        format!("{}#{}", self.did, key.thumbprint())
    }

    /// Signs a credential. The claims are its members beside the registered ones.
    fn sign(&self, claims: &Value) -> Result<String, SigningError> {
        let header = Header {
            typ: Some(TOKEN_TYPE.to_owned()),
            cty: Some(CONTENT_TYPE.to_owned()),
            kid: Some(self.key_id(self.key.public())),
            ..Header::new(Algorithm::EdDSA)
        };
        encode(&header, claims, self.key.encoding()).map_err(|error| SigningError(error.to_string()))
    }
}
