//! The documents by which verifiers find the keys: a key set (RFC 7517), and the document of the `did:web` identifier.

use serde_json::{Value, json};

use super::{Issuer, PublicKey};

/// Contexts of the DID document: DIDs, and keys as JSON Web Keys.
const DID_CONTEXTS: [&str; 2] = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"];

/// The `did:web` identifier of an origin.
pub(super) fn did(origin: &str) -> String {
    let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    // A colon separates the parts of the identifier.
    format!("did:web:{}", authority.replace(':', "%3A"))
}

impl Issuer {
    /// The key set at `/.well-known/jwks.json`: the current key first.
    #[must_use]
    pub fn key_set(&self) -> Value {
        let keys = self.public.iter().map(|key| {
            let mut jwk = jwk(key, &self.key_id(key));
            jwk["alg"] = json!("EdDSA");
            jwk["use"] = json!("sig");
            jwk
        });
        json!({ "keys": keys.collect::<Vec<_>>() })
    }

    /// The DID document at `/.well-known/did.json`: the current key first.
    #[must_use]
    pub fn did_document(&self) -> Value {
        let methods = self.public.iter().map(|key| {
            json!({
                "id": self.key_id(key), "type": "JsonWebKey", "controller": self.did,
                "publicKeyJwk": jwk(key, &key.thumbprint()),
            })
        });
        let ids: Vec<String> = self.public.iter().map(|key| self.key_id(key)).collect();
        json!({
            "@context": DID_CONTEXTS, "id": self.did, "verificationMethod": methods.collect::<Vec<_>>(),
            "assertionMethod": ids,
        })
    }
}

fn jwk(key: &PublicKey, id: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": key.x(), "kid": id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::SigningKey;

    #[test]
    fn an_origin_is_a_did() {
        for (origin, expected) in [
            ("https://partners.example.com", "did:web:partners.example.com"),
            ("http://127.0.0.1:8080", "did:web:127.0.0.1%3A8080"),
        ] {
            assert_eq!(did(origin), expected);
        }
    }

    #[test]
    fn the_current_key_is_published_before_earlier_ones() {
        let key = |seed: u8| SigningKey::from_bytes(&[seed; 32]).expect("a key");
        let (current, earlier) = (key(1), key(2));
        let public: Vec<PublicKey> = [&current, &earlier].map(|key| key.public().clone()).to_vec();
        let issuer = Issuer::new("https://a.example", "A", current, public.clone());
        let ids: Vec<String> =
            public.iter().map(|key| format!("did:web:a.example#{}", key.thumbprint())).collect();
        let keys = issuer.key_set();
        let set = keys["keys"].as_array().expect("keys");
        assert_eq!(set.iter().map(|key| key["kid"].clone()).collect::<Vec<_>>(), ids);
        assert!(set.iter().all(|key| key.get("d").is_none()), "{keys}");
        let document = issuer.did_document();
        assert_eq!(document["assertionMethod"], json!(ids));
        assert_eq!(document["verificationMethod"][1]["publicKeyJwk"]["x"], public[1].x());
    }
}
