//! The HTTP routes and what stands around them.

pub mod accept;
pub mod assets;
pub mod authentication;
pub mod connections;
pub mod cors;
pub mod graphql;
pub mod metrics;
pub mod params;
mod request_batch;
pub mod request_id;
pub mod response;
pub mod streams;
pub mod throttle;

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Executor;
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::{any, get};

use authentication::Authenticator;
use graphql::Edge;
use streams::socket;

/// Longest time that a readiness check may take before it counts as failed.
const READINESS_TIME_MAX: Duration = Duration::from_secs(2);

/// The routes of the API: `/graphql`, `/graphql/ws`, `/schema.graphql`, `/healthz` and `/readyz`.
///
/// Without the schema's text in `sdl`, `/schema.graphql` is left out. `ready` says whether requests
/// can be served now, and what is missing otherwise; it is asked at each request to `/readyz`. Add further routes to the result, then put
/// [`with_layers`] around all of them.
pub fn routes<E, A, R, F>(edge: Arc<Edge<E, A>>, sdl: impl Into<Option<String>>, ready: R) -> Router
where
    E: Executor,
    A: Authenticator,
    R: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), String>> + Send,
{
    let mut routes = Router::new()
        // Every method, because the ones that are refused are answered as GraphQL too.
        .route("/graphql", any(graphql::handle::<E, A>))
        .route("/graphql/ws", any(socket::handle::<E, A>))
        .with_state(edge)
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(move || readiness(ready)));
    if let Some(sdl) = sdl.into().map(Bytes::from) {
        let schema = move || async move { ([(CONTENT_TYPE, "application/graphql; charset=utf-8")], sdl) };
        routes = routes.route("/schema.graphql", get(schema));
    }
    routes
}

/// Puts the request id, and the net under panics, around all routes. It must be the
/// outermost layer: what is outside of it has no id and no net.
pub fn with_layers(router: Router) -> Router {
    router.layer(middleware::from_fn(request_id::layer))
}

async fn readiness<R, F>(ready: R) -> impl IntoResponse
where
    R: Fn() -> F,
    F: Future<Output = Result<(), String>>,
{
    match tokio::time::timeout(READINESS_TIME_MAX, ready()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready".to_owned()),
        Ok(Err(missing)) => (StatusCode::SERVICE_UNAVAILABLE, missing),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the check took too long".to_owned()),
    }
}
