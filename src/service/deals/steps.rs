//! What a step does to a deal: the same for the live path and for `verify`.

use chrono::NaiveDate;
use entity::value::LogAction;
use entity::{deal, deal_step};
use uuid::Uuid;

use super::deal_dates;
use crate::program::deal::{Deal, DealTerms, Hold, Outcome, Reading, RegisteredDeal, Win, name_key};
use crate::program::edition::Editions;
use crate::program::refusal::{Code, Refusal, Refusals};
use crate::service::labels;
use crate::store::subject::LATEST;

/// How steps of deals are read now; see [`Reading`].
pub(super) const CURRENT_READING: i64 = 2;

/// A reward for a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) struct Reward {
    /// The rewarded deal.
    pub(in crate::service) deal: Uuid,
    /// Its partner.
    pub(in crate::service) partner: Uuid,
    /// The closing day.
    pub(in crate::service) on: NaiveDate,
    /// Whether it includes the award for a new customer.
    pub(in crate::service) new_customer: bool,
}

/// Customer and scope of a deal after a step, as they are compared.
pub(in crate::service) fn keys_after(deal: &deal::Model, step: &deal_step::Model) -> (String, String) {
    let key = |new: &Option<String>, old: &str| new.as_deref().map_or_else(|| old.to_owned(), name_key);
    // What a name meant is kept with the step; before it was, a name meant itself.
    let customer_key = step.customer_key.clone().unwrap_or_else(|| key(&step.customer, &deal.customer_key));
    (customer_key, key(&step.scope, &deal.scope_key))
}

/// The terms that a step of a deal is judged by.
fn terms_of(editions: &Editions, row: &deal::Model, step: &deal_step::Model) -> DealTerms {
    let terms = editions.at(row.registered_on).deals.clone();
    let reading = if step.reading < CURRENT_READING { Reading::First } else { Reading::Current };
    DealTerms { reading, ..terms }
}

/// Applies a step to a registered deal, except for reopening it. `hold` is of the customer and scope that the deal
/// has after it.
///
/// # Errors
/// When the step is refused; deal and hold are then unchanged.
pub(in crate::service) fn apply_step(
    editions: &Editions,
    row: &mut deal::Model,
    hold: &mut Option<Hold<Uuid>>,
    action: LogAction,
    step: &deal_step::Model,
) -> Result<Option<Win<Uuid>>, Refusals> {
    let terms = &terms_of(editions, row, step);
    let mut next = row.clone();
    if (step.customer.is_some() || step.scope.is_some())
        && let Err(refusal) = change_opportunity(terms, &mut next, step)
    {
        // Whose opportunity the deal would claim is not known then; whether it can have the status is.
        let status = step.status.map(labels::status);
        let checked = status.map_or(Ok(()), |to| deal_dates(row).check_status(terms, to, step.day));
        return Err(Refusals::from(refusal).with(checked));
    }
    if action == LogAction::DealUpdated {
        next.description = match step.description.as_deref() {
            Some("") => None,
            Some(text) => Some(text.to_owned()),
            None => next.description,
        };
    }
    let mut deal = RegisteredDeal { id: row.id, partner: row.partner_id, deal: deal_dates(&next) };
    let mut win = None;
    let outcome = step.outcome.map(labels::outcome);
    match (action, outcome) {
        (LogAction::DealWonReported, Some(outcome)) => {
            deal.report_win(terms, hold, outcome, step.day)?;
            next.outcome = step.outcome;
        }
        // A deal whose win was reported has an outcome; any other is refused whatever it has.
        (LogAction::DealWinApproved, outcome) => {
            win = deal.approve_win(terms, hold, outcome.unwrap_or(Outcome::WonByPartner))?;
        }
        (LogAction::DealWinRejected, _) => {
            deal.reject_win(terms, hold)?;
            next.outcome = None;
        }
        (LogAction::DealWithdrawn, _) => {
            deal.withdraw(terms, hold, step.day)?;
            next.outcome = None;
        }
        (_, Some(outcome)) => {
            win = deal.close(terms, hold, outcome, step.day)?;
            next.outcome = step.outcome;
        }
        (_, None) => {
            if let Some(report) = step.report.map(labels::report) {
                deal.report(terms, hold, report, step.day)?;
            } else if let Some(status) = step.status.map(labels::status) {
                deal.set_status(terms, hold, status, step.day)?;
                next.outcome = None;
            } else {
                deal.deal.check_change(terms, step.day)?;
            }
        }
    }
    *row = next;
    keep_dates(editions, row, &deal.deal);
    Ok(win)
}

/// The last day on which a deal is active unless something happens; the last of all days where no time runs (R3).
pub(in crate::service) fn valid_until(editions: &Editions, row: &deal::Model) -> NaiveDate {
    deal_dates(row).valid_until(&editions.at(row.registered_on).deals).unwrap_or(LATEST)
}

/// Reopens a deal that was closed. `other` is the deal that its closing rewarded, if that is another one.
///
/// # Errors
/// When the deal is not closed; nothing is then changed.
pub(in crate::service) fn apply_reopening(
    editions: &Editions,
    row: &mut deal::Model,
    other: Option<&mut deal::Model>,
    hold: &mut Option<Hold<Uuid>>,
    step: &deal_step::Model,
) -> Result<Option<Reward>, Refusals> {
    let mut deal = RegisteredDeal { id: row.id, partner: row.partner_id, deal: deal_dates(row) };
    deal.deal.check_closed()?;
    let on = row.status_on;
    let new_customer = row.customer_added;
    let mut reward = None;
    let own_reward = row.rewarded_deal_id == Some(row.id);
    if own_reward {
        reward = Some(Reward { deal: row.id, partner: row.partner_id, on, new_customer });
    } else if let Some(other) = other {
        let is_same = (&other.customer_key, &other.scope_key) == (&row.customer_key, &row.scope_key);
        let terms = &terms_of(editions, other, step);
        let mut rewarded =
            RegisteredDeal { id: other.id, partner: other.partner_id, deal: deal_dates(other) };
        rewarded.take_reward(terms, hold, is_same);
        keep_dates(editions, other, &rewarded.deal);
        reward = Some(Reward { deal: other.id, partner: other.partner_id, on, new_customer });
    }
    deal.reopen(&terms_of(editions, row, step), hold, own_reward)?;
    keep_dates(editions, row, &deal.deal);
    row.outcome = None;
    row.won_seq = None;
    row.rewarded_deal_id = None;
    row.customer_added = false;
    Ok(reward)
}

/// Keeps on a deal that was won what its closing did.
pub(in crate::service) fn keep_win(row: &mut deal::Model, win: &Win<Uuid>, log_seq: i64, is_first: bool) {
    row.won_seq = Some(log_seq);
    row.rewarded_deal_id = win.deal;
    row.customer_added = is_first && win.deal.is_some();
}

fn keep_dates(editions: &Editions, row: &mut deal::Model, days: &Deal) {
    row.status = labels::status_column(days.status).unwrap_or(row.status);
    row.status_on = days.status_on;
    row.lead_proof_on = days.lead_proof_on;
    row.proof_on = days.proof_on;
    row.activity_on = days.activity_on;
    row.claimed_on = days.claimed_on;
    row.rewarded_on = days.rewarded_on;
    row.before_status = days.before.and_then(|(status, _)| labels::status_column(status));
    row.before_on = days.before.map(|(_, on)| on);
    row.valid_until = valid_until(editions, row);
}

/// Gives a lead another customer or scope: later, others rely on what it is about.
fn change_opportunity(
    terms: &DealTerms,
    row: &mut deal::Model,
    step: &deal_step::Model,
) -> Result<(), Refusal> {
    let dates = deal_dates(row);
    if !dates.can_change_opportunity(terms, step.day) {
        let field = if step.customer.is_some() { "customer" } else { "scope" };
        let status = dates.status_at(terms, step.day).word();
        let message =
            format!("Customer and scope can be changed only while the deal is a lead; it is {status}.");
        return Err(Refusal::new(Code::WrongState, field, message));
    }
    let (customer_key, scope_key) = keys_after(row, step);
    row.customer = step.customer.clone().unwrap_or_else(|| row.customer.clone());
    row.scope = step.scope.clone().unwrap_or_else(|| row.scope.clone());
    (row.customer_key, row.scope_key) = (customer_key, scope_key);
    // What it claimed was another opportunity.
    row.claimed_on = None;
    Ok(())
}
