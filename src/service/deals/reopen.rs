//! Reopening a deal that was closed by mistake, or whose transaction fell through (R8).

use entity::deal;
use entity::value::LogAction;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::change::{LockedDeal, PendingStep, apply, deal_of, find_deal, hold_on};
use super::{Reopening, Reward, apply_reopening, audit_state, change, required_reason};
use crate::access::Operation;
use crate::error::Error;
use crate::program::deal::Hold;
use crate::program::fold::{DealCorrection, FirstWon, Step, TakenReward, WonDeal};
use crate::program::refusal::all;
use crate::program::rule::Derived;
use crate::service::events::EventDraft;
use crate::service::posting::{Object, Posting};
use crate::service::{Services, transact};
use crate::store::partner::PartnerRow;
use crate::store::subject::LATEST;
use crate::store::{customer as customers, deal as store, subject};

impl Services {
    /// Reopens a closed deal. Its awards are taken back by entries of their own dates, the first win that only its reward
    /// stood in the way of has it, and the earliest won deal of the customer that stands is now the first (R8).
    ///
    /// # Errors
    /// When there is no such deal, it is not closed, or the reason is missing.
    pub async fn deal_reopen(&self, reference: &str, reason: &str) -> Result<deal::Model, Error> {
        let visibility = self.authorize(Operation::ReopenDeal)?;
        let checked = required_reason(reason);
        transact!(self, Operation::ReopenDeal, transaction, changes => {
            let found = find_deal(transaction, &visibility, reference).await?;
            let (reason, found) = all((checked.as_ref(), found))?;
            let day = self.clock.today();
            let mut pending = PendingStep {
                reason: Some(reason.clone()),
                ..PendingStep::new(LogAction::DealReopened, day)
            };
            let LockedDeal { mut deal, customer, mut hold } =
                self.lock_deal(transaction, &found, &mut pending.step).await?;
            let before_state = audit_state(&deal);
            let before = hold;
            let mut concerned = Concerned::load(transaction, &deal).await?;
            let other_before = concerned.other_hold;
            let owners = concerned.owners(transaction, &deal).await?;
            let partners = subject::lock::<PartnerRow>(transaction, [], owners).await?;
            let mut posting = Posting::open(&self.policy, partners, Vec::new(), &[]);
            let reopened = apply_reopening(
                &self.policy.editions,
                concerned.reopening(&mut deal, &mut hold),
                &pending.step,
            )?;
            let again = concerned.rewarded_again(reopened.again, |reward| posting.has_left(reward.partner, reward.on));
            let was_first = customer.won_deal_id == Some(deal.id);
            let next = concerned.next.clone();
            let first = match next.as_ref().filter(|next| was_first && is_new(next)) {
                Some(next) => first_reward(transaction, next).await?,
                None => None,
            };
            let step = correction(transaction, &mut posting, (reopened.taken, again), first).await?;
            apply(&mut posting, pending.log_entry(deal.id), step)?;
            let mut posted = posting.post(transaction, self).await?;
            let log_seq = posted.seqs.first().copied().unwrap_or_default();
            posted.emit(0, EventDraft::deal(pending.event(), &deal, day));
            posted.write(transaction).await?;
            changes.add(change(&deal).before(before_state).after(audit_state(&deal)).because(pending.reason.as_deref()));
            for row in [&deal].into_iter().chain(&concerned.other).chain(&concerned.repeated) {
                store::update(transaction, row).await?;
            }
            if was_first {
                let won_on = next.as_ref().map_or(LATEST, |next| next.status_on);
                let won_deal_id = next.as_ref().map(|next| next.id);
                let first = entity::customer::Model { won_deal_id, won_on, ..customer.clone() };
                customers::update(transaction, &first).await?;
            }
            if let (Some(next), Some(_)) = (next, first) {
                // It may be the deal that has just changed.
                let next = deal_of(transaction, next.id).await?;
                store::update(transaction, &deal::Model { customer_added: true, ..next }).await?;
            }
            self.set_timer(transaction, &deal).await?;
            store::insert_step(transaction, pending.row(deal.id, log_seq)).await?;
            self.write_hold(transaction, &deal, (before, hold), day, Some(reason)).await?;
            if let Some(other) = &concerned.other {
                let holds = (other_before, concerned.other_hold);
                self.write_hold(transaction, other, holds, day, Some(reason)).await?;
            }
            Ok(deal)
        })
    }
}

/// What reopening a deal concerns besides that deal, under the locks of their customers.
struct Concerned {
    /// The deal that its closing rewarded, if that is another one.
    other: Option<deal::Model>,
    /// The hold on the opportunity of that one, where it is another opportunity by now.
    other_hold: Option<Hold<Uuid>>,
    is_elsewhere: bool,
    /// Wins that were not rewarded because of that reward, in the order of the log.
    repeated: Vec<deal::Model>,
    /// The earliest won deal of the customer besides the one that is reopened.
    next: Option<deal::Model>,
    /// That of the customer of the deal that was rewarded.
    next_there: Option<Uuid>,
}

impl Concerned {
    async fn load(transaction: &DatabaseTransaction, deal: &deal::Model) -> Result<Self, Error> {
        let other = lock_rewarded(transaction, deal).await?;
        let next = store::first_won(transaction, &deal.customer_key, deal.id).await?;
        let mut next_there = next.as_ref().map(|next| next.id);
        let (mut other_hold, mut is_elsewhere) = (None, false);
        if let Some(other) = &other {
            is_elsewhere = (&other.customer_key, &other.scope_key) != (&deal.customer_key, &deal.scope_key);
            if is_elsewhere {
                let keys = (other.customer_key.as_str(), other.scope_key.as_str());
                other_hold = hold_on(transaction, keys, other).await?;
            }
            if other.customer_key != deal.customer_key {
                let next = store::first_won(transaction, &other.customer_key, deal.id).await?;
                next_there = next.map(|next| next.id);
            }
        }
        let rewarded = other.as_ref().or((deal.rewarded_deal_id == Some(deal.id)).then_some(deal));
        let repeated = match rewarded {
            Some(rewarded) => store::repeated_wins(transaction, rewarded).await?,
            None => Vec::new(),
        };
        Ok(Self { other, other_hold, is_elsewhere, repeated, next, next_there })
    }

    /// The partners whose awards can change.
    async fn owners(
        &self,
        transaction: &DatabaseTransaction,
        deal: &deal::Model,
    ) -> Result<Vec<Uuid>, Error> {
        let rows = [deal].into_iter().chain(&self.other).chain(&self.repeated);
        let mut owners: Vec<Uuid> = rows.map(|row| row.partner_id).collect();
        if let Some(next) = self.next.as_ref().filter(|next| is_new(next)) {
            owners.extend(first_reward(transaction, next).await?.map(|reward| reward.partner));
        }
        Ok(owners)
    }

    fn reopening<'a>(
        &'a mut self,
        row: &'a mut deal::Model,
        hold: &'a mut Option<Hold<Uuid>>,
    ) -> Reopening<'a> {
        Reopening {
            row,
            hold,
            other: self.other.as_mut(),
            other_hold: self.is_elsewhere.then_some(&mut self.other_hold),
            repeated: &mut self.repeated,
        }
    }

    /// Keeps on a win that is rewarded now what it is awarded, and of the wins those alone that have changed.
    fn rewarded_again(
        &mut self,
        again: Option<(Uuid, Reward)>,
        has_left: impl Fn(&Reward) -> bool,
    ) -> Option<Reward> {
        let Some((won, reward)) = again else {
            self.repeated.clear();
            return None;
        };
        let has_left = has_left(&reward);
        let new_customer = self.next_there == Some(won);
        let is_other = self.other.as_ref().is_some_and(|other| other.id == won);
        self.repeated.retain(|row| row.id == won && !is_other);
        let row = if is_other { self.other.as_mut() } else { self.repeated.first_mut() };
        if let Some(row) = row {
            row.unawarded = has_left;
            row.customer_added = new_customer && !has_left;
            if let Some(next) = self.next.as_mut().filter(|next| next.id == won) {
                next.clone_from(row);
            }
        }
        Some(Reward { new_customer, ..reward })
    }
}

/// Whether a won deal can be awarded as the first of its customer, and is not yet.
fn is_new(won: &deal::Model) -> bool {
    !won.customer_added && !won.unawarded
}

/// The other deal that the closing of a deal rewarded, its customer locked.
async fn lock_rewarded(
    transaction: &DatabaseTransaction,
    deal: &deal::Model,
) -> Result<Option<deal::Model>, Error> {
    let Some(id) = deal.rewarded_deal_id.filter(|id| *id != deal.id) else { return Ok(None) };
    let mut locked = deal.customer_key.clone();
    loop {
        let other = deal_of(transaction, id).await?;
        if other.customer_key == locked {
            return Ok(Some(other));
        }
        customers::lock(transaction, &[&other.customer_key]).await?;
        locked.clone_from(&other.customer_key);
    }
}

/// The award of a deal that is now its customer's first won one: it goes to whom its transaction was rewarded.
async fn first_reward(transaction: &DatabaseTransaction, won: &deal::Model) -> Result<Option<Reward>, Error> {
    let Some(id) = won.rewarded_deal_id else { return Ok(None) };
    let partner = if id == won.id { won.partner_id } else { deal_of(transaction, id).await?.partner_id };
    Ok(Some(Reward { deal: id, partner, on: won.status_on, new_customer: true }))
}

/// The effect on the ledger of a reward that is taken back, of one that is given instead, and of an award for a new
/// customer that is given.
async fn correction(
    transaction: &DatabaseTransaction,
    posting: &mut Posting<'_>,
    (taken, again): (Option<Reward>, Option<Reward>),
    first: Option<Reward>,
) -> Result<Option<Step>, Error> {
    let kinds = [Derived::WonDeal, Derived::NewCustomer];
    for reward in taken.iter().chain(&again).chain(&first) {
        if let Some(partner) = posting.partner(reward.partner) {
            posting.load_derived(transaction, partner, &kinds, [reward.on]).await?;
        }
    }
    let mut correction = DealCorrection::default();
    if let Some((reward, partner)) = taken.and_then(|one| Some((one, posting.partner(one.partner)?))) {
        let deal = posting.add(Object::Deal(reward.deal));
        let new_customer = reward.new_customer;
        correction.taken = Some(TakenReward { deal, partner, on: reward.on, won: true, new_customer });
    }
    if let Some((reward, partner)) = again.and_then(|one| Some((one, posting.partner(one.partner)?))) {
        let deal = posting.add(Object::Deal(reward.deal));
        let new_customer = reward.new_customer;
        correction.again = Some(WonDeal { deal, partner, new_customer, on: reward.on });
    }
    if let Some((reward, partner)) = first.and_then(|one| Some((one, posting.partner(one.partner)?))) {
        let deal = posting.add(Object::Deal(reward.deal));
        correction.first = Some(FirstWon { deal, partner, on: reward.on });
    }
    Ok((!correction.is_empty()).then_some(Step::DealsCorrected(correction)))
}
