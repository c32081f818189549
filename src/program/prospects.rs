//! What time will change: the day on which a level lapses, and what is missing for the next one or to keep it.
//!
//! Lists are filtered and ordered by it, so it is stored beside the levels, and computed on the same days as they are.

use chrono::NaiveDate;

use super::calendar::membership_year;
use super::edition::Editions;
use super::level_change::{
    Membership, PartnerTotals, Points, partner_standings, professional_level, professional_level_due,
    professional_standing_on,
};
use super::level_override::LevelOverride;
use super::standing::TrackStanding;

/// The day on which a level lapses that does not: after every other day.
pub const NEVER: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date");
/// Credits that the highest level misses for the next one: more than any other level.
pub const NO_NEXT_LEVEL: i64 = i64::MAX;

/// What is ahead of a partner in one track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackProspect {
    /// Level credits that are missing this year for the next level; [`NO_NEXT_LEVEL`] on the highest one.
    pub to_next: i64,
    /// The first day on which the level no longer holds without further credits; [`NEVER`] for the lowest one.
    pub lapses_on: NaiveDate,
}

impl TrackProspect {
    fn of(standing: &TrackStanding) -> Self {
        let lapses_on = standing.valid_until.and_then(|day| day.succ_opt());
        Self {
            to_next: standing.credits_to_next_level.unwrap_or(NO_NEXT_LEVEL),
            lapses_on: lapses_on.map_or(NEVER, |day| day.min(NEVER)),
        }
    }
}

/// What is ahead of a partner on a day: technical, business.
#[must_use]
pub fn partner_prospects(
    editions: &Editions,
    overrides: &[LevelOverride],
    totals: &PartnerTotals,
    day: NaiveDate,
) -> [TrackProspect; 2] {
    partner_standings(editions, overrides, totals, day).map(|standing| TrackProspect::of(&standing))
}

/// What is ahead of a professional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The anniversary on which the next membership year begins.
    pub on: NaiveDate,
    /// Points that this year still needs to keep the level then; 0 without a level.
    pub points_to_retain: i64,
    /// The first day on which the level no longer holds without further points: an anniversary, or the day after an override;
    /// [`NEVER`] without a level.
    pub lapses_on: NaiveDate,
}

/// What is ahead of a professional on a day.
#[must_use]
pub fn renewal(editions: &Editions, of: Membership<'_>, points: &Points, day: NaiveDate) -> Renewal {
    let standing = professional_standing_on(editions, of, points, day);
    let on = membership_year(of.signed_up_on, day).renews_on;
    let lapses_on =
        standing.level.as_ref().map_or(NEVER, |level| lapses_on(editions, of, points, day, level.rank));
    Renewal { on, points_to_retain: standing.points_to_retain.unwrap_or(0), lapses_on }
}

/// Days on which a level may change by time that are looked at: a level that outlasts them is not about to lapse.
const CHANGES_AHEAD: usize = 40;

fn lapses_on(
    editions: &Editions,
    of: Membership<'_>,
    points: &Points,
    day: NaiveDate,
    rank: usize,
) -> NaiveDate {
    let next = |day: &NaiveDate| {
        let due = professional_level_due(editions, of, *day);
        (due < NaiveDate::MAX).then_some(due)
    };
    let holds = |day: &NaiveDate| {
        professional_level(editions, of, points, *day).is_some_and(|level| level.rank >= rank)
    };
    let mut days = std::iter::successors(next(&day), next).take(CHANGES_AHEAD);
    days.find(|day| !holds(day)).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::level_override::LevelOverride;
    use crate::program::rule::Track;
    use crate::program::totals::{Period, TrackTotal};

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn v2_levels_lapse_at_the_end_of_the_next_year_and_the_next_one_is_missing_credits() {
        let editions = Editions::built_in();
        // credits by day; on which day; missing for the next level, lapses on
        #[expect(clippy::type_complexity, reason = "rows of a table")]
        let table: [(&[(&str, i64)], &str, i64, NaiveDate); 6] = [
            (&[], "2026-03-01", 25, NEVER),
            (&[("2026-02-01", 20)], "2026-03-01", 5, NEVER),
            (&[("2026-02-01", 30)], "2026-03-01", 45, day("2028-01-01")),
            (&[("2025-02-01", 30)], "2026-03-01", 75, day("2027-01-01")),
            (&[("2025-02-01", 80), ("2026-02-01", 30)], "2026-03-01", NO_NEXT_LEVEL, day("2027-01-01")),
            (&[("2025-02-01", 80), ("2026-02-01", 30)], "2027-03-01", 75, day("2028-01-01")),
        ];
        for (credits, on, to_next, lapses_on) in table {
            let mut totals = PartnerTotals::new();
            for (credited_on, credits) in credits {
                let credited_on = day(credited_on);
                let total = TrackTotal::of_days(&editions, [(credited_on, *credits)]);
                totals.insert((Period::of(&editions, credited_on), Track::Business), total);
            }
            let [technical, business] = partner_prospects(&editions, &[], &totals, day(on));
            assert_eq!(business, TrackProspect { to_next, lapses_on }, "{credits:?} on {on}");
            assert_eq!(technical, TrackProspect { to_next: 25, lapses_on: NEVER }, "{credits:?} on {on}");
        }
    }

    #[test]
    fn s3_a_level_is_kept_by_the_points_of_the_year() {
        let editions = Editions::built_in();
        let of = Membership { signed_up_on: day("2023-04-12"), overrides: &[] };
        // points of the first and second year, on which day, renews on, missing, lapses on
        let table = [
            (7_600, 0, "2024-04-11", "2024-04-12", 0, day("2025-04-12")),
            (7_600, 750, "2024-08-13", "2025-04-12", 4_250, day("2025-04-12")),
            (7_600, 5_000, "2025-04-11", "2025-04-12", 0, day("2026-04-12")),
            (0, 700, "2024-08-13", "2025-04-12", 0, NEVER),
        ];
        for (first, second, on, renews_on, missing, lapses_on) in table {
            let points = Points::from([(0, first), (1, second)]);
            let found = renewal(&editions, of, &points, day(on));
            assert_eq!(
                found,
                Renewal { on: day(renews_on), points_to_retain: missing, lapses_on },
                "{first} {second} {on}"
            );
        }
    }

    #[test]
    fn e5_an_override_keeps_a_level_at_renewal_and_ends_it_on_its_own_day() {
        let editions = Editions::built_in();
        // first day, last day of an override to Enabler
        let set = |(from, until): (&str, &str)| LevelOverride {
            seq: 1,
            track: None,
            level: "ENABLER".to_owned(),
            from: day(from),
            until: day(until),
            reason: None,
            by: "staff".to_owned(),
            at: chrono::DateTime::UNIX_EPOCH,
        };
        // points of this year, overrides, on which day, missing, lapses on
        #[expect(clippy::type_complexity, reason = "rows of a table")]
        let table: [(i64, &[(&str, &str)], &str, i64, &str); 8] = [
            (0, &[("2026-11-01", "2027-06-30")], "2026-11-15", 0, "2027-07-01"),
            (0, &[("2026-11-01", "2027-06-30")], "2027-01-20", 5_000, "2027-07-01"),
            (0, &[("2026-11-01", "2026-12-31")], "2026-11-15", 5_000, "2027-01-01"),
            (0, &[("2026-11-01", "2027-01-19")], "2026-11-15", 5_000, "2027-01-20"),
            // What was earned goes on after it.
            (6_000, &[("2026-11-01", "2026-12-31")], "2026-11-15", 0, "2028-01-20"),
            (800, &[("2026-11-01", "2026-12-31")], "2026-11-15", 4_200, "2027-01-01"),
            // Another one goes on after it.
            (0, &[("2026-11-01", "2026-12-31"), ("2027-01-01", "2027-02-28")], "2026-11-15", 0, "2027-03-01"),
            (0, &[("2026-11-01", "2026-11-30"), ("2027-01-01", "2027-02-28")], "2026-11-15", 0, "2026-12-01"),
        ];
        for (this_year, overrides, on, missing, lapses_on) in table {
            let of_row: Vec<LevelOverride> = overrides.iter().copied().map(set).collect();
            let of = Membership { signed_up_on: day("2025-01-20"), overrides: &of_row };
            let found = renewal(&editions, of, &Points::from([(1, this_year)]), day(on));
            let expected = (missing, day(lapses_on));
            assert_eq!((found.points_to_retain, found.lapses_on), expected, "{this_year} {overrides:?} {on}");
        }
    }
}
