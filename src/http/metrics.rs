//! `/metrics`, for Prometheus.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

/// `OpenMetrics`, which Prometheus requests and every one of its versions in use supports.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The route; `text` renders the current values of all metrics.
pub fn router<T, F>(text: T) -> Router
where
    T: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = String> + Send,
{
    Router::new().route("/metrics", get(move || async move { ([(CONTENT_TYPE, TEXT)], text().await) }))
}
