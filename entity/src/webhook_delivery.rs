//! Table `webhook_deliveries`.

use sea_orm::entity::prelude::*;

use crate::value::{DeliveryState, EventKind};

/// An event on its way to an endpoint, or a test.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    /// Key of the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The endpoint.
    pub endpoint_id: Uuid,
    /// Number of the event; none for a test.
    pub number: Option<i64>,
    /// What kind of event it is; none for a test.
    pub kind: Option<EventKind>,
    /// Subject of the event: the events of one subject are delivered in order. None for a test.
    pub subject: Option<Uuid>,
    /// Status.
    pub state: DeliveryState,
    /// Attempts since it was created or reset.
    pub attempts: i64,
    /// Earliest time of the next attempt.
    pub next_attempt_at: DateTimeUtc,
    /// Lease of the attempt in progress.
    pub lease: Option<Uuid>,
    /// When the lease expires and another process may attempt it.
    pub leased_until: Option<DateTimeUtc>,
    /// When it was created.
    pub created_at: DateTimeUtc,
    /// When the receiver acknowledged it.
    pub delivered_at: Option<DateTimeUtc>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
