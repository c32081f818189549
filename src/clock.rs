//! The clock: today in the program's time zone, and the time for records.

use std::time::Instant;

use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;

/// The clock; a pinned one stays on its day, so that demos and tests are repeatable.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    zone: Tz,
    pinned: Option<Pinned>,
}

/// The day on which a clock stays, and when it began there.
#[derive(Clone, Copy, Debug)]
struct Pinned {
    day: NaiveDate,
    /// The moment that the clock showed when it began.
    from: DateTime<Utc>,
    since: Instant,
}

impl Clock {
    /// The system's clock, or one that stays on a day.
    #[must_use]
    pub fn new(zone: Tz, pinned: Option<NaiveDate>) -> Self {
        let pinned = pinned.map(|day| Pinned { day, from: noon(zone, day), since: Instant::now() });
        Self { zone, pinned }
    }

    /// The clock of a copy that stays on a day. On the day of this one it goes on from its time, so that nothing of the
    /// copy lies in its future; on another day it begins at noon.
    #[must_use]
    pub fn pinned_to(&self, day: NaiveDate) -> Self {
        let from = if day == self.today() { self.now() } else { noon(self.zone, day) };
        Self { zone: self.zone, pinned: Some(Pinned { day, from, since: Instant::now() }) }
    }

    /// Today's date in the program's time zone.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        match self.pinned {
            Some(Pinned { day, .. }) => day,
            None => self.now().with_timezone(&self.zone).date_naive(),
        }
    }

    /// The date of a moment in the program's time zone.
    #[must_use]
    pub fn date_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// The moment at which a date begins in the program's time zone.
    #[must_use]
    pub fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        // Where clocks are put forward at midnight, the date begins an hour later.
        let mut starts = [midnight, midnight + TimeDelta::hours(1)].into_iter();
        let start = starts.find_map(|local| local.and_local_timezone(self.zone).earliest());
        start.map_or_else(|| midnight.and_utc(), |local| local.to_utc())
    }

    /// The system time, even if the day is pinned: for comparison with other clocks, and
    /// for measuring delays.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    pub fn real(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    /// The current time, to the microsecond, the precision of both databases.
    ///
    /// A pinned clock starts at noon of its day and runs until an hour before the end of that day.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let Some(Pinned { day, from, since }) = self.pinned else { return self.real() };
        let passed = TimeDelta::from_std(since.elapsed()).unwrap_or(TimeDelta::MAX);
        let left = noon(self.zone, day) + TimeDelta::hours(11) - from;
        (from + passed.min(left).max(TimeDelta::zero())).trunc_subsecs(6)
    }
}

/// Noon of a day in a time zone.
fn noon(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let noon = day.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default());
    let noon = noon.and_local_timezone(zone).earliest();
    noon.map_or_else(|| day.and_time(NaiveTime::default()).and_utc(), |local| local.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_begins_at_midnight_of_the_zone() {
        for (zone, day, start) in [
            (chrono_tz::Europe::Brussels, "2026-07-01", "2026-06-30T22:00:00Z"),
            (chrono_tz::Europe::Brussels, "2026-01-01", "2025-12-31T23:00:00Z"),
            // Clocks went from 0:00 to 1:00.
            (chrono_tz::America::Sao_Paulo, "2018-11-04", "2018-11-04T03:00:00Z"),
        ] {
            let day: NaiveDate = day.parse().expect("a date");
            let found = Clock::new(zone, None).start_of(day);
            assert_eq!(found, start.parse::<DateTime<Utc>>().expect("a moment"), "{day}");
            let clock = Clock::new(zone, None);
            assert_eq!(clock.date_of(found), day);
            assert_eq!(clock.date_of(found - TimeDelta::microseconds(1)), day.pred_opt().expect("a day"));
        }
    }

    #[test]
    fn a_pinned_clock_stays_on_its_day_and_goes_on() {
        let day: NaiveDate = "2025-06-30".parse().expect("a date");
        let clock = Clock::new(chrono_tz::Europe::Brussels, Some(day));
        let (one, two) = (clock.now(), clock.now());
        assert_eq!(clock.today(), day);
        assert!(one <= two);
        assert_eq!(one.with_timezone(&chrono_tz::Europe::Brussels).date_naive(), day);
    }

    #[test]
    fn the_clock_of_a_copy_goes_on_from_the_time_of_the_original() {
        let zone = chrono_tz::Europe::Brussels;
        let day: NaiveDate = "2025-06-30".parse().expect("a date");
        let later: NaiveDate = "2026-01-01".parse().expect("a date");
        for original in [Clock::new(zone, None), Clock::new(zone, Some(day))] {
            let today = original.today();
            let before = original.now();
            let copy = original.pinned_to(today);
            assert_eq!(copy.today(), today);
            assert!(before <= copy.now(), "nothing of the original lies in its future");
            let moved = copy.pinned_to(later);
            assert_eq!((moved.today(), moved.date_of(moved.now())), (later, later));
        }
    }
}
