//! Table `contracts`.

use sea_orm::entity::prelude::*;

/// A contract with discount rates of its own (L2). Only its last day changes, and whether it is voided; both
/// follow from the log.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contracts")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose contract it is.
    pub partner_id: Uuid,
    /// Unique for the partner.
    pub reference: String,
    /// First day.
    pub starts_on: Date,
    /// Last day, as it is now.
    pub ends_on: Date,
    /// When it was recorded.
    pub recorded_at: DateTimeUtc,
    /// Whether it never was.
    pub voided: bool,
    /// Last day, as it was recorded.
    pub agreed_until: Date,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
