//! What the transports of the GraphQL endpoint share: schema, limits, and the authentication of callers.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Executor;
use axum::http::header::AUTHORIZATION;
use axum::http::{Extensions, HeaderMap};
use axum::response::Response;
use futures_util::future::BoxFuture;

use super::accept::MediaType;
use super::authentication::{AuthError, Authenticator, InvalidCredentials};
use super::response::ErrorResponse;
use super::streams::StreamSettings;
use super::throttle::{RateLimited, Throttle};
use crate::graphql::documents::Documents;
use crate::telemetry::metrics::Metrics;

/// The page for browsers that open the endpoint, from the headers of the request.
pub type BrowserPage = Arc<dyn Fn(HeaderMap) -> BoxFuture<'static, Response> + Send + Sync>;

/// Limits of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Maximum size of a body, in bytes.
    pub body_bytes_max: usize,
    /// Timeout for a body to arrive, and again for its operations.
    pub operation_time_max: Duration,
    /// Maximum requests of a batch; 0 turns batches off.
    pub batch_max: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self { body_bytes_max: 1_048_576, operation_time_max: Duration::from_secs(10), batch_max: 0 }
    }
}

/// The GraphQL endpoint with all that it depends on.
pub struct GraphqlEndpoint<E, A> {
    /// The schemas and their documents.
    pub documents: Documents<E>,
    /// Authenticates callers.
    pub authenticator: A,
    /// Limits of requests.
    pub limits: RequestLimits,
    /// Rate and concurrency limits of callers.
    pub throttle: Throttle,
    /// Limits of WebSockets and event streams, and their shutdown.
    pub streams: StreamSettings,
    /// The page for browsers; without one they get the responses of other clients.
    pub page: Option<BrowserPage>,
    /// Metrics of requests.
    pub metrics: Metrics,
}

impl<E: Executor, A: Authenticator> GraphqlEndpoint<E, A> {
    pub(super) fn rate_limited(&self, media: MediaType, limited: RateLimited) -> ErrorResponse {
        self.metrics.rate_limited(limited.limit.name());
        ErrorResponse::rate_limited(media, limited)
    }

    pub(super) async fn authenticate(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<A::Caller, LoginError> {
        let failed_logins = &self.throttle.failed_logins;
        failed_logins.check(headers, extensions).map_err(|limited| {
            self.metrics.rate_limited(limited.limit.name());
            LoginError::RateLimited(limited)
        })?;
        self.authenticator.authenticate(headers).await.map_err(|failed| match failed {
            AuthError::Rejected(rejected) => {
                failed_logins.record_failure(headers, extensions);
                if headers.contains_key(AUTHORIZATION) {
                    self.metrics.failed_login();
                }
                LoginError::Rejected(rejected)
            }
            AuthError::Unavailable => LoginError::Unavailable,
            AuthError::Failed => LoginError::Failed,
        })
    }
}

/// Why a request has no caller.
pub(super) enum LoginError {
    /// The client address has too many failed logins.
    RateLimited(RateLimited),
    /// The credentials are missing or invalid.
    Rejected(InvalidCredentials),
    /// The credentials cannot be checked at the moment.
    Unavailable,
    /// The credentials cannot be checked, because of an internal error.
    Failed,
}
