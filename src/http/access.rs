//! Who is asking: the hook that the GraphQL edge calls before it reads a body, and the
//! bootstrap key.

use async_graphql::Request;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::throttle::CallerKey;

/// The credentials are missing or wrong. The message is for the client and must not say
/// which of several secrets came close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthRefused(pub String);

/// Why there is no caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthFailed {
    /// The credentials are missing or wrong: 401.
    Refused(AuthRefused),
    /// They can't be checked at the moment, which is no fault of theirs: 500.
    Unavailable,
}

impl From<AuthRefused> for AuthFailed {
    fn from(refused: AuthRefused) -> Self {
        Self::Refused(refused)
    }
}

/// Decides who may use the API, and what their requests carry.
pub trait Access: Send + Sync + 'static {
    /// Who is asking.
    type Caller: Clone + PartialEq + Send + Sync + 'static;

    /// Finds the caller from the headers alone: the body is not read before.
    ///
    /// # Errors
    ///
    /// [`AuthFailed`].
    fn authenticate(
        &self,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Self::Caller, AuthFailed>> + Send;

    /// What the caller is counted as, where use is limited.
    fn caller_key(&self, caller: &Self::Caller) -> CallerKey;

    /// The role of the caller, for log and metrics: one of few.
    fn role(&self, caller: &Self::Caller) -> &'static str;

    /// Gives a request what its resolvers need: by default the caller. The request has
    /// the [`RequestId`](super::request_id::RequestId) already.
    fn equip(&self, caller: Self::Caller, request: Request) -> Request {
        request.data(caller)
    }
}

/// The token of `Authorization: Bearer …`, if the header has that form.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A key from the settings that is accepted as an administrator's, for first set-up.
#[derive(Clone)]
pub struct BootstrapKey {
    digest: [u8; 32],
}

impl BootstrapKey {
    /// Keeps the digest of the key; the key itself is forgotten.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self { digest: Sha256::digest(key).into() }
    }

    /// Whether the token is the key. Digests are compared, in constant time, so that
    /// neither the key's length nor its beginning can be found out by timing.
    #[must_use]
    pub fn matches(&self, token: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(token).into();
        self.digest.ct_eq(&digest).into()
    }
}

/// Shows nothing of the key, for it must not get into a log.
impl std::fmt::Debug for BootstrapKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BootstrapKey(…)")
    }
}

/// The caller who came with the bootstrap key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootstrapAdministrator;

impl Access for BootstrapKey {
    type Caller = BootstrapAdministrator;

    async fn authenticate(&self, headers: &HeaderMap) -> Result<Self::Caller, AuthFailed> {
        match bearer(headers) {
            Some(token) if self.matches(token) => Ok(BootstrapAdministrator),
            Some(_) => Err(AuthRefused("The key is not valid.".to_owned()).into()),
            None => Err(AuthRefused("Send a key: Authorization: Bearer <key>.".to_owned()).into()),
        }
    }

    fn caller_key(&self, _: &Self::Caller) -> CallerKey {
        CallerKey::new(0)
    }

    fn role(&self, _: &Self::Caller) -> &'static str {
        "ADMINISTRATOR"
    }
}
