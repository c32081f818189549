//! Deals in the log.

use chrono::NaiveDate;
use entity::value::{DealStatus, LogAction};
use entity::{deal, deal_step};
use uuid::Uuid;

use super::Replay;
use crate::program::deal::{Hold, Win};
use crate::program::fold::{DealCorrection, FirstWon, ObjectIndex, PartnerIndex, Step, TakenReward, WonDeal};
use crate::program::refusal::Refusals;
use crate::service::deals::{
    CURRENT_READING, ClaimStep, Reopening, Reward, apply_reopening, apply_step, keep_win, keys_after,
    valid_until,
};
use crate::service::posting::Object;
use crate::store::log::LoggedStep;

impl Replay<'_> {
    pub(super) fn deal_step(
        &mut self,
        logged: &LoggedStep,
        row: &deal::Model,
        step: &deal_step::Model,
    ) -> Result<Option<Step>, String> {
        let impossible = || format!("{:?} can't happen to deal {}", logged.action, row.reference);
        let known = self.commerce.deals.remove(&row.id);
        self.commerce.claims.entry(row.id).or_default().extend(ClaimStep::of(step));
        if logged.action == LogAction::DealRegistered {
            if known.is_some() {
                return Err(impossible());
            }
            let number = self.add(Object::Deal(row.id));
            let mut registered =
                registered(row, self.owner(row.id, row.partner_id), logged, step).ok_or_else(impossible)?;
            registered.valid_until = valid_until(&self.policy.editions, &registered);
            self.customer_named(step, &registered.customer_key);
            self.commerce.deals.insert(row.id, (number, registered));
            return Ok(None);
        }
        let (number, mut state) = known.ok_or_else(impossible)?;
        let keys = keys_after(&state, step);
        self.customer_named(step, &keys.0);
        let before = self.hold(&keys, &state);
        let mut hold = before;
        if logged.action == LogAction::DealReopened {
            let done = self.reopened(&mut state, &mut hold, step);
            if hold != before {
                self.commerce.opportunities.insert(keys, hold);
            }
            self.commerce.deals.insert(row.id, (number, state));
            return done.map_err(|refusals| format!("{}: {refusals}", impossible()));
        }
        let applied = apply_step(&self.policy.editions, &mut state, &mut hold, logged.action, step);
        if hold != before {
            self.commerce.opportunities.insert(keys.clone(), hold);
        }
        self.commerce.deals.insert(row.id, (number, state));
        match applied {
            Err(refusals) => Err(format!("{}: {refusals}", impossible())),
            Ok(None) => Ok(None),
            Ok(Some(win)) => Ok(self.won(row.id, &keys.0, win, step)),
        }
    }

    /// The hold on an opportunity; a deal of it is not among those of the state.
    fn hold(&self, keys: &(String, String), own: &deal::Model) -> Option<Hold<Uuid>> {
        let hold = self.commerce.opportunities.get(keys).copied().flatten()?;
        let holder = self.commerce.deals.get(&hold.deal).map(|(_, row)| row);
        let holder = if hold.deal == own.id { Some(own) } else { holder };
        Some(Hold { won: holder.is_some_and(|row| row.rewarded_on.is_some()), ..hold })
    }

    fn won(&mut self, id: Uuid, customer: &str, win: Win<Uuid>, step: &deal_step::Model) -> Option<Step> {
        let on = step.day;
        let has_left = win.partner.is_some_and(|partner| self.has_left(partner, on));
        let first = &mut self.commerce.customers.entry(customer.to_owned()).or_default().won;
        let new_customer = first.is_none();
        first.get_or_insert(id);
        if let Some((_, closed)) = self.commerce.deals.get_mut(&id) {
            keep_win(closed, &win, (step.log_seq, step.reading), new_customer, has_left);
        }
        let (deal, rewarded) = self.commerce.deals.get_mut(&win.deal?)?;
        rewarded.rewarded_on = Some(on);
        let deal = *deal;
        let partner = win.partner.and_then(|id| self.partner_indexes.get(&id).copied())?;
        Some(Step::DealWon(WonDeal { deal, partner, new_customer, on }))
    }

    /// Reopens a deal: its rewards are taken back, and the customer's first won deal is another one (R8). The deal
    /// itself is not among those of the state.
    fn reopened(
        &mut self,
        state: &mut deal::Model,
        hold: &mut Option<Hold<Uuid>>,
        step: &deal_step::Model,
    ) -> Result<Option<Step>, Refusals> {
        let is_current = step.reading >= CURRENT_READING;
        let keys = |row: &deal::Model| (row.customer_key.clone(), row.scope_key.clone());
        let deal = |id: Uuid| self.commerce.deals.get(&id).map(|(_, row)| row.clone());
        let mut other = state.rewarded_deal_id.filter(|id| *id != state.id).and_then(deal);
        let elsewhere = other.as_ref().filter(|other| is_current && keys(other) != keys(state)).map(keys);
        let other_before = elsewhere.as_ref().and_then(|keys| self.hold(keys, state));
        let mut other_hold = other_before;
        let rewarded = other.as_ref().or((state.rewarded_deal_id == Some(state.id)).then_some(&*state));
        let mut repeated = rewarded.map(|rewarded| self.repeated_wins(rewarded)).unwrap_or_default();
        let reopening = Reopening {
            row: &mut *state,
            hold,
            other: other.as_mut(),
            other_hold: elsewhere.is_some().then_some(&mut other_hold),
            repeated: &mut repeated,
        };
        let reopened = apply_reopening(&self.policy.editions, reopening, step)?;
        if let Some(keys) = elsewhere.filter(|_| other_before != other_hold) {
            self.commerce.opportunities.insert(keys, other_hold);
        }
        let is_other = |id: Uuid| other.as_ref().is_some_and(|other| other.id == id);
        let won_again = reopened.again.map(|(won, _)| won);
        let changed = repeated.into_iter().filter(|row| won_again == Some(row.id) && !is_other(row.id));
        for row in changed.collect::<Vec<_>>().into_iter().chain(other) {
            if let Some((_, known)) = self.commerce.deals.get_mut(&row.id) {
                *known = row;
            }
        }
        let again = reopened.again.and_then(|(won, reward)| self.rewarded_again(won, reward));
        let taken = reopened.taken;
        let mut first = None;
        if self.commerce.customers.get(&state.customer_key).and_then(|customer| customer.won)
            == Some(state.id)
        {
            let next = self.next_won(&state.customer_key);
            first = next.and_then(|next| self.first_reward(next, is_current));
            self.commerce.customers.entry(state.customer_key.clone()).or_default().won = next;
        }
        let correction = DealCorrection {
            taken: taken.and_then(|reward| {
                let (deal, partner) = self.rewarded(&reward)?;
                let new_customer = reward.new_customer;
                Some(TakenReward { deal, partner, on: reward.on, won: true, new_customer })
            }),
            again,
            first,
            of_customers: false,
        };
        Ok((!correction.is_empty()).then_some(Step::DealsCorrected(correction)))
    }

    /// Wins that were not rewarded because a deal had been before, in the order of the log.
    fn repeated_wins(&self, rewarded: &deal::Model) -> Vec<deal::Model> {
        let is_repeated = |row: &&deal::Model| {
            row.repeats_deal_id == Some(rewarded.id)
                && row.won_seq.is_some()
                && (&row.customer_key, &row.scope_key) == (&rewarded.customer_key, &rewarded.scope_key)
        };
        let deals = self.commerce.deals.values().map(|(_, row)| row);
        let mut wins: Vec<deal::Model> = deals.filter(is_repeated).cloned().collect();
        wins.sort_by_key(|row| row.won_seq);
        wins
    }

    /// Keeps on a win that is rewarded now what it is awarded.
    fn rewarded_again(&mut self, won: Uuid, reward: Reward) -> Option<WonDeal> {
        let has_left = self.has_left(reward.partner, reward.on);
        let customer = self.commerce.deals.get(&won)?.1.customer_key.clone();
        let new_customer = self.next_won(&customer) == Some(won);
        let (_, row) = self.commerce.deals.get_mut(&won)?;
        row.unawarded = has_left;
        row.customer_added = new_customer && !has_left;
        let (deal, partner) = self.rewarded(&reward)?;
        Some(WonDeal { deal, partner, new_customer, on: reward.on })
    }

    fn has_left(&self, partner: Uuid, on: NaiveDate) -> bool {
        self.partner_indexes.get(&partner).is_some_and(|who| self.fold.has_left(*who, on))
    }

    /// The earliest won deal of a customer that stands.
    fn next_won(&self, customer: &str) -> Option<Uuid> {
        let deals = self.commerce.deals.values().map(|(_, row)| row);
        let won = deals.filter(|row| row.customer_key == customer && row.won_seq.is_some());
        won.min_by_key(|row| row.won_seq).map(|row| row.id)
    }

    /// The award of a deal that is now its customer's first won one, unless it has it.
    fn first_reward(&mut self, won: Uuid, is_current: bool) -> Option<FirstWon> {
        let (_, row) = self.commerce.deals.get_mut(&won)?;
        if row.customer_added || (row.unawarded && is_current) {
            return None;
        }
        let (deal, on) = (row.rewarded_deal_id?, row.status_on);
        row.customer_added = true;
        let partner = self.commerce.deals.get(&deal)?.1.partner_id;
        let (deal, partner) = self.rewarded(&Reward { deal, partner, on, new_customer: true })?;
        Some(FirstWon { deal, partner, on })
    }

    /// The numbers of a rewarded deal, which the one that is being reopened also is, and of its partner.
    pub(super) fn rewarded(&mut self, reward: &Reward) -> Option<(ObjectIndex, PartnerIndex)> {
        let partner = self.partner_indexes.get(&reward.partner).copied()?;
        let deal = self.commerce.deals.get(&reward.deal).map(|(number, _)| *number);
        Some((deal.unwrap_or_else(|| self.add(Object::Deal(reward.deal))), partner))
    }
}

/// A deal as it was registered.
fn registered(
    row: &deal::Model,
    partner_id: Uuid,
    logged: &LoggedStep,
    step: &deal_step::Model,
) -> Option<deal::Model> {
    let (customer, scope) = (step.customer.clone()?, step.scope.clone()?);
    let (customer_key, scope_key) = keys_after(row, step);
    Some(deal::Model {
        partner_id,
        seq: logged.seq,
        recorded_at: logged.recorded_at,
        customer,
        customer_key,
        scope,
        scope_key,
        description: step.description.clone(),
        status: DealStatus::Lead,
        status_on: row.registered_on,
        outcome: None,
        lead_proof_on: None,
        proof_on: None,
        activity_on: row.registered_on,
        claimed_on: None,
        rewarded_on: None,
        before_status: None,
        before_on: None,
        won_seq: None,
        rewarded_deal_id: None,
        customer_added: false,
        unawarded: false,
        repeats_deal_id: None,
        ..row.clone()
    })
}
