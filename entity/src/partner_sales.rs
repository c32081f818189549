//! Table `partner_sales`.

use sea_orm::entity::prelude::*;

/// Net amount of a partner's fulfilled end-customer orders of a year in one currency.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partner_sales")]
pub struct Model {
    /// Who sold.
    #[sea_orm(primary_key, auto_increment = false)]
    pub partner_id: Uuid,
    /// Calendar year of fulfilment.
    #[sea_orm(primary_key, auto_increment = false)]
    pub year: i32,
    /// ISO 4217 code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub currency: String,
    /// Sum in minor units.
    pub net: i64,
    /// How many orders.
    pub orders: i64,
    /// The latest day of fulfilment.
    pub latest_on: Date,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
