//! The application: database, services, routes, and an end that finishes what was accepted.

mod metrics;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::auth::ApiAuthenticator;
use crate::auth::tokens::TokenVerifier;
use crate::clock::Clock;
use crate::config::Settings;
use crate::error::Error;
use crate::graphql::documents::{Documents, schemas};
use crate::graphql::input_types::{InputTypes, api_scalars};
use crate::graphql::root_field_spans::RootFieldSpans;
use crate::graphql::{schema, trusted_documents};
use crate::http::authentication::BootstrapKey;
use crate::http::graphql::{BrowserPage, GraphqlEndpoint};
use crate::http::streams::{ShutdownSignal, StreamSettings};
use crate::http::throttle::Throttle;
use crate::http::{assets, connections, routes, with_layers};
use crate::service::Services;
use crate::store::Database;
use metrics::{MetricsServer, metrics_router};

/// Longest time that accepted requests have to finish after a signal to stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(25);
/// Most documents that are kept parsed.
const DOCUMENTS_MAX: usize = 1_000;
/// Most memory that kept documents take, in bytes: 16 MiB.
const DOCUMENTS_MEMORY_MAX: u64 = 16 << 20;

/// Why the application does not start, or has stopped.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database can't be reached or brought up to date.
    #[error("DATABASE_URL: {0}")]
    Database(#[from] Error),
    /// The address is taken, or is none of this machine's.
    #[error("BIND: can't listen on {0}: {1}")]
    Bind(SocketAddr, std::io::Error),
    /// The address of the metrics is taken, or is none of this machine's.
    #[error("METRICS_BIND: can't listen on {0}: {1}")]
    MetricsBind(SocketAddr, std::io::Error),
    /// The key set of the provider can't be used. Holds the name of the setting.
    #[error("{0} {1}")]
    Keys(&'static str, String),
    /// The schema's own text can't be read back.
    #[error("the schema can't be read: {0}")]
    Schema(String),
    /// A trusted document can't be read or run.
    #[error("TRUSTED_DOCUMENTS: {0}")]
    TrustedDocuments(String),
    /// Serving came to an end by itself.
    #[error("the server stopped: {0}")]
    Serve(std::io::Error),
}

/// An application that answers requests.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    services: Services,
    stop: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
    metrics: Option<MetricsServer>,
    feed: JoinHandle<()>,
    webhooks: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of an endpoint, such as `/graphql`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The address of the metrics.
    #[must_use]
    pub fn metrics_url(&self) -> String {
        format!("http://{}/metrics", self.metrics.as_ref().map_or(self.address, MetricsServer::address))
    }

    /// The use cases that it serves.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Takes no more requests, finishes those that were accepted, and closes the database.
    ///
    /// # Errors
    /// When serving had failed, or the database can't be closed.
    pub async fn stop(self) -> Result<(), StartError> {
        let Self { services, stop, server, feed, metrics, webhooks, .. } = self;
        // Nobody listens when serving has failed already; then the join tells why.
        let _ = stop.send(true);
        let aborted = server.abort_handle();
        if let Ok(ended) = tokio::time::timeout(STOP_TIME_MAX, server).await {
            ended.map_err(std::io::Error::other).flatten().map_err(StartError::Serve)?;
        } else {
            tracing::warn!(seconds = STOP_TIME_MAX.as_secs(), "some requests did not finish in time");
            aborted.abort();
        }
        if let Some((stop, webhooks)) = webhooks {
            let _ = stop.send(());
            let _ = webhooks.await;
        }
        if let Some(metrics) = metrics {
            metrics.stop();
        }
        // What it had not told yet is told by the next start.
        feed.abort();
        let _ = feed.await;
        services.database().clone().close().await.map_err(Error::from)?;
        Ok(())
    }

    /// Serves until `signal` comes, then stops.
    ///
    /// # Errors
    /// When serving fails before or after the signal.
    pub async fn run_until(mut self, signal: impl Future<Output = ()>) -> Result<(), StartError> {
        tokio::select! {
            () = signal => self.stop().await,
            ended = &mut self.server => {
                ended.map_err(std::io::Error::other).flatten().map_err(StartError::Serve)
            }
        }
    }
}

/// Connects to the database, brings its schema up to date and opens the use cases.
///
/// # Errors
/// When the database can't be used.
pub async fn open(settings: &Settings) -> Result<Services, Error> {
    let database = Database::connect(settings.database_url.as_str()).await?;
    database.migrate().await?;
    let services = Services::open(database, Clock::new(settings.timezone, settings.today)).await?;
    Ok(services.with_webhooks(settings.webhooks.allow_private))
}

/// Starts the application; it listens when this returns.
///
/// # Errors
/// When the database can't be used or the address is not to be had.
pub async fn start(settings: &Settings) -> Result<Running, StartError> {
    let services = open(settings).await?;
    if settings.bootstrap_admin_key.is_none() {
        tracing::warn!("BOOTSTRAP_ADMIN_KEY is not set: only API keys and tokens are accepted");
    }
    let key = settings.bootstrap_admin_key.as_ref().map(|key| BootstrapKey::new(key.expose()));
    let token_verifier = match &settings.provider {
        Some(provider) => Some(
            TokenVerifier::open(provider.clone())
                .await
                .map_err(|reason| StartError::Keys(provider.source.setting(), reason))?,
        ),
        None => None,
    };
    let authenticator = ApiAuthenticator::new(services.clone(), key, token_verifier);
    let (stop, shutdown) = ShutdownSignal::channel();
    let router = router(&services, authenticator, settings, shutdown.clone()).await?;
    let metrics = match settings.telemetry.metrics_bind {
        Some(bind) => Some(MetricsServer::start(bind, metrics_router(&services)).await?),
        None => None,
    };
    let bind = |error| StartError::Bind(settings.bind, error);
    connections::raise_nofile_limit(&settings.protocol.connections);
    let listener = TcpListener::bind(settings.bind).await.map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    let limits = settings.protocol.connections.clone();
    let signal = async move { shutdown.received().await };
    let server =
        tokio::spawn(connections::serve(listener, router, limits, services.metrics().clone(), signal));
    let kept = settings.events_kept_days.map(|days| TimeDelta::days(days.into()));
    let feed = tokio::spawn({
        let services = services.clone();
        // By its name, what it does can be told from what requests do.
        async move { services.run_feed(kept).await }.instrument(tracing::info_span!("feed"))
    });
    let webhooks = settings.webhooks.send.then(|| send_webhooks(services.clone(), kept));
    Ok(Running { address, services, stop, server, metrics, feed, webhooks })
}

/// Starts the task that sends webhooks, and gives what stops it.
fn send_webhooks(services: Services, kept: Option<TimeDelta>) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let task = async move {
        // Without whoever could stop it, it goes on.
        let stopped = async {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        services.run_webhooks(kept, stopped).await;
    };
    (stop, tokio::spawn(task.instrument(tracing::info_span!("webhooks"))))
}

async fn router(
    services: &Services,
    authenticator: ApiAuthenticator,
    settings: &Settings,
    shutdown: ShutdownSignal,
) -> Result<Router, StartError> {
    let protocol = &settings.protocol;
    let sdl = schema::sdl();
    let mut types =
        SchemaTypes::from_sdl(&sdl, &api_scalars()).map_err(|error| StartError::Schema(error.to_string()))?;
    let is_told = protocol.limits.introspection;
    if !is_told {
        types = types.without_suggestions();
    }
    let schemas = schemas(|| {
        let builder = schema::builder();
        let builder = if is_told { builder } else { builder.disable_suggestions() };
        if settings.telemetry.collector.is_some() { builder.extension(RootFieldSpans) } else { builder }
    });
    let limits = protocol.limits.clone();
    let mut documents = Documents::new(schemas, types, limits, DOCUMENTS_MAX, DOCUMENTS_MEMORY_MAX)
        .with_persisted_queries(protocol.persisted_bytes_max);
    if let Some(path) = &protocol.trusted_documents {
        let trusted = trusted_documents::read_documents(path).map_err(StartError::TrustedDocuments)?;
        documents = documents.with_trusted_documents(trusted).await.map_err(StartError::TrustedDocuments)?;
    }
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
    let database = services.database().clone();
    let ready = move || {
        let database = database.clone();
        async move {
            match database.is_ready().await {
                Ok(true) => Ok(()),
                Ok(false) => Err("the database misses steps of the schema".to_owned()),
                Err(error) => {
                    tracing::warn!(%error, "the database does not answer");
                    Err("the database does not answer".to_owned())
                }
            }
        }
    };
    let mut routes = routes(Arc::new(endpoint), is_told.then_some(sdl), ready);
    if let Some(cors) = protocol.origins.layer() {
        routes = routes.layer(cors);
    }
    if protocol.graphiql {
        routes = routes.merge(assets::router());
    }
    if settings.telemetry.metrics_bind.is_none() {
        routes = routes.merge(metrics_router(services));
    }
    Ok(with_layers(routes))
}
