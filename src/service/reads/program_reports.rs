//! The report of the program for a period.

use std::collections::BTreeMap;

use chrono::{Datelike, Months, NaiveDate};
use entity::professional;
use uuid::Uuid;

use super::statements::check_period;
use crate::access::Operation;
use crate::error::Error;
use crate::program::calendar::{membership_year, month_start, year_start};
use crate::program::level_change::{Membership, partner_levels, professional_level};
use crate::program::money::Money;
use crate::program::refusal::{Code, Refusal};
use crate::program::rule::Track;
use crate::service::Services;
use crate::service::posting::{PeriodTotal, partner_totals, points_of, read_overrides};
use crate::store::professional::ProfessionalRow;
use crate::store::report::{self, CreditSum, DiscountSum, UnspentCredits};
use crate::store::{subject, totals};

/// Most months of a report: each is a day for which the level of every partner is computed.
const MONTHS_MAX: usize = 36;
/// Partners or professionals that are read at once.
const SUBJECTS_PER_READ: u64 = 1_000;

/// Partners of a track and level on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelCount {
    /// The day.
    pub on: NaiveDate,
    /// The track.
    pub track: Track,
    /// Code of the level.
    pub level: String,
    /// How many.
    pub partners: i64,
}

/// Professionals of a level, and what they have when their membership years end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewalCount {
    /// Code of the level.
    pub level: String,
    /// How many have it.
    pub professionals: i64,
    /// Those who keep it, or have a higher one, by what they have earned already.
    pub secured: i64,
    /// How many have which level then, if nothing more is earned; none for those below the first.
    pub at_renewal: Vec<(Option<String>, i64)>,
}

/// What happened in the program in a period, and what is ahead.
#[derive(Clone, Debug)]
pub struct ProgramReport {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Credits that count in the period.
    pub credits: Vec<CreditSum>,
    /// Unspent credits now.
    pub unspent: Vec<UnspentCredits>,
    /// Their value, in each currency that credits have a value in.
    pub unspent_value: Vec<Money>,
    /// Value of one credit in each of these.
    pub credit_values: Vec<Money>,
    /// Discounts of the orders that were placed in the period.
    pub discounts: Vec<DiscountSum>,
    /// Levels at the end of each month of the period, and on its last day.
    pub levels: Vec<LevelCount>,
    /// Levels on the next 1 January, if nothing more is earned.
    pub forecast: Vec<LevelCount>,
    /// Professionals by level and by what they have secured for their next renewal.
    pub renewals: Vec<RenewalCount>,
}

impl Services {
    /// The report of the program for a period that ends today or earlier.
    ///
    /// # Errors
    /// When the caller has no right to it, the days are not accepted, or the database fails.
    pub async fn program_report(&self, from: NaiveDate, to: NaiveDate) -> Result<ProgramReport, Error> {
        self.authorize(Operation::ProgramReport)?;
        let today = self.clock.today();
        check_period((from, to), today)?;
        let days = month_ends(from, to)?;
        let db = self.db.reader();
        let unspent = report::unspent(db).await?;
        let held: i64 = unspent.iter().filter(|row| row.year.is_some()).map(|row| row.credits).sum();
        let values = &self.policy.editions.at(today).rewards.credit_values;
        let ahead = year_start(today.year() + 1);
        let counts = self.level_counts(&days, ahead).await?;
        let (forecast, levels) = counts.into_iter().partition(|row| row.on == ahead);
        Ok(ProgramReport {
            from,
            to,
            credits: report::credits(db, from, to).await?,
            unspent_value: value_of(held, values),
            credit_values: values.clone(),
            unspent: unspent.into_iter().filter(|row| row.credits != 0).collect(),
            discounts: report::discounts(db, from, to).await?,
            levels,
            forecast,
            renewals: self.renewal_counts(today).await?,
        })
    }

    /// Partners by level and track on each day, and on a day ahead.
    async fn level_counts(&self, days: &[NaiveDate], ahead: NaiveDate) -> Result<Vec<LevelCount>, Error> {
        let editions = &self.policy.editions;
        let launch = editions.launch();
        let mut counts: BTreeMap<(NaiveDate, Track, String), i64> = BTreeMap::new();
        let mut after = Uuid::nil();
        loop {
            let members = report::members(self.db.reader(), after, SUBJECTS_PER_READ).await?;
            let Some(last) = members.last() else { break };
            after = last.id;
            let mut stored: BTreeMap<(Uuid, i32), PeriodTotal> = BTreeMap::new();
            for row in totals::of_partners(self.db.reader(), members.iter().map(|row| row.id)).await? {
                stored.insert((row.partner_id, row.period), PeriodTotal::read(&row)?);
            }
            let mut stored = partner_totals(&stored);
            for member in members {
                let totals = stored.remove(&member.id).unwrap_or_default();
                let overrides = read_overrides(member.level_overrides.as_deref())?;
                let first = member.enrolled_on.max(launch);
                let of_member = days.iter().chain([&ahead]).copied();
                let takes_part =
                    |day: &NaiveDate| first <= *day && member.left_on.is_none_or(|left| *day <= left);
                for day in of_member.filter(takes_part) {
                    let levels = partner_levels(editions, &overrides, &totals, day);
                    for (track, level) in Track::ALL.into_iter().zip(levels) {
                        *counts.entry((day, track, level)).or_default() += 1;
                    }
                }
            }
            tokio::task::yield_now().await;
        }
        let count = |((on, track, level), partners)| LevelCount { on, track, level, partners };
        Ok(counts.into_iter().map(count).collect())
    }

    /// Professionals that have a level and will renew, by the level that they have then.
    async fn renewal_counts(&self, today: NaiveDate) -> Result<Vec<RenewalCount>, Error> {
        let (db, editions) = (self.db.reader(), &self.policy.editions);
        let mut counts: BTreeMap<String, Renewals> = BTreeMap::new();
        let mut after = Uuid::nil();
        loop {
            let mut found = subject::after::<ProfessionalRow>(db, after, SUBJECTS_PER_READ).await?;
            let Some(last) = found.last() else { break };
            after = last.id;
            let renews_on = |row: &professional::Model| membership_year(row.signed_up_on, today).renews_on;
            found.retain(|row| {
                row.merged_into.is_none() && row.left_on.is_none_or(|left| renews_on(row) <= left)
            });
            let stored = totals::of_professionals(db, found.iter().map(|row| row.id)).await?;
            let signed_up = found.iter().map(|row| (row.id, row.signed_up_on)).collect();
            let mut points = points_of(db, editions, &stored, &signed_up).await?;
            for row in found {
                let overrides = read_overrides(row.level_overrides.as_deref())?;
                let of = Membership { signed_up_on: row.signed_up_on, overrides: &overrides };
                let points = points.remove(&row.id).unwrap_or_default();
                let Some(level) = professional_level(editions, of, &points, today) else { continue };
                let then = professional_level(editions, of, &points, renews_on(&row));
                let count = counts.entry(level.code.clone()).or_default();
                let rank = then.as_ref().map(|then| then.rank);
                count.secured += i64::from(rank >= Some(level.rank));
                let code = then.map(|then| then.code.clone());
                count.at_renewal.entry(rank).or_insert((code, 0)).1 += 1;
            }
            tokio::task::yield_now().await;
        }
        let count = |(level, found): (String, Renewals)| RenewalCount {
            level,
            professionals: found.at_renewal.values().map(|(_, count)| count).sum(),
            secured: found.secured,
            at_renewal: found.at_renewal.into_values().collect(),
        };
        Ok(counts.into_iter().map(count).collect())
    }
}

/// The value of credits in each currency in which one has a value.
#[must_use]
pub fn value_of(credits: i64, values: &[Money]) -> Vec<Money> {
    let value = |one: &Money| Money { minor: one.minor.saturating_mul(credits), currency: one.currency };
    values.iter().map(value).collect()
}

#[derive(Default)]
struct Renewals {
    secured: i64,
    /// By rank, the lowest first.
    at_renewal: BTreeMap<Option<usize>, (Option<String>, i64)>,
}

/// The last days of the months of a period, and its own last day.
fn month_ends(from: NaiveDate, to: NaiveDate) -> Result<Vec<NaiveDate>, Refusal> {
    let next = |start: &NaiveDate| start.checked_add_months(Months::new(1));
    let starts = std::iter::successors(next(&month_start(from)), next).take(MONTHS_MAX + 1);
    let ends = starts.filter_map(|start| start.pred_opt()).take_while(|end| *end < to);
    let days: Vec<NaiveDate> = ends.chain([to]).collect();
    if days.len() > MONTHS_MAX {
        let message = format!("A report has at most {MONTHS_MAX} months; {from} to {to} are more.");
        return Err(Refusal::new(Code::TooMany, "from", message));
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn days_of_a_report() {
        // period, days
        let table: [(&str, &str, &[&str]); 4] = [
            ("2026-01-15", "2026-03-10", &["2026-01-31", "2026-02-28", "2026-03-10"]),
            ("2026-01-01", "2026-01-31", &["2026-01-31"]),
            ("2026-01-31", "2026-01-31", &["2026-01-31"]),
            ("2026-01-31", "2026-02-01", &["2026-01-31", "2026-02-01"]),
        ];
        for (from, to, expected) in table {
            let days = month_ends(day(from), day(to)).expect("a few");
            assert_eq!(days, expected.iter().map(|text| day(text)).collect::<Vec<_>>(), "{from} {to}");
        }
        assert!(month_ends(day("2023-01-01"), day("2025-12-31")).is_ok());
        assert!(month_ends(day("2023-01-01"), day("2026-01-01")).is_err());
        assert!(month_ends(day("0001-01-01"), day("9999-12-31")).is_err());
    }
}
