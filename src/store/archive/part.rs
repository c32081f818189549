//! What the parts of an archive's way share: a part of all rows, and why one can't be restored.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr};

/// Tables that are not empty in a new database: their rows are replaced.
pub(super) const FILLED_AT_FIRST: [&str; 2] = ["event_feed", "server_secrets"];
/// Parts that are read before they are taken.
pub(super) const PARTS_AHEAD: usize = 4;
/// Lifts the timeouts of one transaction.
pub(super) const NO_TIMEOUTS: &str = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = 0";

/// A part of all rows, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Rows of this table follow.
    Table(String),
    /// Rows: a line for each.
    Rows {
        /// The lines, each with its end.
        lines: Vec<u8>,
        /// How many there are.
        count: u64,
    },
}

/// Why an archive can't be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The database has rows already: the table that has.
    #[error("the database is not empty: {0} has rows")]
    NotEmpty(String),
    /// Another restore into the same database is running.
    #[error("another restore into the database is running")]
    Running,
    /// The database has the rows of another archive, which were not verified.
    #[error("the database has the rows of another archive")]
    OtherArchive,
    /// A line of the archive does not fit: what is wrong with it.
    #[error("{0}")]
    Unfit(String),
}

pub(super) async fn lift_timeouts(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(NO_TIMEOUTS).await?;
    }
    Ok(())
}
