//! Imports of files, and the rows that they refused.

use std::collections::HashMap;
use std::sync::LazyLock;

use entity::value::{ImportKind, ImportStatus};
use entity::{activity, import_refused_row, import_run};
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::log_ordered::LogOrderedList;
use super::page::{self, Page, PageSql, Rows};
use super::row;
use super::sql::{self, Sql, sql};

/// Which runs a list shows. A run matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportRunFilter {
    /// Only runs whose rows are one of these.
    pub kinds: Option<Vec<ImportKind>>,
    /// Only runs with one of these statuses.
    pub statuses: Option<Vec<ImportStatus>>,
    /// Only those of one integration.
    pub recorded_by: Option<String>,
}

impl ImportRunFilter {
    /// The condition on the first three values.
    const CONDITION: &'static str = "($1 = '[]' OR kind @texts1) AND ($2 = '[]' OR status @texts2) \
                                     AND ($3 = '' OR recorded_by = $3)";

    fn values(&self) -> [Value; 3] {
        fn words<E: ActiveEnum<Value = String>>(values: Option<&Vec<E>>) -> Value {
            let words: Vec<String> = values.into_iter().flatten().map(ActiveEnum::to_value).collect();
            sql::texts(words.iter().map(String::as_str))
        }
        [
            words(self.kinds.as_ref()),
            words(self.statuses.as_ref()),
            self.recorded_by.clone().unwrap_or_default().into(),
        ]
    }

    /// Whether it lets nothing pass: a list of values without any.
    fn is_empty(&self) -> bool {
        self.kinds.as_ref().is_some_and(Vec::is_empty) || self.statuses.as_ref().is_some_and(Vec::is_empty)
    }
}

/// Writes a run as it now is.
pub(crate) async fn save(connection: &impl ConnectionTrait, row: import_run::Model) -> Result<(), DbErr> {
    super::upsert_all(connection, vec![row]).await
}

/// Keeps refused rows.
pub(crate) async fn insert_refused(
    connection: &impl ConnectionTrait,
    rows: Vec<import_refused_row::Model>,
) -> Result<(), DbErr> {
    super::insert_all(connection, rows).await
}

/// Runs of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<import_run::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM import_runs WHERE id @uuids1");
    let backend = connection.get_database_backend();
    import_run::Entity::find()
        .from_raw_sql(BY_IDS.bind(backend, [sql::ids(backend, ids)]))
        .all(connection)
        .await
}

/// The run of an id, its row locked for the rest of the transaction.
pub(crate) async fn lock(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<import_run::Model>, DbErr> {
    sql!(LOCK, "SELECT r.* FROM import_runs r WHERE r.id = $1 @lock(r)");
    let statement = LOCK.bind(connection.get_database_backend(), [id.into()]);
    import_run::Entity::find().from_raw_sql(statement).one(connection).await
}

/// One page of runs, in the order of beginning.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    filter: &ImportRunFilter,
    page: &Page<Uuid>,
) -> Result<Rows<import_run::Model>, DbErr> {
    static PAGES: LazyLock<PageSql> = LazyLock::new(|| {
        let one = |order: &str| {
            Sql::new(&format!(
                "SELECT * FROM import_runs WHERE {} AND id > $4 AND id < $5 ORDER BY {order} LIMIT $6",
                ImportRunFilter::CONDITION
            ))
        };
        PageSql { forward: one("id"), backward: one("id DESC") }
    });
    if filter.is_empty() {
        return Ok(Rows::default());
    }
    let after: Value = page.after.unwrap_or(Uuid::nil()).into();
    let before: Value = page.before.unwrap_or(Uuid::max()).into();
    let values = filter.values().into_iter().chain([after, before, page.limit()]);
    let statement = PAGES.for_page(page).bind(connection.get_database_backend(), values);
    Ok(page.truncate(import_run::Entity::find().from_raw_sql(statement).all(connection).await?))
}

#[derive(FromQueryResult)]
struct Counted {
    rows: i64,
}

async fn counted(
    connection: &impl ConnectionTrait,
    sql: &Sql,
    values: impl IntoIterator<Item = Value>,
) -> Result<i64, DbErr> {
    let statement = sql.bind(connection.get_database_backend(), values);
    Ok(Counted::find_by_statement(statement).one(connection).await?.map_or(0, |row| row.rows))
}

/// How many runs match.
pub(crate) async fn count(connection: &impl ConnectionTrait, filter: &ImportRunFilter) -> Result<i64, DbErr> {
    static COUNT: LazyLock<Sql> = LazyLock::new(|| {
        Sql::new(&format!("SELECT COUNT(*) AS rows FROM import_runs WHERE {}", ImportRunFilter::CONDITION))
    });
    if filter.is_empty() {
        return Ok(0);
    }
    counted(connection, &COUNT, filter.values()).await
}

/// For each run, one page of the refused rows that were kept, by line.
pub(crate) async fn refused_pages(
    connection: &impl ConnectionTrait,
    runs: &[Uuid],
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<import_refused_row::Model>>, DbErr> {
    static PAGES: LazyLock<PageSql> = LazyLock::new(|| {
        let one = |direction: &str| {
            let limited = |limit: &str| {
                format!(
                    "SELECT * FROM import_refused_rows e WHERE e.run_id = k.id AND e.line > $2 AND e.line < $3 \
                     ORDER BY e.line {direction} LIMIT {limit}"
                )
            };
            Sql::per_engine(
                &format!(
                    "SELECT e.* FROM @idtable1 k JOIN import_refused_rows e ON e.run_id = k.id AND e.line IN \
                     (SELECT line FROM ({})) ORDER BY e.line {direction}",
                    limited("$4")
                ),
                &format!(
                    "SELECT e.* FROM @idtable1 k CROSS JOIN LATERAL ({}) e ORDER BY e.line {direction}",
                    limited("$4")
                ),
            )
        };
        PageSql { forward: one("ASC"), backward: one("DESC") }
    });
    let values = [page.after.unwrap_or(0).into(), page.before.unwrap_or(i64::MAX).into(), page.limit()];
    page::pages_per_owner(
        connection,
        &PAGES,
        page,
        runs,
        values,
        row::derived,
        |row: &import_refused_row::Model| row.run_id,
    )
    .await
}

/// For each run, how many refused rows were kept.
pub(crate) async fn refused_counts(
    connection: &impl ConnectionTrait,
    runs: &[Uuid],
) -> Result<HashMap<Uuid, i64>, DbErr> {
    sql!(
        COUNTS,
        "SELECT run_id AS owner, COUNT(*) AS rows FROM import_refused_rows WHERE run_id @uuids1 GROUP BY run_id"
    );
    page::count_per_owner(connection, &COUNTS, runs, []).await
}

static ACTIVITIES: LogOrderedList = LogOrderedList::new("activities", "import_run_id");

/// For each run, one page of the activities that it recorded, in the order of recording.
pub(crate) async fn activity_pages(
    connection: &impl ConnectionTrait,
    runs: &[Uuid],
    page: &Page<i64>,
) -> Result<HashMap<Uuid, Rows<activity::Model>>, DbErr> {
    let of = |row: &activity::Model| row.import_run_id.unwrap_or(Uuid::nil());
    ACTIVITIES.pages(connection, runs, page, of).await
}

/// For each run, how many activities it recorded.
pub(crate) async fn activity_counts(
    connection: &impl ConnectionTrait,
    runs: &[Uuid],
) -> Result<HashMap<Uuid, i64>, DbErr> {
    ACTIVITIES.counts(connection, runs).await
}

/// The activities of a run that count, the last recorded ones first, at most `limit` of them.
pub(crate) async fn counting_activities(
    connection: &impl ConnectionTrait,
    run: Uuid,
    limit: u64,
) -> Result<Vec<activity::Model>, DbErr> {
    sql!(
        COUNTING,
        "SELECT * FROM activities WHERE import_run_id = $1 AND status = 'RECORDED' ORDER BY seq DESC LIMIT $2"
    );
    let values: [Value; 2] = [run.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()];
    let statement = COUNTING.bind(connection.get_database_backend(), values);
    activity::Entity::find().from_raw_sql(statement).all(connection).await
}

/// How many activities of a run count.
pub(crate) async fn counting(connection: &impl ConnectionTrait, run: Uuid) -> Result<i64, DbErr> {
    sql!(
        COUNTING,
        "SELECT COUNT(*) AS rows FROM activities WHERE import_run_id = $1 AND status = 'RECORDED'"
    );
    counted(connection, &COUNTING, [run.into()]).await
}
