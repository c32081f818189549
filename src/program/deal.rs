//! Deals: statuses, timers and proofs, all computed from dates (PP, Sales; R1 to R3).
//!
//! Nothing has to run at midnight: a deal keeps the days on which things happened, and what it is on
//! any day follows from them.

mod joined;
mod opportunity;
mod review;

use chrono::{Days, NaiveDate};

pub use super::name_key::name_key;
use super::refusal::{Code, Refusal, Refusals, all};
pub use joined::remaining_hold;
pub use opportunity::{Hold, RegisteredDeal, Win};
pub use review::UNLIMITED;

/// Status of a deal (R2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
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
    /// Its partner reported a transaction, which waits for the vendor's word (R6). It is active, and no time runs.
    WonReported,
    /// Postponed; it can become active again.
    Cold,
    /// It ended in a transaction.
    ClosedWon,
    /// It was lost.
    ClosedLost,
    /// The vendor decided that it does not fit.
    ClosedDropped,
    /// Its partner withdrew it.
    ClosedWithdrawn,
    /// Its time ran out; never set, always computed.
    Expired,
}

impl Status {
    /// Active statuses that can be set, in their usual order.
    pub const ACTIVE: [Self; 6] =
        [Self::Lead, Self::Engaged, Self::Confirmed, Self::Quoted, Self::Negotiating, Self::WaitingPo];

    /// Whether the deal is active.
    #[must_use]
    pub fn is_active(self) -> bool {
        Self::ACTIVE.contains(&self) || self == Self::WonReported
    }

    /// Whether the deal is active after contact was made: such a deal can acquire the opportunity (R4). One whose
    /// win was reported keeps what it holds, but acquires nothing.
    #[must_use]
    pub fn is_engaged(self) -> bool {
        Self::ACTIVE.contains(&self) && self != Self::Lead
    }

    /// Whether it was closed by somebody, rather than by its dates.
    #[must_use]
    pub fn is_closed(self) -> bool {
        matches!(self, Self::ClosedWon | Self::ClosedLost | Self::ClosedDropped | Self::ClosedWithdrawn)
    }

    /// Whether a deal of this status expires by its dates (R3).
    #[must_use]
    pub fn is_timed(self) -> bool {
        matches!(self, Self::Lead | Self::Engaged)
    }

    /// A readable label, for messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lead => "a lead",
            Self::Engaged => "engaged",
            Self::Confirmed => "confirmed",
            Self::Quoted => "quoted",
            Self::Negotiating => "negotiating",
            Self::WaitingPo => "waiting for the purchase order",
            Self::WonReported => "reported as won",
            Self::Cold => "cold",
            Self::ClosedWon => "closed as won",
            Self::ClosedLost => "closed as lost",
            Self::ClosedDropped => "closed as dropped",
            Self::ClosedWithdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }
}

/// How a deal is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A successful transaction that the partner closed.
    WonByPartner,
    /// A successful transaction that another party closed.
    WonByOther,
    /// No transaction.
    Lost,
    /// The vendor decided that it does not fit.
    Dropped,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::WonByPartner, Self::WonByOther, Self::Lost, Self::Dropped];

    /// The status that it leaves the deal in.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::WonByPartner | Self::WonByOther => Status::ClosedWon,
            Self::Lost => Status::ClosedLost,
            Self::Dropped => Status::ClosedDropped,
        }
    }

    /// Whether there was a transaction.
    #[must_use]
    pub fn is_won(self) -> bool {
        self.status() == Status::ClosedWon
    }
}

/// A business development activity that is reported for a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// A meeting.
    Meeting,
    /// An introduction.
    Introduction,
    /// A meeting at an exhibition.
    ExhibitionMeeting,
    /// A webinar.
    Webinar,
    /// Any other activity: it extends the hold on the opportunity, but is not a proof.
    Other,
}

/// The edition's terms of deal registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealTerms {
    /// Days after registration on which a lead is still active (R3).
    pub lead_days: u64,
    /// Days more, once, for a lead with a proof (R3).
    pub lead_extension_days: u64,
    /// Days after contact, or after the newest proof, on which an engaged deal is still active (R3).
    pub engaged_days: u64,
    /// Months for which an opportunity can be held without a transaction (R4).
    pub opportunity_months: u32,
    /// Months for which it is held without a reported activity (R4).
    pub activity_months: u32,
    /// Reports that are proofs (R3).
    pub proofs: Vec<Report>,
    /// Whether the vendor must approve a transaction that somebody else reports (R6).
    pub wins_need_approval: bool,
    /// How steps are read: those of before these rules stay what they were.
    pub reading: Reading,
}

/// How steps of deals are read. The log keeps what was decided, so steps that were recorded under an earlier reading
/// are replayed with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// A change of status counted as activity (R4), a proof extended a lead only if it was reported while the deal was
    /// one (R9), and a deal that had been rewarded could consume the opportunity of another deal (R7).
    First,
    /// A reopened deal gave back what its closing had awarded to nobody, since the partner had left, and left wins without
    /// a reward that only its closing stood in the way of (R8).
    Second,
    /// As the rules say.
    #[default]
    Current,
}

/// The dates of a deal that determine its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deal {
    /// When it was registered.
    pub registered_on: NaiveDate,
    /// Status as last set; never [`Status::Expired`].
    pub status: Status,
    /// Since when.
    pub status_on: NaiveDate,
    /// The proof that extended the lead.
    pub lead_proof_on: Option<NaiveDate>,
    /// The newest proof.
    pub proof_on: Option<NaiveDate>,
    /// The latest report, or the registration.
    pub activity_on: NaiveDate,
    /// When it first held the opportunity.
    pub claimed_on: Option<NaiveDate>,
    /// When a transaction was rewarded through it.
    pub rewarded_on: Option<NaiveDate>,
    /// Status, and since when, before the deal was closed or its win reported.
    pub before: Option<(Status, NaiveDate)>,
}

impl Deal {
    /// A new deal: registration grants no exclusivity, but documents which partner found the opportunity (R1).
    #[must_use]
    pub fn register(on: NaiveDate) -> Self {
        Self {
            registered_on: on,
            status: Status::Lead,
            status_on: on,
            lead_proof_on: None,
            proof_on: None,
            activity_on: on,
            claimed_on: None,
            rewarded_on: None,
            before: None,
        }
    }

    /// The last day on which it is active unless something happens; none where no time runs (R3).
    #[must_use]
    pub fn valid_until(&self, terms: &DealTerms) -> Option<NaiveDate> {
        match self.status {
            Status::Lead => Some(self.lead_until(terms)),
            Status::Engaged => {
                let from = self.proof_on.map_or(self.status_on, |proof| proof.max(self.status_on));
                Some(after(from, terms.engaged_days))
            }
            _ => None,
        }
    }

    fn lead_until(&self, terms: &DealTerms) -> NaiveDate {
        let has_proof = match terms.reading {
            Reading::First => self.lead_proof_on.is_some(),
            Reading::Second | Reading::Current => self.lead_proof_on.is_some() || self.proof_on.is_some(),
        };
        let extension = if has_proof { terms.lead_extension_days } else { 0 };
        after(self.registered_on, terms.lead_days + extension)
    }

    /// Status on a day, from the changes recorded so far (R2, R3).
    #[must_use]
    pub fn status_at(&self, terms: &DealTerms, day: NaiveDate) -> Status {
        match self.valid_until(terms) {
            Some(until) if day > until => Status::Expired,
            _ => self.status,
        }
    }

    /// Statuses that it can change to on a day, except for closing.
    #[must_use]
    pub fn next_statuses(&self, terms: &DealTerms, day: NaiveDate) -> Vec<Status> {
        let from = self.status_at(terms, day);
        let open = from.is_active() || from == Status::Cold;
        let can = |to: &Status| open && *to != from && (*to != Status::Lead || day <= self.lead_until(terms));
        Status::ACTIVE.into_iter().chain([Status::Cold]).filter(can).collect()
    }

    /// Outcomes that it can be closed with on a day by the vendor.
    #[must_use]
    pub fn outcomes(&self, terms: &DealTerms, day: NaiveDate) -> Vec<Outcome> {
        match self.status_at(terms, day) {
            Status::Cold => vec![Outcome::Lost, Outcome::Dropped],
            status if status.is_active() => Outcome::ALL.to_vec(),
            _ => Vec::new(),
        }
    }

    /// Whether customer and scope can still be changed: only before contact is made.
    #[must_use]
    pub fn can_change_opportunity(&self, terms: &DealTerms, day: NaiveDate) -> bool {
        self.status_at(terms, day) == Status::Lead
    }

    /// Whether anything can still be changed.
    #[must_use]
    pub fn is_open(&self, terms: &DealTerms, day: NaiveDate) -> bool {
        let status = self.status_at(terms, day);
        status.is_active() || status == Status::Cold
    }

    /// Refuses a change of a deal that is closed or whose time ran out before that day.
    fn check_open(&self, terms: &DealTerms, on: NaiveDate) -> Result<(), Refusal> {
        if self.is_open(terms, on) {
            return Ok(());
        }
        let message = match self.valid_until(terms) {
            Some(until) => format!(
                "The deal expired after {until}, its last active day. Report what happened on that day or earlier, or \
                 register the deal again under a new reference."
            ),
            None => {
                format!(
                    "The deal is {}; only program staff can reopen it, if that was a mistake.",
                    self.status.word()
                )
            }
        };
        Err(Refusal::new(Code::WrongState, "reference", message))
    }

    /// Checks that it can be changed on a day.
    ///
    /// # Errors
    /// When it is closed or expired, or the day lies before its present status.
    pub fn check_change(&self, terms: &DealTerms, on: NaiveDate) -> Result<(), Refusal> {
        self.check_open(terms, on)?;
        self.check_chronology(on, "on")
    }

    /// Checks that it can be given a status on a day (R2).
    ///
    /// # Errors
    /// When it is closed or expired; else when the day lies before its present status, and when the status
    /// cannot be set.
    pub fn check_status(&self, terms: &DealTerms, to: Status, on: NaiveDate) -> Result<(), Refusals> {
        self.check_open(terms, on)?;
        let next = self.next_statuses(terms, on);
        let status = if next.contains(&to) {
            Ok(())
        } else {
            let (code, message) = match to {
                _ if to == self.status => (Code::WrongState, format!("The deal is {} already.", to.word())),
                Status::Lead => {
                    let until = self.lead_until(terms);
                    let message = format!(
                        "The deal cannot be a lead on {on}: registered on {}, it could be one until {until}.",
                        self.registered_on
                    );
                    (Code::WrongState, message)
                }
                Status::Expired => {
                    (Code::Invalid, "A deal expires by its dates; this status cannot be set.".to_owned())
                }
                _ => {
                    let word = to.word();
                    (
                        Code::Invalid,
                        format!("The status {word} cannot be set; close the deal with an outcome."),
                    )
                }
            };
            Err(Refusal::new(code, "status", message))
        };
        all((self.check_chronology(on, "on"), status)).map(drop)
    }

    /// Gives it another status (R2).
    fn set_status(&mut self, terms: &DealTerms, to: Status, on: NaiveDate) -> Result<(), Refusals> {
        self.check_status(terms, to, on)?;
        self.before = None;
        self.apply_status(terms, to, on);
        Ok(())
    }

    fn apply_status(&mut self, terms: &DealTerms, to: Status, on: NaiveDate) {
        self.status = to;
        self.status_on = on;
        if terms.reading == Reading::First {
            self.activity_on = self.activity_on.max(on);
        }
    }

    /// Closes it, or marks its win as reported: what it was before is kept for the way back.
    fn leave(&mut self, terms: &DealTerms, to: Status, on: NaiveDate) {
        self.before = self.before.or(Some((self.status, self.status_on)));
        self.apply_status(terms, to, on);
    }

    fn check_chronology(&self, on: NaiveDate, field: &str) -> Result<(), Refusal> {
        if on < self.status_on {
            let message = format!(
                "{on} is before {}, the day since which the deal is {}; changes are entered in the order of their days.",
                self.status_on,
                self.status.word()
            );
            return Err(Refusal::new(Code::Invalid, field, message));
        }
        Ok(())
    }

    /// Takes a report of a business development activity (R3, R4).
    fn report(&mut self, terms: &DealTerms, what: Report, on: NaiveDate) -> Result<(), Refusal> {
        if on < self.registered_on {
            let message = format!("{on} is before the deal's registration on {}.", self.registered_on);
            return Err(Refusal::new(Code::Invalid, "on", message));
        }
        self.check_open(terms, on)?;
        self.activity_on = self.activity_on.max(on);
        if terms.proofs.contains(&what) {
            self.proof_on = self.proof_on.max(Some(on));
            if self.status == Status::Lead {
                self.lead_proof_on = self.lead_proof_on.or(Some(on));
            }
        }
        Ok(())
    }

    fn close(&mut self, terms: &DealTerms, outcome: Outcome, on: NaiveDate) -> Result<(), Refusals> {
        self.check_open(terms, on)?;
        let possible = if self.outcomes(terms, on).contains(&outcome) {
            Ok(())
        } else {
            let message = "A cold deal can be closed as lost or dropped only; to close it as won, set an active status first.";
            Err(Refusal::new(Code::WrongState, "outcome", message))
        };
        all((self.check_chronology(on, "closedOn"), possible))?;
        self.leave(terms, outcome.status(), on);
        Ok(())
    }
}

/// A day some days later.
fn after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests;
