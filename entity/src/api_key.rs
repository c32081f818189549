//! Table `api_keys`.

use sea_orm::entity::prelude::*;

/// A key that programs send. The key itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// Key of the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// How the key begins, for people to tell keys apart.
    pub prefix: String,
    /// SHA-256 of the key, as base64url.
    pub digest: String,
    /// Name of the role.
    pub role: String,
    /// The partner that it stands for.
    pub partner_id: Option<Uuid>,
    /// The professional whom it stands for.
    pub professional_id: Option<Uuid>,
    /// The integration that it stands for.
    pub integration: Option<String>,
    /// Name for people.
    pub label: String,
    /// The only sources that it may record for: a JSON list; none means every one.
    pub sources: Option<String>,
    /// Whether it may change nothing.
    pub read_only: bool,
    /// When it was created.
    pub created_at: DateTimeUtc,
    /// Who created it, as the audit log names actors.
    pub created_by: String,
    /// From when on it is refused.
    pub expires_at: Option<DateTimeUtc>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<DateTimeUtc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTimeUtc>,
}

/// Rows are joined by statement, so none is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
