//! Table `deals`.

use sea_orm::entity::prelude::*;

use crate::value::{DealOutcome, DealStatus};

/// A registered deal with its status.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deals")]
pub struct Model {
    /// Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Sequence number in the log.
    pub seq: i64,
    /// The partner that registered it.
    pub partner_id: Uuid,
    /// Unique reference.
    pub reference: String,
    /// When it was registered.
    pub registered_on: Date,
    /// When it was recorded.
    pub recorded_at: DateTimeUtc,
    /// The end customer as written.
    pub customer: String,
    /// The customer without case and spacing.
    pub customer_key: String,
    /// The scope as written.
    pub scope: String,
    /// The scope without case and spacing.
    pub scope_key: String,
    /// Further description.
    pub description: Option<String>,
    /// Status as last set; expiry is computed from dates.
    pub status: DealStatus,
    /// Since when.
    pub status_on: Date,
    /// The last active day unless something happens; 9999-12-31 where no time runs.
    pub valid_until: Date,
    /// How it was closed.
    pub outcome: Option<DealOutcome>,
    /// Day of the proof that extended the lead.
    pub lead_proof_on: Option<Date>,
    /// Day of the newest proof.
    pub proof_on: Option<Date>,
    /// Day of the latest report, or of the registration.
    pub activity_on: Date,
    /// Since when it has claimed the opportunity.
    pub claimed_on: Option<Date>,
    /// Day of the transaction that it was rewarded for.
    pub rewarded_on: Option<Date>,
    /// Status before it was closed or its win reported.
    pub before_status: Option<DealStatus>,
    /// Since when it had that status.
    pub before_on: Option<Date>,
    /// Sequence number, in the log, of the step that closed it as won.
    pub won_seq: Option<i64>,
    /// The deal that was rewarded for its transaction: this one, or that which held the opportunity.
    pub rewarded_deal_id: Option<Uuid>,
    /// Whether its transaction was rewarded as that of a new customer.
    pub customer_added: bool,
    /// Whether nothing was awarded, since the partner of the rewarded deal had left the program by the closing day.
    pub unawarded: bool,
    /// The deal whose earlier reward is why its transaction was not rewarded.
    pub repeats_deal_id: Option<Uuid>,
    /// The integration that registered it; none when a person did.
    pub recorded_by: Option<String>,
}

/// Statements join rows explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
