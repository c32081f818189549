//! Table `audit_log`.

use sea_orm::entity::prelude::*;

/// A change of an object by an actor.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// Key; in the order of writing.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// Who, such as `key:…`, `token:…` or `system:import`.
    pub actor: String,
    /// Name of the actor's role.
    pub role: String,
    /// What was done, by the name of the mutation.
    pub operation: String,
    /// Type of what was changed.
    pub object_type: String,
    /// Its key.
    pub object_id: Uuid,
    /// The partner that it concerns.
    pub partner_id: Option<Uuid>,
    /// The professional that it concerns.
    pub professional_id: Option<Uuid>,
    /// Id of the request.
    pub request_id: Option<String>,
    /// The changed fields before: a JSON object.
    pub before: Option<String>,
    /// The changed fields after: a JSON object.
    pub after: Option<String>,
    /// Reason that was given, as free text.
    pub reason: Option<String>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
