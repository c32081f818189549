//! Table `event_feed`.

use sea_orm::entity::prelude::*;

/// The assigned numbers of events; its one row is the lock for assigning them.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_feed")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// The last assigned number.
    pub last: i64,
    /// Events up to this number were deleted.
    pub removed: i64,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
