//! The routes of the program. A sandbox has the same ones below an address of its own.

use std::sync::Arc;

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use axum::Router;
use futures_util::future::BoxFuture;

use super::AppError;
use super::metrics::metrics_router;
use super::supervision::TaskHealth;
use crate::agents::Agents;
use crate::agents::confirmation::Confirmations;
use crate::auth::ApiAuthenticator;
use crate::certificates;
use crate::config::{ProtocolSettings, Settings};
use crate::graphql::documents::{Documents, executor};
use crate::graphql::error::user_error_codes;
use crate::graphql::root_field_spans::RootFieldSpans;
use crate::graphql::schema_types::{SchemaTypes, api_scalars};
use crate::graphql::{sandbox_id, schema, trusted_documents};
use crate::http::console::ConsoleSettings;
use crate::http::endpoint::{BrowserPage, GraphqlEndpoint};
use crate::http::index::{Endpoints, with_index};
use crate::http::streams::{ShutdownSignal, StreamSettings};
use crate::http::throttle::{AddressLimit, Throttle};
use crate::http::{assets, console, mcp, routes, sandboxes};
use crate::service::Services;

/// Maximum cached documents.
const DOCUMENTS_MAX: usize = 1_000;
/// Maximum memory of cached documents, in bytes: 16 MiB.
const DOCUMENTS_MEMORY_MAX: u64 = 16 << 20;

/// The routes of these services: those of the program, or those of a sandbox.
pub(super) async fn router(
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
    let base = services.sandbox_id().map(|id| sandboxes::base(&sandbox_id(id))).unwrap_or_default();
    // Those of the process are with the program.
    let metrics = settings.telemetry.metrics_bind.is_none() && base.is_empty();
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
    routes = with_index(routes, endpoints, &base);
    // A sandbox issues none: what it says of a level is not so.
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
    Ok(routes)
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
            if database.reads_go_on() {
                // Queries are answered, and mutations would be refused by every process.
                return Ok(());
            }
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
