//! Table `webhook_endpoints`.

use sea_orm::entity::prelude::*;

use crate::value::WebhookStatus;

/// An address that events are sent to.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoints")]
pub struct Model {
    /// Key of the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Where events are sent.
    pub url: String,
    /// Description, as free text.
    pub description: String,
    /// The kinds of events that it gets: a JSON list; none means every one.
    pub kinds: Option<String>,
    /// The only partner whose events it gets.
    pub partner_id: Option<Uuid>,
    /// Whether events are sent.
    pub status: WebhookStatus,
    /// Why none are.
    pub reason: Option<String>,
    /// Since when that is so.
    pub since: DateTimeUtc,
    /// Events up to this number were turned into deliveries.
    pub position: i64,
    /// When it was created.
    pub created_at: DateTimeUtc,
    /// Who created it, as the audit log names actors.
    pub created_by: String,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
