//! Table `edition_trials`.

use sea_orm::entity::prelude::*;

use crate::value::TrialStatus;

/// A document tried on the whole log, with what would differ in sum.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "edition_trials")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The draft that is tried; none for a document.
    pub draft_id: Option<Uuid>,
    /// Its revision then.
    pub draft_revision: Option<i64>,
    /// The document, with the first day that was asked for.
    pub document: String,
    /// First day in force that is tried.
    pub effective_from: Date,
    /// The day on which subjects are compared.
    pub on_day: Date,
    /// Status.
    pub status: TrialStatus,
    /// Steps of the log that are folded.
    pub steps_done: i64,
    /// Steps of the log.
    pub steps: i64,
    /// When it was asked for.
    pub created_at: DateTimeUtc,
    /// The label of the key or the subject of the token that asked for it.
    pub created_by: String,
    /// When it was last known to go on, or when it ended.
    pub updated_at: DateTimeUtc,
    /// Subjects that gain, and lose nothing.
    pub gainers: i64,
    /// Subjects that lose, and gain nothing.
    pub losers: i64,
    /// Subjects that gain something and lose something else.
    pub mixed: i64,
    /// Spendable credits more, over the partners that have more.
    pub credits_given: i64,
    /// Spendable credits less, over the partners that have less.
    pub credits_taken: i64,
    /// Points of the membership year more, over the professionals that have more.
    pub points_given: i64,
    /// Points of the membership year less, over the professionals that have less.
    pub points_taken: i64,
    /// Spendable Dojo Credits more, over the professionals that have more.
    pub dojo_credits_given: i64,
    /// Spendable Dojo Credits less, over the professionals that have less.
    pub dojo_credits_taken: i64,
    /// Cost of the other discounts by currency in minor units, as JSON.
    pub discount_cost: String,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
