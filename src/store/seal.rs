//! The seals of steps, and what is sealed.

use std::collections::HashMap;

use entity::{affiliation, deal_step, order, order_line, seal, subject_step};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, ModelTrait,
    QueryFilter, QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use super::archive::JsonColumns;
use super::row;
use super::sql::{self, Sql, sql};

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
    // The place stands twice, so that PostgreSQL does not read the seals from the first one on.
    sql!(
        UNSEALED,
        "SELECT l.seq FROM log l WHERE l.seq > $1 \
         AND NOT EXISTS (SELECT 1 FROM seals s WHERE s.log_seq = l.seq AND s.log_seq > $1) ORDER BY l.seq LIMIT $2"
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
    sql!(STEPS, "SELECT * FROM log WHERE seq @numbers1");
    sql!(LEDGER, "SELECT * FROM ledger_entries WHERE log_seq @numbers1 ORDER BY partner_id, number");
    sql!(POINTS, "SELECT * FROM points_entries WHERE log_seq @numbers1 ORDER BY professional_id, number");
    let backend = connection.get_database_backend();
    let of_seqs = |sql: &Sql| sql.bind(backend, [sql::numbers(backend, seqs)]);
    let of = || seqs.iter().copied();
    let log = row::all(connection, of_seqs(&STEPS), super::log::entry).await?;
    let named = |id: fn(&entity::log::Model) -> Option<Uuid>| log.iter().filter_map(id).collect::<Vec<_>>();
    let activities = super::activity::by_ids(connection, named(|row| row.activity_id)).await?;
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
    let entries = row::all(connection, of_seqs(&LEDGER), super::ledger::entry).await?;
    let entries = grouped(&entries, |row| row.log_seq);
    let points = row::all(connection, of_seqs(&POINTS), super::points::entry).await?;
    let points = grouped(&points, |row| row.log_seq);
    let log: HashMap<i64, entity::log::Model> = log.into_iter().map(|row| (row.seq, row)).collect();
    let columns = JsonColumns::of(|_| true);
    let record = |seq: &i64| {
        let step = log.get(seq)?;
        let mut own = String::new();
        columns.write(step, &mut own);
        let object = |rows: Option<&String>| rows.cloned();
        let list = |rows: Option<&String>| rows.map(|rows| format!("[{rows}]"));
        // In alphabetical order.
        let parts = [
            ("activity", object(step.activity_id.and_then(|id| activities.get(&id)))),
            ("affiliation", object(step.affiliation_id.and_then(|id| affiliations.get(&id)))),
            ("deal_steps", list(deals.get(seq))),
            ("ledger_entries", list(entries.get(seq))),
            ("log", Some(own)),
            ("order", object(step.order_id.and_then(|id| orders.get(&id)))),
            ("order_lines", list(step.order_id.and_then(|id| lines.get(&id)))),
            ("points_entries", list(points.get(seq))),
            ("subject_steps", list(subjects.get(seq))),
        ];
        let parts = parts.into_iter().filter_map(|(name, part)| Some(format!("\"{name}\":{}", part?)));
        Some(SealRecord { seq: *seq, text: format!("{{{}}}", parts.collect::<Vec<_>>().join(",")) })
    };
    Ok(seqs.iter().filter_map(record).collect())
}

/// Rows as JSON, by their ids.
fn by_id<M: ModelTrait>(rows: &[M], id: impl Fn(&M) -> Uuid, columns: &[&str]) -> HashMap<Uuid, String> {
    let columns = JsonColumns::of(|column| columns.contains(&column));
    let text = |row: &M| {
        let mut text = String::new();
        columns.write(row, &mut text);
        text
    };
    rows.iter().map(|row| (id(row), text(row))).collect()
}

/// Rows as JSON, with commas between those of one key.
fn grouped<M: ModelTrait, K: std::hash::Hash + Eq>(rows: &[M], key: impl Fn(&M) -> K) -> HashMap<K, String> {
    let columns = JsonColumns::of(|_| true);
    let mut groups: HashMap<K, String> = HashMap::new();
    for row in rows {
        let group = groups.entry(key(row)).or_default();
        if !group.is_empty() {
            group.push(',');
        }
        columns.write(row, group);
    }
    groups
}
