//! Faults of the database: which a retry may cure, which mean that the database is not available, which
//! stop all writes, and which leave a commit in doubt.

use std::error::Error as StdError;

use sea_orm::{DbErr, RuntimeErr, SqlErr};
use sqlx::error::{DatabaseError, Error as DriverError};
use sqlx::postgres::PgDatabaseError;

/// The code of an engine's error.
#[derive(Clone, Debug, PartialEq, Eq)]
enum EngineCode {
    /// An SQLSTATE of five characters.
    Postgres(String),
    /// A primary result code, without the extension in its higher bits.
    Sqlite(i32),
}

// Primary result codes of SQLite.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NOMEM: i32 = 7;
const READONLY: i32 = 8;
const INTERRUPT: i32 = 9;
const IOERR: i32 = 10;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const PROTOCOL: i32 = 15;

/// What is said of a row that another transaction changed while this one waited for its lock.
const OUTDATED: &str = "the subject was changed by another transaction meanwhile";

/// The error of a transaction that has read a row as it was before.
pub(super) fn outdated() -> DbErr {
    DbErr::Custom(OUTDATED.to_owned())
}

/// Whether a retry of the whole transaction may succeed, if its commit had not begun: another transaction
/// inserted the same key first, the engine resolved a conflict, a lock was not available, or the connection
/// was lost.
pub(crate) fn is_retryable(error: &DbErr) -> bool {
    if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
        return true;
    }
    if matches!(error, DbErr::Custom(text) if text == OUTDATED) {
        return true;
    }
    match driver_error(error) {
        Some(DriverError::Io(_) | DriverError::WorkerCrashed) => true,
        Some(DriverError::Database(error)) => match engine_code(error.as_ref()) {
            // Serialization failure, deadlock, lock not available; the server ended the connection.
            Some(EngineCode::Postgres(code)) => {
                matches!(code.as_str(), "40001" | "40P01" | "55P03" | "57P01" | "57P02" | "25P03")
            }
            Some(EngineCode::Sqlite(code)) => matches!(code, BUSY | LOCKED),
            None => false,
        },
        _ => false,
    }
}

/// Whether the database is not available at the moment, or too busy: neither the caller nor the program is
/// at fault, and a later attempt may succeed.
pub(crate) fn is_unavailable(error: &DbErr) -> bool {
    if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
        return true;
    }
    if matches!(error, DbErr::Custom(text) if text == OUTDATED) {
        return true;
    }
    match driver_error(error) {
        Some(DriverError::Database(error)) => match engine_code(error.as_ref()) {
            // Connection exceptions; conflicts that outlast every retry; insufficient resources; locks;
            // statement timeout and shutdown; errors of the system; a server that became read-only.
            Some(EngineCode::Postgres(code)) => {
                ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
                    || matches!(code.as_str(), "55P03" | "25006" | "25P03")
            }
            Some(EngineCode::Sqlite(code)) => matches!(
                code,
                BUSY | LOCKED | NOMEM | READONLY | INTERRUPT | IOERR | FULL | CANTOPEN | PROTOCOL
            ),
            None => false,
        },
        Some(
            DriverError::Io(_)
            | DriverError::Tls(_)
            | DriverError::Protocol(_)
            | DriverError::PoolTimedOut
            | DriverError::PoolClosed
            | DriverError::WorkerCrashed
            | DriverError::BeginFailed,
        ) => true,
        _ => false,
    }
}

/// Whether the storage refuses writes, so that further ones are likely to fail as well: it is full, fails,
/// or is read-only.
pub(super) fn is_of_storage(error: &DbErr) -> bool {
    match database_error(error).and_then(engine_code) {
        Some(EngineCode::Postgres(code)) => matches!(code.as_str(), "53100" | "58030" | "25006"),
        Some(EngineCode::Sqlite(code)) => matches!(code, READONLY | IOERR | FULL | CANTOPEN),
        None => false,
    }
}

/// Whether a failed commit may have taken effect all the same: the connection was lost before the answer, or
/// the storage failed after the commit was written.
pub(super) fn leaves_commit_in_doubt(error: &DbErr) -> bool {
    match database_error(error).map(engine_code) {
        Some(Some(EngineCode::Postgres(code))) => {
            ["08", "58", "XX"].iter().any(|class| code.starts_with(class))
                || matches!(code.as_str(), "40003" | "57P01" | "57P02" | "57P03")
        }
        // The write-ahead log may hold the whole transaction when it can't be synchronized. When it is full,
        // the mark of the commit, which is written last, is missing.
        Some(Some(EngineCode::Sqlite(code))) => code == IOERR,
        // No answer of the engine.
        Some(None) | None => true,
    }
}

/// The driver's error that this one wraps, however deeply.
fn driver_error(error: &DbErr) -> Option<&DriverError> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(RuntimeErr::SqlxError(error)) = error.downcast_ref::<RuntimeErr>() {
            return Some(error.as_ref());
        }
        if let Some(error) = error.downcast_ref::<DriverError>() {
            return Some(error);
        }
        next = error.source();
    }
    None
}

/// The code of the engine's error.
pub(super) fn code(error: &DbErr) -> Option<String> {
    database_error(error)?.code().map(std::borrow::Cow::into_owned)
}

fn database_error(error: &DbErr) -> Option<&dyn DatabaseError> {
    driver_error(error)?.as_database_error()
}

fn engine_code(error: &dyn DatabaseError) -> Option<EngineCode> {
    let code = error.code()?;
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        return Some(EngineCode::Postgres(code.into_owned()));
    }
    code.parse().ok().map(|code: i32| EngineCode::Sqlite(code & 0xff))
}
