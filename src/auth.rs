//! Who is asking: the key of the settings, API keys, and tokens of an OpenID Connect provider.

pub mod jwks;
pub mod tokens;

use std::sync::Arc;

use async_graphql::Request;
use axum::http::HeaderMap;

use crate::access::{Actor, Caller, Limits, Role};
use crate::error::Error;
use crate::http::access::{Access, AuthFailed, AuthRefused, BootstrapKey, bearer};
use crate::http::request_id::RequestId;
use crate::http::throttle::CallerKey;
use crate::service::Services;
use tokens::Tokens;

/// What every API key begins with.
const KEY_BEGINNING: &str = "pp_";

/// Finds the caller of a request, and gives its resolvers the services as that caller has them.
#[derive(Debug)]
pub struct Gate {
    services: Services,
    bootstrap: Option<(BootstrapKey, Arc<Caller>)>,
    tokens: Option<Tokens>,
}

impl Gate {
    /// A gate that knows API keys, and these credentials beside them.
    #[must_use]
    pub fn new(services: Services, bootstrap: Option<BootstrapKey>, tokens: Option<Tokens>) -> Self {
        let caller =
            Caller { actor: Actor::BootstrapKey, role: Role::Administrator, limits: Limits::default() };
        let caller = Arc::new(caller);
        Self { services, bootstrap: bootstrap.map(|key| (key, caller)), tokens }
    }

    async fn caller(&self, credentials: &str) -> Result<Option<Arc<Caller>>, Error> {
        if let Some((key, caller)) = &self.bootstrap
            && key.matches(credentials)
        {
            return Ok(Some(Arc::clone(caller)));
        }
        if credentials.starts_with(KEY_BEGINNING) {
            return self.services.caller_of_key(credentials).await;
        }
        let Some(tokens) = &self.tokens else { return Ok(None) };
        match tokens.verify(credentials).await {
            Some(claims) => self.services.caller_of_token(&claims.actor, claims.role, &claims.subject).await,
            None => Ok(None),
        }
    }
}

impl Access for Gate {
    type Caller = Arc<Caller>;

    async fn authenticate(&self, headers: &HeaderMap) -> Result<Self::Caller, AuthFailed> {
        let Some(credentials) = bearer(headers) else {
            return Err(AuthRefused("Send a key: Authorization: Bearer <key>.".to_owned()).into());
        };
        match self.caller(credentials).await {
            Ok(Some(caller)) => Ok(caller),
            // Whether it is unknown, wrong, revoked or expired: nobody learns which.
            Ok(None) => Err(AuthRefused("The key is not valid.".to_owned()).into()),
            Err(error) => {
                tracing::error!(
                    error = format!("{error}: {:?}", std::error::Error::source(&error)),
                    "no caller"
                );
                Err(AuthFailed::Unavailable)
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

    fn equip(&self, caller: Self::Caller, request: Request) -> Request {
        let id = request.data.get(&std::any::TypeId::of::<RequestId>());
        let id = id.and_then(|id| id.downcast_ref::<RequestId>()).map(|id| Arc::from(id.as_str()));
        let services = self.services.for_caller(caller, id);
        request.data(services)
    }
}
