//! Verification of tokens (JWTs) of an OpenID Connect provider.

use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::claims::Claims;
use super::jwks::{KeySet, KeySource};

/// Maximum size of a token, in bytes.
const BYTES_MAX: usize = 8_192;
/// Accepted clock skew, in seconds.
const LEEWAY: u64 = 30;
/// Maximum length of a key id, in bytes.
const KEY_ID_MAX: usize = 256;

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
    /// Name or path of the claim that holds the role, such as `realm_access.roles`.
    pub role_claim: String,
    /// Name or path of the claim that holds the partner's or professional's code, or the integration's name.
    pub subject_claim: String,
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
                log_rejected(&reason);
                None
            }
        }
    }

    async fn check(&self, token: &str) -> Result<Claims, String> {
        if token.len() > BYTES_MAX {
            return Err(format!("it is longer than {BYTES_MAX} bytes"));
        }
        let header = decode_header(token).map_err(|error| self.describe(&error))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err("its algorithm (alg) is symmetric or unknown".to_owned());
        }
        if header.crit.is_some() {
            return Err("it has critical headers (crit), which are not supported".to_owned());
        }
        // Headers with keys of their own or references to them (jwk, jku, x5c, x5u) are ignored.
        let id = header.kid.filter(|id| id.len() <= KEY_ID_MAX);
        let id =
            id.ok_or_else(|| format!("its key id (kid) is missing or longer than {KEY_ID_MAX} bytes"))?;
        let key = self.keys.key(&id).await;
        let key = key.ok_or_else(|| format!("the key set has no key with its key id (kid), {id:?}"))?;
        if !key.algorithms.contains(&header.alg) {
            return Err(format!("its algorithm (alg) does not match the key {id:?}"));
        }
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.provider.issuer]);
        validation.set_audience(&[&self.provider.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let token = decode::<Map<String, Value>>(token, &key.decoding, &validation);
        self.claims(&token.map_err(|error| self.describe(&error))?.claims)
    }

    fn claims(&self, claims: &Map<String, Value>) -> Result<Claims, String> {
        // The library also accepts a list of issuers.
        if claims.get("iss").and_then(Value::as_str) != Some(self.provider.issuer.as_str()) {
            return Err(self.describe_kind(&ErrorKind::InvalidIssuer));
        }
        Claims::read(claims, &self.provider.role_claim, &self.provider.subject_claim)
    }

    fn describe(&self, error: &jsonwebtoken::errors::Error) -> String {
        self.describe_kind(error.kind())
    }

    /// Why the library rejects a token. Its own texts may repeat parts of the token.
    fn describe_kind(&self, kind: &ErrorKind) -> String {
        let Provider { issuer, audience, .. } = &self.provider;
        match kind {
            ErrorKind::ExpiredSignature => "it has expired (exp)".to_owned(),
            ErrorKind::ImmatureSignature => "it is not valid yet (nbf)".to_owned(),
            ErrorKind::InvalidIssuer => format!("its issuer (iss) is not AUTH_ISSUER, {issuer:?}"),
            ErrorKind::InvalidAudience => {
                format!("its audience (aud) does not contain AUTH_AUDIENCE, {audience:?}")
            }
            ErrorKind::MissingRequiredClaim(name) => format!("the claim {name} is missing"),
            ErrorKind::InvalidClaimFormat(name) => format!("the claim {name} has a wrong type"),
            ErrorKind::InvalidSignature => "its signature does not match the key".to_owned(),
            _ => "it is not a JWT that a supported algorithm has signed".to_owned(),
        }
    }
}

/// Logs why a token was rejected, and never the token itself.
pub(super) fn log_rejected(reason: &str) {
    tracing::info!(reason, "token rejected");
}
