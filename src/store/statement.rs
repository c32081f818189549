//! Sums of a partner's entries, for statements.

use chrono::NaiveDate;
use entity::value::{LedgerReason, Track};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::sql::sql;

/// Sums of the entries of a track and reason, in a period or after it.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct PeriodSum {
    /// The balance of the partner now.
    pub balance: i64,
    /// The track; none for credits that are redeemed or returned.
    pub track: Option<Track>,
    /// The reason; none where there is no entry.
    pub reason: Option<LedgerReason>,
    /// Whether the entries count after the period.
    pub is_later: bool,
    /// Level credits.
    pub level_credits: i64,
    /// Spendable credits.
    pub spendable_credits: i64,
    /// How many entries.
    pub entries: i64,
}

/// Sums of the entries of a partner that count on a day or later, those after another day apart. One row without
/// entries where there are none. The balance is of the same moment.
pub(crate) async fn sums(
    connection: &impl ConnectionTrait,
    partner: Uuid,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<PeriodSum>, DbErr> {
    // A range of the index for each track.
    fn range(track: &str) -> String {
        format!(
            "SELECT track, reason, effective_on, level_credits, spendable_credits FROM ledger_entries \
             WHERE partner_id = $1 AND {track} AND effective_on >= $2"
        )
    }
    sql!(
        SUMS,
        &format!(
            "SELECT b.credits AS balance, x.track AS track, x.reason AS reason, \
             COALESCE(x.is_later, FALSE) AS is_later, COALESCE(x.level_credits, 0) AS level_credits, \
             COALESCE(x.spendable_credits, 0) AS spendable_credits, COALESCE(x.entries, 0) AS entries \
             FROM partner_balances b LEFT JOIN (SELECT e.track AS track, e.reason AS reason, \
             e.effective_on > $3 AS is_later, CAST(SUM(e.level_credits) AS BIGINT) AS level_credits, \
             CAST(SUM(e.spendable_credits) AS BIGINT) AS spendable_credits, COUNT(*) AS entries \
             FROM ({} UNION ALL {} UNION ALL {}) e GROUP BY e.track, e.reason, e.effective_on > $3) x ON TRUE \
             WHERE b.partner_id = $1",
            range("track = 'TECHNICAL'"),
            range("track = 'BUSINESS'"),
            range("track IS NULL")
        )
    );
    let values = [partner.into(), from.into(), to.into()];
    let statement = SUMS.bind(connection.get_database_backend(), values);
    PeriodSum::find_by_statement(statement).all(connection).await
}

/// Sums of the entries of a track and kind of activity in a period.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct KindSum {
    /// The track.
    pub track: Track,
    /// Code of the kind.
    pub kind: String,
    /// Level credits.
    pub level_credits: i64,
    /// Spendable credits.
    pub spendable_credits: i64,
    /// How many entries.
    pub entries: i64,
}

/// Sums of the entries of a partner that rules earned in a period, by track and kind, in the order of both.
pub(crate) async fn kinds(
    connection: &impl ConnectionTrait,
    partner: Uuid,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<KindSum>, DbErr> {
    // Two ranges of the index, as for the sums; a kind is text that sorts alike on both engines once it is sorted here.
    sql!(
        KINDS,
        "SELECT e.track AS track, e.kind AS kind, CAST(SUM(e.level_credits) AS BIGINT) AS level_credits, \
         CAST(SUM(e.spendable_credits) AS BIGINT) AS spendable_credits, COUNT(*) AS entries \
         FROM ledger_entries e WHERE e.partner_id = $1 AND e.track IN ('TECHNICAL', 'BUSINESS') \
         AND e.effective_on >= $2 AND e.effective_on <= $3 AND e.kind IS NOT NULL GROUP BY e.track, e.kind"
    );
    let values = [partner.into(), from.into(), to.into()];
    let statement = KINDS.bind(connection.get_database_backend(), values);
    let mut rows = KindSum::find_by_statement(statement).all(connection).await?;
    rows.sort_by(|a, b| (a.track == Track::Business, &a.kind).cmp(&(b.track == Track::Business, &b.kind)));
    Ok(rows)
}

/// Spendable credits of a partner's entries that were recorded in a time, and count before a day.
pub(crate) async fn late_credits(
    connection: &impl ConnectionTrait,
    partner: Uuid,
    (recorded_from, recorded_before): (DateTimeUtc, DateTimeUtc),
    before: NaiveDate,
) -> Result<i64, DbErr> {
    #[derive(FromQueryResult)]
    struct Late {
        credits: i64,
    }
    sql!(
        LATE,
        "SELECT CAST(COALESCE(SUM(e.spendable_credits), 0) AS BIGINT) AS credits FROM ledger_entries e \
         WHERE e.partner_id = $1 AND e.recorded_at >= $2 AND e.recorded_at < $3 AND e.effective_on < $4"
    );
    let values = [partner.into(), recorded_from.into(), recorded_before.into(), before.into()];
    let statement = LATE.bind(connection.get_database_backend(), values);
    Ok(Late::find_by_statement(statement).one(connection).await?.map_or(0, |row| row.credits))
}
