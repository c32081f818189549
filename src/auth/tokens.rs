//! Tokens (JWTs) of an OpenID Connect provider.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::jwks::{KeySet, Source};
use crate::access::RoleName;

/// Longest token, in bytes.
const BYTES_MAX: usize = 8_192;
/// How far clocks may be apart, in seconds.
const LEEWAY: u64 = 30;
/// Longest key id, in bytes.
const KEY_ID_MAX: usize = 256;
/// Longest name of an actor, in bytes.
const ACTOR_MAX: usize = 256;

/// Algorithms of public keys. A shared secret is none, and neither is no signature at all.
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

/// Whose tokens are accepted, and where they say what the caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Where its key set is.
    pub source: Source,
    /// `iss` of every token.
    pub issuer: String,
    /// What `aud` of every token must hold.
    pub audience: String,
    /// Name of the claim that holds the role.
    pub role_claim: String,
    /// Name of the claim that holds the partner's or professional's code, or the integration's name.
    pub subject_claim: String,
}

/// What a token says, once it is found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `sub`: the name in the audit log.
    pub actor: String,
    /// The role.
    pub role: RoleName,
    /// Whom it stands for; empty where the token does not say.
    pub subject: String,
}

/// Checks tokens of one provider.
pub struct Tokens {
    provider: Provider,
    keys: Arc<KeySet>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Reads the provider's key set.
    ///
    /// # Errors
    /// Why it can't be read, as the end of a sentence that begins with the name of the setting.
    pub async fn open(provider: Provider) -> Result<Self, String> {
        let keys = KeySet::open(provider.source.clone()).await?;
        Ok(Self { provider, keys: Arc::new(keys) })
    }

    /// What a token says; none when it is not good. Only the log tells why.
    pub async fn verify(&self, token: &str) -> Option<Claims> {
        match self.check(token).await {
            Ok(claims) => Some(claims),
            Err(reason) => {
                tracing::debug!(reason, "a token was refused");
                None
            }
        }
    }

    async fn check(&self, token: &str) -> Result<Claims, String> {
        if token.len() > BYTES_MAX {
            return Err("it is too long".to_owned());
        }
        let header = decode_header(token).map_err(|error| error.to_string())?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err("its algorithm is not one of public keys".to_owned());
        }
        if header.crit.is_some() {
            return Err("it has critical headers".to_owned());
        }
        // Headers that bring or name keys of their own (jwk, jku, x5c, x5u) are not looked at.
        let id = header.kid.filter(|id| id.len() <= KEY_ID_MAX).ok_or("it has no key id")?;
        let key = self.keys.key(&id).await.ok_or("its key is not in the set")?;
        if !key.algorithms.contains(&header.alg) {
            return Err("its algorithm is not that of its key".to_owned());
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
        // The library also takes a list of issuers.
        if text("iss") != Some(self.provider.issuer.as_str()) {
            return Err("its issuer is another".to_owned());
        }
        let actor = text("sub").filter(|actor| {
            !actor.is_empty() && actor.len() <= ACTOR_MAX && !actor.chars().any(char::is_control)
        });
        let role = text(&self.provider.role_claim).and_then(RoleName::parse);
        Ok(Claims {
            actor: actor.ok_or("it has no subject that can be kept")?.to_owned(),
            role: role.ok_or("it has no role, as exactly one of their names")?,
            subject: text(&self.provider.subject_claim).unwrap_or_default().to_owned(),
        })
    }
}
