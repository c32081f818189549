//! Authentication of callers: the bootstrap key, API keys, and tokens of an OpenID Connect provider.

pub mod claims;
pub mod jwks;
pub mod tokens;

use std::sync::Arc;

use async_graphql::{Request, Response, ServerError};
use axum::http::HeaderMap;
use futures_util::future::BoxFuture;

use crate::access::{Actor, Caller, Limits, Role};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::freshness::Freshness;
use crate::graphql::permissions;
use crate::graphql::root_fields::RootField;
use crate::http::authentication::{AuthError, Authenticator, BootstrapKey, InvalidCredentials, bearer};
use crate::http::request_id::RequestId;
use crate::http::throttle::CallerKey;
use crate::service::Services;
use claims::Claims;
use tokens::TokenVerifier;

/// The prefix of every API key.
const KEY_PREFIX: &str = "pp_";

/// Authenticates the caller of a request, and gives its resolvers the services bound to that caller.
#[derive(Debug)]
pub struct ApiAuthenticator {
    services: Services,
    bootstrap: Option<(BootstrapKey, Arc<Caller>)>,
    token_verifier: Option<TokenVerifier>,
}

impl ApiAuthenticator {
    /// An authenticator for API keys and, where given, the bootstrap key and tokens.
    #[must_use]
    pub fn new(
        services: Services,
        bootstrap: Option<BootstrapKey>,
        token_verifier: Option<TokenVerifier>,
    ) -> Self {
        let caller =
            Caller { actor: Actor::BootstrapKey, role: Role::Administrator, limits: Limits::default() };
        let caller = Arc::new(caller);
        Self { services, bootstrap: bootstrap.map(|key| (key, caller)), token_verifier }
    }

    async fn caller(&self, credentials: &str) -> Result<Option<Arc<Caller>>, Error> {
        if let Some((key, caller)) = &self.bootstrap
            && key.matches(credentials)
        {
            return Ok(Some(Arc::clone(caller)));
        }
        if credentials.starts_with(KEY_PREFIX) {
            return self.services.caller_of_key(credentials).await;
        }
        let Some(token_verifier) = &self.token_verifier else { return Ok(None) };
        match token_verifier.verify(credentials).await {
            Some(Claims { actor, role, subject }) => {
                let caller = self.services.caller_of_token(&actor, role, &subject).await?;
                if caller.is_none() {
                    let (role, subject) = (role.as_str(), claims::excerpt(&subject));
                    tokens::log_rejected(&format!(
                        "the role {role} has no subject with the code {subject:?}"
                    ));
                }
                Ok(caller)
            }
            None => Ok(None),
        }
    }
}

impl Authenticator for ApiAuthenticator {
    type Caller = Arc<Caller>;

    async fn authenticate(&self, headers: &HeaderMap) -> Result<Self::Caller, AuthError> {
        let Some(credentials) = bearer(headers) else {
            return Err(InvalidCredentials::without_bearer(headers).into());
        };
        match self.caller(credentials).await {
            Ok(Some(caller)) => Ok(caller),
            // The message does not reveal whether the key is unknown, revoked or expired.
            Ok(None) => Err(InvalidCredentials::rejected().into()),
            Err(Error::Unavailable(error)) => {
                tracing::warn!(%error, "database unavailable: a request cannot be authenticated");
                Err(AuthError::Unavailable)
            }
            Err(error) => {
                tracing::error!(
                    error = format!("{error}: {:?}", std::error::Error::source(&error)),
                    "failed to authenticate a request"
                );
                Err(AuthError::Failed)
            }
        }
    }

    fn caller_key(&self, caller: &Self::Caller) -> CallerKey {
        match &caller.actor {
            Actor::Key { id, .. } => CallerKey::new(id.as_u128()),
            Actor::Token(subject) => CallerKey::from_name(subject),
            Actor::BootstrapKey | Actor::System(_) => CallerKey::new(0),
        }
    }

    fn role(&self, caller: &Self::Caller) -> &'static str {
        caller.role.name().as_str()
    }

    fn check_permissions(
        &self,
        caller: &Self::Caller,
        root_fields: &[RootField],
    ) -> Result<(), Vec<ServerError>> {
        permissions::check(caller, root_fields)
    }

    fn may_read(&self, caller: &Self::Caller, operation: &str) -> bool {
        permissions::may_read(caller, operation)
    }

    fn attach_caller(&self, caller: Self::Caller, request: Request) -> Request {
        let id = request.data.get(&std::any::TypeId::of::<RequestId>());
        let id = id.and_then(|id| id.downcast_ref::<RequestId>()).map(|id| Arc::from(id.as_str()));
        let deadline = request.data.get(&std::any::TypeId::of::<Deadline>());
        let deadline = deadline.and_then(|deadline| deadline.downcast_ref::<Deadline>()).cloned();
        let services = self.services.for_caller(caller, id).with_deadline(deadline);
        request.data(services)
    }

    fn read(
        &self,
        caller: &Self::Caller,
        freshness: Freshness,
        query: BoxFuture<'static, Response>,
    ) -> BoxFuture<'static, Response> {
        if !self.services.has_replica() {
            return query;
        }
        let (services, caller) = (self.services.clone(), Arc::clone(caller));
        Box::pin(async move { services.read(&caller, freshness, query).await })
    }

    async fn position(&self) -> Option<u64> {
        self.services.position().await
    }
}
