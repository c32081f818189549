//! Connections.

use std::sync::Arc;

use migration::{Migrator, MigratorTrait};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, IntoActiveModel, Iterable,
    ModelTrait, PrimaryKeyToColumn, SqliteTransactionMode, TransactionOptions,
};
use tokio::sync::Mutex;

use super::pools::{self, PoolSizes, Pools};
use super::preview::{Reader, Route};
use super::replica::{Replica, ReplicaLimits};
use super::transaction::{Transaction, WriteHealth};
use super::turns::Turns;
use super::{fault, set};
use crate::telemetry::metrics::PoolState;
use crate::telemetry::replica::ReplicaMetrics;

/// Maximum number of values that one statement binds on SQLite, below the engine's limit.
const BIND_VALUES_MAX: usize = 30_000;

/// Lifts the timeouts of one transaction.
const NO_TIMEOUTS: &str = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = 0";

/// A database: SQLite or PostgreSQL, with connections for reading and others for writing.
#[derive(Clone, Debug)]
pub struct Database {
    pub(super) pools: Pools,
    readers: Arc<Readers>,
    replica: Option<Arc<Replica>>,
    /// Held by the task of this process that numbers events; others wait without a connection.
    pub(super) numbering: Arc<Mutex<()>>,
    /// None on SQLite.
    turns: Option<Turns>,
}

/// The readers of a database.
#[derive(Debug)]
struct Readers {
    /// For queries, and what is no query.
    chosen: Reader,
    /// Of the primary alone.
    primary: Reader,
    /// For looking up callers.
    lookups: Reader,
}

impl Database {
    /// Connects to `sqlite://…` (created where it is missing) or `postgres://…`.
    ///
    /// # Errors
    /// When the database can't be reached or the address is none of the two.
    pub async fn connect(url: &str) -> Result<Self, DbErr> {
        Self::connect_with(url, PoolSizes::default()).await
    }

    /// The same with other numbers of connections, which SQLite does not have.
    ///
    /// # Errors
    /// When the database can't be reached or the address is none of the two.
    pub async fn connect_with(url: &str, sizes: PoolSizes) -> Result<Self, DbErr> {
        let pools = Pools::open(url, sizes).await?;
        let turns = pools.postgres.is_some().then(Turns::default);
        let reader = Reader::new(pools.read.clone());
        let readers = Readers { chosen: reader.clone(), primary: reader.clone(), lookups: reader };
        Ok(Self { pools, readers: Arc::new(readers), replica: None, numbering: Arc::default(), turns })
    }

    /// The same database, with queries that go to a standby. [`Replica::watch`] has to run.
    ///
    /// # Errors
    /// When it is SQLite, which has none; when the standby refuses the connection, or is none of this database.
    pub(crate) async fn with_replica(
        self,
        url: &str,
        limits: ReplicaLimits,
        metrics: ReplicaMetrics,
    ) -> Result<Self, DbErr> {
        let Some(options) = &self.pools.postgres else {
            return Err(DbErr::Custom("SQLite has no standby".to_owned()));
        };
        let connections = self.pools.read.get_postgres_connection_pool().options().get_max_connections();
        let replica = Arc::new(Replica::open(url, options, connections, limits, metrics).await?);
        let with = |route| self.readers.primary.with_replica(&replica, route);
        let readers = Readers {
            chosen: with(Route::Chosen),
            primary: with(Route::Primary),
            lookups: with(Route::PrimaryFirst),
        };
        Ok(Self { readers: Arc::new(readers), replica: Some(replica), ..self })
    }

    /// The standby, where there is one.
    pub(crate) fn replica(&self) -> Option<&Arc<Replica>> {
        self.replica.as_ref()
    }

    /// Whether the primary does not answer, and queries are answered by the standby.
    #[must_use]
    pub fn reads_go_on(&self) -> bool {
        self.replica.as_ref().is_some_and(|replica| replica.serves_alone())
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// When a step fails; a step is one transaction.
    pub async fn migrate(&self) -> Result<(), DbErr> {
        let Some(options) = &self.pools.postgres else {
            return Migrator::up(&self.pools.write, None).await;
        };
        if self.is_ready().await? {
            // A role that may not create anything can serve: not even the table of migrations is created.
            return Ok(());
        }
        let migrating = pools::for_migration(options).await?;
        let starting = self.begin().await?;
        // The lock is held, and waited for, as long as the migrations of another process take.
        starting.execute_unprepared(NO_TIMEOUTS).await?;
        lock_startup(&starting).await?;
        Migrator::up(&migrating, None).await.map_err(not_permitted)?;
        migrating.close().await?;
        Ok(starting.commit().await?)
    }

    /// Logs how the connection to PostgreSQL is encrypted.
    pub async fn report_encryption(&self) {
        self.pools.report().await;
    }

    /// The turns of writers, where they wait for each other's rows.
    pub(crate) fn turns(&self) -> Option<&Turns> {
        self.turns.as_ref()
    }

    /// What failed writes have shown.
    pub(super) fn health(&self) -> &WriteHealth {
        &self.pools.write_health
    }

    /// Notes that a statement of a mutation failed, if the storage is the cause: [`Self::accepts_writes`]
    /// then tries it.
    pub(crate) fn record_failure(&self, error: &DbErr) {
        self.health().record_failure(error);
    }

    /// How the connections are used at the moment.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolState> {
        let mut states = self.pools.states();
        states.extend(self.replica.as_ref().map(|replica| replica.pool_state()));
        states
    }

    /// How many connections are in use at the moment.
    pub(crate) fn connections_in_use(&self) -> u32 {
        self.pools.states().iter().map(|pool| pool.size.saturating_sub(pool.idle)).sum()
    }

    /// The connections for statements that change nothing.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.readers.chosen
    }

    /// The connections for statements that change nothing and must not read what is a moment old.
    pub(crate) fn primary(&self) -> &Reader {
        &self.readers.primary
    }

    /// The connections for looking up who a caller is, which goes on while the primary does not answer.
    pub(crate) fn lookups(&self) -> &Reader {
        &self.readers.lookups
    }

    /// Begins the transaction of a mutation. SQLite acquires its write lock immediately, so that writers
    /// queue instead of failing halfway.
    pub(crate) async fn begin(&self) -> Result<Transaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Transaction::begin(&self.pools.write, options, &self.pools.write_health).await
    }

    /// Begins a transaction that sees one state of the database until it ends.
    pub(crate) async fn begin_snapshot(&self) -> Result<Transaction, DbErr> {
        let options = TransactionOptions {
            isolation_level: (self.backend() == DbBackend::Postgres)
                .then_some(sea_orm::IsolationLevel::RepeatableRead),
            ..TransactionOptions::default()
        };
        Transaction::begin(&self.pools.read, options, &self.pools.read_health).await
    }

    /// Begins a transaction that numbers events: a short one, which no writer that waits for a lock delays.
    pub(crate) async fn begin_numbering(&self) -> Result<Transaction, DbErr> {
        let options = TransactionOptions::default();
        Transaction::begin(&self.pools.read, options, &self.pools.read_health).await
    }

    /// Empties SQLite's write-ahead log, which keeps what rows held before. PostgreSQL has vacuum.
    pub(crate) async fn truncate_wal(&self) -> Result<(), DbErr> {
        if self.backend() == DbBackend::Sqlite {
            self.pools.write.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        Ok(())
    }

    /// Which engine it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.pools.read.get_database_backend()
    }

    /// Closes every connection.
    ///
    /// # Errors
    /// When the driver can't.
    pub async fn close(self) -> Result<(), DbErr> {
        let Self { pools: Pools { read, write, .. }, readers, replica, .. } = self;
        drop(readers);
        if let Some(replica) = replica {
            replica.close().await;
        }
        read.close().await?;
        write.close().await
    }
}

/// Names the remedy where the role may not migrate.
fn not_permitted(error: DbErr) -> DbErr {
    match fault::code(&error).as_deref() {
        // 42501 insufficient privilege.
        Some("42501") => DbErr::Conn(sea_orm::RuntimeErr::Internal(
            "migrations are pending, which the role of this URL may not apply: run partner-program migrate with the \
             URL of the role that owns the tables"
                .to_owned(),
        )),
        _ => error,
    }
}

/// Waits until no other process is starting on the same database; the lock lasts for the transaction.
pub(crate) async fn lock_startup(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        // Any number that no other program on the same database uses.
        transaction.execute_unprepared("SELECT pg_advisory_xact_lock(7165706)").await?;
    }
    Ok(())
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
