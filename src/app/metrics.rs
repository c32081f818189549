//! Serving of metrics: with the API, or on a separate address.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::AppError;
use crate::http::connections::{self, ConnectionLimits};
use crate::http::{metrics, with_layers};
use crate::service::Services;
use crate::telemetry::metrics::Metrics;

/// Maximum connections to a separate address: scrapers are few.
const CONNECTIONS_MAX: usize = 16;

/// Minimum interval between queries for the backlog, however often metrics are scraped.
const REFRESH_INTERVAL_MIN: Duration = Duration::from_secs(1);
/// Timeout of the queries for the backlog.
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);

/// The route of the metrics, which updates those that are only measured on demand.
pub(super) fn metrics_router(services: &Services) -> Router {
    let refreshed_at = Arc::new(Mutex::new(None));
    let services = services.clone();
    metrics::router(move || {
        let (services, refreshed_at) = (services.clone(), Arc::clone(&refreshed_at));
        async move {
            services.metrics().set_feed_position(*services.hub().last().borrow());
            refresh_backlog_metrics(&services, &refreshed_at).await;
            services.refresh_replica_metrics();
            services.metrics().render(&services.database().pools())
        }
    })
}

/// Updates the metrics of the outbox and of pending webhook deliveries. On failure they keep their values.
async fn refresh_backlog_metrics(services: &Services, refreshed_at: &Mutex<Option<Instant>>) {
    let mut refreshed_at = refreshed_at.lock().await;
    if refreshed_at.is_some_and(|refreshed_at| refreshed_at.elapsed() < REFRESH_INTERVAL_MIN) {
        return;
    }
    let both = async { tokio::try_join!(services.feed_status(), services.webhooks_status()) };
    match tokio::time::timeout(QUERY_TIMEOUT, both).await {
        Ok(Ok(((_, pending), webhooks))) => {
            let lag = |now: DateTime<Utc>, oldest: Option<DateTime<Utc>>| {
                oldest.and_then(|oldest| (now - oldest).to_std().ok()).unwrap_or_default()
            };
            let metrics = services.metrics();
            metrics.set_outbox_lag(lag(services.clock().now(), pending.oldest), pending.events);
            // Receivers compare timestamps with their own clocks, so deliveries use the real clock.
            let waited = lag(services.clock().real(), webhooks.oldest);
            metrics.set_webhook_backlog(webhooks.pending, waited, webhooks.disabled);
        }
        Ok(Err(error)) => tracing::warn!(%error, "failed to update event and webhook metrics"),
        Err(_) => tracing::warn!("failed to update event and webhook metrics: database timeout"),
    }
    *refreshed_at = Some(Instant::now());
}

/// Serves the metrics alone.
#[derive(Debug)]
pub(super) struct MetricsServer {
    address: SocketAddr,
    server: JoinHandle<std::io::Result<()>>,
}

impl MetricsServer {
    /// Starts the server; it listens when this returns.
    pub(super) async fn start(bind: SocketAddr, router: Router) -> Result<Self, AppError> {
        let refuse = |error| AppError::MetricsBind(bind, error);
        let listener = TcpListener::bind(bind).await.map_err(refuse)?;
        let address = listener.local_addr().map_err(refuse)?;
        let limits = ConnectionLimits {
            connections_max: CONNECTIONS_MAX,
            per_address_max: CONNECTIONS_MAX,
            ..ConnectionLimits::default()
        };
        // Connections of scrapers are not counted as connections of clients.
        let unregistered = Metrics::default();
        let served =
            connections::serve(listener, with_layers(router), limits, unregistered, std::future::pending());
        Ok(Self { address, server: tokio::spawn(served) })
    }

    /// The address that it listens on.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops at once, without waiting for scrapes.
    pub(super) fn stop(self) {
        self.server.abort();
    }
}
