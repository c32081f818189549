//! Use cases. A mutation is one function and one transaction; every edge calls these.

pub mod activities;
pub mod affiliations;
mod booking;
mod input;
pub mod policy;
pub mod reads;
pub mod subjects;
pub mod verify;

use std::sync::Arc;

use sea_orm::DatabaseTransaction;

use crate::clock::Clock;
use crate::error::Error;
use crate::store::Database;
use policy::Policy;

/// How often a transaction is tried when rivals get in its way.
const TRIES: u32 = 8;

/// Everything that a use case needs; cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    pub(crate) db: Database,
    pub(crate) clock: Clock,
    pub(crate) policy: Arc<Policy>,
}

impl Services {
    /// Services over a database whose schema is up to date. Publishes the built-in edition where none is.
    ///
    /// # Errors
    /// When the database can't be read, or holds a document that is not an edition.
    pub async fn open(db: Database, clock: Clock) -> Result<Self, Error> {
        let policy = Arc::new(Policy::load(&db, &clock).await?);
        Ok(Self { db, clock, policy })
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The editions in force.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.db
    }
}

/// Counts how often a transaction was tried.
#[derive(Debug, Default)]
struct Tries(u32);

impl Tries {
    /// Commits what succeeded and rolls back what did not. `None` means: try again, a rival got in the way.
    async fn end<T>(
        &mut self,
        transaction: DatabaseTransaction,
        result: Result<T, Error>,
    ) -> Option<Result<T, Error>> {
        let error = match result {
            Ok(value) => match transaction.commit().await {
                Ok(()) => return Some(Ok(value)),
                Err(error) => Error::from(error),
            },
            Err(error) => match transaction.rollback().await {
                Ok(()) => error,
                Err(error) => error.into(),
            },
        };
        self.0 += 1;
        if self.0 < TRIES && error.is_retryable() { None } else { Some(Err(error)) }
    }
}

/// Runs a block in one transaction, again from the start when a rival got in its way.
///
/// A macro, because a closure that lends the transaction to a future can't yet be shown to be `Send`.
macro_rules! transact {
    ($services:expr, $transaction:ident => $work:block) => {{
        let mut tries = crate::service::Tries::default();
        loop {
            let begun = $services.db.begin().await?;
            let $transaction = &begun;
            let result: Result<_, crate::error::Error> = async { $work }.await;
            if let Some(done) = tries.end(begun, result).await {
                break done;
            }
        }
    }};
}
use transact;
