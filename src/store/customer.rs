//! Customers and the names that mean them.

use std::collections::HashMap;

use entity::{customer, customer_name, deal, opportunity, order};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    Set,
};
use uuid::Uuid;

use super::log_ordered::LogOrderedList;
use super::page::{Page, Rows};
use super::sql::{self, sql};
use super::turns;

/// A deal of a customer, with the customer's id as its owner.
static DEALS: LogOrderedList = LogOrderedList::new(
    "(SELECT d.*, c.id AS customer_id FROM deals d JOIN customers c ON c.key = d.customer_key)",
    "customer_id",
);
/// An order for a customer, by any of the customer's names.
static ORDERS: LogOrderedList = LogOrderedList::new(
    "(SELECT o.*, c.id AS customer_id FROM orders o JOIN customer_names n ON n.spelling = o.customer_spelling \
     JOIN customers c ON c.key = n.customer_key)",
    "customer_id",
);

/// Customers, their rows locked in one order for the rest of the transaction. All deals and opportunities of a customer
/// change under its lock.
pub(crate) async fn lock(
    connection: &impl ConnectionTrait,
    keys: &[&str],
) -> Result<Vec<customer::Model>, DbErr> {
    turns::take(keys.iter().map(|key| ("customers", key)))?;
    sql!(LOCK, "SELECT c.* FROM customers c WHERE c.key @texts1 ORDER BY c.key @lock(c)");
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let statement = LOCK.bind(connection.get_database_backend(), [sql::texts(sorted)]);
    customer::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Adds a customer, unless there is one of this key.
pub(crate) async fn insert(connection: &impl ConnectionTrait, row: customer::Model) -> Result<(), DbErr> {
    turns::take([("customers", &row.key)])?;
    customer::Entity::insert(customer::ActiveModel::from(row))
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(connection)
        .await
        .map(drop)
}

/// Sets the first deal that was won with a customer, and its day.
pub(crate) async fn update(connection: &impl ConnectionTrait, row: &customer::Model) -> Result<(), DbErr> {
    let row = customer::ActiveModel {
        key: sea_orm::Unchanged(row.key.clone()),
        won_deal_id: Set(row.won_deal_id),
        won_on: Set(row.won_on),
        joined_into: Set(row.joined_into.clone()),
        ..Default::default()
    };
    customer::Entity::update(row).exec(connection).await.map(drop)
}

/// The customer of a key.
pub(crate) async fn by_key(
    connection: &impl ConnectionTrait,
    key: &str,
) -> Result<Option<customer::Model>, DbErr> {
    customer::Entity::find_by_id(key.to_owned()).one(connection).await
}

/// Customers of these keys, in no order.
pub(crate) async fn by_keys(
    connection: &impl ConnectionTrait,
    keys: &[&str],
) -> Result<Vec<customer::Model>, DbErr> {
    sql!(BY_KEYS, "SELECT * FROM customers WHERE key @texts1");
    let statement = BY_KEYS.bind(connection.get_database_backend(), [sql::texts(keys.iter().copied())]);
    customer::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Customers of these ids, in no order; those that were joined into others as well.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<customer::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM customers WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    customer::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The customers that spellings mean; a spelling that means none is left out.
pub(crate) async fn by_spellings(
    connection: &impl ConnectionTrait,
    spellings: &[String],
) -> Result<HashMap<String, customer::Model>, DbErr> {
    sql!(
        MEANT,
        "SELECT n.spelling AS meant_by, c.* FROM customer_names n JOIN customers c ON c.key = n.customer_key \
         WHERE n.spelling @texts1"
    );
    let values = [sql::texts(spellings.iter().map(String::as_str))];
    let rows = connection.query_all_raw(MEANT.bind(connection.get_database_backend(), values)).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("", "meant_by")?, customer::Model::from_query_result(row, "")?)))
        .collect()
}

/// The names that a spelling or its keys of comparison match, the earliest customer first.
pub(crate) async fn names_like(
    connection: &impl ConnectionTrait,
    spelling: &str,
    compare_keys: &[String],
) -> Result<Vec<customer_name::Model>, DbErr> {
    sql!(
        LIKE,
        "SELECT n.* FROM customer_names n JOIN customers c ON c.key = n.customer_key \
         WHERE n.spelling = $1 OR n.compare_key @texts2 \
         ORDER BY CASE WHEN n.spelling = $1 THEN 0 ELSE 1 END, c.id, n.spelling LIMIT 200"
    );
    let values = [spelling.into(), sql::texts(compare_keys.iter().map(String::as_str))];
    let statement = LIKE.bind(connection.get_database_backend(), values);
    customer_name::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The names of customers, in the order of spelling.
pub(crate) async fn names_of(
    connection: &impl ConnectionTrait,
    keys: &[&str],
) -> Result<Vec<customer_name::Model>, DbErr> {
    sql!(OF, "SELECT * FROM customer_names WHERE customer_key @texts1 ORDER BY spelling");
    let statement = OF.bind(connection.get_database_backend(), [sql::texts(keys.iter().copied())]);
    customer_name::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Adds a name, unless it is known.
pub(crate) async fn insert_name(
    connection: &impl ConnectionTrait,
    row: customer_name::Model,
) -> Result<(), DbErr> {
    customer_name::Entity::insert(customer_name::ActiveModel::from(row))
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(connection)
        .await
        .map(drop)
}

/// Sets which customer names mean, and how they are compared.
pub(crate) async fn save_names(
    connection: &impl ConnectionTrait,
    rows: Vec<customer_name::Model>,
) -> Result<(), DbErr> {
    super::upsert_all(connection, rows).await
}

/// Names whose keys were never computed: those of a release without them.
pub(crate) async fn names_without_keys(
    connection: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<customer_name::Model>, DbErr> {
    customer_name::Entity::find()
        .filter(customer_name::Column::SearchKey.is_null())
        .order_by_asc(customer_name::Column::Spelling)
        .limit(limit)
        .all(connection)
        .await
}

/// Orders for customers whose names were not related to customers yet.
pub(crate) async fn orders_without_spelling(
    connection: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<order::Model>, DbErr> {
    order::Entity::find()
        .filter(order::Column::Customer.is_not_null())
        .filter(order::Column::CustomerSpelling.is_null())
        .order_by_asc(order::Column::Seq)
        .limit(limit)
        .all(connection)
        .await
}

/// Sets the spelling of an order's customer.
pub(crate) async fn set_order_spelling(
    connection: &impl ConnectionTrait,
    id: Uuid,
    spelling: String,
) -> Result<(), DbErr> {
    let row = order::ActiveModel {
        id: sea_orm::Unchanged(id),
        customer_spelling: Set(Some(spelling)),
        ..Default::default()
    };
    order::Entity::update(row).exec(connection).await.map(drop)
}

/// All deals of customers, in the order of registration.
pub(crate) async fn deals_of(
    connection: &impl ConnectionTrait,
    keys: &[&str],
) -> Result<Vec<deal::Model>, DbErr> {
    sql!(OF, "SELECT * FROM deals WHERE customer_key @texts1 ORDER BY seq");
    let statement = OF.bind(connection.get_database_backend(), [sql::texts(keys.iter().copied())]);
    deal::Entity::find().from_raw_sql(statement).all(connection).await
}

/// All opportunities of customers, in no order.
pub(crate) async fn opportunities_of(
    connection: &impl ConnectionTrait,
    keys: &[&str],
) -> Result<Vec<opportunity::Model>, DbErr> {
    sql!(OF, "SELECT * FROM opportunities WHERE customer_key @texts1");
    let statement = OF.bind(connection.get_database_backend(), [sql::texts(keys.iter().copied())]);
    opportunity::Entity::find().from_raw_sql(statement).all(connection).await
}

/// For each customer, one page of its deals in the order of registration.
pub(crate) async fn deal_pages(
    connection: &impl ConnectionTrait,
    customers: &[customer::Model],
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<deal::Model>>, DbErr> {
    let ids: HashMap<&str, Uuid> = customers.iter().map(|row| (row.key.as_str(), row.id)).collect();
    let owners: Vec<Uuid> = ids.values().copied().collect();
    let owner = |row: &deal::Model| ids.get(row.customer_key.as_str()).copied().unwrap_or_default();
    DEALS.pages(connection, &owners, page, owner).await
}

/// For each customer, how many deals it has.
pub(crate) async fn deal_counts(
    connection: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, i64>, DbErr> {
    DEALS.counts(connection, customers).await
}

/// For each customer, one page of the orders for it in the order of placing.
pub(crate) async fn order_pages(
    connection: &impl ConnectionTrait,
    customers: &[customer::Model],
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<order::Model>>, DbErr> {
    let keys: Vec<&str> = customers.iter().map(|row| row.key.as_str()).collect();
    let ids: HashMap<&str, Uuid> = customers.iter().map(|row| (row.key.as_str(), row.id)).collect();
    let names = names_of(connection, &keys).await?;
    let of: HashMap<&str, Uuid> = names
        .iter()
        .filter_map(|name| Some((name.spelling.as_str(), *ids.get(name.customer_key.as_str())?)))
        .collect();
    let owners: Vec<Uuid> = ids.values().copied().collect();
    let owner = |row: &order::Model| {
        row.customer_spelling.as_deref().and_then(|spelling| of.get(spelling)).copied().unwrap_or_default()
    };
    ORDERS.pages(connection, &owners, page, owner).await
}

/// For each customer, how many orders there are for it.
pub(crate) async fn order_counts(
    connection: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, i64>, DbErr> {
    ORDERS.counts(connection, customers).await
}

/// All customers, names and opportunities.
pub(crate) async fn all(
    connection: &impl ConnectionTrait,
) -> Result<(Vec<customer::Model>, Vec<customer_name::Model>, Vec<opportunity::Model>), DbErr> {
    Ok((
        customer::Entity::find().all(connection).await?,
        customer_name::Entity::find().all(connection).await?,
        opportunity::Entity::find().all(connection).await?,
    ))
}
