//! Orders and their lines.

use std::collections::HashMap;

use entity::{order, order_line};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::log_ordered::LogOrderedList;
use super::page::{Page, Rows};
use super::sql::{self, sql};

static OF_PARTNERS: LogOrderedList = LogOrderedList::new("orders", "partner_id");

/// Writes an order with its lines.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    row: order::Model,
    lines: Vec<order_line::Model>,
) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row]).await?;
    super::insert_all(connection, lines).await
}

/// Updates the status of an order.
pub(crate) async fn update(connection: &impl ConnectionTrait, row: &order::Model) -> Result<(), DbErr> {
    let row = order::ActiveModel {
        id: sea_orm::Unchanged(row.id),
        status: sea_orm::Set(row.status),
        fulfilled_on: sea_orm::Set(row.fulfilled_on),
        cancelled_on: sea_orm::Set(row.cancelled_on),
        returned_on: sea_orm::Set(row.returned_on),
        ..Default::default()
    };
    order::Entity::update(row).exec(connection).await.map(drop)
}

/// The order of a number.
pub(crate) async fn by_number(
    connection: &impl ConnectionTrait,
    number: &str,
) -> Result<Option<order::Model>, DbErr> {
    order::Entity::find().filter(order::Column::Number.eq(number)).one(connection).await
}

/// A partner's order of an idempotency key.
pub(crate) async fn by_key(
    connection: &impl ConnectionTrait,
    partner: Uuid,
    key: &str,
) -> Result<Option<order::Model>, DbErr> {
    order::Entity::find()
        .filter(order::Column::PartnerId.eq(partner))
        .filter(order::Column::IdempotencyKey.eq(key))
        .one(connection)
        .await
}

/// Orders of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<order::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM orders WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    order::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Lines of orders, in their order.
pub(crate) async fn lines(
    connection: &impl ConnectionTrait,
    orders: &[Uuid],
) -> Result<HashMap<Uuid, Vec<order_line::Model>>, DbErr> {
    sql!(LINES, "SELECT * FROM order_lines WHERE order_id @uuids1 ORDER BY order_id, line");
    let backend = connection.get_database_backend();
    let statement = LINES.bind(backend, [sql::ids(backend, orders.iter().copied())]);
    let mut lines: HashMap<Uuid, Vec<order_line::Model>> = HashMap::new();
    for line in order_line::Entity::find().from_raw_sql(statement).all(connection).await? {
        lines.entry(line.order_id).or_default().push(line);
    }
    Ok(lines)
}

/// For each partner, one page of its orders in the order of placing.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<order::Model>>, DbErr> {
    OF_PARTNERS.pages(connection, partners, page, |row: &order::Model| row.partner_id).await
}

/// For each partner, how many orders it has placed.
pub(crate) async fn count_of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
) -> Result<HashMap<Uuid, i64>, DbErr> {
    OF_PARTNERS.counts(connection, partners).await
}

/// The orders after a place in the log, in order.
pub(crate) async fn after(
    connection: &impl ConnectionTrait,
    seq: i64,
    limit: u64,
) -> Result<Vec<order::Model>, DbErr> {
    order::Entity::find()
        .filter(order::Column::Seq.gt(seq))
        .order_by_asc(order::Column::Seq)
        .limit(limit)
        .all(connection)
        .await
}
