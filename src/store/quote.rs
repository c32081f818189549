//! Saved quotes and their lines.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::value::QuoteStatus;
use entity::{order, quote, quote_line};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::log_ordered::LogOrderedList;
use super::page::{Page, Rows};
use super::sql::{self, sql};

static OF_PARTNERS: LogOrderedList = LogOrderedList::new("quotes", "partner_id");

/// Writes a quote with its lines.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    row: quote::Model,
    lines: Vec<quote_line::Model>,
) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row]).await?;
    super::insert_all(connection, lines).await
}

/// Updates the status of a quote.
pub(crate) async fn update(connection: &impl ConnectionTrait, row: &quote::Model) -> Result<(), DbErr> {
    let row = quote::ActiveModel {
        id: sea_orm::Unchanged(row.id),
        status: sea_orm::Set(row.status),
        closed_on: sea_orm::Set(row.closed_on),
        ..Default::default()
    };
    quote::Entity::update(row).exec(connection).await.map(drop)
}

/// The quote of a number.
pub(crate) async fn by_number(
    connection: &impl ConnectionTrait,
    number: &str,
) -> Result<Option<quote::Model>, DbErr> {
    quote::Entity::find().filter(quote::Column::Number.eq(number)).one(connection).await
}

/// Quotes of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<quote::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM quotes WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    quote::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Orders that were placed from these quotes, in no order.
pub(crate) async fn orders(
    connection: &impl ConnectionTrait,
    quotes: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<order::Model>, DbErr> {
    sql!(ORDERS, "SELECT * FROM orders WHERE quote_id @uuids1");
    let backend = connection.get_database_backend();
    let statement = ORDERS.bind(backend, [sql::ids(backend, quotes)]);
    order::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Lines of quotes, in their order.
pub(crate) async fn lines(
    connection: &impl ConnectionTrait,
    quotes: &[Uuid],
) -> Result<HashMap<Uuid, Vec<quote_line::Model>>, DbErr> {
    sql!(LINES, "SELECT * FROM quote_lines WHERE quote_id @uuids1 ORDER BY quote_id, line");
    let backend = connection.get_database_backend();
    let statement = LINES.bind(backend, [sql::ids(backend, quotes.iter().copied())]);
    let mut lines: HashMap<Uuid, Vec<quote_line::Model>> = HashMap::new();
    for line in quote_line::Entity::find().from_raw_sql(statement).all(connection).await? {
        lines.entry(line.quote_id).or_default().push(line);
    }
    Ok(lines)
}

/// For each partner, one page of its quotes in the order of saving.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<quote::Model>>, DbErr> {
    OF_PARTNERS.pages(connection, partners, page, |row: &quote::Model| row.partner_id).await
}

/// For each partner, how many quotes it has saved.
pub(crate) async fn count_of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
) -> Result<HashMap<Uuid, i64>, DbErr> {
    OF_PARTNERS.counts(connection, partners).await
}

/// Open quotes whose last day is past, the earliest first, at most `limit` of them; of one partner, if it is given.
pub(crate) async fn expired(
    connection: &impl ConnectionTrait,
    partner: Option<Uuid>,
    today: NaiveDate,
    limit: u64,
) -> Result<Vec<quote::Model>, DbErr> {
    let open = quote::Entity::find()
        .filter(quote::Column::Status.eq(QuoteStatus::Open))
        .filter(quote::Column::ValidUntil.lt(today));
    let open = match partner {
        Some(id) => open.filter(quote::Column::PartnerId.eq(id)),
        None => open,
    };
    open.order_by_asc(quote::Column::ValidUntil)
        .order_by_asc(quote::Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// The quotes after a place in the log, in order.
pub(crate) async fn after(
    connection: &impl ConnectionTrait,
    seq: i64,
    limit: u64,
) -> Result<Vec<quote::Model>, DbErr> {
    quote::Entity::find()
        .filter(quote::Column::Seq.gt(seq))
        .order_by_asc(quote::Column::Seq)
        .limit(limit)
        .all(connection)
        .await
}
