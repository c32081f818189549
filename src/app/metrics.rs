//! Where metrics are served: beside the API, or on an address of their own.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::StartError;
use crate::http::connections::{self, ConnectionLimits};
use crate::http::{metrics, with_layers};
use crate::service::Services;
use crate::telemetry::metrics::Metrics;

/// Most connections to an address of their own: those who scrape are few.
const CONNECTIONS_MAX: usize = 16;

/// The route of the metrics, with what can only be told at the moment.
pub(super) fn metrics_router(services: &Services) -> Router {
    let (metrics, database) = (services.metrics().clone(), services.database().clone());
    metrics::router(move || metrics.text(&database.pools()))
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
