//! Table `professional_totals`.

use sea_orm::entity::prelude::*;

/// Points of a professional and membership year.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "professional_totals")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub professional_id: Uuid,
    /// Number of the anniversary that the year starts on.
    #[sea_orm(primary_key, auto_increment = false)]
    pub membership_year: i32,
    /// Points.
    pub points: i64,
    /// Last day with an entry.
    pub last_on: Date,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
