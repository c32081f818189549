//! The statement of a partner for a period: balances, what changed them by reason, and the levels of the period.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::value::{LedgerReason, Track};
use sea_orm::ActiveEnum;

use super::PartnerLevelAward;
use crate::access::Operation;
use crate::error::Error;
use crate::program::refusal::{Code, Refusal, all};
use crate::service::{Services, input};
use crate::store::ledger::LedgerFilter;
use crate::store::partner::PartnerRow;
use crate::store::statement::{self, KindSum, PeriodSum};

/// The account of a partner in a period.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Whose.
    pub partner: PartnerRow,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Spendable credits with earlier effective dates.
    pub opening: i64,
    /// Spendable credits with effective dates through the last day.
    pub closing: i64,
    /// Sums of the entries with effective dates in the period, by track and reason.
    pub sums: Vec<PeriodSum>,
}

impl Statement {
    /// The entries of the period, by effective date.
    #[must_use]
    pub fn movements(&self) -> LedgerFilter {
        LedgerFilter { from: Some(self.from), to: Some(self.to), ..LedgerFilter::default() }
    }
}

impl Services {
    /// The statement of a partner for a period that ends today or earlier.
    ///
    /// # Errors
    /// When there is no such partner, the days are not accepted, or the database fails.
    pub async fn statement(&self, code: &str, from: NaiveDate, to: NaiveDate) -> Result<Statement, Error> {
        self.authorize(Operation::Statement)?;
        let found = self.partner_by_code(code).await?;
        let found = found.ok_or_else(|| input::no_partner(code));
        let ((), partner) = all((check_period((from, to), self.clock.today()), found))?;
        self.authorize_accounts([partner.id].into_iter())?;
        let found = statement::sums(self.db.reader(), partner.id, from, to).await?;
        let balance = found.first().map_or(partner.credits, |row| row.balance);
        let sum = |later: bool| -> i64 {
            found.iter().filter(|row| row.is_later == later).map(|row| row.spendable_credits).sum()
        };
        let closing = balance - sum(true);
        let opening = closing - sum(false);
        let mut sums: Vec<PeriodSum> =
            found.into_iter().filter(|row| !row.is_later && row.entries > 0).collect();
        let text = |reason: LedgerReason| reason.to_value();
        sums.sort_by_key(|row| {
            (row.track.is_none(), row.track == Some(Track::Business), row.reason.map(text))
        });
        Ok(Statement { partner, from, to, opening, closing, sums })
    }

    /// The filter for entries that were recorded in the period of a statement, and count before it.
    #[must_use]
    pub fn late_entries(&self, statement: &Statement) -> LedgerFilter {
        let after = statement.to.succ_opt().unwrap_or(statement.to);
        let recorded = (self.clock.start_of(statement.from), self.clock.start_of(after));
        let to = statement.from.pred_opt();
        LedgerFilter { recorded: Some(recorded), to, ..LedgerFilter::default() }
    }

    /// Spendable credits of entries that were recorded in the period of a statement, and count before it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn late_credits(&self, of: &Statement) -> Result<i64, Error> {
        self.authorize_accounts([of.partner.id].into_iter())?;
        let after = of.to.succ_opt().unwrap_or(of.to);
        let recorded = (self.clock.start_of(of.from), self.clock.start_of(after));
        Ok(statement::late_credits(self.db.reader(), of.partner.id, recorded, of.from).await?)
    }

    /// Sums of the entries of a statement that rules earned, by track and kind of activity.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn statement_kinds(&self, of: &Statement) -> Result<Vec<KindSum>, Error> {
        self.authorize_accounts([of.partner.id].into_iter())?;
        Ok(statement::kinds(self.db.reader(), of.partner.id, of.from, of.to).await?)
    }

    /// The levels of a statement's partner that were reached in its period, or lapsed in it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn statement_levels(&self, of: &Statement) -> Result<Vec<PartnerLevelAward>, Error> {
        let mut histories: HashMap<_, _> = self.level_histories(&[of.partner.id], None).await?;
        let period = of.from..=of.to;
        let mut awards = histories.remove(&of.partner.id).unwrap_or_default();
        awards.retain(|row| {
            period.contains(&row.award.earned_on) || row.lapsed_on.is_some_and(|day| period.contains(&day))
        });
        Ok(awards)
    }
}

/// Checks the days of a period that is past.
pub(in crate::service) fn check_period(
    (from, to): (NaiveDate, NaiveDate),
    today: NaiveDate,
) -> Result<(), Refusal> {
    input::not_in_future("to", to, today)?;
    if from > to {
        let message = format!("from {from} is after to {to}.");
        return Err(Refusal::new(Code::Invalid, "from", message));
    }
    Ok(())
}
