//! Sums over the whole program, for reports. Each is one statement over a set.

use chrono::NaiveDate;
use entity::value::{LedgerReason, ProductCategory, Track};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::sql::sql;

/// Sums of the entries of a track and reason.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct CreditSum {
    /// The track; none for credits that are redeemed or returned.
    pub track: Option<Track>,
    /// The reason.
    pub reason: LedgerReason,
    /// Level credits.
    pub level_credits: i64,
    /// Spendable credits.
    pub spendable_credits: i64,
    /// How many entries.
    pub entries: i64,
}

/// Credits that count in a period, by track and reason.
pub(crate) async fn credits(
    connection: &impl ConnectionTrait,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<CreditSum>, DbErr> {
    sql!(
        CREDITS,
        "SELECT e.track AS track, e.reason AS reason, CAST(SUM(e.level_credits) AS BIGINT) AS level_credits, \
         CAST(SUM(e.spendable_credits) AS BIGINT) AS spendable_credits, COUNT(*) AS entries FROM ledger_entries e \
         WHERE e.effective_on BETWEEN $1 AND $2 GROUP BY e.track, e.reason ORDER BY e.track, e.reason"
    );
    let statement = CREDITS.bind(connection.get_database_backend(), [from.into(), to.into()]);
    CreditSum::find_by_statement(statement).all(connection).await
}

/// Unspent credits by the year that earned them, or the sum of what partners owe, without a year.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct UnspentCredits {
    /// The year; none for what partners owe.
    pub year: Option<i32>,
    /// The credits.
    pub credits: i64,
}

/// What partners have, by the year in which it was earned: the oldest is spent first, so the newest is left.
pub(crate) async fn unspent(connection: &impl ConnectionTrait) -> Result<Vec<UnspentCredits>, DbErr> {
    sql!(
        UNSPENT,
        "SELECT x.period AS year, CAST(SUM(CASE WHEN x.credits <= x.newer THEN 0 \
         WHEN x.credits >= x.newer + x.earned THEN x.earned ELSE x.credits - x.newer END) AS BIGINT) AS credits \
         FROM (SELECT y.period, y.earned, y.credits, COALESCE(SUM(y.earned) OVER (PARTITION BY y.partner_id \
         ORDER BY y.period DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS newer \
         FROM (SELECT t.partner_id, t.period, b.credits, CASE WHEN t.technical + t.business > 0 \
         THEN t.technical + t.business ELSE 0 END AS earned \
         FROM partner_balances b JOIN partner_totals t ON t.partner_id = b.partner_id AND t.period > 0 \
         WHERE b.credits > 0) y) x GROUP BY x.period \
         UNION ALL SELECT NULL AS year, CAST(COALESCE(SUM(b.credits), 0) AS BIGINT) AS credits \
         FROM partner_balances b WHERE b.credits < 0 ORDER BY 1"
    );
    let statement = UNSPENT.bind(connection.get_database_backend(), []);
    UnspentCredits::find_by_statement(statement).all(connection).await
}

/// Discounts of orders, by level, category and currency, those of contracts apart.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct DiscountSum {
    /// Code of the level that the partners had.
    pub level: String,
    /// The category.
    pub category: ProductCategory,
    /// ISO 4217 code of the amounts.
    pub currency: String,
    /// Whether contracts set the discounts.
    pub by_contract: bool,
    /// Lines of orders.
    pub lines: i64,
    /// Sum of list prices.
    pub list: i64,
    /// What was taken off.
    pub discount: i64,
    /// Value that credits paid.
    pub redeemed: i64,
}

/// Discounts of orders that were placed in a period and stand.
pub(crate) async fn discounts(
    connection: &impl ConnectionTrait,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<DiscountSum>, DbErr> {
    sql!(
        DISCOUNTS,
        "SELECT o.level AS level, l.category AS category, o.currency AS currency, \
         l.contract_id IS NOT NULL AS by_contract, COUNT(*) AS lines, CAST(SUM(l.list) AS BIGINT) AS list, \
         CAST(SUM(l.list - l.net) AS BIGINT) AS discount, CAST(SUM(l.redeemed) AS BIGINT) AS redeemed \
         FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.placed_on BETWEEN $1 AND $2 \
         AND o.status IN ('PLACED', 'FULFILLED') \
         GROUP BY o.level, l.category, o.currency, l.contract_id IS NOT NULL ORDER BY 1, 2, 3, 4"
    );
    let statement = DISCOUNTS.bind(connection.get_database_backend(), [from.into(), to.into()]);
    DiscountSum::find_by_statement(statement).all(connection).await
}

/// A partner as far as its levels need it.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Member {
    pub(crate) id: Uuid,
    pub(crate) enrolled_on: NaiveDate,
    pub(crate) left_on: Option<NaiveDate>,
    pub(crate) level_overrides: Option<String>,
}

/// Partners in the order of ids, after one of them. Merged ones are left out.
pub(crate) async fn members(
    connection: &impl ConnectionTrait,
    after: Uuid,
    limit: u64,
) -> Result<Vec<Member>, DbErr> {
    sql!(
        MEMBERS,
        "SELECT p.id, p.enrolled_on, p.left_on, p.level_overrides FROM partners p \
         WHERE p.id > $1 AND p.merged_into IS NULL ORDER BY p.id LIMIT $2"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let statement = MEMBERS.bind(connection.get_database_backend(), [after.into(), limit.into()]);
    Member::find_by_statement(statement).all(connection).await
}
