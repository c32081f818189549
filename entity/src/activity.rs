//! Table `activities`.

use sea_orm::entity::prelude::*;

use crate::value::ActivityStatus;

/// A fact that somebody recorded, with what it came to so far.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "activities")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Place in the log where it was recorded.
    pub seq: i64,
    /// The partner whose activity it is; else it is a professional's.
    pub partner_id: Option<Uuid>,
    /// The professional whose activity it is.
    pub professional_id: Option<Uuid>,
    /// Code of the kind.
    pub kind: String,
    /// When it happened.
    pub occurred_on: Date,
    /// How many of it, from 1.
    pub quantity: i64,
    /// Graded points as they came in.
    pub points: Option<i64>,
    /// What the kind asks for: a JSON object, keys in order.
    pub attributes: String,
    /// System that it came from.
    pub source: String,
    /// Its id there.
    pub external_id: String,
    /// When the system learned of it.
    pub recorded_at: DateTimeUtc,
    /// Where it stands.
    pub status: ActivityStatus,
    /// Points of the reviewer, where one graded it.
    pub graded_points: Option<i64>,
    /// Net effect on the professional so far.
    pub awarded_points: i64,
    /// Net effect on a partner so far, in level credits.
    pub awarded_credits: i64,
    /// The integration that recorded it; none when a person or an import did.
    pub recorded_by: Option<String>,
}

/// Rows are joined by statement, so none is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
