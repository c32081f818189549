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

    /// Runs `work` in one transaction, again from the start when a rival got in its way.
    async fn transact<T>(
        &self,
        work: impl AsyncFn(&DatabaseTransaction) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut tries = 1;
        loop {
            let transaction = self.db.begin().await?;
            let error = match work(&transaction).await {
                Ok(value) => match transaction.commit().await {
                    Ok(()) => return Ok(value),
                    Err(error) => Error::from(error),
                },
                Err(error) => {
                    transaction.rollback().await?;
                    error
                }
            };
            if tries == TRIES || !error.is_retryable() {
                return Err(error);
            }
            tries += 1;
        }
    }
}
