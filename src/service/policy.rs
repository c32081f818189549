//! The editions as published, with their keys, and how a process comes to know of a new one.
//!
//! Publications are rare, and whatever reads the policy only borrows it. So a process keeps every policy that it has
//! known, the newest last: a [`CurrentPolicy`] is the newest one, or within a transaction the one that was the newest
//! when its attempt began. A transaction that posts reads with its sequence numbers how many editions there are. If
//! there are others than it knows, it is rolled back, the editions are read, and it is run again; so no posting is made
//! by a policy that is out of date, whether the process has heard of the publication or not.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use tokio::sync::Mutex;
use uuid::Uuid;

use super::Services;
use super::posting::award_metrics;
use crate::clock::Clock;
use crate::error::Error;
use crate::program::edition::{BUILT_IN, EditionError, Editions};
use crate::store::{Database, edition, lock_startup};

/// Every published edition with its key.
#[derive(Debug)]
pub struct Policy {
    /// The editions.
    pub editions: Editions,
    ids: Vec<Uuid>,
    published: Vec<Publication>,
}

/// When and by whom an edition was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// When.
    pub at: sea_orm::prelude::DateTimeUtc,
    /// The label of the key or the subject of the token; none for the built-in edition.
    pub by: Option<String>,
}

impl Policy {
    /// Reads what is published, and publishes the built-in edition first where nothing is.
    pub(super) async fn load(db: &Database, clock: &Clock) -> Result<Self, Error> {
        let mut rows = edition::all(db.reader()).await?;
        if rows.is_empty() {
            let built_in = Editions::built_in();
            let row = entity::edition::Model {
                id: Uuid::now_v7(),
                effective_from: built_in.launch(),
                name: built_in.at(built_in.launch()).name.clone(),
                document: BUILT_IN.to_owned(),
                published_at: clock.now(),
                published_by: None,
            };
            let transaction = db.begin().await?;
            lock_startup(&transaction).await?;
            // Another process may have published it meanwhile.
            if edition::all(&*transaction).await?.is_empty() {
                edition::insert(&*transaction, row).await?;
            }
            transaction.commit().await?;
            rows = edition::all(db.reader()).await?;
        }
        let editions = Editions::parse(rows.iter().map(|row| row.document.as_str()));
        Self::of(rows, editions.map_err(|error| damaged(&error))?)
    }

    fn of(rows: Vec<entity::edition::Model>, editions: Editions) -> Result<Self, Error> {
        let days = rows.iter().map(|row| row.effective_from);
        if !days.eq(editions.iter().map(|edition| edition.effective_from)) {
            return Err(Error::Damaged(
                "a published edition has another first day than its document".to_owned(),
            ));
        }
        let published = rows
            .iter()
            .map(|row| Publication { at: row.published_at, by: row.published_by.clone() })
            .collect();
        Ok(Self { editions, ids: rows.into_iter().map(|row| row.id).collect(), published })
    }

    /// A policy with an edition that is tried among the published ones, or in the place of one.
    pub(super) fn with_tried(&self, editions: Editions) -> Self {
        let place = |day| self.editions.iter().position(|edition| edition.effective_from == day);
        let places: Vec<Option<usize>> =
            editions.iter().map(|edition| place(edition.effective_from)).collect();
        let id = |place: &Option<usize>| place.and_then(|place| self.id(place)).unwrap_or_default();
        let ids = places.iter().map(id).collect();
        Self { editions, ids, published: Vec::new() }
    }

    /// Key of the edition at a place that [`Editions::index_at`] gave.
    #[must_use]
    pub fn id(&self, index: usize) -> Option<Uuid> {
        self.ids.get(index).copied()
    }

    /// Place of the edition with this key.
    #[must_use]
    pub fn index(&self, id: Uuid) -> Option<usize> {
        self.ids.iter().position(|known| *known == id)
    }

    /// The publication of the edition at a place.
    #[must_use]
    pub fn publication(&self, index: usize) -> Option<&Publication> {
        self.published.get(index)
    }

    /// How many editions there are, which is how a newer policy is recognized: an edition is never taken away.
    #[must_use]
    pub fn count(&self) -> i64 {
        i64::try_from(self.ids.len()).unwrap_or(i64::MAX)
    }
}

fn damaged(error: &EditionError) -> Error {
    Error::Damaged(format!("a published edition: {error}"))
}

/// A policy, and the one that came after it.
#[derive(Debug)]
struct Link {
    policy: Arc<Policy>,
    next: OnceLock<Box<Self>>,
}

tokio::task_local! {
    /// Number of the policy of the running attempt of a transaction.
    static ATTEMPT: usize;
}

/// The policy that holds: the newest that the process knows, and within an attempt of a transaction the same one
/// throughout.
#[derive(Clone, Debug)]
pub struct CurrentPolicy {
    first: Arc<Link>,
    reload: Arc<Mutex<()>>,
}

impl Deref for CurrentPolicy {
    type Target = Arc<Policy>;

    fn deref(&self) -> &Arc<Policy> {
        let number = ATTEMPT.try_with(|number| *number).unwrap_or(usize::MAX);
        &self.through(number).1.policy
    }
}

impl CurrentPolicy {
    pub(super) fn new(policy: Policy) -> Self {
        let first = Link { policy: Arc::new(policy), next: OnceLock::new() };
        Self { first: Arc::new(first), reload: Arc::default() }
    }

    /// The last policy up to a number, with its number.
    fn through(&self, number: usize) -> (usize, &Link) {
        let mut found = (0, &*self.first);
        while let Some(next) = found.1.next.get().filter(|_| found.0 < number) {
            found = (found.0 + 1, next);
        }
        found
    }

    /// Runs an attempt of a transaction with the newest policy.
    pub(super) async fn attempt<T>(&self, work: impl Future<Output = T>) -> T {
        ATTEMPT.scope(self.through(usize::MAX).0, work).await
    }
}

impl Services {
    /// Reads the editions again if there are others than this process knows.
    ///
    /// # Errors
    /// When the database fails, or holds a document that is not an edition.
    pub async fn refresh_policy(&self) -> Result<(), Error> {
        let _one_at_a_time = self.policy.reload.lock().await;
        let (_, newest) = self.policy.through(usize::MAX);
        if edition::count(self.db.reader()).await? == newest.policy.count() {
            return Ok(());
        }
        let rows = edition::all(self.db.reader()).await?;
        let editions = newest.policy.editions.parse_again(rows.iter().map(|row| row.document.as_str()));
        let policy = Policy::of(rows, editions.map_err(|error| damaged(&error))?)?;
        award_metrics::start_at_zero(&self.metrics, &policy.editions);
        // Only the holder of the lock adds one, so the newest one is still the last.
        let _ = newest.next.set(Box::new(Link { policy: Arc::new(policy), next: OnceLock::new() }));
        Ok(())
    }
}
