//! Table `activities`.

use sea_orm::entity::prelude::*;

use crate::value::ActivityStatus;

/// A recorded fact, with its status and net awards so far.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "activities")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Sequence number in the log of the step that recorded it.
    pub seq: i64,
    /// The partner whose activity it is; else it is a professional's.
    pub partner_id: Option<Uuid>,
    /// The professional whose activity it is.
    pub professional_id: Option<Uuid>,
    /// Code of the kind.
    pub kind: String,
    /// When it happened.
    pub occurred_on: Date,
    /// Quantity, from 1.
    pub quantity: i64,
    /// Graded points as received.
    pub points: Option<i64>,
    /// Attributes that the kind requires: a JSON object with sorted keys.
    pub attributes: String,
    /// Source system.
    pub source: String,
    /// Id in the source system.
    pub external_id: String,
    /// When it was recorded.
    pub recorded_at: DateTimeUtc,
    /// Status.
    pub status: ActivityStatus,
    /// Points of the reviewer, where one graded it.
    pub graded_points: Option<i64>,
    /// Net effect on the professional so far.
    pub awarded_points: i64,
    /// Net effect on a partner so far, in level credits.
    pub awarded_credits: i64,
    /// The integration that recorded it; none when a person or an import did.
    pub recorded_by: Option<String>,
    /// The import that recorded it.
    pub import_run_id: Option<Uuid>,
    /// The activity of the same key that it takes the place of; that one was rejected or voided.
    pub replaces: Option<Uuid>,
    /// The activity that took its place, and has its key now.
    pub replaced_by: Option<Uuid>,
    /// The last day for the evidence of a claim, which is rejected then without.
    pub evidence_due_on: Option<Date>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
