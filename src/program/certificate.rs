//! Certificates: for which days a level is certified, and whether a certificate still says what the records say.
//!
//! A certificate is revoked when its level was not held on every day from its first one through today, or through its last
//! day if that has passed. So its status follows from the records as they are now: a level that was lost, set lower or
//! taken back revokes it, and a correction of a mistake makes it valid again.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::calendar::year_end;
use super::edition::{Edition, Editions};
use super::level::{Level, Levels};
use super::level_override::LevelOverride;
use super::level_validity::{partner_level_held, professional_level_held};
use super::rule::Program;
use super::standing::LevelAward;

/// Whether a certificate can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The level is held today.
    Valid,
    /// The last day has passed, and the level was held through it.
    Ended,
    /// The level was not held on each day, or ended early.
    Revoked,
}

/// For how long an award gives a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Term {
    /// A partner's credits of a calendar year.
    Year(i32),
    /// Through a day that the edition names, as the legacy window gives.
    Through(NaiveDate),
    /// A professional's points of a membership year, with the day of sign-up.
    MembershipYear(NaiveDate, i32),
}

/// A level that credits or points earned and did not lose again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Award {
    level: Arc<Level>,
    earned_on: NaiveDate,
    term: Term,
}

impl Award {
    /// A level of a partner's track.
    #[must_use]
    pub fn of_partner(award: LevelAward) -> Self {
        let LevelAward { level, earned_on, valid_until, legacy, .. } = award;
        let term = if legacy { Term::Through(valid_until) } else { Term::Year(earned_on.year()) };
        Self { level, earned_on, term }
    }

    /// A level of a professional, by the number of the membership year that earned it.
    #[must_use]
    pub fn of_professional(
        level: Arc<Level>,
        earned_on: NaiveDate,
        signed_up_on: NaiveDate,
        membership_year: i32,
    ) -> Self {
        Self { level, earned_on, term: Term::MembershipYear(signed_up_on, membership_year) }
    }

    /// The level that it gives on a day, and the last day of that.
    fn held(&self, editions: &Editions, day: NaiveDate) -> Option<(Arc<Level>, NaiveDate)> {
        if day < self.earned_on {
            return None;
        }
        // Ranks are those of the edition that judges the period.
        let (levels, found) = match self.term {
            Term::Through(last) => {
                return (day <= last).then(|| (Arc::clone(&self.level), last));
            }
            Term::Year(year) => {
                let levels = &editions.at(year_end(year)).partner_levels;
                let rank = rank(levels, &self.level);
                (levels, partner_level_held(editions, (year, rank, self.earned_on), day)?)
            }
            Term::MembershipYear(signed_up_on, year) => {
                let levels = &editions.at(self.earned_on).professional_levels;
                let rank = rank(levels, &self.level);
                (levels, professional_level_held(editions, signed_up_on, (year, rank), day)?)
            }
        };
        let (held, until) = found;
        let is_same = held == rank(levels, &self.level);
        let level = if is_same { Some(&self.level) } else { levels.by_rank(held) };
        level.map(|level| (Arc::clone(level), until))
    }
}

/// What the levels of one partner's track, or of one professional, follow from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelRecord {
    /// What was earned.
    pub awards: Vec<Award>,
    /// What was set in its place: the overrides of the track, or of the professional.
    pub overrides: Vec<LevelOverride>,
    /// The last day in the program; none while the holder takes part.
    pub left_on: Option<NaiveDate>,
}

/// A level that is held on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLevel {
    /// The level.
    pub level: Arc<Level>,
    /// The first day of what gives it.
    pub from: NaiveDate,
    /// The last day of what gives it; [`super::level_terms::FOREVER`] if it is never lost.
    pub until: NaiveDate,
}

impl LevelRecord {
    /// The level on a day, which is that of a standing (V3, S3, E5): what is set, or the highest of what was earned.
    fn on(&self, editions: &Editions, program: Program, day: NaiveDate) -> Option<HeldLevel> {
        if self.left_on.is_some_and(|last| last < day) {
            return None;
        }
        let levels = levels_on(editions, program, day);
        let set = self.overrides.iter().find(|one| one.covers(day));
        if let Some((set, level)) = set.and_then(|set| Some((set, levels.by_code(&set.level)?))) {
            return Some(HeldLevel { level: Arc::clone(level), from: set.from, until: set.until });
        }
        let held = self.awards.iter().filter_map(|award| {
            let (level, until) = award.held(editions, day)?;
            Some(HeldLevel { level, from: award.earned_on, until })
        });
        held.max_by_key(|held| (rank(levels, &held.level), held.until))
    }

    /// The next day after one on which the level may be another one.
    fn next_change(&self, editions: &Editions, day: NaiveDate) -> Option<NaiveDate> {
        let set = self.overrides.iter().flat_map(|one| [Some(one.from), one.until.succ_opt()]).flatten();
        let earned = self.awards.iter().flat_map(|award| {
            let lapses = award.held(editions, day).and_then(|(_, until)| until.succ_opt());
            [Some(award.earned_on), lapses]
        });
        let left = self.left_on.and_then(|last| last.succ_opt());
        let editions = editions.iter().map(|edition| edition.effective_from);
        set.chain(earned.flatten()).chain(left).chain(editions).filter(|next| *next > day).min()
    }
}

/// What a certificate says: a level and its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<'c> {
    /// Code of the level.
    pub level: &'c str,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
}

/// The level that is certified today, and the days for which: from the first one since which it, or a higher one, has been
/// held without a break. The overall level of a partner follows from the records of both tracks (V4). None for whoever
/// has no level, or only the one that every partner has from enrolment.
#[must_use]
pub fn certifiable(
    editions: &Editions,
    program: Program,
    records: &[LevelRecord],
    today: NaiveDate,
) -> Option<HeldLevel> {
    let levels = levels_on(editions, program, today);
    let held = records.iter().filter_map(|record| record.on(editions, program, today));
    let held = held.max_by_key(|held| (rank(levels, &held.level), held.until))?;
    if program == Program::Partner && rank(levels, &held.level) == 0 {
        return None;
    }
    // A level that was renewed has been held for longer than what gives it today.
    let earned = records.iter().flat_map(|record| record.awards.iter().map(|award| award.earned_on));
    let set = records.iter().flat_map(|record| record.overrides.iter().map(|one| one.from));
    let first = earned.chain(set).min().unwrap_or(held.from);
    let mut from = None;
    for (day, is_held) in days(editions, program, records, (held.level.code.as_str(), first), today) {
        from = if is_held { from.or(Some(day)) } else { None };
    }
    let left = records.iter().filter_map(|record| record.left_on).min();
    let until = left.map_or(held.until, |last| held.until.min(last));
    Some(HeldLevel { from: from?, until, ..held })
}

/// Whether a certificate can be relied on, by the records of its holder as they are now.
#[must_use]
pub fn status(
    editions: &Editions,
    program: Program,
    records: &[LevelRecord],
    claim: &Claim<'_>,
    today: NaiveDate,
) -> Status {
    let through = claim.until.min(today);
    let mut each = days(editions, program, records, (claim.level, claim.from), through);
    if !each.all(|(_, is_held)| is_held) {
        return Status::Revoked;
    }
    if today > claim.until { Status::Ended } else { Status::Valid }
}

/// The days from one through another on which it may change whether a level or a higher one is held, each with whether it
/// is. The first one is always among them.
fn days<'r>(
    editions: &'r Editions,
    program: Program,
    records: &'r [LevelRecord],
    (code, from): (&'r str, NaiveDate),
    through: NaiveDate,
) -> impl Iterator<Item = (NaiveDate, bool)> + 'r {
    let next = move |day: &NaiveDate| {
        let next = records.iter().filter_map(|record| record.next_change(editions, *day)).min();
        next.filter(|next| *next <= through)
    };
    std::iter::successors(Some(from), next).map(move |day| {
        let levels = levels_on(editions, program, day);
        let of_others = || editions.iter().find_map(|edition| levels_of(edition, program).by_code(code));
        let wanted = levels.by_code(code).or_else(of_others);
        let is_held = |held: &HeldLevel| {
            held.level.code == code || wanted.is_some_and(|wanted| rank(levels, &held.level) >= wanted.rank)
        };
        let mut held = records.iter().filter_map(|record| record.on(editions, program, day));
        (day, held.any(|held| is_held(&held)))
    })
}

fn levels_on(editions: &Editions, program: Program, day: NaiveDate) -> &Levels {
    levels_of(editions.at(day), program)
}

fn levels_of(edition: &Edition, program: Program) -> &Levels {
    match program {
        Program::Partner => &edition.partner_levels,
        Program::Professional => &edition.professional_levels,
    }
}

/// The rank of a level among others, which another edition may have had on another rank.
fn rank(levels: &Levels, level: &Level) -> usize {
    levels.by_code(&level.code).map_or(level.rank, |same| same.rank)
}

#[cfg(test)]
mod tests;
