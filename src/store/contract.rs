//! Contracts with discount rates of their own.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{contract, contract_rate};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
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

/// All contracts of partners, in the order of their first days.
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
        "SELECT * FROM contracts WHERE partner_id @uuids1 AND starts_on <= $2 AND ends_on >= $2 \
         AND recorded_at <= $3 ORDER BY starts_on, reference"
    );
    let backend = connection.get_database_backend();
    let known_at = known_at.unwrap_or(DateTimeUtc::MAX_UTC).min(latest());
    let values = [sql::ids(backend, partners.iter().copied()), day.into(), known_at.into()];
    let rows = contract::Entity::find().from_raw_sql(ON_DAY.bind(backend, values)).all(connection).await?;
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
