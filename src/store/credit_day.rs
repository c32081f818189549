//! The days on which credits and Dojo Credits were earned, and what has expired of them: sums over the entries of a subject.

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::sql::{self, sql};

/// What a subject earned on a day that can be spent, and what has expired of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct CreditDay {
    /// Whose.
    pub(crate) owner: Uuid,
    pub(crate) day: NaiveDate,
    pub(crate) earned: i64,
    pub(crate) expired: i64,
}

/// Days of credits: a rule has counted what was earned, and what expired has the day on which it was earned.
fn days_of_credits(table: &str, owner: &str, credits: &str, condition: &str) -> String {
    format!(
        "SELECT e.{owner} AS owner, CASE WHEN e.reason = 'EXPIRY' THEN e.window_start ELSE e.effective_on END AS day, \
         CAST(SUM(CASE WHEN e.reason = 'EXPIRY' THEN 0 ELSE e.{credits} END) AS BIGINT) AS earned, \
         CAST(SUM(CASE WHEN e.reason = 'EXPIRY' THEN -e.{credits} ELSE 0 END) AS BIGINT) AS expired \
         FROM {table} e WHERE {condition} AND (e.kind IS NOT NULL OR e.reason = 'EXPIRY') AND e.{credits} <> 0 \
         GROUP BY e.{owner}, CASE WHEN e.reason = 'EXPIRY' THEN e.window_start ELSE e.effective_on END"
    )
}

/// The days on which partners earned credits that can be spent.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
) -> Result<Vec<CreditDay>, DbErr> {
    sql!(DAYS, &days_of_credits("ledger_entries", "partner_id", "spendable_credits", "e.partner_id @uuids1"));
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, partners.iter().copied())];
    CreditDay::find_by_statement(DAYS.bind(backend, values)).all(connection).await
}

/// The days on which professionals earned Dojo Credits.
pub(crate) async fn of_professionals(
    connection: &impl ConnectionTrait,
    professionals: &[Uuid],
) -> Result<Vec<CreditDay>, DbErr> {
    sql!(
        DAYS,
        &days_of_credits("points_entries", "professional_id", "dojo_credits", "e.professional_id @uuids1")
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, professionals.iter().copied())];
    CreditDay::find_by_statement(DAYS.bind(backend, values)).all(connection).await
}
