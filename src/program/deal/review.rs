//! The vendor's word on a deal, and the way back: wins that are reported and reviewed, deals that are withdrawn and
//! reopened (R6, R8).

use chrono::NaiveDate;

use super::{Deal, DealTerms, Hold, Outcome, RegisteredDeal, Status, Win};
use crate::program::refusal::{Code, Refusal, Refusals};

/// The last day of a hold for which no time runs.
pub const UNLIMITED: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date of the calendar");

impl Deal {
    fn check_reported(&self) -> Result<(), Refusal> {
        if self.status == Status::WonReported {
            return Ok(());
        }
        let message = format!(
            "Only a deal whose win was reported can be reviewed; this deal is {}.",
            self.status.word()
        );
        Err(Refusal::new(Code::WrongState, "reference", message))
    }

    /// Checks that it was closed, and can be reopened.
    ///
    /// # Errors
    /// When it is open, or its time ran out.
    pub fn check_closed(&self) -> Result<(), Refusal> {
        if self.status.is_closed() {
            return Ok(());
        }
        let message = format!("Only a closed deal can be reopened; this deal is {}.", self.status.word());
        Err(Refusal::new(Code::WrongState, "reference", message))
    }

    /// Gives it the status that it had before it was closed or its win was reported.
    fn restore(&mut self) {
        let (status, on) = self.before.take().unwrap_or((Status::Lead, self.registered_on));
        (self.status, self.status_on) = (status, on);
    }
}

impl<I: Copy + Eq> RegisteredDeal<I> {
    /// Reports a transaction that the vendor has yet to approve. No timer runs from then on, what the deal holds stays
    /// held, and nothing is awarded (R6).
    ///
    /// # Errors
    /// When the deal is closed, expired or reported already, the outcome is no transaction, or the day lies before its
    /// present status.
    pub fn report_win(
        &mut self,
        terms: &DealTerms,
        hold: &mut Option<Hold<I>>,
        outcome: Outcome,
        on: NaiveDate,
    ) -> Result<(), Refusals> {
        if self.deal.status == Status::WonReported {
            let message = format!(
                "The win was reported already, as of {}; it waits for the review by program staff.",
                self.deal.status_on
            );
            return Err(Refusal::new(Code::WrongState, "reference", message).into());
        }
        let mut next = self.deal;
        next.close(terms, outcome, on)?;
        self.deal.leave(terms, Status::WonReported, on);
        // A hold that had lapsed before that day stays lapsed; one that began after it is held all the same.
        if let Some(own) = hold.as_mut().filter(|hold| hold.deal == self.id && !hold.won && on <= hold.until)
        {
            own.until = UNLIMITED;
        }
        Ok(())
    }

    /// Approves a reported win: the deal is closed as won on the day that was reported, and rewarded by what holds for
    /// that day now.
    ///
    /// # Errors
    /// When no win was reported.
    pub fn approve_win(
        &mut self,
        terms: &DealTerms,
        hold: &mut Option<Hold<I>>,
        outcome: Outcome,
    ) -> Result<Option<Win<I>>, Refusals> {
        self.deal.check_reported()?;
        self.close(terms, hold, outcome, self.deal.status_on)
    }

    /// Rejects a reported win: the deal has the status of before, with its dates.
    ///
    /// # Errors
    /// When no win was reported.
    pub fn reject_win(&mut self, terms: &DealTerms, hold: &mut Option<Hold<I>>) -> Result<(), Refusal> {
        self.deal.check_reported()?;
        self.deal.restore();
        self.resume(terms, hold);
        Ok(())
    }

    /// Withdraws the deal, which is open. Nothing is awarded.
    ///
    /// # Errors
    /// When the deal is closed or expired, or the day lies before its present status.
    pub fn withdraw(
        &mut self,
        terms: &DealTerms,
        hold: &mut Option<Hold<I>>,
        on: NaiveDate,
    ) -> Result<(), Refusal> {
        self.deal.check_change(terms, on)?;
        self.deal.leave(terms, Status::ClosedWithdrawn, on);
        self.release(hold);
        Ok(())
    }

    /// Reopens a deal that was closed: it has the status of before, with its dates, and holds the opportunity again
    /// unless another deal has claimed it since (R8). `own_reward` says whether its closing rewarded the deal itself;
    /// the reward of another deal is taken back before, by [`Self::take_reward`].
    ///
    /// # Errors
    /// When the deal is not closed.
    pub fn reopen(
        &mut self,
        terms: &DealTerms,
        hold: &mut Option<Hold<I>>,
        own_reward: bool,
    ) -> Result<(), Refusal> {
        self.deal.check_closed()?;
        if own_reward {
            self.forget_reward(hold);
        }
        self.deal.restore();
        self.resume(terms, hold);
        Ok(())
    }

    /// Takes back the reward that the deal had for a transaction that was closed under another deal. `hold` is of the
    /// opportunity that the transaction consumed; `is_same` says whether the deal still concerns it.
    pub fn take_reward(&mut self, terms: &DealTerms, hold: &mut Option<Hold<I>>, is_same: bool) {
        self.forget_reward(hold);
        if is_same {
            self.resume(terms, hold);
        } else {
            self.release(hold);
        }
    }

    /// Judges a win again that was not rewarded because this deal had the reward for a transaction, which is taken back
    /// by now (R8). As if that had not been closed, it is rewarded through this deal, if that claims the opportunity on
    /// the day of the win; else it is the won deal's own, unless another deal has claimed the opportunity since. `hold` is
    /// of the opportunity of both. Returns the partner and the deal that are rewarded.
    pub fn reward_again(
        &self,
        terms: &DealTerms,
        hold: &mut Option<Hold<I>>,
        won: &Self,
        outcome: Outcome,
    ) -> Option<(I, I)> {
        let on = won.deal.status_on;
        let own = hold.filter(|hold| hold.deal == self.id);
        if let Some(claim) = own.or_else(|| self.claim_when_open(terms)).filter(|claim| claim.covers(on)) {
            if hold.is_none_or(|hold| hold.deal == self.id) {
                *hold = Some(Hold { until: on, won: true, ..claim });
            }
            return Some((self.partner, self.id));
        }
        let is_held = hold.is_some_and(|hold| hold.covers(on) && !hold.won);
        let by_itself = outcome == Outcome::WonByPartner && won.deal.rewarded_on.is_none();
        (by_itself && !is_held).then_some((won.partner, won.id))
    }

    /// The claim by its own dates, of a deal that was won since as before it was closed.
    fn claim_when_open(&self, terms: &DealTerms) -> Option<Hold<I>> {
        let mut open = *self;
        if open.deal.status == Status::ClosedWon {
            open.deal.restore();
        }
        open.own_claim(terms)
    }

    fn forget_reward(&mut self, hold: &mut Option<Hold<I>>) {
        self.deal.rewarded_on = None;
        if let Some(own) = hold.as_mut().filter(|hold| hold.deal == self.id) {
            own.won = false;
        }
    }

    /// Sets the hold to what it is without the step that was taken back.
    fn resume(&self, terms: &DealTerms, hold: &mut Option<Hold<I>>) {
        if self.deal.rewarded_on.is_some() || self.deal.status.is_closed() {
            self.release(hold);
            return;
        }
        if self.deal.status == Status::WonReported {
            if let Some(own) = hold.as_mut().filter(|hold| hold.deal == self.id) {
                own.until = UNLIMITED;
            }
            return;
        }
        if !self.deal.status.is_engaged() {
            self.release(hold);
            return;
        }
        let Some(claimed_on) = self.deal.claimed_on else { return };
        let until = self.until(terms, claimed_on);
        match hold {
            Some(own) if own.deal == self.id => own.until = until,
            Some(_) => {}
            None => {
                let since = claimed_on.min(until);
                *hold = Some(Hold { deal: self.id, partner: self.partner, since, until, won: false });
            }
        }
    }
}

#[cfg(test)]
mod tests;
