//! Table `merged_objects`.

use sea_orm::entity::prelude::*;

/// A fact that a merge gave to another subject, with the one whose it was before; never changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "merged_objects")]
pub struct Model {
    /// The activity, affiliation, order or other fact.
    #[sea_orm(primary_key, auto_increment = false)]
    pub object_id: Uuid,
    /// The merge, as a step of the log.
    #[sea_orm(primary_key, auto_increment = false)]
    pub log_seq: i64,
    /// The partner or professional whose it was before.
    pub from_id: Uuid,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
