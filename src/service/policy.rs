//! The editions as published, with their keys, and how a process comes to know of a new one.
//!
//! Publications are rare, and whatever reads the policy only borrows it. So a process keeps every policy that it has
//! known, the newest last: a [`CurrentPolicy`] is the newest one, or within a transaction the one that was the newest
//! when its attempt began. A transaction that posts reads with its sequence numbers how many editions there are, and how
//! many recalculations were reverted. If there are others than it knows, it is rolled back, the editions are read, and it is run again; so no posting is made
//! by a policy that is out of date, whether the process has heard of the publication or not.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::Services;
use super::posting::award_metrics;
use crate::clock::Clock;
use crate::error::Error;
use crate::program::edition::{BUILT_IN, EditionError, Editions};
use crate::store::{Database, edition, lock_startup, recalculation};

/// Every edition with its key.
#[derive(Debug)]
pub struct Policy {
    /// The editions.
    pub editions: Editions,
    /// What is known of each, by its place.
    known: Vec<KnownEdition>,
    version: i64,
}

/// What is known of an edition besides its document.
#[derive(Clone, Debug)]
struct KnownEdition {
    id: Uuid,
    recalculation: Option<Uuid>,
    publication: Publication,
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
                recalculation_id: None,
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
        Self::of(&rows, &recalculation::moves(db.reader()).await?, None)
    }

    /// The policy of these rows. The editions are read before the recalculations: what has changed in between makes the
    /// version another one than the database's.
    fn of(
        rows: &[entity::edition::Model],
        recalculations: &[entity::recalculation::Model],
        before: Option<&Editions>,
    ) -> Result<Self, Error> {
        let days: Vec<NaiveDate> = rows.iter().map(|row| row.effective_from).collect();
        let version = version(rows, recalculations);
        let known = rows.iter().map(|row| KnownEdition {
            id: row.id,
            recalculation: row.recalculation_id,
            publication: Publication { at: row.published_at, by: row.published_by.clone() },
        });
        let known: Vec<KnownEdition> = known.collect();
        let applied: Vec<Uuid> =
            recalculations.iter().filter(|row| row.reverted_seq.is_none()).map(|row| row.id).collect();
        let places = in_force(&known, &days, &applied);
        let documents = rows.iter().enumerate();
        let documents = documents.map(|(place, row)| (row.document.as_str(), places.contains(&place)));
        let editions = Editions::parse_known(before, documents).map_err(|error| damaged(&error))?;
        let order = ordered(places, known.len());
        let is_as_dated = order.iter().enumerate().all(|(index, place)| {
            editions.get(index).is_some_and(|edition| edition.effective_from == days[*place])
        });
        if !is_as_dated {
            return Err(Error::Damaged(
                "a published edition has another first day than its document".to_owned(),
            ));
        }
        Ok(Self { editions, known: order.into_iter().map(|place| known[place].clone()).collect(), version })
    }

    /// The policy in which these recalculations are in force, in the order in which they were applied, and no others.
    pub(super) fn with_recalculations(&self, applied: &[Uuid]) -> Result<Self, Error> {
        let days: Vec<NaiveDate> = (0..self.known.len())
            .map(|index| self.editions.get(index).map_or(NaiveDate::MAX, |edition| edition.effective_from))
            .collect();
        let places = in_force(&self.known, &days, applied);
        let editions = self.editions.with_in_force(&places).map_err(|error| damaged(&error))?;
        let order = ordered(places, self.known.len());
        let known = order.into_iter().map(|place| self.known[place].clone()).collect();
        Ok(Self { editions, known, version: self.version })
    }

    /// A policy with an edition that is tried among those in force, or in the place of one.
    pub(super) fn with_tried(&self, editions: Editions) -> Self {
        let place = |day| self.editions.iter().position(|edition| edition.effective_from == day);
        let known = editions.iter().map(|edition| {
            let known = place(edition.effective_from).and_then(|place| self.known.get(place)).cloned();
            known.unwrap_or(KnownEdition {
                id: Uuid::nil(),
                recalculation: None,
                publication: Publication { at: sea_orm::prelude::DateTimeUtc::default(), by: None },
            })
        });
        let known = known.collect();
        Self { editions, known, version: self.version }
    }

    /// Key of the edition at a place that [`Editions::index_at`] gave.
    #[must_use]
    pub fn id(&self, index: usize) -> Option<Uuid> {
        self.known.get(index).map(|known| known.id)
    }

    /// Place of the edition with this key, which may be in force no longer.
    #[must_use]
    pub fn index(&self, id: Uuid) -> Option<usize> {
        self.known.iter().position(|known| known.id == id)
    }

    /// Place of the edition that judges what one judged that may be in force no longer.
    #[must_use]
    pub fn index_in_force(&self, id: Uuid, day: NaiveDate) -> Option<usize> {
        let index = self.index(id)?;
        Some(if index < self.editions.count_in_force() { index } else { self.editions.index_at(day) })
    }

    /// Key of the edition of a recalculation.
    #[must_use]
    pub fn id_of_recalculation(&self, recalculation: Uuid) -> Option<Uuid> {
        self.known.iter().find(|known| known.recalculation == Some(recalculation)).map(|known| known.id)
    }

    /// The publication of the edition at a place.
    #[must_use]
    pub fn publication(&self, index: usize) -> Option<&Publication> {
        self.known.get(index).map(|known| &known.publication)
    }

    /// How many editions there are and recalculations were reverted, which is how a newer policy is recognized: an
    /// edition is never taken away.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version
    }
}

fn version(rows: &[entity::edition::Model], recalculations: &[entity::recalculation::Model]) -> i64 {
    let reverted = recalculations.iter().filter(|row| row.reverted_seq.is_some()).count();
    i64::try_from(rows.len() + reverted).unwrap_or(i64::MAX)
}

/// The places of the editions in force, by their first days: the published ones, and those of recalculations, which
/// replace what had the same day before.
fn in_force(known: &[KnownEdition], days: &[NaiveDate], applied: &[Uuid]) -> Vec<usize> {
    let published = known.iter().enumerate().filter(|(_, one)| one.recalculation.is_none());
    let mut by_day: BTreeMap<NaiveDate, usize> = published.map(|(place, _)| (days[place], place)).collect();
    for recalculation in applied {
        let place = known.iter().position(|one| one.recalculation == Some(*recalculation));
        by_day.extend(place.map(|place| (days[place], place)));
    }
    by_day.into_values().collect()
}

/// These places, and then all others.
fn ordered(mut places: Vec<usize>, count: usize) -> Vec<usize> {
    let others: Vec<usize> = (0..count).filter(|place| !places.contains(place)).collect();
    places.extend(others);
    places
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
        // What a standby has not replayed yet would look like another policy.
        let reader = self.db.primary();
        if edition::version(reader).await? == newest.policy.version() {
            return Ok(());
        }
        let rows = edition::all(reader).await?;
        let recalculations = recalculation::moves(reader).await?;
        let policy = Policy::of(&rows, &recalculations, Some(&newest.policy.editions))?;
        award_metrics::start_at_zero(&self.metrics, &policy.editions);
        // Only the holder of the lock adds one, so the newest one is still the last.
        let _ = newest.next.set(Box::new(Link { policy: Arc::new(policy), next: OnceLock::new() }));
        Ok(())
    }
}
