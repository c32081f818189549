//! Table `recalculations`.

use sea_orm::entity::prelude::*;

use crate::value::RecalculationStatus;

/// A policy for days that have passed: planned, applied, and perhaps reverted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recalculations")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The trial that is its plan: the document, its first day, and what it would change.
    pub trial_id: Uuid,
    /// Reason, as free text.
    pub reason: String,
    /// Status.
    pub status: RecalculationStatus,
    /// Place of the log at which it was planned.
    pub log_seq: i64,
    /// Steps of the log by then.
    pub log_steps: i64,
    /// When it was planned.
    pub planned_at: DateTimeUtc,
    /// The label of the key or the subject of the token that planned it.
    pub planned_by: String,
    /// Place in the log from which on its edition is in force.
    pub applied_seq: Option<i64>,
    /// When it was applied.
    pub applied_at: Option<DateTimeUtc>,
    /// The label of the key or the subject of the token that applied it.
    pub applied_by: Option<String>,
    /// When the last subject was recalculated.
    pub apply_finished_at: Option<DateTimeUtc>,
    /// Place in the log from which on its edition is no longer in force.
    pub reverted_seq: Option<i64>,
    /// When it was reverted.
    pub reverted_at: Option<DateTimeUtc>,
    /// The label of the key or the subject of the token that reverted it.
    pub reverted_by: Option<String>,
    /// Why it was reverted, as free text.
    pub revert_reason: Option<String>,
    /// When the last subject was recalculated back.
    pub revert_finished_at: Option<DateTimeUtc>,
    /// The professionals through this id are done.
    pub professionals_through: Option<Uuid>,
    /// The partners through this id are done.
    pub partners_through: Option<Uuid>,
    /// How many subjects have a step of it in the log, of the last direction.
    pub subjects: i64,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
