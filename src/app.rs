//! The application: database, services, routes, and a graceful shutdown.

mod metrics;
mod supervision;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use axum::Router;
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::agents::Agents;
use crate::agents::confirmation::Confirmations;
use crate::auth::ApiAuthenticator;
use crate::auth::tokens::TokenVerifier;
use crate::certificates;
use crate::clock::Clock;
use crate::config::{ProtocolSettings, Settings};
use crate::error::Error;
use crate::graphql::documents::{Documents, executor};
use crate::graphql::error::user_error_codes;
use crate::graphql::root_field_spans::RootFieldSpans;
use crate::graphql::schema_types::{SchemaTypes, api_scalars};
use crate::graphql::{schema, trusted_documents};
use crate::http::authentication::BootstrapKey;
use crate::http::console::ConsoleSettings;
use crate::http::endpoint::{BrowserPage, GraphqlEndpoint};
use crate::http::index::{Endpoints, with_index};
use crate::http::streams::{ShutdownSignal, StreamSettings};
use crate::http::throttle::{AddressLimit, Throttle};
use crate::http::{assets, connections, console, mcp, routes, with_layers};
use crate::service::Services;
use crate::store::Database;
use crate::webhook_client::WebhookClient;
use metrics::{MetricsServer, metrics_router};
use supervision::{Supervisor, TaskHealth};

/// Timeout for accepted requests to finish after the shutdown signal.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(25);
/// Maximum cached documents.
const DOCUMENTS_MAX: usize = 1_000;
/// Maximum memory of cached documents, in bytes: 16 MiB.
const DOCUMENTS_MEMORY_MAX: u64 = 16 << 20;

/// Why the application failed to start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The database is unreachable, or its migrations failed.
    #[error("DATABASE_URL: {0}")]
    Database(#[from] Error),
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
        let Self { services, stop, server, metrics, tasks, .. } = self;
        // Without a receiver serving has failed already, and the join returns the error.
        let _ = stop.send(true);
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
/// When the database fails.
pub async fn open(settings: &Settings) -> Result<Services, Error> {
    let database = Database::connect_with(settings.database_url.as_str(), settings.database_pools).await?;
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
    let metrics = match settings.telemetry.metrics_bind {
        Some(bind) => Some(MetricsServer::start(bind, metrics_router(&services)).await?),
        None => None,
    };
    let limits = settings.protocol.connections.clone();
    let signal = async move { shutdown.received().await };
    let server =
        tokio::spawn(connections::serve(listener, router, limits, services.metrics().clone(), signal));
    start_tasks(&mut tasks, &services, settings);
    Ok(RunningApp { address, services, stop, server, metrics, tasks })
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

async fn router(
    services: &Services,
    authenticator: ApiAuthenticator,
    settings: &Settings,
    shutdown: ShutdownSignal,
    tasks: TaskHealth,
) -> Result<Router, AppError> {
    let protocol = &settings.protocol;
    let definitions = schema::definitions();
    let mut types = SchemaTypes::from_sdl(&definitions, &api_scalars()).map_err(AppError::Schema)?;
    let introspection = protocol.limits.introspection;
    if !introspection {
        types = types.without_suggestions();
    }
    let builder = schema::builder();
    let builder =
        if settings.telemetry.collector.is_some() { builder.extension(RootFieldSpans) } else { builder };
    let limits = protocol.limits.clone();
    let mut documents = Documents::new(executor(builder), types, limits, DOCUMENTS_MAX, DOCUMENTS_MEMORY_MAX)
        .with_description(schema::DESCRIPTION)
        .with_persisted_queries(protocol.persisted_bytes_max);
    if let Some(path) = &protocol.trusted_documents {
        let trusted = trusted_documents::read_documents(path).map_err(AppError::TrustedDocuments)?;
        documents = documents.with_trusted_documents(trusted).map_err(AppError::TrustedDocuments)?;
    }
    let agents = if protocol.agents {
        Some(agents(services, &documents.schema_definition(), protocol, &definitions).await?)
    } else {
        None
    };
    if let Some(agents) = &agents {
        documents = documents.with_own_documents(agents.documents());
    }
    user_error_codes().for_each(|code| services.metrics().start_user_errors(code));
    let page: BrowserPage = Arc::new(|headers| Box::pin(async move { assets::page(headers).await }));
    let endpoint = GraphqlEndpoint {
        documents,
        metrics: services.metrics().clone(),
        authenticator,
        limits: protocol.requests,
        throttle: Throttle::new(protocol.quotas.clone()),
        streams: StreamSettings {
            limits: protocol.streams.clone(),
            origins: protocol.origins.clone(),
            shutdown,
        },
        page: protocol.graphiql.then_some(page),
    };
    let endpoint = Arc::new(endpoint);
    let sdl = introspection.then(|| schema::described(&definitions));
    let mut routes = routes(Arc::clone(&endpoint), sdl, readiness(services, tasks));
    let has_agents = agents.is_some();
    if let Some(agents) = agents {
        routes = routes.merge(mcp::router(endpoint, agents));
    }
    if let Some(cors) = protocol.origins.layer() {
        routes = routes.layer(cors);
    }
    let metrics = settings.telemetry.metrics_bind.is_none();
    if metrics {
        routes = routes.merge(metrics_router(services));
    }
    let console = &ConsoleSettings { certificates: services.issuer().is_some(), ..settings.console.clone() };
    let endpoints = Endpoints {
        console: console.enabled,
        graphiql: protocol.graphiql,
        schema: introspection,
        agents: has_agents,
        metrics,
    };
    routes = with_index(routes, endpoints);
    let limit = AddressLimit::new(settings.certificates.requests_per_minute, protocol.quotas.proxies.clone());
    if let Some(public) = certificates::router(services, limit) {
        routes = routes.merge(public);
    }
    if console.enabled {
        routes = routes.merge(console::router(console));
    }
    if protocol.graphiql {
        routes = routes.merge(assets::router());
    }
    Ok(with_layers(routes))
}

/// What agents may use.
async fn agents(
    services: &Services,
    schema: &Valid<Schema>,
    protocol: &ProtocolSettings,
    definitions: &str,
) -> Result<Arc<Agents>, AppError> {
    let secret = services.confirmation_secret().await?;
    let confirmations = Confirmations::new(secret, protocol.confirmation_time_max);
    let sdl = protocol.limits.introspection.then(|| schema::described(definitions));
    let agents = Agents::new(schema, sdl, confirmations, *services.clock());
    agents.map(Arc::new).map_err(AppError::Agents)
}

/// Whether requests can be served, or what is missing.
fn readiness(
    services: &Services,
    tasks: TaskHealth,
) -> impl Fn() -> BoxFuture<'static, Result<(), String>> + Clone + Send + Sync + 'static {
    let database = services.database().clone();
    move || {
        let (database, tasks) = (database.clone(), tasks.clone());
        Box::pin(async move {
            tasks.check()?;
            match database.is_ready().await {
                Ok(true) if database.accepts_writes().await => Ok(()),
                Ok(true) => Err("the storage of the database refuses writes".to_owned()),
                Ok(false) => Err("database migrations are pending".to_owned()),
                Err(error) => {
                    tracing::warn!(%error, "database unavailable");
                    Err("database unavailable".to_owned())
                }
            }
        })
    }
}
