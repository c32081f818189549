//! How far the standby has replayed what the primary has written, as far as this process knows. No I/O, no clock.
//!
//! The primary is asked for its position in the write-ahead log, and the standby for what it has replayed. Once the
//! standby has replayed a position, it has everything that was committed before the primary was asked for it. So all
//! comparisons are of times of one clock, that of this process.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Positions that are kept while the standby has not replayed them. Beyond, every other one is forgotten.
const POSITIONS_MAX: usize = 1_024;

/// What a read requires.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// When the last write that it has to see had been committed.
    pub(super) written: Instant,
    /// The position that the caller has seen, by its token.
    pub(super) position: Option<u64>,
    /// When the read arrived.
    pub(super) arrived: Instant,
    /// Until when it may wait for the standby.
    pub(super) until: Instant,
}

/// Where a read goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Standby,
    /// The standby is likely to have replayed enough in time.
    Wait,
    Primary,
}

/// A position of the primary, and a time before it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    at: Instant,
    position: u64,
}

/// What is known of a standby that answers.
#[derive(Clone, Copy, Debug)]
struct Followed {
    in_recovery: bool,
    replayed: u64,
    /// Everything that was committed before has been replayed.
    confirmed: Option<Instant>,
}

/// What is known of primary and standby.
#[derive(Debug)]
pub(super) struct Progress {
    primary_answers: bool,
    latest: Option<Asked>,
    /// Positions that the standby has not replayed, the earliest first.
    ahead: VecDeque<Asked>,
    standby: Option<Followed>,
}

impl Default for Progress {
    fn default() -> Self {
        // The server starts only if the primary answers.
        Self { primary_answers: true, latest: None, ahead: VecDeque::new(), standby: None }
    }
}

impl Progress {
    /// Notes the position of the primary, which was asked for after `at`.
    pub(super) fn primary_at(&mut self, at: Instant, position: u64) {
        let asked = Asked { at, position };
        self.primary_answers = true;
        if self.latest.is_some_and(|latest| position < latest.position) {
            // Another server: what the old one wrote beyond is lost, and nobody will replay it.
            self.ahead.clear();
        }
        if self.ahead.len() == POSITIONS_MAX {
            let mut is_kept = false;
            self.ahead.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
        }
        self.latest = Some(asked);
        self.ahead.push_back(asked);
        self.confirm();
    }

    /// Notes that the primary does not answer.
    pub(super) fn primary_away(&mut self) {
        self.primary_answers = false;
    }

    /// Notes what the standby has replayed. A server that has just begun to answer may have replayed less than
    /// the one before it.
    pub(super) fn standby_at(&mut self, replayed: u64, in_recovery: bool) {
        let confirmed = self.standby.and_then(|standby| standby.confirmed);
        self.standby = Some(Followed { in_recovery, replayed, confirmed });
        self.confirm();
    }

    /// Notes that the standby does not answer any more: nothing is known of the next server that does.
    pub(super) fn standby_away(&mut self) {
        self.standby = None;
        if self.ahead.is_empty() {
            self.ahead.extend(self.latest);
        }
    }

    fn confirm(&mut self) {
        let Some(standby) = &mut self.standby else { return };
        while let Some(first) = self.ahead.front().filter(|first| first.position <= standby.replayed) {
            standby.confirmed = Some(first.at);
            self.ahead.pop_front();
        }
    }

    /// Whether the primary answers.
    pub(super) fn primary_answers(&self) -> bool {
        self.primary_answers
    }

    /// The last known position of the primary, with a time before it was asked for.
    pub(super) fn latest(&self) -> Option<(Instant, u64)> {
        self.latest.map(|latest| (latest.at, latest.position))
    }

    /// Whether the standby has replayed every position that is known.
    pub(super) fn is_caught_up(&self) -> bool {
        self.ahead.is_empty()
    }

    /// For how long the standby has owed what it has not replayed; none if it does not answer.
    pub(super) fn lag(&self, now: Instant) -> Option<Duration> {
        self.standby?;
        let first = self.ahead.front();
        Some(first.map_or(Duration::ZERO, |first| now.saturating_duration_since(first.at)))
    }

    /// What the standby has not replayed, in bytes of the log.
    pub(super) fn lag_bytes(&self) -> Option<u64> {
        let latest = self.latest?;
        Some(latest.position.saturating_sub(self.standby?.replayed))
    }

    /// Whether reads of callers that never wrote go to the standby. While the primary does not answer there is
    /// nothing newer to read; a standby that was promoted meanwhile has all that this one had. Once the primary
    /// answers, a server that is not in recovery is no standby of it.
    pub(super) fn serves(&self, now: Instant, lag_max: Duration) -> bool {
        let Some(standby) = &self.standby else { return false };
        let is_recent = |at| now.saturating_duration_since(at) <= lag_max;
        !self.primary_answers || standby.in_recovery && standby.confirmed.is_some_and(is_recent)
    }

    /// Where a read goes.
    pub(super) fn judge(&self, now: Instant, need: &Need, lag_max: Duration) -> Verdict {
        let Some(standby) = self.standby.filter(|_| self.serves(now, lag_max)) else {
            return Verdict::Primary;
        };
        let has_written = standby.confirmed.is_some_and(|until| until >= need.written);
        let has_position = need.position.is_none_or(|position| position <= standby.replayed);
        if has_written && has_position {
            Verdict::Standby
        } else if now < need.until
            && (has_written || self.may_confirm(now, need))
            && (has_position || self.may_replay(need))
        {
            Verdict::Wait
        } else {
            Verdict::Primary
        }
    }

    /// Whether the standby is likely to confirm the caller's last write in time.
    fn may_confirm(&self, now: Instant, need: &Need) -> bool {
        let Some(lag) = self.lag(now) else { return false };
        if self.primary_answers {
            // A standby that is late by more than the wait stays so.
            need.written + lag <= need.until
        } else {
            // Without the primary nobody knows the position of a write that it was not asked for.
            self.latest.is_some_and(|latest| latest.at >= need.written)
        }
    }

    /// Whether a token may be of this database: one of another history is beyond all that was written.
    fn may_replay(&self, need: &Need) -> bool {
        let Some(position) = need.position else { return true };
        !self.latest.is_some_and(|latest| latest.at >= need.arrived && latest.position < position)
    }

    /// Whether the primary has to be asked before a read can be judged.
    pub(super) fn lacks_position(&self, need: &Need) -> bool {
        let asked = self.latest.map(|latest| latest.at);
        let since = if need.position.is_some() { need.arrived } else { need.written };
        asked.is_none_or(|asked| asked < since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG_MAX: Duration = Duration::from_secs(1);

    /// What happens, at milliseconds of a clock.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        /// The primary is asked, and is at a position.
        Primary(u64, u64),
        PrimaryAway,
        /// The standby has replayed a position.
        Replayed(u64),
        Promoted(u64),
        StandbyAway,
    }
    use Step::{Primary, PrimaryAway, Promoted, Replayed, StandbyAway};

    fn progress(start: Instant, steps: &[Step]) -> Progress {
        let mut progress = Progress::default();
        for step in steps {
            match *step {
                Primary(at, position) => progress.primary_at(start + Duration::from_millis(at), position),
                PrimaryAway => progress.primary_away(),
                Replayed(position) => progress.standby_at(position, true),
                Promoted(position) => progress.standby_at(position, false),
                StandbyAway => progress.standby_away(),
            }
        }
        progress
    }

    /// What has happened, when the caller wrote, its token, and where its read at 1000 ms goes, which may wait 100 ms.
    type Case = (&'static [Step], u64, Option<u64>, Verdict);

    const CASES: [Case; 25] = [
        // Nobody knows anything yet.
        (&[], 0, None, Verdict::Primary),
        (&[Primary(900, 10)], 0, None, Verdict::Primary),
        (&[Replayed(10)], 0, None, Verdict::Primary),
        // A standby that follows.
        (&[Primary(900, 10), Replayed(10)], 0, None, Verdict::Standby),
        (&[Replayed(12), Primary(900, 10)], 0, None, Verdict::Standby),
        // It has not replayed anything recent.
        (&[Primary(900, 10), Replayed(9)], 0, None, Verdict::Primary),
        (&[Primary(0, 10), Replayed(10)], 0, None, Verdict::Standby),
        // The caller wrote before the primary was asked, or after.
        (&[Primary(900, 10), Replayed(10)], 900, None, Verdict::Standby),
        (&[Primary(900, 10), Replayed(10)], 901, None, Verdict::Wait),
        (&[Primary(900, 10), Replayed(10), Primary(990, 20)], 985, None, Verdict::Wait),
        (&[Primary(900, 10), Replayed(10), Primary(990, 20), Replayed(20)], 985, None, Verdict::Standby),
        // It lags by more than the wait.
        (&[Primary(100, 10), Replayed(10), Primary(500, 20)], 650, None, Verdict::Primary),
        (&[Primary(100, 10), Replayed(10), Primary(500, 20)], 99, None, Verdict::Standby),
        // A token of what was replayed, of what was not, and of another history.
        (&[Primary(900, 10), Replayed(10)], 0, Some(10), Verdict::Standby),
        (&[Primary(900, 10), Replayed(10)], 0, Some(11), Verdict::Wait),
        (&[Primary(900, 10), Replayed(10), Primary(1000, 10)], 0, Some(11), Verdict::Primary),
        // The primary is away: what was replayed is read, and what is not known is not.
        (&[Primary(0, 10), Replayed(10), Primary(500, 20), PrimaryAway], 0, None, Verdict::Standby),
        (&[Primary(0, 10), Replayed(10), PrimaryAway], 0, None, Verdict::Standby),
        (&[Primary(0, 10), Replayed(5), PrimaryAway], 0, None, Verdict::Wait),
        (&[Primary(0, 10), Replayed(10), PrimaryAway], 1, None, Verdict::Primary),
        // The standby was promoted.
        (&[Primary(900, 10), Replayed(10), PrimaryAway, Promoted(10)], 0, None, Verdict::Standby),
        (&[Primary(900, 10), Replayed(10), Promoted(10)], 0, None, Verdict::Primary),
        // It has come back, with less than before.
        (&[Primary(900, 10), Replayed(10), StandbyAway], 0, None, Verdict::Primary),
        (&[Primary(900, 10), Replayed(10), StandbyAway, Replayed(8)], 0, None, Verdict::Primary),
        (&[Primary(900, 10), Replayed(10), StandbyAway, Replayed(10)], 900, None, Verdict::Standby),
    ];

    #[test]
    fn a_read_goes_where_it_sees_what_its_caller_wrote() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        for (steps, written, position, expected) in CASES {
            let need = Need { written: at(written), position, arrived: at(1_000), until: at(1_100) };
            let found = progress(start, steps).judge(at(1_000), &need, LAG_MAX);
            assert_eq!(found, expected, "{steps:?}, written {written}, position {position:?}");
        }
        let late = progress(start, &[Primary(900, 10), Replayed(10)]);
        let need = Need { written: at(950), position: None, arrived: at(1_000), until: at(1_100) };
        assert_eq!(late.judge(at(1_100), &need, LAG_MAX), Verdict::Primary, "it has waited");
        assert_eq!(late.judge(at(1_901), &need, LAG_MAX), Verdict::Primary, "nobody has asked for a second");
    }

    #[test]
    fn lag_is_what_the_standby_owes() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let millis = |lag: Option<Duration>| lag.map(|lag| lag.as_millis());
        // what has happened, the lag at 1000 ms in milliseconds and bytes
        let table: [(&[Step], _, _); 5] = [
            (&[Primary(100, 10)], None, None),
            (&[Primary(100, 10), Replayed(10)], Some(0), Some(0)),
            (&[Primary(100, 10), Replayed(10), Primary(600, 25)], Some(400), Some(15)),
            (&[Primary(600, 25), Primary(700, 30), Replayed(25)], Some(300), Some(5)),
            // Another primary is behind the lost one.
            (&[Primary(600, 25), Replayed(20), Primary(700, 20)], Some(0), Some(0)),
        ];
        for (steps, lag, bytes) in table {
            let progress = progress(start, steps);
            assert_eq!(millis(progress.lag(at(1_000))), lag, "{steps:?}");
            assert_eq!(progress.lag_bytes(), bytes, "{steps:?}");
        }
    }

    #[test]
    fn positions_are_bounded_and_the_earliest_is_kept() {
        let start = Instant::now();
        let mut progress = progress(start, &[Replayed(0)]);
        let count = 10 * u64::try_from(POSITIONS_MAX).expect("a number");
        for n in 1..=count {
            progress.primary_at(start + Duration::from_millis(n), n);
        }
        assert!(progress.ahead.len() <= POSITIONS_MAX && progress.ahead.len() >= POSITIONS_MAX / 2);
        assert_eq!(progress.ahead.front().map(|first| first.position), Some(1));
        assert_eq!(progress.ahead.back().map(|last| last.position), Some(count));
        progress.standby_at(count, true);
        assert!(progress.is_caught_up());
    }
}
