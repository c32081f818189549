//! The mark of a restore that has not ended: a table that is there from before the first row until all rows are verified.
//!
//! Rows are restored in one transaction, so an interrupted restore leaves none of them. Without a mark a server could
//! then start on the empty database as if the program were new, and a restore whose rows were kept but never verified
//! would look like any other database.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, RuntimeErr, Statement};

use super::part::{FILLED_AT_FIRST, RestoreError, lift_timeouts};
use super::tables::tables;
use crate::store::{Database, lock_startup};

/// The mark: no migration has this table, and no archive.
const TABLE: &str = "unfinished_restore";
/// Any number that no other lock of the program has: of two restores into one database, one runs.
pub(super) const LOCK: &str = "SELECT pg_try_advisory_xact_lock(7165709) AS is_free";

/// Notes in the transaction of the rows that they are all there, for the archive with a checksum.
pub(super) const NOTE_ROWS: &str = "UPDATE unfinished_restore SET archive = $1, has_rows = 1";

/// How far a restore got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No row is in the database.
    NoRows,
    /// Every row is in the database, and none has been verified.
    AllRows,
}

/// Marks a database before the first row of an archive, which its checksum names. A mark that an interrupted restore
/// left is taken over, and tells how far that one got.
///
/// # Errors
/// When a table has rows that are not those of this archive, another restore is running, or the database fails.
pub async fn mark(database: &Database, archive: &str) -> Result<Progress, RestoreError> {
    let transaction = database.begin().await?;
    lift_timeouts(&transaction).await?;
    // Neither a server nor another restore begins on the same database meanwhile.
    lock_startup(&transaction).await?;
    refuse_second(&transaction).await?;
    let backend = transaction.get_database_backend();
    if is_marked(&*transaction).await? {
        let read = Statement::from_string(backend, format!("SELECT archive, has_rows FROM {TABLE}"));
        let row = transaction.query_one_raw(read).await?;
        let found = row.map(|row| {
            Ok::<_, DbErr>((row.try_get::<String>("", "archive")?, row.try_get::<i32>("", "has_rows")?))
        });
        if let Some((restored, 1)) = found.transpose()? {
            let same = restored == archive;
            return if same { Ok(Progress::AllRows) } else { Err(RestoreError::OtherArchive) };
        }
        return Ok(Progress::NoRows);
    }
    refuse_rows(&transaction).await?;
    transaction
        .execute_unprepared(&format!(
            "CREATE TABLE {TABLE} (archive TEXT NOT NULL, has_rows INTEGER NOT NULL); \
             INSERT INTO {TABLE} (archive, has_rows) VALUES ('', 0)"
        ))
        .await?;
    transaction.commit().await.map_err(DbErr::from)?;
    Ok(Progress::NoRows)
}

/// Takes the mark away: the restore has ended.
///
/// # Errors
/// When the database fails.
pub async fn unmark(database: &Database) -> Result<(), DbErr> {
    let transaction = database.begin().await?;
    transaction.execute_unprepared(&format!("DROP TABLE IF EXISTS {TABLE}")).await?;
    Ok(transaction.commit().await?)
}

/// Refuses a database whose restore has not ended.
///
/// # Errors
/// When there is a mark, or the database fails.
pub async fn refuse_marked(database: &Database) -> Result<(), DbErr> {
    if !is_marked(database.reader()).await? {
        return Ok(());
    }
    Err(DbErr::Conn(RuntimeErr::Internal(
        "a restore into this database was interrupted, or is still running: run partner-program restore with the same \
         archive again, which goes on where that is possible, or use another database"
            .to_owned(),
    )))
}

/// Refuses to run beside another restore, until the transaction ends. Writers of SQLite queue anyway.
async fn refuse_second(transaction: &DatabaseTransaction) -> Result<(), RestoreError> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let row = transaction.query_one_raw(Statement::from_string(DbBackend::Postgres, LOCK)).await?;
    match row.map(|row| row.try_get("", "is_free")).transpose()? {
        Some(true) => Ok(()),
        _ => Err(RestoreError::Running),
    }
}

async fn is_marked(connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let backend = connection.get_database_backend();
    // The catalogue tells it to every role, also to one that may not read the table.
    let text = match backend {
        DbBackend::Postgres => format!("SELECT 1 AS found WHERE to_regclass('{TABLE}') IS NOT NULL"),
        _ => format!("SELECT 1 AS found FROM sqlite_schema WHERE type = 'table' AND name = '{TABLE}'"),
    };
    Ok(connection.query_one_raw(Statement::from_string(backend, text)).await?.is_some())
}

/// Refuses a database with rows, whatever release made its tables.
async fn refuse_rows(transaction: &DatabaseTransaction) -> Result<(), RestoreError> {
    let backend = transaction.get_database_backend();
    let existing = match backend {
        DbBackend::Postgres => "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()",
        _ => "SELECT name FROM sqlite_schema WHERE type = 'table'",
    };
    let rows = transaction.query_all_raw(Statement::from_string(backend, existing)).await?;
    let existing: Vec<String> = rows.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>()?;
    for name in tables() {
        if FILLED_AT_FIRST.contains(&name) || !existing.iter().any(|existing| existing == name) {
            continue;
        }
        let any = Statement::from_string(backend, format!("SELECT 1 FROM {name} LIMIT 1"));
        if transaction.query_one_raw(any).await?.is_some() {
            return Err(RestoreError::NotEmpty(name.to_owned()));
        }
    }
    Ok(())
}
