//! Table `affiliations`.

use sea_orm::entity::prelude::*;

/// Days in which a professional works for a partner; never two at once.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "affiliations")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who.
    pub professional_id: Uuid,
    /// The partner.
    pub partner_id: Uuid,
    /// First day.
    pub starts_on: Date,
    /// Last day; none while it is open.
    pub ends_on: Option<Date>,
    /// When it was recorded.
    pub created_at: DateTimeUtc,
    /// Whether it never was: it was voided, or another one was put in its place.
    pub voided: bool,
    /// The affiliation in whose place it was put.
    pub replaces_id: Option<Uuid>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
