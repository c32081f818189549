//! Awards of deals that are corrected: taken back with a deal that is reopened, or given to another deal that is
//! now the customer's first (R8, R10).

use chrono::NaiveDate;

use super::{Awards, Cause, Fold, LimitExceeded, ObjectIndex, PartnerIndex, Reason, WonDeal};
use crate::program::rule::Derived;

/// What a correction of deals or customers does to awards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DealCorrection {
    /// Awards that are taken back.
    pub taken: Option<TakenReward>,
    /// A win that is rewarded now, since only the reward that is taken back stood in its way.
    pub again: Option<WonDeal>,
    /// A deal that is now the first won one of its customer.
    pub first: Option<FirstWon>,
    /// Whether customers were joined or separated (R10), rather than a deal reopened.
    pub of_customers: bool,
}

impl DealCorrection {
    /// Whether it does nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.taken.is_none() && self.again.is_none() && self.first.is_none()
    }

    /// The partners whose awards it changes.
    pub(super) fn partners(&self) -> impl Iterator<Item = PartnerIndex> {
        let taken = self.taken.map(|taken| taken.partner);
        let again = self.again.map(|again| again.partner);
        taken.into_iter().chain(again).chain(self.first.map(|first| first.partner))
    }
}

/// Awards of a won deal that are taken back, by entries of their own date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenReward {
    /// The deal that was rewarded.
    pub deal: ObjectIndex,
    /// Its partner.
    pub partner: PartnerIndex,
    /// The closing day.
    pub on: NaiveDate,
    /// Whether the award for the transaction is among them.
    pub won: bool,
    /// Whether the award for the new customer is among them.
    pub new_customer: bool,
}

/// A won deal whose customer is a new one after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstWon {
    /// The deal that was rewarded.
    pub deal: ObjectIndex,
    /// Its partner.
    pub partner: PartnerIndex,
    /// The closing day.
    pub on: NaiveDate,
}

impl Fold<'_> {
    pub(super) fn deals_corrected(
        &mut self,
        correction: &DealCorrection,
        out: &mut Awards,
    ) -> Result<(), LimitExceeded> {
        let (taken_back, given) = if correction.of_customers {
            (Reason::Correction, Reason::Correction)
        } else {
            (Reason::Void, Reason::Activity)
        };
        if let Some(first) = &correction.first {
            self.check_derived(first.partner, &[Derived::NewCustomer], 1, first.on)?;
        }
        if let Some(again) = &correction.again {
            let kinds = [Derived::WonDeal, Derived::NewCustomer];
            self.check_derived(again.partner, &kinds, 1, again.on)?;
        }
        if let Some(taken) = &correction.taken {
            let won = taken.won.then_some(Derived::WonDeal);
            let new_customer = taken.new_customer.then_some(Derived::NewCustomer);
            let kinds: Vec<Derived> = won.into_iter().chain(new_customer).collect();
            let cause = Cause { object: taken.deal, date: taken.on, reason: taken_back };
            self.count_derived(taken.partner, &kinds, -1, cause, out);
        }
        if let Some(again) = &correction.again {
            self.deal_won(again, out)?;
        }
        if let Some(first) = &correction.first {
            let cause = Cause { object: first.deal, date: first.on, reason: given };
            self.count_derived(first.partner, &[Derived::NewCustomer], 1, cause, out);
        }
        Ok(())
    }
}
