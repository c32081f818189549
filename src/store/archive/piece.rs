//! What a restore makes again behind the rows, and what errors say about rows.

use super::part::RestoreError;

/// A statement that makes something again, and what is wrong with the rows if they do not let it.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) statement: String,
    pub(super) unfit: String,
}

/// What an error of a statement on a table says about its rows; an error of the database otherwise.
pub(super) fn unfit(error: sqlx::Error, table: &str) -> RestoreError {
    use sqlx::error::ErrorKind;
    let found = error.as_database_error().and_then(|found| match found.kind() {
        ErrorKind::UniqueViolation => Some("two rows have the same key"),
        ErrorKind::ForeignKeyViolation => Some("a row refers to one that is missing"),
        ErrorKind::NotNullViolation | ErrorKind::CheckViolation => {
            Some("a row has values that do not go together")
        }
        _ => match found.code().as_deref() {
            // Raised by a guard, on PostgreSQL and on SQLite.
            Some("P0001" | "1811") => Some("a row contradicts another one"),
            // Data that the type of a column does not have.
            Some(code) if code.len() == 5 && code.starts_with("22") => {
                Some("a row has a value that the database can't keep")
            }
            _ => None,
        },
    });
    match found {
        Some(text) => RestoreError::Unfit(format!("{table}: {text}")),
        None => RestoreError::Database(crate::store::pools::failed(error)),
    }
}

/// The same for a piece.
pub(super) fn unfit_piece(error: sqlx::Error, piece: &Piece) -> RestoreError {
    match unfit(error, "") {
        RestoreError::Unfit(_) => RestoreError::Unfit(piece.unfit.clone()),
        other => other,
    }
}
