//! Table `events`.

use sea_orm::entity::prelude::*;

use crate::value::EventKind;

/// Something that happened, for others to follow; written with the change itself.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    /// Place in the order of writing.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Place in the order of commits, from 1 without a gap; none until it is numbered.
    pub number: Option<i64>,
    /// When it was recorded.
    pub recorded_at: DateTimeUtc,
    /// What happened.
    pub kind: EventKind,
    /// The day of it.
    pub occurred_on: Date,
    /// The partner that it is about, or that the professional works for on that day.
    pub partner_id: Option<Uuid>,
    /// The professional whom it is about.
    pub professional_id: Option<Uuid>,
    /// The integration that recorded the activity or deal.
    pub recorded_by: Option<String>,
    /// The entry of the ledger, or of points.
    pub entry_id: Option<Uuid>,
    /// The activity.
    pub activity_id: Option<Uuid>,
    /// The order.
    pub order_id: Option<Uuid>,
    /// The deal.
    pub deal_id: Option<Uuid>,
    /// The order of swag.
    pub swag_order_id: Option<Uuid>,
    /// What was so then, as a JSON object: codes and numbers, no names and no addresses.
    pub data: String,
}

/// Rows are joined by statement, so none is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
