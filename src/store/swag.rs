//! The swag shop: items and orders.

use std::collections::HashMap;

use entity::{swag_item, swag_order};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::log_ordered::LogOrderedList;
use super::page::{Page, Rows};
use super::sql::{self, sql};
use super::turns;

static OF_PROFESSIONALS: LogOrderedList = LogOrderedList::new("swag_orders", "professional_id");

/// The item of a code, its row locked for the rest of the transaction.
pub(crate) async fn lock_item(
    connection: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<swag_item::Model>, DbErr> {
    turns::take([("swag_items", code)])?;
    sql!(LOCK, "SELECT i.* FROM swag_items i WHERE i.code = $1 @lock(i)");
    let statement = LOCK.bind(connection.get_database_backend(), [code.into()]);
    swag_item::Entity::find().from_raw_sql(statement).one(connection).await
}

/// The code of an item that is this one but for the case of letters.
pub(crate) async fn similar_code(
    connection: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<String>, DbErr> {
    sql!(SIMILAR, "SELECT code FROM swag_items WHERE LOWER(code) = LOWER($1) AND code <> $1 LIMIT 1");
    let statement = SIMILAR.bind(connection.get_database_backend(), [code.into()]);
    connection.query_one_raw(statement).await?.map(|row| row.try_get("", "code")).transpose()
}

/// Adds to what is left of an item; its row need not be locked.
pub(crate) async fn restock(
    connection: &impl ConnectionTrait,
    item: Uuid,
    quantity: i64,
) -> Result<(), DbErr> {
    sql!(RESTOCK, "UPDATE swag_items SET stock = stock + $2 WHERE id = $1");
    let statement = RESTOCK.bind(connection.get_database_backend(), [item.into(), quantity.into()]);
    connection.execute_raw(statement).await.map(drop)
}

/// Items of these ids, in no order.
pub(crate) async fn items_by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<swag_item::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM swag_items WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    swag_item::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The item of a code.
pub(crate) async fn item_by_code(
    connection: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<swag_item::Model>, DbErr> {
    swag_item::Entity::find().filter(swag_item::Column::Code.eq(code)).one(connection).await
}

/// One page of all items, by code.
pub(crate) async fn items(
    connection: &impl ConnectionTrait,
    page: &Page<String>,
) -> Result<Rows<swag_item::Model>, DbErr> {
    sql!(
        FORWARD,
        "SELECT * FROM swag_items WHERE code > $1 AND ($2 = '' OR code < $2) ORDER BY code LIMIT $3"
    );
    sql!(
        BACKWARD,
        "SELECT * FROM swag_items WHERE code > $1 AND ($2 = '' OR code < $2) ORDER BY code DESC LIMIT $3"
    );
    let sql = if page.from_end { &BACKWARD } else { &FORWARD };
    let key = |key: &Option<String>| key.clone().unwrap_or_default().into();
    let values = [key(&page.after), key(&page.before), page.limit()];
    let statement = sql.bind(connection.get_database_backend(), values);
    Ok(page.truncate(swag_item::Entity::find().from_raw_sql(statement).all(connection).await?))
}

/// How many items there are.
pub(crate) async fn count_items(connection: &impl ConnectionTrait) -> Result<u64, DbErr> {
    use sea_orm::PaginatorTrait;
    swag_item::Entity::find().count(connection).await
}

/// Updates the status of an order.
pub(crate) async fn update(connection: &impl ConnectionTrait, row: &swag_order::Model) -> Result<(), DbErr> {
    let row = swag_order::ActiveModel {
        id: sea_orm::Unchanged(row.id),
        status: sea_orm::Set(row.status),
        cancelled_on: sea_orm::Set(row.cancelled_on),
        fulfilled_on: sea_orm::Set(row.fulfilled_on),
        ..Default::default()
    };
    swag_order::Entity::update(row).exec(connection).await.map(drop)
}

/// The order of a number.
pub(crate) async fn by_number(
    connection: &impl ConnectionTrait,
    number: &str,
) -> Result<Option<swag_order::Model>, DbErr> {
    swag_order::Entity::find().filter(swag_order::Column::Number.eq(number)).one(connection).await
}

/// A professional's order of an idempotency key.
pub(crate) async fn by_key(
    connection: &impl ConnectionTrait,
    professional: Uuid,
    key: &str,
) -> Result<Option<swag_order::Model>, DbErr> {
    swag_order::Entity::find()
        .filter(swag_order::Column::ProfessionalId.eq(professional))
        .filter(swag_order::Column::IdempotencyKey.eq(key))
        .one(connection)
        .await
}

/// Orders of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<swag_order::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM swag_orders WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    swag_order::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Every order of a professional, in the order of placing.
pub(crate) async fn all_of(
    connection: &impl ConnectionTrait,
    professional: Uuid,
) -> Result<Vec<swag_order::Model>, DbErr> {
    swag_order::Entity::find()
        .filter(swag_order::Column::ProfessionalId.eq(professional))
        .order_by_asc(swag_order::Column::Seq)
        .all(connection)
        .await
}

/// For each professional, one page of orders in the order of placing.
pub(crate) async fn of_professionals(
    connection: &impl ConnectionTrait,
    professionals: &[Uuid],
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<swag_order::Model>>, DbErr> {
    OF_PROFESSIONALS
        .pages(connection, professionals, page, |row: &swag_order::Model| row.professional_id)
        .await
}

/// For each professional, how many orders there are.
pub(crate) async fn count_of_professionals(
    connection: &impl ConnectionTrait,
    professionals: &[Uuid],
) -> Result<HashMap<Uuid, i64>, DbErr> {
    OF_PROFESSIONALS.counts(connection, professionals).await
}

/// The orders after a place in the log, in order.
pub(crate) async fn after(
    connection: &impl ConnectionTrait,
    seq: i64,
    limit: u64,
) -> Result<Vec<swag_order::Model>, DbErr> {
    swag_order::Entity::find()
        .filter(swag_order::Column::Seq.gt(seq))
        .order_by_asc(swag_order::Column::Seq)
        .limit(limit)
        .all(connection)
        .await
}
