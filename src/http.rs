//! The HTTP routes and their layers.

pub mod accept;
pub mod assets;
pub mod authentication;
pub mod client_address;
pub mod connections;
mod consistency;
pub mod console;
pub mod cors;
mod cost;
pub mod endpoint;
mod execution;
pub mod graphql;
pub mod index;
pub mod mcp;
pub mod metrics;
mod middleware;
pub mod params;
mod request_batch;
pub mod request_body;
pub mod request_id;
pub mod response;
pub mod sandboxes;
pub mod streams;
pub mod throttle;

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Executor;
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::{any, get};

use authentication::Authenticator;
use endpoint::GraphqlEndpoint;
use streams::websocket;

/// Timeout of a readiness check.
const READINESS_TIME_MAX: Duration = Duration::from_secs(2);

/// The routes of the API: `/graphql`, `/graphql/ws`, `/schema.graphql`, `/healthz` and `/readyz`.
///
/// Without the schema's text in `sdl`, `/schema.graphql` is left out. `ready` checks whether requests can
/// be served, and reports what is missing otherwise; each request to `/readyz` calls it. Add further routes
/// and [`index::with_index`] to the result, then apply [`with_layers`] to all of them.
pub fn routes<E, A, R, F>(
    endpoint: Arc<GraphqlEndpoint<E, A>>,
    sdl: impl Into<Option<String>>,
    ready: R,
) -> Router
where
    E: Executor,
    A: Authenticator,
    R: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), String>> + Send,
{
    let mut routes = Router::new()
        // Every method, because the refusal of other methods is a GraphQL response as well.
        .route("/graphql", any(graphql::handle::<E, A>))
        .route("/graphql/ws", any(websocket::handle::<E, A>))
        .with_state(endpoint)
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(move || readiness(ready)));
    if let Some(sdl) = sdl.into().map(Bytes::from) {
        let schema = move || async move { ([(CONTENT_TYPE, "application/graphql; charset=utf-8")], sdl) };
        routes = routes.route("/schema.graphql", get(schema));
    }
    routes
}

/// Adds the request id and the panic handler to all routes. It must be the outermost layer: a layer
/// outside of it has neither.
pub fn with_layers(router: Router) -> Router {
    router.layer(from_fn(middleware::layer))
}

async fn readiness<R, F>(ready: R) -> impl IntoResponse
where
    R: Fn() -> F,
    F: Future<Output = Result<(), String>>,
{
    match tokio::time::timeout(READINESS_TIME_MAX, ready()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready".to_owned()),
        Ok(Err(missing)) => (StatusCode::SERVICE_UNAVAILABLE, missing),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "readiness check timed out".to_owned()),
    }
}
