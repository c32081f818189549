//! Table `professional_balances`.

use sea_orm::entity::prelude::*;

/// What a professional holds now; its row is the lock of the professional's writers.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "professional_balances")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub professional_id: Uuid,
    /// Dojo Credits.
    pub dojo_credits: i64,
    /// `DevOps` Points of all time.
    pub points: i64,
    /// Number of the last points entry.
    pub entries: i64,
    /// When the last step about the professional was recorded.
    pub last_recorded_at: Option<DateTimeUtc>,
    /// Code of the level as last emitted; none without one.
    pub level: Option<String>,
    /// The first day on which the level may change by time alone; before every date until it was first computed.
    pub level_due: Date,
    /// The anniversary on which the next membership year begins; none before it was first computed.
    pub renews_on: Option<Date>,
    /// Points that this year still needs to keep the level then; 0 without a level.
    pub points_to_retain: Option<i64>,
    /// A day before which no Dojo Credits expire: the day on which some do, or an earlier one on which it is computed
    /// again. None if nothing expires.
    pub expires_on: Option<Date>,
    /// The first day on which the level no longer holds without further points; after every other day without a level.
    pub lapses_on: Option<Date>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
