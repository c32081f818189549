//! The levels that professionals earned, the entries that reached them, and those that were lost again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::level_history::until;
use crate::access::Operation;
use crate::error::Error;
use crate::program::Level;
use crate::program::calendar::{anniversary, membership_year};
use crate::program::edition::Editions;
use crate::program::level_history::{Days, Earned, Movement, lost, professional_levels, reaching};
use crate::program::level_terms::FOREVER;
use crate::program::level_validity::professional_level_held;
use crate::program::totals::membership_year_number;
use crate::service::Services;
use crate::service::access::Visibility;
use crate::store::professional::ProfessionalRow;
use crate::store::{ledger, standing, totals};

/// A level that a professional earned in a membership year, whether it counts or not.
#[derive(Clone, Debug)]
pub struct ProfessionalLevelAward {
    /// Whose.
    pub professional: Uuid,
    /// Number of the membership year whose points earned it.
    pub membership_year: i32,
    /// The level.
    pub level: Arc<Level>,
    /// The day on which it was reached.
    pub earned_on: NaiveDate,
    /// The last day for which it was earned: that of the next membership year (S3).
    pub valid_until: NaiveDate,
    /// The first day on which it no longer counts, if that has come.
    pub lapsed_on: Option<NaiveDate>,
    /// Whether a reversal took it away.
    pub is_reversed: bool,
    /// Place of the edition in force on the day that earned it.
    pub edition: usize,
    /// Points of the membership year before that day.
    before: i64,
    /// Only entries recorded by then are considered.
    known_at: Option<DateTime<Utc>>,
    /// The entry that reached it, where the award itself is no longer known.
    entry: Option<Uuid>,
}

/// Points of professionals by membership year and day.
type YearDays = BTreeMap<(Uuid, i32), Days>;

impl Services {
    /// Every level that professionals earned, oldest first, as recorded now or at a past time. Those that a reversal
    /// took away are among them. A partner sees those of days on which the person worked for it.
    ///
    /// # Errors
    /// When the caller may not see points, or the database fails.
    pub async fn professional_level_histories(
        &self,
        professionals: &[ProfessionalRow],
        known_at: Option<DateTime<Utc>>,
    ) -> Result<HashMap<Uuid, Vec<ProfessionalLevelAward>>, Error> {
        self.activities_employer(professionals.iter().map(|row| row.id))?;
        let signed_up: HashMap<Uuid, NaiveDate> =
            professionals.iter().map(|row| (row.id, row.signed_up_on)).collect();
        let mut awards = self.kept_levels(&signed_up, known_at).await?;
        awards.extend(self.lost_professional_levels(&signed_up, known_at).await?);
        if let Visibility::Partner(partner) = self.visibility(Operation::ProfessionalPoints) {
            let days = awards.iter().map(|row| (row.professional, row.earned_on));
            let employed = self.employed_on(partner, days).await?;
            awards.retain(|row| employed.contains(&(row.professional, row.earned_on)));
        }
        let mut histories: HashMap<Uuid, Vec<ProfessionalLevelAward>> = HashMap::new();
        for award in awards {
            histories.entry(award.professional).or_default().push(award);
        }
        for history in histories.values_mut() {
            history.sort_by_key(|row| (row.earned_on, row.level.rank, !row.is_reversed));
        }
        Ok(histories)
    }

    /// The levels that professionals earned and did not lose again, by their days of sign-up, whoever may see them.
    pub(in crate::service) async fn kept_levels(
        &self,
        signed_up: &HashMap<Uuid, NaiveDate>,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<Vec<ProfessionalLevelAward>, Error> {
        let editions = &self.policy.editions;
        let mut awards = Vec::new();
        for ((id, number), days) in self.days_with_levels(signed_up, known_at).await? {
            let Some(signed_up_on) = signed_up.get(&id).copied() else { continue };
            for earned in professional_levels(editions, signed_up_on, number, &days, self.clock.today()) {
                let valid_until = valid_until(editions, signed_up_on, number, earned.level.rank);
                awards.push(ProfessionalLevelAward {
                    professional: id,
                    membership_year: number,
                    lapsed_on: self.lapsed_by_time(valid_until, known_at),
                    before: days.range(..earned.on).map(|(_, net)| net).sum(),
                    level: earned.level,
                    earned_on: earned.on,
                    valid_until,
                    is_reversed: false,
                    edition: editions.index_at(earned.on),
                    known_at,
                    entry: None,
                });
            }
        }
        Ok(awards)
    }

    /// Days of the membership years whose points are worth a level.
    async fn days_with_levels(
        &self,
        signed_up: &HashMap<Uuid, NaiveDate>,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<YearDays, Error> {
        if let Some(moment) = known_at {
            return self.known_year_days(signed_up, self.clock.today(), moment).await;
        }
        let first_levels =
            self.policy.editions.iter().filter_map(|edition| edition.professional_levels.iter().next());
        let least = first_levels.map(|level| level.threshold).min().unwrap_or(i64::MAX);
        let rows = totals::of_professionals(self.db.reader(), signed_up.keys().copied()).await?;
        let spans = rows.iter().filter(|row| row.points >= least).filter_map(|row| {
            let signed_up_on = *signed_up.get(&row.professional_id)?;
            let to = anniversary(signed_up_on, row.membership_year + 1).pred_opt()?;
            Some((row.professional_id, anniversary(signed_up_on, row.membership_year), to))
        });
        self.year_days(signed_up, spans).await
    }

    async fn year_days(
        &self,
        signed_up: &HashMap<Uuid, NaiveDate>,
        spans: impl IntoIterator<Item = (Uuid, NaiveDate, NaiveDate)>,
    ) -> Result<YearDays, Error> {
        let mut found = YearDays::new();
        for row in totals::professional_days(self.db.reader(), spans).await? {
            if let Some(signed_up_on) = signed_up.get(&row.professional_id) {
                let number = membership_year_number(*signed_up_on, row.day);
                found.entry((row.professional_id, number)).or_default().insert(row.day, row.points);
            }
        }
        Ok(found)
    }

    async fn known_year_days(
        &self,
        signed_up: &HashMap<Uuid, NaiveDate>,
        to: NaiveDate,
        moment: DateTime<Utc>,
    ) -> Result<YearDays, Error> {
        let of: Vec<(Uuid, i32, NaiveDate)> = signed_up.iter().map(|(id, day)| (*id, 0, *day)).collect();
        let mut found = YearDays::new();
        for row in standing::known_points(self.db.reader(), &of, to, moment).await? {
            if let (Some(points), Some(signed_up_on)) = (row.points, signed_up.get(&row.professional_id)) {
                let number = membership_year_number(*signed_up_on, row.day);
                found.entry((row.professional_id, number)).or_default().insert(row.day, points);
            }
        }
        Ok(found)
    }

    /// The levels that reversals took away. Only membership years in which something was taken back are read.
    async fn lost_professional_levels(
        &self,
        signed_up: &HashMap<Uuid, NaiveDate>,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<Vec<ProfessionalLevelAward>, Error> {
        let editions = &self.policy.editions;
        let moment = until(known_at);
        let ids: Vec<Uuid> = signed_up.keys().copied().collect();
        let taken_back = ledger::points_taken_back(self.db.reader(), &ids, moment).await?;
        let number_of = |id: &Uuid, day| Some(membership_year_number(*signed_up.get(id)?, day));
        let years: BTreeSet<(Uuid, i32)> = taken_back
            .into_iter()
            .filter_map(|row| Some((row.owner, number_of(&row.owner, row.day)?)))
            .collect();
        if years.is_empty() {
            return Ok(Vec::new());
        }
        let spans = years.iter().filter_map(|(id, number)| {
            let signed_up_on = *signed_up.get(id)?;
            Some((
                *id,
                anniversary(signed_up_on, *number),
                anniversary(signed_up_on, *number + 1).pred_opt()?,
            ))
        });
        let mut movements: BTreeMap<(Uuid, i32), Vec<Movement<Uuid>>> = BTreeMap::new();
        for entry in ledger::points_in_spans(self.db.reader(), spans).await? {
            let id = entry.professional_id;
            if let Some(number) = number_of(&id, entry.effective_on).filter(|_| entry.recorded_at <= moment) {
                movements.entry((id, number)).or_default().push(Movement {
                    id: entry.id,
                    recorded_at: entry.recorded_at,
                    effective_on: entry.effective_on,
                    amount: entry.points,
                });
            }
        }
        let mut awards = Vec::new();
        for ((id, number), movements) in movements {
            let Some(signed_up_on) = signed_up.get(&id).copied() else { continue };
            let levels =
                |days: &Days| professional_levels(editions, signed_up_on, number, days, NaiveDate::MAX);
            for lost in lost(&movements, levels, causing) {
                let lost_on = self.clock.date_of(lost.at);
                let valid_until = valid_until(editions, signed_up_on, number, lost.earned.level.rank);
                awards.push(ProfessionalLevelAward {
                    professional: id,
                    membership_year: number,
                    level: lost.earned.level,
                    earned_on: lost.earned.on,
                    valid_until,
                    lapsed_on: valid_until.succ_opt().map(|day| day.min(lost_on)),
                    is_reversed: true,
                    edition: editions.index_at(lost.earned.on),
                    before: 0,
                    known_at,
                    entry: lost.entry,
                });
            }
        }
        Ok(awards)
    }

    /// For each of these awards, in their order, the points entry with which the sum reached the level.
    ///
    /// # Errors
    /// When the caller may not see points, or the database fails.
    pub async fn professional_level_causes(
        &self,
        awards: &[ProfessionalLevelAward],
    ) -> Result<Vec<Option<Uuid>>, Error> {
        self.activities_employer(awards.iter().map(|row| row.professional))?;
        let kept = awards.iter().filter(|row| !row.is_reversed);
        let days: HashSet<(Uuid, NaiveDate)> = kept.map(|row| (row.professional, row.earned_on)).collect();
        let mut entries: HashMap<(Uuid, NaiveDate), Vec<(Uuid, i64)>> = HashMap::new();
        if !days.is_empty() {
            let known_at = until(awards.first().and_then(|row| row.known_at));
            let spans = days.into_iter().map(|(id, day)| (id, day, day));
            for entry in ledger::points_in_spans(self.db.reader(), spans).await? {
                if entry.recorded_at <= known_at {
                    let of_day = entries.entry((entry.professional_id, entry.effective_on)).or_default();
                    of_day.push((entry.id, entry.points));
                }
            }
        }
        let cause = |row: &ProfessionalLevelAward| {
            if row.is_reversed {
                return row.entry;
            }
            let of_day = entries.get(&(row.professional, row.earned_on)).into_iter().flatten();
            reaching(row.level.threshold, row.before, of_day.copied())
        };
        Ok(awards.iter().map(cause).collect())
    }

    /// The days on which professionals reached the levels that they have on a day, as recorded now or at a past time;
    /// those without a level are left out.
    ///
    /// # Errors
    /// When the caller may not see points, or the database fails.
    pub async fn levels_reached_on(
        &self,
        professionals: &[ProfessionalRow],
        day: NaiveDate,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<HashMap<Uuid, (NaiveDate, NaiveDate)>, Error> {
        let editions = &self.policy.editions;
        // Who sees an outlook sees the points of today.
        let shown_on = day.min(self.clock.today());
        let shown = self.with_visible_points(professionals.iter().map(|row| row.id), shown_on).await?;
        let is_shown = |row: &&ProfessionalRow| shown.as_ref().is_none_or(|shown| shown.contains(&row.id));
        let signed_up: HashMap<Uuid, NaiveDate> = professionals
            .iter()
            .filter(is_shown)
            .filter(|row| row.signed_up_on <= day)
            .map(|row| (row.id, row.signed_up_on))
            .collect();
        let days = if let Some(moment) = known_at {
            self.known_year_days(&signed_up, day, moment).await?
        } else {
            let span = |(id, signed_up_on): (&Uuid, &NaiveDate)| {
                let number = membership_year(*signed_up_on, day).number;
                let first = if editions.looks_back_for_professionals() { 0 } else { (number - 1).max(0) };
                (*id, anniversary(*signed_up_on, first), day)
            };
            self.year_days(&signed_up, signed_up.iter().map(span)).await?
        };
        let mut found = HashMap::new();
        for (id, signed_up_on) in signed_up {
            let this = membership_year(signed_up_on, day).number;
            let first = if editions.looks_back_for_professionals() { 0 } else { this - 1 };
            let best = (first..=this).rev().filter_map(|number| {
                let levels =
                    professional_levels(editions, signed_up_on, number, days.get(&(id, number))?, day);
                let highest = levels.last()?.clone();
                let held =
                    professional_level_held(editions, signed_up_on, (number, highest.level.rank), day)?;
                Some((held.0, number, highest.on, held.1))
            });
            if let Some((_, _, on, until)) = best.max() {
                found.insert(id, (on, until));
            }
        }
        Ok(found)
    }
}

/// The last day of a level that the points of a membership year earn (S3).
fn valid_until(editions: &Editions, signed_up_on: NaiveDate, number: i32, rank: usize) -> NaiveDate {
    let held = professional_level_held(editions, signed_up_on, (number, rank), signed_up_on);
    held.map_or(FOREVER, |(_, until)| until)
}

/// The entry among those known that reached a level.
fn causing(earned: &Earned, known: &[Movement<Uuid>]) -> Option<Uuid> {
    let earlier = known.iter().filter(|one| one.effective_on < earned.on);
    let before = earlier.map(|one| one.amount).sum();
    let of_day = known.iter().filter(|one| one.effective_on == earned.on);
    reaching(earned.level.threshold, before, of_day.map(|one| (one.id, one.amount)))
}
