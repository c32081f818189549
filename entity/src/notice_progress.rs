//! Table `notice_progress`.

use sea_orm::entity::prelude::*;

/// How far the notices of one kind have been emitted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notice_progress")]
pub struct Model {
    /// What ends.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// The last day whose notices have all been emitted.
    pub noticed_on: Date,
    /// The day whose notices are being emitted.
    pub pending_on: Option<Date>,
    /// End of the object of its last notice.
    pub after_end: Option<Date>,
    /// That object.
    pub after_id: Option<Uuid>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
