//! Sealing the log: a task puts committed steps into the chain of hashes, apart from the mutations that made them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use entity::seal;

use super::{Services, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::seal::{START, seal};
use crate::store::{insert_all, seal as store};

/// Steps that one transaction seals.
const STEPS_AT_ONCE: usize = 500;
/// Interval of the look for new steps.
const INTERVAL: Duration = Duration::from_secs(1);
/// Time after which a step with an earlier place in the log than a sealed one can no longer be committed. The deadline of
/// an operation is far shorter.
const COMMITTED_AFTER: Duration = Duration::from_mins(15);

/// A look for steps that were committed late reads what follows the floor, after a start the whole log. It rests this many
/// times as long as it took.
const REST: u32 = 20;

/// The place in the log before which everything is sealed, as far as is known.
#[derive(Debug, Default)]
struct Floor {
    place: i64,
    /// The last place that was sealed: most steps that are not sealed follow it.
    newest: i64,
    /// When the next look for those that do not is due.
    next_look: Option<Instant>,
    /// The last sealed places, with when they were sealed.
    recent: VecDeque<(Instant, i64)>,
}

impl Floor {
    fn sealed_through(&mut self, seq: i64) {
        self.newest = self.newest.max(seq);
        self.recent.push_back((Instant::now(), seq));
        while let Some((_, place)) = self.recent.pop_front_if(|(at, _)| at.elapsed() > COMMITTED_AFTER) {
            self.place = place;
        }
    }
}

impl Services {
    /// Seals what is committed, until the process ends.
    pub async fn run_seals(&self) {
        let mut floor = Floor::default();
        loop {
            let since = Instant::now();
            let is_whole = floor.next_look.is_none_or(|at| since >= at);
            match self.seal_next(if is_whole { floor.place } else { floor.newest }).await {
                Ok(sealed) => {
                    if is_whole && sealed.is_empty() {
                        floor.next_look = Some(Instant::now() + since.elapsed() * REST);
                        // What follows the last seal is found at once, whatever process made it.
                        let head = self.sealed_head().await.unwrap_or_default();
                        floor.newest = floor.newest.max(head.map_or(0, |row| row.log_seq));
                    }
                    let last = sealed.iter().map(|row| row.log_seq).max();
                    if let Some(last) = last {
                        floor.sealed_through(last);
                    }
                    if sealed.len() < STEPS_AT_ONCE {
                        tokio::time::sleep(INTERVAL).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "failed to seal the log; retrying");
                    tokio::time::sleep(INTERVAL).await;
                }
            }
        }
    }

    /// Seals every step that is committed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn seal_all(&self) -> Result<(), Error> {
        while !self.seal_next(0).await?.is_empty() {}
        Ok(())
    }

    /// Seals some steps after a place in the log; none if there are none, or another process seals them.
    async fn seal_next(&self, after: i64) -> Result<Vec<seal::Model>, Error> {
        let limit = i64::try_from(STEPS_AT_ONCE).unwrap_or(i64::MAX);
        // Mostly there is nothing to seal, and no need to delay writers.
        if store::unsealed(self.db.reader(), after, 1).await?.is_empty() {
            return Ok(Vec::new());
        }
        transact!(self, Operation::MaintainEventFeed, transaction, _changes => {
            if !store::take_turn(transaction).await? {
                return Ok(Vec::new());
            }
            let seqs = store::unsealed(transaction, after, limit).await?;
            let last = store::last(transaction).await?;
            let (mut number, mut head) = last.map_or((0, START.to_owned()), |row| (row.number, row.head));
            let mut rows = Vec::with_capacity(seqs.len());
            for record in store::records(transaction, &seqs).await? {
                head = seal(&head, &record.text);
                number += 1;
                rows.push(seal::Model { number, log_seq: record.seq, head: head.clone() });
            }
            insert_all(transaction, rows.clone()).await?;
            Ok(rows)
        })
    }

    /// The last seal; none before the first step was sealed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sealed_head(&self) -> Result<Option<seal::Model>, Error> {
        Ok(store::last(self.db.reader()).await?)
    }
}
