//! What a transaction awards, kept until it is committed.

use std::cell::RefCell;

use super::metrics::Metrics;

tokio::task_local! {
    static NOTED: RefCell<Vec<Award>>;
}

/// What is awarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Credits that count for a partner's level.
    LevelCredits,
    /// Credits that a partner can spend.
    SpendableCredits,
    /// Points of a professional.
    Points,
    /// Dojo Credits of a professional.
    DojoCredits,
}

impl Unit {
    /// All of them, in the order of their numbers.
    pub(super) const ALL: [Self; 4] =
        [Self::LevelCredits, Self::SpendableCredits, Self::Points, Self::DojoCredits];

    /// The beginning of its metrics' names, and what it is in words.
    pub(super) const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::LevelCredits => ("level_credits", "Credits that count for partners' levels"),
            Self::SpendableCredits => ("spendable_credits", "Credits that partners can spend"),
            Self::Points => ("points", "Points of professionals"),
            Self::DojoCredits => ("dojo_credits", "Dojo Credits of professionals"),
        }
    }

    pub(super) const fn program(self) -> &'static str {
        match self {
            Self::LevelCredits | Self::SpendableCredits => "partner",
            Self::Points | Self::DojoCredits => "professional",
        }
    }
}

/// A change that an entry makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Award {
    /// What changes.
    pub unit: Unit,
    /// Kind of the rule, if it came from one.
    pub kind: Option<String>,
    /// The track, if it counts for one.
    pub track: Option<&'static str>,
    /// By how much; below zero when it is taken back or spent.
    pub amount: i64,
}

/// Notes an award of the transaction under way.
pub fn note(award: Award) {
    if award.amount != 0 {
        // Outside of a transaction there is nothing to be counted.
        let _ = NOTED.try_with(|noted| noted.borrow_mut().push(award));
    }
}

/// What was noted in a transaction.
#[derive(Debug, Default)]
#[must_use]
pub struct Noted(Vec<Award>);

impl Noted {
    /// Counts it: the transaction was committed.
    pub fn count(self, metrics: &Metrics) {
        for award in self.0 {
            metrics.award(award);
        }
    }
}

/// Runs a transaction's work, and gives what was noted in it beside the result.
pub async fn collect<T>(work: impl Future<Output = T>) -> (T, Noted) {
    let work = async {
        let done = work.await;
        (done, Noted(NOTED.with(RefCell::take)))
    };
    NOTED.scope(RefCell::default(), work).await
}
