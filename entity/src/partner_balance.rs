//! Table `partner_balances`.

use sea_orm::entity::prelude::*;

/// What a partner holds now; its row is the lock of the partner's writers.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partner_balances")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub partner_id: Uuid,
    /// Spendable credits.
    pub credits: i64,
    /// Level credits of all time.
    pub level_credits: i64,
    /// Number of the last ledger entry.
    pub entries: i64,
    /// When the last step about the partner was recorded.
    pub last_recorded_at: Option<DateTimeUtc>,
    /// Code of the technical level as last emitted; none before it was first computed.
    pub technical_level: Option<String>,
    /// Code of the business level as last emitted.
    pub business_level: Option<String>,
    /// The first day on which a level may change by time alone.
    pub levels_due: Date,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
