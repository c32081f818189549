//! Holds on the registered opportunity of an end customer and scope, and the reward (R4, R5).

use chrono::{Months, NaiveDate};

use super::{Deal, DealTerms, Outcome, Reading, Report, Status};
use crate::program::refusal::{Code, Refusal, Refusals};

/// A hold on an opportunity by a deal, from a day through a day.
///
/// `I` is the caller's type of ids for deals and partners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold<I> {
    /// The deal.
    pub deal: I,
    /// The partner that registered it.
    pub partner: I,
    /// First day.
    pub since: NaiveDate,
    /// Last day, unless an activity is reported until then.
    pub until: NaiveDate,
    /// Whether its transaction was rewarded. It then no longer protects the opportunity, but identifies a
    /// second report of the same transaction.
    pub won: bool,
}

impl<I> Hold<I> {
    /// Whether the opportunity is held on a day.
    #[must_use]
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.since <= day && day <= self.until
    }
}

/// A deal with its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisteredDeal<I> {
    /// The deal's key.
    pub id: I,
    /// Key of the partner that registered it.
    pub partner: I,
    /// Its days.
    pub deal: Deal,
}

/// A successful transaction (R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Win<I> {
    /// The rewarded partner; none if no partner holds the opportunity and another party sold.
    pub partner: Option<I>,
    /// The deal that it is rewarded through.
    pub deal: Option<I>,
    /// The deal whose earlier reward is why there is none; none if it is rewarded, or would not be without that either.
    pub repeats: Option<I>,
}

impl<I: Copy + Eq> RegisteredDeal<I> {
    /// Gives the deal another status. Making contact claims the opportunity where it is free.
    ///
    /// # Errors
    /// When the deal is closed or expired, the day lies before its present status, the status can't be
    /// given, or another partner holds the opportunity (without a word about who).
    pub fn set_status(
        &mut self,
        terms: &DealTerms,
        hold: &mut Option<Hold<I>>,
        to: Status,
        on: NaiveDate,
    ) -> Result<(), Refusals> {
        let was_engaged = self.was_engaged();
        let mut next = *self;
        next.deal.set_status(terms, to, on)?;
        if to.is_engaged()
            && !was_engaged
            && hold.is_some_and(|hold| hold.partner != self.partner && on <= hold.until && !hold.won)
        {
            let message = "Another partner holds the registered opportunity for this customer and scope. \
                           The deal can become engaged once that opportunity lapses.";
            return Err(Refusal::new(Code::DealProtected, "status", message).into());
        }
        *self = next;
        self.claim(terms, hold, on);
        Ok(())
    }

    /// Takes a report of a business development activity.
    ///
    /// # Errors
    /// When the deal is closed or expired, or the day lies before its registration.
    pub fn report(
        &mut self,
        terms: &DealTerms,
        hold: &mut Option<Hold<I>>,
        what: Report,
        on: NaiveDate,
    ) -> Result<(), Refusal> {
        self.deal.report(terms, what, on)?;
        self.claim(terms, hold, on);
        Ok(())
    }

    /// Closes the deal. A transaction is rewarded to the partner that holds the opportunity, regardless of the
    /// seller, else to the partner that won; it consumes the opportunity (R5). What another partner closes
    /// on a day of a rewarded opportunity is the same transaction, reported again **[interpretation]**. A deal that
    /// was rewarded already awards nothing and consumes nothing, whichever deal holds the opportunity now (R7).
    ///
    /// # Errors
    /// When the deal is closed or expired, or the day lies before its present status.
    pub fn close(
        &mut self,
        terms: &DealTerms,
        hold: &mut Option<Hold<I>>,
        outcome: Outcome,
        on: NaiveDate,
    ) -> Result<Option<Win<I>>, Refusals> {
        self.deal.close(terms, outcome, on)?;
        let standing = hold.filter(|hold| hold.covers(on));
        if outcome.status() != Status::ClosedWon {
            self.release(hold);
            return Ok(None);
        }
        let mut repeats = None;
        let rewarded = match standing {
            _ if self.deal.rewarded_on.is_some() && terms.reading != Reading::First => {
                repeats = Some(self.id);
                None
            }
            Some(standing) if !standing.won => {
                *hold = Some(Hold { until: on, won: true, ..standing });
                Some((standing.partner, standing.deal))
            }
            Some(standing) if standing.partner != self.partner => {
                repeats = Some(standing.deal);
                None
            }
            _ if outcome == Outcome::WonByPartner && self.deal.rewarded_on.is_none() => {
                Some((self.partner, self.id))
            }
            _ => {
                repeats = hold.filter(|hold| hold.won).map(|hold| hold.deal);
                None
            }
        };
        self.release(hold);
        if rewarded.is_some_and(|(_, deal)| deal == self.id) {
            self.deal.rewarded_on = Some(on);
        }
        let repeats = repeats.filter(|_| terms.reading == Reading::Current);
        let (partner, deal) = rewarded.unzip();
        Ok(Some(Win { partner, deal, repeats }))
    }

    /// Marks the deal as rewarded by a transaction that was closed under another deal.
    pub fn reward(&mut self, on: NaiveDate) {
        self.deal.rewarded_on = Some(on);
    }

    /// Whether another partner holds the opportunity on a day (R4).
    #[must_use]
    pub fn conflicts(&self, hold: Option<&Hold<I>>, day: NaiveDate) -> bool {
        hold.is_some_and(|hold| hold.partner != self.partner && hold.covers(day) && !hold.won)
    }

    /// Extends the deal's own hold, acquires a free opportunity, or releases it when the deal is no longer
    /// engaged. A rewarded deal has consumed its opportunity.
    fn claim(&mut self, terms: &DealTerms, hold: &mut Option<Hold<I>>, on: NaiveDate) {
        if self.deal.status == Status::WonReported {
            return;
        }
        if !self.deal.status.is_engaged() {
            self.release(hold);
            return;
        }
        let own = hold.filter(|hold| hold.deal == self.id && on <= hold.until);
        let free = hold.is_none_or(|hold| hold.until < on || hold.won);
        if self.deal.rewarded_on.is_some() || !(own.is_some() || free) {
            return;
        }
        let claimed_on = self.deal.claimed_on.unwrap_or(on);
        let until = self.until(terms, claimed_on);
        if own.is_some() || on <= until {
            self.deal.claimed_on = Some(claimed_on);
            let since = own.map_or(on, |hold| hold.since);
            *hold = Some(Hold { deal: self.id, partner: self.partner, since, until, won: false });
        }
    }

    pub(super) fn release(&self, hold: &mut Option<Hold<I>>) {
        hold.take_if(|hold| hold.deal == self.id && !hold.won);
    }

    /// Whether contact was made before the present step, or before the win that was reported.
    fn was_engaged(&self) -> bool {
        match (self.deal.status, self.deal.before) {
            (Status::WonReported, Some((before, _))) => before.is_engaged(),
            (status, _) => status.is_engaged(),
        }
    }

    /// The last day of the hold: months without a transaction, a month without a reported activity since it was
    /// claimed, or the end of the deal itself, whichever comes first. A change of status is no report (R4).
    pub(super) fn until(&self, terms: &DealTerms, claimed_on: NaiveDate) -> NaiveDate {
        let later =
            |day: NaiveDate, months| day.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX);
        let idle = later(self.deal.activity_on.max(claimed_on), terms.activity_months);
        let until = later(claimed_on, terms.opportunity_months).min(idle);
        self.deal.valid_until(terms).map_or(until, |end| until.min(end))
    }
}

#[cfg(test)]
mod tests;
