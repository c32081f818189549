//! How connections are opened: pools for reading and for writing, and single connections beside them.
//!
//! Writers wait for locks while they hold a connection. Reads have a pool of their own, so that no writer that
//! waits delays a read or the readiness check.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectOptions, DatabaseConnection, DbErr, RuntimeErr};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection};

use super::transaction::{WriteHealth, check_released, is_fit};
use super::{startup, tls};
use crate::telemetry::metrics::PoolState;

/// Maximum time that a request waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// Maximum time that a read waits for a connection to a standby: the primary answers otherwise.
const REPLICA_ACQUIRE_TIMEOUT: Duration = Duration::from_millis(500);
/// Maximum time that a writer waits for a connection: writers of one subject queue for its lock, on SQLite
/// all of them for one connection. Less than the default of `OPERATION_TIMEOUT`.
const WRITER_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(8);
/// Idle time after which a pooled connection is tested before use: a test before each use would be a
/// round trip more for each statement.
const TEST_IF_IDLE_FOR: Duration = Duration::from_secs(5);
/// Rows that SQLite's thread reads ahead of the task that takes them: each time it has to wait costs a switch of
/// threads.
const SQLITE_ROW_BUFFER: usize = 1_000;
/// SQLite's connections for reading.
const SQLITE_READERS: u32 = 4;

/// Settings of each pooled PostgreSQL connection. Statements instead of startup parameters, which connection
/// poolers such as `PgBouncer` refuse or ignore. The role or the database may have other defaults: a mutation
/// locks the rows that it reads, and sees what writers before it committed; and what was acknowledged survives
/// a crash of the server.
const SESSION: &str = "SET default_transaction_isolation = 'read committed'; \
    SET default_transaction_read_only = off; SET default_transaction_deferrable = off; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'; \
    SET lock_timeout = '10s'; SET statement_timeout = '60s'; \
    SET idle_in_transaction_session_timeout = '60s'; SET jit = off; \
    SET random_page_cost = 1.1; SET plan_cache_mode = force_generic_plan";

/// Settings of connections to a standby: those of the primary as far as they concern reads. It stays so if the
/// standby is promoted.
const REPLICA_SESSION: &str = "SET default_transaction_isolation = 'read committed'; \
    SET default_transaction_read_only = on; SET default_transaction_deferrable = off; \
    SET lock_timeout = '10s'; SET statement_timeout = '60s'; \
    SET idle_in_transaction_session_timeout = '60s'; SET jit = off; \
    SET random_page_cost = 1.1; SET plan_cache_mode = force_generic_plan";

/// Settings of the connection that migrates: a change of a large table may take its time, but waits no longer
/// than others for a lock that serving processes hold.
const MIGRATION_SESSION: &str = "SET default_transaction_isolation = 'read committed'; \
    SET default_transaction_read_only = off; SET default_transaction_deferrable = off; SET lock_timeout = '10s'; SET statement_timeout = 0; \
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
    /// What failed transactions have shown of each pool.
    pub(super) read_health: Arc<WriteHealth>,
    pub(super) write_health: Arc<WriteHealth>,
    /// How to open further connections to PostgreSQL.
    pub(super) postgres: Option<PgConnectOptions>,
    /// The file of a SQLite database.
    pub(super) file: Option<Arc<Path>>,
}

impl Pools {
    /// Opens the pools of a database.
    pub(super) async fn open(url: &str, sizes: PoolSizes) -> Result<Self, DbErr> {
        let (read_health, write_health) = (Arc::default(), Arc::default());
        if url.starts_with("sqlite:") {
            let file = startup::sqlite_file(url)?;
            let open = async |options| {
                let pool = sea_orm::Database::connect(options).await;
                pool.map_err(|error| startup::cannot_open(&file, &error))
            };
            let mut writer = sqlite(url, 1, &write_health);
            writer.acquire_timeout(WRITER_ACQUIRE_TIMEOUT);
            let write = open(writer).await?;
            let read = open(sqlite(url, SQLITE_READERS, &read_health)).await?;
            return Ok(Self {
                read,
                write,
                read_health,
                write_health,
                postgres: None,
                file: Some(file.into()),
            });
        }
        let mut options = tls::options(url)?;
        if options.get_application_name().is_none() {
            options = options.application_name("partner-program");
        }
        startup::check_postgres(&options).await?;
        let explained = |error| tls::explained(error, &options);
        let readers = postgres(url, &options, sizes.read, &read_health);
        let read = sea_orm::Database::connect(readers).await.map_err(explained)?;
        let mut writers = postgres(url, &options, sizes.write, &write_health);
        writers.acquire_timeout(WRITER_ACQUIRE_TIMEOUT);
        let write = sea_orm::Database::connect(writers).await.map_err(explained)?;
        Ok(Self { read, write, read_health, write_health, postgres: Some(options), file: None })
    }

    /// Logs how the connection is encrypted.
    pub(super) async fn report(&self) {
        if let Some(options) = &self.postgres {
            tls::report(&self.read, options, "DATABASE_URL").await;
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

/// A pool of connections to one run of a standby, for reads. It connects when it is used. `run_query` says which
/// run of which server a connection leads to: of another one nothing is known.
pub(super) fn replica(
    options: &PgConnectOptions,
    connections: u32,
    run_query: &'static str,
    run: Arc<str>,
) -> DatabaseConnection {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(REPLICA_ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for >= TEST_IF_IDLE_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            let run = Arc::clone(&run);
            Box::pin(async move {
                set_session(connection, REPLICA_SESSION).await?;
                let found: String = sqlx::query_scalar(run_query).fetch_one(&mut *connection).await?;
                let other = || sqlx::Error::Configuration("the replica is another server than before".into());
                if *found == *run { Ok(()) } else { Err(other()) }
            })
        })
        .connect_lazy_with(sqlx::ConnectOptions::disable_statement_logging(options.clone()));
    DatabaseConnection::from(pool)
}

/// An error of the driver.
pub(super) fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(std::sync::Arc::new(error)))
}

async fn set_session(connection: &mut PgConnection, session: &'static str) -> Result<(), sqlx::Error> {
    connection.execute(session).await.map(drop)
}

fn sqlite(url: &str, connections: u32, health: &Arc<WriteHealth>) -> ConnectOptions {
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
                .row_buffer_size(SQLITE_ROW_BUFFER)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                // Overwritten and deleted data is zeroed in the file, which erasure requires.
                .pragma("secure_delete", "ON")
        });
    let (released, acquired) = (Arc::clone(health), Arc::clone(health));
    options
        .map_sqlx_sqlite_pool_opts(move |options| check_released(options, &released))
        .map_sqlx_sqlite_before_acquire(move |connection, meta| is_fit(connection, meta.age, &acquired));
    options
}

fn postgres(
    url: &str,
    connect: &PgConnectOptions,
    connections: u32,
    health: &Arc<WriteHealth>,
) -> ConnectOptions {
    let connect = connect.clone();
    let (released, acquired) = (Arc::clone(health), Arc::clone(health));
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .test_before_acquire_if_idle_for(TEST_IF_IDLE_FOR)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(move |_| sqlx::ConnectOptions::disable_statement_logging(connect.clone()))
        .map_sqlx_postgres_pool_opts(move |options| {
            let options = check_released(options, &released);
            options.after_connect(|connection, _| Box::pin(set_session(connection, SESSION)))
        })
        .map_sqlx_postgres_before_acquire(move |connection, meta| is_fit(connection, meta.age, &acquired));
    options
}
