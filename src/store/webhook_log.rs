//! The log of deliveries and their attempts.

use std::collections::HashMap;
use std::sync::LazyLock;

use entity::value::DeliveryState;
use entity::{webhook_attempt, webhook_delivery};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, EntityTrait};
use uuid::Uuid;

use super::page::{self, Page, PageSql, Rows};
use super::row;
use super::sql::{self, Sql, sql};

/// The state filter as a parameter.
fn state_value(state: Option<DeliveryState>) -> sea_orm::Value {
    state.map(|state| state.to_value()).unwrap_or_default().into()
}

const STATE_FILTER: &str = "($2 = '' OR e.state = $2)";

/// For each endpoint, one page of deliveries in the order of creation.
pub(crate) async fn pages(
    connection: &impl ConnectionTrait,
    endpoints: &[Uuid],
    state: Option<DeliveryState>,
    page: &Page<Uuid>,
) -> Result<HashMap<Uuid, Rows<webhook_delivery::Model>>, DbErr> {
    static PAGES: LazyLock<PageSql> = LazyLock::new(|| {
        let one = |order: &str| {
            let condition = format!("{STATE_FILTER} AND e.id > $3 AND e.id < $4");
            Sql::page_per_owner("e.*", "webhook_deliveries", "endpoint_id", &condition, order, "$5", "")
        };
        PageSql { forward: one("e.id"), backward: one("e.id DESC") }
    });
    let after = page.after.unwrap_or(Uuid::nil());
    let before = page.before.unwrap_or(Uuid::max());
    let values = [state_value(state), after.into(), before.into(), page.limit()];
    page::pages_per_owner(
        connection,
        &PAGES,
        page,
        endpoints,
        values,
        row::derived,
        |row: &webhook_delivery::Model| row.endpoint_id,
    )
    .await
}

/// For each endpoint, how many deliveries there are.
pub(crate) async fn counts(
    connection: &impl ConnectionTrait,
    endpoints: &[Uuid],
    state: Option<DeliveryState>,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    static COUNTS: LazyLock<Sql> = LazyLock::new(|| {
        Sql::new(&format!(
            "SELECT e.endpoint_id AS owner, COUNT(*) AS rows FROM webhook_deliveries e \
             WHERE e.endpoint_id @uuids1 AND {STATE_FILTER} GROUP BY e.endpoint_id"
        ))
    });
    page::count_per_owner(connection, &COUNTS, endpoints, [state_value(state)]).await
}

/// Deliveries of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<webhook_delivery::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM webhook_deliveries WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    webhook_delivery::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Inserts an attempt.
pub(crate) async fn insert_attempt(
    connection: &impl ConnectionTrait,
    row: webhook_attempt::Model,
) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row]).await
}

/// The attempts of deliveries, at most `limit` of each: the latest ones, the earliest of them first.
pub(crate) async fn attempts(
    connection: &impl ConnectionTrait,
    deliveries: &[Uuid],
    limit: i64,
) -> Result<Vec<webhook_attempt::Model>, DbErr> {
    static ATTEMPTS: LazyLock<Sql> = LazyLock::new(|| {
        Sql::page_per_owner("e.*", "webhook_attempts", "delivery_id", "TRUE", "e.id DESC", "$2", "")
    });
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, deliveries.iter().copied()), limit.into()];
    let statement = ATTEMPTS.bind(backend, values);
    let mut rows = webhook_attempt::Entity::find().from_raw_sql(statement).all(connection).await?;
    rows.reverse();
    Ok(rows)
}

/// Deletes deliveries that are over, of events up to a number and of tests before a moment, at most
/// `limit` of them, and says how many.
pub(crate) async fn delete_expired(
    connection: &impl ConnectionTrait,
    through: i64,
    before: DateTimeUtc,
    limit: i64,
) -> Result<u64, DbErr> {
    const OLD: &str = "SELECT id FROM webhook_deliveries WHERE (state = 'DELIVERED' AND number <= $1) \
        OR (number IS NULL AND created_at < $2) ORDER BY id LIMIT $3";
    static ATTEMPTS: LazyLock<Sql> =
        LazyLock::new(|| Sql::new(&format!("DELETE FROM webhook_attempts WHERE delivery_id IN ({OLD})")));
    static DELIVERIES: LazyLock<Sql> =
        LazyLock::new(|| Sql::new(&format!("DELETE FROM webhook_deliveries WHERE id IN ({OLD})")));
    let backend = connection.get_database_backend();
    let values = || [through.into(), before.into(), limit.into()];
    connection.execute_raw(ATTEMPTS.bind(backend, values())).await?;
    Ok(connection.execute_raw(DELIVERIES.bind(backend, values())).await?.rows_affected())
}

/// Events of these numbers, in no order; deleted events are left out.
pub(crate) async fn events(
    connection: &impl ConnectionTrait,
    numbers: &[i64],
) -> Result<Vec<entity::event::Model>, DbErr> {
    static EVENTS: LazyLock<Sql> = LazyLock::new(|| {
        let events = |set: &str| format!("SELECT * FROM events WHERE number {set} AND number IS NOT NULL");
        Sql::per_engine(
            &events("IN (SELECT value FROM json_each($1))"),
            &events("= ANY(ARRAY(SELECT jsonb_array_elements_text($1::text::jsonb)::bigint))"),
        )
    });
    let numbers = serde_json::Value::from(numbers).to_string();
    let statement = EVENTS.bind(connection.get_database_backend(), [numbers.into()]);
    entity::event::Entity::find().from_raw_sql(statement).all(connection).await
}
