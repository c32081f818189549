//! Table `swag_items`.

use sea_orm::entity::prelude::*;

/// Something that Dojo Credits buy.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "swag_items")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Unique code.
    pub code: String,
    /// Display name.
    pub name: String,
    /// Price of one.
    pub dojo_credits: i64,
    /// How many are left.
    pub stock: i64,
    /// When it was entered.
    pub created_at: DateTimeUtc,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
