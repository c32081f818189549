//! What a use case can answer beside its result, free of any transport.

use sea_orm::DbErr;

use crate::program::refusal::Refusal;
use crate::store::{is_retryable, is_unavailable};

/// Why a use case gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The person who asked can mend it.
    #[error("{0}")]
    Refused(Refusal),
    /// The caller's role or key may never do this, whatever the object. Holds the name of the operation.
    #[error("{0} is not allowed")]
    Forbidden(&'static str),
    /// The database can't be used at the moment; asking again later may help.
    #[error("the database is not available")]
    Unavailable(#[source] DbErr),
    /// Something is wrong on our side.
    #[error("the database refused a statement")]
    Database(#[source] DbErr),
    /// What is stored can't be read as what it should be.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
}

impl Error {
    /// Whether the same transaction may well succeed when it is tried again.
    pub(crate) fn is_retryable(&self) -> bool {
        matches!(self, Self::Database(error) | Self::Unavailable(error) if is_retryable(error))
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if is_unavailable(&error) { Self::Unavailable(error) } else { Self::Database(error) }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
