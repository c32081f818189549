//! Enums of the schema, and their mappings to the enums of the core and of the database.

use async_graphql::Enum;

use crate::program::deal;
use crate::program::edition as policy;
use crate::program::refusal::Code;
use crate::program::rule;

/// The skill that a partner's credits count for.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    /// Technical skills: certifications, community, Catalog, demo systems.
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
map_enum!(Track = entity::value::Track { Technical, Business });

impl From<Track> for entity::value::Track {
    fn from(track: Track) -> Self {
        match track {
            Track::Technical => Self::Technical,
            Track::Business => Self::Business,
        }
    }
}

/// A category of products.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProductCategory {
    /// Software licences.
    License,
    /// Usage-based services, paid in DataMiner credits.
    UsageBasedService,
    /// Support services.
    SupportService,
    /// Training.
    Training,
    /// Certification.
    Certification,
}

map_enum!(
    ProductCategory =
        policy::ProductCategory { License, UsageBasedService, SupportService, Training, Certification }
);
map_enum!(
    ProductCategory = entity::value::ProductCategory {
        License,
        UsageBasedService,
        SupportService,
        Training,
        Certification
    }
);
map_enum!(
    policy::ProductCategory =
        ProductCategory { License, UsageBasedService, SupportService, Training, Certification }
);

/// What an order is for.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderPurpose {
    /// Sold to an end customer, who is named.
    EndCustomer,
    /// Used by the partner itself, for example in a lab.
    SelfUse,
}

map_enum!(OrderPurpose = policy::OrderPurpose { EndCustomer, SelfUse });
map_enum!(OrderPurpose = entity::value::OrderPurpose { EndCustomer, SelfUse });
map_enum!(policy::OrderPurpose = OrderPurpose { EndCustomer, SelfUse });

/// Where an order stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderStatus {
    /// It can be fulfilled or cancelled.
    Placed,
    /// It was fulfilled, which is final.
    Fulfilled,
    /// It was cancelled, which is final: its credits were given back.
    Cancelled,
}

map_enum!(OrderStatus = entity::value::OrderStatus { Placed, Fulfilled, Cancelled });

/// What decides a discount.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiscountSource {
    /// The partner's overall level.
    Level,
    /// A contract, which governs its categories even where the level's rate is better.
    Contract,
}

/// Where a deal stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DealStatus {
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
    /// Postponed; it can become active again.
    Cold,
    /// It ended in a successful transaction.
    ClosedWon,
    /// It was lost.
    ClosedLost,
    /// The vendor decided that it does not fit.
    ClosedDropped,
    /// Its time ran out. Nobody sets it: it is worked out from dates.
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
        Cold,
        ClosedWon,
        ClosedLost,
        ClosedDropped,
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
        Cold,
        ClosedWon,
        ClosedLost,
        ClosedDropped,
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
        Cold,
        ClosedWon,
        ClosedLost,
        ClosedDropped,
    }
);

/// How a deal is closed.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DealOutcome {
    /// A successful transaction that the partner closed.
    WonByPartner,
    /// A successful transaction that somebody else closed.
    WonByOther,
    /// No transaction.
    Lost,
    /// The vendor decided that it does not fit.
    Dropped,
}

map_enum!(DealOutcome = deal::Outcome { WonByPartner, WonByOther, Lost, Dropped });
map_enum!(deal::Outcome = DealOutcome { WonByPartner, WonByOther, Lost, Dropped });
map_enum!(DealOutcome = entity::value::DealOutcome { WonByPartner, WonByOther, Lost, Dropped });

/// A business development activity that is reported for a deal.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DealActivityKind {
    /// A meeting; it is a proof.
    Meeting,
    /// An introduction; it is a proof.
    Introduction,
    /// A meeting at an exhibition; it is a proof.
    ExhibitionMeeting,
    /// A webinar; it is a proof.
    Webinar,
    /// Anything else: it shows that work goes on, and proves nothing.
    Other,
}

map_enum!(deal::Report = DealActivityKind { Meeting, Introduction, ExhibitionMeeting, Webinar, Other });
map_enum!(
    DealActivityKind = entity::value::DealReport { Meeting, Introduction, ExhibitionMeeting, Webinar, Other }
);

/// Where an order of swag stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SwagOrderStatus {
    /// It was paid with Dojo Credits.
    Placed,
    /// It was cancelled: its Dojo Credits were given back.
    Cancelled,
}

map_enum!(SwagOrderStatus = entity::value::SwagOrderStatus { Placed, Cancelled });

/// Where an activity stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActivityStatus {
    /// A claim that waits for a reviewer; it awards nothing yet.
    PendingReview,
    /// It counts.
    Recorded,
    /// A reviewer refused the claim.
    Rejected,
    /// It counted once and no longer does.
    Voided,
}

map_enum!(ActivityStatus = entity::value::ActivityStatus { PendingReview, Recorded, Rejected, Voided });

/// What a ledger entry came from.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedgerReason {
    /// An activity on or after the program's launch; a won deal or a reached sales target, too.
    Activity,
    /// The voiding of an activity: what it was awarded is taken back. Also a sales target that was raised and is
    /// no longer reached.
    Void,
    /// A professional was entered as working for the partner with a past start; earlier awards count since.
    Affiliation,
    /// An activity of the two years before launch: it counts for the first level and can't be spent.
    Legacy,
    /// Credits spent on an order.
    Redemption,
    /// Credits of a cancelled order, given back.
    RedemptionReturned,
}

map_enum!(
    LedgerReason =
        entity::value::LedgerReason { Activity, Void, Affiliation, Legacy, Redemption, RedemptionReturned }
);

/// One of the two reward programs.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// Companies earn credits.
    Partner,
    /// People earn DevOps Points.
    Professional,
}

map_enum!(Program = rule::Program { Partner, Professional });

/// The span whose units an earning rule counts together.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// Every activity by itself.
    Each,
    /// A calendar month.
    Month,
    /// A calendar year.
    CalendarYear,
    /// A professional's year from sign-up or an anniversary of it to the next.
    MembershipYear,
    /// All time since launch, or since sign-up.
    Lifetime,
}

map_enum!(Window = rule::Window { Each, Month, CalendarYear, MembershipYear, Lifetime });

/// Who has to look at an activity before it awards anything.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Review {
    /// Nobody.
    None,
    /// Staff accept it.
    Acceptance,
    /// Only staff may record or submit it.
    StaffOnly,
}

map_enum!(Review = rule::Review { None, Acceptance, StaffOnly });

/// A reviewer's word on a claim.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReviewDecision {
    /// It counts from now on, dated on its own day.
    Approve,
    /// It does not count.
    Reject,
}

/// Why a mutation was refused.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserErrorCode {
    /// Nothing of that code or id exists.
    NotFound,
    /// Something of that code exists already.
    AlreadyExists,
    /// The value can't be taken; the message says what can.
    Invalid,
    /// No rule scores this kind on that date, for that sort of subject.
    UnknownKind,
    /// The kind needs graded points.
    PointsRequired,
    /// The points are outside the kind's range.
    PointsOutOfRange,
    /// The date lies after today.
    DateInFuture,
    /// The date lies before enrolment or sign-up.
    DateBeforeEnrolment,
    /// The activity does not count under its rule, such as a repost.
    NotEligible,
    /// The same key came before with other content.
    ConflictingDuplicate,
    /// Staff must review this kind: submit it instead of recording it.
    ReviewRequired,
    /// The object is not in a state that allows this.
    WrongState,
    /// The professional works for a partner in those days already.
    AffiliationOverlap,
    /// More items than one request may hold.
    TooMany,
    /// More credits than the caps of the order allow.
    CreditsOverCap,
    /// More credits than the partner holds.
    CreditsOverBalance,
    /// The product has no price in the currency of the order.
    NoPrice,
    /// Fewer in stock than were asked for.
    OutOfStock,
    /// Another partner holds the registered opportunity.
    DealProtected,
    /// Another contract of the partner governs one of the categories in those days.
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

/// What an event tells.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventType {
    /// A partner's ledger has an entry more: credits were earned, spent, given back or taken back.
    CreditsChanged,
    /// A professional's points or Dojo Credits have an entry more.
    PointsChanged,
    /// A level is higher than it was.
    LevelReached,
    /// A level is lower than it was: its time ran out, or a correction took it away.
    LevelLapsed,
    /// An activity was recorded, and counts.
    ActivityRecorded,
    /// A claim waits for review.
    ClaimSubmitted,
    /// A claim was approved, and counts.
    ClaimApproved,
    /// A claim was rejected.
    ClaimRejected,
    /// An activity was voided: what it had awarded is taken back.
    ActivityVoided,
    /// An order was placed.
    OrderPlaced,
    /// An order was fulfilled.
    OrderFulfilled,
    /// An order was cancelled.
    OrderCancelled,
    /// An order of swag was placed.
    SwagOrderPlaced,
    /// An order of swag was cancelled.
    SwagOrderCancelled,
    /// A deal was registered.
    DealRegistered,
    /// A deal was moved on, or something was reported for it.
    DealChanged,
    /// A deal was closed.
    DealClosed,
    /// A deal's time ran out.
    DealExpired,
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
        SwagOrderPlaced,
        SwagOrderCancelled,
        DealRegistered,
        DealChanged,
        DealClosed,
        DealExpired
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
        SwagOrderPlaced,
        SwagOrderCancelled,
        DealRegistered,
        DealChanged,
        DealClosed,
        DealExpired
    }
);
