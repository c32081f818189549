//! Table `customers`.

use sea_orm::entity::prelude::*;

/// An end customer, whatever the case and spacing of its name.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customers")]
pub struct Model {
    /// The name without case and spacing.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The first deal that was won with it.
    pub won_deal_id: Option<Uuid>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
