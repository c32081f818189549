//! Timers of deals.

use chrono::NaiveDate;
use entity::deal_timer;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// Sets the timer of a deal, or deletes it.
pub(crate) async fn set(
    connection: &impl ConnectionTrait,
    deal_id: Uuid,
    expires_on: Option<NaiveDate>,
) -> Result<(), DbErr> {
    match expires_on {
        Some(expires_on) => {
            super::upsert_all(connection, vec![deal_timer::Model { deal_id, expires_on }]).await
        }
        None => deal_timer::Entity::delete_by_id(deal_id).exec(connection).await.map(drop),
    }
}

/// Timers that are due by a day, the earliest first, at most `limit` of them.
pub(crate) async fn due(
    connection: &impl ConnectionTrait,
    today: NaiveDate,
    limit: u64,
) -> Result<Vec<deal_timer::Model>, DbErr> {
    deal_timer::Entity::find()
        .filter(deal_timer::Column::ExpiresOn.lte(today))
        .order_by_asc(deal_timer::Column::ExpiresOn)
        .order_by_asc(deal_timer::Column::DealId)
        .limit(limit)
        .all(connection)
        .await
}

/// The timer of a deal, if there is one.
pub(crate) async fn by_deal(
    connection: &impl ConnectionTrait,
    deal_id: Uuid,
) -> Result<Option<deal_timer::Model>, DbErr> {
    deal_timer::Entity::find_by_id(deal_id).one(connection).await
}
