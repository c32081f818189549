//! What a step does to a deal: the same for the live path and for `verify`.

use chrono::NaiveDate;
use entity::value::LogAction;
use entity::{deal, deal_step};
use uuid::Uuid;

use super::deal_dates;
use crate::program::deal::{Hold, RegisteredDeal, Win, name_key};
use crate::program::edition::Editions;
use crate::program::refusal::{Code, Refusal, Refusals};
use crate::service::labels;
use crate::store::subject::LATEST;

/// Customer and scope of a deal after a step, as they are compared.
pub(in crate::service) fn keys_after(deal: &deal::Model, step: &deal_step::Model) -> (String, String) {
    let key = |new: &Option<String>, old: &str| new.as_deref().map_or_else(|| old.to_owned(), name_key);
    (key(&step.customer, &deal.customer_key), key(&step.scope, &deal.scope_key))
}

/// Applies a step to a registered deal. `hold` is of the customer and scope that the deal has after it.
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
    let terms = &editions.at(row.registered_on).deals;
    let mut next = row.clone();
    if (step.customer.is_some() || step.scope.is_some())
        && let Err(refusal) = change_opportunity(editions, &mut next, step)
    {
        // Whose opportunity the deal would claim is not known then; whether it can have the status is.
        let status = step.status.map(labels::status);
        let checked = status.map_or(Ok(()), |to| deal_dates(row).check_status(terms, to, step.day));
        return Err(Refusals::from(refusal).with(checked));
    }
    if action == LogAction::DealUpdated {
        next.description = step.description.clone().or(next.description);
    }
    let mut deal = RegisteredDeal { id: row.id, partner: row.partner_id, deal: deal_dates(&next) };
    let mut win = None;
    if let Some(outcome) = step.outcome.map(labels::outcome) {
        win = deal.close(terms, hold, outcome, step.day)?;
        next.outcome = step.outcome;
    } else if let Some(report) = step.report.map(labels::report) {
        deal.report(terms, hold, report, step.day)?;
    } else if let Some(status) = step.status.map(labels::status) {
        deal.set_status(terms, hold, status, step.day)?;
    } else {
        deal.deal.check_change(terms, step.day)?;
    }
    let days = deal.deal;
    *row = deal::Model {
        status: labels::status_column(days.status).unwrap_or(next.status),
        status_on: days.status_on,
        lead_proof_on: days.lead_proof_on,
        proof_on: days.proof_on,
        activity_on: days.activity_on,
        claimed_on: days.claimed_on,
        rewarded_on: days.rewarded_on,
        ..next
    };
    row.valid_until = valid_until(editions, row);
    Ok(win)
}

/// The last day on which a deal is active unless something happens; the last of all days where no time runs (R3).
pub(in crate::service) fn valid_until(editions: &Editions, row: &deal::Model) -> NaiveDate {
    deal_dates(row).valid_until(&editions.at(row.registered_on).deals).unwrap_or(LATEST)
}

/// Gives a lead another customer or scope: later, others rely on what it is about.
fn change_opportunity(
    editions: &Editions,
    row: &mut deal::Model,
    step: &deal_step::Model,
) -> Result<(), Refusal> {
    let terms = &editions.at(row.registered_on).deals;
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
