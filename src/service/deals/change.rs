//! One step of a deal: the deal and its customer locked, the step applied, and everything written that follows.

use entity::value::{EventKind, LogAction};
use entity::{customer, deal, deal_step, opportunity};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::steps::CURRENT_READING;
use super::{apply_step, audit_state, change, is_visible, keep_win, keys_after};
use crate::access::Operation;
use crate::error::Error;
use crate::program::deal::{Hold, Win};
use crate::program::fold::{Step, WonDeal};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::rule::Derived;
use crate::service::access::Visibility;
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, Posting};
use crate::service::{Services, input, labels, transact};
use crate::store::partner::PartnerRow;
use crate::store::{customer as customers, deal as store, subject};

/// A deal whose customer's row is locked.
pub(super) struct LockedDeal {
    pub(super) deal: deal::Model,
    pub(super) customer: customer::Model,
    pub(super) hold: Option<Hold<Uuid>>,
}

/// A step of a deal that is not written yet.
#[derive(Clone)]
pub(super) struct PendingStep {
    pub(super) action: LogAction,
    pub(super) step: deal_step::Model,
    pub(super) reason: Option<String>,
}

impl PendingStep {
    pub(super) fn new(action: LogAction, day: chrono::NaiveDate) -> Self {
        let step = deal_step::Model {
            log_seq: 0,
            deal_id: Uuid::nil(),
            day,
            status: None,
            outcome: None,
            report: None,
            note: None,
            customer: None,
            customer_key: None,
            scope: None,
            description: None,
            reading: CURRENT_READING,
        };
        Self { action, step, reason: None }
    }

    /// The entry of the log.
    pub(super) fn log_entry(&self, deal: Uuid) -> LogEntry {
        LogEntry { reason: self.reason.clone(), ..LogEntry::new(self.action, Object::Deal(deal)) }
    }

    /// The row of the step.
    pub(super) fn row(self, deal_id: Uuid, log_seq: i64) -> deal_step::Model {
        deal_step::Model { log_seq, deal_id, ..self.step }
    }

    /// The event of the step.
    pub(super) fn event(&self) -> EventKind {
        match self.action {
            LogAction::DealClosed | LogAction::DealWinApproved => EventKind::DealClosed,
            LogAction::DealWonReported => EventKind::DealWonReported,
            LogAction::DealWinRejected => EventKind::DealWinRejected,
            LogAction::DealWithdrawn => EventKind::DealWithdrawn,
            LogAction::DealReopened => EventKind::DealReopened,
            _ => EventKind::DealChanged,
        }
    }
}

impl Services {
    pub(super) async fn change_deal(
        &self,
        operation: Operation,
        reference: &str,
        pending: Result<PendingStep, Refusals>,
    ) -> Result<deal::Model, Error> {
        let visibility = self.authorize(operation)?;
        transact!(self, operation, transaction, changes => {
            let found = find_deal(transaction, &visibility, reference).await?;
            let (pending, found) = all((pending.as_ref(), found))?;
            let mut pending = pending.clone();
            let locked = self.lock_deal(transaction, &found, &mut pending.step).await?;
            let pending = self.judge(pending, &locked.deal);
            let LockedDeal { mut deal, customer, mut hold } = locked;
            let before_state = audit_state(&deal);
            let before = hold;
            let owners = [deal.partner_id].into_iter().chain(hold.map(|hold| hold.partner));
            let partners = subject::lock::<PartnerRow>(transaction, [], owners).await?;
            let mut posting = Posting::open(&self.policy, partners, Vec::new(), &[]);
            let win = apply_step(&self.policy.editions, &mut deal, &mut hold, pending.action, &pending.step)?;
            let day = pending.step.day;
            let is_first = customer.won_deal_id.is_none();
            let has_left = win.and_then(|win| win.partner).is_some_and(|partner| posting.has_left(partner, day));
            let step = reward_step(transaction, &mut posting, win, day, is_first).await?;
            apply(&mut posting, pending.log_entry(deal.id), step)?;
            let mut posted = posting.post(transaction, self).await?;
            let log_seq = posted.seqs.first().copied().unwrap_or_default();
            posted.emit(0, EventDraft::deal(pending.event(), &deal, day));
            posted.write(transaction).await?;
            changes.add(change(&deal).before(before_state).after(audit_state(&deal)).because(pending.reason.as_deref()));
            if let Some(win) = win {
                keep_win(&mut deal, &win, (log_seq, pending.step.reading), is_first, has_left);
                if is_first {
                    let first = customer::Model { won_deal_id: Some(deal.id), won_on: deal.status_on, ..customer };
                    customers::update(transaction, &first).await?;
                }
                if let Some(other) = win.deal.filter(|other| *other != deal.id) {
                    let row = deal_of(transaction, other).await?;
                    store::update(transaction, &deal::Model { rewarded_on: Some(day), ..row }).await?;
                }
            }
            store::update(transaction, &deal).await?;
            self.set_timer(transaction, &deal).await?;
            let reason = pending.reason.clone();
            store::insert_step(transaction, pending.row(deal.id, log_seq)).await?;
            self.write_hold(transaction, &deal, (before, hold), day, reason.as_deref()).await?;
            Ok(deal)
        })
    }

    /// The step as it is once the deal is known: who reports a win decides nothing where the vendor must approve it,
    /// and a review is of what was reported.
    fn judge(&self, mut pending: PendingStep, deal: &deal::Model) -> PendingStep {
        let outcome = pending.step.outcome.map(labels::outcome);
        let needs_approval = self.policy.editions.at(deal.registered_on).deals.wins_need_approval;
        match pending.action {
            LogAction::DealClosed
                if outcome.is_some_and(crate::program::deal::Outcome::is_won)
                    && needs_approval
                    && !self.caller().role.is_staff() =>
            {
                pending.action = LogAction::DealWonReported;
            }
            LogAction::DealWinApproved => {
                pending.step.day = deal.status_on;
                pending.step.outcome = deal.outcome;
            }
            _ => {}
        }
        pending
    }
}

/// The effect of a win on the ledger, if it rewards a partner.
async fn reward_step(
    transaction: &DatabaseTransaction,
    posting: &mut Posting<'_>,
    win: Option<Win<Uuid>>,
    on: chrono::NaiveDate,
    new_customer: bool,
) -> Result<Option<Step>, Error> {
    let Some((partner, rewarded)) = win.and_then(|win| Some((posting.partner(win.partner?)?, win.deal?)))
    else {
        return Ok(None);
    };
    posting.load_derived(transaction, partner, &[Derived::WonDeal, Derived::NewCustomer], [on]).await?;
    // The award concerns the deal of the rewarded partner, not the other partner's closed deal.
    let deal = posting.add(Object::Deal(rewarded));
    Ok(Some(Step::DealWon(WonDeal { deal, partner, new_customer, on })))
}

/// A deal that another row refers to.
pub(super) async fn deal_of(transaction: &DatabaseTransaction, id: Uuid) -> Result<deal::Model, Error> {
    let row = store::by_ids(transaction, [id]).await?.pop();
    row.ok_or_else(|| Error::Damaged("a deal that another one refers to".to_owned()))
}

/// The row of the hold on the opportunity of a customer and scope.
pub(in crate::service) fn opportunity_row(
    customer_key: &str,
    scope_key: &str,
    hold: Option<Hold<Uuid>>,
) -> opportunity::Model {
    opportunity::Model {
        customer_key: customer_key.to_owned(),
        scope_key: scope_key.to_owned(),
        deal_id: hold.map(|hold| hold.deal),
        held_since: hold.map(|hold| hold.since),
        held_until: hold.map(|hold| hold.until),
    }
}

/// The deal with a reference, where it exists for the caller.
pub(super) async fn find_deal(
    transaction: &DatabaseTransaction,
    visibility: &Visibility,
    reference: &str,
) -> Result<Result<deal::Model, Refusal>, Error> {
    let found = match input::key("reference", reference) {
        Ok(reference) => store::by_reference(transaction, &reference).await?,
        Err(_) => None,
    };
    let found = found.filter(|row| is_visible(visibility, row));
    Ok(found.ok_or_else(|| input::not_found("reference", ("deal", "reference"), reference)))
}

impl Services {
    /// Locks the customers of a deal, the one it has and the one that the step names, and reads the deal as it then is.
    pub(super) async fn lock_deal(
        &self,
        transaction: &DatabaseTransaction,
        found: &deal::Model,
        step: &mut deal_step::Model,
    ) -> Result<LockedDeal, Error> {
        let mut deal = found.clone();
        loop {
            let keys = [deal.customer_key.as_str()];
            if let Some(name) = &step.customer {
                step.customer_key = Some(self.lock_customer_named(transaction, name, step.day, &keys).await?);
            } else {
                customers::lock(transaction, &keys).await?;
            }
            let now = deal_of(transaction, deal.id).await?;
            // If it was moved to another customer before the lock, that one is locked as well.
            if now.customer_key == deal.customer_key {
                return read_locked(transaction, now, step).await;
            }
            deal = now;
        }
    }
}

/// A deal whose customers are locked, with the one that it has after the step and the hold on its opportunity.
async fn read_locked(
    transaction: &DatabaseTransaction,
    deal: deal::Model,
    step: &deal_step::Model,
) -> Result<LockedDeal, Error> {
    let (customer_key, scope_key) = keys_after(&deal, step);
    let customer = customers::by_key(transaction, &customer_key).await?;
    let customer = customer.ok_or_else(|| Error::Damaged("a deal without its customer".to_owned()))?;
    let hold = hold_on(transaction, (&customer_key, &scope_key), &deal).await?;
    Ok(LockedDeal { deal, customer, hold })
}

/// The hold on an opportunity, whose customer is locked; `deal` is one that was read already.
pub(super) async fn hold_on(
    transaction: &DatabaseTransaction,
    (customer_key, scope_key): (&str, &str),
    deal: &deal::Model,
) -> Result<Option<Hold<Uuid>>, Error> {
    let opportunity = store::opportunity(transaction, customer_key, scope_key).await?;
    let held = opportunity.and_then(|row| Some((row.deal_id?, row.held_since?, row.held_until?)));
    let Some((holder, since, until)) = held else { return Ok(None) };
    let (partner, rewarded_on) = if holder == deal.id {
        (deal.partner_id, deal.rewarded_on)
    } else {
        let row = deal_of(transaction, holder).await?;
        (row.partner_id, row.rewarded_on)
    };
    Ok(Some(Hold { deal: holder, partner, since, until, won: rewarded_on.is_some() }))
}

pub(super) fn apply(posting: &mut Posting<'_>, entry: LogEntry, step: Option<Step>) -> Result<(), Refusal> {
    posting
        .apply(entry, step)
        .map_err(|exceeded| Refusal::new(Code::Invalid, "reference", exceeded.to_string()))
}
