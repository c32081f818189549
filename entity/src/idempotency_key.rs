//! Table `idempotency_keys`.

use sea_orm::entity::prelude::*;

/// The first result of a mutation, by the key that its caller chose.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// Whose key it is, as the audit log names the actor.
    #[sea_orm(primary_key, auto_increment = false)]
    pub actor: String,
    /// The operation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub operation: String,
    /// The key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Digest of the content, which a repeat must have too.
    pub digest: String,
    /// The object that was changed first.
    pub object_id: Option<Uuid>,
    /// The items of a batch that were refused, as JSON; null if there are none.
    pub refused: Option<String>,
    /// When it was recorded.
    pub recorded_at: DateTimeUtc,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
