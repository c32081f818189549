//! Entries of credits and Dojo Credits, as far as it matters on which day what is left of them was earned.

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use uuid::Uuid;

use super::sql::{self, sql};

/// An entry that changed a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct CreditEntry {
    /// Whose.
    pub(crate) owner: Uuid,
    /// Whether a rule has counted it: then it was earned.
    pub(crate) is_counted: bool,
    pub(crate) is_expiry: bool,
    pub(crate) effective_on: NaiveDate,
    /// Of what expired, the day on which it was earned.
    pub(crate) window_start: Option<NaiveDate>,
    /// The order or quote.
    pub(crate) object: Option<Uuid>,
    /// The quote that an order was placed from.
    pub(crate) of_quote: Option<Uuid>,
    pub(crate) credits: i64,
}

/// The entries of partners that changed what they can spend, in the order of the ledger.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
) -> Result<Vec<CreditEntry>, DbErr> {
    sql!(
        ENTRIES,
        "SELECT e.partner_id AS owner, e.kind IS NOT NULL AS is_counted, e.reason = 'EXPIRY' AS is_expiry, \
         e.effective_on AS effective_on, e.window_start AS window_start, COALESCE(e.order_id, e.quote_id) AS object, \
         o.quote_id AS of_quote, e.spendable_credits AS credits FROM ledger_entries e \
         LEFT JOIN orders o ON o.id = e.order_id AND e.reason = 'REDEMPTION' \
         WHERE e.partner_id @uuids1 AND e.spendable_credits <> 0 ORDER BY e.partner_id, e.number"
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, partners.iter().copied())];
    CreditEntry::find_by_statement(ENTRIES.bind(backend, values)).all(connection).await
}

/// The entries of professionals that changed their Dojo Credits, in the order of recording.
pub(crate) async fn of_professionals(
    connection: &impl ConnectionTrait,
    professionals: &[Uuid],
) -> Result<Vec<CreditEntry>, DbErr> {
    sql!(
        ENTRIES,
        "SELECT e.professional_id AS owner, e.kind IS NOT NULL AS is_counted, e.reason = 'EXPIRY' AS is_expiry, \
         e.effective_on AS effective_on, e.window_start AS window_start, e.swag_order_id AS object, \
         NULLIF(e.swag_order_id, e.swag_order_id) AS of_quote, e.dojo_credits AS credits FROM points_entries e \
         WHERE e.professional_id @uuids1 AND e.dojo_credits <> 0 ORDER BY e.professional_id, e.number"
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, professionals.iter().copied())];
    CreditEntry::find_by_statement(ENTRIES.bind(backend, values)).all(connection).await
}

/// Partners that have spent or held credits, and those that were merged.
pub(crate) async fn spending_partners(connection: &impl ConnectionTrait) -> Result<Vec<Uuid>, DbErr> {
    sql!(
        SPENDING,
        "SELECT partner_id AS id FROM orders WHERE credits > 0 UNION \
         SELECT partner_id FROM quotes WHERE credits > 0 AND hold UNION \
         SELECT id FROM partners WHERE merged_into IS NOT NULL ORDER BY id"
    );
    ids(connection, &SPENDING).await
}

/// Professionals that have ordered in the swag shop, and those that were merged.
pub(crate) async fn spending_professionals(connection: &impl ConnectionTrait) -> Result<Vec<Uuid>, DbErr> {
    sql!(
        SPENDING,
        "SELECT professional_id AS id FROM swag_orders UNION \
         SELECT id FROM professionals WHERE merged_into IS NOT NULL ORDER BY id"
    );
    ids(connection, &SPENDING).await
}

async fn ids(connection: &impl ConnectionTrait, sql: &sql::Sql) -> Result<Vec<Uuid>, DbErr> {
    let rows = connection.query_all_raw(sql.bind(connection.get_database_backend(), [])).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}
