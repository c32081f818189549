//! Which level a running sum has reached, day by day, over editions (V2, S3, E3).
//!
//! A level is reached on the day on which the sum reaches the threshold that is in force then, and stays until the end of its
//! validity: a later edition that raises the threshold takes nothing that was reached before. Only the sum itself can lose
//! a level, by falling below every threshold by which the level was held since.

use std::sync::Arc;

use chrono::NaiveDate;

use super::calendar::anniversary;
use super::edition::{Edition, Editions};
use super::level::{Level, Levels};
use super::reached::{Days, Reached};

/// The levels of one program in an edition.
pub type LevelsOf = fn(&Edition) -> &Levels;

/// Levels of the partner program.
#[must_use]
pub fn of_partners(edition: &Edition) -> &Levels {
    &edition.partner_levels
}

/// Levels of the professional program.
#[must_use]
pub fn of_professionals(edition: &Edition) -> &Levels {
    &edition.professional_levels
}

/// The level with a code as the edition of a day has it; otherwise as the edition had it that was in force when it was
/// reached.
#[must_use]
pub fn level_on<'e>(
    editions: &'e Editions,
    of: LevelsOf,
    (code, reached_on): (&str, NaiveDate),
    day: NaiveDate,
) -> Option<&'e Arc<Level>> {
    of(editions.at(day)).by_code(code).or_else(|| of(editions.at(reached_on)).by_code(code))
}

/// The first day since which a level of at least this rank has been held without a break up to `day`.
#[must_use]
pub fn held_since(
    editions: &Editions,
    of: LevelsOf,
    reached: &[Reached],
    rank: usize,
    day: NaiveDate,
) -> Option<NaiveDate> {
    let rank_of = |one: &Reached| level_on(editions, of, (&one.level, one.on), day).map(|level| level.rank);
    let until_then = reached.iter().rev().filter(|one| one.on <= day);
    let held = until_then.take_while(|one| rank_of(one).is_some_and(|found| found >= rank));
    held.last().map(|one| one.on)
}

/// The least threshold of a level in the editions that are in force from a day through another one.
#[must_use]
pub fn least_threshold(
    editions: &Editions,
    of: LevelsOf,
    code: &str,
    (from, through): (NaiveDate, NaiveDate),
) -> Option<i64> {
    let thresholds = editions.in_force(from, through).iter().filter_map(|edition| of(edition).by_code(code));
    thresholds.map(|level| level.threshold).min()
}

/// What a sum is worth on a day: the highest level that it reaches by the edition of the day, or that was reached before and is
/// still held.
#[must_use]
pub fn worth<'e>(
    editions: &'e Editions,
    of: LevelsOf,
    reached: &[Reached],
    sum: i64,
    day: NaiveDate,
) -> Option<&'e Arc<Level>> {
    let by_then = reached.iter().rev().find(|one| one.on <= day);
    let held = by_then.and_then(|one| level_on(editions, of, (&one.level, one.on), day));
    super::level::higher(of(editions.at(day)).reached(sum), held)
}

/// Adds what the sum of a day reaches or loses. The days before it must have been added.
pub(super) fn add_day(
    editions: &Editions,
    of: LevelsOf,
    reached: &mut Vec<Reached>,
    day: NaiveDate,
    sum: i64,
) {
    reached.pop_if(|last| last.on == day);
    let levels = of(editions.at(day));
    let base = levels.reached(0);
    let by_the_day = levels.reached(sum).or(base);
    let level = super::level::higher(by_the_day, still_held(editions, of, reached, day, sum));
    let code = level.map_or("", |level| level.code.as_str());
    let before = reached.last().map(|last| last.level.as_str());
    if before.or(base.map(|level| level.code.as_str())).unwrap_or("") != code {
        reached.push(Reached { on: day, level: code.to_owned() });
    }
}

/// The highest level that was held before a day and that the sum of the day does not lose.
fn still_held<'e>(
    editions: &'e Editions,
    of: LevelsOf,
    reached: &[Reached],
    day: NaiveDate,
    sum: i64,
) -> Option<&'e Arc<Level>> {
    let last = reached.last()?;
    let highest = level_on(editions, of, (&last.level, last.on), day)?;
    let below = of(editions.at(day)).iter().rev().filter(|level| level.rank < highest.rank);
    std::iter::once(highest).chain(below).find(|level| {
        let since = held_since(editions, of, reached, level.rank, day);
        let needed = since.and_then(|since| least_threshold(editions, of, &level.code, (since, day)));
        needed.is_some_and(|needed| sum >= needed)
    })
}

/// Adds what a sum that does not change reaches when editions come into force after a day and through another one.
pub(super) fn add_editions(
    editions: &Editions,
    of: LevelsOf,
    reached: &mut Vec<Reached>,
    (after, through): (NaiveDate, NaiveDate),
    sum: i64,
) {
    if through <= after {
        return;
    }
    for edition in editions.in_force(after, through) {
        if edition.effective_from > after {
            add_day(editions, of, reached, edition.effective_from, sum);
        }
    }
}

/// Whether the days from one through another have an edition that asks more for a level of professionals than one before it.
#[must_use]
pub fn raises_for_professionals(editions: &Editions, (from, through): (NaiveDate, NaiveDate)) -> bool {
    let in_force = editions.in_force(from, through);
    in_force.windows(2).any(|pair| {
        let (before, after) = (&pair[0].professional_levels, &pair[1].professional_levels);
        before.iter().any(|level| {
            after
                .by_code(&level.code)
                .is_none_or(|same| same.threshold > level.threshold || same.rank != level.rank)
        })
    })
}

/// The first and last day of a membership year.
#[must_use]
pub fn membership_days(signed_up_on: NaiveDate, number: i32) -> (NaiveDate, NaiveDate) {
    let from = anniversary(signed_up_on, number);
    (from, anniversary(signed_up_on, number + 1).pred_opt().unwrap_or(from))
}

/// What the points of some days of a membership year reach, if nothing more is earned in it.
#[must_use]
pub fn reached_in_membership_year(
    editions: &Editions,
    (from, last): (NaiveDate, NaiveDate),
    days: &Days,
) -> Vec<Reached> {
    let (mut reached, mut sum, mut before) = (Vec::new(), 0, from);
    if last < from {
        return reached;
    }
    for (day, net) in days.range(from..=last) {
        let gap = (before, day.pred_opt().unwrap_or(*day));
        add_editions(editions, of_professionals, &mut reached, gap, sum);
        sum += net;
        add_day(editions, of_professionals, &mut reached, *day, sum);
        before = *day;
    }
    add_editions(editions, of_professionals, &mut reached, (before, last), sum);
    reached
}
