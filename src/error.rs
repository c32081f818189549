//! Errors of use cases, independent of any transport.

use std::collections::BTreeMap;

use sea_orm::DbErr;

use crate::program::refusal::{Refusal, Refusals};
use crate::store::transaction::CommitError;
use crate::store::{is_retryable, is_unavailable};

/// Error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is at fault; the caller can correct it.
    #[error("{0}")]
    Refused(Refusals),
    /// The caller has no right to the operation, for any object. Contains the operation's name.
    #[error("{0} is not allowed")]
    Forbidden(&'static str),
    /// The database is not available at the moment; a later retry may succeed. If it is the error of a
    /// mutation, the mutation has had no effect.
    #[error("the database is not available")]
    Unavailable(#[source] DbErr),
    /// The deadline passed before the transaction could commit: it has had no effect.
    #[error("the deadline has passed")]
    TimedOut,
    /// A commit began, and may have taken effect. With the error that interrupted it, or none if it did not
    /// end in time.
    #[error("the outcome of a commit is unknown")]
    InDoubt(#[source] Option<DbErr>),
    /// Internal error of the database or of a statement.
    #[error("the database refused a statement")]
    Database(#[source] DbErr),
    /// The caller's key was used before for the same content.
    #[error("the request was repeated")]
    Repeated(FirstResult),
    /// An edition was published that the process did not know when the transaction began: it is run again.
    #[error("the policy has changed")]
    PolicyChanged,
    /// Stored data is invalid.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
}

/// What the first request of a key came to.
#[derive(Debug, Default)]
pub struct FirstResult {
    /// The object that was changed first.
    pub object: Option<uuid::Uuid>,
    /// The items of a batch that were refused, by their places.
    pub refused: BTreeMap<usize, Refusals>,
}

impl Error {
    /// Whether a retry of the transaction may succeed.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Database(error) | Self::Unavailable(error) => is_retryable(error),
            Self::PolicyChanged => true,
            _ => false,
        }
    }
}

/// Separates what the caller can correct from everything else that can fail.
pub(crate) fn refused<T>(result: Result<T, Error>) -> Result<Result<T, Refusals>, Error> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Error::Refused(refusals)) => Ok(Err(refusals)),
        Err(error) => Err(error),
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if is_unavailable(&error) { Self::Unavailable(error) } else { Self::Database(error) }
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::RolledBack(error) => error.into(),
            CommitError::InDoubt(error) => Self::InDoubt(Some(error)),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<Refusals> for Error {
    fn from(refusals: Refusals) -> Self {
        Self::Refused(refusals)
    }
}
