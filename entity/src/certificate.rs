//! Table `certificates`.

use sea_orm::entity::prelude::*;

use crate::value::CertifiedLevel;

/// A certificate of a level for the days for which it was earned or set. It holds no name: that is the holder's, as it is
/// when the certificate is shown.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "certificates")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The part of its address that nobody can guess: 128 random bits as base64url.
    pub token: String,
    /// Whose it is, if it is a partner's.
    pub partner_id: Option<Uuid>,
    /// Whose it is, if it is a professional's.
    pub professional_id: Option<Uuid>,
    /// Which of the holder's levels it certifies.
    pub level_of: CertifiedLevel,
    /// Code of the level.
    pub level: String,
    /// The first day of the level.
    pub valid_from: Date,
    /// The last day of the level; after every other day if it is never lost.
    pub valid_until: Date,
    /// Number of the status list that says whether it is revoked.
    pub list: i32,
    /// Place of its bit in that list.
    pub place: i32,
    /// When it was issued.
    pub issued_at: DateTimeUtc,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
