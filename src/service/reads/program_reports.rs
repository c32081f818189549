//! The report of the program for a period.

use std::collections::BTreeMap;

use chrono::{Datelike, Months, NaiveDate};
use uuid::Uuid;

use super::statements::check_period;
use crate::access::Operation;
use crate::error::Error;
use crate::program::calendar::{month_start, year_start};
use crate::program::level_change::partner_levels;
use crate::program::money::Money;
use crate::program::refusal::{Code, Refusal};
use crate::program::rule::Track;
use crate::service::Services;
use crate::service::posting::{PeriodTotal, partner_totals, read_overrides};
use crate::store::report::{self, CreditSum, DiscountSum, RenewalCount, UnspentCredits};
use crate::store::totals;

/// Most months of a report: each is a day for which the level of every partner is computed.
const MONTHS_MAX: usize = 36;
/// Partners that are read at once.
const PARTNERS_PER_READ: u64 = 1_000;

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
    /// Discounts of the orders that were placed in the period.
    pub discounts: Vec<DiscountSum>,
    /// Levels at the end of each month of the period, and on its last day.
    pub levels: Vec<LevelCount>,
    /// Levels on the next 1 January, if nothing more is earned.
    pub forecast: Vec<LevelCount>,
    /// Professionals by level and by whether they keep it at renewal.
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
        let value = |one: &Money| Money { minor: one.minor.saturating_mul(held), currency: one.currency };
        let ahead = year_start(today.year() + 1);
        let counts = self.level_counts(&days, ahead).await?;
        let (forecast, levels) = counts.into_iter().partition(|row| row.on == ahead);
        Ok(ProgramReport {
            from,
            to,
            credits: report::credits(db, from, to).await?,
            unspent_value: values.iter().map(value).collect(),
            unspent: unspent.into_iter().filter(|row| row.credits != 0).collect(),
            discounts: report::discounts(db, from, to).await?,
            levels,
            forecast,
            renewals: report::renewals(db).await?,
        })
    }

    /// Partners by level and track on each day, and on a day ahead.
    async fn level_counts(&self, days: &[NaiveDate], ahead: NaiveDate) -> Result<Vec<LevelCount>, Error> {
        let editions = &self.policy.editions;
        let launch = editions.launch();
        let mut counts: BTreeMap<(NaiveDate, Track, String), i64> = BTreeMap::new();
        let mut after = Uuid::nil();
        loop {
            let members = report::members(self.db.reader(), after, PARTNERS_PER_READ).await?;
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
