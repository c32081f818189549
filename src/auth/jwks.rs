//! The key set (JWKS) of an OpenID Connect provider, from a URL or a file, with periodic refresh.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use tokio::sync::Mutex;

/// A set older than this is refreshed.
const REFRESH_AFTER: Duration = Duration::from_mins(10);
/// Minimum interval between refreshes, whatever key ids tokens name.
const REFRESH_INTERVAL_MIN: Duration = Duration::from_secs(10);
/// Timeout for fetching a set.
const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
/// Maximum size of a set, in bytes.
const BYTES_MAX: usize = 262_144;
/// Maximum number of keys that are read from a set.
const KEYS_MAX: usize = 100;

const RSA: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// The source of a key set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A URL, which the settings have validated.
    Url(reqwest::Url),
    /// A file.
    File(PathBuf),
}

impl KeySource {
    /// The setting that configures it.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Url(_) => "AUTH_JWKS_URL",
            Self::File(_) => "AUTH_JWKS_FILE",
        }
    }
}

/// A public key of the set.
pub(super) struct Key {
    pub(super) decoding: DecodingKey,
    /// The algorithms that it may verify: no algorithm fits two types of keys.
    pub(super) algorithms: Vec<Algorithm>,
}

struct Set {
    keys: HashMap<String, Arc<Key>>,
    read_at: Option<Instant>,
}

/// A key set with periodic refresh.
pub(super) struct KeySet {
    source: KeySource,
    client: reqwest::Client,
    set: RwLock<Arc<Set>>,
    /// Time of the last refresh; the lock is held while the set is loaded.
    refreshed_at: Mutex<Option<Instant>>,
}

impl KeySet {
    /// Loads the set for the first time. A file must exist; a provider that does not respond yet is retried.
    pub(super) async fn open(source: KeySource) -> Result<Self, String> {
        // A redirect could point at any host.
        let client =
            reqwest::Client::builder().timeout(FETCH_TIME_MAX).redirect(reqwest::redirect::Policy::none());
        let client = client.build().map_err(|error| format!("cannot create an HTTP client: {error}"))?;
        let set = RwLock::new(Arc::new(Set { keys: HashMap::new(), read_at: None }));
        let opened = Self { source, client, set, refreshed_at: Mutex::new(None) };
        if let Err(error) = opened.load().await {
            match opened.source {
                KeySource::File(_) => return Err(error),
                KeySource::Url(_) => {
                    tracing::warn!(
                        error,
                        "failed to load key set; tokens are rejected until it is available"
                    );
                }
            }
        }
        Ok(opened)
    }

    /// The key with an id. The id serves for the lookup and nothing else.
    pub(super) async fn key(self: &Arc<Self>, id: &str) -> Option<Arc<Key>> {
        let set = self.set();
        let fresh = set.read_at.is_some_and(|at| at.elapsed() < REFRESH_AFTER);
        if let Some(key) = set.keys.get(id) {
            if !fresh {
                tokio::spawn(Arc::clone(self).refresh());
            }
            return Some(Arc::clone(key));
        }
        Arc::clone(self).refresh().await;
        self.set().keys.get(id).cloned()
    }

    fn set(&self) -> Arc<Set> {
        Arc::clone(&self.set.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Refreshes the set unless that was tried a moment ago.
    async fn refresh(self: Arc<Self>) {
        let mut refreshed_at = self.refreshed_at.lock().await;
        if refreshed_at.is_some_and(|at| at.elapsed() < REFRESH_INTERVAL_MIN) {
            return;
        }
        *refreshed_at = Some(Instant::now());
        if let Err(error) = self.load().await {
            tracing::warn!(error, "failed to refresh key set; keeping the previous one");
        }
    }

    async fn load(&self) -> Result<(), String> {
        let text = match &self.source {
            KeySource::File(path) => {
                tokio::fs::read(path).await.map_err(|error| format!("cannot read the key set: {error}"))?
            }
            KeySource::Url(url) => self.fetch(url).await?,
        };
        let keys = parse_key_set(&text)?;
        let loaded = Arc::new(Set { keys, read_at: Some(Instant::now()) });
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }

    async fn fetch(&self, url: &reqwest::Url) -> Result<Vec<u8>, String> {
        let failed = |error: reqwest::Error| format!("cannot fetch the key set: {}", error.without_url());
        let mut response = self.client.get(url.clone()).send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(format!("cannot fetch the key set: HTTP status {}", response.status().as_u16()));
        }
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            text.extend_from_slice(&chunk);
            if text.len() > BYTES_MAX {
                return Err(format!("the key set is larger than {} KiB", BYTES_MAX >> 10));
            }
        }
        Ok(text)
    }
}

/// The keys of a set by their ids, without those that cannot verify signatures and symmetric ones.
fn parse_key_set(text: &[u8]) -> Result<HashMap<String, Arc<Key>>, String> {
    let set: Value = serde_json::from_slice(text).map_err(|_| "the key set is not JSON".to_owned())?;
    let jwks = set.get("keys").and_then(Value::as_array).ok_or("the key set has no array \"keys\"")?;
    let mut keys = HashMap::new();
    for one in jwks.iter().take(KEYS_MAX) {
        let Ok(jwk) = serde_json::from_value::<Jwk>(one.clone()) else { continue };
        let Some((id, key)) = verification_key(&jwk) else { continue };
        keys.entry(id).or_insert_with(|| Arc::new(key));
    }
    if keys.is_empty() {
        return Err(
            "the key set has no usable key; accepted: RSA, EC P-256, EC P-384 or Ed25519 signature keys with a kid"
                .to_owned()
        );
    }
    Ok(keys)
}

fn verification_key(jwk: &Jwk) -> Option<(String, Key)> {
    let id = jwk.common.key_id.clone()?;
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let candidates: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &RSA,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => &[Algorithm::ES256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => &[Algorithm::ES384],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
        _ => return None,
    };
    let algorithms: Vec<Algorithm> = match jwk.common.key_algorithm {
        None => candidates.to_vec(),
        Some(named) => candidates
            .iter()
            .copied()
            .filter(|one| Algorithm::try_from(named).is_ok_and(|named| named == *one))
            .collect(),
    };
    if algorithms.is_empty() {
        return None;
    }
    Some((id, Key { decoding: DecodingKey::from_jwk(jwk).ok()?, algorithms }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_signing_keys_are_accepted() {
        let rsa = r#""kty": "RSA", "n": "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri", "e": "AQAB""#;
        // key, the algorithms that it may sign with
        let table = [
            (format!(r#"{{{rsa}, "kid": "a"}}"#), Some(6)),
            (format!(r#"{{{rsa}, "kid": "a", "alg": "RS256"}}"#), Some(1)),
            (format!(r#"{{{rsa}, "kid": "a", "alg": "HS256"}}"#), None),
            (format!(r#"{{{rsa}, "kid": "a", "use": "enc"}}"#), None),
            (format!("{{{rsa}}}"), None),
            (r#"{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}"#.to_owned(), None),
            (r#"{"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "RS256"}"#.to_owned(), None),
            ("7".to_owned(), None),
        ];
        for (key, expected) in table {
            let parsed = parse_key_set(format!(r#"{{"keys": [{key}]}}"#).as_bytes());
            assert_eq!(parsed.ok().map(|keys| keys["a"].algorithms.len()), expected, "{key}");
        }
        for text in ["", "[]", "{}", r#"{"keys": []}"#] {
            assert!(parse_key_set(text.as_bytes()).is_err(), "{text}");
        }
    }
}
