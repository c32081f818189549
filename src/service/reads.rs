//! Reads: each takes a set of subjects and costs the same number of statements for one as for many.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use entity::value::{LedgerReason, PointsReason};
use entity::{activity, ledger_entry, points_entry};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::booking::{read_reached, track};
use super::{Services, input};
use crate::error::Error;
use crate::program::Level;
use crate::program::calendar::{membership_year, year_end};
use crate::program::edition::ProductCategory;
use crate::program::explain::{Award, Cause, explain};
use crate::program::refusal::{Code, Refusal};
use crate::program::rule::{Program, Track};
use crate::program::standing::{
    LevelAward, ProfessionalStanding, TrackStanding, TrackSums, check_partner_day, check_professional_day,
    overall, period_awards, professional_standing, track_standing,
};
use crate::program::totals::{Period, TrackTotal, membership_number};
use crate::store::activity::Owner;
use crate::store::ledger::LedgerFilter;
use crate::store::page::{Page, Rows};
use crate::store::partner::{PartnerFilter, PartnerKey, PartnerOrder, PartnerRow};
use crate::store::professional::{
    AffiliatedProfessional, ProfessionalFilter, ProfessionalKey, ProfessionalOrder, ProfessionalRow,
};
use crate::store::{activity as activities, ledger, partner, professional, standing, totals};

/// What a subject was asked for, or why it can't be told.
pub type PerSubject<T> = HashMap<Uuid, Result<T, Refusal>>;

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
    /// Base discount by category, in percent (PP, Rewards).
    pub base_discounts: Vec<(ProductCategory, Decimal)>,
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
    /// The partner with a code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partner_by_code(&self, code: &str) -> Result<Option<PartnerRow>, Error> {
        if input::code("code", code).is_err() {
            return Ok(None);
        }
        Ok(partner::by_code(self.db.reader(), code).await?)
    }

    /// Partners by id; who does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, PartnerRow>, Error> {
        let rows = partner::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// One page of partners.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_page(
        &self,
        filter: &PartnerFilter,
        order: PartnerOrder,
        page: &Page<PartnerKey>,
    ) -> Result<Rows<PartnerRow>, Error> {
        Ok(partner::page(self.db.reader(), filter, order, page).await?)
    }

    /// How many partners there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_count(&self, filter: &PartnerFilter) -> Result<i64, Error> {
        Ok(partner::count(self.db.reader(), filter).await?)
    }

    /// The professional with a code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professional_by_code(&self, code: &str) -> Result<Option<ProfessionalRow>, Error> {
        if input::code("code", code).is_err() {
            return Ok(None);
        }
        Ok(professional::by_code(self.db.reader(), code).await?)
    }

    /// Professionals by id; who does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, ProfessionalRow>, Error> {
        let rows = professional::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// One page of professionals.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals_page(
        &self,
        filter: &ProfessionalFilter,
        order: ProfessionalOrder,
        page: &Page<ProfessionalKey>,
    ) -> Result<Rows<ProfessionalRow>, Error> {
        Ok(professional::page(self.db.reader(), filter, order, page).await?)
    }

    /// How many professionals there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals_count(&self, filter: &ProfessionalFilter) -> Result<i64, Error> {
        Ok(professional::count(self.db.reader(), filter).await?)
    }

    /// Partners' levels on a day (today, if none is named), as known now or at a moment (V3, V5, K1).
    ///
    /// # Errors
    /// When the database fails; a day that can't be asked for is told for each partner.
    pub async fn partner_standings(
        &self,
        partners: &[PartnerRow],
        as_of: Option<NaiveDate>,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<PerSubject<PartnerStanding>, Error> {
        let editions = &self.policy.editions;
        let today = self.clock.today();
        let day = as_of.unwrap_or(today);
        let mut answers: PerSubject<PartnerStanding> = HashMap::with_capacity(partners.len());
        let mut ids = Vec::with_capacity(partners.len());
        for partner in partners {
            match check_partner_day(editions, partner.enrolled_on, day, today) {
                Ok(()) => ids.push(partner.id),
                Err(refusal) => drop(answers.insert(partner.id, Err(refusal))),
            }
        }
        let mut sums = match known_at {
            None => self.sums(&ids, day).await?,
            Some(moment) => self.known_sums(&ids, day, moment).await?,
        };
        for id in ids {
            let [technical, business] = sums.remove(&id).unwrap_or_default();
            let technical = track_standing(editions, Track::Technical, &technical, day);
            let business = track_standing(editions, Track::Business, &business, day);
            let overall = overall(&technical, &business);
            let rewards = &editions.at(day).rewards;
            let discounts = ProductCategory::ALL.map(|one| (one, rewards.base_discount(&overall.code, one)));
            let base_discounts = discounts.to_vec();
            answers
                .insert(id, Ok(PartnerStanding { as_of: day, technical, business, overall, base_discounts }));
        }
        Ok(answers)
    }

    async fn sums(&self, ids: &[Uuid], day: NaiveDate) -> Result<HashMap<Uuid, [TrackSums; 2]>, Error> {
        let year = Period(day.year());
        let (year_starts_on, _) = year.days(&self.policy.editions);
        let rows = standing::of_partners(self.db.reader(), ids, day, year.0, year_starts_on).await?;
        let mut sums: HashMap<Uuid, [TrackSums; 2]> = HashMap::new();
        for row in rows {
            let of_partner = sums.entry(row.partner_id).or_default();
            let tracks = [(row.technical, row.technical_reached), (row.business, row.business_reached)];
            for (sums, (credits, reached)) in of_partner.iter_mut().zip(tracks) {
                if row.period == Period::LEGACY.0 {
                    sums.legacy = credits;
                } else if row.period == year.0 {
                    (sums.this_year, sums.this_year_reached) = (credits, read_reached(&reached)?);
                } else {
                    (sums.last_year, sums.last_year_reached) = (credits, read_reached(&reached)?);
                }
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
        let last_year = Period(day.year() - 1).days(editions).0;
        let from = legacy.map_or(last_year, |legacy| legacy.from.min(last_year));
        let known = self.known_totals(ids, from, day, moment).await?;
        let mut sums: HashMap<Uuid, [TrackSums; 2]> = HashMap::new();
        for ((id, period, track), total) in known {
            let sums = &mut sums.entry(id).or_default()[usize::from(track == Track::Business)];
            if period == Period::LEGACY {
                sums.legacy = total.credits;
            } else if period.0 == day.year() {
                (sums.this_year, sums.this_year_reached) = (total.credits, total.reached);
            } else if period.0 == day.year() - 1 {
                (sums.last_year, sums.last_year_reached) = (total.credits, total.reached);
            }
        }
        Ok(sums)
    }

    async fn known_totals(
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
        ids: &[Uuid],
        year: i32,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<HashMap<Uuid, YearCredits>, Error> {
        let editions = &self.policy.editions;
        let (mut from, to) = Period(year).days(editions);
        let mut credits: HashMap<Uuid, YearCredits> = HashMap::new();
        let before_launch = year < editions.launch().year();
        if before_launch {
            from = crate::program::calendar::year_start(year);
        }
        if !(1..=9_999).contains(&year) {
            return Ok(credits);
        }
        let mut add = |id: Uuid, track: Track, n: i64| {
            let of_partner = credits.entry(id).or_default();
            match track {
                Track::Technical => of_partner.technical += n,
                Track::Business => of_partner.business += n,
            }
        };
        match known_at {
            Some(moment) => {
                for ((id, _, track), total) in self.known_totals(ids, from, to, moment).await? {
                    add(id, track, total.credits);
                }
            }
            None if before_launch => {
                let columns = Track::ALL.map(super::booking::column);
                let spans = ids.iter().flat_map(|id| columns.map(|track| (*id, track, from, year_end(year))));
                for row in totals::partner_days(self.db.reader(), spans).await? {
                    add(row.partner_id, track(row.track), row.credits);
                }
            }
            None => {
                for row in totals::of_partners_in(self.db.reader(), ids, year).await? {
                    add(row.partner_id, Track::Technical, row.technical);
                    add(row.partner_id, Track::Business, row.business);
                }
            }
        }
        Ok(credits)
    }

    /// Every level that partners earned, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn level_histories(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<LevelAward>>, Error> {
        let editions = &self.policy.editions;
        let mut histories: HashMap<Uuid, Vec<LevelAward>> = HashMap::new();
        for row in totals::of_partners(self.db.reader(), ids.iter().copied()).await? {
            let history = histories.entry(row.partner_id).or_default();
            let period = Period(row.period);
            let technical = read_reached(&row.technical_reached)?;
            let business = read_reached(&row.business_reached)?;
            history.extend(period_awards(editions, Track::Technical, period, row.technical, &technical));
            history.extend(period_awards(editions, Track::Business, period, row.business, &business));
        }
        for history in histories.values_mut() {
            history.sort_by_key(|award| (award.earned_on, award.track));
        }
        Ok(histories)
    }

    /// Spendable credits as they were known at a moment; who had no entry then is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_balances(
        &self,
        ids: &[Uuid],
        moment: DateTime<Utc>,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        Ok(ledger::known_balances(self.db.reader(), ids, moment).await?)
    }

    /// For each partner, one page of its ledger.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger_pages(
        &self,
        ids: &[Uuid],
        filter: &LedgerFilter,
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<ledger_entry::Model>>, Error> {
        Ok(ledger::of_partners(self.db.reader(), ids, filter, page).await?)
    }

    /// For each partner, how many entries its ledger has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger_counts(
        &self,
        ids: &[Uuid],
        filter: &LedgerFilter,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        Ok(ledger::count_of_partners(self.db.reader(), ids, filter).await?)
    }

    /// Ledger entries by id; what does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger_entries_by_ids(
        &self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, ledger_entry::Model>, Error> {
        let rows = ledger::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// For each owner, one page of its activities in the order of recording.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activity_pages(
        &self,
        owner: Owner,
        ids: &[Uuid],
        page: &Page<i64>,
    ) -> Result<HashMap<Uuid, Rows<activity::Model>>, Error> {
        Ok(activities::of_owners(self.db.reader(), owner, ids, page).await?)
    }

    /// For each owner, how many activities it has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activity_counts(&self, owner: Owner, ids: &[Uuid]) -> Result<HashMap<Uuid, i64>, Error> {
        Ok(activities::count_of_owners(self.db.reader(), owner, ids).await?)
    }

    /// Activities by id; what does not exist is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activities_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, activity::Model>, Error> {
        let rows = activities::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// The activity with a natural key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activity_by_key(
        &self,
        source: &str,
        external_id: &str,
    ) -> Result<Option<activity::Model>, Error> {
        let (Ok(source), Ok(external_id)) =
            (input::key("source", source), input::key("externalId", external_id))
        else {
            return Ok(None);
        };
        Ok(activities::by_keys(self.db.reader(), [(source.as_str(), external_id.as_str())]).await?.pop())
    }

    /// For each partner, one page of the professionals who work for it on a day.
    ///
    /// # Errors
    /// When the database fails, or the day lies after today.
    pub async fn affiliated_pages(
        &self,
        ids: &[Uuid],
        as_of: Option<NaiveDate>,
        page: &Page<Uuid>,
    ) -> Result<HashMap<Uuid, Rows<AffiliatedProfessional>>, Error> {
        let day = self.check_not_future(as_of)?;
        Ok(professional::of_partners(self.db.reader(), ids, day, page).await?)
    }

    /// For each partner, how many professionals work for it on a day.
    ///
    /// # Errors
    /// When the database fails, or the day lies after today.
    pub async fn affiliated_counts(
        &self,
        ids: &[Uuid],
        as_of: Option<NaiveDate>,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        let day = self.check_not_future(as_of)?;
        Ok(professional::count_of_partners(self.db.reader(), ids, day).await?)
    }

    /// For each professional, the partner on a day.
    ///
    /// # Errors
    /// When the database fails, or the day lies after today.
    pub async fn employers(
        &self,
        ids: &[Uuid],
        as_of: Option<NaiveDate>,
    ) -> Result<HashMap<Uuid, PartnerRow>, Error> {
        let day = self.check_not_future(as_of)?;
        Ok(professional::employers(self.db.reader(), ids, day).await?)
    }

    fn check_not_future(&self, as_of: Option<NaiveDate>) -> Result<NaiveDate, Refusal> {
        let today = self.clock.today();
        match as_of {
            Some(day) if day > today => Err(Refusal::new(
                Code::DateInFuture,
                "asOf",
                format!("asOf {day} lies after today, {today}."),
            )),
            day => Ok(day.unwrap_or(today)),
        }
    }

    /// Professionals' levels on a day (today, if none is named), as known now or at a moment (S3, K1).
    ///
    /// # Errors
    /// When the database fails; a day that can't be asked for is told for each professional.
    pub async fn professional_standings(
        &self,
        professionals: &[ProfessionalRow],
        as_of: Option<NaiveDate>,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<PerSubject<(NaiveDate, ProfessionalStanding)>, Error> {
        let editions = &self.policy.editions;
        let today = self.clock.today();
        let day = as_of.unwrap_or(today);
        let mut answers: PerSubject<(NaiveDate, ProfessionalStanding)> =
            HashMap::with_capacity(professionals.len());
        let mut asked = Vec::with_capacity(professionals.len());
        for one in professionals {
            match check_professional_day(one.signed_up_on, day, today) {
                Ok(()) => asked.push(one),
                Err(refusal) => drop(answers.insert(one.id, Err(refusal))),
            }
        }
        let points = self.membership_points(&asked, day, known_at).await?;
        for one in asked {
            let (this_year, last_year) = points.get(&one.id).copied().unwrap_or_default();
            let standing = professional_standing(editions, one.signed_up_on, day, this_year, last_year);
            answers.insert(one.id, Ok((day, standing)));
        }
        Ok(answers)
    }

    /// Points of the membership year that a day lies in, through that day, and of the year before.
    async fn membership_points(
        &self,
        asked: &[&ProfessionalRow],
        day: NaiveDate,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<HashMap<Uuid, (i64, i64)>, Error> {
        let db = self.db.reader();
        let mut points: HashMap<Uuid, (i64, i64)> = HashMap::new();
        let Some(moment) = known_at else {
            let of = asked.iter().map(|one| {
                let year = membership_year(one.signed_up_on, day);
                (one.id, year.number, year.starts_on)
            });
            for row in standing::of_professionals(db, &of.collect::<Vec<_>>(), day).await? {
                points.insert(row.professional_id, (row.this_year, row.last_year));
            }
            return Ok(points);
        };
        let signed_up: HashMap<Uuid, NaiveDate> =
            asked.iter().map(|one| (one.id, one.signed_up_on)).collect();
        let number = |id: &Uuid, day| {
            signed_up.get(id).map_or(0, |signed_up_on| membership_number(*signed_up_on, day))
        };
        let of = asked.iter().map(|one| {
            let number = membership_number(one.signed_up_on, day);
            (one.id, number, crate::program::calendar::anniversary(one.signed_up_on, number - 1))
        });
        for row in standing::known_points(db, &of.collect::<Vec<_>>(), day, moment).await? {
            let Some(net) = row.points else { continue };
            let (this_year, last_year) = points.entry(row.professional_id).or_default();
            let years_ago = number(&row.professional_id, day) - number(&row.professional_id, row.day);
            match years_ago {
                0 => *this_year += net,
                1 => *last_year += net,
                _ => {}
            }
        }
        Ok(points)
    }

    /// Dojo Credits as they were known at a moment; who had no entry then is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_dojo_credits(
        &self,
        ids: &[Uuid],
        moment: DateTime<Utc>,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        Ok(ledger::known_dojo_credits(self.db.reader(), ids, moment).await?)
    }

    /// Key and place of the edition that judges a day (today, if none is named).
    #[must_use]
    pub fn edition_at(&self, as_of: Option<NaiveDate>) -> (Uuid, usize) {
        let index = self.policy.editions.index_at(as_of.unwrap_or_else(|| self.clock.today()));
        (self.policy.id(index).unwrap_or_default(), index)
    }

    /// One sentence for a ledger entry: the rule, the units before and after, the arithmetic.
    #[must_use]
    pub fn explain_credits(&self, entry: &ledger_entry::Model) -> String {
        let cause = match entry.reason {
            LedgerReason::Void => Cause::Void,
            LedgerReason::Affiliation => Cause::Affiliation,
            _ => Cause::Activity,
        };
        let legacy = entry.effective_on < self.policy.editions.launch();
        let counted = Counted {
            kind: entry.kind.as_deref(),
            edition_id: entry.edition_id,
            window_start: entry.window_start,
            units: entry.units_before.zip(entry.units_after),
        };
        self.sentence(Program::Partner, cause, legacy, &counted, entry.level_credits)
    }

    /// One sentence for a points entry.
    #[must_use]
    pub fn explain_points(&self, entry: &points_entry::Model) -> String {
        let cause = if entry.reason == PointsReason::Void { Cause::Void } else { Cause::Activity };
        let counted = Counted {
            kind: entry.kind.as_deref(),
            edition_id: entry.edition_id,
            window_start: entry.window_start,
            units: entry.units_before.zip(entry.units_after),
        };
        self.sentence(Program::Professional, cause, false, &counted, entry.points)
    }

    fn sentence(
        &self,
        program: Program,
        cause: Cause,
        legacy: bool,
        counted: &Counted<'_>,
        amount: i64,
    ) -> String {
        let editions = &self.policy.editions;
        let rule = counted
            .edition_id
            .and_then(|id| editions.get(self.policy.index(id)?))
            .and_then(|edition| edition.rule(editions.kind(program, counted.kind?)?));
        let (Some(rule), Some(window_start), Some((units_before, units_after))) =
            (rule, counted.window_start, counted.units)
        else {
            return String::new();
        };
        explain(rule, &Award { cause, legacy, window_start, units_before, units_after, amount })
    }
}

/// What an entry counted, as its columns say.
struct Counted<'e> {
    kind: Option<&'e str>,
    edition_id: Option<Uuid>,
    window_start: Option<NaiveDate>,
    units: Option<(i64, i64)>,
}
