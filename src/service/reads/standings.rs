//! Partners' levels on a day, their credits of a year, and the levels that they earned.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::PerSubject;
use crate::access::Operation;
use crate::error::Error;
use crate::program::Level;
use crate::program::calendar::{year_end, year_start};
use crate::program::edition::Editions;
use crate::program::level_override::{LevelOverride, override_on, override_track};
use crate::program::refusal::Refusal;
use crate::program::rule::Track;
use crate::program::standing::{
    TrackStanding, TrackSums, YearSum, check_outlook_day, check_partner_day, overall, track_standing,
};
use crate::program::totals::{Period, TrackTotal};
use crate::service::posting::{PeriodTotal, column, read_overrides, read_reached, track};
use crate::service::subjects::apply_override;
use crate::service::{Services, input};
use crate::store::partner::PartnerRow;
use crate::store::standing::{PartnerSums, SumDays};
use crate::store::{standing, subject_step, totals};

/// A partner's levels on a day.
#[derive(Clone, Debug)]
pub struct PartnerStanding {
    /// The day.
    pub as_of: NaiveDate,
    /// Technical track.
    pub technical: TrackStanding,
    /// Business track.
    pub business: TrackStanding,
    /// The higher of both (V4).
    pub overall: Arc<Level>,
    /// The levels that credits earned: technical, business.
    pub earned_levels: [Arc<Level>; 2],
    /// The overrides that hold in their place (E5): technical, business.
    pub overrides: [Option<LevelOverride>; 2],
}

/// Level credits of a year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct YearCredits {
    /// Technical credits.
    pub technical: i64,
    /// Business credits.
    pub business: i64,
}

impl Services {
    /// Standings of partners on an effective date (default today), as recorded now or at a past time (V3, V5, K1).
    ///
    /// # Errors
    /// When the database fails; an invalid day is a refusal for each partner.
    pub async fn partner_standings(
        &self,
        partners: &[PartnerRow],
        as_of: Option<NaiveDate>,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<PerSubject<PartnerStanding>, Error> {
        let today = self.clock.today();
        let day = as_of.unwrap_or(today);
        let check = |row: &PartnerRow| check_partner_day(&self.policy.editions, row.enrolled_on, day, today);
        self.checked_standings(partners, day, known_at, check).await
    }

    /// The partner with a code, and its standing today if one statement reads both: not if levels of earlier years can
    /// hold, nor if the caller does not see the standing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partner_with_standing(
        &self,
        code: &str,
    ) -> Result<Option<(PartnerRow, Option<PerSubject<PartnerStanding>>)>, Error> {
        let day = self.clock.today();
        if self.has_earlier_levels(day) {
            return Ok(self.partner_by_code(code).await?.map(|row| (row, None)));
        }
        if input::code("code", code).is_err() {
            return Ok(None);
        }
        let (editions, days) = (&self.policy.editions, self.sum_days(day));
        let visibility = self.visibility(Operation::Partner);
        let found = standing::partner_by_code(self.db.reader(), code, days).await?;
        let Some((row, sums)) = found.filter(|(row, _)| visibility.can_see_partner(row.id)) else {
            return Ok(None);
        };
        if self.authorize_accounts(std::iter::once(row.id)).is_err() {
            return Ok(Some((row, None)));
        }
        let answer = match check_partner_day(editions, row.enrolled_on, day, day) {
            Ok(()) => {
                let overrides = read_overrides(row.level_overrides.as_deref())?;
                let sums = read_sums(editions, days, sums)?.remove(&row.id).unwrap_or_default();
                Ok(standing_of(editions, day, &sums, &overrides))
            }
            Err(refusal) => Err(refusal),
        };
        let standings = PerSubject::from([(row.id, answer)]);
        Ok(Some((row, Some(standings))))
    }

    /// Standings of partners on a day ahead if nothing more is earned, by the editions published so far (F2).
    ///
    /// # Errors
    /// When the day is not ahead or too far, or the database fails.
    pub async fn partner_outlooks(
        &self,
        partners: &[PartnerRow],
        day: NaiveDate,
    ) -> Result<PerSubject<PartnerStanding>, Error> {
        check_outlook_day(day, self.clock.today())?;
        self.checked_standings(partners, day, None, |_| Ok(())).await
    }

    async fn checked_standings(
        &self,
        partners: &[PartnerRow],
        day: NaiveDate,
        known_at: Option<DateTime<Utc>>,
        check: impl Fn(&PartnerRow) -> Result<(), Refusal> + Send,
    ) -> Result<PerSubject<PartnerStanding>, Error> {
        self.authorize_accounts(partners.iter().map(|row| row.id))?;
        let editions = &self.policy.editions;
        let mut answers: PerSubject<PartnerStanding> = HashMap::with_capacity(partners.len());
        let mut ids = Vec::with_capacity(partners.len());
        for partner in partners {
            match check(partner) {
                Ok(()) => ids.push(partner.id),
                Err(refusal) => drop(answers.insert(partner.id, Err(refusal))),
            }
        }
        let overrides = self.partner_overrides(partners, known_at).await?;
        let mut sums = match known_at {
            None => self.sums(self.db.reader(), &ids, day).await?,
            Some(moment) => self.known_sums(&ids, day, moment).await?,
        };
        for id in ids {
            let sums = sums.remove(&id).unwrap_or_default();
            let overrides = overrides.get(&id).map_or(&[][..], Vec::as_slice);
            answers.insert(id, Ok(standing_of(editions, day, &sums, overrides)));
        }
        Ok(answers)
    }

    /// A partner's levels on a day within a transaction.
    pub(in crate::service) async fn standing_within(
        &self,
        connection: &impl ConnectionTrait,
        partner: &PartnerRow,
        day: NaiveDate,
    ) -> Result<PartnerStanding, Error> {
        check_partner_day(&self.policy.editions, partner.enrolled_on, day, self.clock.today())?;
        let mut sums = self.sums(connection, &[partner.id], day).await?;
        let overrides = read_overrides(partner.level_overrides.as_deref())?;
        let sums = sums.remove(&partner.id).unwrap_or_default();
        Ok(standing_of(&self.policy.editions, day, &sums, &overrides))
    }

    /// Overrides of partners, as known now or at a past time.
    async fn partner_overrides(
        &self,
        partners: &[PartnerRow],
        known_at: Option<DateTime<Utc>>,
    ) -> Result<HashMap<Uuid, Vec<LevelOverride>>, Error> {
        let stored = partners.iter().map(|row| (row.id, row.level_overrides.as_deref()));
        self.overrides_known(stored.collect(), known_at).await
    }

    /// Overrides of subjects by their rows, as known now or at a past time.
    pub(super) async fn overrides_known(
        &self,
        stored: Vec<(Uuid, Option<&str>)>,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<HashMap<Uuid, Vec<LevelOverride>>, Error> {
        let mut overrides: HashMap<Uuid, Vec<LevelOverride>> = HashMap::new();
        for (id, text) in &stored {
            if text.is_some() {
                overrides.insert(*id, read_overrides(*text)?);
            }
        }
        let Some(moment) = known_at.filter(|_| !overrides.is_empty()) else { return Ok(overrides) };
        let ids: Vec<Uuid> = overrides.keys().copied().collect();
        overrides.clear();
        for step in subject_step::overrides_known(self.db.reader(), &ids, moment).await? {
            let Some(id) = step.row.partner_id.or(step.row.professional_id) else { continue };
            let of_subject = overrides.entry(id).or_default();
            // A step about no override changes none; `verify` reports it.
            let _ = apply_override(of_subject, &step.row, step.recorded_at, step.reason);
        }
        Ok(overrides)
    }

    /// The days of sums through a day.
    fn sum_days(&self, day: NaiveDate) -> SumDays {
        let year = Period(day.year());
        SumDays { day, year: year.0, year_starts_on: year.days(&self.policy.editions).0 }
    }

    /// Whether levels of years before the last one can hold on a day, by the terms of an edition.
    fn has_earlier_levels(&self, day: NaiveDate) -> bool {
        self.policy.editions.first_level_year(day) < day.year() - 1
    }

    pub(super) async fn sums(
        &self,
        connection: &impl ConnectionTrait,
        ids: &[Uuid],
        day: NaiveDate,
    ) -> Result<HashMap<Uuid, [TrackSums; 2]>, Error> {
        let editions = &self.policy.editions;
        let days = self.sum_days(day);
        let mut sums = read_sums(editions, days, standing::of_partners(connection, ids, days).await?)?;
        if !self.has_earlier_levels(day) {
            return Ok(sums);
        }
        let first = editions.first_level_year(day);
        for row in totals::of_partners(connection, ids.iter().copied()).await? {
            if row.period < first || row.period >= day.year() - 1 {
                continue;
            }
            let of_partner = sums.entry(row.partner_id).or_default();
            let total = PeriodTotal::read(&row)?;
            for (sums, track) in of_partner.iter_mut().zip(Track::ALL) {
                let total = total.track(track);
                let reached = total.reached_through(editions, year_end(row.period));
                sums.earlier.push(YearSum { year: row.period, credits: total.credits, reached });
            }
        }
        Ok(sums)
    }

    async fn known_sums(
        &self,
        ids: &[Uuid],
        day: NaiveDate,
        moment: DateTime<Utc>,
    ) -> Result<HashMap<Uuid, [TrackSums; 2]>, Error> {
        let editions = &self.policy.editions;
        let legacy = editions.legacy().filter(|legacy| day <= legacy.level_valid_until);
        let last_year = Period(editions.first_level_year(day)).days(editions).0;
        let from = legacy.map_or(last_year, |legacy| legacy.from.min(last_year));
        let known = self.known_totals(ids, from, day, moment).await?;
        let mut sums: HashMap<Uuid, [TrackSums; 2]> = HashMap::new();
        for ((id, period, track), total) in known {
            let sums = &mut sums.entry(id).or_default()[usize::from(track == Track::Business)];
            let reached = total.reached_through(editions, period.days(editions).1.min(day));
            let credits = total.credits;
            if period == Period::LEGACY {
                sums.legacy = credits;
            } else if period.0 == day.year() {
                (sums.this_year, sums.this_year_reached) = (credits, reached);
            } else if period.0 == day.year() - 1 {
                (sums.last_year, sums.last_year_reached) = (credits, reached);
            } else {
                sums.earlier.push(YearSum { year: period.0, credits, reached });
            }
        }
        Ok(sums)
    }

    /// Totals of partners by period and track as recorded at a past time, of the days in a span.
    pub(super) async fn known_totals(
        &self,
        ids: &[Uuid],
        from: NaiveDate,
        to: NaiveDate,
        moment: DateTime<Utc>,
    ) -> Result<HashMap<(Uuid, Period, Track), TrackTotal>, Error> {
        let editions = &self.policy.editions;
        let rows = standing::known_days(self.db.reader(), ids, from, to, moment).await?;
        let mut totals: HashMap<(Uuid, Period, Track), TrackTotal> = HashMap::new();
        for row in rows {
            let Some(credits) = row.credits else { continue };
            let key = (row.partner_id, Period::of(editions, row.day), track(row.track));
            totals.entry(key).or_default().add(editions, row.day, credits);
        }
        Ok(totals)
    }

    /// Level credits of a calendar year. Years before launch show what counted for the first level;
    /// the launch year begins on launch day (L1).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn year_credits(
        &self,
        partners: &[PartnerRow],
        year: i32,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<HashMap<Uuid, YearCredits>, Error> {
        self.authorize_accounts(partners.iter().map(|row| row.id))?;
        let editions = &self.policy.editions;
        let (mut from, to) = Period(year).days(editions);
        let mut credits: HashMap<Uuid, YearCredits> = HashMap::new();
        let before_launch = year < editions.launch().year();
        if before_launch {
            from = year_start(year);
        }
        if !(1..=9_999).contains(&year) {
            return Ok(credits);
        }
        let ids: Vec<Uuid> = partners.iter().map(|row| row.id).collect();
        let mut add = |id: Uuid, track: Track, n: i64| {
            let of_partner = credits.entry(id).or_default();
            match track {
                Track::Technical => of_partner.technical += n,
                Track::Business => of_partner.business += n,
            }
        };
        match known_at {
            Some(moment) => {
                for ((id, _, track), total) in self.known_totals(&ids, from, to, moment).await? {
                    add(id, track, total.credits);
                }
            }
            None if before_launch => {
                let columns = Track::ALL.map(column);
                let spans = ids.iter().flat_map(|id| columns.map(|track| (*id, track, from, year_end(year))));
                for row in totals::partner_days(self.db.reader(), spans).await? {
                    add(row.partner_id, track(row.track), row.credits);
                }
            }
            // Rows of a list that is ordered by these credits contain them.
            None if partners.iter().all(|row| row.credits_year == Some(year)) => {
                for row in partners {
                    let (technical, total) = (row.year_technical.unwrap_or(0), row.year_credits.unwrap_or(0));
                    add(row.id, Track::Technical, technical);
                    add(row.id, Track::Business, total - technical);
                }
            }
            None => {
                for row in totals::of_partners_in(self.db.reader(), &ids, year).await? {
                    add(row.partner_id, Track::Technical, row.technical);
                    add(row.partner_id, Track::Business, row.business);
                }
            }
        }
        Ok(credits)
    }
}

/// The sums of partners by track.
fn read_sums(
    editions: &Editions,
    days: SumDays,
    rows: Vec<PartnerSums>,
) -> Result<HashMap<Uuid, [TrackSums; 2]>, Error> {
    let mut sums: HashMap<Uuid, [TrackSums; 2]> = HashMap::new();
    for row in rows {
        let of_partner = sums.entry(row.partner_id).or_default();
        let tracks = [
            (row.technical, row.technical_last_on, row.technical_reached),
            (row.business, row.business_last_on, row.business_reached),
        ];
        for (sums, (credits, last_on, reached)) in of_partner.iter_mut().zip(tracks) {
            let total = TrackTotal { credits, last_on, reached: read_reached(&reached)? };
            if row.period == Period::LEGACY.0 {
                sums.legacy = credits;
            } else if row.period == days.year {
                (sums.this_year, sums.this_year_reached) =
                    (credits, total.reached_through(editions, days.day));
            } else {
                let last_day = year_end(row.period);
                (sums.last_year, sums.last_year_reached) =
                    (credits, total.reached_through(editions, last_day));
            }
        }
    }
    Ok(sums)
}

fn standing_of(
    editions: &Editions,
    day: NaiveDate,
    [technical, business]: &[TrackSums; 2],
    overrides: &[LevelOverride],
) -> PartnerStanding {
    let earned = [
        track_standing(editions, Track::Technical, technical, day),
        track_standing(editions, Track::Business, business, day),
    ];
    let earned_levels = [Arc::clone(&earned[0].level), Arc::clone(&earned[1].level)];
    let [technical, business] = earned.map(|standing| override_track(editions, standing, overrides, day));
    let found = Track::ALL.map(|track| override_on(overrides, Some(track), day).cloned());
    let overall = overall(&technical, &business);
    PartnerStanding { as_of: day, technical, business, overall, earned_levels, overrides: found }
}
