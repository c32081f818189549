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

/// Where steps are that may not be sealed.
///
/// A look for steps that were committed late goes through the log part by part, from the floor to the end. Between looks, what
/// follows the last sealed step is sealed.
#[derive(Debug, Default)]
struct Floor {
    /// The place in the log before which everything is sealed that will ever be committed.
    place: i64,
    /// The last place that was sealed: most steps that are not sealed follow it.
    newest: i64,
    /// The look that is under way.
    look: Option<Look>,
    /// When the next look is due.
    next_look: Option<Instant>,
    /// The last sealed places, with when they were sealed.
    recent: VecDeque<(Instant, i64)>,
}

/// A look for steps that were committed late.
#[derive(Clone, Copy, Debug)]
struct Look {
    since: Instant,
    /// The place through which it has come.
    through: i64,
}

impl Floor {
    /// The place after which the next part begins.
    fn next(&mut self, now: Instant) -> i64 {
        if self.look.is_none() && self.next_look.is_none_or(|at| now >= at) {
            self.look = Some(Look { since: now, through: self.place });
        }
        self.look.map_or(self.newest, |look| look.through)
    }

    /// Notes the places of a part, which took from one moment to another; whether a look ended with it. A part that is
    /// full is not the last one.
    fn sealed(&mut self, places: &[i64], since: Instant, now: Instant) -> bool {
        if let Some(last) = places.iter().copied().max() {
            self.newest = self.newest.max(last);
            self.recent.push_back((now, last));
        }
        let Some(look) = &mut self.look else { return false };
        if places.len() >= STEPS_AT_ONCE {
            look.through = places.iter().copied().max().unwrap_or_default();
            return false;
        }
        // What was sealed so long before the look that no earlier step could be committed any more when it began: it has
        // seen them all.
        let began = look.since;
        let is_settled =
            |at: Instant| began.checked_duration_since(at).is_some_and(|age| age >= COMMITTED_AFTER);
        while let Some((_, place)) = self.recent.pop_front_if(|(at, _)| is_settled(*at)) {
            self.place = self.place.max(place);
        }
        self.look = None;
        self.next_look = Some(now + (now - since) * REST);
        true
    }
}

impl Services {
    /// Seals what is committed, until the process ends.
    pub async fn run_seals(&self) {
        let mut floor = Floor::default();
        loop {
            let since = Instant::now();
            match self.seal_next(floor.next(since)).await {
                Ok(Some(sealed)) => {
                    let places: Vec<i64> = sealed.iter().map(|row| row.log_seq).collect();
                    if floor.sealed(&places, since, Instant::now()) {
                        // What follows the last seal is found at once, whatever process made it.
                        let head = self.sealed_head().await.unwrap_or_default();
                        floor.newest = floor.newest.max(head.map_or(0, |row| row.log_seq));
                    }
                    if sealed.len() < STEPS_AT_ONCE {
                        tokio::time::sleep(INTERVAL).await;
                    }
                }
                Ok(None) => tokio::time::sleep(INTERVAL).await,
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
        let mut through = 0;
        while let Some(sealed) = self.seal_next(through).await? {
            if sealed.len() < STEPS_AT_ONCE {
                break;
            }
            through = sealed.iter().map(|row| row.log_seq).max().unwrap_or(through);
        }
        Ok(())
    }

    /// Seals the first steps after a place in the log that are not sealed; none if another process seals them.
    async fn seal_next(&self, after: i64) -> Result<Option<Vec<seal::Model>>, Error> {
        let limit = i64::try_from(STEPS_AT_ONCE).unwrap_or(i64::MAX);
        // Mostly there is nothing to seal, and no need to delay writers.
        if store::unsealed(self.db.reader(), after, 1).await?.is_empty() {
            return Ok(Some(Vec::new()));
        }
        transact!(self, Operation::MaintainEventFeed, transaction, _changes => {
            if !store::take_turn(transaction).await? {
                return Ok(None);
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
            Ok(Some(rows))
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    /// A log in which steps are committed at moments of their own, in seconds since the beginning.
    #[derive(Debug, Default)]
    struct Log {
        committed: BTreeMap<i64, u64>,
        sealed: BTreeSet<i64>,
        /// Places that parts have read, sealed ones included.
        read: usize,
    }

    impl Log {
        /// Seals as the database does.
        fn seal(&mut self, after: i64, at: u64) -> Vec<i64> {
            let follow = self.committed.range(after + 1..).filter(|(_, moment)| **moment <= at);
            let mut places = Vec::new();
            for (place, _) in follow {
                self.read += 1;
                if !self.sealed.contains(place) {
                    places.push(*place);
                    if places.len() == STEPS_AT_ONCE {
                        break;
                    }
                }
            }
            self.sealed.extend(&places);
            places
        }
    }

    /// Runs for some seconds, in which each part takes as long; what is committed later than that has to wait.
    fn run(log: &mut Log, floor: &mut Floor, (start, seconds): (Instant, u64), part: Duration) {
        let mut now = Duration::ZERO;
        while now.as_secs() < seconds {
            let since = start + now;
            let places = log.seal(floor.next(since), now.as_secs());
            now += part;
            floor.sealed(&places, since, start + now);
            let missed = log.committed.range(..=floor.place).find(|(place, _)| !log.sealed.contains(place));
            assert_eq!(missed, None, "a step before the floor {} is not sealed", floor.place);
            if places.len() < STEPS_AT_ONCE {
                now += INTERVAL;
            }
        }
    }

    #[test]
    fn a_backlog_is_read_once() {
        let mut log = Log { committed: (1..=100_000).map(|place| (place, 0)).collect(), ..Log::default() };
        let mut floor = Floor::default();
        run(&mut log, &mut floor, (Instant::now(), 60), Duration::from_millis(250));
        assert_eq!(log.sealed.len(), 100_000);
        // Once to seal it, and by a look or two behind that.
        assert!(log.read <= 400_000, "{}", log.read);
    }

    #[test]
    fn a_step_that_is_committed_behind_the_seals_of_a_long_backlog_is_sealed() {
        let start = Instant::now();
        for part in [10, 100, 700] {
            let mut log = Log { committed: (1..=5_000).map(|place| (place, 0)).collect(), ..Log::default() };
            // While the backlog is sealed, behind where it is.
            log.committed.insert(2, 300);
            let mut floor = Floor::default();
            run(&mut log, &mut floor, (start, 10 * part + 25_000), Duration::from_secs(part));
            assert!(log.sealed.contains(&2) && floor.place > 2, "{part}: {floor:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn no_late_commit_is_missed(
            steps in proptest::collection::vec((0_u64..5_000, 0_u64..COMMITTED_AFTER.as_secs()), 1..700),
            part in 20_u64..400,
        ) {
            // Places are drawn in the order of time, and committed some time later, less than the longest.
            let mut drawn = steps;
            drawn.sort_unstable();
            let committed = drawn.iter().zip(1..).map(|((at, late), place)| (place, at + late)).collect();
            let mut log = Log { committed, ..Log::default() };
            run(&mut log, &mut Floor::default(), (Instant::now(), 30_000), Duration::from_secs(part));
            prop_assert_eq!(log.sealed.len(), log.committed.len());
        }
    }
}
