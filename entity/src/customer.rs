//! Table `customers`.

use sea_orm::entity::prelude::*;

/// An end customer, whichever of its names is written.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customers")]
pub struct Model {
    /// Key, by which deals refer to it: its first name as names are compared, or its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Id.
    pub id: Uuid,
    /// The name that was written first.
    pub name: String,
    /// The first deal that was won with it.
    pub won_deal_id: Option<Uuid>,
    /// Day on which that was; 9999-12-31 if there is none.
    pub won_on: Date,
    /// The customer that it was joined into; its names and deals are those of that one.
    pub joined_into: Option<String>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
