//! Awards of a transaction, which are counted once it is committed.

use std::cell::RefCell;

tokio::task_local! {
    static PENDING: RefCell<Vec<Award>>;
}

/// The unit of an award.
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
    /// All units, in the order of their discriminants.
    pub(super) const ALL: [Self; 4] =
        [Self::LevelCredits, Self::SpendableCredits, Self::Points, Self::DojoCredits];

    /// The prefix of its metrics' names, and its description.
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

/// A change of a total by a ledger entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Award {
    /// What changes.
    pub unit: Unit,
    /// Kind of the rule, if it came from one.
    pub kind: Option<String>,
    /// The track, if it counts for one.
    pub track: Option<&'static str>,
    /// The amount; negative when it is reversed or spent.
    pub amount: i64,
}

/// Records an award of the running transaction.
pub fn record(award: Award) {
    if award.amount != 0 {
        // Outside of a transaction nothing is counted.
        let _ = PENDING.try_with(|pending| pending.borrow_mut().push(award));
    }
}

/// The awards of a transaction that may still roll back.
#[derive(Debug, Default)]
#[must_use]
pub struct PendingAwards(pub(super) Vec<Award>);

/// Runs the work of a transaction, and returns its awards with the result.
pub async fn collect<T>(work: impl Future<Output = T>) -> (T, PendingAwards) {
    let work = async {
        let result = work.await;
        (result, PendingAwards(PENDING.with(RefCell::take)))
    };
    PENDING.scope(RefCell::default(), work).await
}
