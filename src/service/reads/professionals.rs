//! Professionals and their levels.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::PerSubject;
use super::lists::known_levels;
use crate::access::Operation;
use crate::error::Error;
use crate::program::calendar::{anniversary, membership_year};
use crate::program::level::Levels;
use crate::program::level_history::Days;
use crate::program::level_override::{LevelOverride, override_on, override_professional};
use crate::program::refusal::{Code, Refusal};
use crate::program::search::fold;
use crate::program::standing::{
    MembershipSums, ProfessionalStanding, check_outlook_day, check_professional_day, professional_standing_of,
};
use crate::program::totals::membership_year_number;
use crate::service::access::Visibility;
use crate::service::{Services, input};
use crate::store::list::professionals::{self, ProfessionalFilter, ProfessionalOrder};
use crate::store::page::{Page, Rows};
use crate::store::professional::{ProfessionalRow, YearPoints};
use crate::store::subject::{self, SubjectKey};

/// A filter on professionals, as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfessionalQuery {
    /// Part of the code or the name.
    pub search: Option<String>,
    /// First day of sign-up.
    pub signed_up_from: Option<NaiveDate>,
    /// Last day of sign-up.
    pub signed_up_to: Option<NaiveDate>,
    /// Codes of levels.
    pub levels: Option<Vec<String>>,
    /// Code of the partner that they work for today.
    pub partner: Option<String>,
    /// Beginning of the e-mail address.
    pub email: Option<String>,
    /// First day on which the next membership year begins.
    pub renews_from: Option<NaiveDate>,
    /// Last day on which it begins.
    pub renews_to: Option<NaiveDate>,
    /// Whether the level is lost at renewal without further points.
    pub at_risk: Option<bool>,
}
use crate::store::{ledger, standing, subject_step, totals};

/// What standings are computed from.
enum Known {
    /// What was recorded by a time, or everything.
    At(Option<DateTime<Utc>>),
    /// Everything, of which the points of the membership year and the one before are known already.
    Sums(HashMap<Uuid, MembershipSums>),
}

/// A professional's standing on a day, and the override that holds then.
pub type StandingOn = (NaiveDate, ProfessionalStanding, Option<LevelOverride>);

impl Services {
    /// A professional's last day in the program.
    ///
    /// # Errors
    /// When the caller may not see professionals: an integration knows its subjects by what it recorded for them.
    pub fn professional_left_on(&self, row: &ProfessionalRow) -> Result<Option<NaiveDate>, Error> {
        self.authorize(Operation::Professional)?;
        Ok(row.left_on)
    }

    /// The professional with a code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professional_by_code(&self, code: &str) -> Result<Option<ProfessionalRow>, Error> {
        if input::code("code", code).is_err() {
            return Ok(None);
        }
        let found = subject::by_code::<ProfessionalRow>(self.db.reader(), code).await?;
        Ok(self.visible_professionals(found.into_iter().collect()).await?.pop())
    }

    /// Professionals by id; those that don't exist or are not visible are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals_by_ids(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, ProfessionalRow>, Error> {
        let rows = subject::by_ids::<ProfessionalRow>(self.db.reader(), ids.iter().copied()).await?;
        let rows = self.visible_professionals(rows).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// The filter on professionals that a query asks for; none where nobody the caller sees can match.
    ///
    /// # Errors
    /// When it names a level that no edition has, or the database fails.
    pub async fn professional_filter(
        &self,
        query: ProfessionalQuery,
    ) -> Result<Option<ProfessionalFilter>, Error> {
        let known: Vec<&Levels> =
            self.policy.editions.iter().map(|edition| &edition.professional_levels).collect();
        let levels = query.levels.map(|asked| known_levels(&asked, &known)).transpose()?;
        // Who does not see addresses finds nobody by them.
        if query.email.is_some() && self.visibility(Operation::ProfessionalContact) == Visibility::Nothing {
            return Ok(None);
        }
        let partner = match query.partner {
            None => None,
            Some(code) => match self.partner_by_code(&code).await? {
                Some(row) => Some((row.id, self.clock.today())),
                None => return Ok(None),
            },
        };
        Ok(Some(ProfessionalFilter {
            search: query.search.as_deref().map(fold),
            signed_up_from: query.signed_up_from,
            signed_up_to: query.signed_up_to,
            levels,
            partner,
            email: query.email.as_deref().map(|email| fold(email.trim())),
            renews_from: query.renews_from,
            renews_to: query.renews_to,
            at_risk: query.at_risk,
        }))
    }

    /// One page of professionals.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals_page(
        &self,
        filter: &ProfessionalFilter,
        order: ProfessionalOrder,
        page: &Page<SubjectKey>,
    ) -> Result<Rows<ProfessionalRow>, Error> {
        let Some(scope) = self.professional_scope() else { return Ok(Rows::default()) };
        let mut rows = professionals::page(self.db.reader(), filter, scope.only(), order, page).await?;
        self.redact_contacts(&mut rows.rows);
        Ok(rows)
    }

    /// How many professionals there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals_count(&self, filter: &ProfessionalFilter) -> Result<i64, Error> {
        let Some(scope) = self.professional_scope() else { return Ok(0) };
        Ok(professionals::count(self.db.reader(), filter, scope.only()).await?)
    }

    /// Standings of professionals on an effective date (default today), as recorded now or at a past time (S3, K1).
    ///
    /// # Errors
    /// When the database fails; an invalid day is a refusal for each professional.
    pub async fn professional_standings(
        &self,
        professionals: &[ProfessionalRow],
        as_of: Option<NaiveDate>,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<PerSubject<StandingOn>, Error> {
        let today = self.clock.today();
        let day = as_of.unwrap_or(today);
        let check = |row: &ProfessionalRow| check_professional_day(row.signed_up_on, day, today);
        self.checked_professional_standings(professionals, (day, day), Known::At(known_at), check).await
    }

    /// Standings of professionals today by the points of their last membership years; none if these do not tell them, or the
    /// caller does not see points.
    pub(super) async fn standings_by_totals(
        &self,
        professionals: &[ProfessionalRow],
        totals: &HashMap<Uuid, Vec<YearPoints>>,
    ) -> Result<Option<PerSubject<StandingOn>>, Error> {
        let today = self.clock.today();
        if self.authorize(Operation::ProfessionalPoints).is_err() {
            return Ok(None);
        }
        let mut sums: HashMap<Uuid, MembershipSums> = HashMap::with_capacity(professionals.len());
        for row in professionals {
            let number = membership_year_number(row.signed_up_on, today);
            let years = totals.get(&row.id).map_or(&[][..], Vec::as_slice);
            // Points of days ahead are those of a clock that was set back since.
            if years.iter().any(|year| year.number > number || year.last_on > today) {
                return Ok(None);
            }
            let points = |of| years.iter().find(|year| year.number == of).map_or(0, |year| year.points);
            let (this_year, last_year) = (points(number), points(number - 1));
            sums.insert(row.id, MembershipSums { this_year, last_year, ..MembershipSums::default() });
        }
        let check = |row: &ProfessionalRow| check_professional_day(row.signed_up_on, today, today);
        let known = Known::Sums(sums);
        self.checked_professional_standings(professionals, (today, today), known, check).await.map(Some)
    }

    /// Standings of professionals on a day ahead if nothing more is earned, by the editions published so far (F2).
    /// A partner sees those of who works for it today.
    ///
    /// # Errors
    /// When the day is not ahead or too far, or the database fails.
    pub async fn professional_outlooks(
        &self,
        professionals: &[ProfessionalRow],
        day: NaiveDate,
    ) -> Result<PerSubject<StandingOn>, Error> {
        let today = self.clock.today();
        check_outlook_day(day, today)?;
        self.checked_professional_standings(professionals, (day, today), Known::At(None), |_| Ok(())).await
    }

    /// The days are that of the standing, and that on which the caller must be allowed to see it.
    async fn checked_professional_standings(
        &self,
        professionals: &[ProfessionalRow],
        (day, shown_on): (NaiveDate, NaiveDate),
        known: Known,
        check: impl Fn(&ProfessionalRow) -> Result<(), Refusal> + Send,
    ) -> Result<PerSubject<StandingOn>, Error> {
        let (known_at, sums) = match known {
            Known::At(known_at) => (known_at, None),
            Known::Sums(sums) => (None, Some(sums)),
        };
        let editions = &self.policy.editions;
        let mut answers: PerSubject<StandingOn> = HashMap::with_capacity(professionals.len());
        let shown = self.with_visible_points(professionals.iter().map(|row| row.id), shown_on).await?;
        let mut asked = Vec::with_capacity(professionals.len());
        let known = match known_at {
            // What was known then includes the day of sign-up.
            Some(moment) => {
                let ids: Vec<Uuid> = professionals.iter().map(|row| row.id).collect();
                subject_step::sign_ups_known(self.db.reader(), &ids, moment).await?
            }
            None => HashMap::new(),
        };
        let as_known = professionals.iter().map(|row| match known.get(&row.id) {
            Some(signed_up_on) => Cow::Owned(ProfessionalRow { signed_up_on: *signed_up_on, ..row.clone() }),
            None => Cow::Borrowed(row),
        });
        let professionals: Vec<Cow<'_, ProfessionalRow>> = as_known.collect();
        for one in professionals.iter().map(Cow::as_ref) {
            if shown.as_ref().is_some_and(|shown| !shown.contains(&one.id)) {
                answers.insert(one.id, Err(not_employed(shown_on)));
                continue;
            }
            match check(one) {
                Ok(()) => asked.push(one),
                Err(refusal) => drop(answers.insert(one.id, Err(refusal))),
            }
        }
        let points = match known_at {
            None => self.membership_points(&asked, day, sums).await?,
            Some(moment) => self.known_membership_points(&asked, day, moment).await?,
        };
        let stored = asked.iter().map(|row| (row.id, row.level_overrides.as_deref()));
        let overrides = self.overrides_known(stored.collect(), known_at).await?;
        for one in asked {
            let sums = points.get(&one.id).cloned().unwrap_or_default();
            let standing = professional_standing_of(editions, one.signed_up_on, day, &sums);
            let overrides = overrides.get(&one.id).map_or(&[][..], Vec::as_slice);
            let standing = override_professional(editions, standing, overrides, day);
            let found = override_on(overrides, None, day).cloned();
            answers.insert(one.id, Ok((day, standing, found)));
        }
        Ok(answers)
    }

    /// Points of the membership year of a day, through that day, and of the previous membership year, which may be known
    /// already; of earlier ones where levels can hold that long.
    async fn membership_points(
        &self,
        asked: &[&ProfessionalRow],
        day: NaiveDate,
        known: Option<HashMap<Uuid, MembershipSums>>,
    ) -> Result<HashMap<Uuid, MembershipSums>, Error> {
        let db = self.db.reader();
        let mut points = if let Some(sums) = known {
            sums
        } else {
            let of = asked.iter().map(|one| {
                let year = membership_year(one.signed_up_on, day);
                (one.id, year.number, year.starts_on)
            });
            let found = standing::of_professionals(db, &of.collect::<Vec<_>>(), day).await?;
            let sums = found.into_iter().map(|row| {
                let (this_year, last_year) = (row.this_year, row.last_year);
                (row.professional_id, MembershipSums { this_year, last_year, ..MembershipSums::default() })
            });
            sums.collect()
        };
        if self.policy.editions.looks_back_for_professionals() {
            let years: HashMap<Uuid, i32> =
                asked.iter().map(|one| (one.id, membership_year_number(one.signed_up_on, day))).collect();
            for row in totals::of_professionals(db, years.keys().copied()).await? {
                let this = years.get(&row.professional_id).copied().unwrap_or_default();
                if row.membership_year < this - 1 {
                    let sums = points.entry(row.professional_id).or_default();
                    sums.earlier.push((row.membership_year, row.points));
                }
            }
        }
        self.add_reached(asked, day, &mut points).await?;
        Ok(points)
    }

    /// The same as recorded at a past time.
    async fn known_membership_points(
        &self,
        asked: &[&ProfessionalRow],
        day: NaiveDate,
        moment: DateTime<Utc>,
    ) -> Result<HashMap<Uuid, MembershipSums>, Error> {
        let db = self.db.reader();
        let looks_back = self.policy.editions.looks_back_for_professionals();
        let mut points: HashMap<Uuid, MembershipSums> = HashMap::new();
        let signed_up: HashMap<Uuid, NaiveDate> =
            asked.iter().map(|one| (one.id, one.signed_up_on)).collect();
        let number = |id: &Uuid, day| {
            signed_up.get(id).map_or(0, |signed_up_on| membership_year_number(*signed_up_on, day))
        };
        let of = asked.iter().map(|one| {
            let number = membership_year_number(one.signed_up_on, day);
            let from = if looks_back { one.signed_up_on } else { anniversary(one.signed_up_on, number - 1) };
            (one.id, number, from)
        });
        let mut days: HashMap<Uuid, Days> = HashMap::new();
        for row in standing::known_points(db, &of.collect::<Vec<_>>(), day, moment).await? {
            let Some(net) = row.points else { continue };
            days.entry(row.professional_id).or_default().insert(row.day, net);
            let sums = points.entry(row.professional_id).or_default();
            let year = number(&row.professional_id, row.day);
            match number(&row.professional_id, day) - year {
                0 => sums.this_year += net,
                1 => sums.last_year += net,
                _ => match sums.earlier.iter_mut().find(|(of, _)| *of == year) {
                    Some((_, points)) => *points += net,
                    None => sums.earlier.push((year, net)),
                },
            }
        }
        for one in asked {
            if let (Some(sums), Some(days)) = (points.get_mut(&one.id), days.get(&one.id)) {
                sums.add_reached(&self.policy.editions, one.signed_up_on, day, days);
            }
        }
        Ok(points)
    }

    /// Adds what the points of days reached, in the membership years in which an edition asks for more than one before it.
    async fn add_reached(
        &self,
        asked: &[&ProfessionalRow],
        day: NaiveDate,
        points: &mut HashMap<Uuid, MembershipSums>,
    ) -> Result<(), Error> {
        let editions = &self.policy.editions;
        let mut spans = Vec::new();
        for one in asked {
            let Some(sums) = points.get(&one.id) else { continue };
            let years = sums.raised_years(editions, one.signed_up_on, day);
            spans.extend(years.into_iter().map(|(_, (from, last))| (one.id, from, last.min(day))));
        }
        if spans.is_empty() {
            return Ok(());
        }
        let mut days: HashMap<Uuid, Days> = HashMap::new();
        for row in totals::professional_days(self.db.reader(), spans).await? {
            days.entry(row.professional_id).or_default().insert(row.day, row.points);
        }
        for one in asked {
            if let (Some(sums), Some(days)) = (points.get_mut(&one.id), days.get(&one.id)) {
                sums.add_reached(editions, one.signed_up_on, day, days);
            }
        }
        Ok(())
    }

    /// Dojo Credits, as recorded now or at a past time.
    ///
    /// # Errors
    /// When the database fails, or the caller may not see points.
    pub async fn dojo_credits(
        &self,
        professionals: &[ProfessionalRow],
        known_at: Option<DateTime<Utc>>,
    ) -> Result<PerSubject<i64>, Error> {
        let today = self.clock.today();
        let shown = self.with_visible_points(professionals.iter().map(|row| row.id), today).await?;
        let known = match known_at {
            Some(moment) => {
                let ids: Vec<Uuid> = professionals.iter().map(|row| row.id).collect();
                Some(ledger::known_dojo_credits(self.db.reader(), &ids, moment).await?)
            }
            None => None,
        };
        let credits = professionals.iter().map(|row| {
            let credits = match (&shown, &known) {
                (Some(shown), _) if !shown.contains(&row.id) => Err(not_employed(today)),
                (_, Some(known)) => Ok(known.get(&row.id).copied().unwrap_or(0)),
                (_, None) => Ok(row.dojo_credits),
            };
            (row.id, credits)
        });
        Ok(credits.collect())
    }
}

/// Refuses the points of a professional on a day without an affiliation with the partner.
fn not_employed(day: NaiveDate) -> Refusal {
    let message = format!("The professional does not work for the partner on {day}.");
    Refusal::new(Code::NotFound, "asOf", message)
}
