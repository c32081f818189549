//! Enums of the schema, and their mappings to the enums of the core and of the database.

use async_graphql::Enum;

use crate::program::deal;
use crate::program::refusal::Code;
use crate::program::rule;

/// Track of the partner program: the skills that level credits count toward.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    /// Technical skills: certifications, community engagement, Catalog items, demo systems.
    Technical,
    /// Business skills: events, digital presence, sales.
    Business,
}

/// Maps each variant of one enum to the variant of the same name of another.
macro_rules! map_enum {
    ($to:ty = $from:ty { $($variant:ident),+ $(,)? }) => {
        impl From<$from> for $to {
            fn from(variant: $from) -> Self {
                match variant { $(<$from>::$variant => Self::$variant),+ }
            }
        }
    };
}
pub(super) use map_enum;

map_enum!(Track = rule::Track { Technical, Business });
map_enum!(rule::Track = Track { Technical, Business });
map_enum!(Track = entity::value::Track { Technical, Business });

impl From<Track> for entity::value::Track {
    fn from(track: Track) -> Self {
        match track {
            Track::Technical => Self::Technical,
            Track::Business => Self::Business,
        }
    }
}

/// Status of a deal. `LEAD` to `WON_REPORTED` are active. `CLOSED_WON`, `CLOSED_LOST`, `CLOSED_DROPPED` and
/// `CLOSED_WITHDRAWN` are final, unless program staff reopens the deal.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DealStatus {
    /// Registered, without customer contact yet.
    Lead,
    /// Contact with the customer was made.
    Engaged,
    /// The customer confirmed interest in writing.
    Confirmed,
    /// A quote was sent.
    Quoted,
    /// Terms are under negotiation.
    Negotiating,
    /// The purchase order is outstanding.
    WaitingPo,
    /// A partner or an integration reported a transaction, which waits for the review by program staff. No timer runs, and
    /// nothing is awarded yet.
    WonReported,
    /// Postponed. The deal can become active again, or be closed as lost or dropped.
    Cold,
    /// Closed with a successful transaction.
    ClosedWon,
    /// Closed without a transaction.
    ClosedLost,
    /// Dropped by the vendor.
    ClosedDropped,
    /// Withdrawn by its partner.
    ClosedWithdrawn,
    /// Expired. Computed from dates, never set by a mutation. A late report that is dated before the expiry
    /// reactivates the deal.
    Expired,
}

map_enum!(
    DealStatus = deal::Status {
        Lead,
        Engaged,
        Confirmed,
        Quoted,
        Negotiating,
        WaitingPo,
        WonReported,
        Cold,
        ClosedWon,
        ClosedLost,
        ClosedDropped,
        ClosedWithdrawn,
        Expired,
    }
);
map_enum!(
    deal::Status = DealStatus {
        Lead,
        Engaged,
        Confirmed,
        Quoted,
        Negotiating,
        WaitingPo,
        WonReported,
        Cold,
        ClosedWon,
        ClosedLost,
        ClosedDropped,
        ClosedWithdrawn,
        Expired,
    }
);
map_enum!(
    DealStatus = entity::value::DealStatus {
        Lead,
        Engaged,
        Confirmed,
        Quoted,
        Negotiating,
        WaitingPo,
        WonReported,
        Cold,
        ClosedWon,
        ClosedLost,
        ClosedDropped,
        ClosedWithdrawn,
    }
);

/// Outcome with which a deal is closed.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DealOutcome {
    /// Successful transaction, sold by the partner that registered the deal.
    WonByPartner,
    /// Successful transaction, sold by another party.
    WonByOther,
    /// No transaction.
    Lost,
    /// Dropped by the vendor, because the deal is not a fit.
    Dropped,
}

map_enum!(DealOutcome = deal::Outcome { WonByPartner, WonByOther, Lost, Dropped });
map_enum!(deal::Outcome = DealOutcome { WonByPartner, WonByOther, Lost, Dropped });
map_enum!(DealOutcome = entity::value::DealOutcome { WonByPartner, WonByOther, Lost, Dropped });

/// Kind of a business development activity that is reported for a deal. Every kind but `OTHER` is a proof of
/// contact: it extends a lead once, and keeps an engaged deal active.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DealActivityKind {
    /// Meeting with the customer; a proof.
    Meeting,
    /// Introduction to the customer; a proof.
    Introduction,
    /// Meeting at an exhibition; a proof.
    ExhibitionMeeting,
    /// Webinar; a proof.
    Webinar,
    /// Any other activity. It keeps the registered opportunity from lapsing, but is not a proof.
    Other,
}

map_enum!(deal::Report = DealActivityKind { Meeting, Introduction, ExhibitionMeeting, Webinar, Other });
map_enum!(
    DealActivityKind = entity::value::DealReport { Meeting, Introduction, ExhibitionMeeting, Webinar, Other }
);

/// Status of an activity.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActivityStatus {
    /// A claim that awaits review. It awards nothing yet.
    PendingReview,
    /// Recorded, or approved by a reviewer. The activity counts.
    Recorded,
    /// A claim that a reviewer rejected. It awards nothing.
    Rejected,
    /// Voided after it counted. Its awards were reversed by new ledger entries.
    Voided,
}

map_enum!(ActivityStatus = entity::value::ActivityStatus { PendingReview, Recorded, Rejected, Voided });
map_enum!(entity::value::ActivityStatus = ActivityStatus { PendingReview, Recorded, Rejected, Voided });

/// Reason for a ledger entry.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedgerReason {
    /// Award for an activity on or after the program's launch, for a won deal or for a reached sales target.
    Activity,
    /// Reversal of the award of a voided activity, or of a sales target that is no longer reached because it was
    /// changed or an order was returned.
    Void,
    /// Credit for earlier awards of a professional whose affiliation was recorded with a start date in the
    /// past.
    Affiliation,
    /// Award for an activity in the two years before the launch. It counts toward the first level and cannot
    /// be spent.
    Legacy,
    /// Credits redeemed on an order.
    Redemption,
    /// Credits returned by the cancellation or the return of an order.
    RedemptionReturned,
    /// Difference after a change of what earlier awards depend on, such as a professional's sign-up date.
    Recalculation,
    /// Correction of an affiliation: credits reversed for the partner that it was recorded with, or given to the
    /// partner that was meant. Also the award of a sales target whose day moved because an order was returned, and the
    /// award for a new customer after two customers were joined, or names of one separated.
    Correction,
    /// Credits held for a saved quote.
    Hold,
    /// Credits that a saved quote no longer holds: it was placed, withdrawn, or expired.
    HoldReleased,
    /// Credits that can no longer be spent, by the edition of the day on which they were earned; positive if an award
    /// was reversed after its credits had expired.
    Expiry,
}

map_enum!(
    LedgerReason = entity::value::LedgerReason {
        Activity,
        Void,
        Affiliation,
        Legacy,
        Redemption,
        RedemptionReturned,
        Recalculation,
        Correction,
        Hold,
        HoldReleased,
        Expiry,
    }
);

/// Reason for a points entry.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PointsReason {
    /// Award for an activity.
    Activity,
    /// Reversal of the award of a voided activity.
    Void,
    /// Dojo Credits spent in the swag shop.
    Redemption,
    /// Dojo Credits returned by the cancellation of a swag order.
    RedemptionReturned,
    /// Difference after a change of the sign-up date, which moves the membership years of caps.
    Recalculation,
    /// Dojo Credits that can no longer be spent, by the edition of the day on which they were earned; positive if an
    /// award was reversed after its Dojo Credits had expired.
    Expiry,
}

map_enum!(
    PointsReason =
        entity::value::PointsReason { Activity, Void, Redemption, RedemptionReturned, Recalculation, Expiry }
);

/// One of the two reward programs.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// Partner program: companies earn credits (PP).
    Partner,
    /// DevOps professional program: people earn DevOps Points (DP).
    Professional,
}

map_enum!(Program = rule::Program { Partner, Professional });

/// Period whose units an earning rule counts together.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// Each activity by itself.
    Each,
    /// Calendar month.
    Month,
    /// Calendar year.
    CalendarYear,
    /// Membership year of a professional, from sign-up or an anniversary to the next.
    MembershipYear,
    /// All time since the program's launch or since sign-up.
    Lifetime,
}

map_enum!(Window = rule::Window { Each, Month, CalendarYear, MembershipYear, Lifetime });

/// Review that a kind of activity requires before it awards anything.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReviewRequirement {
    /// No review.
    None,
    /// Program staff must accept the activity.
    Acceptance,
    /// Only program staff may record or submit the activity.
    StaffOnly,
}

map_enum!(ReviewRequirement = rule::Review { None, Acceptance, StaffOnly });

/// Decision of a reviewer on a claim.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReviewDecision {
    /// Approves the claim, which then counts on its own date.
    Approve,
    /// Rejects the claim, which awards nothing.
    Reject,
}

/// Code of a reason why a mutation was refused.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserErrorCode {
    /// No object with this code, reference, number or ID exists or is visible to the caller.
    NotFound,
    /// Another object already has this code or reference.
    AlreadyExists,
    /// The value is not accepted; the message states what is.
    Invalid,
    /// The edition in force on the date has no such activity kind for the subject.
    UnknownKind,
    /// The activity kind is graded, and the points are missing.
    PointsRequired,
    /// The points are outside the range of the activity kind.
    PointsOutOfRange,
    /// The date lies after today.
    DateInFuture,
    /// The date lies before enrolment or sign-up.
    DateBeforeEnrolment,
    /// The date lies after the last day of the partner or professional in the program.
    DateAfterEnd,
    /// The rule excludes the activity, for example a repost.
    NotEligible,
    /// The idempotency key, or `source` and `externalId`, was used before with other content.
    ConflictingDuplicate,
    /// The activity kind requires a review: use `submitActivity`.
    ReviewRequired,
    /// The current state of the object does not allow the change.
    WrongState,
    /// The professional already has an affiliation on these days.
    AffiliationOverlap,
    /// The request contains more items than allowed.
    TooMany,
    /// More credits than the caps on the order allow.
    CreditsOverCap,
    /// More credits, or Dojo Credits, than the balance holds.
    CreditsOverBalance,
    /// The product has no price in the currency of the order.
    NoPrice,
    /// More units than are in stock.
    OutOfStock,
    /// Another partner holds the registered opportunity.
    DealProtected,
    /// Another contract of the partner covers one of the categories on these days.
    ContractOverlap,
}

map_enum!(
    UserErrorCode = Code {
        NotFound,
        AlreadyExists,
        Invalid,
        UnknownKind,
        PointsRequired,
        PointsOutOfRange,
        DateInFuture,
        DateBeforeEnrolment,
        DateAfterEnd,
        NotEligible,
        ConflictingDuplicate,
        ReviewRequired,
        WrongState,
        AffiliationOverlap,
        TooMany,
        CreditsOverCap,
        CreditsOverBalance,
        NoPrice,
        OutOfStock,
        DealProtected,
        ContractOverlap,
    }
);
