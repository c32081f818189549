//! Table `deal_timers`.

use sea_orm::entity::prelude::*;

/// Timer of a deal; the row is deleted when the deal expires or is closed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deal_timers")]
pub struct Model {
    /// The deal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub deal_id: Uuid,
    /// The first day on which it is expired, unless it changes before.
    pub expires_on: Date,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
