//! What is checked before a pool connects: pools retry for a while and then report no more than a timeout.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{DbErr, RuntimeErr};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Error as DriverError};

use super::tls;

/// Time for a server to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// Time to wait for a server that says that it is starting.
const SERVER_START_TIME_MAX: Duration = Duration::from_secs(30);
/// Interval of the attempts meanwhile.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);
/// SQLSTATE of a server that is starting.
const STARTING: &str = "57P03";

/// The file of a SQLite database. A missing one is created, readable by its owner alone; SQLite gives the
/// files next to it the same permissions.
///
/// # Errors
/// When the URL is invalid, or the file can't be created.
pub(super) fn sqlite_file(url: &str) -> Result<PathBuf, DbErr> {
    let options: SqliteConnectOptions = url.parse().map_err(|error| unusable(format!("{error}")))?;
    let file = options.get_filename().to_owned();
    let mut new = std::fs::OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    match new.open(&file) {
        Ok(_) => Ok(file),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(file),
        Err(error) => Err(unusable(format!("cannot create the SQLite file {}: {error}", file.display()))),
    }
}

/// The error of a SQLite file that can't be opened, with its name.
pub(super) fn cannot_open(file: &Path, error: &DbErr) -> DbErr {
    let cause = match error {
        DbErr::Conn(RuntimeErr::SqlxError(error)) => cause(error),
        error => error.to_string(),
    };
    unusable(format!("cannot open the SQLite file {}: {cause}", file.display()))
}

/// Connects once to a PostgreSQL database, and checks that it stores every text.
///
/// # Errors
/// When the server refuses the connection or does not answer, with its address; or when the encoding of the
/// database is not UTF-8.
pub(super) async fn check_postgres(options: &PgConnectOptions) -> Result<(), DbErr> {
    let address = tls::address(options);
    let since = Instant::now();
    let encoding = loop {
        match tokio::time::timeout(ANSWER_TIME_MAX, encoding(options)).await {
            Ok(Ok(encoding)) => break encoding,
            Ok(Err(error)) if is_starting(&error) && since.elapsed() < SERVER_START_TIME_MAX => {
                tokio::time::sleep(RETRY_INTERVAL).await;
            }
            Ok(Err(error)) => return Err(cannot_connect(error, options)),
            Err(_) => {
                let seconds = ANSWER_TIME_MAX.as_secs();
                return Err(unusable(format!("PostgreSQL at {address} does not answer within {seconds} s")));
            }
        }
    };
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(unusable(format!(
        "the PostgreSQL database at {address} has the encoding {encoding}; texts require UTF8: create a \
         database with ENCODING 'UTF8' TEMPLATE template0"
    )))
}

/// The error of a server that refuses the connection, with its address.
pub(super) fn cannot_connect(error: DriverError, options: &PgConnectOptions) -> DbErr {
    let explained = tls::explained(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))), options);
    let DbErr::Conn(RuntimeErr::SqlxError(error)) = &explained else { return explained };
    unusable(format!("cannot connect to PostgreSQL at {}: {}", tls::address(options), cause(error)))
}

async fn encoding(options: &PgConnectOptions) -> Result<String, DriverError> {
    let mut connection = options.connect().await?;
    let encoding = sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(encoding)
}

fn is_starting(error: &DriverError) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some(STARTING))
}

/// What the system or the engine says, without the driver's introduction.
pub(super) fn cause(error: &DriverError) -> String {
    match error {
        DriverError::Io(error) => error.to_string(),
        DriverError::Database(error) => error.message().to_owned(),
        error => error.to_string(),
    }
}

pub(super) fn unusable(text: String) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(text))
}
