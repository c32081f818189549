//! Authentication: the hook that the GraphQL endpoint calls before it reads a body, and the bootstrap
//! key.

use async_graphql::{Request, Response, ServerError};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::throttle::CallerKey;
use crate::freshness::Freshness;
use crate::graphql::root_fields::RootField;

/// Missing or invalid credentials. The message is for the client and must not reveal anything about
/// valid ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCredentials(pub String);

impl InvalidCredentials {
    /// The request has no `Authorization: Bearer …`.
    #[must_use]
    pub fn without_bearer(headers: &HeaderMap) -> Self {
        let header = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default().trim());
        let message = match header {
            None => {
                "Authentication is required; send \"Authorization: Bearer <API key or token>\".".to_owned()
            }
            Some(header) => match header.split_once(' ') {
                // Anything but the name of a scheme could be a secret.
                Some((scheme, _)) if is_scheme_name(scheme) => format!(
                    "The authentication scheme {scheme} is not supported; send \"Authorization: Bearer <API key or \
                     token>\"."
                ),
                _ => "The Authorization header must be \"Bearer <API key or token>\".".to_owned(),
            },
        };
        Self(message)
    }

    /// The API key or token is unknown, wrong, expired or revoked. The message does not reveal which.
    #[must_use]
    pub fn rejected() -> Self {
        Self("The API key or token is invalid, expired or revoked.".to_owned())
    }
}

fn is_scheme_name(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
}

/// Why authentication failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// The credentials are missing or invalid: 401.
    Rejected(InvalidCredentials),
    /// The credentials cannot be checked at the moment, for example because the database is away: 503.
    Unavailable,
    /// The credentials cannot be checked, an internal error: 500.
    Failed,
}

impl From<InvalidCredentials> for AuthError {
    fn from(rejected: InvalidCredentials) -> Self {
        Self::Rejected(rejected)
    }
}

/// Authenticates callers, and attaches their data to requests.
pub trait Authenticator: Send + Sync + 'static {
    /// An authenticated caller.
    type Caller: Clone + PartialEq + Send + Sync + 'static;

    /// Authenticates by the headers alone, before the body is read.
    ///
    /// # Errors
    ///
    /// [`AuthError`].
    fn authenticate(
        &self,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Self::Caller, AuthError>> + Send;

    /// The key under which the caller's usage is counted against quotas.
    fn caller_key(&self, caller: &Self::Caller) -> CallerKey;

    /// The role of the caller, for log and metrics: one of a closed list.
    fn role(&self, caller: &Self::Caller) -> &'static str;

    /// Checks that the caller has the permissions for all root fields of a mutation, before any of them runs;
    /// by default everything is permitted.
    ///
    /// # Errors
    ///
    /// `FORBIDDEN`, one for each field without permission.
    fn check_permissions(&self, _: &Self::Caller, _: &[RootField]) -> Result<(), Vec<ServerError>> {
        Ok(())
    }

    /// Whether the caller has a right to an operation that reads, by its name; by default everything is permitted.
    /// Resolvers decide; this is for lists of what a caller can do.
    fn may_read(&self, _: &Self::Caller, _operation: &str) -> bool {
        true
    }

    /// Attaches what resolvers need to a request: by default the caller. The request already has
    /// the [`RequestId`](super::request_id::RequestId).
    fn attach_caller(&self, caller: Self::Caller, request: Request) -> Request {
        request.data(caller)
    }

    /// Runs a query of a caller, which has to see what it says; by default as it is.
    fn read(
        &self,
        _: &Self::Caller,
        _: Freshness,
        query: BoxFuture<'static, Response>,
    ) -> BoxFuture<'static, Response> {
        query
    }

    /// The position that includes everything changed until now; by default there is none.
    fn position(&self) -> impl Future<Output = Option<u64>> + Send {
        std::future::ready(None)
    }
}

/// The token of `Authorization: Bearer …`, if the header has that form.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A key from the settings that authenticates an administrator, for the initial set-up.
#[derive(Clone)]
pub struct BootstrapKey {
    digest: [u8; 32],
}

impl BootstrapKey {
    /// Stores the digest of the key, not the key itself.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self::of_digest(Sha256::digest(key).into())
    }

    /// The key with this SHA-256 digest.
    #[must_use]
    pub const fn of_digest(digest: [u8; 32]) -> Self {
        Self { digest }
    }

    /// Whether the token is the key. Digests are compared, in constant time, so that
    /// timing reveals neither the key's length nor its prefix.
    #[must_use]
    pub fn matches(&self, token: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(token).into();
        self.digest.ct_eq(&digest).into()
    }
}

/// Omits the key, which must not get into a log.
impl std::fmt::Debug for BootstrapKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BootstrapKey(…)")
    }
}

/// The caller that the bootstrap key authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootstrapAdministrator;

impl Authenticator for BootstrapKey {
    type Caller = BootstrapAdministrator;

    async fn authenticate(&self, headers: &HeaderMap) -> Result<Self::Caller, AuthError> {
        match bearer(headers) {
            Some(token) if self.matches(token) => Ok(BootstrapAdministrator),
            Some(_) => Err(InvalidCredentials::rejected().into()),
            None => Err(InvalidCredentials::without_bearer(headers).into()),
        }
    }

    fn caller_key(&self, _: &Self::Caller) -> CallerKey {
        CallerKey::new(0)
    }

    fn role(&self, _: &Self::Caller) -> &'static str {
        "ADMINISTRATOR"
    }
}
