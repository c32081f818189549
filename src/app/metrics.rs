//! Where metrics are served: beside the API, or on an address of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::StartError;
use crate::http::connections::{self, ConnectionLimits};
use crate::http::{metrics, with_layers};
use crate::service::Services;
use crate::telemetry::metrics::Metrics;

/// Most connections to an address of their own: those who scrape are few.
const CONNECTIONS_MAX: usize = 16;

/// The database is asked no more often than this, however often the metrics are.
const ASKED_EVERY: Duration = Duration::from_secs(1);
/// Longest time that the database has to tell of the feed.
const FEED_TIME_MAX: Duration = Duration::from_secs(2);

/// The route of the metrics, with what can only be told at the moment.
pub(super) fn metrics_router(services: &Services) -> Router {
    let asked = Arc::new(Mutex::new(None));
    let services = services.clone();
    metrics::router(move || {
        let (services, asked) = (services.clone(), Arc::clone(&asked));
        async move {
            services.metrics().set_feed_position(*services.hub().last().borrow());
            tell_waiting(&services, &asked).await;
            services.metrics().render(&services.database().pools())
        }
    })
}

/// Tells what waits for a number, and what for the receivers of webhooks. What can't be told now stays as
/// it was.
async fn tell_waiting(services: &Services, asked: &Mutex<Option<Instant>>) {
    let mut asked = asked.lock().await;
    if asked.is_some_and(|asked| asked.elapsed() < ASKED_EVERY) {
        return;
    }
    let both = async { tokio::try_join!(services.feed_status(), services.webhooks_status()) };
    match tokio::time::timeout(FEED_TIME_MAX, both).await {
        Ok(Ok(((_, pending), webhooks))) => {
            let lag = |now: DateTime<Utc>, oldest: Option<DateTime<Utc>>| {
                oldest.and_then(|oldest| (now - oldest).to_std().ok()).unwrap_or_default()
            };
            let metrics = services.metrics();
            metrics.set_outbox_lag(lag(services.clock().now(), pending.oldest), pending.events);
            // Receivers compare with their own clocks, so what is sent goes by the real one.
            let waited = lag(services.clock().real(), webhooks.oldest);
            metrics.set_webhook_backlog(webhooks.pending, waited, webhooks.disabled);
        }
        Ok(Err(error)) => tracing::warn!(%error, "metrics can't tell of events and webhooks"),
        Err(_) => tracing::warn!("metrics can't tell of events and webhooks: the database takes too long"),
    }
    *asked = Some(Instant::now());
}

/// Serves the metrics alone.
#[derive(Debug)]
pub(super) struct MetricsServer {
    address: SocketAddr,
    server: JoinHandle<std::io::Result<()>>,
}

impl MetricsServer {
    /// Starts to serve; it listens when this returns.
    pub(super) async fn start(bind: SocketAddr, router: Router) -> Result<Self, StartError> {
        let refuse = |error| StartError::MetricsBind(bind, error);
        let listener = TcpListener::bind(bind).await.map_err(refuse)?;
        let address = listener.local_addr().map_err(refuse)?;
        let limits = ConnectionLimits { connections_max: CONNECTIONS_MAX, ..ConnectionLimits::default() };
        // Those who scrape are no clients: their connections are not counted with them.
        let uncounted = Metrics::default();
        let served =
            connections::serve(listener, with_layers(router), limits, uncounted, std::future::pending());
        Ok(Self { address, server: tokio::spawn(served) })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops at once: the next scrape finds nobody.
    pub(super) fn stop(self) {
        self.server.abort();
    }
}
