//! Totals per year and track, with the days on which a level was reached.

use chrono::{Datelike, NaiveDate};

use super::calendar::{membership_year, year_start};
use super::edition::Editions;
use super::level_reached::{add_day, add_editions, of_partners};
pub use super::reached::Reached;

/// What credits are summed over: a calendar year, or the legacy window (V2, L1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(pub i32);

impl Period {
    /// The legacy window as a whole.
    pub const LEGACY: Self = Self(0);

    /// The period of an entry with this date.
    #[must_use]
    pub fn of(editions: &Editions, effective_on: NaiveDate) -> Self {
        if effective_on < editions.launch() { Self::LEGACY } else { Self(effective_on.year()) }
    }

    /// The days that belong to it, both included.
    #[must_use]
    pub fn days(self, editions: &Editions) -> (NaiveDate, NaiveDate) {
        let launch = editions.launch();
        if self == Self::LEGACY {
            let from = editions.legacy().map_or(launch, |legacy| legacy.from);
            return (from, launch.pred_opt().unwrap_or(launch));
        }
        (year_start(self.0).max(launch), super::calendar::year_end(self.0))
    }
}

/// Level credits of one partner, period and track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackTotal {
    /// Their sum.
    pub credits: i64,
    /// The last day with an entry.
    pub last_on: Option<NaiveDate>,
    /// Changes of the level that the running sum holds, by day, through the last one with an entry.
    pub reached: Vec<Reached>,
}

impl TrackTotal {
    /// The total of a period from the net credits of its days, in order of days.
    #[must_use]
    pub fn of_days(editions: &Editions, days: impl IntoIterator<Item = (NaiveDate, i64)>) -> Self {
        let mut total = Self::default();
        for (day, net) in days {
            total.add(editions, day, net);
        }
        total
    }

    /// Whether a day can be added without looking at the days before it.
    #[must_use]
    pub fn can_append(&self, day: NaiveDate) -> bool {
        self.last_on.is_none_or(|last| last <= day)
    }

    /// Adds credits of the last day or a later one; see [`Self::can_append`].
    pub fn add(&mut self, editions: &Editions, day: NaiveDate, credits: i64) {
        let before = self.last_on.replace(day);
        if day >= editions.launch() {
            if let Some((before, until)) = before.zip(day.pred_opt()) {
                add_editions(editions, of_partners, &mut self.reached, (before, until), self.credits);
            }
            add_day(editions, of_partners, &mut self.reached, day, self.credits + credits);
        } // Otherwise, the legacy window sets its level as a whole, on launch day.
        self.credits += credits;
    }

    /// Changes of the level through a day, with those by editions that came into force after the last entry.
    #[must_use]
    pub fn reached_through(&self, editions: &Editions, day: NaiveDate) -> Vec<Reached> {
        let mut reached = self.reached.clone();
        if let Some(last_on) = self.last_on.filter(|last_on| *last_on >= editions.launch()) {
            add_editions(editions, of_partners, &mut reached, (last_on, day), self.credits);
        }
        reached
    }
}

/// The number of the membership year that points of a day belong to (S2).
#[must_use]
pub fn membership_year_number(signed_up_on: NaiveDate, effective_on: NaiveDate) -> i32 {
    membership_year(signed_up_on, effective_on).number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn v2_levels_are_reached_on_the_day_of_the_running_sum() {
        // days with their net credits; the changes of level
        type Row = (&'static [(&'static str, i64)], &'static [(&'static str, &'static str)]);
        let editions = Editions::built_in();
        let table: [Row; 6] = [
            (&[("2025-01-05", 24)], &[]),
            (&[("2025-01-05", 24), ("2025-03-03", 1)], &[("2025-03-03", "COLLABORATOR")]),
            (&[("2025-01-05", 100)], &[("2025-01-05", "CREATOR")]),
            (
                &[("2025-01-05", 30), ("2025-02-01", 45)],
                &[("2025-01-05", "COLLABORATOR"), ("2025-02-01", "CREATOR")],
            ),
            (
                &[("2025-01-05", 30), ("2025-02-01", -10), ("2025-03-01", 5)],
                &[("2025-01-05", "COLLABORATOR"), ("2025-02-01", "MEMBER"), ("2025-03-01", "COLLABORATOR")],
            ),
            (&[("2023-01-05", 100)], &[]),
        ];
        for (days, expected) in table {
            let total = TrackTotal::of_days(&editions, days.iter().map(|(on, net)| (day(on), *net)));
            let reached: Vec<_> =
                total.reached.iter().map(|one| (one.on.to_string(), one.level.clone())).collect();
            let expected: Vec<_> =
                expected.iter().map(|(on, level)| ((*on).to_owned(), (*level).to_owned())).collect();
            assert_eq!(reached, expected, "{days:?}");
        }
    }

    #[test]
    fn a_day_in_parts_is_the_day_as_a_whole() {
        let editions = Editions::built_in();
        let mut parts = TrackTotal::default();
        for credits in [80, -60, 10] {
            parts.add(&editions, day("2025-06-01"), credits);
        }
        assert_eq!(parts, TrackTotal::of_days(&editions, [(day("2025-06-01"), 30)]));
    }

    #[test]
    fn l1_legacy_days_are_one_period() {
        let editions = Editions::built_in();
        for (on, period) in [("2022-05-01", 0), ("2024-04-30", 0), ("2024-05-01", 2024), ("2025-12-31", 2025)]
        {
            assert_eq!(Period::of(&editions, day(on)), Period(period), "{on}");
        }
        assert_eq!(Period(2024).days(&editions), (day("2024-05-01"), day("2024-12-31")));
    }
}
