//! The limit: the same content by hand-written prepared statements, without GraphQL and without an ORM.
//!
//! Rules are the product's own pure functions, so that the two servers differ in nothing but the way
//! between a request and its rows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chrono::NaiveDate;
use partner_program::clock::Clock;
use partner_program::program::edition::Editions;
use partner_program::program::rule::{Program, Rule};
use partner_program::service::Services;
use serde::Deserialize;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use uuid::Uuid;

mod postgres;
mod rows;
mod sets;
mod sqlite;

/// What every statement needs beside a connection.
#[derive(Clone)]
struct Shared {
    editions: Arc<Editions>,
    edition_id: Uuid,
    clock: Clock,
    sets: Arc<sets::Sets>,
}

/// An activity as it comes in: a professional's, of a graded kind whose every activity is its own window.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Draft {
    professional: String,
    kind: String,
    occurred_on: NaiveDate,
    points: i64,
    external_id: String,
}

impl Shared {
    /// The rule by which points of professionals earn their partner credits.
    fn points_rule(&self, day: NaiveDate) -> &Rule {
        self.editions.at(day).points_rule().expect("the edition has the rule")
    }

    fn check(&self, draft: &Draft) -> bool {
        let rule = self.editions.kind(Program::Professional, &draft.kind);
        rule.is_some() && draft.occurred_on <= self.clock.today() && draft.points > 0
    }
}

/// Starts the server of the limit on a free port.
pub(crate) async fn start(url: &str, services: &Services) -> Result<SocketAddr, Box<dyn std::error::Error>> {
    let (edition_id, _) = services.edition_at(None);
    let editions = Arc::new(services.policy().editions.clone());
    let engine = if url.starts_with("sqlite:") { sets::Engine::Sqlite } else { sets::Engine::Postgres };
    let sets = Arc::new(sets::Sets::new(engine));
    let shared = Shared { editions, edition_id, clock: *services.clock(), sets };
    let routes = if engine == sets::Engine::Sqlite {
        let (read, write) = (sqlite_pool(url, 4).await?, sqlite_pool(url, 1).await?);
        Router::new()
            .merge(sqlite::reads::routes(read, shared.clone()))
            .merge(sqlite::record::routes(write.clone(), shared.clone()))
            .merge(sqlite::records::routes(write, shared))
    } else {
        let options = url.parse::<PgConnectOptions>()?;
        let pool = PgPoolOptions::new().max_connections(8).test_before_acquire(false);
        let pool = pool.connect_with(options).await?;
        Router::new()
            .merge(postgres::reads::routes(pool.clone(), shared.clone()))
            .merge(postgres::record::routes(pool.clone(), shared.clone()))
            .merge(postgres::records::routes(pool, shared))
    };
    Ok(crate::serve(routes).await?)
}

async fn sqlite_pool(url: &str, connections: u32) -> Result<sqlx::SqlitePool, sqlx::Error> {
    let options = url
        .parse::<SqliteConnectOptions>()?
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .pragma("journal_mode", "WAL")
        .pragma("synchronous", "FULL");
    let pool = SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false);
    pool.connect_with(options).await
}

/// An answer, or what went wrong.
type Answer = Result<axum::Json<serde_json::Value>, (axum::http::StatusCode, String)>;

fn failed(error: impl std::fmt::Display) -> (axum::http::StatusCode, String) {
    (axum::http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
