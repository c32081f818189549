//! Levels on a day, computed from sums (PP, Partnership levels; DP, life cycle).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, Months, NaiveDate};

use super::calendar::{MembershipYear, membership_year, year_end};
use super::edition::Editions;
use super::level::{Level, Levels, higher};
use super::level_history::Days;
use super::level_reached::{
    held_since, least_threshold, membership_days, of_partners, of_professionals, raises_for_professionals,
    reached_in_membership_year, worth,
};
use super::level_terms::FOREVER;
use super::level_validity::{partner_level_held, partner_level_until, professional_level_held};
use super::refusal::{Code, Refusal};
use super::rule::Track;
use super::totals::{Period, Reached};
use super::wording::in_the_future;

/// Level credits of one track, as far as a standing needs them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackSums {
    /// This calendar year through the effective date.
    pub this_year: i64,
    /// Days on which this year's sum changed the level, through the effective date; later ones are ignored.
    pub this_year_reached: Vec<Reached>,
    /// The whole calendar year before.
    pub last_year: i64,
    /// When last year's sum changed the level.
    pub last_year_reached: Vec<Reached>,
    /// The whole legacy window.
    pub legacy: i64,
    /// The calendar years before, where levels can hold that long.
    pub earlier: Vec<YearSum>,
}

/// Level credits of one track and calendar year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YearSum {
    /// The year.
    pub year: i32,
    /// Their sum.
    pub credits: i64,
    /// When it changed the level.
    pub reached: Vec<Reached>,
}

/// A partner's level of one track on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackStanding {
    /// The track.
    pub track: Track,
    /// The level.
    pub level: Arc<Level>,
    /// This year's level credits through the day.
    pub credits: i64,
    /// The day that earned the level; none for the level that holds from enrolment.
    pub earned_on: Option<NaiveDate>,
    /// The last day on which it is sure to hold; none for the level that holds from enrolment.
    pub valid_until: Option<NaiveDate>,
    /// The level above.
    pub next_level: Option<Arc<Level>>,
    /// Level credits that this year still needs for it.
    pub credits_to_next_level: Option<i64>,
    /// Level credits that this year still needs to hold the level on the first day after it would lapse.
    pub credits_to_retain: i64,
}

/// Checks the effective date of a partner's standing (V5).
///
/// # Errors
/// For a day before enrolment, before the program's launch, or after today.
pub fn check_partner_day(
    editions: &Editions,
    enrolled_on: NaiveDate,
    day: NaiveDate,
    today: NaiveDate,
) -> Result<(), Refusal> {
    check_day(
        day,
        today,
        &[(editions.launch(), "the program's launch"), (enrolled_on, "the partner's enrolment")],
    )
}

/// Checks the effective date of a professional's standing (V5).
///
/// # Errors
/// For a day before sign-up or after today.
pub fn check_professional_day(
    signed_up_on: NaiveDate,
    day: NaiveDate,
    today: NaiveDate,
) -> Result<(), Refusal> {
    check_day(day, today, &[(signed_up_on, "the professional's sign-up")])
}

/// Years ahead for which an outlook answers.
pub const OUTLOOK_YEARS: u32 = 10;

/// The last day for which an outlook answers.
#[must_use]
pub fn outlook_horizon(today: NaiveDate) -> NaiveDate {
    today.checked_add_months(Months::new(12 * OUTLOOK_YEARS)).unwrap_or(NaiveDate::MAX)
}

/// Checks the day of an outlook (F2): it is ahead, and not too far.
///
/// # Errors
/// For today and earlier days, and for days beyond the horizon.
pub fn check_outlook_day(day: NaiveDate, today: NaiveDate) -> Result<(), Refusal> {
    let (first, last) = (today.succ_opt().unwrap_or(today), outlook_horizon(today));
    if (first..=last).contains(&day) {
        return Ok(());
    }
    let instead = if day < first { " For that day, use standing(asOf:)." } else { "" };
    let message = format!("on {day}: an outlook is for {first} to {last}.{instead}");
    Err(Refusal::new(Code::Invalid, "on", message))
}

fn check_day(day: NaiveDate, today: NaiveDate, starts: &[(NaiveDate, &str)]) -> Result<(), Refusal> {
    if day > today {
        return Err(Refusal::new(Code::DateInFuture, "asOf", format!("asOf {}", in_the_future(day, today))));
    }
    match starts.iter().find(|(start, _)| day < *start) {
        Some((start, what)) => {
            let message = format!("asOf {day} is before {what} on {start}.");
            Err(Refusal::new(Code::DateBeforeEnrolment, "asOf", message))
        }
        None => Ok(()),
    }
}

/// The level above one on a day. The levels of the edition of the day count: another edition may have had other ranks.
pub(super) fn next_above<'e>(levels: &'e Levels, level: Option<&'e Arc<Level>>) -> Option<&'e Arc<Level>> {
    levels.above(level.map(|level| levels.by_code(&level.code).unwrap_or(level)))
}

/// A track's level on a day: the higher of this year's sum so far, last year's whole sum, and the
/// legacy window while it lasts (V2, V3, L1).
///
/// What a sum reached by the edition of a day stays, whatever a later edition asks for (E3). A negative sum, which a
/// reversal in another year can leave, counts as zero.
///
/// # Panics
/// Never: an edition's first partner level has threshold 0.
#[must_use]
pub fn track_standing(editions: &Editions, track: Track, sums: &TrackSums, day: NaiveDate) -> TrackStanding {
    let levels = &editions.at(day).partner_levels;
    // When a new edition lowers a threshold, the level is reached on its first day.
    let new_edition = editions.at(day).effective_from;
    let reached = &sums.this_year_reached;
    let this_year = worth(editions, of_partners, reached, sums.this_year.max(0), day).map(|level| {
        let on = held_since(editions, of_partners, reached, level.rank, day).unwrap_or(new_edition);
        (level, on, partner_level_until(editions, day.year(), level.rank, on))
    });
    let last = (day.year() - 1, sums.last_year, &sums.last_year_reached);
    let years = sums.earlier.iter().map(|one| (one.year, one.credits, &one.reached)).chain([last]);
    let earlier = years.filter_map(|(year, credits, reached)| {
        let last_day = year_end(year);
        let edition = editions.at(last_day);
        let level = worth(editions, of_partners, reached, credits.max(0), last_day)?;
        let on = held_since(editions, of_partners, reached, level.rank, last_day);
        let on = on.unwrap_or(edition.effective_from);
        let (rank, until) = partner_level_held(editions, (year, level.rank, on), day)?;
        let lower = || edition.partner_levels.by_rank(rank);
        Some((if rank == level.rank { level } else { lower()? }, on, until))
    });
    let legacy = editions.legacy().filter(|legacy| day <= legacy.level_valid_until).and_then(|legacy| {
        let launch = editions.launch();
        let level = editions.at(launch).partner_levels.reached(sums.legacy.max(0))?;
        Some((level, launch, legacy.level_valid_until))
    });
    let best = this_year.into_iter().chain(earlier).chain(legacy);
    let (level, earned_on, valid_until) =
        best.max_by_key(|(level, _, until)| (level.rank, *until)).expect("the first level has threshold 0");
    let earned = level.rank > 0;
    let next_level = next_above(levels, Some(level));
    let retained_until = earned.then_some(valid_until);
    let valid_until = retained_until.filter(|until| *until < FOREVER);
    TrackStanding {
        track,
        level: Arc::clone(level),
        credits: sums.this_year,
        earned_on: earned.then_some(earned_on),
        valid_until,
        next_level: next_level.cloned(),
        credits_to_next_level: next_level.map(|next| (next.threshold - sums.this_year).max(0)),
        credits_to_retain: credits_to_retain(editions, level, sums.this_year, retained_until, day),
    }
}

/// What is missing this calendar year to hold a level on the first day after it would lapse (F1). A level that is
/// valid through the next year at least is secured, as is one to which credits of this year add nothing. The level holds once the
/// threshold of any day is reached, so the least one that is in force from this day through the year counts.
pub(super) fn credits_to_retain(
    editions: &Editions,
    level: &Level,
    credits: i64,
    valid_until: Option<NaiveDate>,
    day: NaiveDate,
) -> i64 {
    let through = year_end(day.year() + 1).min(partner_level_until(editions, day.year(), level.rank, day));
    let secured = |until: NaiveDate| until >= through;
    if level.rank == 0 || valid_until.is_none_or(secured) {
        return 0;
    }
    let ahead = (day, year_end(day.year()));
    let threshold = least_threshold(editions, of_partners, &level.code, ahead).unwrap_or(level.threshold);
    (threshold - credits).max(0)
}

/// The overall level: the higher of the two tracks (V4).
#[must_use]
pub fn overall(technical: &TrackStanding, business: &TrackStanding) -> Arc<Level> {
    let higher = if business.level.rank > technical.level.rank { business } else { technical };
    Arc::clone(&higher.level)
}

/// A level that a partner earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelAward {
    /// The track.
    pub track: Track,
    /// The level.
    pub level: Arc<Level>,
    /// The day that earned it.
    pub earned_on: NaiveDate,
    /// The last day on which it is sure to hold.
    pub valid_until: NaiveDate,
    /// Whether the legacy window set it.
    pub legacy: bool,
}

/// The levels that one period's credits of a track earned and did not lose again, oldest first.
#[must_use]
pub fn period_awards(
    editions: &Editions,
    track: Track,
    period: Period,
    credits: i64,
    reached: &[Reached],
) -> Vec<LevelAward> {
    if period == Period::LEGACY {
        let launch = editions.launch();
        let level = editions.at(launch).partner_levels.reached(credits).filter(|level| level.rank > 0);
        return level
            .zip(editions.legacy())
            .map(|(level, legacy)| LevelAward {
                track,
                level: Arc::clone(level),
                earned_on: launch,
                valid_until: legacy.level_valid_until,
                legacy: true,
            })
            .into_iter()
            .collect();
    }
    let last_day = year_end(period.0);
    let levels = &editions.at(last_day).partner_levels;
    let mut awards: Vec<LevelAward> = Vec::new();
    // From the top down: a level reached on the same day as a higher one is passed over.
    for level in levels.iter().rev().filter(|level| level.rank > 0) {
        let since = held_since(editions, of_partners, reached, level.rank, last_day);
        let Some(earned_on) = since else { continue };
        if awards.last().is_none_or(|higher| earned_on < higher.earned_on) {
            let valid_until = partner_level_until(editions, period.0, level.rank, earned_on);
            // As it was when it was reached: with the threshold that the sum had to reach.
            let then = editions.at(earned_on).partner_levels.by_code(&level.code);
            awards.push(LevelAward {
                track,
                level: Arc::clone(then.unwrap_or(level)),
                earned_on,
                valid_until,
                legacy: false,
            });
        }
    }
    awards.reverse();
    awards
}

/// A professional's level on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfessionalStanding {
    /// The membership year that the day lies in.
    pub year: MembershipYear,
    /// Points of that year through the day.
    pub points: i64,
    /// The level.
    pub level: Option<Arc<Level>>,
    /// The level carried over from last year's total.
    pub retained_level: Option<Arc<Level>>,
    /// The level that the points give at renewal, if nothing more is earned.
    pub renewal_level: Option<Arc<Level>>,
    /// The level that this year's points already secure for the next.
    pub secured_level: Option<Arc<Level>>,
    /// The level above.
    pub next_level: Option<Arc<Level>>,
    /// Points that this year still needs for it.
    pub points_to_next_level: Option<i64>,
    /// Points that this year still needs to keep the level at renewal; none without a level.
    pub points_to_retain: Option<i64>,
}

/// Points of a professional, as far as a standing needs them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MembershipSums {
    /// This membership year through the day.
    pub this_year: i64,
    /// The whole membership year before.
    pub last_year: i64,
    /// The membership years before that one by number, where levels can hold that long.
    pub earlier: Vec<(i32, i64)>,
    /// When the points of a membership year changed the level, through the day; needed for the years in which an edition
    /// raised a threshold.
    pub reached: BTreeMap<i32, Vec<Reached>>,
}

impl MembershipSums {
    fn reached_in(&self, year: i32) -> &[Reached] {
        self.reached.get(&year).map_or(&[], Vec::as_slice)
    }

    /// The membership years of which the days must be known for a day ([`Self::add_reached`]), with their first and last
    /// days.
    #[must_use]
    pub fn raised_years(
        &self,
        editions: &Editions,
        signed_up_on: NaiveDate,
        day: NaiveDate,
    ) -> Vec<(i32, (NaiveDate, NaiveDate))> {
        let this = membership_year(signed_up_on, day).number;
        let years = self.earlier.iter().map(|(year, _)| *year).chain((this - 1).max(0)..=this);
        let years = years.map(|year| (year, membership_days(signed_up_on, year)));
        years.filter(|(_, days)| raises_for_professionals(editions, *days)).collect()
    }

    /// Adds what days through the one of the standing reached, in the years in which an edition asks for more than one
    /// before it: there, the sum of the year does not tell.
    pub fn add_reached(&mut self, editions: &Editions, signed_up_on: NaiveDate, day: NaiveDate, days: &Days) {
        for (year, of_year) in self.raised_years(editions, signed_up_on, day) {
            self.reached.insert(year, reached_in_membership_year(editions, of_year, days));
        }
    }
}

/// A professional's level on a day by this membership year's points so far and last year's total alone.
#[must_use]
pub fn professional_standing(
    editions: &Editions,
    signed_up_on: NaiveDate,
    day: NaiveDate,
    this_year: i64,
    last_year: i64,
) -> ProfessionalStanding {
    let sums = MembershipSums { this_year, last_year, ..MembershipSums::default() };
    professional_standing_of(editions, signed_up_on, day, &sums)
}

/// The level that the points of membership years before the one of a day still give on it.
fn retained<'e>(
    editions: &'e Editions,
    signed_up_on: NaiveDate,
    sums: &MembershipSums,
    years: impl Iterator<Item = (i32, i64)>,
    day: NaiveDate,
) -> Option<&'e Arc<Level>> {
    let levels = years.filter_map(|(year, points)| {
        let (_, last) = membership_days(signed_up_on, year);
        let level = worth(editions, of_professionals, sums.reached_in(year), points, last)?;
        let (rank, _) = professional_level_held(editions, signed_up_on, (year, level.rank), day)?;
        if rank == level.rank { Some(level) } else { editions.at(last).professional_levels.by_rank(rank) }
    });
    levels.max_by_key(|level| level.rank)
}

/// A professional's level on a day: the higher of this membership year's points so far and last
/// year's total (S3), or of earlier ones, by the terms of the edition.
#[must_use]
pub fn professional_standing_of(
    editions: &Editions,
    signed_up_on: NaiveDate,
    day: NaiveDate,
    sums: &MembershipSums,
) -> ProfessionalStanding {
    let MembershipSums { this_year, last_year, .. } = *sums;
    let year = membership_year(signed_up_on, day);
    let levels = &editions.at(day).professional_levels;
    let secured_level = worth(editions, of_professionals, sums.reached_in(year.number), this_year, day);
    let last = (year.number > 0).then_some((year.number - 1, last_year));
    let before = || sums.earlier.iter().copied().chain(last);
    let retained_level = retained(editions, signed_up_on, sums, before(), day);
    let level = higher(secured_level, retained_level);
    let next_level = next_above(levels, level);
    let through_this = before().chain([(year.number, this_year)]);
    let renewal_level = retained(editions, signed_up_on, sums, through_this, year.renews_on);
    ProfessionalStanding {
        year,
        points: this_year,
        level: level.cloned(),
        retained_level: retained_level.cloned(),
        secured_level: secured_level.cloned(),
        next_level: next_level.cloned(),
        points_to_next_level: next_level.map(|next| (next.threshold - this_year).max(0)),
        points_to_retain: level
            .map(|level| points_to_retain(editions, level, this_year, renewal_level, (day, &year))),
        renewal_level: renewal_level.cloned(),
    }
}

/// Points that a membership year still needs to keep a level at renewal, where the points give another level so far. Like
/// a partner's, the level holds once the threshold of any day is reached.
pub(super) fn points_to_retain(
    editions: &Editions,
    level: &Level,
    points: i64,
    at_renewal: Option<&Arc<Level>>,
    (day, year): (NaiveDate, &MembershipYear),
) -> i64 {
    if at_renewal.is_some_and(|then| then.rank >= level.rank) {
        return 0;
    }
    let ahead = (day, year.renews_on.pred_opt().unwrap_or(day));
    let threshold = least_threshold(editions, of_professionals, &level.code, ahead);
    (threshold.unwrap_or(level.threshold) - points).max(0)
}

#[cfg(test)]
mod tests;
