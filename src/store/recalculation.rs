//! Recalculations.

use std::sync::LazyLock;

use entity::recalculation;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::log::WITHOUT_ENTRIES;
use super::page::{Page, PageSql, Rows};
use super::sql::{self, Sql, sql};
use super::turns;

/// Writes a recalculation as it now is.
pub(crate) async fn save(connection: &impl ConnectionTrait, row: recalculation::Model) -> Result<(), DbErr> {
    super::upsert_all(connection, vec![row]).await
}

/// The recalculation of an id, its row locked for the rest of the transaction.
pub(crate) async fn lock(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<recalculation::Model>, DbErr> {
    turns::take([("recalculations", id)])?;
    sql!(LOCK, "SELECT r.* FROM recalculations r WHERE r.id = $1 @lock(r)");
    let statement = LOCK.bind(connection.get_database_backend(), [id.into()]);
    recalculation::Entity::find().from_raw_sql(statement).one(connection).await
}

/// Recalculations of these ids, in no order.
pub(crate) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<recalculation::Model>, DbErr> {
    sql!(BY_IDS, "SELECT * FROM recalculations WHERE id @uuids1");
    let backend = connection.get_database_backend();
    let statement = BY_IDS.bind(backend, [sql::ids(backend, ids)]);
    recalculation::Entity::find().from_raw_sql(statement).all(connection).await
}

/// Those that were ever applied, in the order in which they were.
pub(crate) async fn moves(connection: &impl ConnectionTrait) -> Result<Vec<recalculation::Model>, DbErr> {
    sql!(MOVES, "SELECT * FROM recalculations WHERE applied_seq IS NOT NULL ORDER BY applied_seq");
    let statement = MOVES.bind(connection.get_database_backend(), []);
    recalculation::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The one whose subjects are being recalculated, if there is one.
pub(crate) async fn open(connection: &impl ConnectionTrait) -> Result<Option<recalculation::Model>, DbErr> {
    sql!(OPEN, "SELECT * FROM recalculations WHERE status IN ('APPLYING', 'REVERTING')");
    let statement = OPEN.bind(connection.get_database_backend(), []);
    recalculation::Entity::find().from_raw_sql(statement).one(connection).await
}

/// Whether anything that earns took effect after a recalculation was applied, apart from recalculations themselves.
pub(crate) async fn has_earned_since(
    connection: &impl ConnectionTrait,
    row: &recalculation::Model,
) -> Result<bool, DbErr> {
    static LATER: LazyLock<Sql> = LazyLock::new(|| {
        Sql::new(&format!(
            "SELECT seq FROM log WHERE seq > $1 AND action NOT IN ({WITHOUT_ENTRIES}, 'RECALCULATED', \
             'RECALCULATION_APPLIED', 'RECALCULATION_REVERTED') LIMIT 1"
        ))
    });
    let statement = LATER.bind(connection.get_database_backend(), [row.applied_seq.into()]);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// One page of recalculations, in the order of planning.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    page: &Page<Uuid>,
) -> Result<Rows<recalculation::Model>, DbErr> {
    static PAGES: LazyLock<PageSql> = LazyLock::new(|| {
        let one = |order: &str| {
            Sql::new(&format!(
                "SELECT * FROM recalculations WHERE id > $1 AND id < $2 ORDER BY {order} LIMIT $3"
            ))
        };
        PageSql { forward: one("id"), backward: one("id DESC") }
    });
    let after: Value = page.after.unwrap_or(Uuid::nil()).into();
    let before: Value = page.before.unwrap_or(Uuid::max()).into();
    let statement =
        PAGES.for_page(page).bind(connection.get_database_backend(), [after, before, page.limit()]);
    Ok(page.truncate(recalculation::Entity::find().from_raw_sql(statement).all(connection).await?))
}

/// How many there are.
pub(crate) async fn count(connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
    #[derive(FromQueryResult)]
    struct Counted {
        rows: i64,
    }
    sql!(COUNT, "SELECT COUNT(*) AS rows FROM recalculations");
    let statement = COUNT.bind(connection.get_database_backend(), []);
    Ok(Counted::find_by_statement(statement).one(connection).await?.map_or(0, |row| row.rows))
}

/// When a subject was last part of a step.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(crate) struct LastStep {
    pub(crate) id: Uuid,
    pub(crate) last_recorded_at: Option<sea_orm::prelude::DateTimeUtc>,
}

/// When each partner and professional was last part of a step.
pub(crate) async fn last_steps(connection: &impl ConnectionTrait) -> Result<Vec<LastStep>, DbErr> {
    sql!(
        LAST,
        "SELECT partner_id AS id, last_recorded_at FROM partner_balances \
         UNION ALL SELECT professional_id AS id, last_recorded_at FROM professional_balances"
    );
    let statement = LAST.bind(connection.get_database_backend(), []);
    LastStep::find_by_statement(statement).all(connection).await
}
