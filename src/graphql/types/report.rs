//! The report of the program for a period.

use async_graphql::{Context, Object, SimpleObject};

use super::commerce::ProductCategory;
use super::enums::{LedgerReason, Track};
use super::money::Money;
use super::sealed_head::SealedHead;
use crate::graphql::error::ApiError;
use crate::graphql::scalar::{Date, int};
use crate::service::reads::{LevelCount, RenewalCount, value_of};
use crate::service::{Services, reads};
use crate::store::report::{CreditSum, DiscountSum, UnspentCredits};

/// What happened in the program in a period, and what is ahead.
pub(crate) struct ProgramReport(pub(crate) reads::ProgramReport);

/// What happened in the program in a period, and what is ahead.
#[Object]
impl ProgramReport {
    /// First day of the period.
    async fn from(&self) -> Date {
        Date(self.0.from)
    }

    /// Last day of the period.
    async fn to(&self) -> Date {
        Date(self.0.to)
    }

    /// Credits with effective dates in the period, by track and reason: earned, reversed, redeemed, returned.
    async fn credits(&self) -> Vec<ReportCredits> {
        self.0.credits.iter().cloned().map(ReportCredits).collect()
    }

    /// Spendable credits that partners hold now, by the year that earned them: the oldest are spent first. A row
    /// without a year is what partners owe, whose balances are negative.
    async fn unspent(&self) -> Vec<ReportUnspent> {
        let values = |row: &UnspentCredits| match row.year {
            Some(_) => value_of(row.credits, &self.0.credit_values).into_iter().map(Into::into).collect(),
            None => Vec::new(),
        };
        self.0.unspent.iter().map(|row| ReportUnspent { row: row.clone(), value: values(row) }).collect()
    }

    /// Value of the credits that partners hold now, if all were redeemed in one currency: one amount for each currency
    /// in which credits have a value.
    async fn unspent_value(&self) -> Vec<Money> {
        self.0.unspent_value.iter().copied().map(Into::into).collect()
    }

    /// Discounts on orders that were placed in the period and stand, by level, category and currency.
    async fn discounts(&self) -> Vec<ReportDiscount> {
        self.0.discounts.iter().cloned().map(ReportDiscount).collect()
    }

    /// Number of partners by level and track at the end of each month of the period, and on its last day.
    async fn levels(&self) -> Vec<ReportLevel> {
        self.0.levels.iter().cloned().map(ReportLevel).collect()
    }

    /// Number of partners by level and track on the next 1 January, if nothing more is earned.
    async fn forecast(&self) -> Vec<ReportLevel> {
        self.0.forecast.iter().cloned().map(ReportLevel).collect()
    }

    /// Professionals that have a level and will renew, and what they have at their next renewal by the points that they have
    /// already.
    async fn renewals(&self) -> Vec<ReportRenewal> {
        self.0.renewals.iter().cloned().map(ReportRenewal).collect()
    }

    /// Head of the sealed log as it is now; null before the first step is sealed.
    async fn sealed_head(&self, context: &Context<'_>) -> Result<Option<SealedHead>, ApiError> {
        Ok(context.data_unchecked::<Services>().sealed_head().await?.map(SealedHead))
    }
}

/// Credits of a track and reason.
pub(crate) struct ReportCredits(CreditSum);

/// Credits of a track and reason.
#[Object]
impl ReportCredits {
    /// Track of the credits; null for credits that are redeemed or returned.
    async fn track(&self) -> Option<Track> {
        self.0.track.map(Into::into)
    }

    /// Reason of the entries.
    async fn reason(&self) -> LedgerReason {
        self.0.reason.into()
    }

    /// Number of entries.
    async fn entries(&self) -> i32 {
        int(self.0.entries)
    }

    /// Level credits.
    async fn level_credits(&self) -> i32 {
        int(self.0.level_credits)
    }

    /// Spendable credits.
    async fn spendable_credits(&self) -> i32 {
        int(self.0.spendable_credits)
    }
}

/// Unspent credits of a year.
pub(crate) struct ReportUnspent {
    row: UnspentCredits,
    value: Vec<Money>,
}

/// Unspent credits of a year.
#[Object]
impl ReportUnspent {
    /// Calendar year that earned the credits; null for what partners owe.
    async fn year(&self) -> Option<i32> {
        self.row.year
    }

    /// Spendable credits.
    async fn credits(&self) -> i32 {
        int(self.row.credits)
    }

    /// Value of these credits, if all were redeemed in one currency; empty for what partners owe.
    async fn value(&self) -> Vec<Money> {
        self.value.clone()
    }
}

/// Discounts of a level, category and currency.
pub(crate) struct ReportDiscount(DiscountSum);

/// Discounts of a level, category and currency.
#[Object]
impl ReportDiscount {
    /// Code of the overall level that the partners had when they ordered.
    async fn level(&self) -> &str {
        &self.0.level
    }

    /// Product category.
    async fn category(&self) -> ProductCategory {
        self.0.category.into()
    }

    /// Whether the discounts are those of contracts.
    async fn by_contract(&self) -> bool {
        self.0.by_contract
    }

    /// Number of order lines.
    async fn lines(&self) -> i32 {
        int(self.0.lines)
    }

    /// List prices.
    async fn list(&self) -> Result<Money, ApiError> {
        Money::from_minor(self.0.list, &self.0.currency)
    }

    /// Base discounts.
    async fn discount(&self) -> Result<Money, ApiError> {
        Money::from_minor(self.0.discount, &self.0.currency)
    }

    /// Value that redeemed credits paid.
    async fn redeemed(&self) -> Result<Money, ApiError> {
        Money::from_minor(self.0.redeemed, &self.0.currency)
    }
}

/// Number of partners of a level and track on a day.
pub(crate) struct ReportLevel(LevelCount);

/// Number of partners of a level and track on a day.
#[Object]
impl ReportLevel {
    /// Day.
    async fn on(&self) -> Date {
        Date(self.0.on)
    }

    /// Track.
    async fn track(&self) -> Track {
        self.0.track.into()
    }

    /// Code of the level.
    async fn level(&self) -> &str {
        &self.0.level
    }

    /// Number of partners.
    async fn partners(&self) -> i32 {
        int(self.0.partners)
    }
}

/// Professionals of a level.
pub(crate) struct ReportRenewal(RenewalCount);

/// Professionals of a level.
#[Object]
impl ReportRenewal {
    /// Code of the level.
    async fn level(&self) -> &str {
        &self.0.level
    }

    /// Number of professionals that have it.
    async fn professionals(&self) -> i32 {
        int(self.0.professionals)
    }

    /// Number of those who have at least this level at their next renewal without further points.
    async fn secured(&self) -> i32 {
        int(self.0.secured)
    }

    /// Levels that they have at their next renewal without further points, the lowest first.
    async fn at_renewal(&self) -> Vec<ReportRenewalLevel> {
        let rows = self.0.at_renewal.iter();
        rows.map(|(level, professionals)| ReportRenewalLevel {
            level: level.clone(),
            professionals: int(*professionals),
        })
        .collect()
    }
}

/// Number of professionals of a level at their next renewal.
#[derive(SimpleObject)]
pub(crate) struct ReportRenewalLevel {
    /// Code of the level; null below the first.
    level: Option<String>,
    /// Number of professionals that have it then.
    professionals: i32,
}
