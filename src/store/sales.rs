//! Sales targets and the sales of fulfilled orders.

use chrono::NaiveDate;
use entity::{partner_sales, sales_target};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter};
use uuid::Uuid;

use super::sql::{self, sql};

/// Targets of partners in a year, in no order.
pub(crate) async fn targets(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    year: i32,
) -> Result<Vec<sales_target::Model>, DbErr> {
    sql!(TARGETS, "SELECT * FROM sales_targets WHERE partner_id @uuids1 AND year = $2");
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, partners.iter().copied()), year.into()];
    sales_target::Entity::find().from_raw_sql(TARGETS.bind(backend, values)).all(connection).await
}

/// What partners sold in a year, by currency.
pub(crate) async fn sold(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    year: i32,
) -> Result<Vec<partner_sales::Model>, DbErr> {
    sql!(SOLD, "SELECT * FROM partner_sales WHERE partner_id @uuids1 AND year = $2 ORDER BY currency");
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, partners.iter().copied()), year.into()];
    partner_sales::Entity::find().from_raw_sql(SOLD.bind(backend, values)).all(connection).await
}

/// A step that changed what a partner sold in a year, or its target: the order's where it has one.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct SalesStepRow {
    pub(crate) order_id: Option<Uuid>,
    pub(crate) day: Option<NaiveDate>,
    pub(crate) currency: String,
    pub(crate) amount: i64,
}

/// What led to a partner's sales of the year from `first` to `last`, in the order of the log: fulfilled end-customer
/// orders that did not come back, and the targets that were set.
pub(crate) async fn history(
    connection: &impl ConnectionTrait,
    partner: Uuid,
    (year, first, last): (i32, NaiveDate, NaiveDate),
) -> Result<Vec<SalesStepRow>, DbErr> {
    sql!(
        HISTORY,
        "SELECT * FROM (SELECT l.seq, o.id AS order_id, o.fulfilled_on AS day, o.currency, o.net AS amount \
         FROM orders o JOIN log l ON l.order_id = o.id AND l.action = 'ORDER_FULFILLED' \
         WHERE o.partner_id = $1 AND o.status = 'FULFILLED' AND o.purpose = 'END_CUSTOMER' \
         AND o.fulfilled_on BETWEEN $3 AND $4 \
         UNION ALL SELECT l.seq, l.order_id, l.day, l.currency, l.amount \
         FROM sales_targets t JOIN log l ON l.sales_target_id = t.id \
         WHERE t.partner_id = $1 AND t.year = $2 AND l.action = 'SALES_TARGET_SET') steps ORDER BY seq"
    );
    let values = [partner.into(), year.into(), first.into(), last.into()];
    let statement = HISTORY.bind(connection.get_database_backend(), values);
    SalesStepRow::find_by_statement(statement).all(connection).await
}

/// A step that changed what a partner sold, or the target of a year.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct MergedSalesRow {
    pub(crate) order_id: Option<Uuid>,
    pub(crate) day: Option<NaiveDate>,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) target_year: Option<i32>,
}

/// What led to the sales of partners before a place in the log, in its order: fulfilled end-customer orders that had not
/// come back, and the targets that were set. Whose they were there, a later merge does not change.
pub(crate) async fn merged_history(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    before: i64,
) -> Result<Vec<MergedSalesRow>, DbErr> {
    sql!(
        HISTORY,
        "SELECT * FROM (SELECT l.seq, o.id AS order_id, l.day, o.currency, o.net AS amount, \
         CAST(NULL AS INTEGER) AS target_year FROM orders o \
         JOIN log l ON l.order_id = o.id AND l.action = 'ORDER_FULFILLED' AND l.seq < $2 \
         WHERE o.id IN (SELECT w.id FROM orders w WHERE w.partner_id @uuids1 \
         UNION SELECT f.object_id FROM merged_objects f WHERE f.from_id @uuids1) \
         AND COALESCE((SELECT m.from_id FROM merged_objects m WHERE m.object_id = o.id AND m.log_seq >= $2 \
         ORDER BY m.log_seq LIMIT 1), o.partner_id) @uuids1 \
         AND o.purpose = 'END_CUSTOMER' AND NOT EXISTS (SELECT 1 FROM log r WHERE r.order_id = o.id \
         AND r.action = 'ORDER_RETURNED' AND r.seq < $2) \
         UNION ALL SELECT l.seq, l.order_id, l.day, l.currency, l.amount, t.year FROM sales_targets t \
         JOIN log l ON l.sales_target_id = t.id AND l.action = 'SALES_TARGET_SET' AND l.seq < $2 \
         WHERE t.id IN (SELECT w.id FROM sales_targets w WHERE w.partner_id @uuids1 \
         UNION SELECT f.object_id FROM merged_objects f WHERE f.from_id @uuids1) \
         AND COALESCE((SELECT m.from_id FROM merged_objects m WHERE m.object_id = t.id AND m.log_seq >= $2 \
         ORDER BY m.log_seq LIMIT 1), t.partner_id) @uuids1) steps ORDER BY seq"
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, partners.iter().copied()), before.into()];
    MergedSalesRow::find_by_statement(HISTORY.bind(backend, values)).all(connection).await
}

/// Removes what a partner sold in a year in a currency: nothing is left of it.
pub(crate) async fn remove(
    connection: &impl ConnectionTrait,
    partner: Uuid,
    year: i32,
    currency: &str,
) -> Result<(), DbErr> {
    partner_sales::Entity::delete_by_id((partner, year, currency.to_owned())).exec(connection).await.map(drop)
}

/// Targets of these ids, in no order.
pub(crate) async fn targets_by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<sales_target::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM sales_targets WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    sales_target::Entity::find().from_raw_sql(statement).all(connection).await
}

/// All targets and sales of partners, for comparing.
pub(crate) async fn all_of(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
) -> Result<(Vec<sales_target::Model>, Vec<partner_sales::Model>), DbErr> {
    let targets = sales_target::Entity::find()
        .filter(sales_target::Column::PartnerId.is_in(partners.iter().copied()))
        .all(connection)
        .await?;
    let sold = partner_sales::Entity::find()
        .filter(partner_sales::Column::PartnerId.is_in(partners.iter().copied()))
        .all(connection)
        .await?;
    Ok((targets, sold))
}
