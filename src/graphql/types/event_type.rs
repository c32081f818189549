//! Types of events.

use async_graphql::Enum;

use super::enums::map_enum;

/// Type of an event.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventType {
    /// An entry was posted to a partner's ledger: credits were earned, redeemed, returned or reversed.
    CreditsChanged,
    /// An entry changed a professional's points or Dojo Credits.
    PointsChanged,
    /// A level rose.
    LevelReached,
    /// A level fell: it expired, or a correction reversed what had earned it.
    LevelLapsed,
    /// An activity was recorded and counts.
    ActivityRecorded,
    /// A claim was submitted for review.
    ClaimSubmitted,
    /// A claim was approved and counts.
    ClaimApproved,
    /// A claim was rejected.
    ClaimRejected,
    /// An activity was voided, and its awards were reversed.
    ActivityVoided,
    /// An order was placed.
    OrderPlaced,
    /// An order was fulfilled.
    OrderFulfilled,
    /// An order was cancelled.
    OrderCancelled,
    /// A fulfilled order was returned.
    OrderReturned,
    /// A quote was saved.
    QuoteSaved,
    /// A saved quote was placed as an order.
    QuotePlaced,
    /// The last day of a saved quote passed, and the credits that it held were released.
    QuoteExpired,
    /// A saved quote was withdrawn, and the credits that it held were released.
    QuoteWithdrawn,
    /// A swag shop order was placed.
    SwagOrderPlaced,
    /// A swag shop order was shipped.
    SwagOrderFulfilled,
    /// A swag shop order was cancelled.
    SwagOrderCancelled,
    /// An affiliation was recorded in place of one that was wrong.
    AffiliationCorrected,
    /// An affiliation was voided, or corrected to another partner.
    AffiliationVoided,
    /// A contract was given another last day.
    ContractEnded,
    /// A contract was voided.
    ContractVoided,
    /// A deal was registered.
    DealRegistered,
    /// A deal was updated, or an activity was reported for it.
    DealChanged,
    /// A deal was closed.
    DealClosed,
    /// A deal expired.
    DealExpired,
    /// A partner left the program.
    PartnershipEnded,
    /// The end of a partner's participation was revoked.
    PartnershipResumed,
    /// A professional left the program.
    MembershipEnded,
    /// The end of a professional's participation was revoked.
    MembershipResumed,
    /// A partner was merged into another one: its facts are those of the other from now on.
    PartnersMerged,
    /// A professional was merged into another one: the person's facts are those of the other from now on.
    ProfessionalsMerged,
    /// A level was set for a period.
    LevelOverridden,
    /// The period of an override was shortened.
    OverrideEnded,
    /// A partner or an integration reported that a deal was won; program staff has yet to review it.
    DealWonReported,
    /// Program staff rejected a reported win.
    DealWinRejected,
    /// A deal was withdrawn.
    DealWithdrawn,
    /// A closed deal was reopened, and its awards were reversed.
    DealReopened,
    /// A transaction was rewarded to the deal that held the registered opportunity.
    OpportunityWon,
    /// A registered opportunity lapsed, because its time ran out.
    OpportunityLapsed,
    /// A partner was enrolled.
    PartnerEnrolled,
    /// Fields of a partner were changed.
    PartnerUpdated,
    /// A professional signed up.
    ProfessionalSignedUp,
    /// Fields of a professional were changed.
    ProfessionalUpdated,
    /// Personal data of a professional was erased.
    ProfessionalErased,
    /// An affiliation was recorded.
    AffiliationStarted,
    /// The last day of an affiliation was recorded.
    AffiliationEnded,
    /// A contract was recorded.
    ContractRecorded,
    /// A sales target was set.
    SalesTargetSet,
    /// A product was created or replaced.
    ProductSaved,
    /// An item of the swag shop was created or replaced.
    SwagItemSaved,
    /// An import of a file ended.
    ImportFinished,
    /// A customer was joined into another one.
    CustomersJoined,
    /// Names of a customer were separated from it.
    CustomersSeparated,
    /// An edition was published.
    EditionPublished,
    /// A draft of an edition was saved. Administrators only.
    EditionDraftSaved,
    /// A draft of an edition was approved. Administrators only.
    EditionDraftApproved,
    /// A draft of an edition was withdrawn. Administrators only.
    EditionDraftWithdrawn,
    /// The edition of a recalculation came into force for days that have passed.
    RecalculationApplied,
    /// A recalculation was reverted: its edition is no longer in force.
    RecalculationReverted,
    /// Every partner and professional has followed a recalculation, or its reversion.
    RecalculationFinished,
    /// A level will lapse unless more is earned.
    LevelEnding,
    /// A contract will end.
    ContractEnding,
    /// The last day of a saved quote that holds credits is near.
    QuoteEnding,
    /// A deal will expire.
    DealEnding,
    /// A registered opportunity will lapse.
    OpportunityEnding,
    /// Credits of a partner or Dojo Credits of a professional expired.
    CreditsExpired,
    /// Credits of a partner or Dojo Credits of a professional will expire unless they are spent.
    CreditsEnding,
}

map_enum!(
    EventType = entity::value::EventKind {
        CreditsChanged,
        PointsChanged,
        LevelReached,
        LevelLapsed,
        ActivityRecorded,
        ClaimSubmitted,
        ClaimApproved,
        ClaimRejected,
        ActivityVoided,
        OrderPlaced,
        OrderFulfilled,
        OrderCancelled,
        OrderReturned,
        QuoteSaved,
        QuotePlaced,
        QuoteExpired,
        QuoteWithdrawn,
        SwagOrderPlaced,
        SwagOrderFulfilled,
        SwagOrderCancelled,
        AffiliationCorrected,
        AffiliationVoided,
        ContractEnded,
        ContractVoided,
        DealRegistered,
        DealChanged,
        DealClosed,
        DealExpired,
        PartnershipEnded,
        PartnershipResumed,
        MembershipEnded,
        MembershipResumed,
        PartnersMerged,
        ProfessionalsMerged,
        LevelOverridden,
        OverrideEnded,
        DealWonReported,
        DealWinRejected,
        DealWithdrawn,
        DealReopened,
        OpportunityWon,
        OpportunityLapsed,
        PartnerEnrolled,
        PartnerUpdated,
        ProfessionalSignedUp,
        ProfessionalUpdated,
        ProfessionalErased,
        AffiliationStarted,
        AffiliationEnded,
        ContractRecorded,
        SalesTargetSet,
        ProductSaved,
        SwagItemSaved,
        ImportFinished,
        CustomersJoined,
        CustomersSeparated,
        EditionPublished,
        EditionDraftSaved,
        EditionDraftApproved,
        EditionDraftWithdrawn,
        RecalculationApplied,
        RecalculationReverted,
        RecalculationFinished,
        LevelEnding,
        ContractEnding,
        QuoteEnding,
        DealEnding,
        OpportunityEnding,
        CreditsExpired,
        CreditsEnding,
    }
);
map_enum!(
    entity::value::EventKind = EventType {
        CreditsChanged,
        PointsChanged,
        LevelReached,
        LevelLapsed,
        ActivityRecorded,
        ClaimSubmitted,
        ClaimApproved,
        ClaimRejected,
        ActivityVoided,
        OrderPlaced,
        OrderFulfilled,
        OrderCancelled,
        OrderReturned,
        QuoteSaved,
        QuotePlaced,
        QuoteExpired,
        QuoteWithdrawn,
        SwagOrderPlaced,
        SwagOrderFulfilled,
        SwagOrderCancelled,
        AffiliationCorrected,
        AffiliationVoided,
        ContractEnded,
        ContractVoided,
        DealRegistered,
        DealChanged,
        DealClosed,
        DealExpired,
        PartnershipEnded,
        PartnershipResumed,
        MembershipEnded,
        MembershipResumed,
        PartnersMerged,
        ProfessionalsMerged,
        LevelOverridden,
        OverrideEnded,
        DealWonReported,
        DealWinRejected,
        DealWithdrawn,
        DealReopened,
        OpportunityWon,
        OpportunityLapsed,
        PartnerEnrolled,
        PartnerUpdated,
        ProfessionalSignedUp,
        ProfessionalUpdated,
        ProfessionalErased,
        AffiliationStarted,
        AffiliationEnded,
        ContractRecorded,
        SalesTargetSet,
        ProductSaved,
        SwagItemSaved,
        ImportFinished,
        CustomersJoined,
        CustomersSeparated,
        EditionPublished,
        EditionDraftSaved,
        EditionDraftApproved,
        EditionDraftWithdrawn,
        RecalculationApplied,
        RecalculationReverted,
        RecalculationFinished,
        LevelEnding,
        ContractEnding,
        QuoteEnding,
        DealEnding,
        OpportunityEnding,
        CreditsExpired,
        CreditsEnding,
    }
);
