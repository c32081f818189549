//! Verification of tokens (JWTs) of an OpenID Connect provider.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::jwks::{KeySet, KeySource};
use crate::access::RoleName;

/// Maximum size of a token, in bytes.
const BYTES_MAX: usize = 8_192;
/// Accepted clock skew, in seconds.
const LEEWAY: u64 = 30;
/// Maximum length of a key id, in bytes.
const KEY_ID_MAX: usize = 256;
/// Maximum length of an actor's name, in bytes.
const ACTOR_MAX: usize = 256;

/// Accepted algorithms: asymmetric ones only, neither HMAC nor `none`.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// The provider whose tokens are accepted, and the claims that identify the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The source of its key set.
    pub source: KeySource,
    /// `iss` of every token.
    pub issuer: String,
    /// The value that `aud` of every token must contain.
    pub audience: String,
    /// Name of the claim that holds the role.
    pub role_claim: String,
    /// Name of the claim that holds the partner's or professional's code, or the integration's name.
    pub subject_claim: String,
}

/// The claims of a verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `sub`: the name in the audit log.
    pub actor: String,
    /// The role.
    pub role: RoleName,
    /// The partner, professional or integration that it represents; empty without the claim.
    pub subject: String,
}

/// Verifies the tokens of one provider.
pub struct TokenVerifier {
    provider: Provider,
    keys: Arc<KeySet>,
}

impl std::fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenVerifier").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl TokenVerifier {
    /// Loads the provider's key set.
    ///
    /// # Errors
    /// Why it cannot be loaded.
    pub async fn open(provider: Provider) -> Result<Self, String> {
        let keys = KeySet::open(provider.source.clone()).await?;
        Ok(Self { provider, keys: Arc::new(keys) })
    }

    /// The claims of a token; none when it is invalid. Only the log has the reason.
    pub async fn verify(&self, token: &str) -> Option<Claims> {
        match self.check(token).await {
            Ok(claims) => Some(claims),
            Err(reason) => {
                tracing::debug!(reason, "token rejected");
                None
            }
        }
    }

    async fn check(&self, token: &str) -> Result<Claims, String> {
        if token.len() > BYTES_MAX {
            return Err("token too long".to_owned());
        }
        let header = decode_header(token).map_err(|error| error.to_string())?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err("symmetric or unknown algorithm".to_owned());
        }
        if header.crit.is_some() {
            return Err("critical headers are not supported".to_owned());
        }
        // Headers with keys of their own or references to them (jwk, jku, x5c, x5u) are ignored.
        let id = header.kid.filter(|id| id.len() <= KEY_ID_MAX).ok_or("missing or too long key id")?;
        let key = self.keys.key(&id).await.ok_or("key id not in the key set")?;
        if !key.algorithms.contains(&header.alg) {
            return Err("algorithm does not match the key".to_owned());
        }
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.provider.issuer]);
        validation.set_audience(&[&self.provider.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let token = decode::<Map<String, Value>>(token, &key.decoding, &validation);
        self.claims(&token.map_err(|error| error.to_string())?.claims)
    }

    fn claims(&self, claims: &Map<String, Value>) -> Result<Claims, String> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        // The library also accepts a list of issuers.
        if text("iss") != Some(self.provider.issuer.as_str()) {
            return Err("wrong issuer".to_owned());
        }
        let actor = text("sub").filter(|actor| {
            !actor.is_empty() && actor.len() <= ACTOR_MAX && !actor.chars().any(char::is_control)
        });
        let role = text(&self.provider.role_claim).and_then(RoleName::parse);
        Ok(Claims {
            actor: actor.ok_or("missing or invalid sub claim")?.to_owned(),
            role: role.ok_or("missing or unknown role claim")?,
            subject: text(&self.provider.subject_claim).unwrap_or_default().to_owned(),
        })
    }
}
