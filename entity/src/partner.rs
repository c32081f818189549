//! Table `partners`.

use sea_orm::entity::prelude::*;

/// A company in the partner program.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partners")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Unique code.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// First day in the program.
    pub enrolled_on: Date,
    /// When the system learned of it.
    pub created_at: DateTimeUtc,
}

/// Rows are joined by statement, so none is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
