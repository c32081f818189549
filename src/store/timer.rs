//! Timers of deals and of the opportunities that they hold.

use chrono::NaiveDate;
use entity::{deal_timer, opportunity_timer};
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

/// Sets the timer of the opportunity that a deal holds, or deletes it.
pub(crate) async fn set_lapse(
    connection: &impl ConnectionTrait,
    deal_id: Uuid,
    lapses_on: Option<NaiveDate>,
) -> Result<(), DbErr> {
    match lapses_on {
        Some(lapses_on) => {
            super::upsert_all(connection, vec![opportunity_timer::Model { deal_id, lapses_on }]).await
        }
        None => opportunity_timer::Entity::delete_by_id(deal_id).exec(connection).await.map(drop),
    }
}

/// Timers of opportunities that are due by a day, the earliest first, at most `limit` of them.
pub(crate) async fn lapses_due(
    connection: &impl ConnectionTrait,
    today: NaiveDate,
    limit: u64,
) -> Result<Vec<opportunity_timer::Model>, DbErr> {
    opportunity_timer::Entity::find()
        .filter(opportunity_timer::Column::LapsesOn.lte(today))
        .order_by_asc(opportunity_timer::Column::LapsesOn)
        .order_by_asc(opportunity_timer::Column::DealId)
        .limit(limit)
        .all(connection)
        .await
}

/// The timer of the opportunity that a deal holds, if there is one.
pub(crate) async fn lapse_of(
    connection: &impl ConnectionTrait,
    deal_id: Uuid,
) -> Result<Option<opportunity_timer::Model>, DbErr> {
    opportunity_timer::Entity::find_by_id(deal_id).one(connection).await
}
