//! Entries: the ledger of partners and the points of professionals.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::value::Track;
use entity::{ledger_entry, points_entry};
use sea_orm::ColumnTrait;
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{
    ActiveEnum, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Value,
};
use uuid::Uuid;

use super::page::{self, Both, Page, Rows};
use super::partner::{EARLIEST, LATEST};
use super::sql::{self, Sql, sql};

/// Appends entries of partners.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    rows: Vec<ledger_entry::Model>,
) -> Result<(), DbErr> {
    super::insert_all(connection, rows).await
}

/// Appends entries of professionals.
pub(crate) async fn insert_points(
    connection: &impl ConnectionTrait,
    rows: Vec<points_entry::Model>,
) -> Result<(), DbErr> {
    super::insert_all(connection, rows).await
}

/// Which entries of a ledger are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LedgerFilter {
    /// Only those of a track.
    pub track: Option<Track>,
    /// Only those that count on this day or later.
    pub from: Option<NaiveDate>,
    /// Only those that count on this day or earlier.
    pub to: Option<NaiveDate>,
}

impl LedgerFilter {
    /// Two tracks, the same one twice when one is named, and the first and last day.
    fn values(&self) -> [Value; 4] {
        let (one, other) = self.track.map_or((Track::Technical, Track::Business), |track| (track, track));
        [
            one.to_value().into(),
            other.to_value().into(),
            self.from.unwrap_or(EARLIEST).into(),
            self.to.unwrap_or(LATEST).into(),
        ]
    }

    fn names_days(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }
}

const WANTED: &str = "e.track IN ($2, $3) AND e.effective_on BETWEEN $4 AND $5";

/// Keyed by the number of the entry: after, before and limit stand behind the filter's values.
fn lists(order: &str, wanted: Option<&str>) -> Both {
    let [after, before, limit] =
        std::array::from_fn(|place| format!("${}", place + if wanted.is_some() { 6 } else { 2 }));
    let text = |direction: &str| {
        let wanted = format!("{} AND {order} > {after} AND {order} < {before}", wanted.unwrap_or("TRUE"));
        Sql::page_per_id(
            "e.*",
            "ledger_entries",
            "partner_id",
            &wanted,
            &format!("{order} {direction}"),
            &limit,
            "",
        )
    };
    Both { forward: text("ASC"), backward: text("DESC") }
}

/// Pages of the whole ledger. Without a condition, since PostgreSQL would take one that lets
/// everything pass for one that lets nearly nothing pass.
static LISTS: LazyLock<Both> = LazyLock::new(|| lists("e.number", None));

/// Pages of one track: walks the numbers.
static LISTS_OF_TRACK: LazyLock<Both> = LazyLock::new(|| lists("e.number", Some(WANTED)));

/// Pages of some days: reads those days and sorts them. The sum keeps both engines from walking
/// the numbers of the whole history instead.
static LISTS_OF_DAYS: LazyLock<Both> = LazyLock::new(|| lists("(e.number + 0)", Some(WANTED)));

/// For each partner, one page of its ledger in the order of recording.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    filter: &LedgerFilter,
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<ledger_entry::Model>>, DbErr> {
    let all = *filter == LedgerFilter::default();
    let sql: &Both = match (all, filter.names_days()) {
        (true, _) => &LISTS,
        (false, false) => &LISTS_OF_TRACK,
        (false, true) => &LISTS_OF_DAYS,
    };
    let mut values = if all { Vec::new() } else { filter.values().to_vec() };
    values.extend([page.after.unwrap_or(0).into(), page.before.unwrap_or(i64::MAX).into(), page.limit()]);
    page::per_owner(connection, sql, page, partners, values, |row: &ledger_entry::Model| row.partner_id).await
}

/// For each partner, how many entries are wanted.
pub(crate) async fn count_of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    filter: &LedgerFilter,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    sql!(
        COUNT,
        &format!(
            "SELECT e.partner_id AS owner, COUNT(*) AS rows FROM ledger_entries e \
             WHERE e.partner_id @uuids1 AND {WANTED} GROUP BY e.partner_id"
        )
    );
    page::count_per_owner(connection, &COUNT, partners, filter.values()).await
}

/// Entries of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<ledger_entry::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM ledger_entries WHERE id @uuids1");
    let backend = connection.get_database_backend();
    ledger_entry::Entity::find()
        .from_raw_sql(BY_IDS.with(backend, [sql::ids(backend, ids)]))
        .all(connection)
        .await
}

/// For each subject, a number as it was known at a moment; who had no entry then is left out.
async fn known(
    connection: &impl ConnectionTrait,
    sql: &Sql,
    ids: &[Uuid],
    known_at: DateTimeUtc,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    #[derive(FromQueryResult)]
    struct Known {
        id: Uuid,
        value: Option<i64>,
    }
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, ids.iter().copied()), known_at.into()];
    let rows = Known::find_by_statement(sql.with(backend, values)).all(connection).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.id, row.value?))).collect())
}

/// Balances of partners as they were known at a moment.
pub(crate) async fn known_balances(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    known_at: DateTimeUtc,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    sql!(
        KNOWN,
        "SELECT k.id AS id, (SELECT e.balance_after FROM ledger_entries e WHERE e.partner_id = k.id \
                 AND e.recorded_at <= $2 ORDER BY e.recorded_at DESC, e.number DESC LIMIT 1) AS value \
                 FROM @idtable1 k"
    );
    known(connection, &KNOWN, partners, known_at).await
}

/// Dojo Credits of professionals as they were known at a moment.
pub(crate) async fn known_dojo_credits(
    connection: &impl ConnectionTrait,
    professionals: &[Uuid],
    known_at: DateTimeUtc,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    sql!(
        KNOWN,
        "SELECT k.id AS id, (SELECT e.dojo_balance_after FROM points_entries e \
                 WHERE e.professional_id = k.id AND e.recorded_at <= $2 \
                 ORDER BY e.recorded_at DESC, e.number DESC LIMIT 1) AS value FROM @idtable1 k"
    );
    known(connection, &KNOWN, professionals, known_at).await
}

/// Points entries of professionals that count in spans of days, in the order of recording.
pub(crate) async fn points_in_spans(
    connection: &impl ConnectionTrait,
    spans: impl IntoIterator<Item = (Uuid, NaiveDate, NaiveDate)>,
) -> Result<Vec<points_entry::Model>, DbErr> {
    static SQL: LazyLock<Sql> = LazyLock::new(|| {
        Sql::each(
            "SELECT e.* FROM json_each($1) k JOIN points_entries e ON e.professional_id = unhex(k.value->>0) \
             AND e.effective_on BETWEEN k.value->>1 AND k.value->>2 ORDER BY e.log_seq, e.number",
            "SELECT e.* FROM jsonb_array_elements($1::text::jsonb) k JOIN points_entries e \
             ON e.professional_id = (k->>0)::uuid \
             AND e.effective_on BETWEEN (k->>1)::date AND (k->>2)::date ORDER BY e.log_seq, e.number",
        )
    });
    let spans = spans.into_iter().map(|(id, from, to)| (id.simple().to_string(), from, to));
    let spans = serde_json::json!(spans.collect::<Vec<_>>()).to_string();
    let statement = SQL.with(connection.get_database_backend(), [spans.into()]);
    points_entry::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The last day in a span on which a professional's points changed.
pub(crate) async fn last_points_day(
    connection: &impl ConnectionTrait,
    professional: Uuid,
    from: NaiveDate,
) -> Result<Option<NaiveDate>, DbErr> {
    use points_entry::Column;
    let row = points_entry::Entity::find()
        .filter(Column::ProfessionalId.eq(professional))
        .filter(Column::EffectiveOn.gte(from))
        // The swag shop changes no points.
        .filter(Column::ActivityId.is_not_null())
        .order_by_desc(Column::EffectiveOn)
        .one(connection)
        .await?;
    Ok(row.map(|row| row.effective_on))
}

/// An owner of entries, and the first and last number that is wanted.
pub(crate) type Numbers = (Uuid, i64, i64);

fn by_numbers(table: &str, owner: &str) -> Sql {
    Sql::each(
        &format!(
            "SELECT e.* FROM json_each($1) k JOIN {table} e ON e.{owner} = unhex(k.value->>0) \
             AND e.number BETWEEN k.value->>1 AND k.value->>2 LIMIT $2"
        ),
        &format!(
            "SELECT e.* FROM jsonb_array_elements($1::text::jsonb) k JOIN {table} e ON e.{owner} = (k->>0)::uuid \
             AND e.number BETWEEN (k->>1)::bigint AND (k->>2)::bigint LIMIT $2"
        ),
    )
}

fn as_json(numbers: impl IntoIterator<Item = Numbers>) -> String {
    let numbers = numbers.into_iter().map(|(id, from, to)| (id.simple().to_string(), from, to));
    serde_json::json!(numbers.collect::<Vec<_>>()).to_string()
}

/// Entries of partners by their numbers, at most `limit` and in no order.
pub(crate) async fn of_numbers(
    connection: &impl ConnectionTrait,
    numbers: impl IntoIterator<Item = Numbers>,
    limit: i64,
) -> Result<Vec<ledger_entry::Model>, DbErr> {
    static SQL: LazyLock<Sql> = LazyLock::new(|| by_numbers("ledger_entries", "partner_id"));
    let statement = SQL.with(connection.get_database_backend(), [as_json(numbers).into(), limit.into()]);
    ledger_entry::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Entries of professionals by their numbers, at most `limit` and in no order.
pub(crate) async fn points_of_numbers(
    connection: &impl ConnectionTrait,
    numbers: impl IntoIterator<Item = Numbers>,
    limit: i64,
) -> Result<Vec<points_entry::Model>, DbErr> {
    static SQL: LazyLock<Sql> = LazyLock::new(|| by_numbers("points_entries", "professional_id"));
    let statement = SQL.with(connection.get_database_backend(), [as_json(numbers).into(), limit.into()]);
    points_entry::Entity::find().from_raw_sql(statement).all(connection).await
}
