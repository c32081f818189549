//! Table `ledger_entries`.

use sea_orm::entity::prelude::*;

use crate::value::{LedgerReason, Track};

/// A change of a partner's credits; never changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_entries")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The partner.
    pub partner_id: Uuid,
    /// Number among the partner's entries, from 1 without gaps.
    pub number: i64,
    /// The step of the log that caused it.
    pub log_seq: i64,
    /// The activity that it is about.
    pub activity_id: Option<Uuid>,
    /// The order that it is about.
    pub order_id: Option<Uuid>,
    /// The deal that it is about.
    pub deal_id: Option<Uuid>,
    /// The saved quote that holds or held the credits.
    pub quote_id: Option<Uuid>,
    /// Effective date.
    pub effective_on: Date,
    /// When it was recorded; increases with the number.
    pub recorded_at: DateTimeUtc,
    /// The cause.
    pub reason: LedgerReason,
    /// Kind of the rule.
    pub kind: Option<String>,
    /// Edition of the rule.
    pub edition_id: Option<Uuid>,
    /// First day of the window whose units were counted.
    pub window_start: Option<Date>,
    /// Units in the window before.
    pub units_before: Option<i64>,
    /// Units in the window after.
    pub units_after: Option<i64>,
    /// The track that the credits count for.
    pub track: Option<Track>,
    /// Credits that count for the level.
    pub level_credits: i64,
    /// Credits that count for the balance.
    pub spendable_credits: i64,
    /// Balance with this entry.
    pub balance_after: i64,
    /// Net level credits of the same track and day with this entry.
    pub day_after: i64,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
