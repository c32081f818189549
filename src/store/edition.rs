//! Published editions.

use entity::edition;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder};

/// Every edition, the oldest first.
pub(crate) async fn all(connection: &impl ConnectionTrait) -> Result<Vec<edition::Model>, DbErr> {
    edition::Entity::find().order_by_asc(edition::Column::EffectiveFrom).all(connection).await
}

/// Publishes an edition.
pub(crate) async fn insert(connection: &impl ConnectionTrait, row: edition::Model) -> Result<(), DbErr> {
    let row: edition::ActiveModel = row.into();
    edition::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(())
}
