//! Words that the database stores as text.

use sea_orm::entity::prelude::*;

/// Status of an activity.
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
    /// A claim was submitted.
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
    /// An affiliation was given a last day.
    AffiliationEnded,
    /// An affiliation was put in the place of another one.
    AffiliationCorrected,
    /// An affiliation was voided.
    AffiliationVoided,
    /// An order was placed.
    OrderPlaced,
    /// An order was fulfilled.
    OrderFulfilled,
    /// An order was cancelled.
    OrderCancelled,
    /// A fulfilled order came back.
    OrderReturned,
    /// A quote was saved.
    QuoteSaved,
    /// A saved quote was placed as an order.
    QuotePlaced,
    /// The last day of a saved quote passed.
    QuoteExpired,
    /// A saved quote was withdrawn.
    QuoteWithdrawn,
    /// Credits of a partner or Dojo Credits of a professional expired.
    CreditsExpired,
    /// A contract was given another last day.
    ContractEnded,
    /// A contract was voided.
    ContractVoided,
    /// A deal was registered.
    DealRegistered,
    /// A deal changed its status, customer, scope or description.
    DealUpdated,
    /// An activity for a deal was reported.
    DealReported,
    /// A deal was closed.
    DealClosed,
    /// A sales target was set.
    SalesTargetSet,
    /// A win of a deal was reported, and waits for review.
    DealWonReported,
    /// A reported win was approved, which closed the deal.
    DealWinApproved,
    /// A reported win was rejected.
    DealWinRejected,
    /// A deal was withdrawn.
    DealWithdrawn,
    /// A deal was reopened.
    DealReopened,
    /// Swag was ordered.
    SwagOrdered,
    /// An order of swag was cancelled.
    SwagCancelled,
    /// A partner's name or first day was changed.
    PartnerUpdated,
    /// A professional's name, address or day of sign-up was changed.
    ProfessionalUpdated,
    /// A partner has left the program.
    PartnershipEnded,
    /// A partner's end was taken back.
    PartnershipResumed,
    /// A professional has left the program.
    MembershipEnded,
    /// A professional's end was taken back.
    MembershipResumed,
    /// A partner was merged into another one.
    PartnersMerged,
    /// A professional was merged into another one.
    ProfessionalsMerged,
    /// A level was set for a period.
    LevelOverridden,
    /// An override of a level was ended.
    OverrideEnded,
    /// An order of swag was shipped.
    SwagFulfilled,
    /// A customer was joined into another one.
    CustomersJoined,
    /// Names of a customer are those of another one.
    CustomersSeparated,
    /// The edition of a recalculation came into force.
    RecalculationApplied,
    /// The edition of a recalculation is no longer in force.
    RecalculationReverted,
    /// A subject was recalculated.
    Recalculated,
}

/// Cause of a ledger entry.
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
    /// Credits of a cancelled or returned order.
    RedemptionReturned,
    /// A change of the facts that windows depend on, such as the day of sign-up.
    Recalculation,
    /// The correction of something that was entered wrongly, or that came back.
    Correction,
    /// Credits held for a saved quote.
    Hold,
    /// Credits that a saved quote no longer holds.
    HoldReleased,
    /// Credits that can no longer be spent, or that come back from that.
    Expiry,
}

/// Cause of a points entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PointsReason {
    /// An activity.
    Activity,
    /// The voiding of an activity.
    Void,
    /// Dojo Credits spent in the swag shop.
    Redemption,
    /// Dojo Credits of a cancelled order.
    RedemptionReturned,
    /// A change of the facts that windows depend on, such as the day of sign-up.
    Recalculation,
    /// Dojo Credits that can no longer be spent, or that come back from that.
    Expiry,
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

/// Which level of its holder a certificate certifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CertifiedLevel {
    /// A partner's level of the technical track.
    Technical,
    /// A partner's level of the business track.
    Business,
    /// A partner's overall level: the higher one of its tracks.
    Overall,
    /// A professional's level.
    Professional,
}

/// A category of products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProductCategory {
    /// Software licences.
    License,
    /// Usage-based services.
    UsageBasedService,
    /// Support services.
    SupportService,
    /// Training.
    Training,
    /// Certification.
    Certification,
}

/// What an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderPurpose {
    /// Sold to an end customer.
    EndCustomer,
    /// Used by the partner itself.
    SelfUse,
}

/// Status of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// It can be fulfilled or cancelled.
    Placed,
    /// It can come back.
    Fulfilled,
    /// Its credits were returned.
    Cancelled,
    /// It came back, and its credits were returned.
    Returned,
}

/// Status of a saved quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QuoteStatus {
    /// It can be placed through its last day.
    Open,
    /// It was placed as an order.
    Placed,
    /// Its last day passed.
    Expired,
    /// It was withdrawn.
    Withdrawn,
}

/// Status of a deal, as last set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DealStatus {
    /// No contact yet.
    Lead,
    /// Contact was made.
    Engaged,
    /// Interest is confirmed in writing.
    Confirmed,
    /// A quote was sent.
    Quoted,
    /// Terms are negotiated.
    Negotiating,
    /// The purchase order is awaited.
    WaitingPo,
    /// Its partner reported a transaction, which waits for review.
    WonReported,
    /// Postponed.
    Cold,
    /// It ended in a transaction.
    ClosedWon,
    /// It was lost.
    ClosedLost,
    /// It does not fit.
    ClosedDropped,
    /// Its partner withdrew it.
    ClosedWithdrawn,
}

/// How a deal was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DealOutcome {
    /// The partner sold.
    WonByPartner,
    /// Somebody else sold.
    WonByOther,
    /// Nobody sold.
    Lost,
    /// The vendor decided that it does not fit.
    Dropped,
}

/// An activity that is reported for a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DealReport {
    /// A meeting.
    Meeting,
    /// An introduction.
    Introduction,
    /// A meeting at an exhibition.
    ExhibitionMeeting,
    /// A webinar.
    Webinar,
    /// Anything else.
    Other,
}

/// Status of a swag order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SwagOrderStatus {
    /// It was paid with Dojo Credits.
    Placed,
    /// It was shipped.
    Fulfilled,
    /// Its Dojo Credits were returned.
    Cancelled,
}

/// Kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EventKind {
    /// A partner's ledger has an entry more.
    CreditsChanged,
    /// A professional's points or Dojo Credits have an entry more.
    PointsChanged,
    /// A level is higher than it was.
    LevelReached,
    /// A level is lower than it was.
    LevelLapsed,
    /// An activity was recorded.
    ActivityRecorded,
    /// A claim waits for review.
    ClaimSubmitted,
    /// A claim was approved.
    ClaimApproved,
    /// A claim was rejected.
    ClaimRejected,
    /// An activity was voided.
    ActivityVoided,
    /// An order was placed.
    OrderPlaced,
    /// An order was fulfilled.
    OrderFulfilled,
    /// An order was cancelled.
    OrderCancelled,
    /// An order came back.
    OrderReturned,
    /// A quote was saved.
    QuoteSaved,
    /// A saved quote was placed as an order.
    QuotePlaced,
    /// The last day of a saved quote passed.
    QuoteExpired,
    /// A saved quote was withdrawn.
    QuoteWithdrawn,
    /// An order of swag was placed.
    SwagOrderPlaced,
    /// An order of swag was shipped.
    SwagOrderFulfilled,
    /// An order of swag was cancelled.
    SwagOrderCancelled,
    /// An affiliation was put in the place of another one.
    AffiliationCorrected,
    /// An affiliation was voided.
    AffiliationVoided,
    /// A contract was given another last day.
    ContractEnded,
    /// A contract was voided.
    ContractVoided,
    /// A deal was registered.
    DealRegistered,
    /// A deal was moved on, or something was reported for it.
    DealChanged,
    /// A deal was closed.
    DealClosed,
    /// A deal's time ran out.
    DealExpired,
    /// A win was reported, and waits for review.
    DealWonReported,
    /// A reported win was rejected.
    DealWinRejected,
    /// A deal was withdrawn.
    DealWithdrawn,
    /// A deal was reopened.
    DealReopened,
    /// A transaction was rewarded to the deal that holds the registered opportunity.
    OpportunityWon,
    /// A registered opportunity lapsed, because its time ran out.
    OpportunityLapsed,
    /// A partner was enrolled.
    PartnerEnrolled,
    /// Name of a partner was changed.
    PartnerUpdated,
    /// A professional signed up.
    ProfessionalSignedUp,
    /// Name or address of a professional was changed.
    ProfessionalUpdated,
    /// Personal data of a professional was erased.
    ProfessionalErased,
    /// An affiliation was entered.
    AffiliationStarted,
    /// An affiliation has its last day.
    AffiliationEnded,
    /// A contract was recorded.
    ContractRecorded,
    /// A sales target was set.
    SalesTargetSet,
    /// A product was created or replaced.
    ProductSaved,
    /// An item of the swag shop was created or replaced.
    SwagItemSaved,
    /// An import of a file has ended.
    ImportFinished,
    /// A customer was joined into another one.
    CustomersJoined,
    /// Names of a customer are those of another one.
    CustomersSeparated,
    /// An edition was published.
    EditionPublished,
    /// A draft of an edition was saved.
    EditionDraftSaved,
    /// A draft of an edition was approved.
    EditionDraftApproved,
    /// A draft of an edition was withdrawn.
    EditionDraftWithdrawn,
    /// The edition of a recalculation came into force.
    RecalculationApplied,
    /// The edition of a recalculation is no longer in force.
    RecalculationReverted,
    /// The last subject of a recalculation was recalculated.
    RecalculationFinished,
    /// A partner has left the program.
    PartnershipEnded,
    /// A partner's end was taken back.
    PartnershipResumed,
    /// A professional has left the program.
    MembershipEnded,
    /// A professional's end was taken back.
    MembershipResumed,
    /// A partner was merged into another one.
    PartnersMerged,
    /// A professional was merged into another one.
    ProfessionalsMerged,
    /// A level was set for a period.
    LevelOverridden,
    /// An override of a level was ended.
    OverrideEnded,
    /// A level will lapse.
    LevelEnding,
    /// A contract will end.
    ContractEnding,
    /// The last day of a quote that holds credits is near.
    QuoteEnding,
    /// A deal will expire.
    DealEnding,
    /// A registered opportunity will lapse.
    OpportunityEnding,
    /// Credits or Dojo Credits expired.
    CreditsExpired,
    /// Credits or Dojo Credits will expire.
    CreditsEnding,
}

/// What the rows of an imported file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportKind {
    /// Partners.
    Partners,
    /// Professionals.
    Professionals,
    /// Affiliations.
    Affiliations,
    /// Activities.
    Activities,
}

/// What becomes of the valid rows of a file that has others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportPolicy {
    /// The whole file or nothing.
    All,
    /// Every valid row.
    Valid,
}

/// What became of a draft of an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DraftStatus {
    /// It can be changed.
    Open,
    /// A second administrator has approved its last revision.
    Approved,
    /// An edition was published from it.
    Published,
    /// It was withdrawn.
    Withdrawn,
}

/// How far a trial of an edition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TrialStatus {
    /// The log is being folded.
    Running,
    /// The result is there.
    Finished,
    /// It was cancelled.
    Cancelled,
    /// It ended with an error.
    Failed,
}

/// How far a recalculation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecalculationStatus {
    /// It changes nothing yet.
    Planned,
    /// Its edition is in force, and subjects are being recalculated.
    Applying,
    /// Every subject is recalculated.
    Applied,
    /// Its edition is no longer in force, and subjects are being recalculated back.
    Reverting,
    /// Every subject is as it would be without it.
    Reverted,
}

/// How a subject fares in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TrialVerdict {
    /// Something is more, and nothing is less.
    Gains,
    /// Something is less, and nothing is more.
    Loses,
    /// Both.
    Mixed,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportStatus {
    /// It has begun, and has not ended or was broken off.
    Running,
    /// The file was read to its end.
    Finished,
    /// Nothing was kept, because rows were refused.
    Refused,
    /// It ended with an error; rows recorded until then stay.
    Failed,
    /// All its activities were voided.
    Undone,
}

/// Whether events are sent to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WebhookStatus {
    /// They are.
    Enabled,
    /// Events remain pending until it is enabled.
    Disabled,
}

/// State of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryState {
    /// It waits, or is tried again.
    Pending,
    /// The receiver took it.
    Delivered,
    /// Every try failed.
    Failed,
}
