//! Table `editions`.

use sea_orm::entity::prelude::*;

/// A published edition: one dated version of the whole policy.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "editions")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// First day in force.
    pub effective_from: Date,
    /// Display name.
    pub name: String,
    /// The TOML document as published.
    pub document: String,
    /// When it was published.
    pub published_at: DateTimeUtc,
    /// The label of the key or the subject of the token that published it; none for the built-in edition.
    pub published_by: Option<String>,
    /// The recalculation that it is of; none for a published edition.
    pub recalculation_id: Option<Uuid>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
