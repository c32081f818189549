//! Level changes: those that facts cause at once, and time-based ones (V3, S3, L1).
//!
//! A level lapses on a first of January or an anniversary without any step. From the level that was last
//! emitted and the first day on which it may change by time alone, every such change is found exactly once,
//! regardless of the day of the check.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::calendar::{anniversary, membership_year, year_end, year_start};
use super::edition::Editions;
use super::level::Level;
use super::level_history::Days;
use super::level_override::{LevelOverride, next_override_day, override_professional, override_track};
use super::level_reached::{
    least_threshold, membership_days, of_partners, raises_for_professionals, reached_in_membership_year,
};
use super::level_validity::lapse_days;
use super::rule::Track;
use super::standing::{
    MembershipSums, ProfessionalStanding, TrackStanding, TrackSums, YearSum, professional_standing_of,
    track_standing,
};
use super::totals::{Period, Reached, TrackTotal};

/// A level that is another one from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelChange {
    /// The track; none for a professional's level.
    pub track: Option<Track>,
    /// The level before; none below the first.
    pub from: Option<Arc<Level>>,
    /// The level now; none below the first.
    pub to: Option<Arc<Level>>,
    /// The first day of the new level, or the day on which it was found to be lost.
    pub on: NaiveDate,
    /// Whether time alone changed it, without a new fact.
    pub time_based: bool,
}

impl LevelChange {
    /// Whether the level is higher than it was.
    #[must_use]
    pub fn is_rise(&self) -> bool {
        self.to.as_ref().map(|level| level.rank) > self.from.as_ref().map(|level| level.rank)
    }
}

/// The levels last emitted, and the first day on which they may change by time alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmittedLevels<L> {
    /// The levels last emitted.
    pub levels: L,
    /// The first day that was not checked.
    pub due: NaiveDate,
}

/// What a professional's level depends on besides points.
#[derive(Clone, Copy, Debug)]
pub struct Membership<'a> {
    /// The day that membership years run from.
    pub signed_up_on: NaiveDate,
    /// Overrides of the level.
    pub overrides: &'a [LevelOverride],
}

/// Codes of a partner's levels: technical, business.
pub type PartnerLevels = [String; 2];

/// A partner's totals by period, one of each track.
pub type PartnerTotals = BTreeMap<(Period, Track), TrackTotal>;

/// The first day after `day` on which a partner's level may change by time alone: a year begins, the
/// legacy levels end, an edition comes into force, or an override begins or ends.
#[must_use]
pub fn partner_levels_due(editions: &Editions, overrides: &[LevelOverride], day: NaiveDate) -> NaiveDate {
    let legacy = editions.legacy().and_then(|legacy| legacy.level_valid_until.succ_opt());
    let year = Some(year_start(day.year() + 1));
    let by_terms = lapse_days(editions, day).min();
    first_after(editions, day, [year, legacy, next_override_day(overrides, day), by_terms])
}

/// The first day after `day` on which a professional's level may change by time alone: an anniversary,
/// an edition that comes into force, or an override that begins or ends.
#[must_use]
pub fn professional_level_due(editions: &Editions, of: Membership<'_>, day: NaiveDate) -> NaiveDate {
    let year = membership_year(of.signed_up_on, day);
    let anniversary = Some(anniversary(of.signed_up_on, year.number + 1));
    first_after(editions, day, [anniversary, None, next_override_day(of.overrides, day), None])
}

fn first_after(editions: &Editions, day: NaiveDate, days: [Option<NaiveDate>; 4]) -> NaiveDate {
    let starts = editions.iter().map(|edition| edition.effective_from);
    let later = days.into_iter().flatten().chain(starts).filter(|one| *one > day);
    later.min().unwrap_or(NaiveDate::MAX)
}

/// The time-based changes of a partner's levels from the due day through `today`. Nothing is
/// emitted for levels without a baseline: they become the baseline.
#[must_use]
pub fn time_based_partner_changes(
    editions: &Editions,
    overrides: &[LevelOverride],
    emitted: Option<EmittedLevels<PartnerLevels>>,
    totals: &PartnerTotals,
    today: NaiveDate,
) -> (EmittedLevels<PartnerLevels>, Vec<LevelChange>) {
    let mut changes = Vec::new();
    let Some(mut emitted) = emitted else {
        let levels = partner_levels(editions, overrides, totals, today);
        let due = partner_levels_due(editions, overrides, today);
        return (EmittedLevels { levels, due }, changes);
    };
    while emitted.due <= today {
        let day = emitted.due;
        changes.extend(partner_changes(editions, overrides, &mut emitted.levels, totals, (day, day), true));
        emitted.due = partner_levels_due(editions, overrides, day);
    }
    (emitted, changes)
}

/// The differences, found on a day, between a partner's levels as of another day and those last emitted.
#[must_use]
pub fn partner_changes(
    editions: &Editions,
    overrides: &[LevelOverride],
    emitted: &mut PartnerLevels,
    totals: &PartnerTotals,
    (as_of, found_on): (NaiveDate, NaiveDate),
    time_based: bool,
) -> Vec<LevelChange> {
    let levels = &editions.at(as_of).partner_levels;
    let changed = Track::ALL.into_iter().zip(emitted).filter_map(|(track, emitted)| {
        let standing = track_standing(editions, track, &sums(editions, track, totals, as_of), as_of);
        let standing = override_track(editions, standing, overrides, as_of);
        if standing.level.code == *emitted {
            return None;
        }
        let from = levels.by_code(emitted).cloned();
        emitted.clone_from(&standing.level.code);
        let mut change =
            LevelChange { track: Some(track), from, to: Some(standing.level), on: found_on, time_based };
        if change.is_rise() && !time_based {
            change.on = standing.earned_on.unwrap_or(found_on);
        }
        Some(change)
    });
    changed.collect()
}

/// A partner's levels on a day.
#[must_use]
pub fn partner_levels(
    editions: &Editions,
    overrides: &[LevelOverride],
    totals: &PartnerTotals,
    day: NaiveDate,
) -> PartnerLevels {
    partner_standings(editions, overrides, totals, day).map(|standing| standing.level.code.clone())
}

/// A partner's standings on a day: technical, business.
pub(super) fn partner_standings(
    editions: &Editions,
    overrides: &[LevelOverride],
    totals: &PartnerTotals,
    day: NaiveDate,
) -> [TrackStanding; 2] {
    let standing = |track| track_standing(editions, track, &sums(editions, track, totals, day), day);
    Track::ALL.map(|track| override_track(editions, standing(track), overrides, day))
}

fn sums(editions: &Editions, track: Track, totals: &PartnerTotals, day: NaiveDate) -> TrackSums {
    let of = |period: Period| totals.get(&(period, track)).cloned().unwrap_or_default();
    let (this, last) = (of(Period(day.year())), of(Period(day.year() - 1)));
    TrackSums {
        this_year: through(editions, &this, day),
        this_year_reached: this.reached_through(editions, day),
        last_year: last.credits,
        last_year_reached: last.reached_through(editions, year_end(day.year() - 1)),
        legacy: of(Period::LEGACY).credits,
        earlier: earlier(editions, track, totals, day),
    }
}

/// The calendar years before the last one whose levels can still hold on a day.
fn earlier(editions: &Editions, track: Track, totals: &PartnerTotals, day: NaiveDate) -> Vec<YearSum> {
    let years = editions.first_level_year(day)..day.year() - 1;
    let sum = |year: i32| {
        let total = totals.get(&(Period(year), track))?;
        let reached = total.reached_through(editions, year_end(year));
        Some(YearSum { year, credits: total.credits, reached })
    };
    years.filter_map(sum).collect()
}

/// A year's credits through a day; of a sum that went on, the least that its level needed. The level itself is that of
/// the days on which it was reached.
fn through(editions: &Editions, total: &TrackTotal, day: NaiveDate) -> i64 {
    if total.last_on.is_none_or(|last| last <= day) {
        return total.credits;
    }
    let reached = total.reached.iter().rev().find(|one| one.on <= day);
    let least = reached.and_then(|one| least_threshold(editions, of_partners, &one.level, (one.on, day)));
    least.unwrap_or(0)
}

/// Points of a professional by membership year, with what their days reached in years in which an edition asks for more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Points {
    sums: BTreeMap<i32, i64>,
    reached: BTreeMap<i32, Vec<Reached>>,
}

impl<const N: usize> From<[(i32, i64); N]> for Points {
    fn from(sums: [(i32, i64); N]) -> Self {
        Self { sums: sums.into(), reached: BTreeMap::new() }
    }
}

impl Points {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The points of days.
    #[must_use]
    pub fn of_days(editions: &Editions, signed_up_on: NaiveDate, days: &Days) -> Self {
        let mut points = Self::new();
        for (day, net) in days {
            points.add(membership_year(signed_up_on, *day).number, *net);
        }
        points.add_reached(editions, signed_up_on, days);
        points
    }

    /// Adds points of a membership year.
    pub fn add(&mut self, year: i32, points: i64) {
        *self.sums.entry(year).or_default() += points;
    }

    /// The points of a membership year.
    #[must_use]
    pub fn in_year(&self, year: i32) -> i64 {
        self.sums.get(&year).copied().unwrap_or(0)
    }

    /// The membership years of which the days must be known ([`Self::add_reached`]), with their first and last days.
    pub fn raised_years<'a>(
        &'a self,
        editions: &'a Editions,
        signed_up_on: NaiveDate,
    ) -> impl Iterator<Item = (i32, (NaiveDate, NaiveDate))> + 'a {
        let years = self.sums.keys().map(move |year| (*year, membership_days(signed_up_on, *year)));
        years.filter(|(_, days)| raises_for_professionals(editions, *days))
    }

    /// Adds what days reached, in the membership years in which an edition asks for more than one before it: there, the
    /// sum of the year does not tell.
    pub fn add_reached(&mut self, editions: &Editions, signed_up_on: NaiveDate, days: &Days) {
        let years: Vec<_> = self.raised_years(editions, signed_up_on).collect();
        let reached = |(year, of_year)| (year, reached_in_membership_year(editions, of_year, days));
        self.reached.extend(years.into_iter().map(reached));
    }
}

/// The time-based changes of a professional's level from the due day through `today`.
/// Nothing is emitted for a level without a baseline.
#[must_use]
pub fn time_based_professional_changes(
    editions: &Editions,
    of: Membership<'_>,
    emitted: Option<EmittedLevels<Option<String>>>,
    points: &Points,
    today: NaiveDate,
) -> (EmittedLevels<Option<String>>, Vec<LevelChange>) {
    let mut changes = Vec::new();
    let Some(mut emitted) = emitted else {
        let level = professional_level(editions, of, points, today);
        let due = professional_level_due(editions, of, today);
        return (EmittedLevels { levels: level.map(|level| level.code.clone()), due }, changes);
    };
    while emitted.due <= today {
        let day = emitted.due;
        changes.extend(professional_change(editions, of, &mut emitted.levels, points, day, day, true));
        emitted.due = professional_level_due(editions, of, day);
    }
    (emitted, changes)
}

/// The difference, found on a day, between a professional's level as of another day and the one last
/// emitted.
#[must_use]
pub fn professional_change(
    editions: &Editions,
    of: Membership<'_>,
    emitted: &mut Option<String>,
    points: &Points,
    as_of: NaiveDate,
    found_on: NaiveDate,
    time_based: bool,
) -> Option<LevelChange> {
    let to = professional_level(editions, of, points, as_of);
    let code = to.as_ref().map(|level| level.code.clone());
    if code == *emitted {
        return None;
    }
    let from =
        emitted.as_deref().and_then(|code| editions.at(as_of).professional_levels.by_code(code)).cloned();
    *emitted = code;
    Some(LevelChange { track: None, from, to, on: found_on, time_based })
}

/// The points that a standing in a membership year depends on.
#[must_use]
pub fn membership_sums(editions: &Editions, points: &Points, year: i32, this_year: i64) -> MembershipSums {
    let earlier = if editions.looks_back_for_professionals() {
        points.sums.range(..year - 1).map(|(year, points)| (*year, *points)).collect()
    } else {
        Vec::new()
    };
    let reached = points.reached.clone();
    MembershipSums { this_year, last_year: points.in_year(year - 1), earlier, reached }
}

/// The first day since which a professional has held a level of at least this rank without a break up to a day.
/// `days` has the points of each day of that membership year and the one before; `points` has the sums of years.
#[must_use]
pub fn professional_level_since(
    editions: &Editions,
    of: Membership<'_>,
    (points, days): (&Points, &BTreeMap<NaiveDate, i64>),
    rank: usize,
    as_of: NaiveDate,
) -> NaiveDate {
    let signed_up_on = of.signed_up_on;
    let year = membership_year(signed_up_on, as_of).number;
    let first = anniversary(signed_up_on, (year - 1).max(0));
    let starts = editions.iter().map(|edition| edition.effective_from);
    // The level changes by points, when a year begins, when an edition comes into force, or with an override.
    let mut candidates: Vec<NaiveDate> = days.keys().copied().chain(starts).collect();
    candidates.extend([first, anniversary(signed_up_on, year)]);
    candidates.extend(of.overrides.iter().flat_map(|one| [Some(one.from), one.until.succ_opt()]).flatten());
    candidates.retain(|day| (first..=as_of).contains(day));
    candidates.sort_unstable_by(|one, other| other.cmp(one));
    let holds = |day: &NaiveDate| {
        let year = membership_year(signed_up_on, *day);
        let through: i64 = days.range(year.starts_on..=*day).map(|(_, points)| points).sum();
        let sums = membership_sums(editions, points, year.number, through);
        let standing = professional_standing_of(editions, signed_up_on, *day, &sums);
        let level = override_professional(editions, standing, of.overrides, *day).level;
        level.is_some_and(|level| level.rank >= rank)
    };
    candidates.into_iter().take_while(holds).last().unwrap_or(as_of)
}

/// A professional's level on a day.
#[must_use]
pub fn professional_level(
    editions: &Editions,
    of: Membership<'_>,
    points: &Points,
    day: NaiveDate,
) -> Option<Arc<Level>> {
    professional_standing_on(editions, of, points, day).level
}

/// A professional's standing on a day.
pub(super) fn professional_standing_on(
    editions: &Editions,
    of: Membership<'_>,
    points: &Points,
    day: NaiveDate,
) -> ProfessionalStanding {
    let year = membership_year(of.signed_up_on, day).number;
    let sums = membership_sums(editions, points, year, points.in_year(year));
    let standing = professional_standing_of(editions, of.signed_up_on, day, &sums);
    override_professional(editions, standing, of.overrides, day)
}

#[cfg(test)]
mod tests;
