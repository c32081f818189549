//! Products and their prices.

use std::collections::HashMap;

use entity::{product, product_price};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::page::{Page, Rows};
use super::sql::{self, sql};
use super::turns;

/// A product with its prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductRow {
    /// The product.
    pub product: product::Model,
    /// Its prices, in the order of currencies.
    pub prices: Vec<product_price::Model>,
}

impl ProductRow {
    /// List price of one in a currency, in minor units.
    #[must_use]
    pub fn price(&self, currency: &str) -> Option<i64> {
        self.prices.iter().find(|price| price.currency == currency).map(|price| price.amount)
    }
}

/// Inserts or updates a product and replaces its prices.
pub(crate) async fn save(connection: &impl ConnectionTrait, row: ProductRow) -> Result<(), DbErr> {
    let id = row.product.id;
    super::upsert_all(connection, vec![row.product]).await?;
    product_price::Entity::delete_many()
        .filter(product_price::Column::ProductId.eq(id))
        .exec(connection)
        .await?;
    super::insert_all(connection, row.prices).await
}

/// The product of a code, its row locked for the rest of the transaction.
pub(crate) async fn lock(
    connection: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<product::Model>, DbErr> {
    turns::take([("products", code)])?;
    sql!(LOCK, "SELECT p.* FROM products p WHERE p.code = $1 @lock(p)");
    let statement = LOCK.bind(connection.get_database_backend(), [code.into()]);
    product::Entity::find().from_raw_sql(statement).one(connection).await
}

/// The code of a product that is this one but for the case of letters.
pub(crate) async fn similar_code(
    connection: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<String>, DbErr> {
    sql!(SIMILAR, "SELECT code FROM products WHERE LOWER(code) = LOWER($1) AND code <> $1 LIMIT 1");
    let statement = SIMILAR.bind(connection.get_database_backend(), [code.into()]);
    connection.query_one_raw(statement).await?.map(|row| row.try_get("", "code")).transpose()
}

/// Products of these codes, in no order.
pub(crate) async fn by_codes<'a>(
    connection: &impl ConnectionTrait,
    codes: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<ProductRow>, DbErr> {
    sql!(BY_CODES, "SELECT * FROM products WHERE code @texts1");
    let statement = BY_CODES.bind(connection.get_database_backend(), [sql::texts(codes)]);
    with_prices(connection, product::Entity::find().from_raw_sql(statement).all(connection).await?).await
}

/// Products of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<ProductRow>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM products WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    with_prices(connection, product::Entity::find().from_raw_sql(statement).all(connection).await?).await
}

/// One page of all products, by code.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    page: &Page<String>,
) -> Result<Rows<ProductRow>, DbErr> {
    sql!(FORWARD, "SELECT * FROM products WHERE code > $1 AND ($2 = '' OR code < $2) ORDER BY code LIMIT $3");
    sql!(
        BACKWARD,
        "SELECT * FROM products WHERE code > $1 AND ($2 = '' OR code < $2) ORDER BY code DESC LIMIT $3"
    );
    let sql = if page.from_end { &BACKWARD } else { &FORWARD };
    let key = |key: &Option<String>| key.clone().unwrap_or_default().into();
    let values = [key(&page.after), key(&page.before), page.limit()];
    let statement = sql.bind(connection.get_database_backend(), values);
    let cut = page.truncate(product::Entity::find().from_raw_sql(statement).all(connection).await?);
    Ok(Rows { rows: with_prices(connection, cut.rows).await?, has_more: cut.has_more })
}

/// How many products there are.
pub(crate) async fn count(connection: &impl ConnectionTrait) -> Result<u64, DbErr> {
    use sea_orm::PaginatorTrait;
    product::Entity::find().count(connection).await
}

/// Products with their prices, in the order that they have.
async fn with_prices(
    connection: &impl ConnectionTrait,
    rows: Vec<product::Model>,
) -> Result<Vec<ProductRow>, DbErr> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    sql!(PRICES, "SELECT * FROM product_prices WHERE product_id @uuids1 ORDER BY currency");
    let backend = connection.get_database_backend();
    let statement = PRICES.bind(backend, [sql::ids(backend, rows.iter().map(|row| row.id))]);
    let mut prices: HashMap<Uuid, Vec<product_price::Model>> = HashMap::new();
    for price in product_price::Entity::find().from_raw_sql(statement).all(connection).await? {
        prices.entry(price.product_id).or_default().push(price);
    }
    let with = |product: product::Model| ProductRow {
        prices: prices.remove(&product.id).unwrap_or_default(),
        product,
    };
    Ok(rows.into_iter().map(with).collect())
}
