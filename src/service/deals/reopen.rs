//! Reopening a deal that was closed by mistake, or whose transaction fell through (R8).

use entity::deal;
use entity::value::LogAction;
use sea_orm::DatabaseTransaction;

use super::change::{LockedDeal, PendingStep, apply, deal_of, find_deal};
use super::{Reward, apply_reopening, audit_state, change, required_reason};
use crate::access::Operation;
use crate::error::Error;
use crate::program::fold::{DealCorrection, FirstWon, Step, TakenReward};
use crate::program::refusal::all;
use crate::program::rule::Derived;
use crate::service::events::EventDraft;
use crate::service::posting::{Object, Posting};
use crate::service::{Services, transact};
use crate::store::partner::PartnerRow;
use crate::store::subject::LATEST;
use crate::store::{customer as customers, deal as store, subject};

impl Services {
    /// Reopens a closed deal. Its awards are taken back by entries of their own dates, and the earliest won deal of the
    /// customer that stands is now the first (R8).
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
            let mut other = lock_rewarded(transaction, &deal).await?;
            let was_first = customer.won_deal_id == Some(deal.id);
            let next = if was_first {
                store::first_won(transaction, &customer.key, deal.id).await?
            } else {
                None
            };
            let first = match next.as_ref().filter(|next| !next.customer_added) {
                Some(next) => first_reward(transaction, next).await?,
                None => None,
            };
            let owners = [deal.partner_id].into_iter().chain(other.as_ref().map(|other| other.partner_id));
            let owners = owners.chain(first.map(|first| first.partner));
            let partners = subject::lock::<PartnerRow>(transaction, [], owners).await?;
            let mut posting = Posting::open(&self.policy, partners, Vec::new(), &[]);
            let editions = &self.policy.editions;
            let taken = apply_reopening(editions, &mut deal, other.as_mut(), &mut hold, &pending.step)?;
            let step = correction(transaction, &mut posting, taken, first).await?;
            apply(&mut posting, pending.log_entry(deal.id), step)?;
            let mut posted = posting.post(transaction, self).await?;
            let log_seq = posted.seqs.first().copied().unwrap_or_default();
            posted.emit(0, EventDraft::deal(pending.event(), &deal, day));
            posted.write(transaction).await?;
            changes.add(change(&deal).before(before_state).after(audit_state(&deal)).because(pending.reason.as_deref()));
            store::update(transaction, &deal).await?;
            if let Some(other) = &other {
                store::update(transaction, other).await?;
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
            Ok(deal)
        })
    }
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
pub(super) async fn first_reward(
    transaction: &DatabaseTransaction,
    won: &deal::Model,
) -> Result<Option<Reward>, Error> {
    let Some(id) = won.rewarded_deal_id else { return Ok(None) };
    let partner = if id == won.id { won.partner_id } else { deal_of(transaction, id).await?.partner_id };
    Ok(Some(Reward { deal: id, partner, on: won.status_on, new_customer: true }))
}

/// The effect on the ledger of a reward that is taken back, and of an award for a new customer that is given.
pub(super) async fn correction(
    transaction: &DatabaseTransaction,
    posting: &mut Posting<'_>,
    taken: Option<Reward>,
    first: Option<Reward>,
) -> Result<Option<Step>, Error> {
    let kinds = [Derived::WonDeal, Derived::NewCustomer];
    for reward in taken.iter().chain(&first) {
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
    if let Some((reward, partner)) = first.and_then(|one| Some((one, posting.partner(one.partner)?))) {
        let deal = posting.add(Object::Deal(reward.deal));
        correction.first = Some(FirstWon { deal, partner, on: reward.on });
    }
    Ok((!correction.is_empty()).then_some(Step::DealsCorrected(correction)))
}
