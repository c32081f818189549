//! The toy schema's subscriptions. Tests observe and control them through the toy's counter.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use async_graphql::*;
use axum::http::HeaderMap;
use futures_util::{Stream, StreamExt, stream};
use partner_program::http::authentication::{
    AuthError, Authenticator, BootstrapAdministrator, BootstrapKey, InvalidCredentials,
};
use partner_program::http::throttle::CallerKey;

use crate::toy::KEY;

pub(crate) struct Subscription;

#[Subscription]
impl Subscription {
    /// Numbers from 1, without delay.
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(1..=to)
    }
    /// The toy's counter, whenever its value changes.
    async fn watch(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = i32> + use<>> {
        let counter = Arc::clone(ctx.data::<Arc<AtomicI32>>()?);
        let start = counter.load(Ordering::SeqCst);
        Ok(stream::unfold((counter, start), |(counter, last)| async move {
            loop {
                let now = counter.load(Ordering::SeqCst);
                if now != last {
                    return Some((now, (counter, now)));
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }))
    }
    /// No events; increments the toy's counter while it lasts.
    async fn silence(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = i32> + use<>> {
        let present = Present::new(ctx.data::<Arc<AtomicI32>>()?);
        Ok(stream::pending().map(move |it| {
            let _present = &present;
            it
        }))
    }
    /// An endless stream of long texts.
    async fn flood(&self, ctx: &Context<'_>, bytes: usize) -> Result<impl Stream<Item = String> + use<>> {
        let present = Present::new(ctx.data::<Arc<AtomicI32>>()?);
        Ok(stream::repeat_with(move || {
            let _present = &present;
            "x".repeat(bytes)
        }))
    }
    /// Numbers from 1, and a panic instead of the fourth.
    async fn panics(&self) -> impl Stream<Item = i32> {
        stream::iter(1..).inspect(|n| assert!(*n < 4, "a stream that panics"))
    }
    async fn panics_at_once(&self) -> impl Stream<Item = i32> {
        assert!(KEY.is_empty(), "a subscription that panics");
        stream::empty()
    }
    async fn refused(&self) -> Result<stream::Empty<i32>> {
        Err(Error::new("not yours").extend_with(|_, it| it.set("code", "FORBIDDEN")))
    }
    async fn faulty(&self) -> impl Stream<Item = Faulty> {
        stream::iter([Faulty])
    }
}

struct Faulty;

#[Object]
impl Faulty {
    async fn fine(&self) -> i32 {
        1
    }
    async fn broken(&self) -> Option<Result<i32>> {
        Some(Err(Error::new("no such table: secrets")))
    }
}

/// Increments the counter until it is dropped.
struct Present(Arc<AtomicI32>);

impl Present {
    fn new(counter: &Arc<AtomicI32>) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(counter))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Accepts the key until it is revoked.
pub(crate) struct ToyAuthenticator {
    pub(crate) key: BootstrapKey,
    pub(crate) state: Arc<AuthenticatorState>,
}

#[derive(Default)]
pub(crate) struct AuthenticatorState {
    pub(crate) revoked: AtomicBool,
    pub(crate) unavailable: AtomicBool,
}

impl Authenticator for ToyAuthenticator {
    type Caller = BootstrapAdministrator;

    async fn authenticate(&self, headers: &HeaderMap) -> std::result::Result<Self::Caller, AuthError> {
        if self.state.unavailable.load(Ordering::SeqCst) {
            return Err(AuthError::Unavailable);
        }
        if self.state.revoked.load(Ordering::SeqCst) {
            return Err(InvalidCredentials("The key is not valid.".to_owned()).into());
        }
        self.key.authenticate(headers).await
    }

    fn role(&self, _: &Self::Caller) -> &'static str {
        "ADMINISTRATOR"
    }

    fn caller_key(&self, caller: &Self::Caller) -> CallerKey {
        self.key.caller_key(caller)
    }
}
