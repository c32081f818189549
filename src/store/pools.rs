//! How connections are opened: pools for reading and for writing, and single connections beside them.
//!
//! Writers wait for locks while they hold a connection. Reads have a pool of their own, so that no writer that
//! waits delays a read or the readiness check.

use std::time::Duration;

use sea_orm::{ConnectOptions, DatabaseConnection, DbErr, RuntimeErr};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Executor, PgConnection};

use super::tls;
use crate::telemetry::metrics::PoolState;

/// Maximum time that a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// Idle time after which a pooled connection is tested before use: a test before each use would be a
/// round trip more for each statement.
const TEST_IF_IDLE_FOR: Duration = Duration::from_secs(5);
/// SQLite's connections for reading.
const SQLITE_READERS: u32 = 4;

/// Settings of each pooled PostgreSQL connection. Statements instead of startup parameters, which connection
/// poolers such as PgBouncer refuse or ignore.
const SESSION: &str = "SET lock_timeout = '10s'; SET statement_timeout = '60s'; \
    SET idle_in_transaction_session_timeout = '60s'; SET jit = off; \
    SET random_page_cost = 1.1";

/// Settings of the connection that migrates: a change of a large table may take its time, but waits no longer
/// than others for a lock that serving processes hold.
const MIGRATION_SESSION: &str = "SET lock_timeout = '10s'; SET statement_timeout = 0; \
    SET idle_in_transaction_session_timeout = 0; SET jit = off";

/// Maximum number of connections that one process opens to PostgreSQL, besides one that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSizes {
    /// For reads.
    pub read: u32,
    /// For transactions that write.
    pub write: u32,
}

impl Default for PoolSizes {
    fn default() -> Self {
        Self { read: 8, write: 8 }
    }
}

/// The pools of one database.
#[derive(Clone, Debug)]
pub(super) struct Pools {
    pub(super) read: DatabaseConnection,
    pub(super) write: DatabaseConnection,
    /// How to open further connections to PostgreSQL.
    pub(super) postgres: Option<PgConnectOptions>,
}

impl Pools {
    /// Opens the pools of a database.
    pub(super) async fn open(url: &str, sizes: PoolSizes) -> Result<Self, DbErr> {
        if url.starts_with("sqlite:") {
            let write = sea_orm::Database::connect(sqlite(url, 1)).await?;
            let read = sea_orm::Database::connect(sqlite(url, SQLITE_READERS)).await?;
            return Ok(Self { read, write, postgres: None });
        }
        let mut options = tls::options(url)?;
        if options.get_application_name().is_none() {
            options = options.application_name("partner-program");
        }
        let open = async |connections| {
            let pool = sea_orm::Database::connect(postgres(url, &options, connections)).await;
            pool.map_err(|error| tls::explained(error, &options))
        };
        let (read, write) = (open(sizes.read).await?, open(sizes.write).await?);
        Ok(Self { read, write, postgres: Some(options) })
    }

    /// Logs how the connection is encrypted.
    pub(super) async fn report(&self) {
        if let Some(options) = &self.postgres {
            tls::report(&self.read, options).await;
        }
    }

    /// How the connections are used at the moment.
    pub(super) fn states(&self) -> Vec<PoolState> {
        [("write", &self.write), ("read", &self.read)].map(|(name, pool)| self.state(name, pool)).to_vec()
    }

    fn state(&self, name: &'static str, pool: &DatabaseConnection) -> PoolState {
        let (size, idle, max) = if self.postgres.is_some() {
            let pool = pool.get_postgres_connection_pool();
            (pool.size(), pool.num_idle(), pool.options().get_max_connections())
        } else {
            let pool = pool.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle(), pool.options().get_max_connections())
        };
        PoolState { name, size, idle: u32::try_from(idle).unwrap_or(u32::MAX), max }
    }
}

/// Opens a pool of one connection that is neither closed when idle nor replaced when old, apart from every
/// other connection: what happens to it concerns no request.
pub(super) async fn single(options: &PgConnectOptions, session: &'static str) -> Result<PgPool, DbErr> {
    PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| Box::pin(set_session(connection, session)))
        .connect_with(options.clone())
        .await
        .map_err(failed)
}

/// Opens the connection that migrates.
pub(super) async fn for_migration(options: &PgConnectOptions) -> Result<DatabaseConnection, DbErr> {
    single(options, MIGRATION_SESSION).await.map(DatabaseConnection::from)
}

/// An error of the driver.
pub(super) fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(std::sync::Arc::new(error)))
}

async fn set_session(connection: &mut PgConnection, session: &'static str) -> Result<(), sqlx::Error> {
    connection.execute(session).await.map(drop)
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        // A file does not disconnect.
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|options| {
            // Acknowledged writes survive a power failure: FULL, regardless of the build's default.
            options
                .create_if_missing(true)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                // Overwritten and deleted data is zeroed in the file, which erasure requires.
                .pragma("secure_delete", "ON")
        });
    options
}

fn postgres(url: &str, connect: &PgConnectOptions, connections: u32) -> ConnectOptions {
    let connect = connect.clone();
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .test_before_acquire_if_idle_for(TEST_IF_IDLE_FOR)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(move |_| sqlx::ConnectOptions::disable_statement_logging(connect.clone()))
        .map_sqlx_postgres_pool_opts(|options| {
            options.after_connect(|connection, _| Box::pin(set_session(connection, SESSION)))
        });
    options
}
