//! The application: database, services, routes, and a graceful shutdown.

mod metrics;
mod routes;
mod sandboxes;
mod supervision;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::auth::ApiAuthenticator;
use crate::auth::tokens::TokenVerifier;
use crate::clock::Clock;
use crate::config::Settings;
use crate::error::Error;
use crate::http::authentication::BootstrapKey;
use crate::http::sandboxes::with_sandboxes;
use crate::http::streams::ShutdownSignal;
use crate::http::{connections, with_layers};
use crate::service::Services;
use crate::service::sandboxes::Sandboxes;
use crate::store::{Database, archive};
use crate::webhook_client::WebhookClient;
use metrics::{MetricsServer, metrics_router};
use routes::router;
use sandboxes::SandboxHost;
use supervision::Supervisor;

/// Timeout for accepted requests to finish after the shutdown signal.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(25);

/// Why the application failed to start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The database is unreachable, or its migrations failed.
    #[error("DATABASE_URL: {0}")]
    Database(#[from] Error),
    /// The standby refuses the connection, or is none of the database.
    #[error("DATABASE_REPLICA_URL: {0}")]
    Replica(#[source] Error),
    /// The address is in use, or not one of this machine.
    #[error("BIND: cannot listen on {0}: {1}")]
    Bind(SocketAddr, std::io::Error),
    /// The address of the metrics is in use, or not one of this machine.
    #[error("METRICS_BIND: cannot listen on {0}: {1}")]
    MetricsBind(SocketAddr, std::io::Error),
    /// The key set of the provider, or a key of certificates, is invalid; with the name of the setting.
    #[error("{0}: {1}")]
    Keys(&'static str, String),
    /// The schema's SDL cannot be parsed.
    #[error("cannot read the generated schema: {0}")]
    Schema(String),
    /// A trusted document cannot be read, or is invalid.
    #[error("TRUSTED_DOCUMENTS: {0}")]
    TrustedDocuments(String),
    /// A tool of agents is wrong.
    #[error("MCP: {0}")]
    Agents(String),
    /// The client that sends webhooks cannot be created.
    #[error("WEBHOOKS_SEND: {0}")]
    Webhooks(String),
    /// The directory of sandboxes cannot be used.
    #[error("SANDBOX_DIR: cannot use the directory: {0}")]
    Sandboxes(std::io::Error),
    /// Serving failed.
    #[error("the server stopped: {0}")]
    Serve(std::io::Error),
}

/// A running application.
#[derive(Debug)]
pub struct RunningApp {
    address: SocketAddr,
    services: Services,
    stop: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
    metrics: Option<MetricsServer>,
    tasks: Supervisor,
    sandboxes: Arc<SandboxHost>,
}

impl RunningApp {
    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of an endpoint, such as `/graphql`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The URL of the metrics.
    #[must_use]
    pub fn metrics_url(&self) -> String {
        format!("http://{}/metrics", self.metrics.as_ref().map_or(self.address, MetricsServer::address))
    }

    /// The use cases that it serves.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Stops accepting requests, finishes accepted ones, and closes the database.
    ///
    /// # Errors
    /// When serving had failed, or closing the database fails.
    pub async fn stop(self) -> Result<(), AppError> {
        let Self { services, stop, server, metrics, tasks, sandboxes, .. } = self;
        // Without a receiver serving has failed already, and the join returns the error.
        let _ = stop.send(true);
        sandboxes.end_streams();
        let aborted = server.abort_handle();
        if let Ok(ended) = tokio::time::timeout(SHUTDOWN_TIMEOUT, server).await {
            ended.map_err(std::io::Error::other).flatten().map_err(AppError::Serve)?;
        } else {
            tracing::warn!(
                seconds = SHUTDOWN_TIMEOUT.as_secs(),
                "shutdown timed out with requests in progress"
            );
            aborted.abort();
        }
        // After the server: accepted requests may still emit events. The next start emits those that are
        // pending then.
        tasks.stop().await;
        services.close_sandboxes().await;
        if let Some(metrics) = metrics {
            metrics.stop();
        }
        services.database().clone().close().await.map_err(Error::from)?;
        Ok(())
    }

    /// Serves until `signal` completes, then stops.
    ///
    /// # Errors
    /// When serving fails before or after the signal.
    pub async fn run_until(mut self, signal: impl Future<Output = ()>) -> Result<(), AppError> {
        tokio::select! {
            () = signal => self.stop().await,
            ended = &mut self.server => {
                ended.map_err(std::io::Error::other).flatten().map_err(AppError::Serve)
            }
        }
    }
}

/// Connects to the database, migrates it and opens the use cases.
///
/// # Errors
/// When the database fails, or a restore into it has not ended.
pub async fn open(settings: &Settings) -> Result<Services, Error> {
    let database = Database::connect_with(settings.database_url.as_str(), settings.database_pools).await?;
    archive::refuse_marked(&database).await?;
    Box::pin(open_restored(database, settings)).await
}

/// Migrates a database and opens the use cases, also while a restore into it has not ended.
///
/// # Errors
/// When the database fails.
pub async fn open_restored(database: Database, settings: &Settings) -> Result<Services, Error> {
    database.migrate().await?;
    let services = Services::open(database, Clock::new(settings.timezone, settings.today)).await?;
    let services = services.with_edition_approval(settings.edition_approval);
    // Only the server sends webhooks.
    Ok(services.with_webhooks(WebhookClient::without_sending(settings.webhooks.allow_private)))
}

/// Starts the application; it listens when this returns.
///
/// # Errors
/// When the database fails, or the address cannot be bound.
pub async fn start(settings: &Settings) -> Result<RunningApp, AppError> {
    let mut services = open(settings).await?;
    if let Some(replica) = &settings.replica {
        let with = services.with_replica(replica.url.as_str(), replica.limits);
        services = with.await.map_err(AppError::Replica)?;
    }
    services.database().report_encryption().await;
    match WebhookClient::new(settings.webhooks.allow_private) {
        Ok(client) => services = services.with_webhooks(client),
        Err(reason) if settings.webhooks.send => return Err(AppError::Webhooks(reason)),
        // Another process sends them.
        Err(_) => {}
    }
    let bind = |error| AppError::Bind(settings.bind, error);
    connections::raise_nofile_limit(&settings.protocol.connections);
    // Before the routes: certificates of a demo are at its own address.
    let listener = TcpListener::bind(settings.bind).await.map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    if let Some(issuer) = &settings.certificates.issuer {
        let issuer = issuer.open(address).map_err(|(setting, reason)| AppError::Keys(setting, reason))?;
        services = services.with_issuer(Arc::new(issuer));
    }
    let sandboxes = Arc::new(SandboxHost::new(settings.clone()));
    if settings.sandboxes.max > 0 {
        let kept = Sandboxes::open(settings.sandboxes.clone(), sandboxes.clone());
        services = services.with_sandboxes(Arc::new(kept.map_err(AppError::Sandboxes)?));
    }
    let key = settings.bootstrap_admin_key.as_ref().map(|key| BootstrapKey::new(key.expose()));
    let token_verifier = match &settings.provider {
        Some(provider) => Some(
            TokenVerifier::open(provider.clone())
                .await
                .map_err(|reason| AppError::Keys(provider.source.setting(), reason))?,
        ),
        None => None,
    };
    let authenticator = ApiAuthenticator::new(services.clone(), key, token_verifier);
    let (stop, shutdown) = ShutdownSignal::channel();
    let mut tasks = Supervisor::new(services.metrics().clone());
    let health = tasks.health().clone();
    let router = router(&services, authenticator, settings, shutdown.clone(), health).await?;
    let router = with_layers(with_sandboxes(router, sandboxes.find()));
    let metrics = match settings.telemetry.metrics_bind {
        Some(bind) => Some(MetricsServer::start(bind, metrics_router(&services)).await?),
        None => None,
    };
    let limits = settings.protocol.connections.clone();
    let signal = async move { shutdown.received().await };
    let server =
        tokio::spawn(connections::serve(listener, router, limits, services.metrics().clone(), signal));
    start_tasks(&mut tasks, &services, settings);
    Ok(RunningApp { address, services, stop, server, metrics, tasks, sandboxes })
}

/// Starts the background tasks.
fn start_tasks(tasks: &mut Supervisor, services: &Services, settings: &Settings) {
    let retention = settings.events_kept_days.map(|days| TimeDelta::days(days.into()));
    let (feed, listener, time_based) = (services.clone(), services.clone(), services.clone());
    let seals = services.clone();
    tasks.spawn("seals", move || {
        let services = seals.clone();
        async move { services.run_seals().await }
    });
    tasks.spawn("feed", move || {
        let services = feed.clone();
        async move { services.run_feed().await }
    });
    tasks.spawn("event_listener", move || {
        let services = listener.clone();
        async move { services.run_event_listener().await }
    });
    tasks.spawn("time_based_events", move || {
        let services = time_based.clone();
        async move { services.run_time_based_events().await }
    });
    if let Some(kept) = retention {
        let services = services.clone();
        tasks.spawn("event_retention", move || {
            let services = services.clone();
            async move { services.run_event_retention(kept).await }
        });
    }
    if services.has_replica() {
        let replica = services.clone();
        tasks.spawn("replica", move || {
            let services = replica.clone();
            async move { services.run_replica().await }
        });
    }
    if services.keeps_sandboxes() {
        let sandboxes = services.clone();
        tasks.spawn_stopping("sandboxes", move |stop| {
            let services = sandboxes.clone();
            async move { services.run_sandbox_expiry(stop.received()).await }
        });
    }
    if !settings.webhooks.send {
        return;
    }
    let webhooks = services.clone();
    tasks.spawn_stopping("webhooks", move |stop| {
        let services = webhooks.clone();
        async move { services.run_webhooks(stop.received()).await }
    });
    if let Some(kept) = retention {
        let services = services.clone();
        tasks.spawn("delivery_retention", move || {
            let services = services.clone();
            async move { services.run_delivery_retention(kept).await }
        });
    }
}
