//! The caller of a connection, and the revalidation of its credentials.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Executor, Response};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};

use crate::http::authentication::{AuthError, Authenticator};
use crate::http::endpoint::GraphqlEndpoint;
use crate::http::request_id::{self, RequestId};
use crate::http::throttle::{CallerKey, Permit};

/// The message for clients whose credentials are no longer valid.
pub(super) const REVOKED: &str = "The API key or token is no longer valid.";

/// Delay before a retry when credentials cannot be checked.
const RECHECK_DELAY: Duration = Duration::from_secs(1);

/// A caller with the credentials to revalidate.
pub(super) struct Session<C> {
    pub(super) caller: C,
    pub(super) key: CallerKey,
    credentials: HeaderMap,
    _permit: Arc<Permit>,
}

/// Why a subscription was terminated.
pub(super) enum SubscriptionEnd {
    /// The credentials are no longer valid.
    Revoked,
    /// A resolver panicked; the log has the panic.
    Panicked,
}

impl<C> Session<C> {
    /// The session of a caller that was authenticated by these headers.
    pub(super) fn new(caller: C, key: CallerKey, headers: &HeaderMap, permit: Arc<Permit>) -> Self {
        let authorization = headers.get(AUTHORIZATION).map(|value| (AUTHORIZATION, value.clone()));
        Self { caller, key, credentials: authorization.into_iter().collect(), _permit: permit }
    }

    /// Whether the credentials still authenticate the same caller. While that cannot be checked, events
    /// are delayed, not lost.
    pub(super) async fn is_valid<E, A>(&self, endpoint: &GraphqlEndpoint<E, A>) -> bool
    where
        A: Authenticator<Caller = C>,
        C: PartialEq,
    {
        loop {
            match endpoint.authenticator.authenticate(&self.credentials).await {
                Ok(caller) => return caller == self.caller,
                Err(AuthError::Rejected(_)) => return false,
                Err(AuthError::Unavailable | AuthError::Failed) => tokio::time::sleep(RECHECK_DELAY).await,
            }
        }
    }

    /// Completes when the credentials are no longer valid.
    pub(super) async fn until_revoked<E, A>(&self, endpoint: &GraphqlEndpoint<E, A>)
    where
        A: Authenticator<Caller = C>,
        C: PartialEq,
    {
        while self.is_valid(endpoint).await {
            tokio::time::sleep(endpoint.streams.limits.check_interval).await;
        }
    }

    /// Waits for the next event and revalidates the credentials for it; none at the end of the stream.
    pub(super) async fn next<E, A>(
        &self,
        endpoint: &GraphqlEndpoint<E, A>,
        stream: &mut BoxStream<'static, Response>,
        id: &RequestId,
    ) -> Result<Option<Response>, SubscriptionEnd>
    where
        E: Executor,
        A: Authenticator<Caller = C>,
        C: PartialEq,
    {
        match AssertUnwindSafe(stream.next()).catch_unwind().await {
            Ok(Some(_)) if !self.is_valid(endpoint).await => Err(SubscriptionEnd::Revoked),
            Ok(event) => Ok(event),
            Err(panic) => {
                request_id::log_panic(id, panic.as_ref());
                Err(SubscriptionEnd::Panicked)
            }
        }
    }
}
