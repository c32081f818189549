//! Table `edition_rollouts`.

use sea_orm::entity::prelude::*;

/// How far what is stored about the days ahead of all subjects has been computed again for a new edition.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "edition_rollouts")]
pub struct Model {
    /// The edition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub edition_id: Uuid,
    /// The partners through this id are done.
    pub partners_through: Option<Uuid>,
    /// The professionals through this id are done.
    pub professionals_through: Option<Uuid>,
    /// When the last one was done.
    pub finished_at: Option<DateTimeUtc>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
