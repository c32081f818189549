//! Several use cases in one transaction: an import that is tried, or that goes in as a whole or not at all.

use std::sync::Arc;

use super::Services;
use crate::error::Error;
use crate::store::transaction::Transaction;

/// A transaction that holds those of several use cases. Dropping it rolls it back.
#[derive(Debug)]
pub struct Whole {
    transaction: Arc<Transaction>,
}

impl Services {
    /// Begins a transaction for several use cases: those of the returned services are parts of it, and are undone with
    /// it. It holds its locks until it ends, SQLite's only write lock included. One within another is a part of that.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_whole(&self) -> Result<(Self, Whole), Error> {
        let transaction = match &self.whole {
            Some(outer) => outer.nested().await?,
            None => self.db.begin().await?,
        };
        let transaction = Arc::new(transaction);
        Ok((Self { whole: Some(Arc::clone(&transaction)), ..self.clone() }, Whole { transaction }))
    }
}

impl Whole {
    /// Commits what its services did; they are no longer of use.
    ///
    /// # Errors
    /// When the commit fails, or other services are still bound to it.
    pub async fn commit(self, services: Services) -> Result<(), Error> {
        let hub = Arc::clone(&services.hub);
        drop(services);
        let transaction = Arc::into_inner(self.transaction)
            .ok_or_else(|| Error::Damaged("a transaction that is still in use".to_owned()))?;
        transaction.commit().await?;
        hub.notify_committed();
        Ok(())
    }

    /// Undoes what its services did.
    ///
    /// # Errors
    /// When other services are still bound to it; it is then undone once those are dropped.
    pub async fn rollback(self, services: Services) -> Result<(), Error> {
        drop(services);
        let transaction = Arc::into_inner(self.transaction)
            .ok_or_else(|| Error::Damaged("a transaction that is still in use".to_owned()))?;
        transaction.rollback().await;
        Ok(())
    }
}
