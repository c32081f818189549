//! Entries: the ledger of partners and the points of professionals.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::value::Track;
use entity::{ledger_entry, points_entry};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, FromQueryResult, QueryResult, Value};
use uuid::Uuid;

use super::page::{self, Page, PageSql, Rows};
use super::points;
use super::row::{self, decode_row};
use super::sql::{self, Sql, sql};
use super::subject::{EARLIEST, LATEST};

/// A filter on the entries of a ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LedgerFilter {
    /// Only those of a track.
    pub track: Option<Track>,
    /// Only those that count on this day or later.
    pub from: Option<NaiveDate>,
    /// Only those that count on this day or earlier.
    pub to: Option<NaiveDate>,
    /// Only those recorded from the first moment on, before the second one.
    pub recorded: Option<(DateTimeUtc, DateTimeUtc)>,
}

impl LedgerFilter {
    /// The statements for the filter, and the values of their condition.
    fn statements(&self) -> (&'static Statements, Vec<Value>) {
        let names_days = self.from.is_some() || self.to.is_some();
        let days = [self.from.unwrap_or(EARLIEST).into(), self.to.unwrap_or(LATEST).into()];
        if let Some((from, before)) = self.recorded {
            let until = self.to.unwrap_or(LATEST).into();
            return (&RECORDED, vec![from.into(), before.into(), until]);
        }
        match self.track.map(|track| track.to_value().into()) {
            None if !names_days => (&ALL, Vec::new()),
            None => (&OF_DAYS, days.to_vec()),
            Some(track) if !names_days => (&OF_TRACK, vec![track]),
            Some(track) => (&OF_TRACK_AND_DAYS, days.into_iter().chain([track]).collect()),
        }
    }
}

/// Pages of a ledger, and how many entries they have in all.
struct Statements {
    lists: PageSql,
    count: Sql,
}

impl Statements {
    /// Those of a condition with so many values. Pages are keyed by the number of the entry: after,
    /// before and limit follow the condition's values.
    fn new(condition: &str, values: usize, order: &str) -> Self {
        let [after, before, limit] = std::array::from_fn(|index| format!("${}", values + index + 2));
        let text = |direction: &str| {
            let condition = format!("{condition} AND {order} > {after} AND {order} < {before}");
            let order = format!("{order} {direction}");
            Sql::page_per_owner("e.*", "ledger_entries", "partner_id", &condition, &order, &limit, "")
        };
        let count = Sql::new(&format!(
            "SELECT e.partner_id AS owner, COUNT(*) AS rows FROM ledger_entries e \
             WHERE e.partner_id @uuids1 AND {condition} GROUP BY e.partner_id"
        ));
        Self { lists: PageSql { forward: text("ASC"), backward: text("DESC") }, count }
    }
}

/// Orders by the number of an entry and keeps both engines from walking the numbers of the whole
/// history: the days are read and sorted instead.
const UNINDEXED_NUMBER: &str = "(e.number + 0)";

/// The whole ledger. Without a condition, since PostgreSQL would take one that lets everything pass
/// for one that lets nearly nothing pass.
static ALL: LazyLock<Statements> = LazyLock::new(|| Statements::new("TRUE", 0, "e.number"));

/// One track: walks the numbers.
static OF_TRACK: LazyLock<Statements> = LazyLock::new(|| Statements::new("e.track = $2", 1, "e.number"));

/// Some days, including redemptions and returns, which have no track.
static OF_DAYS: LazyLock<Statements> =
    LazyLock::new(|| Statements::new("e.effective_on BETWEEN $2 AND $3", 2, UNINDEXED_NUMBER));

/// Recorded in a time, and counting until a day.
static RECORDED: LazyLock<Statements> = LazyLock::new(|| {
    let condition = "e.recorded_at >= $2 AND e.recorded_at < $3 AND e.effective_on <= $4";
    Statements::new(condition, 3, UNINDEXED_NUMBER)
});

/// Some days of one track.
static OF_TRACK_AND_DAYS: LazyLock<Statements> = LazyLock::new(|| {
    Statements::new("e.effective_on BETWEEN $2 AND $3 AND e.track = $4", 3, UNINDEXED_NUMBER)
});

/// For each partner, one page of its ledger in the order of recording.
pub(crate) async fn of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    filter: &LedgerFilter,
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<ledger_entry::Model>>, DbErr> {
    let (sql, mut values) = filter.statements();
    values.extend([page.after.unwrap_or(0).into(), page.before.unwrap_or(i64::MAX).into(), page.limit()]);
    let owner = |row: &ledger_entry::Model| row.partner_id;
    page::pages_per_owner(connection, &sql.lists, page, partners, values, entry, owner).await
}

/// A row of the ledger.
pub(super) fn entry(row: &QueryResult) -> Result<ledger_entry::Model, DbErr> {
    decode_row!(row => ledger_entry::Model { id, partner_id, number, log_seq, activity_id, order_id, deal_id, quote_id, effective_on, recorded_at, reason, kind, edition_id, window_start, units_before, units_after, track, level_credits, spendable_credits, balance_after, day_after })
}

/// For each partner, the number of entries that match.
pub(crate) async fn count_of_partners(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    filter: &LedgerFilter,
) -> Result<HashMap<Uuid, i64>, DbErr> {
    let (sql, values) = filter.statements();
    page::count_per_owner(connection, &sql.count, partners, values).await
}

/// Entries of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<ledger_entry::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM ledger_entries WHERE id @uuids1");
    let backend = connection.get_database_backend();
    row::all(connection, BY_IDS.bind(backend, [sql::ids(backend, ids)]), entry).await
}

/// For each subject, a value as recorded at a past time; subjects without an entry by then are left out.
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
    let rows = Known::find_by_statement(sql.bind(backend, values)).all(connection).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.id, row.value?))).collect())
}

/// Balances of partners as recorded at a past time.
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

/// Dojo Credits of professionals as recorded at a past time.
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
        Sql::per_engine(
            "SELECT e.* FROM json_each($1) k JOIN points_entries e ON e.professional_id = unhex(k.value->>0) \
             AND e.effective_on BETWEEN k.value->>1 AND k.value->>2 ORDER BY e.log_seq, e.number",
            "SELECT e.* FROM jsonb_array_elements($1::text::jsonb) k JOIN points_entries e \
             ON e.professional_id = (k->>0)::uuid \
             AND e.effective_on BETWEEN (k->>1)::date AND (k->>2)::date ORDER BY e.log_seq, e.number",
        )
    });
    let spans = spans.into_iter().map(|(id, from, to)| (id.simple().to_string(), from, to));
    let spans = serde_json::json!(spans.collect::<Vec<_>>()).to_string();
    let statement = SQL.bind(connection.get_database_backend(), [spans.into()]);
    row::all(connection, statement, points::entry).await
}

/// Entries of partners that count in spans of days of a track, in the order of recording.
pub(crate) async fn in_spans(
    connection: &impl ConnectionTrait,
    spans: impl IntoIterator<Item = (Uuid, Track, NaiveDate, NaiveDate)>,
) -> Result<Vec<ledger_entry::Model>, DbErr> {
    static SQL: LazyLock<Sql> = LazyLock::new(|| {
        Sql::per_engine(
            "SELECT DISTINCT e.* FROM json_each($1) k JOIN ledger_entries e ON e.partner_id = unhex(k.value->>0) \
             AND e.track = k.value->>1 AND e.effective_on BETWEEN k.value->>2 AND k.value->>3 \
             ORDER BY e.partner_id, e.number",
            "SELECT DISTINCT e.* FROM jsonb_array_elements($1::text::jsonb) k JOIN ledger_entries e \
             ON e.partner_id = (k->>0)::uuid AND e.track = k->>1 \
             AND e.effective_on BETWEEN (k->>2)::date AND (k->>3)::date ORDER BY e.partner_id, e.number",
        )
    });
    let spans =
        spans.into_iter().map(|(id, track, from, to)| (id.simple().to_string(), track.to_value(), from, to));
    let spans: Vec<_> = spans.collect();
    if spans.is_empty() {
        return Ok(Vec::new());
    }
    let spans = serde_json::json!(spans).to_string();
    let statement = SQL.bind(connection.get_database_backend(), [spans.into()]);
    row::all(connection, statement, entry).await
}

/// A day on which something was taken back; of a partner, in a track.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct TakenBack {
    pub(crate) owner: Uuid,
    pub(crate) track: Option<Track>,
    pub(crate) day: NaiveDate,
}

/// Days of which level credits were taken back, as recorded by a time.
pub(crate) async fn taken_back(
    connection: &impl ConnectionTrait,
    partners: &[Uuid],
    known_at: DateTimeUtc,
) -> Result<Vec<TakenBack>, DbErr> {
    sql!(
        DAYS,
        "SELECT DISTINCT partner_id AS owner, track, effective_on AS day FROM ledger_entries \
         WHERE partner_id @uuids1 AND level_credits < 0 AND recorded_at <= $2"
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, partners.iter().copied()), known_at.into()];
    TakenBack::find_by_statement(DAYS.bind(backend, values)).all(connection).await
}

/// Days of which points were taken back, as recorded by a time.
pub(crate) async fn points_taken_back(
    connection: &impl ConnectionTrait,
    professionals: &[Uuid],
    known_at: DateTimeUtc,
) -> Result<Vec<TakenBack>, DbErr> {
    sql!(
        DAYS,
        "SELECT DISTINCT professional_id AS owner, NULL AS track, effective_on AS day FROM points_entries \
         WHERE professional_id @uuids1 AND points < 0 AND recorded_at <= $2"
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, professionals.iter().copied()), known_at.into()];
    TakenBack::find_by_statement(DAYS.bind(backend, values)).all(connection).await
}

/// The last day from a day on for which an activity that stands awarded a professional points. What was voided does
/// not count, and the swag shop changes no points.
pub(crate) async fn last_standing_day(
    connection: &impl ConnectionTrait,
    professional: Uuid,
    from: NaiveDate,
) -> Result<Option<NaiveDate>, DbErr> {
    sql!(
        LAST,
        "SELECT e.effective_on FROM points_entries e JOIN activities a ON a.id = e.activity_id \
         WHERE e.professional_id = $1 AND e.effective_on >= $2 AND a.status = 'RECORDED' \
         ORDER BY e.effective_on DESC LIMIT 1"
    );
    let statement = LAST.bind(connection.get_database_backend(), [professional.into(), from.into()]);
    let row = connection.query_one_raw(statement).await?;
    row.map(|row| row.try_get("", "effective_on")).transpose()
}

/// The ledgers of partners before a place in the log, in its order.
pub(crate) async fn of_partners_before(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
    seq: i64,
) -> Result<Vec<ledger_entry::Model>, DbErr> {
    sql!(
        BEFORE,
        "SELECT * FROM ledger_entries WHERE partner_id @uuids1 AND log_seq < $2 ORDER BY log_seq, partner_id, number"
    );
    let backend = connection.get_database_backend();
    let values = [sql::ids(backend, ids.iter().copied()), seq.into()];
    row::all(connection, BEFORE.bind(backend, values), entry).await
}

/// A subject, and the first and last number of a range of its entries.
pub(crate) type NumberRange = (Uuid, i64, i64);

fn by_numbers(table: &str, owner: &str) -> Sql {
    Sql::per_engine(
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

fn as_json(numbers: impl IntoIterator<Item = NumberRange>) -> String {
    let numbers = numbers.into_iter().map(|(id, from, to)| (id.simple().to_string(), from, to));
    serde_json::json!(numbers.collect::<Vec<_>>()).to_string()
}

/// Entries of partners by their numbers, at most `limit` and in no order.
pub(crate) async fn in_ranges(
    connection: &impl ConnectionTrait,
    numbers: impl IntoIterator<Item = NumberRange>,
    limit: i64,
) -> Result<Vec<ledger_entry::Model>, DbErr> {
    static SQL: LazyLock<Sql> = LazyLock::new(|| by_numbers("ledger_entries", "partner_id"));
    let statement = SQL.bind(connection.get_database_backend(), [as_json(numbers).into(), limit.into()]);
    row::all(connection, statement, entry).await
}

/// Entries of professionals by their numbers, at most `limit` and in no order.
pub(crate) async fn points_in_ranges(
    connection: &impl ConnectionTrait,
    numbers: impl IntoIterator<Item = NumberRange>,
    limit: i64,
) -> Result<Vec<points_entry::Model>, DbErr> {
    static SQL: LazyLock<Sql> = LazyLock::new(|| by_numbers("points_entries", "professional_id"));
    let statement = SQL.bind(connection.get_database_backend(), [as_json(numbers).into(), limit.into()]);
    row::all(connection, statement, points::entry).await
}
