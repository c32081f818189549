//! Table `opportunity_timers`.

use sea_orm::entity::prelude::*;

/// Timer of the opportunity that a deal holds; the row is deleted when the opportunity lapses or is released.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opportunity_timers")]
pub struct Model {
    /// The deal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub deal_id: Uuid,
    /// The first day on which it has lapsed, unless something is reported before.
    pub lapses_on: Date,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
