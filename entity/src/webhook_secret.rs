//! Table `webhook_secrets`.

use std::fmt;

use sea_orm::entity::prelude::*;

/// What deliveries to an endpoint are signed with. The newest has no end.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_secrets")]
pub struct Model {
    /// Key of the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The endpoint.
    pub endpoint_id: Uuid,
    /// The secret as shared with the receiver: `whsec_` and base64.
    pub secret: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// From when on it signs nothing.
    pub expires_at: Option<DateTimeUtc>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "webhook_secret {} of {} until {:?}", self.id, self.endpoint_id, self.expires_at)
    }
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
