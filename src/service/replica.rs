//! Queries that go to a standby of the database, where there is one.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Services;
use crate::access::Caller;
use crate::error::Error;
use crate::freshness::Freshness;
use crate::store::ReplicaLimits;

impl Services {
    /// The same services, whose queries go to a standby. [`Self::run_replica`] has to run.
    ///
    /// # Errors
    /// When the standby refuses the connection, or is none of this database.
    pub async fn with_replica(self, url: &str, limits: ReplicaLimits) -> Result<Self, Error> {
        let db = self.db.clone().with_replica(url, limits, self.metrics.with_replica()).await?;
        Ok(Self { db, ..self })
    }

    /// Whether queries go to a standby.
    #[must_use]
    pub fn has_replica(&self) -> bool {
        self.db.replica().is_some()
    }

    /// Watches the standby, until the future is dropped. Each process runs it once.
    pub async fn run_replica(&self) {
        match self.db.replica() {
            Some(replica) => replica.watch().await,
            None => std::future::pending().await,
        }
    }

    /// Updates the metrics of the standby.
    pub fn refresh_replica_metrics(&self) {
        if let Some(replica) = self.db.replica() {
            replica.report();
        }
    }

    /// Runs a query of a caller, which sees at least what the caller changed by this process, and what `freshness` says.
    pub async fn read<T>(&self, caller: &Caller, freshness: Freshness, query: impl Future<Output = T>) -> T {
        match self.db.replica() {
            Some(replica) => replica.read(key_of(caller), freshness, query).await,
            None => query.await,
        }
    }

    /// The position in the database's log that includes everything changed until now. None without a standby, or if it
    /// is not known in time.
    pub async fn position(&self) -> Option<u64> {
        self.db.replica()?.position().await
    }

    /// Notes that the caller changed something, or saw a change, which its next queries have to see.
    pub(super) fn note_change(&self) {
        if let Some(replica) = self.db.replica() {
            replica.note_write(key_of(&self.caller));
        }
    }
}

/// Two callers with one key would wait for each other's changes, and no more.
fn key_of(caller: &Caller) -> u64 {
    let mut hasher = DefaultHasher::new();
    caller.actor.hash(&mut hasher);
    hasher.finish()
}
