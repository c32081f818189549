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
    /// Level credits that the technical track misses this year for the next level; the largest number on the highest
    /// one, and none before it was first computed.
    pub technical_to_next: Option<i64>,
    /// The same for the business track.
    pub business_to_next: Option<i64>,
    /// The lesser of the two.
    pub least_to_next: Option<i64>,
    /// The first day on which the technical level no longer holds without further credits; after every other day for
    /// the lowest level, and none before it was first computed.
    pub technical_lapses_on: Option<Date>,
    /// The same for the business track.
    pub business_lapses_on: Option<Date>,
    /// The earlier of the two.
    pub first_lapses_on: Option<Date>,
    /// A day before which no credits expire: the day on which some do, or an earlier one on which it is computed again.
    /// None if nothing expires.
    pub expires_on: Option<Date>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
