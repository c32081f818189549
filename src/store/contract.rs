//! Contracts with discount rates of their own.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{contract, contract_rate};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::sql::{self, sql};

/// A contract with its rates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractRow {
    /// The contract.
    pub contract: contract::Model,
    /// Its rates, in the order of categories.
    pub rates: Vec<contract_rate::Model>,
}

/// Adds a contract.
pub(crate) async fn insert(connection: &impl ConnectionTrait, row: ContractRow) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row.contract]).await?;
    super::insert_all(connection, row.rates).await
}

/// Sets the last day of a contract, or voids it.
pub(crate) async fn update(connection: &impl ConnectionTrait, row: &contract::Model) -> Result<(), DbErr> {
    let row = contract::ActiveModel {
        id: sea_orm::Unchanged(row.id),
        ends_on: sea_orm::Set(row.ends_on),
        voided: sea_orm::Set(row.voided),
        ..Default::default()
    };
    contract::Entity::update(row).exec(connection).await.map(drop)
}

/// Every contract in the order of ids, after one of them.
pub(crate) async fn after(
    connection: &impl ConnectionTrait,
    id: Uuid,
    limit: u64,
) -> Result<Vec<contract::Model>, DbErr> {
    contract::Entity::find()
        .filter(contract::Column::Id.gt(id))
        .order_by_asc(contract::Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// All contracts of partners, in the order of their first days; voided ones are among them.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
) -> Result<Vec<ContractRow>, DbErr> {
    sql!(OF, "SELECT * FROM contracts WHERE partner_id @uuids1 ORDER BY starts_on, reference");
    let backend = connection.get_database_backend();
    let statement = OF.bind(backend, [sql::ids(backend, partners.iter().copied())]);
    let rows = contract::Entity::find().from_raw_sql(statement).all(connection).await?;
    with_rates(connection, rows).await
}

/// Contracts of partners that govern a day, as recorded at a time.
pub(crate) async fn on_day(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    day: NaiveDate,
    known_at: Option<DateTimeUtc>,
) -> Result<Vec<ContractRow>, DbErr> {
    sql!(
        ON_DAY,
        "SELECT c.id, c.partner_id, c.reference, c.starts_on, c.ends_on, c.recorded_at, c.voided, c.agreed_until \
         FROM contracts c WHERE c.partner_id @uuids1 AND c.starts_on <= $2 AND NOT c.voided AND c.ends_on >= $2 \
         ORDER BY c.starts_on, c.reference"
    );
    // The last day as a step of the log had set it by then, or as it was recorded.
    sql!(
        KNOWN_ON_DAY,
        "SELECT * FROM (SELECT c.id, c.partner_id, c.reference, c.starts_on, c.recorded_at, c.agreed_until, \
         COALESCE((SELECT l.ends_on FROM log l WHERE l.contract_id = c.id AND l.action = 'CONTRACT_ENDED' \
                   AND l.recorded_at <= $3 ORDER BY l.seq DESC LIMIT 1), c.agreed_until) AS ends_on, \
         EXISTS (SELECT 1 FROM log v WHERE v.contract_id = c.id AND v.action = 'CONTRACT_VOIDED' \
                 AND v.recorded_at <= $3) AS voided \
         FROM contracts c WHERE c.partner_id @uuids1 AND c.starts_on <= $2 AND c.recorded_at <= $3) k \
         WHERE NOT k.voided AND k.ends_on >= $2 ORDER BY k.starts_on, k.reference"
    );
    let backend = connection.get_database_backend();
    let owners = sql::ids(backend, partners.iter().copied());
    let statement = match known_at {
        None => ON_DAY.bind(backend, [owners, day.into()]),
        Some(moment) => KNOWN_ON_DAY.bind(backend, [owners, day.into(), moment.min(latest()).into()]),
    };
    let rows = contract::Entity::find().from_raw_sql(statement).all(connection).await?;
    with_rates(connection, rows).await
}

/// Contracts of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<ContractRow>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM contracts WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    let rows = contract::Entity::find().from_raw_sql(statement).all(connection).await?;
    with_rates(connection, rows).await
}

/// Contracts with their rates, in the same order.
pub(crate) async fn with_rates(
    connection: &impl ConnectionTrait,
    rows: Vec<contract::Model>,
) -> Result<Vec<ContractRow>, DbErr> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    sql!(RATES, "SELECT * FROM contract_rates WHERE contract_id @uuids1");
    let backend = connection.get_database_backend();
    let statement = RATES.bind(backend, [sql::ids(backend, rows.iter().map(|row| row.id))]);
    let mut rates: HashMap<Uuid, Vec<contract_rate::Model>> = HashMap::new();
    for rate in contract_rate::Entity::find().from_raw_sql(statement).all(connection).await? {
        rates.entry(rate.contract_id).or_default().push(rate);
    }
    Ok(rows
        .into_iter()
        .map(|contract| {
            let mut rates = rates.remove(&contract.id).unwrap_or_default();
            rates.sort_by_key(|rate| rate.category);
            ContractRow { contract, rates }
        })
        .collect())
}

/// A moment that both engines keep, after any that was recorded.
fn latest() -> DateTimeUtc {
    super::subject::LATEST.and_time(chrono::NaiveTime::MIN).and_utc()
}
