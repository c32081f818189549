//! Who holds an opportunity once its customer is another one: two were joined, or spellings are kept apart (R10).

use std::cmp::Reverse;

use chrono::NaiveDate;

use super::{DealTerms, Hold, RegisteredDeal, Status, UNLIMITED};

/// The hold on an opportunity whose deals were brought together or taken apart, from a day on. `deals` are those of the
/// opportunity in the order of registration, each with its terms, and `holds` are those that its deals had. `place` is
/// the place in the log of a claim, which decides between two of one day.
///
/// The earliest claim that stands remains. Where none stands, the earliest deal that still claims the opportunity has
/// it again. Where there is none of these either, the latest hold that has passed is kept, as it identifies a second
/// report of a transaction.
#[must_use]
pub fn remaining_hold<I: Copy + Eq>(
    deals: &[(RegisteredDeal<I>, DealTerms)],
    holds: &[Hold<I>],
    day: NaiveDate,
    place: impl Fn(&Hold<I>) -> i64,
) -> Option<Hold<I>> {
    let earlier = |hold: &Hold<I>| (hold.since, place(hold));
    let stands = |hold: &&Hold<I>| !hold.won && day <= hold.until;
    if let Some(earliest) = holds.iter().filter(stands).min_by_key(|hold| earlier(hold)) {
        return Some(*earliest);
    }
    let claims = deals.iter().filter_map(|(deal, terms)| deal.own_claim(terms));
    if let Some(earliest) = claims.filter(|hold| day <= hold.until).min_by_key(earlier) {
        return Some(earliest);
    }
    // Of several on one day, the first.
    holds.iter().min_by_key(|hold| (Reverse(hold.until), place(hold))).copied()
}

impl<I: Copy + Eq> RegisteredDeal<I> {
    /// The hold that the deal has by its own dates where no other is before it.
    pub(super) fn own_claim(&self, terms: &DealTerms) -> Option<Hold<I>> {
        let claimed_on = self.deal.claimed_on.filter(|_| self.deal.rewarded_on.is_none())?;
        let until = match self.deal.status {
            Status::WonReported => UNLIMITED,
            status if status.is_engaged() => self.until(terms, claimed_on),
            _ => return None,
        };
        let since = claimed_on.min(until);
        Some(Hold { deal: self.id, partner: self.partner, since, until, won: false })
    }
}

#[cfg(test)]
mod tests;
