//! The product's own server, as its binary wires it.

use std::net::SocketAddr;
use std::sync::Arc;

use partner_program::auth::ApiAuthenticator;
use partner_program::clock::Clock;
use partner_program::error::Error;
use partner_program::graphql::documents::{Documents, executor};
use partner_program::graphql::limits::Limits;
use partner_program::graphql::schema;
use partner_program::graphql::schema_types::{SchemaTypes, api_scalars};
use partner_program::http::authentication::BootstrapKey;
use partner_program::http::endpoint::{GraphqlEndpoint, RequestLimits};
use partner_program::http::streams::StreamSettings;
use partner_program::http::throttle::{Quotas, Throttle};
use partner_program::http::{routes, with_layers};
use partner_program::service::Services;
use partner_program::store::Database;

/// The key of every request.
pub(crate) const KEY: &str = "load-0123456789abcdef";

pub(crate) fn clock() -> Clock {
    Clock::new(chrono_tz::Europe::Brussels, None)
}

/// Opens a database and brings its schema up to date.
pub(crate) async fn open(url: &str) -> Result<Services, Error> {
    let database = Database::connect(url).await?;
    database.migrate().await?;
    Services::open(database, clock()).await
}

/// Starts the server on a free port.
pub(crate) async fn start(services: Services) -> std::io::Result<SocketAddr> {
    let types =
        SchemaTypes::from_sdl(&schema::definitions(), &api_scalars()).map_err(std::io::Error::other)?;
    let documents = Documents::new(executor(schema::builder()), types, Limits::default(), 1_000, 16 << 20);
    // All requests have one key: its quota would be what is measured.
    let quotas = Quotas { points_per_minute: 0, operations_max: u32::MAX, ..Quotas::default() };
    let endpoint = GraphqlEndpoint {
        documents,
        metrics: services.metrics().clone(),
        authenticator: ApiAuthenticator::new(services, Some(BootstrapKey::new(KEY)), None),
        limits: RequestLimits::default(),
        throttle: Throttle::new(quotas),
        streams: StreamSettings::default(),
        page: None,
    };
    let routes = routes(Arc::new(endpoint), schema::sdl(), || async { Ok::<(), String>(()) });
    crate::serve(with_layers(routes)).await
}
