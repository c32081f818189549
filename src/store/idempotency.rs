//! First results of mutations, by the keys that callers chose.

use entity::idempotency_key;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

/// The first result of a key.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    actor: &str,
    operation: &str,
    key: &str,
) -> Result<Option<idempotency_key::Model>, DbErr> {
    let key = (actor.to_owned(), operation.to_owned(), key.to_owned());
    idempotency_key::Entity::find_by_id(key).one(connection).await
}

/// Keeps the first result of a key. Another transaction that kept it first makes this one fail, and start again.
pub(crate) async fn insert(
    connection: &impl ConnectionTrait,
    row: idempotency_key::Model,
) -> Result<(), DbErr> {
    super::insert_all(connection, vec![row]).await
}
