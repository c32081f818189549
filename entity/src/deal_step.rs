//! Table `deal_steps`.

use sea_orm::entity::prelude::*;

use crate::value::{DealOutcome, DealReport, DealStatus};

/// What a step of the log did to a deal; never changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deal_steps")]
pub struct Model {
    /// Sequence number in the log.
    #[sea_orm(primary_key, auto_increment = false)]
    pub log_seq: i64,
    /// The deal.
    pub deal_id: Uuid,
    /// When it happened.
    pub day: Date,
    /// The new status.
    pub status: Option<DealStatus>,
    /// How it was closed.
    pub outcome: Option<DealOutcome>,
    /// What was reported.
    pub report: Option<DealReport>,
    /// Free text.
    pub note: Option<String>,
    /// The new customer.
    pub customer: Option<String>,
    /// The new scope.
    pub scope: Option<String>,
    /// The new description; empty if it was removed.
    pub description: Option<String>,
    /// The customer that the new name means, by its key; none in rows of before names were compared by the edition.
    pub customer_key: Option<String>,
    /// How the step is read: 1 before the second reading of the rules, 2 since.
    pub reading: i64,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
