//! What a level of an earlier year still gives on a day, by the terms of the edition that judged the year.

use chrono::{Datelike, Months, NaiveDate};

use super::calendar::{anniversary, month_start, year_end};
use super::edition::{Edition, Editions};
use super::level_terms::{FOREVER, LevelTerms, Validity};

/// The terms by which a calendar year's credits hold: those in force on its last day.
fn partner_terms(editions: &Editions, year: i32) -> LevelTerms {
    editions.at(year_end(year)).partner_terms
}

fn years_after(year: i32) -> impl Fn(u32) -> NaiveDate {
    move |years| year_end(year.saturating_add(i32::try_from(years).unwrap_or(i32::MAX)))
}

/// What a partner's level of a calendar year still gives on a day: rank and last day.
#[must_use]
pub fn partner_level_held(
    editions: &Editions,
    (year, rank, earned_on): (i32, usize, NaiveDate),
    day: NaiveDate,
) -> Option<(usize, NaiveDate)> {
    partner_terms(editions, year).held(rank, earned_on, years_after(year), day)
}

/// The last day of a partner's level that a calendar year's credits earn.
#[must_use]
pub fn partner_level_until(editions: &Editions, year: i32, rank: usize, earned_on: NaiveDate) -> NaiveDate {
    let terms = partner_terms(editions, year);
    if terms.floor == Some(rank) { FOREVER } else { terms.last_day(earned_on, years_after(year), 1) }
}

/// What a professional's level of a membership year still gives on a day: rank and last day.
#[must_use]
pub fn professional_level_held(
    editions: &Editions,
    signed_up_on: NaiveDate,
    (year, rank): (i32, usize),
    day: NaiveDate,
) -> Option<(usize, NaiveDate)> {
    let end_of = |years: u32| {
        let next = anniversary(signed_up_on, year.saturating_add(1 + i32::try_from(years).unwrap_or(0)));
        next.pred_opt().unwrap_or(next)
    };
    let terms = editions.at(end_of(0)).professional_terms;
    terms.held(rank, end_of(0), end_of, day)
}

/// The first days after a day on which levels can lapse by the terms, beside the beginnings of years.
pub(super) fn lapse_days(editions: &Editions, day: NaiveDate) -> impl Iterator<Item = NaiveDate> + '_ {
    let next = move |validity: Validity| match validity {
        Validity::Years(_) => None,
        Validity::Months(_) => month_start(day).checked_add_months(Months::new(1)),
        Validity::Until(month, of_month) => {
            let years = [day.year(), day.year() + 1].into_iter();
            let days = years.filter_map(|year| NaiveDate::from_ymd_opt(year, month, of_month)?.succ_opt());
            days.into_iter().find(|one| *one > day)
        }
    };
    editions.iter().filter_map(move |edition: &Edition| next(edition.partner_terms.validity))
}
