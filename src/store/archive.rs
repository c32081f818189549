//! The whole database as lines of text, and back.
//!
//! A row is one JSON object: its columns by name in alphabetical order, without those that are null. Rows of a table
//! follow in the order of their primary key. So both engines give the same lines for the same rows. No row becomes a
//! model on its way: text of an engine becomes a line, and a line becomes what an engine takes.

mod copy;
mod fields;
mod lines;
mod postgres;
mod reading;
mod restore;
mod sqlite;
mod tables;
mod unfinished;
mod values;

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr};
use tokio::sync::mpsc;

use super::Database;
pub use copy::copy;
pub use restore::{Encoded, Encoder, Restore};
pub use tables::tables;
pub use unfinished::{Progress, mark, refuse_marked, unmark};
pub(crate) use values::json_row;

/// Tables that are not empty in a new database: their rows are replaced.
const FILLED_AT_FIRST: [&str; 2] = ["event_feed", "server_secrets"];
/// Parts that are read before they are taken.
const PARTS_AHEAD: usize = 4;
/// Lifts the timeouts of one transaction.
const NO_TIMEOUTS: &str = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; \
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

/// The name of the schema: its last migration.
#[must_use]
pub fn schema_name() -> String {
    Migrator::migrations().last().map(|migration| migration.name().to_owned()).unwrap_or_default()
}

/// Reads every row as it is at one moment: `take` gets the parts in their order.
///
/// # Errors
/// When the database fails, or `take` does.
pub async fn write_all<E>(database: &Database, mut take: impl FnMut(Part) -> Result<(), E>) -> Result<(), E>
where
    E: From<DbErr>,
{
    let (sender, mut parts) = mpsc::channel(PARTS_AHEAD);
    let reading = async { reading::read(database, &[], sender).await.map_err(E::from) };
    let taking = async {
        while let Some(part) = parts.recv().await {
            take(part)?;
        }
        Ok(())
    };
    tokio::try_join!(reading, taking).map(drop)
}

async fn lift_timeouts(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(NO_TIMEOUTS).await?;
    }
    Ok(())
}
