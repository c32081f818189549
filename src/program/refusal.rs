//! Refusals: errors of input, independent of any transport.

use std::fmt;

/// Why something was refused; the codes that clients branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Nothing of that name or id exists.
    NotFound,
    /// Something of that code exists already.
    AlreadyExists,
    /// The value is invalid; the message says what is accepted.
    Invalid,
    /// No rule scores this kind on that date.
    UnknownKind,
    /// The kind needs graded points.
    PointsRequired,
    /// The points are outside the kind's range.
    PointsOutOfRange,
    /// The date lies after today.
    DateInFuture,
    /// The date lies before enrolment or sign-up.
    DateBeforeEnrolment,
    /// The activity does not count under its rule.
    NotEligible,
    /// The same key was used before with different content.
    ConflictingDuplicate,
    /// Staff must review this kind; submit it instead.
    ReviewRequired,
    /// The object is not in a state that allows this.
    WrongState,
    /// The professional works for a partner in those days already.
    AffiliationOverlap,
    /// More items than one request may hold.
    TooMany,
    /// More credits than the caps of the order allow.
    CreditsOverCap,
    /// More credits than the subject holds.
    CreditsOverBalance,
    /// The product has no price in the currency of the order.
    NoPrice,
    /// Fewer in stock than requested.
    OutOfStock,
    /// Another partner holds the registered opportunity.
    DealProtected,
    /// Another contract governs one of the categories in those days.
    ContractOverlap,
}

/// A refusal: code, a message that says what would be right, and where in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What clients branch on.
    pub code: Code,
    /// For people.
    pub message: String,
    /// Path of the field in the input; empty for the input as a whole.
    pub field: Vec<String>,
}

impl Refusal {
    /// A refusal of one field.
    pub fn new(code: Code, field: &str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: vec![field.to_owned()] }
    }

    /// The same refusal of a field of the field.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.field.insert(0, outer.to_owned());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
