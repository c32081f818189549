//! Deals, their steps and opportunities.

use std::collections::HashMap;

use entity::value::DealStatus;
use entity::{deal, deal_step, opportunity};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::log_ordered::LogOrderedList;
use super::page::{Page, Rows};
use super::sql::{self, sql};
use super::subject::LATEST;

static OF_PARTNERS: LogOrderedList = LogOrderedList::new("deals", "partner_id");

/// The earliest won deal of a customer, in the order of the log, besides one.
pub(crate) async fn first_won(
    connection: &impl ConnectionTrait,
    key: &str,
    but: Uuid,
) -> Result<Option<deal::Model>, DbErr> {
    deal::Entity::find()
        .filter(deal::Column::CustomerKey.eq(key))
        .filter(deal::Column::WonSeq.is_not_null())
        .filter(deal::Column::Id.ne(but))
        .order_by_asc(deal::Column::WonSeq)
        .limit(1)
        .one(connection)
        .await
}

/// Wins of a customer and scope that were not rewarded because a deal had been before, in the order of the log.
pub(crate) async fn repeated_wins(
    connection: &impl ConnectionTrait,
    rewarded: &deal::Model,
) -> Result<Vec<deal::Model>, DbErr> {
    deal::Entity::find()
        .filter(deal::Column::CustomerKey.eq(&rewarded.customer_key))
        .filter(deal::Column::WonSeq.is_not_null())
        .filter(deal::Column::ScopeKey.eq(&rewarded.scope_key))
        .filter(deal::Column::RepeatsDealId.eq(rewarded.id))
        .order_by_asc(deal::Column::WonSeq)
        .all(connection)
        .await
}

/// The hold on the opportunity of a customer and scope.
pub(crate) async fn opportunity(
    connection: &impl ConnectionTrait,
    customer_key: &str,
    scope_key: &str,
) -> Result<Option<opportunity::Model>, DbErr> {
    opportunity::Entity::find_by_id((customer_key.to_owned(), scope_key.to_owned())).one(connection).await
}

/// Opportunities of customers and scopes, in no order.
pub(crate) async fn opportunities<'a>(
    connection: &impl ConnectionTrait,
    keys: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<opportunity::Model>, DbErr> {
    use std::sync::LazyLock;
    static OF: LazyLock<sql::Sql> = LazyLock::new(|| {
        sql::Sql::per_engine(
            "SELECT o.* FROM json_each($1) k JOIN opportunities o \
             ON o.customer_key = k.value->>0 AND o.scope_key = k.value->>1",
            "SELECT o.* FROM (SELECT DISTINCT v->>0 AS customer_key, v->>1 AS scope_key \
             FROM jsonb_array_elements($1::text::jsonb) v) k \
             JOIN opportunities o ON o.customer_key = k.customer_key AND o.scope_key = k.scope_key",
        )
    });
    let mut keys: Vec<(&str, &str)> = keys.into_iter().collect();
    keys.sort_unstable();
    keys.dedup();
    let keys = serde_json::json!(keys).to_string();
    let statement = OF.bind(connection.get_database_backend(), [keys.into()]);
    opportunity::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Inserts or updates the hold on an opportunity.
pub(crate) async fn upsert_opportunity(
    connection: &impl ConnectionTrait,
    row: opportunity::Model,
) -> Result<(), DbErr> {
    super::upsert_all(connection, vec![row]).await
}

/// Registers a deal.
pub(crate) async fn insert(connection: &impl ConnectionTrait, row: deal::Model) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row]).await
}

/// Updates the state of a deal.
pub(crate) async fn update(connection: &impl ConnectionTrait, row: &deal::Model) -> Result<(), DbErr> {
    use sea_orm::Set;
    let row = row.clone();
    let row = deal::ActiveModel {
        id: sea_orm::Unchanged(row.id),
        customer: Set(row.customer),
        customer_key: Set(row.customer_key),
        scope: Set(row.scope),
        scope_key: Set(row.scope_key),
        description: Set(row.description),
        status: Set(row.status),
        status_on: Set(row.status_on),
        valid_until: Set(row.valid_until),
        outcome: Set(row.outcome),
        lead_proof_on: Set(row.lead_proof_on),
        proof_on: Set(row.proof_on),
        activity_on: Set(row.activity_on),
        claimed_on: Set(row.claimed_on),
        rewarded_on: Set(row.rewarded_on),
        before_status: Set(row.before_status),
        before_on: Set(row.before_on),
        won_seq: Set(row.won_seq),
        rewarded_deal_id: Set(row.rewarded_deal_id),
        customer_added: Set(row.customer_added),
        unawarded: Set(row.unawarded),
        repeats_deal_id: Set(row.repeats_deal_id),
        ..Default::default()
    };
    deal::Entity::update(row).exec(connection).await.map(drop)
}

/// Deals of these statuses whose last active day was never computed: those of a release without that column.
pub(crate) async fn without_valid_until(
    connection: &impl ConnectionTrait,
    statuses: impl IntoIterator<Item = DealStatus>,
    limit: u64,
) -> Result<Vec<deal::Model>, DbErr> {
    deal::Entity::find()
        .filter(deal::Column::Status.is_in(statuses))
        .filter(deal::Column::ValidUntil.eq(LATEST))
        .limit(limit)
        .all(connection)
        .await
}

/// Appends a step of a deal.
pub(crate) async fn insert_step(
    connection: &impl ConnectionTrait,
    row: deal_step::Model,
) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row]).await
}

/// The deal of a reference.
pub(crate) async fn by_reference(
    connection: &impl ConnectionTrait,
    reference: &str,
) -> Result<Option<deal::Model>, DbErr> {
    deal::Entity::find().filter(deal::Column::Reference.eq(reference)).one(connection).await
}

/// Deals of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<deal::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM deals WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    deal::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Steps of deals, in order.
pub(crate) async fn steps(
    connection: &impl ConnectionTrait,
    deals: &[Uuid],
) -> Result<HashMap<Uuid, Vec<deal_step::Model>>, DbErr> {
    sql!(STEPS, "SELECT * FROM deal_steps WHERE deal_id @uuids1 ORDER BY deal_id, log_seq");
    let backend = connection.get_database_backend();
    let statement = STEPS.bind(backend, [sql::ids(backend, deals.iter().copied())]);
    let mut steps: HashMap<Uuid, Vec<deal_step::Model>> = HashMap::new();
    for step in deal_step::Entity::find().from_raw_sql(statement).all(connection).await? {
        steps.entry(step.deal_id).or_default().push(step);
    }
    Ok(steps)
}

/// Steps in a span of the log, in order.
pub(crate) async fn steps_between(
    connection: &impl ConnectionTrait,
    from: i64,
    to: i64,
) -> Result<Vec<deal_step::Model>, DbErr> {
    deal_step::Entity::find()
        .filter(deal_step::Column::LogSeq.between(from, to))
        .order_by_asc(deal_step::Column::LogSeq)
        .all(connection)
        .await
}

/// For each partner, one page of its deals in the order of registering.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<deal::Model>>, DbErr> {
    OF_PARTNERS.pages(connection, partners, page, |row: &deal::Model| row.partner_id).await
}

/// For each partner, how many deals it has registered.
pub(crate) async fn count_of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
) -> Result<HashMap<Uuid, i64>, DbErr> {
    OF_PARTNERS.counts(connection, partners).await
}

/// The deals after a place in the log, in order.
pub(crate) async fn after(
    connection: &impl ConnectionTrait,
    seq: i64,
    limit: u64,
) -> Result<Vec<deal::Model>, DbErr> {
    deal::Entity::find()
        .filter(deal::Column::Seq.gt(seq))
        .order_by_asc(deal::Column::Seq)
        .limit(limit)
        .all(connection)
        .await
}
