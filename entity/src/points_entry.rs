//! Table `points_entries`.

use sea_orm::entity::prelude::*;

use crate::value::PointsReason;

/// A change of a professional's `DevOps` Points and Dojo Credits; never changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "points_entries")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The professional.
    pub professional_id: Uuid,
    /// Number among the professional's entries, from 1 without gaps.
    pub number: i64,
    /// The step of the log that caused it.
    pub log_seq: i64,
    /// The activity that it is about.
    pub activity_id: Option<Uuid>,
    /// The order of swag that it is about.
    pub swag_order_id: Option<Uuid>,
    /// Effective date.
    pub effective_on: Date,
    /// When it was recorded; increases with the number.
    pub recorded_at: DateTimeUtc,
    /// The cause.
    pub reason: PointsReason,
    /// Kind of the rule.
    pub kind: Option<String>,
    /// Edition of the rule.
    pub edition_id: Option<Uuid>,
    /// First day of the window whose units were counted.
    pub window_start: Option<Date>,
    /// Units in the window before.
    pub units_before: Option<i64>,
    /// Units in the window after.
    pub units_after: Option<i64>,
    /// `DevOps` Points.
    pub points: i64,
    /// Dojo Credits.
    pub dojo_credits: i64,
    /// Dojo Credits held with this entry.
    pub dojo_balance_after: i64,
    /// Net points of the same day with this entry.
    pub day_after: i64,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
