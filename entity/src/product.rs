//! Table `products`.

use sea_orm::entity::prelude::*;

use crate::value::ProductCategory;

/// Something that can be ordered.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "products")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Unique code.
    pub code: String,
    /// Display name.
    pub name: String,
    /// What sort of product it is.
    pub category: ProductCategory,
    /// When it was entered.
    pub created_at: DateTimeUtc,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
