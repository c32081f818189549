//! Who holds an opportunity after a step, and the events of opportunities that were won or lapsed (R4, R5).

use chrono::NaiveDate;
use entity::deal;
use entity::value::EventKind;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::change::deal_of;
use super::opportunity_row;
use crate::error::Error;
use crate::program::deal::{Hold, UNLIMITED};
use crate::service::Services;
use crate::service::customers::Opportunity;
use crate::service::events::Audience;
use crate::store::event::Numbering;
use crate::store::partner::PartnerRow;
use crate::store::{deal as store, event, subject, timer};

/// The first day on which a hold has lapsed unless something is reported; none where no time runs.
fn lapses_on(hold: &Hold<Uuid>) -> Option<NaiveDate> {
    if hold.won || hold.until >= UNLIMITED { None } else { hold.until.succ_opt() }
}

impl Services {
    /// Writes who holds the opportunity of a deal after a step, sets the timer, and emits what became of it.
    pub(super) async fn write_hold(
        &self,
        transaction: &DatabaseTransaction,
        deal: &deal::Model,
        (before, after): (Option<Hold<Uuid>>, Option<Hold<Uuid>>),
        day: NaiveDate,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        if before == after {
            return Ok(());
        }
        let row = opportunity_row(&deal.customer_key, &deal.scope_key, after);
        store::upsert_opportunity(transaction, row).await?;
        if let Some(before) = before {
            let continues =
                after.is_some_and(|after| after.deal == before.deal && after.since == before.since);
            if !continues {
                self.emit_lapse(transaction, &before).await?;
            }
            if after.is_none_or(|after| after.deal != before.deal) {
                timer::set_lapse(transaction, before.deal, None).await?;
            }
        }
        let Some(after) = after else { return Ok(()) };
        timer::set_lapse(transaction, after.deal, lapses_on(&after)).await?;
        let is_won = after.won && before.is_some_and(|before| before.deal == after.deal && !before.won);
        if is_won {
            let holder = deal_of(transaction, after.deal).await?;
            // Who closed another partner's deal, and why, is not the holder's business.
            let cause = (holder.partner_id == deal.partner_id, reason);
            self.emit_opportunity(transaction, EventKind::OpportunityWon, &holder, day, cause).await?;
        }
        Ok(())
    }

    /// Writes the holds on opportunities of customers that were joined or separated, sets the timers, and emits which
    /// of them lapse with that. The reason may name another partner, so it is in the event of the customer alone.
    pub(in crate::service) async fn write_holds(
        &self,
        transaction: &DatabaseTransaction,
        before: &[(Opportunity, Hold<Uuid>)],
        after: &[(Opportunity, Option<Hold<Uuid>>)],
        day: NaiveDate,
    ) -> Result<(), Error> {
        let old = |of: &Opportunity| before.iter().find(|(key, _)| key == of).map(|(_, hold)| *hold);
        let changed: Vec<_> = after.iter().filter(|(key, hold)| old(key) != *hold).collect();
        for ((customer, scope), hold) in &changed {
            store::upsert_opportunity(transaction, opportunity_row(customer, scope, *hold)).await?;
        }
        let holders: Vec<Uuid> = after.iter().filter_map(|(_, hold)| Some((*hold)?.deal)).collect();
        for lost in
            changed.iter().filter_map(|(key, _)| old(key)).filter(|hold| !holders.contains(&hold.deal))
        {
            if !lost.won && day <= lost.until {
                let holder = deal_of(transaction, lost.deal).await?;
                self.emit_opportunity(transaction, EventKind::OpportunityLapsed, &holder, day, (false, None))
                    .await?;
            } else {
                self.emit_lapse(transaction, &lost).await?;
            }
            timer::set_lapse(transaction, lost.deal, None).await?;
        }
        for hold in changed.iter().filter_map(|(_, hold)| *hold) {
            let kept = before.iter().any(|(_, old)| *old == hold);
            if !kept {
                timer::set_lapse(transaction, hold.deal, lapses_on(&hold)).await?;
            }
        }
        Ok(())
    }

    /// Emits that a hold had lapsed before another one took its place, unless the timer did.
    async fn emit_lapse(&self, transaction: &DatabaseTransaction, hold: &Hold<Uuid>) -> Result<(), Error> {
        let Some(on) = lapses_on(hold).filter(|on| *on <= self.clock.today()) else { return Ok(()) };
        if timer::lapse_of(transaction, hold.deal).await?.is_none() {
            return Ok(());
        }
        let holder = deal_of(transaction, hold.deal).await?;
        self.emit_opportunity(transaction, EventKind::OpportunityLapsed, &holder, on, (false, None)).await
    }

    /// Emits an event of an opportunity. The holder is told who did it and why, or is not, and nobody did what time did.
    async fn emit_opportunity(
        &self,
        transaction: &DatabaseTransaction,
        kind: EventKind,
        holder: &deal::Model,
        on: NaiveDate,
        (is_told, reason): (bool, Option<&str>),
    ) -> Result<(), Error> {
        let partners = subject::by_ids::<PartnerRow>(transaction, [holder.partner_id]).await?;
        let codes = partners.into_iter().map(|row| (row.id, row.code)).collect();
        let actor = is_told.then(|| self.caller().actor.label().to_owned());
        let audience = Audience { codes, employers: Vec::new(), at: self.clock.now(), actor };
        let row = audience.step(&self.opportunity_event(kind, holder, on), reason.filter(|_| is_told));
        Ok(event::insert(transaction, vec![row], Numbering::Later).await?)
    }
}
