//! Table `webhook_attempts`.

use sea_orm::entity::prelude::*;

/// One request to an endpoint and its outcome.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_attempts")]
pub struct Model {
    /// Key of the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What was delivered.
    pub delivery_id: Uuid,
    /// The endpoint.
    pub endpoint_id: Uuid,
    /// When it began.
    pub at: DateTimeUtc,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The HTTP status that was answered.
    pub status_code: Option<i32>,
    /// Error message, if it failed.
    pub error: Option<String>,
    /// How the answer began.
    pub response: Option<String>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
