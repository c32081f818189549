//! Partners and their affiliated professionals.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::PerSubject;
use super::lists::known_levels;
use super::professionals::StandingOn;
use crate::access::Operation;
use crate::error::Error;
use crate::program::level::Levels;
use crate::program::refusal::{Code, Refusal};
use crate::program::rule::Track;
use crate::program::search::fold;
use crate::program::wording::in_the_future;
use crate::service::access::Visibility;
use crate::service::{Services, input};
use crate::store::list::partners::{self, Lapsing, LevelFilter, PartnerFilter, PartnerOrder, TrackColumn};
use crate::store::page::{Page, Rows, Scope};
use crate::store::partner::PartnerRow;
use crate::store::professional::{ProfessionalRow, YearPoints};
use crate::store::subject::{self, SubjectKey};
use crate::store::{ledger, professional};

/// A filter on partners, as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartnerQuery {
    /// Part of the code or the name.
    pub search: Option<String>,
    /// First day of enrolment.
    pub enrolled_from: Option<NaiveDate>,
    /// Last day of enrolment.
    pub enrolled_to: Option<NaiveDate>,
    /// Codes of levels.
    pub levels: Option<Vec<String>>,
    /// The track of the levels; none for the overall level, and for a lapse in either track.
    pub track: Option<Track>,
    /// First day of a period in which a level lapses.
    pub lapsing_from: Option<NaiveDate>,
    /// Its last day.
    pub lapsing_to: Option<NaiveDate>,
    /// Most credits that are missing for the next level.
    pub within_credits: Option<i32>,
}

/// The columns of a track, or of either.
#[must_use]
pub fn track_column(track: Option<Track>) -> TrackColumn {
    match track {
        Some(Track::Technical) => TrackColumn::Technical,
        Some(Track::Business) => TrackColumn::Business,
        None => TrackColumn::Either,
    }
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
        let visibility = self.visibility(Operation::Partner);
        Ok(subject::by_code::<PartnerRow>(self.db.reader(), code)
            .await?
            .filter(|row| visibility.can_see_partner(row.id)))
    }

    /// Partners by id; those that don't exist or are not visible are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, PartnerRow>, Error> {
        let visibility = self.visibility(Operation::Partner);
        let rows = subject::by_ids::<PartnerRow>(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows
            .into_iter()
            .filter(|row| visibility.can_see_partner(row.id))
            .map(|row| (row.id, row))
            .collect())
    }

    /// The filter on partners that a query asks for.
    ///
    /// # Errors
    /// When it names a level that no edition has, a number of credits below zero, or a first day after the last one.
    pub fn partner_filter(&self, query: PartnerQuery) -> Result<PartnerFilter, Refusal> {
        let track = track_column(query.track);
        let within_credits = match query.within_credits {
            Some(credits) if credits < 0 => {
                let message = format!("withinCreditsOfNext must be 0 or more; got {credits}.");
                return Err(Refusal::new(Code::Invalid, "withinCreditsOfNext", message));
            }
            credits => credits.map(|credits| (track, i64::from(credits))),
        };
        let (from, to) = (query.lapsing_from, query.lapsing_to);
        if let (Some(first), Some(last)) = (from, to)
            && first > last
        {
            let message = format!("lapsingFrom {first} is after lapsingTo {last}, so nothing matches.");
            return Err(Refusal::new(Code::Invalid, "lapsingFrom", message));
        }
        let lapsing = (from.is_some() || to.is_some()).then_some(Lapsing { track, from, to });
        let levels = query.levels.map(|levels| self.level_filter(&levels, query.track)).transpose()?;
        Ok(PartnerFilter {
            search: query.search.as_deref().map(fold),
            enrolled_from: query.enrolled_from,
            enrolled_to: query.enrolled_to,
            levels,
            lapsing,
            within_credits,
        })
    }

    /// Partners of these levels in a track, or overall: the higher one of the two tracks (V4).
    fn level_filter(&self, levels: &[String], track: Option<Track>) -> Result<LevelFilter, Refusal> {
        let known: Vec<&Levels> =
            self.policy.editions.iter().map(|edition| &edition.partner_levels).collect();
        let levels = known_levels(levels, &known)?;
        Ok(match track {
            Some(Track::Technical) => LevelFilter::Technical(levels),
            Some(Track::Business) => LevelFilter::Business(levels),
            None => {
                let mut pairs = Vec::new();
                for edition in known {
                    for (technical, business) in
                        edition.iter().flat_map(|one| edition.iter().map(move |other| (one, other)))
                    {
                        let overall = if technical.rank >= business.rank { technical } else { business };
                        let pair = format!("{}|{}", technical.code, business.code);
                        if levels.contains(&overall.code) && !pairs.contains(&pair) {
                            pairs.push(pair);
                        }
                    }
                }
                LevelFilter::Pairs(pairs)
            }
        })
    }

    /// One page of partners.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_page(
        &self,
        filter: &PartnerFilter,
        order: PartnerOrder,
        page: &Page<SubjectKey>,
    ) -> Result<Rows<PartnerRow>, Error> {
        match self.partner_scope() {
            Some(scope) => Ok(partners::page(self.db.reader(), filter, scope.only(), order, page).await?),
            None => Ok(Rows::default()),
        }
    }

    /// How many partners there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn partners_count(&self, filter: &PartnerFilter) -> Result<i64, Error> {
        match self.partner_scope() {
            Some(scope) => Ok(partners::count(self.db.reader(), filter, scope.only()).await?),
            None => Ok(0),
        }
    }

    /// How much of the list of partners the caller sees; `None` for nothing.
    fn partner_scope(&self) -> Option<Scope<Uuid>> {
        match self.visibility(Operation::Partner) {
            Visibility::All => Some(Scope::All),
            Visibility::Partner(id) => Some(Scope::Only(id)),
            _ => None,
        }
    }

    /// A partner's last day in the program.
    ///
    /// # Errors
    /// When the caller may not see partners: an integration knows its subjects by what it recorded for them.
    pub fn partner_left_on(&self, row: &PartnerRow) -> Result<Option<NaiveDate>, Error> {
        self.authorize(Operation::Partner)?;
        Ok(row.left_on)
    }

    /// What a partner can spend.
    ///
    /// # Errors
    /// When the caller may not see accounts.
    pub fn balance(&self, row: &PartnerRow) -> Result<i64, Error> {
        self.authorize_accounts([row.id].into_iter())?;
        Ok(row.credits)
    }

    /// Spendable credits as recorded at a past time; partners without an entry by then are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_balances(
        &self,
        ids: &[Uuid],
        moment: DateTime<Utc>,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
        Ok(ledger::known_balances(self.db.reader(), ids, moment).await?)
    }

    /// For each partner, one page of the professionals affiliated with it on a day (default today); and their standings today,
    /// if they are asked for and one statement reads both: not if the caller does not see them.
    ///
    /// # Errors
    /// When the database fails, or the day lies after today.
    pub async fn affiliated_pages(
        &self,
        ids: &[Uuid],
        as_of: Option<NaiveDate>,
        page: &Page<Uuid>,
        asks_standings: bool,
    ) -> Result<(HashMap<Uuid, Rows<ProfessionalRow>>, Option<PerSubject<StandingOn>>), Error> {
        self.authorize_accounts(ids.iter().copied())?;
        let day = self.check_not_future(as_of)?;
        let found = professional::of_partners(self.db.reader(), ids, day, page, asks_standings).await?;
        let totals = found.values().flat_map(|page| &page.rows);
        let totals: Option<HashMap<Uuid, Vec<YearPoints>>> =
            totals.map(|one| Some((one.row.id, one.totals()?))).collect();
        let pages = found.into_iter().map(|(id, page)| {
            let mut rows: Vec<ProfessionalRow> = page.rows.into_iter().map(|one| one.row).collect();
            self.redact_contacts(&mut rows);
            (id, Rows { rows, has_more: page.has_more })
        });
        let pages: HashMap<Uuid, Rows<ProfessionalRow>> = pages.collect();
        let standings = match totals.filter(|_| asks_standings) {
            Some(totals) => {
                let rows: Vec<ProfessionalRow> =
                    pages.values().flat_map(|page| &page.rows).cloned().collect();
                self.standings_by_totals(&rows, &totals).await?
            }
            None => None,
        };
        Ok((pages, standings))
    }

    /// For each partner, the number of professionals affiliated with it on a day.
    ///
    /// # Errors
    /// When the database fails, or the day lies after today.
    pub async fn affiliated_counts(
        &self,
        ids: &[Uuid],
        as_of: Option<NaiveDate>,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize_accounts(ids.iter().copied())?;
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
        let visibility = self.visibility(Operation::Partner);
        let mut employers = professional::employers(self.db.reader(), ids, day).await?;
        employers.retain(|_, row| visibility.can_see_partner(row.id));
        Ok(employers)
    }

    fn check_not_future(&self, as_of: Option<NaiveDate>) -> Result<NaiveDate, Refusal> {
        let today = self.clock.today();
        match as_of {
            Some(day) if day > today => {
                let message = format!("asOf {}", in_the_future(day, today));
                Err(Refusal::new(Code::DateInFuture, "asOf", message))
            }
            day => Ok(day.unwrap_or(today)),
        }
    }
}
