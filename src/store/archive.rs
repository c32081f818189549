//! The whole database as lines of text, and back.
//!
//! A row is one JSON object: its columns by name in alphabetical order, without those that are null. Rows of a table
//! follow in the order of their primary key. So both engines give the same lines for the same rows. No row becomes a
//! model on its way: text of an engine becomes a line, and a line becomes what an engine takes.

mod copy;
mod fields;
mod lines;
mod part;
mod piece;
mod postgres;
mod reading;
mod restore;
mod sqlite;
mod tables;
mod unfinished;
mod values;

use migration::{Migrator, MigratorTrait};
use sea_orm::DbErr;
use tokio::sync::mpsc;

use super::Database;
pub use copy::copy;
use part::PARTS_AHEAD;
pub use part::{Part, RestoreError};
pub use restore::{Encoded, Encoder, Restore};
pub use tables::tables;
pub use unfinished::{Progress, mark, refuse_marked, unmark};
pub(crate) use values::JsonColumns;

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
