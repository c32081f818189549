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
    /// Display name.
    pub name: String,
    /// First day in the program.
    pub enrolled_on: Date,
    /// When it was recorded.
    pub created_at: DateTimeUtc,
    /// Code and name without case and accents; none in rows of an earlier release, until the program starts.
    pub search_key: Option<String>,
    /// Last day in the program; none while it takes part.
    pub left_on: Option<Date>,
    /// Overrides of levels so far: a JSON list, or none.
    pub level_overrides: Option<String>,
    /// The partner that it was merged into; none while it stands by itself.
    pub merged_into: Option<Uuid>,
    /// Codes of partners that were merged into it: a JSON list, or none.
    pub former_codes: Option<String>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
