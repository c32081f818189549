//! A copy of a SQLite database that is in use.

use std::path::Path;
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use sqlx::sqlite::SqliteConnectOptions;

use super::startup::cannot_open;

/// Copies a SQLite database as it is at one moment into a file that is empty or missing. Others may read
/// and write meanwhile. The schema stays as it is, whatever release made it.
///
/// # Errors
/// When there is no such database, or the copy can't be written or has a flaw.
pub async fn sqlite_copy(url: &str, to: &Path) -> Result<(), DbErr> {
    let name = to.to_str().ok_or_else(|| DbErr::Custom("the file's name is not UTF-8".to_owned()))?;
    let mut options = ConnectOptions::new(url);
    options.map_sqlx_sqlite_opts(|options| {
        options.create_if_missing(false).busy_timeout(Duration::from_secs(10))
    });
    let file: SqliteConnectOptions =
        url.parse().map_err(|error: sqlx::Error| DbErr::Custom(error.to_string()))?;
    let database = connect(options).await.map_err(|error| cannot_open(file.get_filename(), &error))?;
    let copy = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO $1", [name.into()]);
    let copied = database.execute_raw(copy).await;
    database.close().await?;
    copied?;
    check(to).await
}

/// Reads the whole copy, as a disk may not hold what was written to it.
async fn check(file: &Path) -> Result<(), DbErr> {
    let file = file.to_owned();
    // The file name is not passed in the URL, where some characters have a special meaning.
    let mut options = ConnectOptions::new("sqlite://copy.db");
    options.map_sqlx_sqlite_opts(move |options| options.filename(&file).read_only(true));
    let copy = connect(options).await?;
    let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check");
    let found = copy.query_one_raw(check).await;
    copy.close().await?;
    match found?.map(|row| row.try_get_by_index::<String>(0)).transpose()?.as_deref() {
        Some("ok") => Ok(()),
        found => Err(DbErr::Custom(format!("the copy has a flaw: {}", found.unwrap_or("no answer")))),
    }
}

async fn connect(mut options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await
}
