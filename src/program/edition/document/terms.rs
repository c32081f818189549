//! How long levels hold and credits can be spent, and notices before that ends.

use toml::Spanned;

use super::reader::Reader;
use super::{RawExpiry, RawNotices, RawValidity};
use crate::program::credit_life::Expiry;
use crate::program::edition::{EditionError, Notices};
use crate::program::level::Levels;
use crate::program::level_terms::{Downgrade, LevelTerms, Validity};
use crate::program::nearest::nearest;
use crate::program::wording::{did_you_mean, listed, shown};

/// Most days before an end.
const NOTICE_DAYS_MAX: i64 = 366;
/// Most notices of one end.
const NOTICES_MAX: usize = 10;

impl Reader<'_> {
    /// The terms of partner levels.
    pub(super) fn partner_terms(
        &self,
        raw: Option<&RawValidity>,
        levels: &Levels,
    ) -> Result<LevelTerms, EditionError> {
        let Some(raw) = raw else { return Ok(LevelTerms::default()) };
        let validity = match (&raw.years, &raw.months, &raw.until) {
            (None, None, None) => LevelTerms::default().validity,
            (Some(years), None, None) => Validity::Years(self.count("years", years, 10)?),
            (None, Some(months), None) => Validity::Months(self.count("months", months, 120)?),
            (None, None, Some(until)) => self.fixed_day(until)?,
            (_, Some(second), _) => return self.one_validity(second.span()),
            (_, _, Some(second)) => return self.one_validity(second.span()),
        };
        self.terms(raw, validity, levels)
    }

    /// The terms of professional levels: whole membership years.
    pub(super) fn professional_terms(
        &self,
        raw: Option<&RawValidity>,
        levels: &Levels,
    ) -> Result<LevelTerms, EditionError> {
        let Some(raw) = raw else { return Ok(LevelTerms::default()) };
        let other = raw.months.as_ref().map(Spanned::span).or(raw.until.as_ref().map(Spanned::span));
        if let Some(span) = other {
            return self.refuse(span, "levels of professionals hold through membership years: use `years`");
        }
        let validity = match &raw.years {
            None => LevelTerms::default().validity,
            Some(years) => Validity::Years(self.count("years", years, 10)?),
        };
        self.terms(raw, validity, levels)
    }

    fn terms(
        &self,
        raw: &RawValidity,
        validity: Validity,
        levels: &Levels,
    ) -> Result<LevelTerms, EditionError> {
        let downgrade = raw.downgrade.map_or(Downgrade::ToEarned, Downgrade::from);
        let floor = match &raw.floor {
            None => None,
            Some(code) => {
                let Some(level) = levels.by_code(code.get_ref()) else {
                    let codes = || levels.iter().map(|level| level.code.as_str());
                    let near = did_you_mean(nearest(code.get_ref(), codes()));
                    let (given, codes) = (shown(code.get_ref()), listed(codes()));
                    let message = format!("there is no level {given}; the levels are {codes}.{near}");
                    return self.refuse(code.span(), message);
                };
                Some(level.rank)
            }
        };
        Ok(LevelTerms { validity, downgrade, floor })
    }

    fn one_validity<T>(&self, span: std::ops::Range<usize>) -> Result<T, EditionError> {
        self.refuse(span, "a level is valid by one of `years`, `months` and `until`")
    }

    fn count(&self, name: &str, value: &Spanned<i64>, most: i64) -> Result<u32, EditionError> {
        Ok(u32::try_from(self.number(name, value, 1, most)?).unwrap_or(u32::MAX))
    }

    /// A day of each year, as month and day.
    fn fixed_day(&self, value: &Spanned<String>) -> Result<Validity, EditionError> {
        let text = value.get_ref();
        let parts = text.split_once('-').filter(|(month, day)| month.len() == 2 && day.len() == 2);
        let parts = parts.and_then(|(month, day)| Some((month.parse().ok()?, day.parse().ok()?)));
        // 29 February is not a day of each year.
        let of_each_year =
            |(month, day): &(u32, u32)| chrono::NaiveDate::from_ymd_opt(2025, *month, *day).is_some();
        let Some((month, day)) = parts.filter(of_each_year) else {
            let message = format!("{} is not a day of each year; write MM-DD, such as 06-30", shown(text));
            return self.refuse(value.span(), message);
        };
        Ok(Validity::Until(month, day))
    }

    /// How long credits can be spent.
    pub(super) fn expiry(&self, raw: Option<&RawExpiry>) -> Result<Expiry, EditionError> {
        let Some(raw) = raw else { return Ok(Expiry::Never) };
        match (&raw.expire_after_months, &raw.expire_at_end_of_following_year) {
            (None, None) => Ok(Expiry::Never),
            (Some(months), None) => Ok(Expiry::Months(self.count("expire_after_months", months, 120)?)),
            (None, Some(years)) => {
                Ok(Expiry::FollowingYear(self.count("expire_at_end_of_following_year", years, 10)?))
            }
            (_, Some(second)) => self.refuse(
                second.span(),
                "credits expire by one of `expire_after_months` and `expire_at_end_of_following_year`",
            ),
        }
    }

    /// Notices: days before each kind of end; the published ones where the document says nothing.
    pub(super) fn notices(
        &self,
        raw: &RawNotices,
        published: Option<&Notices>,
    ) -> Result<Notices, EditionError> {
        let days = |name: &str, raw: Option<&[Spanned<i64>]>, published: Option<&Vec<u32>>| {
            let Some(raw) = raw else { return Ok(published.cloned().unwrap_or_default()) };
            if let Some(one) = raw.get(NOTICES_MAX) {
                return self.refuse(one.span(), format!("there are at most {NOTICES_MAX} notices of an end"));
            }
            let mut days = Vec::with_capacity(raw.len());
            for one in raw {
                let before = self.number(name, one, 1, NOTICE_DAYS_MAX)?;
                days.push(u32::try_from(before).unwrap_or(u32::MAX));
            }
            days.sort_unstable_by(|one, other| other.cmp(one));
            days.dedup();
            Ok(days)
        };
        Ok(Notices {
            level: days("level", raw.level.as_deref(), published.map(|one| &one.level))?,
            deal: days("deal", raw.deal.as_deref(), published.map(|one| &one.deal))?,
            contract: days("contract", raw.contract.as_deref(), published.map(|one| &one.contract))?,
            quote: days("quote", raw.quote.as_deref(), published.map(|one| &one.quote))?,
            credits: days("credits", raw.credits.as_deref(), published.map(|one| &one.credits))?,
            opportunity: days(
                "opportunity",
                raw.opportunity.as_deref(),
                published.map(|one| &one.opportunity),
            )?,
        })
    }
}
