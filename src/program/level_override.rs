//! Overrides: a level that staff sets from a day to a day (E5).

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::edition::Editions;
use super::level::{Level, higher};
use super::rule::Track;
use super::standing::{ProfessionalStanding, TrackStanding, credits_to_retain, next_above, points_to_retain};

/// A level that holds in the place of the one that was earned, from its first through its last day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelOverride {
    /// Place in the log.
    pub seq: i64,
    /// The track of a partner; none for a professional.
    pub track: Option<Track>,
    /// Code of the level.
    pub level: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day; before the first one if it was ended before it began.
    pub until: NaiveDate,
    /// Why it was set.
    pub reason: Option<String>,
    /// Who set it: the label of a key or the subject of a token.
    pub by: String,
    /// When it was set.
    pub at: DateTime<Utc>,
}

impl LevelOverride {
    /// Whether it holds on a day.
    #[must_use]
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.until
    }

    /// Whether it holds on a day that another one holds on, for the same level.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.track == other.track && self.from <= other.until && other.from <= self.until
    }
}

/// The override that holds on a day.
#[must_use]
pub fn override_on(
    overrides: &[LevelOverride],
    track: Option<Track>,
    day: NaiveDate,
) -> Option<&LevelOverride> {
    overrides.iter().find(|one| one.track == track && one.covers(day))
}

/// The first day after `day` on which an override begins, or no longer holds.
#[must_use]
pub fn next_override_day(overrides: &[LevelOverride], day: NaiveDate) -> Option<NaiveDate> {
    let days = overrides.iter().filter(|one| one.from <= one.until);
    let days = days.flat_map(|one| [Some(one.from), one.until.succ_opt()]);
    days.flatten().filter(|one| *one > day).min()
}

/// A track's standing with the override of its day. A level that the edition of the day does not have is not set.
///
/// The next level is the one above the level that is set or the one that was earned, whichever is higher: below what was
/// earned, nothing is missing but the end of the override.
#[must_use]
pub fn override_track(
    editions: &Editions,
    standing: TrackStanding,
    overrides: &[LevelOverride],
    day: NaiveDate,
) -> TrackStanding {
    let Some(found) = override_on(overrides, Some(standing.track), day) else { return standing };
    let levels = &editions.at(day).partner_levels;
    let Some(level) = levels.by_code(&found.level) else { return standing };
    let next_level = next_above(levels, higher(Some(level), Some(&standing.level)));
    let credits = standing.credits;
    // What was earned may hold when the override ends.
    let is_earned =
        standing.level.rank >= level.rank && standing.valid_until.is_none_or(|until| until > found.until);
    let missing = || credits_to_retain(editions, level, credits, Some(found.until), day);
    TrackStanding {
        credits_to_retain: if is_earned { 0 } else { missing() },
        level: Arc::clone(level),
        earned_on: Some(found.from),
        valid_until: Some(found.until),
        next_level: next_level.cloned(),
        credits_to_next_level: next_level.map(|next| (next.threshold - credits).max(0)),
        ..standing
    }
}

/// A professional's standing with the override of its day; the next level is that of [`override_track`]. An override that
/// goes on through the next anniversary keeps the level then.
#[must_use]
pub fn override_professional(
    editions: &Editions,
    standing: ProfessionalStanding,
    overrides: &[LevelOverride],
    day: NaiveDate,
) -> ProfessionalStanding {
    let Some(level) = overridden_level(editions, overrides, day) else { return standing };
    let levels = &editions.at(day).professional_levels;
    let next_level = next_above(levels, higher(Some(&level), standing.level.as_ref()));
    let set = overridden_level(editions, overrides, standing.year.renews_on);
    let then = set.as_ref().or(standing.renewal_level.as_ref());
    let year = (day, &standing.year);
    ProfessionalStanding {
        next_level: next_level.cloned(),
        points_to_next_level: next_level.map(|next| (next.threshold - standing.points).max(0)),
        points_to_retain: Some(points_to_retain(editions, &level, standing.points, then, year)),
        level: Some(level),
        ..standing
    }
}

fn overridden_level(editions: &Editions, overrides: &[LevelOverride], day: NaiveDate) -> Option<Arc<Level>> {
    let found = override_on(overrides, None, day)?;
    editions.at(day).professional_levels.by_code(&found.level).cloned()
}

/// The level that a professional has earned by the points alone.
#[must_use]
pub fn earned_level(standing: &ProfessionalStanding) -> Option<Arc<Level>> {
    higher(standing.secured_level.as_ref(), standing.retained_level.as_ref()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::standing::{TrackSums, professional_standing, track_standing};

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn set(track: Option<Track>, level: &str, from: &str, until: &str) -> LevelOverride {
        LevelOverride {
            seq: 1,
            track,
            level: level.to_owned(),
            from: day(from),
            until: day(until),
            reason: None,
            by: "staff".to_owned(),
            at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn e5_an_override_sets_the_level_of_its_days() {
        let editions = Editions::built_in();
        let overrides = [
            set(Some(Track::Technical), "CREATOR", "2025-03-01", "2025-03-31"),
            set(Some(Track::Technical), "MEMBER", "2025-05-01", "2025-05-01"),
            set(Some(Track::Technical), "GONE", "2025-06-01", "2025-06-30"),
        ];
        // day, level, earned on, valid until, credits to the next level
        let table = [
            ("2025-02-28", "COLLABORATOR", "2025-02-01", "2026-12-31", Some(45)),
            ("2025-03-01", "CREATOR", "2025-03-01", "2025-03-31", None),
            ("2025-03-31", "CREATOR", "2025-03-01", "2025-03-31", None),
            ("2025-04-01", "COLLABORATOR", "2025-02-01", "2026-12-31", Some(45)),
            // Below what was earned, the next level is the one above that.
            ("2025-05-01", "MEMBER", "2025-05-01", "2025-05-01", Some(45)),
            ("2025-06-15", "COLLABORATOR", "2025-02-01", "2026-12-31", Some(45)),
        ];
        let reached =
            vec![crate::program::totals::Reached { on: day("2025-02-01"), level: "COLLABORATOR".to_owned() }];
        let sums = TrackSums { this_year: 30, this_year_reached: reached, ..TrackSums::default() };
        for (on, level, earned_on, valid_until, to_next) in table {
            let standing = track_standing(&editions, Track::Technical, &sums, day(on));
            let standing = override_track(&editions, standing, &overrides, day(on));
            let dates = (standing.earned_on, standing.valid_until);
            assert_eq!(
                (standing.level.code.as_str(), dates),
                (level, (Some(day(earned_on)), Some(day(valid_until)))),
                "{on}"
            );
            assert_eq!(standing.credits_to_next_level, to_next, "{on}");
        }
        let business = track_standing(&editions, Track::Business, &TrackSums::default(), day("2025-03-01"));
        let business = override_track(&editions, business, &overrides, day("2025-03-01"));
        assert_eq!(business.level.code, "MEMBER", "the other track has none");
    }

    #[test]
    fn e5_what_a_professional_earned_stays_visible() {
        let editions = Editions::built_in();
        let overrides = [set(None, "CATALYST", "2025-03-01", "2025-03-31")];
        let standing = professional_standing(&editions, day("2025-01-01"), day("2025-03-01"), 800, 0);
        let standing = override_professional(&editions, standing, &overrides, day("2025-03-01"));
        let code = |level: Option<Arc<Level>>| level.map(|level| level.code.clone());
        assert_eq!(code(earned_level(&standing)).as_deref(), Some("ADVOCATE"));
        assert_eq!(code(standing.level).as_deref(), Some("CATALYST"));
    }

    #[test]
    fn days_on_which_an_override_changes_something() {
        let overrides =
            [set(None, "X", "2025-03-01", "2025-03-31"), set(None, "X", "2025-06-01", "2025-05-31")];
        for (after, expected) in
            [("2025-02-01", Some("2025-03-01")), ("2025-03-01", Some("2025-04-01")), ("2025-04-01", None)]
        {
            assert_eq!(next_override_day(&overrides, day(after)), expected.map(day), "{after}");
        }
    }
}
