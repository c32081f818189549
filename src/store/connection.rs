//! Connections and transactions.

use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    IntoActiveModel, Iterable, ModelTrait, PrimaryKeyToColumn, RuntimeErr, SqlErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use super::set;
use crate::telemetry::metrics::PoolState;

/// Maximum number of values that one statement binds on SQLite, below the engine's limit.
const BIND_VALUES_MAX: usize = 30_000;

/// Idle time after which a pooled connection is tested before use: a test before each use would be a
/// round trip more for each statement.
const TEST_IF_IDLE_FOR: Duration = Duration::from_secs(5);

/// A database: SQLite with one writing connection and several reading ones, or a PostgreSQL pool.
#[derive(Clone, Debug)]
pub struct Database {
    write: DatabaseConnection,
    read: DatabaseConnection,
}

impl Database {
    /// Connects to `sqlite://…` (created where it is missing) or `postgres://…`.
    ///
    /// # Errors
    /// When the database can't be reached or the address is none of the two.
    pub async fn connect(url: &str) -> Result<Self, DbErr> {
        if url.starts_with("sqlite:") {
            let write = sea_orm::Database::connect(sqlite(url, 1)).await?;
            let read = sea_orm::Database::connect(sqlite(url, 4)).await?;
            return Ok(Self { write, read });
        }
        let pool = sea_orm::Database::connect(postgres(url)).await?;
        Ok(Self { write: pool.clone(), read: pool })
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// When a step fails; a step is one transaction.
    pub async fn migrate(&self) -> Result<(), DbErr> {
        if self.backend() != DbBackend::Postgres {
            return Migrator::up(&self.write, None).await;
        }
        let starting = self.begin().await?;
        lock_startup(&starting).await?;
        Migrator::up(&self.write, None).await?;
        starting.commit().await
    }

    /// Whether the database responds and every migration was applied.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn is_ready(&self) -> Result<bool, DbErr> {
        Ok(Migrator::get_pending_migrations(&self.read).await?.is_empty())
    }

    /// How the connections are used at the moment.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolState> {
        match self.backend() {
            DbBackend::Postgres => {
                let pool = self.read.get_postgres_connection_pool();
                vec![pool_state("main", pool.size(), pool.num_idle(), pool.options().get_max_connections())]
            }
            _ => [("write", &self.write), ("read", &self.read)]
                .map(|(name, connection)| {
                    let pool = connection.get_sqlite_connection_pool();
                    pool_state(name, pool.size(), pool.num_idle(), pool.options().get_max_connections())
                })
                .to_vec(),
        }
    }

    /// The connections for statements that change nothing.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Begins the transaction of a mutation. SQLite acquires its write lock immediately, so that writers
    /// queue instead of failing halfway.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.write.begin_with_options(options).await
    }

    /// Begins a transaction that sees one state of the database until it ends.
    pub(crate) async fn begin_snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            isolation_level: (self.backend() == DbBackend::Postgres)
                .then_some(sea_orm::IsolationLevel::RepeatableRead),
            ..TransactionOptions::default()
        };
        self.read.begin_with_options(options).await
    }

    /// Empties SQLite's write-ahead log, which keeps what rows held before. PostgreSQL has vacuum.
    pub(crate) async fn truncate_wal(&self) -> Result<(), DbErr> {
        if self.backend() == DbBackend::Sqlite {
            self.write.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        Ok(())
    }

    /// Which engine it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.read.get_database_backend()
    }

    /// Closes every connection.
    ///
    /// # Errors
    /// When the driver can't.
    pub async fn close(self) -> Result<(), DbErr> {
        let (write, read) = (self.write, self.read);
        read.close().await?;
        write.close().await
    }
}

fn pool_state(name: &'static str, size: u32, idle: usize, max: u32) -> PoolState {
    PoolState { name, size, idle: u32::try_from(idle).unwrap_or(u32::MAX), max }
}

/// Waits until no other process is starting on the same database; the lock lasts for the transaction.
pub(crate) async fn lock_startup(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        // Any number that no other program on the same database uses.
        transaction.execute_unprepared("SELECT pg_advisory_xact_lock(7165706)").await?;
    }
    Ok(())
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        // A file does not disconnect.
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(30))
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

fn postgres(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(8)
        .test_before_acquire_if_idle_for(TEST_IF_IDLE_FOR)
        .acquire_timeout(Duration::from_secs(30))
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(|options| {
            options.application_name("partner-program").options([
                ("lock_timeout", "10s"),
                ("statement_timeout", "60s"),
                ("idle_in_transaction_session_timeout", "60s"),
                ("jit", "off"),
                // Statements read a few rows by key, and what is read is in memory: with the engine's
                // default of 4 it reads tables of some thousand rows as a whole instead.
                ("random_page_cost", "1.1"),
            ])
        });
    options
}

/// Inserts rows in as few statements as the engine's limit on values allows.
pub(crate) async fn insert_all<M, C>(connection: &C, rows: Vec<M>) -> Result<(), DbErr>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    C: ConnectionTrait,
{
    write_all(connection, rows, false).await
}

/// Inserts rows, or updates the rows with the same primary keys.
pub(crate) async fn upsert_all<M, C>(connection: &C, rows: Vec<M>) -> Result<(), DbErr>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    C: ConnectionTrait,
{
    write_all(connection, rows, true).await
}

async fn write_all<M, C>(connection: &C, rows: Vec<M>, upsert: bool) -> Result<(), DbErr>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    C: ConnectionTrait,
{
    type Key<M> = <<M as ModelTrait>::Entity as EntityTrait>::PrimaryKey;
    type Column<M> = <<M as ModelTrait>::Entity as EntityTrait>::Column;
    if rows.len() > 1 && connection.get_database_backend() == DbBackend::Postgres {
        return set::insert(connection, &rows, upsert).await;
    }
    let keys = Key::<M>::iter().map(PrimaryKeyToColumn::into_column);
    let values = Column::<M>::iter().filter(|column| Key::<M>::from_column(*column).is_none());
    let conflict = upsert.then(|| OnConflict::columns(keys).update_columns(values).to_owned());
    let at_once = BIND_VALUES_MAX / Column::<M>::iter().count();
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        let mut insert = M::Entity::insert_many(rows.by_ref().take(at_once));
        if let Some(conflict) = &conflict {
            insert = insert.on_conflict(conflict.clone());
        }
        insert.exec_without_returning(connection).await?;
    }
    Ok(())
}

/// Whether a retry of the transaction may succeed: another transaction inserted the same key
/// first, the engine resolved a deadlock, or a lock was not available.
pub(crate) fn is_retryable(error: &DbErr) -> bool {
    if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
        return true;
    }
    // 40001 serialization, 40P01 deadlock, 55P03 lock not available; 5 SQLite busy.
    matches!(database_code(error).as_deref(), Some("40001" | "40P01" | "55P03" | "5" | "517"))
}

/// Whether the database is not available at the moment; a lock that is not available after every attempt
/// counts too.
pub(crate) fn is_unavailable(error: &DbErr) -> bool {
    let busy = |code: &str| {
        matches!(code, "55P03" | "5" | "517") || code.starts_with("57P") || code.starts_with("08")
    };
    matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_))
        || database_code(error).is_some_and(|code| busy(&code))
}

fn database_code(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    error.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}
