//! Transactions, and what a failed one leaves behind.
//!
//! After some errors SQLite ends a transaction by itself. The driver does not notice, and would treat all
//! later transactions of the connection as parts of the ended one, which is never committed. Hence no
//! connection that is still in a transaction, or whose commit or rollback failed, is used again.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr, TransactionOptions, TransactionTrait};
use sqlx::Connection;
use sqlx::pool::PoolOptions;
use tracing::Instrument;

use super::fault;

/// A transaction. Dropping it rolls it back.
#[derive(Debug)]
pub(crate) struct Transaction {
    inner: DatabaseTransaction,
    health: Arc<WriteHealth>,
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

/// Why a transaction was not committed, as far as is known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    /// It had no effect.
    #[error(transparent)]
    RolledBack(DbErr),
    /// It may have taken effect.
    #[error(transparent)]
    InDoubt(DbErr),
}

impl From<CommitError> for DbErr {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::RolledBack(error) | CommitError::InDoubt(error) => error,
        }
    }
}

impl Transaction {
    /// Begins a transaction, even if the caller stops waiting: a begun transaction whose answer nobody
    /// awaits would stay open on its connection. It is then rolled back.
    pub(super) async fn begin(
        connection: &DatabaseConnection,
        options: TransactionOptions,
        health: &Arc<WriteHealth>,
    ) -> Result<Self, DbErr> {
        let (connection, health) = (connection.clone(), Arc::clone(health));
        let opening = async move {
            let inner = connection.begin_with_options(options).await;
            let inner = inner.inspect_err(|error| health.record_failure(error))?;
            Ok(Self { inner, health })
        };
        match tokio::spawn(opening.in_current_span()).await {
            Ok(begun) => begun,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(DbErr::Custom("the runtime is shutting down".to_owned())),
            },
        }
    }

    /// Begins a transaction within this one.
    #[expect(clippy::disallowed_methods, reason = "within a transaction that has its lock")]
    pub(crate) async fn nested(&self) -> Result<Self, DbErr> {
        Ok(Self { inner: self.inner.begin().await?, health: Arc::clone(&self.health) })
    }

    /// Commits.
    ///
    /// # Errors
    /// When the engine does not acknowledge the commit.
    pub(crate) async fn commit(self) -> Result<(), CommitError> {
        let Self { inner, health } = self;
        inner.commit().await.map_err(|error| {
            health.retire_connections();
            health.record_failure(&error);
            if fault::leaves_commit_in_doubt(&error) {
                CommitError::InDoubt(error)
            } else {
                CommitError::RolledBack(error)
            }
        })
    }

    /// Rolls back. If the engine can't, it has ended the transaction by itself, or the connection is lost:
    /// either way nothing is committed, and the error that led here is the one to report.
    pub(crate) async fn rollback(self) {
        let Self { inner, health } = self;
        if let Err(error) = inner.rollback().await {
            health.retire_connections();
            tracing::debug!(%error, "a rollback failed; its connection is closed");
        }
    }
}

/// What failed transactions have shown about the connections of a pool, and about the storage.
#[derive(Debug, Default)]
pub(crate) struct WriteHealth {
    /// Connections that are older than this are not used again.
    retired: Mutex<Option<Instant>>,
    /// Whether the last write failed because of the storage.
    is_failing: AtomicBool,
    /// Held during a trial write.
    pub(super) trial: tokio::sync::Mutex<()>,
}

impl WriteHealth {
    /// Retires all open connections of the pool.
    fn retire_connections(&self) {
        *self.retired.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_retired(&self, age: Duration) -> bool {
        let retired = *self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.is_some_and(|at| age >= at.elapsed())
    }

    /// Notes that a write failed, if the storage is the cause.
    pub(super) fn record_failure(&self, error: &DbErr) {
        if fault::is_of_storage(error) && !self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "the storage of the database refuses writes");
        }
    }

    /// Notes that the storage accepts writes again.
    pub(super) fn record_recovery(&self) {
        if self.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the storage of the database accepts writes again");
        }
    }

    /// Whether the last write failed because of the storage.
    pub(super) fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }
}

/// Lets a pool close connections that are not fit for further use when they are released. Use it with
/// [`is_fit`] as the check before a connection is acquired.
pub(super) fn check_released<D: sqlx::Database>(
    options: PoolOptions<D>,
    health: &Arc<WriteHealth>,
) -> PoolOptions<D> {
    let health = Arc::clone(health);
    options.after_release(move |connection, meta| {
        let health = Arc::clone(&health);
        Box::pin(async move {
            if connection.is_in_transaction() {
                // The rollback of a dropped transaction is waiting in the connection.
                connection.ping().await?;
            }
            Ok(!connection.is_in_transaction() && !health.is_retired(meta.age))
        })
    })
}

/// Whether a connection may be used.
pub(super) fn is_fit<'c, C: Connection>(
    connection: &'c mut C,
    age: Duration,
    health: &WriteHealth,
) -> BoxFuture<'c, Result<bool, sqlx::Error>> {
    let fit = !connection.is_in_transaction() && !health.is_retired(age);
    Box::pin(std::future::ready(Ok(fit)))
}
