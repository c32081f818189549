//! Table `professionals`.

use sea_orm::entity::prelude::*;

/// A person in the `DevOps` professional program.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "professionals")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Unique code.
    pub code: String,
    /// Display name.
    pub name: String,
    /// Address for mail; none once it was erased.
    pub email: Option<String>,
    /// Day of sign-up: membership years run from it.
    pub signed_up_on: Date,
    /// When it was recorded.
    pub created_at: DateTimeUtc,
    /// When name and address were erased.
    pub erased_at: Option<DateTimeUtc>,
    /// Code and name without case and accents; none in rows of an earlier release, until the program starts.
    pub search_key: Option<String>,
    /// The address without case and accents; none once it was erased.
    pub email_key: Option<String>,
    /// Last day in the program; none while the person takes part.
    pub left_on: Option<Date>,
    /// Overrides of levels so far: a JSON list, or none.
    pub level_overrides: Option<String>,
    /// The professional that it was merged into; none while it stands by itself.
    pub merged_into: Option<Uuid>,
    /// Codes of professionals that were merged into it: a JSON list, or none.
    pub former_codes: Option<String>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
