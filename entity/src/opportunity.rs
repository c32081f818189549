//! Table `opportunities`.

use sea_orm::entity::prelude::*;

/// Who holds the registered opportunity of a customer and scope (R4).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opportunities")]
pub struct Model {
    /// The customer without case and spacing.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_key: String,
    /// The scope without case and spacing.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope_key: String,
    /// The deal that holds it.
    pub deal_id: Option<Uuid>,
    /// First day.
    pub held_since: Option<Date>,
    /// Last day, unless something is reported until then.
    pub held_until: Option<Date>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
