//! Table `contract_rates`.

use sea_orm::entity::prelude::*;

use crate::value::ProductCategory;

/// The discount of a contract on one category; never changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contract_rates")]
pub struct Model {
    /// The contract.
    #[sea_orm(primary_key, auto_increment = false)]
    pub contract_id: Uuid,
    /// What it governs.
    #[sea_orm(primary_key, auto_increment = false)]
    pub category: ProductCategory,
    /// Share of the list price, 0 to 100, as a decimal number.
    pub percent: String,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
