//! Levels that sums reached, what reached them, and what took them away again (V2, V3, S3).

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::edition::Editions;
use super::level::Level;
use super::level_reached::{level_on, membership_days, of_professionals, reached_in_membership_year};
pub use super::reached::Days;
use super::reached::Reached;

/// A level with the day on which a sum reached it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earned {
    /// The level.
    pub level: Arc<Level>,
    /// The day.
    pub on: NaiveDate,
}

/// The levels that a professional's points of a membership year reached and did not lose again through a day, oldest
/// first (S3). A level that is reached on the same day as a higher one is passed over.
#[must_use]
pub fn professional_levels(
    editions: &Editions,
    signed_up_on: NaiveDate,
    number: i32,
    days: &Days,
    through: NaiveDate,
) -> Vec<Earned> {
    let (from, last) = membership_days(signed_up_on, number);
    let reached = reached_in_membership_year(editions, (from, last.min(through)), days);
    // With the thresholds that the sum had to reach.
    let level = |one: &Reached| level_on(editions, of_professionals, (&one.level, one.on), one.on).cloned();
    let held: Vec<_> = reached.iter().map(|one| (one.on, level(one))).collect();
    kept(&held)
}

/// The levels that hold at the end, each with the first day since which it, or a higher one, has held without a break.
fn kept(held: &[(NaiveDate, Option<Arc<Level>>)]) -> Vec<Earned> {
    let mut earned: Vec<Earned> = Vec::new();
    let mut lowest: Option<Arc<Level>> = None;
    // From the end: the level at the end, then the lower ones that held before it.
    for (on, level) in held.iter().rev() {
        let Some(level) = level else { break };
        let level = match &lowest {
            Some(lowest) if lowest.rank <= level.rank => Arc::clone(lowest),
            _ => Arc::clone(level),
        };
        match earned.last_mut() {
            Some(last) if last.level.rank == level.rank => last.on = *on,
            _ => earned.push(Earned { level: Arc::clone(&level), on: *on }),
        }
        lowest = Some(level);
    }
    earned.reverse();
    earned
}

/// An entry, as far as levels depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement<I> {
    /// Key of the entry.
    pub id: I,
    /// When it was recorded; entries of one transaction have the same.
    pub recorded_at: DateTime<Utc>,
    /// When it counts.
    pub effective_on: NaiveDate,
    /// Level credits or points.
    pub amount: i64,
}

/// A level that was reached once, and that a reversal took away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost<I> {
    /// The level and the day on which it had been reached.
    pub earned: Earned,
    /// The entry that had reached it.
    pub entry: Option<I>,
    /// When the reversal was recorded.
    pub at: DateTime<Utc>,
}

/// The levels that reversals took away, in the order in which they did. `movements` are the entries of one period in the
/// order of recording; `levels` are those that the days of the period keep.
pub fn lost<I: Copy>(
    movements: &[Movement<I>],
    levels: impl Fn(&Days) -> Vec<Earned>,
    entry: impl Fn(&Earned, &[Movement<I>]) -> Option<I>,
) -> Vec<Lost<I>> {
    let mut days = Days::new();
    let mut lost = Vec::new();
    let mut rest = movements;
    let mut done = 0;
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|one| one.recorded_at == first.recorded_at).count();
        let (together, later) = rest.split_at(count);
        let takes_back = together.iter().any(|one| one.amount < 0);
        let before = if takes_back { levels(&days) } else { Vec::new() };
        for one in together {
            *days.entry(one.effective_on).or_default() += one.amount;
        }
        if takes_back {
            let after = levels(&days);
            let gone = before.into_iter().filter(|earned| !after.contains(earned));
            lost.extend(gone.map(|earned| {
                let entry = entry(&earned, &movements[..done]);
                Lost { earned, entry, at: first.recorded_at }
            }));
        }
        done += count;
        rest = later;
    }
    lost
}

/// The entry with which a sum reached a threshold for good: `before` is the sum before the first of them. None if the sum
/// was there before, as it is when a new edition lowers the threshold.
pub fn reaching<I>(threshold: i64, before: i64, amounts: impl IntoIterator<Item = (I, i64)>) -> Option<I> {
    let (mut sum, mut found) = (before, None);
    for (id, amount) in amounts {
        let was_below = sum < threshold;
        sum += amount;
        if was_below && sum >= threshold {
            found = Some(id);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn levels(days: &Days) -> Vec<Earned> {
        professional_levels(&Editions::built_in(), day("2025-01-01"), 0, days, day("2025-12-31"))
    }

    #[test]
    fn s3_levels_of_a_membership_year() {
        // net points by day, levels that are kept with their days
        type Row = (&'static [(&'static str, i64)], &'static [(&'static str, &'static str)]);
        let table: [Row; 7] = [
            (&[("2025-03-01", 749)], &[]),
            (&[("2025-03-01", 749), ("2025-04-01", 1)], &[("2025-04-01", "ADVOCATE")]),
            (
                &[("2025-03-01", 800), ("2025-06-01", 5_000)],
                &[("2025-03-01", "ADVOCATE"), ("2025-06-01", "ENABLER")],
            ),
            // Passed over.
            (&[("2025-03-01", 5_000)], &[("2025-03-01", "ENABLER")]),
            // Lost, and reached again.
            (&[("2025-03-01", 800), ("2025-04-01", -100), ("2025-05-01", 50)], &[("2025-05-01", "ADVOCATE")]),
            (&[("2025-03-01", 5_000), ("2025-04-01", -100)], &[("2025-03-01", "ADVOCATE")]),
            (&[("2025-03-01", 800), ("2025-04-01", -800)], &[]),
        ];
        for (days, expected) in table {
            let days = days.iter().map(|(on, net)| (day(on), *net)).collect();
            let found: Vec<(String, String)> =
                levels(&days).iter().map(|one| (one.on.to_string(), one.level.code.clone())).collect();
            let expected: Vec<(String, String)> =
                expected.iter().map(|(on, level)| ((*on).to_owned(), (*level).to_owned())).collect();
            assert_eq!(found, expected, "{days:?}");
        }
        let days = Days::from([(day("2025-03-01"), 800)]);
        let early =
            professional_levels(&Editions::built_in(), day("2025-01-01"), 0, &days, day("2025-02-28"));
        assert_eq!(early, [], "through a day before");
        let next = professional_levels(&Editions::built_in(), day("2025-01-01"), 1, &days, day("2026-12-31"));
        assert_eq!(next, [], "another membership year");
    }

    /// Movements; level, day and entry that were lost, and when.
    type Row = (Vec<Movement<u8>>, &'static [(&'static str, &'static str, Option<u8>, i64)]);

    #[test]
    fn v3_what_reversals_took_away() {
        let at = |minute: i64| DateTime::from_timestamp(60 * minute, 0).expect("a time");
        let move_ = |id: u8, minute, on: &str, amount| Movement {
            id,
            recorded_at: at(minute),
            effective_on: day(on),
            amount,
        };
        let table: [Row; 5] = [
            (vec![move_(1, 1, "2025-03-01", 800)], &[]),
            (
                vec![move_(1, 1, "2025-03-01", 800), move_(2, 2, "2025-03-01", -800)],
                &[("ADVOCATE", "2025-03-01", Some(1), 2)],
            ),
            // What comes and goes in one transaction was never there.
            (vec![move_(1, 1, "2025-03-01", 800), move_(2, 1, "2025-03-01", -800)], &[]),
            // A reversal that leaves the level takes nothing away.
            (vec![move_(1, 1, "2025-03-01", 900), move_(2, 2, "2025-03-01", -100)], &[]),
            // Reached again later, on another day: the first one is lost.
            (
                vec![
                    move_(1, 1, "2025-03-01", 700),
                    move_(2, 2, "2025-03-01", 100),
                    move_(3, 3, "2025-05-01", 100),
                    move_(4, 4, "2025-03-01", -100),
                ],
                &[("ADVOCATE", "2025-03-01", Some(2), 4)],
            ),
        ];
        for (movements, expected) in table {
            let entry = |earned: &Earned, known: &[Movement<u8>]| {
                let before: i64 =
                    known.iter().filter(|one| one.effective_on < earned.on).map(|one| one.amount).sum();
                let of_day = known.iter().filter(|one| one.effective_on == earned.on);
                reaching(earned.level.threshold, before, of_day.map(|one| (one.id, one.amount)))
            };
            let found: Vec<(String, NaiveDate, Option<u8>, DateTime<Utc>)> = lost(&movements, levels, entry)
                .into_iter()
                .map(|one| (one.earned.level.code.clone(), one.earned.on, one.entry, one.at))
                .collect();
            let expected: Vec<(String, NaiveDate, Option<u8>, DateTime<Utc>)> = expected
                .iter()
                .map(|(level, on, entry, minute)| ((*level).to_owned(), day(on), *entry, at(*minute)))
                .collect();
            assert_eq!(found, expected, "{movements:?}");
        }
    }

    #[test]
    fn the_entry_that_reached_a_threshold() {
        // threshold, sum before, amounts, place of the entry
        let table: [(i64, i64, &[i64], Option<usize>); 6] = [
            (25, 0, &[10, 10, 10], Some(2)),
            (25, 20, &[10, 10], Some(0)),
            (25, 20, &[10, -10, 10], Some(2)),
            (25, 30, &[10], None),
            (25, 0, &[10], None),
            (25, 0, &[], None),
        ];
        for (threshold, before, amounts, place) in table {
            assert_eq!(
                reaching(threshold, before, amounts.iter().copied().enumerate()),
                place,
                "{amounts:?}"
            );
        }
    }
}
