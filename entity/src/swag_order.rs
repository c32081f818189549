//! Table `swag_orders`.

use sea_orm::entity::prelude::*;

use crate::value::SwagOrderStatus;

/// An order in the swag shop.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "swag_orders")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Sequence number in the log.
    pub seq: i64,
    /// Unique number that people refer to it by.
    pub number: String,
    /// Who ordered.
    pub professional_id: Uuid,
    /// What was ordered.
    pub item_id: Uuid,
    /// Its name then.
    pub item_name: String,
    /// How many.
    pub quantity: i64,
    /// Dojo Credits for one.
    pub unit_price: i64,
    /// Dojo Credits for all.
    pub dojo_credits: i64,
    /// When it was placed.
    pub placed_on: Date,
    /// The caller's key, unique for the professional.
    pub idempotency_key: String,
    /// When it was recorded.
    pub recorded_at: DateTimeUtc,
    /// Status.
    pub status: SwagOrderStatus,
    /// When it was cancelled.
    pub cancelled_on: Option<Date>,
    /// When it was shipped.
    pub fulfilled_on: Option<Date>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
