//! `/metrics`, for Prometheus and what reads its formats.

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::routing::get;

use super::accept::parse_media_range;
use crate::telemetry::prometheus_text::to_prometheus_text;

/// What Prometheus prefers.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// What every other program that reads metrics understands.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The route; `text` renders the current values of all metrics as `OpenMetrics`.
pub fn router<T, F>(text: T) -> Router
where
    T: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = String> + Send,
{
    let respond = move |headers: HeaderMap| async move {
        let open_metrics = text().await;
        let (content_type, body) = if prefers_open_metrics(&headers) {
            (OPEN_METRICS, open_metrics)
        } else {
            (PROMETHEUS_TEXT, to_prometheus_text(&open_metrics))
        };
        ([(CONTENT_TYPE, content_type), (VARY, "Accept")], body)
    };
    Router::new().route("/metrics", get(respond))
}

/// Whether the client names `OpenMetrics`, and prefers it to the older format. A wildcard is not enough:
/// `curl` and simple scrapers send one.
fn prefers_open_metrics(headers: &HeaderMap) -> bool {
    let (mut open_metrics, mut plain) = (0, 0);
    for value in headers.get_all(ACCEPT) {
        for (range, weight) in value.to_str().unwrap_or("").split(',').filter_map(parse_media_range) {
            match range.as_str() {
                "application/openmetrics-text" => open_metrics = open_metrics.max(weight),
                "text/plain" => plain = plain.max(weight),
                _ => {}
            }
        }
    }
    open_metrics > 0 && open_metrics >= plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_one_that_the_client_prefers() {
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                          application/openmetrics-text;version=0.0.1;q=0.5,\
                          text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, open_metrics) in [
            (Some(prometheus), true),
            (Some("application/openmetrics-text"), true),
            (Some("application/openmetrics-text;q=0.5, text/plain"), false),
            (Some("application/openmetrics-text;q=0"), false),
            (Some("text/plain;version=0.0.4"), false),
            (Some("*/*"), false),
            (Some("text/html, */*;q=0.8"), false),
            (None, false),
        ] {
            let headers =
                accept.map(|it| (ACCEPT, it.parse().expect("a header value"))).into_iter().collect();
            assert_eq!(prefers_open_metrics(&headers), open_metrics, "{accept:?}");
        }
    }
}
