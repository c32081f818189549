//! Table `log`.

use sea_orm::entity::prelude::*;

use crate::value::LogAction;

/// One step of the log: what took effect, in this order.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log")]
pub struct Model {
    /// Place in the order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// When it took effect.
    pub recorded_at: DateTimeUtc,
    /// What happened.
    pub action: LogAction,
    /// The activity that it happened to.
    pub activity_id: Option<Uuid>,
    /// The affiliation that it happened to.
    pub affiliation_id: Option<Uuid>,
    /// Points that a reviewer graded.
    pub points: Option<i64>,
    /// Last day of an affiliation: as entered, or as ended.
    pub ends_on: Option<Date>,
    /// Why, in a person's words.
    pub reason: Option<String>,
}

/// Rows are joined by statement, so none is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
