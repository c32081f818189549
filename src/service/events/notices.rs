//! Notices of what is going to end (F4): levels, contracts, held quotes, deals, and opportunities that are held; those of
//! credits are in `expiry_notices`.
//!
//! Once a day, the objects are read whose last day is one of the days for which a notice is due by now; indexes of the
//! last days bound what is read. The last day whose notices were all emitted is stored for each kind, so that a day
//! without a server is made up for, by the nearest notice of each object. Objects are read again under the lock of
//! their writers: what was extended meanwhile is not announced.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use entity::notice_progress;
use entity::value::EventKind;
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Audience, EventDraft, codes_of_partners, object_data};
use crate::access::Operation;
use crate::error::Error;
use crate::program::level::Levels;
use crate::program::level_change::{Membership, Points, partner_levels, professional_level};
use crate::program::notice::{DueNotice, due_notices};
use crate::service::posting::{PeriodTotal, column, partner_totals, points_of, read_overrides};
use crate::service::{Services, transact};
use crate::store::notice::{self, Ending, EndingRow};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject::{self, EARLIEST};
use crate::store::{affiliation, contract, customer, deal, event, quote, timer, totals, upsert_all};

/// Notices that one transaction emits.
pub(super) const NOTICES_PER_TRANSACTION: u64 = 200;

/// A notice that is emitted: days before the end, and the object as it was found.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) days: u32,
    pub(super) row: EndingRow,
}

impl Found {
    /// What the event says, with the last day.
    fn data(&self, last: NaiveDate) -> Value {
        json!({ "days": self.days, "endsOn": last })
    }
}

impl Services {
    /// Begins with notices, those of today first, where none have been emitted yet.
    pub(in crate::service) async fn begin_notices(&self) -> Result<(), Error> {
        let mut new = Vec::new();
        for what in Ending::ALL {
            if notice::progress(self.db.reader(), what).await?.is_none() {
                new.push(what);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let today = self.clock.today();
        let yesterday = today.pred_opt().unwrap_or(today);
        transact!(self, Operation::MaintainEventFeed, transaction, _changes => {
            for what in &new {
                notice::begin(transaction, *what, yesterday).await?;
            }
            Ok(())
        })
    }

    /// Emits notices that are due by today; returns whether there may be more.
    pub(super) async fn emit_notices(&self) -> Result<bool, Error> {
        for what in Ending::ALL {
            if self.emit_notices_of(what).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn emit_notices_of(&self, what: Ending) -> Result<bool, Error> {
        let today = self.clock.today();
        // The start of the program begins with each.
        let Some(progress) = notice::progress(self.db.reader(), what).await? else { return Ok(false) };
        let day = progress.pending_on.unwrap_or(today);
        if day <= progress.noticed_on {
            return Ok(false);
        }
        let terms = &self.policy.editions.at(day).notices;
        let mut days = match what {
            Ending::TechnicalLevel | Ending::BusinessLevel | Ending::ProfessionalLevel => terms.level.clone(),
            Ending::Contract => terms.contract.clone(),
            Ending::Quote => terms.quote.clone(),
            Ending::Deal => terms.deal.clone(),
            Ending::Opportunity => terms.opportunity.clone(),
            Ending::Credits | Ending::DojoCredits => terms.credits.clone(),
        };
        days.sort_unstable();
        let due = due_notices(&days, progress.noticed_on, day, today);
        let found = self.found(what, &progress, &due).await?;
        transact!(self, Operation::MaintainEventFeed, transaction, _changes => {
            // Another process was first.
            if notice::lock(transaction, what).await?.as_ref() != Some(&progress) {
                return Ok(());
            }
            let (kind, noticed_on) = (progress.kind.clone(), progress.noticed_on);
            let next = match found.last() {
                Some(last) => notice_progress::Model {
                    kind,
                    noticed_on,
                    pending_on: Some(day),
                    after_end: Some(last.row.ends),
                    after_id: Some(last.row.id),
                },
                None => notice_progress::Model {
                    kind,
                    noticed_on: day,
                    pending_on: None,
                    after_end: None,
                    after_id: None,
                },
            };
            self.write_notices(transaction, what, &found, &due).await?;
            Ok(upsert_all(transaction, vec![next]).await?)
        })?;
        Ok(true)
    }

    /// The next objects for which notices are due, in the order of their ends.
    async fn found(
        &self,
        what: Ending,
        progress: &notice_progress::Model,
        due: &[DueNotice],
    ) -> Result<Vec<Found>, Error> {
        let cursor = (progress.after_end.unwrap_or(EARLIEST), progress.after_id.unwrap_or(Uuid::nil()));
        // Where the first day after the end is stored, it is a day later.
        let shift = Days::new(u64::from(!what.stores_last_day()));
        let shifted = |day: NaiveDate| day.checked_add_days(shift).unwrap_or(day);
        if let Ending::Credits | Ending::DojoCredits = what {
            let Some(through) = due.iter().map(|notice| shifted(notice.through)).max() else {
                return Ok(Vec::new());
            };
            return self.found_expiring(what, through, cursor.1).await;
        }
        for notice in due {
            let span = (shifted(notice.after), shifted(notice.through));
            if span.1 < cursor.0 {
                continue;
            }
            let rows = notice::ending(self.db.reader(), what, span, cursor, NOTICES_PER_TRANSACTION).await?;
            if !rows.is_empty() {
                return Ok(rows.into_iter().map(|row| Found { days: notice.days, row }).collect());
            }
        }
        Ok(Vec::new())
    }

    async fn write_notices(
        &self,
        transaction: &DatabaseTransaction,
        what: Ending,
        found: &[Found],
        due: &[DueNotice],
    ) -> Result<(), Error> {
        if found.is_empty() {
            return Ok(());
        }
        let events = match what {
            Ending::TechnicalLevel | Ending::BusinessLevel => {
                self.partner_level_notices(transaction, what, found).await?
            }
            Ending::ProfessionalLevel => self.professional_level_notices(transaction, found).await?,
            Ending::Contract => self.contract_notices(transaction, found).await?,
            Ending::Quote => self.quote_notices(transaction, found).await?,
            Ending::Deal | Ending::Opportunity => self.deal_notices(transaction, what, found).await?,
            Ending::Credits => self.credit_notices(transaction, found, due).await?,
            Ending::DojoCredits => self.dojo_credit_notices(transaction, found, due).await?,
        };
        Ok(event::insert(transaction, events, event::Numbering::Later).await?)
    }

    pub(super) fn audience(&self, codes: HashMap<Uuid, String>) -> Audience {
        Audience { codes, employers: Vec::new(), at: self.clock.now(), actor: None }
    }

    async fn partner_level_notices(
        &self,
        transaction: &DatabaseTransaction,
        what: Ending,
        found: &[Found],
    ) -> Result<Vec<entity::event::Model>, Error> {
        let editions = &self.policy.editions;
        let ids = || found.iter().map(|one| one.row.id);
        let rows = subject::lock::<PartnerRow>(transaction, [], ids()).await?;
        let mut stored: BTreeMap<(Uuid, i32), PeriodTotal> = BTreeMap::new();
        for row in totals::of_partners(transaction, ids()).await? {
            stored.insert((row.partner_id, row.period), PeriodTotal::read(&row)?);
        }
        let stored = partner_totals(&stored);
        let audience = self.audience(rows.iter().map(|row| (row.id, row.code.clone())).collect());
        let rows: HashMap<Uuid, PartnerRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        let (track, index) = match what {
            Ending::TechnicalLevel => (crate::program::Track::Technical, 0),
            _ => (crate::program::Track::Business, 1),
        };
        let mut events = Vec::new();
        for one in found {
            let Some(row) = rows.get(&one.row.id) else { continue };
            let (level, lapses_on) = match index {
                0 => (row.technical_level.as_ref(), row.technical_lapses_on),
                _ => (row.business_level.as_ref(), row.business_lapses_on),
            };
            let Some(level) = level.filter(|_| lapses_on == Some(one.row.ends)) else { continue };
            let totals = stored.get(&row.id).cloned().unwrap_or_default();
            let overrides = read_overrides(row.level_overrides.as_deref())?;
            let then = partner_levels(editions, &overrides, &totals, one.row.ends);
            let levels = &editions.at(one.row.ends).partner_levels;
            // An override can end while the level remains.
            if rank(levels, Some(&then[index])) >= rank(levels, Some(level)) {
                continue;
            }
            let last = one.row.ends.pred_opt().unwrap_or(one.row.ends);
            let mut notice = one.data(last);
            notice["track"] = sea_orm::ActiveEnum::to_value(&column(track)).into();
            (notice["level"], notice["then"]) = (level.as_str().into(), then[index].as_str().into());
            let today = self.clock.today();
            let draft = EventDraft::of_partner(EventKind::LevelEnding, today, row.id, "notice", notice);
            events.push(audience.step(&draft, None));
        }
        Ok(events)
    }

    async fn professional_level_notices(
        &self,
        transaction: &DatabaseTransaction,
        found: &[Found],
    ) -> Result<Vec<entity::event::Model>, Error> {
        let editions = &self.policy.editions;
        let today = self.clock.today();
        let ids = || found.iter().map(|one| one.row.id);
        let rows = subject::lock::<ProfessionalRow>(transaction, [], ids()).await?;
        let stored = totals::of_professionals(transaction, ids()).await?;
        let signed_up = rows.iter().map(|row| (row.id, row.signed_up_on)).collect();
        let points = points_of(transaction, editions, &stored, &signed_up).await?;
        let employers = affiliation::of_professionals(transaction, ids()).await?;
        let mut codes: HashMap<Uuid, String> = rows.iter().map(|row| (row.id, row.code.clone())).collect();
        codes.extend(codes_of_partners(transaction, &employers).await?);
        let audience = Audience { employers, ..self.audience(codes) };
        let rows: HashMap<Uuid, ProfessionalRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        let none = Points::new();
        let mut events = Vec::new();
        for one in found {
            let Some(row) = rows.get(&one.row.id).filter(|row| row.lapses_on == Some(one.row.ends)) else {
                continue;
            };
            let Some(level) = &row.level else { continue };
            let overrides = read_overrides(row.level_overrides.as_deref())?;
            let of = Membership { signed_up_on: row.signed_up_on, overrides: &overrides };
            let points = points.get(&row.id).unwrap_or(&none);
            let then = professional_level(editions, of, points, one.row.ends);
            let levels = &editions.at(one.row.ends).professional_levels;
            let then = then.map(|level| level.code.clone());
            if rank(levels, then.as_ref()) >= rank(levels, Some(level)) {
                continue;
            }
            let mut notice = one.data(one.row.ends.pred_opt().unwrap_or(one.row.ends));
            (notice["track"], notice["level"], notice["then"]) =
                (Value::Null, level.as_str().into(), then.into());
            let draft = EventDraft::of_professional(EventKind::LevelEnding, today, row.id, "notice", notice);
            let subjects = [audience.employer(row.id, today), Some(row.id)];
            events.push(audience.row(EventKind::LevelEnding, today, subjects, object_data(&draft)));
        }
        Ok(events)
    }

    async fn contract_notices(
        &self,
        transaction: &DatabaseTransaction,
        found: &[Found],
    ) -> Result<Vec<entity::event::Model>, Error> {
        let ids = || found.iter().map(|one| one.row.id);
        let owners =
            contract::by_ids(transaction, ids()).await?.into_iter().map(|row| row.contract.partner_id);
        let partners = subject::lock::<PartnerRow>(transaction, [], owners).await?;
        let audience = self.audience(partners.into_iter().map(|row| (row.id, row.code)).collect());
        let rows: HashMap<Uuid, contract::ContractRow> = contract::by_ids(transaction, ids())
            .await?
            .into_iter()
            .map(|row| (row.contract.id, row))
            .collect();
        let stands = |one: &Found| {
            rows.get(&one.row.id).filter(|row| !row.contract.voided && row.contract.ends_on == one.row.ends)
        };
        let event = |one: &Found| {
            let row = stands(one)?;
            let draft = EventDraft::contract(EventKind::ContractEnding, row, self.clock.today());
            Some(audience.step(&draft.with("notice", Some(one.data(one.row.ends))), None))
        };
        Ok(found.iter().filter_map(event).collect())
    }

    async fn quote_notices(
        &self,
        transaction: &DatabaseTransaction,
        found: &[Found],
    ) -> Result<Vec<entity::event::Model>, Error> {
        let ids = || found.iter().map(|one| one.row.id);
        let owners = quote::by_ids(transaction, ids()).await?.into_iter().map(|row| row.partner_id);
        let partners = subject::lock::<PartnerRow>(transaction, [], owners).await?;
        let audience = self.audience(partners.into_iter().map(|row| (row.id, row.code)).collect());
        let rows: HashMap<Uuid, entity::quote::Model> =
            quote::by_ids(transaction, ids()).await?.into_iter().map(|row| (row.id, row)).collect();
        let event = |one: &Found| {
            let row = rows.get(&one.row.id).filter(|row| {
                row.status == entity::value::QuoteStatus::Open && row.hold && row.valid_until == one.row.ends
            })?;
            let draft = EventDraft::quote(EventKind::QuoteEnding, row, self.clock.today());
            Some(audience.step(&draft.with("notice", Some(one.data(one.row.ends))), None))
        };
        Ok(found.iter().filter_map(event).collect())
    }

    async fn deal_notices(
        &self,
        transaction: &DatabaseTransaction,
        what: Ending,
        found: &[Found],
    ) -> Result<Vec<entity::event::Model>, Error> {
        let ids = || found.iter().map(|one| one.row.id);
        let before = deal::by_ids(transaction, ids()).await?;
        let keys: Vec<&str> = before.iter().map(|row| row.customer_key.as_str()).collect();
        customer::lock(transaction, &keys).await?;
        let rows = deal::by_ids(transaction, ids()).await?;
        let partners =
            subject::by_ids::<PartnerRow>(transaction, rows.iter().map(|row| row.partner_id)).await?;
        let audience = self.audience(partners.into_iter().map(|row| (row.id, row.code)).collect());
        let rows: HashMap<Uuid, entity::deal::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
        let today = self.clock.today();
        let mut events = Vec::new();
        for one in found {
            let Some(row) = rows.get(&one.row.id) else { continue };
            let last = one.row.ends.pred_opt().unwrap_or(one.row.ends);
            let draft = if what == Ending::Deal {
                let timer = timer::by_deal(transaction, row.id).await?;
                if timer.is_none_or(|timer| timer.expires_on != one.row.ends) {
                    continue;
                }
                EventDraft::deal(EventKind::DealEnding, row, today)
            } else {
                let held = deal::opportunity(transaction, &row.customer_key, &row.scope_key).await?;
                let held = held.filter(|held| held.deal_id == Some(row.id) && row.rewarded_on.is_none());
                if held.and_then(|held| held.held_until) != Some(last) {
                    continue;
                }
                self.opportunity_event(EventKind::OpportunityEnding, row, today)
            };
            events.push(audience.step(&draft.with("notice", Some(one.data(last))), None));
        }
        Ok(events)
    }
}

/// Place of a level in rank order; below all others for none.
fn rank(levels: &Levels, code: Option<&String>) -> Option<usize> {
    levels.by_code(code?).map(|level| level.rank)
}
