//! Published editions, and what remains to be done for all subjects when one was published.

use entity::{edition, edition_rollout};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryOrder};
use uuid::Uuid;

use super::sql::sql;
use super::turns;

/// Every edition, the oldest first.
pub(crate) async fn all(connection: &impl ConnectionTrait) -> Result<Vec<edition::Model>, DbErr> {
    edition::Entity::find().order_by_asc(edition::Column::EffectiveFrom).all(connection).await
}

/// Waits for its turn to publish. The unique first day decides between processes.
pub(crate) fn take_turn() -> Result<(), DbErr> {
    turns::take([("editions", "publication")])
}

/// Publishes an edition.
pub(crate) async fn insert(connection: &impl ConnectionTrait, row: edition::Model) -> Result<(), DbErr> {
    let row: edition::ActiveModel = row.into();
    edition::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(())
}

/// The version of the policy: how many editions there are, and how many recalculations were reverted.
pub(crate) const VERSION: &str = "((SELECT COUNT(*) FROM editions) + (SELECT COUNT(*) FROM recalculations WHERE reverted_seq IS NOT NULL))";

/// The version of the policy.
pub(crate) async fn version(connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
    #[derive(FromQueryResult)]
    struct Counted {
        editions: i64,
    }
    sql!(COUNT, &format!("SELECT {VERSION} AS editions"));
    let statement = COUNT.bind(connection.get_database_backend(), []);
    Ok(Counted::find_by_statement(statement).one(connection).await?.map_or(0, |row| row.editions))
}

/// Waits until no transaction is open that has taken places in the log, and lets none take any until this one has ended.
///
/// Whoever takes places reads the version of the policy by the same statement, and so holds a lock on the table of editions
/// until its end. A statement that waits for this lock reads what holds after it.
pub(crate) async fn wait_for_places(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    if connection.get_database_backend() == DbBackend::Postgres {
        connection.execute_unprepared("LOCK TABLE editions IN ACCESS EXCLUSIVE MODE").await?;
    }
    Ok(())
}

/// The rollouts that have not ended, the oldest first.
pub(crate) async fn open_rollouts(
    connection: &impl ConnectionTrait,
) -> Result<Vec<edition_rollout::Model>, DbErr> {
    sql!(OPEN, "SELECT * FROM edition_rollouts WHERE finished_at IS NULL ORDER BY edition_id");
    let statement = OPEN.bind(connection.get_database_backend(), []);
    edition_rollout::Entity::find().from_raw_sql(statement).all(connection).await
}

/// The rollout of an edition, its row locked for the rest of the transaction.
pub(crate) async fn lock_rollout(
    connection: &impl ConnectionTrait,
    edition: Uuid,
) -> Result<Option<edition_rollout::Model>, DbErr> {
    sql!(LOCK, "SELECT r.* FROM edition_rollouts r WHERE r.edition_id = $1 @lock(r)");
    let statement = LOCK.bind(connection.get_database_backend(), [edition.into()]);
    edition_rollout::Entity::find().from_raw_sql(statement).one(connection).await
}

/// Writes a rollout as it now is.
pub(crate) async fn save_rollout(
    connection: &impl ConnectionTrait,
    row: edition_rollout::Model,
) -> Result<(), DbErr> {
    super::upsert_all(connection, vec![row]).await
}
