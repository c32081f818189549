//! Input and output of the fold: steps of the log, and awards.

use chrono::NaiveDate;

use super::deals::DealCorrection;
use crate::program::money::Money;
use crate::program::rule::{KindId, Track};

/// Index of a partner in one [`Fold`](super::Fold).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartnerIndex(pub u32);

/// Index of a professional in one [`Fold`](super::Fold).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfessionalIndex(pub u32);

/// Index of the object of an award (an activity, an order, a deal), assigned by the caller; the fold only
/// copies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectIndex(pub u32);

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A company.
    Partner(PartnerIndex),
    /// A person.
    Professional(ProfessionalIndex),
}

/// An activity that was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The caller's number for it.
    pub activity: ObjectIndex,
    /// Who did it.
    pub subject: Subject,
    /// What it was.
    pub kind: KindId,
    /// When it happened.
    pub occurred_on: NaiveDate,
    /// How many of it.
    pub quantity: i64,
    /// Units that it asks for.
    pub units: i64,
}

/// Days in which a professional works for a partner; the last day is included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affiliation {
    /// The partner.
    pub partner: PartnerIndex,
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day, if it has ended.
    pub ends_on: Option<NaiveDate>,
}

impl Affiliation {
    /// Whether `day` lies in it.
    #[must_use]
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.starts_on <= day && self.ends_on.is_none_or(|end| day <= end)
    }
}

/// One step of the log that took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An activity was recorded, or a claim approved.
    Recorded(Fact),
    /// A recorded activity was voided.
    Voided(Fact),
    /// A professional was entered as working for a partner.
    Affiliated(ProfessionalIndex, Affiliation),
    /// The affiliation that started on the first day has the second as its last. What it credited for later
    /// days is taken back.
    AffiliationEnded(ProfessionalIndex, NaiveDate, NaiveDate),
    /// A partner left the program with a last day, or came back.
    PartnerLeft(PartnerIndex, Option<NaiveDate>),
    /// The affiliation that started on the day is replaced by another one (A3).
    AffiliationCorrected(ProfessionalIndex, NaiveDate, Affiliation),
    /// The affiliation that started on the day never was (A3).
    AffiliationVoided(ProfessionalIndex, NaiveDate),
    /// A partner spent credits on an order (O6).
    Redeemed(Redemption<PartnerIndex>),
    /// A cancelled order returns its credits (O7).
    Returned(Redemption<PartnerIndex>),
    /// Credits of a partner are held for a saved quote (O9).
    Held(Redemption<PartnerIndex>),
    /// A saved quote no longer holds its credits.
    HoldReleased(Redemption<PartnerIndex>),
    /// An end-customer order of a partner was fulfilled.
    Sold(Sale),
    /// A fulfilled order came back (O7).
    OrderReturned(OrderReturn),
    /// A partner's sales target of a year was set.
    TargetSet(Target),
    /// A deal ended in a successful transaction (R5).
    DealWon(WonDeal),
    /// Awards of deals were taken back, or given to the deal that is now the customer's first (R8, R10).
    DealsCorrected(DealCorrection),
    /// A professional spent Dojo Credits in the swag shop (S5).
    SwagOrdered(Redemption<ProfessionalIndex>),
    /// A cancelled swag order returns its Dojo Credits.
    SwagReturned(Redemption<ProfessionalIndex>),
}

impl Step {
    /// Whose awards it can change by itself; those of professionals count for the partners for which they work.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        match self {
            Self::Recorded(fact) | Self::Voided(fact) => vec![fact.subject],
            Self::Affiliated(who, affiliation) | Self::AffiliationCorrected(who, _, affiliation) => {
                vec![Subject::Professional(*who), Subject::Partner(affiliation.partner)]
            }
            Self::AffiliationEnded(who, ..) | Self::AffiliationVoided(who, _) => {
                vec![Subject::Professional(*who)]
            }
            Self::PartnerLeft(partner, _) => vec![Subject::Partner(*partner)],
            Self::Redeemed(spent) | Self::Returned(spent) | Self::Held(spent) | Self::HoldReleased(spent) => {
                vec![Subject::Partner(spent.subject)]
            }
            Self::Sold(sale) => vec![Subject::Partner(sale.partner)],
            Self::OrderReturned(back) => vec![Subject::Partner(back.partner)],
            Self::TargetSet(target) => vec![Subject::Partner(target.partner)],
            Self::DealWon(won) => vec![Subject::Partner(won.partner)],
            Self::DealsCorrected(correction) => correction.partners().map(Subject::Partner).collect(),
            Self::SwagOrdered(spent) | Self::SwagReturned(spent) => {
                vec![Subject::Professional(spent.subject)]
            }
        }
    }
}

/// Credits redeemed on an order, or returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redemption<S> {
    /// Whose.
    pub subject: S,
    /// The caller's number for the order.
    pub order: ObjectIndex,
    /// When they are redeemed or returned.
    pub on: NaiveDate,
    /// How many.
    pub credits: i64,
}

/// An end-customer order that was fulfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// Who sold.
    pub partner: PartnerIndex,
    /// The caller's number for the order.
    pub order: ObjectIndex,
    /// When it was fulfilled.
    pub on: NaiveDate,
    /// Its amount after base discount.
    pub net: Money,
}

/// A fulfilled order that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderReturn {
    /// Who had ordered.
    pub partner: PartnerIndex,
    /// The caller's number for the order, the same as that of its [`Sale`].
    pub order: ObjectIndex,
    /// When it came back.
    pub on: NaiveDate,
    /// Credits that it had redeemed.
    pub credits: i64,
    /// The day of its sale; none for self-use, which is no sale.
    pub sold_on: Option<NaiveDate>,
}

/// A sales target of a calendar year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whose.
    pub partner: PartnerIndex,
    /// The caller's number for it.
    pub target: ObjectIndex,
    /// The year.
    pub year: i32,
    /// What is to be sold; orders in other currencies don't count.
    pub amount: Money,
}

/// A deal that ended in a successful transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WonDeal {
    /// The caller's number for the deal.
    pub deal: ObjectIndex,
    /// Who is rewarded.
    pub partner: PartnerIndex,
    /// Whether the customer had no won deal before, with any partner.
    pub new_customer: bool,
    /// When the transaction was closed.
    pub on: NaiveDate,
}

/// Cause of an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// An activity on or after launch.
    Activity,
    /// The voiding of an activity.
    Void,
    /// An affiliation entered with a past start (A2).
    Affiliation,
    /// An activity of the legacy window (L1).
    Legacy,
    /// Credits spent on an order.
    Redemption,
    /// Credits of a cancelled or returned order.
    RedemptionReturned,
    /// A change of what windows depend on (E4).
    Recalculation,
    /// The correction of something that was entered wrongly, or that came back.
    Correction,
    /// Credits held for a saved quote.
    Hold,
    /// Credits that a saved quote no longer holds.
    HoldReleased,
    /// Credits that can no longer be spent, or that come back from that.
    Expiry {
        /// The day on which they were earned.
        earned_on: NaiveDate,
    },
}

/// The span of units that an award is about, for its explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Kind of the rule.
    pub kind: KindId,
    /// Place of the edition whose rule it was.
    pub edition: usize,
    /// First day of the window.
    pub window_start: NaiveDate,
    /// Units in the window before.
    pub units_before: i64,
    /// Units in the window after.
    pub units_after: i64,
}

/// What a step gave or took of a professional's points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointsAward {
    /// Whose.
    pub professional: ProfessionalIndex,
    /// The activity or order that caused it.
    pub object: ObjectIndex,
    /// When it counts.
    pub effective_on: NaiveDate,
    /// `DevOps` Points, negative for a reversal.
    pub points: i64,
    /// Dojo Credits, negative for a reversal or redemption (S5).
    pub dojo_credits: i64,
    /// The cause: an activity, a voiding, or the swag shop.
    pub reason: Reason,
    /// What was counted; nothing for the swag shop.
    pub count: Option<Count>,
}

/// What a step gave or took of a partner's credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditsAward {
    /// Whose.
    pub partner: PartnerIndex,
    /// The activity, order, deal or target that caused it.
    pub object: ObjectIndex,
    /// The track that they count for; none for redemptions and returns.
    pub track: Option<Track>,
    /// When they count.
    pub effective_on: NaiveDate,
    /// Credits that count for the level.
    pub level_credits: i64,
    /// Credits that count for the balance.
    pub spendable_credits: i64,
    /// The cause.
    pub reason: Reason,
    /// The counted units; none for redemptions and returns.
    pub count: Option<Count>,
}

/// What an activity took of a professional's points, below zero; or gave back of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenPoints {
    /// The activity.
    pub activity: ObjectIndex,
    /// Its kind.
    pub kind: KindId,
    /// When it happened.
    pub on: NaiveDate,
    /// The points.
    pub points: i64,
}

/// Units of one rule in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Units so far.
    pub units: i64,
    /// Credits or points awarded for them so far.
    pub awarded: i64,
    /// Latest day of an activity recorded in the window, voided ones included.
    pub latest_on: NaiveDate,
    /// Dojo Credits that a professional was given more for the points, or less, than by the rate of the window's first day:
    /// 0 unless editions of the window have several rates.
    pub extra_dojo_credits: i32,
}

impl Tally {
    /// A tally of nothing, of a window whose latest activity is of this day.
    #[must_use]
    pub fn new(latest_on: NaiveDate) -> Self {
        Self { units: 0, awarded: 0, latest_on, extra_dojo_credits: 0 }
    }
}

/// Rule and window of a tally, within one subject; [`tally_key`](super::tally_key) gives it.
pub type TallyKey = (KindId, NaiveDate);

/// What one or more steps changed; kept by the caller and cleared between uses.
#[derive(Debug, Default)]
pub struct Awards {
    /// Changes of points, in order.
    pub points: Vec<PointsAward>,
    /// Changes of credits, in order.
    pub credits: Vec<CreditsAward>,
    /// Tallies of partners that changed, perhaps repeated.
    pub partner_tallies: Vec<(PartnerIndex, TallyKey)>,
    /// Tallies of professionals that changed, perhaps repeated.
    pub professional_tallies: Vec<(ProfessionalIndex, TallyKey)>,
    /// Professionals whose membership years now run from this day; they have no other tallies than those that
    /// changed.
    pub sign_ups: Vec<(ProfessionalIndex, NaiveDate)>,
}

impl Awards {
    /// Forgets everything but the memory that it uses.
    pub fn clear(&mut self) {
        self.points.clear();
        self.credits.clear();
        self.partner_tallies.clear();
        self.professional_tallies.clear();
        self.sign_ups.clear();
    }
}

/// A change of a professional's points that a later affiliation may credit (A2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastAward {
    /// The activity that caused it.
    pub activity: ObjectIndex,
    /// When it counts.
    pub occurred_on: NaiveDate,
    /// Points, negative for a reversal.
    pub points: i64,
    /// Partner rule that it also counts for, and the units.
    pub also: Option<(KindId, i64)>,
}
