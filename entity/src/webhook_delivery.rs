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
    /// Whom the event is about: events about one subject are sent one after the other. None for a test.
    pub subject: Option<Uuid>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried since it was last due from the start.
    pub attempts: i64,
    /// When it is tried next, at the earliest.
    pub next_attempt_at: DateTimeUtc,
    /// The attempt that is under way.
    pub lease: Option<Uuid>,
    /// When that attempt is given up and another one may begin.
    pub leased_until: Option<DateTimeUtc>,
    /// When it came to be.
    pub created_at: DateTimeUtc,
    /// When the receiver took it.
    pub delivered_at: Option<DateTimeUtc>,
}

/// Rows are joined by statement, so none is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
