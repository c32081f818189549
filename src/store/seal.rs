//! The seals of steps, and what is sealed.

use std::collections::HashMap;

use entity::{
    activity, affiliation, deal_step, ledger_entry, order, order_line, points_entry, seal, subject_step,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, ModelTrait,
    QueryFilter, QueryOrder, QuerySelect, Statement,
};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::archive::json_row;
use super::sql::sql;

/// Columns of an activity that are its facts, but for its owner, which a merge changes.
const OF_ACTIVITY: [&str; 13] = [
    "id",
    "seq",
    "kind",
    "occurred_on",
    "quantity",
    "points",
    "attributes",
    "source",
    "external_id",
    "recorded_at",
    "recorded_by",
    "replaces",
    "evidence_due_on",
];
/// The same of an affiliation, which the log gives its last day.
const OF_AFFILIATION: [&str; 3] = ["id", "starts_on", "replaces_id"];
/// The same of an order.
const OF_ORDER: [&str; 16] = [
    "id",
    "seq",
    "number",
    "purpose",
    "currency",
    "placed_on",
    "edition_id",
    "level",
    "credits",
    "max_credits",
    "credit_value",
    "recorded_at",
    "list",
    "net",
    "cap",
    "redeemed",
];

/// A step that is to be sealed, or was: its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealRecord {
    pub(crate) seq: i64,
    pub(crate) text: String,
}

/// Whether this transaction is the one that seals; nobody waits for it.
pub(crate) async fn take_turn(transaction: &DatabaseTransaction) -> Result<bool, DbErr> {
    if transaction.get_database_backend() == DbBackend::Sqlite {
        return Ok(true);
    }
    // Any number that no other program on the same database uses.
    let text = "SELECT pg_try_advisory_xact_lock(7165707) AS is_mine";
    let row = transaction.query_one_raw(Statement::from_string(DbBackend::Postgres, text)).await?;
    row.map_or(Ok(false), |row| row.try_get("", "is_mine"))
}

/// The last seal; none before the first step was sealed.
pub(crate) async fn last(connection: &impl ConnectionTrait) -> Result<Option<seal::Model>, DbErr> {
    seal::Entity::find().order_by_desc(seal::Column::Number).one(connection).await
}

/// The seals that follow a number.
pub(crate) async fn after(
    connection: &impl ConnectionTrait,
    number: i64,
    limit: u64,
) -> Result<Vec<seal::Model>, DbErr> {
    let rows = seal::Entity::find().filter(seal::Column::Number.gt(number));
    rows.order_by_asc(seal::Column::Number).limit(limit).all(connection).await
}

/// Committed steps after a place in the log that are not sealed, the first ones.
pub(crate) async fn unsealed(
    connection: &impl ConnectionTrait,
    after: i64,
    limit: i64,
) -> Result<Vec<i64>, DbErr> {
    sql!(
        UNSEALED,
        "SELECT l.seq FROM log l WHERE l.seq > $1 AND NOT EXISTS (SELECT 1 FROM seals s WHERE s.log_seq = l.seq) \
         ORDER BY l.seq LIMIT $2"
    );
    let statement = UNSEALED.bind(connection.get_database_backend(), [after.into(), limit.into()]);
    let rows = connection.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get("", "seq")).collect()
}

/// The records of steps, in the given order; a step that does not exist is left out.
pub(crate) async fn records(
    connection: &impl ConnectionTrait,
    seqs: &[i64],
) -> Result<Vec<SealRecord>, DbErr> {
    let of = || seqs.iter().copied();
    let log =
        entity::log::Entity::find().filter(entity::log::Column::Seq.is_in(of())).all(connection).await?;
    let log: HashMap<i64, entity::log::Model> = log.into_iter().map(|row| (row.seq, row)).collect();
    let named = |id: fn(&entity::log::Model) -> Option<Uuid>| log.values().filter_map(id).collect::<Vec<_>>();
    let activities = activity::Entity::find();
    let activities =
        activities.filter(activity::Column::Id.is_in(named(|row| row.activity_id))).all(connection).await?;
    let activities = by_id(&activities, |row| row.id, &OF_ACTIVITY);
    let affiliations = affiliation::Entity::find();
    let affiliations = affiliations
        .filter(affiliation::Column::Id.is_in(named(|row| row.affiliation_id)))
        .all(connection)
        .await?;
    let affiliations = by_id(&affiliations, |row| row.id, &OF_AFFILIATION);
    let ids = named(|row| row.order_id);
    let orders = order::Entity::find().filter(order::Column::Id.is_in(ids.clone())).all(connection).await?;
    let orders = by_id(&orders, |row| row.id, &OF_ORDER);
    let lines = order_line::Entity::find().filter(order_line::Column::OrderId.is_in(ids));
    let lines = lines.order_by_asc(order_line::Column::Line).all(connection).await?;
    let lines = grouped(&lines, |row| row.order_id);
    let deals = deal_step::Entity::find().filter(deal_step::Column::LogSeq.is_in(of()));
    let deals = grouped(&deals.all(connection).await?, |row| row.log_seq);
    let subjects = subject_step::Entity::find().filter(subject_step::Column::LogSeq.is_in(of()));
    let subjects = grouped(&subjects.all(connection).await?, |row| row.log_seq);
    let entries = ledger_entry::Entity::find().filter(ledger_entry::Column::LogSeq.is_in(of()));
    let mut entries = entries.all(connection).await?;
    entries.sort_by_key(|row| (row.partner_id, row.number));
    let entries = grouped(&entries, |row| row.log_seq);
    let points = points_entry::Entity::find().filter(points_entry::Column::LogSeq.is_in(of()));
    let mut points = points.all(connection).await?;
    points.sort_by_key(|row| (row.professional_id, row.number));
    let points = grouped(&points, |row| row.log_seq);
    let record = |seq: &i64| {
        let step = log.get(seq)?;
        let mut record = Map::new();
        record.insert("log".to_owned(), Json::Object(json_row(step, |_| true)));
        let single = [
            ("activity", step.activity_id.and_then(|id| activities.get(&id))),
            ("affiliation", step.affiliation_id.and_then(|id| affiliations.get(&id))),
            ("order", step.order_id.and_then(|id| orders.get(&id))),
        ];
        let lists = [
            ("order_lines", step.order_id.and_then(|id| lines.get(&id))),
            ("deal_steps", deals.get(seq)),
            ("subject_steps", subjects.get(seq)),
            ("ledger_entries", entries.get(seq)),
            ("points_entries", points.get(seq)),
        ];
        for (name, row) in single.into_iter().filter_map(|(name, row)| Some((name, row?))) {
            record.insert(name.to_owned(), row.clone());
        }
        for (name, rows) in lists.into_iter().filter_map(|(name, rows)| Some((name, rows?))) {
            record.insert(name.to_owned(), Json::Array(rows.clone()));
        }
        Some(SealRecord { seq: *seq, text: Json::Object(record).to_string() })
    };
    Ok(seqs.iter().filter_map(record).collect())
}

fn by_id<M: ModelTrait>(rows: &[M], id: impl Fn(&M) -> Uuid, columns: &[&str]) -> HashMap<Uuid, Json> {
    rows.iter()
        .map(|row| (id(row), Json::Object(json_row(row, |column| columns.contains(&column)))))
        .collect()
}

fn grouped<M: ModelTrait, K: std::hash::Hash + Eq>(
    rows: &[M],
    key: impl Fn(&M) -> K,
) -> HashMap<K, Vec<Json>> {
    let mut groups: HashMap<K, Vec<Json>> = HashMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(Json::Object(json_row(row, |_| true)));
    }
    groups
}
