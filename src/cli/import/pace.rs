//! The pace of an import: batches are sized by how long they take, and others who write get their turn.
//!
//! A batch holds locks until its transaction ends: SQLite's only write lock, or the rows of its subjects on
//! PostgreSQL. SQLite does not queue writers of other processes: they look again after sleeps of up to 100 ms, and
//! find the lock taken unless a pause is long enough.

use std::time::Duration;

use crate::service::activities::BATCH_MAX;

/// How long a batch takes while nobody else writes: long enough that a commit costs little.
const ALONE: Duration = Duration::from_millis(400);
/// How long a batch takes if others wrote in the last minute.
const NEAR_OTHERS: Duration = Duration::from_millis(100);
/// How long a batch takes while others write.
const AMONG_OTHERS: Duration = Duration::from_millis(30);
/// While others write, they have so many times as long as a batch takes.
const TURNS_OF_OTHERS: u32 = 2;
/// The least pause that a writer of another process finds soon.
const PAUSE_MIN: Duration = Duration::from_millis(35);
/// How long others are taken to write on after they were seen to write.
const OTHERS_WRITE_FOR: Duration = Duration::from_secs(2);
/// How long others are taken to come back.
const OTHERS_ARE_NEAR_FOR: Duration = Duration::from_mins(1);
/// While nobody else is seen, a pause of this length and after this time shows whether somebody waits: the
/// longest sleep of a writer that waits, at 3 % of the time.
const LISTENING: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));
/// Rows of the smallest batch: fewer take hardly less time.
const ROWS_MIN: usize = 10;

/// A batch that was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// Its rows.
    pub(super) rows: usize,
    /// How long it waited for locks: others had them.
    pub(super) waited: Duration,
    /// How long it held them.
    pub(super) worked: Duration,
}

/// The size of the next batch, and the pause before it.
#[derive(Debug)]
pub(super) struct Pace {
    rows: usize,
    /// The time since others were seen to write.
    since_others: Duration,
    /// The time since the last pause for those who wait unseen.
    since_listening: Duration,
}

impl Pace {
    /// The pace of the beginning, by whether others were seen to write before.
    pub(super) fn new(others_write: bool) -> Self {
        let (since_others, rows) =
            if others_write { (Duration::ZERO, ROWS_MIN) } else { (OTHERS_ARE_NEAR_FOR, BATCH_MAX / 4) };
        Self { rows, since_others, since_listening: Duration::ZERO }
    }

    /// Rows of the next batch.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Adapts to a batch that was written, and to whether others wrote since the one before; the pause after it.
    pub(super) fn after(&mut self, batch: Written, others_wrote: bool) -> Duration {
        let Written { rows, waited, worked } = batch;
        self.since_others = if others_wrote { Duration::ZERO } else { self.since_others + waited + worked };
        self.since_listening += waited + worked;
        let (target, pause) = if self.since_others < OTHERS_WRITE_FOR {
            // Others had their turn while the batch waited for its locks.
            (AMONG_OTHERS, (worked * TURNS_OF_OTHERS).max(PAUSE_MIN).saturating_sub(waited))
        } else if self.since_others < OTHERS_ARE_NEAR_FOR {
            (NEAR_OTHERS, PAUSE_MIN)
        } else if self.since_listening > LISTENING.1 {
            (ALONE, LISTENING.0)
        } else {
            (ALONE, Duration::ZERO)
        };
        if pause > Duration::ZERO {
            self.since_listening = Duration::ZERO;
        }
        self.since_others += pause;
        let fitting = rows as u128 * target.as_micros() / worked.as_micros().max(1);
        // At most twice as many, because the cost of a batch is not all by row.
        let fitting = usize::try_from(fitting).unwrap_or(BATCH_MAX).min(self.rows * 2);
        self.rows = fitting.clamp(ROWS_MIN, BATCH_MAX);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What batches take: 5 ms, and 1 ms for each row.
    fn written(rows: usize, waited_ms: u64) -> Written {
        let rows_took = Duration::from_millis(1) * u32::try_from(rows).expect("a few rows");
        let worked = Duration::from_millis(5) + rows_took;
        Written { rows, waited: Duration::from_millis(waited_ms), worked }
    }

    /// Writes for a while; the longest batch, the pauses in all, and the time in all.
    fn write_for(pace: &mut Pace, time: Duration, waited_ms: u64, others_wrote: bool) -> [Duration; 3] {
        let [mut longest, mut paused, mut all] = [Duration::ZERO; 3];
        while all < time {
            let batch = written(pace.rows(), waited_ms);
            let pause = pace.after(batch, others_wrote);
            longest = longest.max(batch.worked);
            paused += pause;
            all += batch.waited + batch.worked + pause;
        }
        [longest, paused, all]
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn alone_an_import_takes_nearly_all_of_the_time() {
        let mut pace = Pace::new(false);
        let [longest, paused, all] = write_for(&mut pace, SECOND * 30, 0, false);
        assert!(longest > ALONE * 9 / 10 && longest < ALONE * 12 / 10, "{longest:?}");
        assert!(paused > Duration::ZERO && paused * 25 < all, "{paused:?} of {all:?}");
    }

    #[test]
    fn others_who_write_have_most_of_the_time() {
        let mut pace = Pace::new(true);
        assert_eq!(pace.rows(), ROWS_MIN);
        let [longest, paused, all] = write_for(&mut pace, SECOND * 5, 0, true);
        assert!(longest < AMONG_OTHERS * 12 / 10, "{longest:?}");
        assert!(paused * 10 > all * 6, "{paused:?} of {all:?}");
        // Whoever was waited for had the turn already.
        let [_, paused, _] = write_for(&mut pace, SECOND * 5, 200, true);
        assert_eq!(paused, Duration::ZERO);
    }

    #[test]
    fn batches_shrink_at_once_and_grow_when_others_have_gone() {
        let mut pace = Pace::new(false);
        write_for(&mut pace, SECOND * 5, 0, false);
        assert!(pace.after(written(pace.rows(), 0), true) >= PAUSE_MIN);
        assert!(written(pace.rows(), 0).worked < AMONG_OTHERS * 12 / 10);
        let [_, paused, all] = write_for(&mut pace, SECOND * 50, 0, false);
        assert!(written(pace.rows(), 0).worked < NEAR_OTHERS * 12 / 10);
        assert!(paused * 10 > all * 2 && paused * 10 < all * 4, "{paused:?} of {all:?}");
        write_for(&mut pace, SECOND * 20, 0, false);
        assert!(written(pace.rows(), 0).worked > ALONE * 9 / 10);
        // However slow rows are, some are written.
        let slow = Written { rows: 20, waited: Duration::ZERO, worked: SECOND };
        pace.after(slow, true);
        assert_eq!(pace.rows(), ROWS_MIN);
    }
}
