//! Table `customer_names`.

use sea_orm::entity::prelude::*;

/// Which customer a name means (R10).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_names")]
pub struct Model {
    /// The name without case and spacing.
    #[sea_orm(primary_key, auto_increment = false)]
    pub spelling: String,
    /// The customer.
    pub customer_key: String,
    /// The name as it was written first.
    pub name: String,
    /// The name as it is compared with others; none for a spelling that is kept apart from names that compare equal.
    pub compare_key: Option<String>,
    /// The name as it is searched for; none until a start has computed both keys.
    pub search_key: Option<String>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
