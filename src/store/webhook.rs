//! Webhook endpoints, their secrets, and pending deliveries.

use std::sync::LazyLock;

use entity::value::WebhookStatus;
use entity::{webhook_attempt, webhook_delivery, webhook_endpoint, webhook_secret};
use sea_orm::prelude::{DateTimeUtc, Expr};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::page::{Page, Rows};
use super::sql::{self, Sql, sql};

/// Adds an endpoint.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    row: webhook_endpoint::Model,
) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row]).await
}

/// Writes an endpoint as it now is.
pub(crate) async fn update(
    connection: &impl ConnectionTrait,
    row: webhook_endpoint::Model,
) -> Result<(), DbErr> {
    super::upsert_all(connection, vec![row]).await
}

/// The endpoint of an id, its row locked for the rest of the transaction.
pub(crate) async fn lock(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<webhook_endpoint::Model>, DbErr> {
    sql!(LOCK, "SELECT e.* FROM webhook_endpoints e WHERE e.id = $1 @lock(e)");
    let statement = LOCK.bind(connection.get_database_backend(), [id.into()]);
    webhook_endpoint::Entity::find().from_raw_sql(statement).one(connection).await
}

/// Endpoints of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<webhook_endpoint::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM webhook_endpoints WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    webhook_endpoint::Entity::find().from_raw_sql(statement).all(connection).await
}

/// One page of endpoints, in the order of creation.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    page: &Page<Uuid>,
) -> Result<Rows<webhook_endpoint::Model>, DbErr> {
    use webhook_endpoint::Column;
    let mut select = webhook_endpoint::Entity::find();
    if let Some(after) = page.after {
        select = select.filter(Column::Id.gt(after));
    }
    if let Some(before) = page.before {
        select = select.filter(Column::Id.lt(before));
    }
    let select =
        if page.from_end { select.order_by_desc(Column::Id) } else { select.order_by_asc(Column::Id) };
    Ok(page.truncate(select.limit(page.size + 1).all(connection).await?))
}

/// How many endpoints there are.
pub(crate) async fn count(connection: &impl ConnectionTrait) -> Result<u64, DbErr> {
    webhook_endpoint::Entity::find().count(connection).await
}

/// Deletes an endpoint with all that belongs to it.
pub(crate) async fn delete(connection: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    use webhook_attempt::Column as Attempt;
    use webhook_delivery::Column as Delivery;
    use webhook_secret::Column as Secret;
    webhook_attempt::Entity::delete_many().filter(Attempt::EndpointId.eq(id)).exec(connection).await?;
    webhook_delivery::Entity::delete_many().filter(Delivery::EndpointId.eq(id)).exec(connection).await?;
    webhook_secret::Entity::delete_many().filter(Secret::EndpointId.eq(id)).exec(connection).await?;
    webhook_endpoint::Entity::delete_by_id(id).exec(connection).await.map(drop)
}

/// Adds a secret.
pub(crate) async fn add_secret(
    connection: &impl ConnectionTrait,
    row: webhook_secret::Model,
) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row]).await
}

/// The valid secrets of endpoints at a time, the newest first.
pub(crate) async fn secrets(
    connection: &impl ConnectionTrait,
    endpoints: &[Uuid],
    at: DateTimeUtc,
) -> Result<Vec<webhook_secret::Model>, DbErr> {
    sql!(
        SECRETS,
        "SELECT * FROM webhook_secrets WHERE endpoint_id @uuids1 AND (expires_at IS NULL OR expires_at > $2) \
         ORDER BY id DESC"
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, endpoints.iter().copied()), at.into()];
    webhook_secret::Entity::find().from_raw_sql(SECRETS.bind(backend, values)).all(connection).await
}

/// Sets the expiry of the endpoint's current secret.
pub(crate) async fn expire_secret(
    connection: &impl ConnectionTrait,
    endpoint: Uuid,
    at: DateTimeUtc,
) -> Result<(), DbErr> {
    use webhook_secret::Column;
    let update = webhook_secret::Entity::update_many()
        .col_expr(Column::ExpiresAt, Expr::value(at))
        .filter(Column::EndpointId.eq(endpoint))
        .filter(Column::ExpiresAt.is_null());
    update.exec(connection).await.map(drop)
}

/// Deletes an endpoint's secrets except for these.
pub(crate) async fn retain_secrets(
    connection: &impl ConnectionTrait,
    endpoint: Uuid,
    kept: &[Uuid],
) -> Result<(), DbErr> {
    use webhook_secret::Column;
    let delete = webhook_secret::Entity::delete_many()
        .filter(Column::EndpointId.eq(endpoint))
        .filter(Column::Id.is_not_in(kept.iter().copied()));
    delete.exec(connection).await.map(drop)
}

/// Whether there is any endpoint.
pub(crate) async fn any_exists(connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
    sql!(ANY, "SELECT 1 FROM webhook_endpoints LIMIT 1");
    let statement = ANY.bind(connection.get_database_backend(), []);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// Endpoints that events are sent to and that do not have all up to a number.
pub(crate) async fn lagging(connection: &impl ConnectionTrait, last: i64) -> Result<Vec<Uuid>, DbErr> {
    sql!(BEHIND, "SELECT id FROM webhook_endpoints WHERE status = 'ENABLED' AND position < $1 ORDER BY id");
    ids(connection, &BEHIND, [last.into()]).await
}

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

async fn ids(
    connection: &impl ConnectionTrait,
    sql: &Sql,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Result<Vec<Uuid>, DbErr> {
    let statement = sql.bind(connection.get_database_backend(), values);
    let rows = Id::find_by_statement(statement).all(connection).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Inserts deliveries. A delivery of the same event is reset to pending.
pub(crate) async fn upsert_deliveries(
    connection: &impl ConnectionTrait,
    rows: Vec<webhook_delivery::Model>,
) -> Result<(), DbErr> {
    use webhook_delivery::Column;
    if rows.is_empty() {
        return Ok(());
    }
    let anew = [
        Column::State,
        Column::Attempts,
        Column::NextAttemptAt,
        Column::Lease,
        Column::LeasedUntil,
        Column::DeliveredAt,
    ];
    let conflict = OnConflict::columns([Column::EndpointId, Column::Number]).update_columns(anew).to_owned();
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    let insert = webhook_delivery::Entity::insert_many(rows).on_conflict(conflict);
    insert.exec_without_returning(connection).await.map(drop)
}

/// Sets the number through which an endpoint's events were enqueued.
pub(crate) async fn advance(connection: &impl ConnectionTrait, id: Uuid, position: i64) -> Result<(), DbErr> {
    use webhook_endpoint::Column;
    let update = webhook_endpoint::Entity::update_many()
        .col_expr(Column::Position, Expr::value(position))
        .filter(Column::Id.eq(id));
    update.exec(connection).await.map(drop)
}

/// Sets the same for every endpoint.
pub(crate) async fn advance_all(connection: &impl ConnectionTrait, position: i64) -> Result<(), DbErr> {
    let update = webhook_endpoint::Entity::update_many()
        .col_expr(webhook_endpoint::Column::Position, Expr::value(position));
    update.exec(connection).await.map(drop)
}

/// Endpoints with deliveries that may be due at a moment.
pub(crate) async fn with_due(
    connection: &impl ConnectionTrait,
    now: DateTimeUtc,
) -> Result<Vec<Uuid>, DbErr> {
    sql!(
        WITH_DUE,
        "SELECT e.id FROM webhook_endpoints e WHERE e.status = 'ENABLED' AND EXISTS ( \
         SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.state = 'PENDING' \
         AND d.next_attempt_at <= $1 AND d.number <= e.position AND (d.leased_until IS NULL OR d.leased_until <= $1)) \
         OR EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.number IS NULL \
         AND d.state = 'PENDING' AND d.next_attempt_at <= $1 AND (d.leased_until IS NULL OR d.leased_until <= $1)) \
         ORDER BY e.id"
    );
    ids(connection, &WITH_DUE, [now.into()]).await
}

/// A lease on deliveries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    /// Id.
    pub(crate) id: Uuid,
    /// From when.
    pub(crate) now: DateTimeUtc,
    /// Until when.
    pub(crate) until: DateTimeUtc,
}

/// Leases due deliveries of an endpoint, so that no other process attempts them, at most `limit` of
/// them. A delivery is due if no earlier one of its subject is pending; a test message always is.
pub(crate) async fn claim(
    connection: &impl ConnectionTrait,
    endpoint: Uuid,
    lease: Lease,
    limit: usize,
) -> Result<Vec<webhook_delivery::Model>, DbErr> {
    const DUE: &str = "SELECT d.id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id \
        WHERE d.endpoint_id = $1 AND d.state = 'PENDING' AND d.next_attempt_at <= $2 \
        AND (d.leased_until IS NULL OR d.leased_until <= $2) \
        AND (d.number IS NULL OR (e.status = 'ENABLED' AND d.number <= e.position AND NOT EXISTS ( \
        SELECT 1 FROM webhook_deliveries b WHERE b.endpoint_id = d.endpoint_id AND b.subject = d.subject \
        AND b.number < d.number AND b.state <> 'DELIVERED'))) ORDER BY d.next_attempt_at, d.number LIMIT $5";
    static CLAIM: LazyLock<Sql> = LazyLock::new(|| claim_statement(DUE));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [endpoint.into(), lease.now.into(), lease.id.into(), lease.until.into(), limit.into()];
    let statement = CLAIM.bind(connection.get_database_backend(), values);
    webhook_delivery::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Leases the next delivery of a subject to an endpoint if it is due. Costs as much however many are pending.
pub(crate) async fn claim_next(
    connection: &impl ConnectionTrait,
    endpoint: Uuid,
    subject: Uuid,
    lease: Lease,
) -> Result<Option<webhook_delivery::Model>, DbErr> {
    const DUE: &str = "SELECT d.id FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id \
        WHERE d.id = (SELECT b.id FROM webhook_deliveries b WHERE b.endpoint_id = $1 AND b.subject = $5 \
        AND b.state <> 'DELIVERED' ORDER BY b.number LIMIT 1) \
        AND d.state = 'PENDING' AND d.next_attempt_at <= $2 AND (d.leased_until IS NULL OR d.leased_until <= $2) \
        AND e.status = 'ENABLED' AND d.number <= e.position";
    static CLAIM: LazyLock<Sql> = LazyLock::new(|| claim_statement(DUE));
    let values = [endpoint.into(), lease.now.into(), lease.id.into(), lease.until.into(), subject.into()];
    let statement = CLAIM.bind(connection.get_database_backend(), values);
    webhook_delivery::Entity::find().from_raw_sql(statement).one(connection).await
}

/// The statement that leases the deliveries that `due` selects, without those that others have locked.
fn claim_statement(due: &str) -> Sql {
    let claim = |due: &str| {
        format!(
            "WITH due AS ({due}) UPDATE webhook_deliveries SET lease = $3, leased_until = $4 \
             WHERE id IN (SELECT id FROM due) RETURNING *"
        )
    };
    Sql::per_engine(&claim(due), &claim(&format!("{due} FOR UPDATE OF d SKIP LOCKED")))
}

/// The delivery of an id, its row locked for the rest of the transaction.
pub(crate) async fn lock_delivery(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<webhook_delivery::Model>, DbErr> {
    sql!(LOCK, "SELECT d.* FROM webhook_deliveries d WHERE d.id = $1 @lock(d)");
    let statement = LOCK.bind(connection.get_database_backend(), [id.into()]);
    webhook_delivery::Entity::find().from_raw_sql(statement).one(connection).await
}

/// Writes a delivery as it now is.
pub(crate) async fn upsert_delivery(
    connection: &impl ConnectionTrait,
    row: webhook_delivery::Model,
) -> Result<(), DbErr> {
    super::upsert_all(connection, vec![row]).await
}

/// Deletes a delivery with its attempts.
pub(crate) async fn delete_delivery(connection: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    use webhook_attempt::Column;
    webhook_attempt::Entity::delete_many().filter(Column::DeliveryId.eq(id)).exec(connection).await?;
    webhook_delivery::Entity::delete_by_id(id).exec(connection).await.map(drop)
}

/// Resets the pending and failed deliveries of an endpoint, so that they are due at once.
pub(crate) async fn reset_pending(
    connection: &impl ConnectionTrait,
    endpoint: Uuid,
    now: DateTimeUtc,
) -> Result<(), DbErr> {
    sql!(
        RESET_PENDING,
        "UPDATE webhook_deliveries SET state = 'PENDING', attempts = 0, next_attempt_at = $2 \
         WHERE endpoint_id = $1 AND state <> 'DELIVERED' AND number IS NOT NULL"
    );
    let statement = RESET_PENDING.bind(connection.get_database_backend(), [endpoint.into(), now.into()]);
    connection.execute_raw(statement).await.map(drop)
}

/// Deletes the pending deliveries of an endpoint for events through a number, and returns how many.
pub(crate) async fn delete_pending(
    connection: &impl ConnectionTrait,
    endpoint: Uuid,
    through: i64,
) -> Result<u64, DbErr> {
    let backend = connection.get_database_backend();
    sql!(
        ATTEMPTS,
        "DELETE FROM webhook_attempts WHERE delivery_id IN (SELECT id FROM webhook_deliveries \
         WHERE endpoint_id = $1 AND number <= $2 AND state <> 'DELIVERED')"
    );
    sql!(
        PENDING,
        "DELETE FROM webhook_deliveries WHERE endpoint_id = $1 AND number <= $2 AND state <> 'DELIVERED'"
    );
    let values = || [endpoint.into(), through.into()];
    connection.execute_raw(ATTEMPTS.bind(backend, values())).await?;
    Ok(connection.execute_raw(PENDING.bind(backend, values())).await?.rows_affected())
}

/// The pending deliveries of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct PendingDeliveries {
    /// The endpoint.
    pub id: Uuid,
    /// How many events.
    pub count: i64,
    /// Number of the first of them.
    pub first: i64,
}

/// The pending deliveries of these endpoints; endpoints without any are left out.
pub(crate) async fn pending(
    connection: &impl ConnectionTrait,
    endpoints: &[Uuid],
) -> Result<Vec<PendingDeliveries>, DbErr> {
    sql!(
        PENDING,
        "SELECT endpoint_id AS id, COUNT(*) AS count, MIN(number) AS first FROM webhook_deliveries \
         WHERE endpoint_id @uuids1 AND state <> 'DELIVERED' AND number IS NOT NULL GROUP BY endpoint_id"
    );
    let backend = connection.get_database_backend();
    let statement = PENDING.bind(backend, [sql::ids(backend, endpoints.iter().copied())]);
    PendingDeliveries::find_by_statement(statement).all(connection).await
}

/// Status of all deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub struct WebhooksStatus {
    /// Number of pending deliveries.
    pub pending: i64,
    /// When the oldest of them was created.
    pub oldest: Option<DateTimeUtc>,
    /// Number of disabled endpoints.
    pub disabled: i64,
}

/// The number of pending deliveries of an endpoint for events through a number.
pub(crate) async fn pending_through(
    connection: &impl ConnectionTrait,
    endpoint: Uuid,
    number: i64,
) -> Result<i64, DbErr> {
    sql!(
        THROUGH,
        "SELECT COUNT(*) AS n FROM webhook_deliveries \
         WHERE endpoint_id = $1 AND state <> 'DELIVERED' AND number <= $2"
    );
    let statement = THROUGH.bind(connection.get_database_backend(), [endpoint.into(), number.into()]);
    let row = connection.query_one_raw(statement).await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
}

/// Status of all deliveries.
pub(crate) async fn status(connection: &impl ConnectionTrait) -> Result<WebhooksStatus, DbErr> {
    sql!(
        STATUS,
        "SELECT COUNT(*) AS pending, MIN(created_at) AS oldest, \
         (SELECT COUNT(*) FROM webhook_endpoints WHERE status = 'DISABLED') AS disabled \
         FROM webhook_deliveries WHERE state = 'PENDING'"
    );
    let statement = STATUS.bind(connection.get_database_backend(), []);
    Ok(WebhooksStatus::find_by_statement(statement).one(connection).await?.unwrap_or_default())
}

/// Disables an endpoint; returns whether it was enabled.
pub(crate) async fn disable(
    connection: &impl ConnectionTrait,
    id: Uuid,
    reason: &str,
    at: DateTimeUtc,
) -> Result<bool, DbErr> {
    use webhook_endpoint::Column;
    let update = webhook_endpoint::Entity::update_many()
        .col_expr(Column::Status, Expr::value(WebhookStatus::Disabled))
        .col_expr(Column::Reason, Expr::value(reason))
        .col_expr(Column::Since, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.eq(WebhookStatus::Enabled));
    Ok(update.exec(connection).await?.rows_affected > 0)
}
