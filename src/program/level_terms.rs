//! How long a level holds after the period that earned it, and what happens at the end of that time.

use chrono::{Datelike, Months, NaiveDate};

use super::calendar::{month_start, year_end};

/// How long a level holds after the calendar year or membership year that earned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Through as many following years.
    Years(u32),
    /// Through the end of the month as many months after the day that earned it; at least through the year. A step down
    /// holds for as many months after the level above.
    Months(u32),
    /// Through a fixed day of the following year: month and day.
    Until(u32, u32),
}

/// What a level becomes when its time is over and nothing higher was earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Downgrade {
    /// The level that is earned.
    ToEarned,
    /// The level below, for as long again, and so on.
    OneStep,
}

/// The terms of the levels of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelTerms {
    /// How long a level holds.
    pub validity: Validity,
    /// What it becomes then.
    pub downgrade: Downgrade,
    /// Rank of a level that is never lost again.
    pub floor: Option<usize>,
}

/// The last day of a level that is never lost: after every other day.
pub const FOREVER: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date");

/// The published terms: the following year, then the level that is earned.
impl Default for LevelTerms {
    fn default() -> Self {
        Self { validity: Validity::Years(1), downgrade: Downgrade::ToEarned, floor: None }
    }
}

impl LevelTerms {
    /// The last day of a level, or of its `step`-th downgrade. `end_of` gives the last day of the period that earned it
    /// (0) and of those after it.
    #[must_use]
    pub fn last_day(&self, earned_on: NaiveDate, end_of: impl Fn(u32) -> NaiveDate, step: u32) -> NaiveDate {
        let own_end = end_of(0);
        match self.validity {
            Validity::Years(years) => end_of(years.saturating_mul(step)),
            Validity::Months(months) => {
                let ends = |day: NaiveDate, months: u32| {
                    let next = month_start(day).checked_add_months(Months::new(months.saturating_add(1)));
                    next.and_then(|next| next.pred_opt())
                };
                let first = ends(earned_on, months).map_or(own_end, |last| last.max(own_end));
                // Each step begins where the level above has ended, with its month.
                let steps = months.saturating_mul(step.saturating_sub(1));
                ends(first, steps).unwrap_or(FOREVER)
            }
            Validity::Until(month, day) => {
                let year = own_end.year().saturating_add(i32::try_from(step).unwrap_or(i32::MAX));
                NaiveDate::from_ymd_opt(year, month, day).unwrap_or_else(|| year_end(year))
            }
        }
    }

    /// The rank that a level of a period still gives on a day, and the last day of it; none when it gives nothing.
    #[must_use]
    pub fn held(
        &self,
        rank: usize,
        earned_on: NaiveDate,
        end_of: impl Fn(u32) -> NaiveDate,
        day: NaiveDate,
    ) -> Option<(usize, NaiveDate)> {
        let (mut rank, mut step) = (rank, 1);
        loop {
            if self.floor == Some(rank) {
                return Some((rank, FOREVER));
            }
            let until = self.last_day(earned_on, &end_of, step);
            if day <= until {
                return Some((rank, until));
            }
            match self.downgrade {
                Downgrade::ToEarned => {
                    return self.floor.filter(|floor| *floor < rank).map(|floor| (floor, FOREVER));
                }
                Downgrade::OneStep => {
                    rank = rank.checked_sub(1)?;
                    step += 1;
                }
            }
        }
    }

    /// Whether years before the last one matter.
    #[must_use]
    pub fn looks_back(&self) -> bool {
        *self != Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn section_2_how_long_a_level_holds_and_what_it_becomes() {
        use Downgrade::{OneStep, ToEarned};
        let terms = |validity, downgrade, floor| LevelTerms { validity, downgrade, floor };
        let end_of = |years: u32| year_end(2025 + i32::try_from(years).expect("a few"));
        // terms, rank earned on 2025-03-10, day, rank and last day
        let table = [
            (LevelTerms::default(), 2, "2026-12-31", Some((2, "2026-12-31"))),
            (LevelTerms::default(), 2, "2027-01-01", None),
            (terms(Validity::Years(2), ToEarned, None), 2, "2027-12-31", Some((2, "2027-12-31"))),
            (terms(Validity::Years(2), ToEarned, None), 2, "2028-01-01", None),
            (terms(Validity::Months(12), ToEarned, None), 2, "2026-03-31", Some((2, "2026-03-31"))),
            (terms(Validity::Months(12), ToEarned, None), 2, "2026-04-01", None),
            (terms(Validity::Months(3), ToEarned, None), 2, "2025-12-31", Some((2, "2025-12-31"))),
            // The step begins where the level above has ended, also if that is the end of the year.
            (terms(Validity::Months(3), OneStep, None), 2, "2025-12-31", Some((2, "2025-12-31"))),
            (terms(Validity::Months(3), OneStep, None), 2, "2026-01-01", Some((1, "2026-03-31"))),
            (terms(Validity::Months(3), OneStep, None), 2, "2026-04-01", Some((0, "2026-06-30"))),
            (terms(Validity::Months(3), OneStep, None), 2, "2026-07-01", None),
            (terms(Validity::Months(8), OneStep, None), 2, "2026-01-01", Some((1, "2026-08-31"))),
            (terms(Validity::Months(12), OneStep, None), 2, "2026-04-01", Some((1, "2027-03-31"))),
            (terms(Validity::Until(6, 30), ToEarned, None), 2, "2026-06-30", Some((2, "2026-06-30"))),
            (terms(Validity::Until(6, 30), ToEarned, None), 2, "2026-07-01", None),
            (terms(Validity::Years(1), OneStep, None), 2, "2027-01-01", Some((1, "2027-12-31"))),
            (terms(Validity::Years(1), OneStep, None), 2, "2028-01-01", Some((0, "2028-12-31"))),
            (terms(Validity::Years(1), OneStep, None), 2, "2029-01-01", None),
            (terms(Validity::Years(1), OneStep, Some(1)), 2, "2040-01-01", Some((1, "9999-12-31"))),
            (terms(Validity::Years(1), ToEarned, Some(1)), 2, "2027-01-01", Some((1, "9999-12-31"))),
            (terms(Validity::Years(1), ToEarned, Some(1)), 0, "2027-01-01", None),
        ];
        for (terms, rank, on, expected) in table {
            let held = terms.held(rank, day("2025-03-10"), end_of, day(on));
            let held = held.map(|(rank, until)| (rank, until.to_string()));
            assert_eq!(held, expected.map(|(rank, until)| (rank, until.to_owned())), "{terms:?} {on}");
        }
    }
}
