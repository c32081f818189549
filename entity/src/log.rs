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
    /// The order that it happened to.
    pub order_id: Option<Uuid>,
    /// The deal that it happened to.
    pub deal_id: Option<Uuid>,
    /// The sales target that it happened to.
    pub sales_target_id: Option<Uuid>,
    /// The order of swag that it happened to.
    pub swag_order_id: Option<Uuid>,
    /// The partner that it happened to, for a step of the partner itself.
    pub partner_id: Option<Uuid>,
    /// The professional that it happened to, for a step of the professional itself.
    pub professional_id: Option<Uuid>,
    /// The contract that it happened to.
    pub contract_id: Option<Uuid>,
    /// The saved quote that it happened to.
    pub quote_id: Option<Uuid>,
    /// Points that a reviewer graded.
    pub points: Option<i64>,
    /// Last day of an affiliation: as entered, or as ended.
    pub ends_on: Option<Date>,
    /// The day of it, where that is not the activity's: of fulfilment or cancellation.
    pub day: Option<Date>,
    /// ISO 4217 code of a sales target.
    pub currency: Option<String>,
    /// Minor units of a sales target.
    pub amount: Option<i64>,
    /// Reason, as free text.
    pub reason: Option<String>,
    /// Who did it: the label of the key or the subject of the token; none in rows of before that was kept.
    pub actor: Option<String>,
    /// The role of the actor.
    pub actor_role: Option<String>,
    /// Further values of the step, as JSON.
    pub data: Option<String>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
