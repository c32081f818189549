//! Whom a connection belongs to, and whether that still holds.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_graphql::{Executor, Response};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};

use crate::http::authentication::{AuthError, Authenticator};
use crate::http::graphql::GraphqlEndpoint;
use crate::http::request_id::{self, RequestId};
use crate::http::throttle::{CallerKey, Permit};

/// What clients are told whose credentials are not valid any more.
pub(super) const REVOKED: &str = "The key is not valid any more.";

/// How long to wait before asking again when credentials can't be checked.
const CHECK_AGAIN: Duration = Duration::from_secs(1);

/// Who asked, with the credentials to ask about again.
pub(super) struct Session<C> {
    pub(super) caller: C,
    pub(super) key: CallerKey,
    credentials: HeaderMap,
    _place: Permit,
}

/// Why a subscription has no next event, though it is not at its end.
pub(super) enum Lost {
    /// The credentials are not valid any more.
    Revoked,
    /// Something went wrong on our side. It is in the log.
    Panicked,
}

impl<C> Session<C> {
    /// The session of a caller who was found by these headers.
    pub(super) fn new(caller: C, key: CallerKey, headers: &HeaderMap, place: Permit) -> Self {
        let authorization = headers.get(AUTHORIZATION).map(|value| (AUTHORIZATION, value.clone()));
        Self { caller, key, credentials: authorization.into_iter().collect(), _place: place }
    }

    /// Whether the credentials still stand for the same caller. While that can't be found out,
    /// nothing is delivered and nothing is lost.
    pub(super) async fn is_valid<E, A>(&self, endpoint: &GraphqlEndpoint<E, A>) -> bool
    where
        A: Authenticator<Caller = C>,
        C: PartialEq,
    {
        loop {
            match endpoint.authenticator.authenticate(&self.credentials).await {
                Ok(caller) => return caller == self.caller,
                Err(AuthError::Rejected(_)) => return false,
                Err(AuthError::Unavailable) => tokio::time::sleep(CHECK_AGAIN).await,
            }
        }
    }

    /// Ends when the credentials are not valid any more.
    pub(super) async fn until_revoked<E, A>(&self, endpoint: &GraphqlEndpoint<E, A>)
    where
        A: Authenticator<Caller = C>,
        C: PartialEq,
    {
        while self.is_valid(endpoint).await {
            tokio::time::sleep(endpoint.streams.limits.check_interval).await;
        }
    }

    /// Waits for the next event, for which the credentials were checked; there is none at the end.
    pub(super) async fn next<E, A>(
        &self,
        endpoint: &GraphqlEndpoint<E, A>,
        stream: &mut BoxStream<'static, Response>,
        id: &RequestId,
    ) -> Result<Option<Response>, Lost>
    where
        E: Executor,
        A: Authenticator<Caller = C>,
        C: PartialEq,
    {
        match AssertUnwindSafe(stream.next()).catch_unwind().await {
            Ok(Some(_)) if !self.is_valid(endpoint).await => Err(Lost::Revoked),
            Ok(event) => Ok(event),
            Err(panic) => {
                request_id::log_panic(id, panic.as_ref());
                Err(Lost::Panicked)
            }
        }
    }
}
