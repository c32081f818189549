//! Timers and expiry of deals and of the opportunities that they hold (R3, R4).

use chrono::NaiveDate;
use entity::deal;
use entity::value::EventKind;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::{Audience, EventDraft};
use crate::access::Operation;
use crate::error::Error;
use crate::service::deals::deal_dates;
use crate::service::{Services, transact};
use crate::store::event::Numbering;
use crate::store::partner::PartnerRow;
use crate::store::subject::{self, EARLIEST};
use crate::store::{customer, deal as store, event, timer};

/// Deals that one transaction processes.
const DEALS_PER_TRANSACTION: u64 = 200;

impl Services {
    /// Sets the timer of a deal to the day on which it expires from its current state.
    pub(in crate::service) async fn set_timer(
        &self,
        transaction: &DatabaseTransaction,
        row: &deal::Model,
    ) -> Result<(), Error> {
        let terms = &self.policy.editions.at(row.registered_on).deals;
        let expires_on = deal_dates(row).valid_until(terms).and_then(|day| day.succ_opt());
        Ok(timer::set(transaction, row.id, expires_on).await?)
    }

    /// An event of an opportunity, with the deal that holds or held it as it is today.
    pub(in crate::service) fn opportunity_event(
        &self,
        kind: EventKind,
        row: &deal::Model,
        on: NaiveDate,
    ) -> EventDraft {
        let terms = &self.policy.editions.at(row.registered_on).deals;
        let is_expired = deal_dates(row).valid_until(terms).is_some_and(|day| day < self.clock.today());
        let draft = EventDraft::deal(kind, row, on);
        if is_expired { draft.expired() } else { draft }
    }

    /// Emits the events of deals that expired by today; returns whether there may be more.
    pub(super) async fn emit_deal_expiries(&self) -> Result<bool, Error> {
        let today = self.clock.today();
        let due = timer::due(self.db.reader(), today, DEALS_PER_TRANSACTION).await?;
        if due.is_empty() {
            return Ok(false);
        }
        let ids: Vec<Uuid> = due.iter().map(|timer| timer.deal_id).collect();
        let found = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let keys: Vec<&str> = found.iter().map(|row| row.customer_key.as_str()).collect();
        transact!(self, Operation::MaintainEventFeed, transaction, _changes => {
            customer::lock(transaction, &keys).await?;
            let deals = store::by_ids(transaction, ids.iter().copied()).await?;
            let partners = subject::by_ids::<PartnerRow>(transaction, deals.iter().map(|row| row.partner_id)).await?;
            let codes = partners.into_iter().map(|row| (row.id, row.code)).collect();
            let audience = Audience { codes, employers: Vec::new(), at: self.clock.now(), actor: None };
            let mut events = Vec::new();
            // A lead that was moved to another customer meanwhile is processed next time, under that lock.
            for row in deals.iter().filter(|row| keys.contains(&row.customer_key.as_str())) {
                let timer = timer::by_deal(transaction, row.id).await?;
                // Another process emitted it already, or the deal was changed meanwhile.
                if timer.is_none_or(|timer| timer.expires_on > today) {
                    continue;
                }
                let terms = &self.policy.editions.at(row.registered_on).deals;
                let expires_on = deal_dates(row).valid_until(terms).and_then(|day| day.succ_opt());
                let expired = expires_on.filter(|day| *day <= today);
                if let Some(day) = expired {
                    events.push((day, audience.step(&EventDraft::deal(EventKind::DealExpired, row, day), None)));
                }
                let next = if expired.is_some() { None } else { expires_on };
                timer::set(transaction, row.id, next).await?;
            }
            events.sort_by_key(|(day, _)| *day);
            event::insert(transaction, events.into_iter().map(|(_, row)| row).collect(), Numbering::Later).await?;
            Ok(())
        })?;
        Ok(true)
    }

    /// Emits the events of opportunities that lapsed by today; returns whether there may be more.
    pub(super) async fn emit_opportunity_lapses(&self) -> Result<bool, Error> {
        let today = self.clock.today();
        let due = timer::lapses_due(self.db.reader(), today, DEALS_PER_TRANSACTION).await?;
        if due.is_empty() {
            return Ok(false);
        }
        let ids: Vec<Uuid> = due.iter().map(|timer| timer.deal_id).collect();
        let found = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        let keys: Vec<&str> = found.iter().map(|row| row.customer_key.as_str()).collect();
        transact!(self, Operation::MaintainEventFeed, transaction, _changes => {
            customer::lock(transaction, &keys).await?;
            let deals = store::by_ids(transaction, ids.iter().copied()).await?;
            let partners = subject::by_ids::<PartnerRow>(transaction, deals.iter().map(|row| row.partner_id)).await?;
            let codes = partners.into_iter().map(|row| (row.id, row.code)).collect();
            let audience = Audience { codes, employers: Vec::new(), at: self.clock.now(), actor: None };
            let mut events = Vec::new();
            for row in deals.iter().filter(|row| keys.contains(&row.customer_key.as_str())) {
                // Another process emitted it already, or something was reported meanwhile.
                let timer = timer::lapse_of(transaction, row.id).await?;
                let Some(timer) = timer.filter(|timer| timer.lapses_on <= today) else { continue };
                let held = store::opportunity(transaction, &row.customer_key, &row.scope_key).await?;
                let held = held.filter(|held| held.deal_id == Some(row.id) && row.rewarded_on.is_none());
                let lapses_on = held.and_then(|held| held.held_until).and_then(|day| day.succ_opt());
                let lapsed = lapses_on.filter(|day| *day <= today);
                // What had lapsed before there were timers is no news.
                if let Some(day) = lapsed.filter(|_| timer.lapses_on > EARLIEST) {
                    let event = self.opportunity_event(EventKind::OpportunityLapsed, row, day);
                    events.push((day, audience.step(&event, None)));
                }
                let next = if lapsed.is_some() { None } else { lapses_on };
                timer::set_lapse(transaction, row.id, next).await?;
            }
            events.sort_by_key(|(day, _)| *day);
            event::insert(transaction, events.into_iter().map(|(_, row)| row).collect(), Numbering::Later).await?;
            Ok(())
        })?;
        Ok(true)
    }
}
