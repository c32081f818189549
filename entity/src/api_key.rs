//! Table `api_keys`.

use sea_orm::entity::prelude::*;

/// An API key. Only its digest is stored.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// Key of the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Visible prefix that identifies the key.
    pub prefix: String,
    /// SHA-256 of the key, as base64url.
    pub digest: String,
    /// Name of the role.
    pub role: String,
    /// The partner that it authenticates.
    pub partner_id: Option<Uuid>,
    /// The professional that it authenticates.
    pub professional_id: Option<Uuid>,
    /// The integration that it authenticates.
    pub integration: Option<String>,
    /// Display name.
    pub label: String,
    /// Allowlist of sources: a JSON list; none allows every source.
    pub sources: Option<String>,
    /// Whether mutations are denied.
    pub read_only: bool,
    /// When it was created.
    pub created_at: DateTimeUtc,
    /// Who created it, as the audit log names actors.
    pub created_by: String,
    /// Time of expiry.
    pub expires_at: Option<DateTimeUtc>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<DateTimeUtc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTimeUtc>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
