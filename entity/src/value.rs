//! Words that the database stores as text.

use sea_orm::entity::prelude::*;

/// Where an activity stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActivityStatus {
    /// A claim that waits for a reviewer; it awards nothing yet.
    PendingReview,
    /// It counts.
    Recorded,
    /// A reviewer refused the claim.
    Rejected,
    /// It counted once and no longer does.
    Voided,
}

/// What a step of the log did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LogAction {
    /// A claim came in.
    Submitted,
    /// An activity was recorded.
    Recorded,
    /// A claim was approved.
    Approved,
    /// A claim was rejected.
    Rejected,
    /// A recorded activity was voided.
    Voided,
    /// An affiliation was entered.
    Affiliated,
    /// An affiliation was given its last day.
    AffiliationEnded,
}

/// What a ledger entry came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LedgerReason {
    /// An activity on or after launch.
    Activity,
    /// The voiding of an activity.
    Void,
    /// An affiliation entered with a past start.
    Affiliation,
    /// An activity of the legacy window.
    Legacy,
    /// Credits spent on an order.
    Redemption,
    /// Credits of a cancelled order.
    RedemptionReturned,
}

/// What a points entry came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PointsReason {
    /// An activity.
    Activity,
    /// The voiding of an activity.
    Void,
}

/// The skill that a partner's credits count for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Track {
    /// Technical skills.
    Technical,
    /// Business skills.
    Business,
}
