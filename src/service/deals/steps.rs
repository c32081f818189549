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
pub(in crate::service) const CURRENT_READING: i64 = 3;

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
    let reading = match step.reading {
        ..=1 => Reading::First,
        2 => Reading::Second,
        _ => Reading::Current,
    };
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
    let mut deal = registered(&next);
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

/// A closed deal that is reopened, and what that concerns besides.
pub(in crate::service) struct Reopening<'a> {
    /// The deal.
    pub(in crate::service) row: &'a mut deal::Model,
    /// The hold on its opportunity.
    pub(in crate::service) hold: &'a mut Option<Hold<Uuid>>,
    /// The deal that its closing rewarded, if that is another one.
    pub(in crate::service) other: Option<&'a mut deal::Model>,
    /// The hold on the opportunity of that one, where it is another opportunity by now.
    pub(in crate::service) other_hold: Option<&'a mut Option<Hold<Uuid>>>,
    /// Wins that were not rewarded because of that reward, in the order of the log.
    pub(in crate::service) repeated: &'a mut [deal::Model],
}

/// What reopening a deal does to rewards.
pub(in crate::service) struct Reopened {
    /// What was awarded for its closing.
    pub(in crate::service) taken: Option<Reward>,
    /// A win that is rewarded instead, and how.
    pub(in crate::service) again: Option<(Uuid, Reward)>,
}

/// Reopens a deal that was closed.
///
/// # Errors
/// When the deal is not closed; nothing is then changed.
pub(in crate::service) fn apply_reopening(
    editions: &Editions,
    reopening: Reopening<'_>,
    step: &deal_step::Model,
) -> Result<Reopened, Refusals> {
    let Reopening { row, hold, mut other, mut other_hold, repeated } = reopening;
    let mut deal = registered(row);
    deal.deal.check_closed()?;
    let is_current = step.reading >= CURRENT_READING;
    let (on, new_customer) = (row.status_on, row.customer_added);
    let mut taken = None;
    let own_reward = row.rewarded_deal_id == Some(row.id);
    if own_reward {
        taken = Some(Reward { deal: row.id, partner: row.partner_id, on, new_customer });
    } else if let Some(other) = other.as_deref_mut() {
        let is_same = (&other.customer_key, &other.scope_key) == (&row.customer_key, &row.scope_key);
        let terms = &terms_of(editions, other, step);
        let mut rewarded = registered(other);
        rewarded.take_reward(terms, hold, is_same);
        if let Some(elsewhere) = other_hold.as_deref_mut() {
            rewarded.take_reward(terms, elsewhere, true);
        }
        keep_dates(editions, other, &rewarded.deal);
        taken = Some(Reward { deal: other.id, partner: other.partner_id, on, new_customer });
    }
    // What was awarded to nobody is taken from nobody.
    let taken = taken.filter(|_| !(is_current && row.unawarded));
    deal.reopen(&terms_of(editions, row, step), hold, own_reward)?;
    keep_dates(editions, row, &deal.deal);
    row.outcome = None;
    row.won_seq = None;
    row.rewarded_deal_id = None;
    row.customer_added = false;
    row.unawarded = false;
    row.repeats_deal_id = None;
    let rewarded = if own_reward { Some(row) } else { other };
    let rewarded = rewarded.filter(|_| is_current);
    let again = rewarded
        .and_then(|rewarded| reward_again(editions, rewarded, other_hold.unwrap_or(hold), repeated, step));
    Ok(Reopened { taken, again })
}

/// Rewards the first win that only the reward of a deal, taken back by now, stood in the way of.
fn reward_again(
    editions: &Editions,
    rewarded: &mut deal::Model,
    hold: &mut Option<Hold<Uuid>>,
    repeated: &mut [deal::Model],
    step: &deal_step::Model,
) -> Option<(Uuid, Reward)> {
    let terms = terms_of(editions, rewarded, step);
    let holder = registered(rewarded);
    for win in repeated {
        // It may be the deal itself, which is not among them as it is now.
        let is_own = win.id == rewarded.id;
        let won = if is_own { holder } else { registered(win) };
        let Some(outcome) = win.outcome.map(labels::outcome) else { continue };
        let Some((partner, deal)) = holder.reward_again(&terms, hold, &won, outcome) else { continue };
        let on = win.status_on;
        let row = if is_own { &mut *rewarded } else { &mut *win };
        row.rewarded_deal_id = Some(deal);
        row.repeats_deal_id = None;
        let through = if deal == rewarded.id { rewarded } else { &mut *win };
        through.rewarded_on = Some(on);
        return Some((win.id, Reward { deal, partner, on, new_customer: false }));
    }
    None
}

fn registered(row: &deal::Model) -> RegisteredDeal<Uuid> {
    RegisteredDeal { id: row.id, partner: row.partner_id, deal: deal_dates(row) }
}

/// Keeps on a deal that was won by a step what its closing did. `has_left` says whether the rewarded partner had left the
/// program by then, so that nothing was awarded.
pub(in crate::service) fn keep_win(
    row: &mut deal::Model,
    win: &Win<Uuid>,
    (log_seq, reading): (i64, i64),
    is_first: bool,
    has_left: bool,
) {
    row.won_seq = Some(log_seq);
    row.rewarded_deal_id = win.deal;
    row.repeats_deal_id = win.repeats;
    row.unawarded = has_left && win.deal.is_some();
    // Before, a customer was taken as added then.
    let is_added = !row.unawarded || reading < CURRENT_READING;
    row.customer_added = is_first && win.deal.is_some() && is_added;
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
