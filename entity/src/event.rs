//! Table `events`.

use sea_orm::entity::prelude::*;

use crate::value::EventKind;

/// An event of the feed, written in the transaction of its change.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    /// Key, in the order of writing.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Number in commit order, from 1 without gaps; none until it is assigned.
    pub number: Option<i64>,
    /// When it was recorded.
    pub recorded_at: DateTimeUtc,
    /// What happened.
    pub kind: EventKind,
    /// The day of it.
    pub occurred_on: Date,
    /// The partner that it concerns, or that the professional is affiliated with on that day.
    pub partner_id: Option<Uuid>,
    /// The professional that it concerns.
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
    /// The import that has ended.
    pub import_run_id: Option<Uuid>,
    /// State at that time, as a JSON object: codes and numbers, no names and no addresses.
    pub data: String,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
