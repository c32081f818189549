//! Table `partner_totals`.

use sea_orm::entity::prelude::*;

/// Level credits of a partner and period.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partner_totals")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub partner_id: Uuid,
    /// A calendar year, or 0 for the legacy window.
    #[sea_orm(primary_key, auto_increment = false)]
    pub period: i32,
    /// Technical level credits.
    pub technical: i64,
    /// Last day with a technical entry.
    pub technical_last_on: Option<Date>,
    /// Changes of the technical level by day, as JSON.
    pub technical_reached: String,
    /// Business level credits.
    pub business: i64,
    /// Last day with a business entry.
    pub business_last_on: Option<Date>,
    /// Changes of the business level by day, as JSON.
    pub business_reached: String,
    /// Both tracks together.
    pub total: i64,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
