//! Registered deals (PP, Sales; R1 to R5).

mod reads;
mod steps;

use chrono::NaiveDate;
use entity::value::{DealStatus, EventKind, LogAction};
use entity::{customer, deal, deal_step, opportunity};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::access::Visibility;
use super::audit::Change;
use super::posting::{LogEntry, Object, Posting};
use super::subjects::{check_last_day, lock_partner};
use super::{Services, input, labels, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::deal::{Deal, Hold, Outcome, Report, Status, name_key};
use crate::program::fold::{Step, WonDeal};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::rule::Derived;
use crate::program::wording::quoted;
use crate::service::events::EventDraft;
use crate::store::deal as store;
use crate::store::partner::PartnerRow;
use crate::store::subject::{self, LATEST};
pub use reads::{DealView, OpportunityView};
pub(super) use steps::{apply_step, keys_after, valid_until};

/// A deal as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealDraft {
    /// Code of the partner.
    pub partner: String,
    /// Unique reference.
    pub reference: String,
    /// The end customer.
    pub customer: String,
    /// The scope of the deal.
    pub scope: String,
    /// Further description.
    pub description: Option<String>,
    /// Day of registration.
    pub registered_on: NaiveDate,
}

/// Changes to a deal; fields that are none remain unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DealChange {
    /// The new status.
    pub status: Option<Status>,
    /// The new customer, for a lead only.
    pub customer: Option<String>,
    /// The new scope, for a lead only.
    pub scope: Option<String>,
    /// The new description.
    pub description: Option<String>,
}

/// A deal whose customer's row is locked.
struct LockedDeal {
    deal: deal::Model,
    customer: customer::Model,
    hold: Option<Hold<Uuid>>,
}

/// A step of a deal that is not written yet.
struct PendingStep {
    action: LogAction,
    step: deal_step::Model,
}

impl PendingStep {
    fn new(action: LogAction, day: NaiveDate) -> Self {
        let step = deal_step::Model {
            log_seq: 0,
            deal_id: Uuid::nil(),
            day,
            status: None,
            outcome: None,
            report: None,
            note: None,
            customer: None,
            scope: None,
            description: None,
        };
        Self { action, step }
    }
}

impl Services {
    /// Registers a deal as a lead. Registration grants no exclusivity; it documents which partner found the
    /// opportunity (R1).
    ///
    /// # Errors
    /// When there is no such partner, the reference is in use, a text is not accepted, or the day is in the future or
    /// before enrolment.
    pub async fn deal_register(&self, draft: &DealDraft) -> Result<deal::Model, Error> {
        let visibility = self.authorize(Operation::RegisterDeal)?;
        let on = draft.registered_on;
        let checked = all((
            input::key("reference", &draft.reference),
            name("customer", &draft.customer),
            name("scope", &draft.scope),
            input::text("description", draft.description.as_deref()),
            input::not_in_future("registeredOn", on, self.clock.today()),
        ));
        transact!(self, Operation::RegisterDeal, transaction, changes => {
            let unused = check_unused(transaction, &draft.reference).await?;
            if let Ok((_, customer, ..)) = &checked {
                store::lock_customers(transaction, &[&name_key(customer)]).await?;
            }
            let partner = lock_partner(transaction, &visibility, &draft.partner).await?;
            let registered = partner.as_ref().map_or(Ok(()), |partner| check_registered(on, partner));
            let ((reference, customer, scope, description, ()), (), partner, ()) =
                all((checked.as_ref(), unused, partner, registered))?;
            let row = deal::Model {
                id: Uuid::now_v7(),
                seq: 0,
                partner_id: partner.id,
                reference: reference.clone(),
                registered_on: on,
                recorded_at: self.clock.now(),
                customer: customer.clone(),
                customer_key: name_key(customer),
                scope: scope.clone(),
                scope_key: name_key(scope),
                description: description.clone(),
                status: DealStatus::Lead,
                status_on: on,
                valid_until: LATEST,
                outcome: None,
                lead_proof_on: None,
                proof_on: None,
                activity_on: on,
                claimed_on: None,
                rewarded_on: None,
                recorded_by: self.integration(),
            };
            let row = deal::Model { valid_until: valid_until(&self.policy.editions, &row), ..row };
            let mut pending = PendingStep::new(LogAction::DealRegistered, on);
            pending.step.status = Some(row.status);
            pending.step.customer = Some(row.customer.clone());
            pending.step.scope = Some(row.scope.clone());
            pending.step.description.clone_from(&row.description);
            changes.add(change(&row).after(audit_state(&row)));
            self.insert_deal(transaction, partner, row, pending).await
        })
    }

    /// Changes the status, customer, scope or description of a deal. The status ENGAGED claims the
    /// opportunity.
    ///
    /// # Errors
    /// When there is no such deal, it is closed or expired, the transition is not allowed, the day is in the
    /// future or out of order, or another partner holds the opportunity.
    pub async fn deal_update(
        &self,
        reference: &str,
        change: &DealChange,
        on: NaiveDate,
    ) -> Result<deal::Model, Error> {
        self.authorize(Operation::UpdateDeal)?;
        let text = |field, text: &Option<String>| text.as_deref().map(|text| name(field, text)).transpose();
        let checked = all((
            input::not_in_future("on", on, self.clock.today()),
            change.status.map(settable).transpose(),
            text("customer", &change.customer),
            text("scope", &change.scope),
            input::text("description", change.description.as_deref()),
            check_some(change),
        ));
        let pending = checked.map(|((), status, customer, scope, description, ())| {
            let pending = PendingStep::new(LogAction::DealUpdated, on);
            PendingStep {
                step: deal_step::Model { status, customer, scope, description, ..pending.step },
                ..pending
            }
        });
        self.change_deal(Operation::UpdateDeal, reference, pending).await
    }

    /// Reports a business development activity for a deal: it extends the hold on the opportunity, and may be
    /// a proof.
    ///
    /// # Errors
    /// When there is no such deal, it is closed or expired, or the day is in the future or before registration.
    pub async fn deal_report(
        &self,
        reference: &str,
        what: Report,
        on: NaiveDate,
        note: Option<&str>,
    ) -> Result<deal::Model, Error> {
        self.authorize(Operation::ReportDealActivity)?;
        let checked = all((input::not_in_future("on", on, self.clock.today()), input::text("note", note)));
        let pending = checked.map(|((), note)| {
            let pending = PendingStep::new(LogAction::DealReported, on);
            let report = Some(labels::report_column(what));
            PendingStep { step: deal_step::Model { report, note, ..pending.step }, ..pending }
        });
        self.change_deal(Operation::ReportDealActivity, reference, pending).await
    }

    /// Closes a deal. A successful transaction is rewarded to the partner that holds the opportunity (R5).
    ///
    /// # Errors
    /// When there is no such deal, it is closed or expired, or the day is in the future or out of order.
    pub async fn deal_close(
        &self,
        reference: &str,
        outcome: Outcome,
        on: NaiveDate,
    ) -> Result<deal::Model, Error> {
        self.authorize(Operation::CloseDeal)?;
        let pending = input::not_in_future("closedOn", on, self.clock.today()).map(|()| {
            let pending = PendingStep::new(LogAction::DealClosed, on);
            let outcome = Some(labels::outcome_column(outcome));
            PendingStep { step: deal_step::Model { outcome, ..pending.step }, ..pending }
        });
        self.change_deal(Operation::CloseDeal, reference, pending.map_err(Into::into)).await
    }

    async fn insert_deal(
        &self,
        transaction: &DatabaseTransaction,
        partner: PartnerRow,
        mut row: deal::Model,
        pending: PendingStep,
    ) -> Result<deal::Model, Error> {
        let mut posting = Posting::open(&self.policy, vec![partner], Vec::new(), &[]);
        apply(&mut posting, LogEntry::new(pending.action, Object::Deal(row.id)), None)?;
        let mut posted = posting.post(transaction, self).await?;
        row.seq = posted.seqs.first().copied().unwrap_or_default();
        row.recorded_at = posted.recorded_at;
        let step = deal_step::Model { log_seq: row.seq, deal_id: row.id, ..pending.step };
        store::insert(transaction, row.clone()).await?;
        posted.emit(0, EventDraft::deal(EventKind::DealRegistered, &row, row.registered_on));
        posted.write(transaction).await?;
        store::insert_step(transaction, step).await?;
        self.set_timer(transaction, &row).await?;
        Ok(row)
    }

    async fn change_deal(
        &self,
        operation: Operation,
        reference: &str,
        pending: Result<PendingStep, Refusals>,
    ) -> Result<deal::Model, Error> {
        let visibility = self.authorize(operation)?;
        transact!(self, operation, transaction, changes => {
            let found = find_deal(transaction, &visibility, reference).await?;
            let (pending, found) = all((pending.as_ref(), found))?;
            let LockedDeal { mut deal, customer, mut hold } = lock_deal(transaction, &found, &pending.step).await?;
            let before_state = audit_state(&deal);
            let before = hold;
            let owners = [deal.partner_id].into_iter().chain(hold.map(|hold| hold.partner));
            let partners = subject::lock::<PartnerRow>(transaction, [], owners).await?;
            let mut posting = Posting::open(&self.policy, partners, Vec::new(), &[]);
            let win = apply_step(&self.policy.editions, &mut deal, &mut hold, pending.action, &pending.step)?;
            let mut step = None;
            let day = pending.step.day;
            if let Some((who, rewarded)) = win.and_then(|win| Some((posting.partner(win.partner?)?, win.deal?))) {
                posting.load_derived(transaction, who, &[Derived::WonDeal, Derived::NewCustomer], [day]).await?;
                // The award concerns the deal of the rewarded partner, not the other partner's closed deal.
                let number = posting.add(Object::Deal(rewarded));
                let new_customer = customer.won_deal_id.is_none();
                step = Some(Step::DealWon(WonDeal { deal: number, partner: who, new_customer, on: day }));
            }
            apply(&mut posting, LogEntry::new(pending.action, Object::Deal(deal.id)), step)?;
            let mut posted = posting.post(transaction, self).await?;
            let log_seq = posted.seqs.first().copied().unwrap_or_default();
            let kind = if deal.outcome.is_some() { EventKind::DealClosed } else { EventKind::DealChanged };
            posted.emit(0, EventDraft::deal(kind, &deal, day));
            posted.write(transaction).await?;
            changes.add(change(&deal).before(before_state).after(audit_state(&deal)));
            store::update(transaction, &deal).await?;
            self.set_timer(transaction, &deal).await?;
            let step = deal_step::Model { log_seq, deal_id: deal.id, ..pending.step.clone() };
            store::insert_step(transaction, step).await?;
            if let Some(win) = win {
                if customer.won_deal_id.is_none() {
                    store::set_first_won(transaction, &customer.key, deal.id).await?;
                }
                if let Some(other) = win.deal.filter(|other| *other != deal.id) {
                    reward(transaction, other, day).await?;
                }
            }
            if hold != before {
                let row = opportunity_row(&deal.customer_key, &deal.scope_key, hold);
                store::upsert_opportunity(transaction, row).await?;
            }
            Ok(deal)
        })
    }
}

/// The row of the hold on the opportunity of a customer and scope.
pub(super) fn opportunity_row(
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

/// Marks a deal as rewarded by a transaction that was closed under another deal.
async fn reward(transaction: &DatabaseTransaction, deal: Uuid, on: NaiveDate) -> Result<(), Error> {
    let row = store::by_ids(transaction, [deal]).await?.pop();
    let row = row.ok_or_else(|| Error::Damaged("an opportunity is held by no deal".to_owned()))?;
    store::update(transaction, &deal::Model { rewarded_on: Some(on), ..row }).await?;
    Ok(())
}

/// The deal with a reference, where it exists for the caller.
async fn find_deal(
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

/// Locks the customers of a deal, the one it has and the one it gets, and reads the deal as it then is.
async fn lock_deal(
    transaction: &DatabaseTransaction,
    found: &deal::Model,
    step: &deal_step::Model,
) -> Result<LockedDeal, Error> {
    let (customer_key, _) = keys_after(found, step);
    let mut customers = store::lock_customers(transaction, &[&found.customer_key, &customer_key]).await?;
    let deal = store::by_reference(transaction, &found.reference).await?;
    let deal = deal.ok_or_else(|| input::not_found("reference", ("deal", "reference"), &found.reference))?;
    let (customer_key, scope_key) = keys_after(&deal, step);
    // If the deal was moved to another customer meanwhile, that one is locked as well.
    if !customers.iter().any(|customer| customer.key == customer_key) {
        customers = store::lock_customers(transaction, &[&customer_key]).await?;
    }
    let customer = customers.into_iter().find(|customer| customer.key == customer_key);
    let customer = customer.ok_or_else(|| Error::Damaged("a deal without its customer".to_owned()))?;
    let opportunity = store::opportunity(transaction, &customer_key, &scope_key).await?;
    let hold =
        match opportunity.as_ref().and_then(|row| Some((row.deal_id?, row.held_since?, row.held_until?))) {
            None => None,
            Some((holder, since, until)) => {
                let (partner, rewarded_on) = if holder == deal.id {
                    (deal.partner_id, deal.rewarded_on)
                } else {
                    let row = store::by_ids(transaction, [holder]).await?.pop();
                    let row =
                        row.ok_or_else(|| Error::Damaged("an opportunity is held by no deal".to_owned()))?;
                    (row.partner_id, row.rewarded_on)
                };
                Some(Hold { deal: holder, partner, since, until, won: rewarded_on.is_some() })
            }
        };
    Ok(LockedDeal { deal, customer, hold })
}

/// Whether a deal is visible: an integrator's own deals are those that it registered.
pub(super) fn is_visible(visibility: &Visibility, row: &deal::Model) -> bool {
    match visibility {
        Visibility::Integration(name) => row.recorded_by.as_deref() == Some(name),
        visibility => visibility.can_see_partner(row.partner_id),
    }
}

fn change(row: &deal::Model) -> Change {
    Change::of("Deal", row.id).about(Some(row.partner_id), None)
}

/// The fields that a step changes, for the audit log.
fn audit_state(row: &deal::Model) -> serde_json::Value {
    json!({
        "reference": row.reference, "status": row.status.to_value(), "statusOn": row.status_on,
        "outcome": row.outcome.map(|outcome| outcome.to_value()), "activityOn": row.activity_on,
    })
}

fn apply(posting: &mut Posting<'_>, entry: LogEntry, step: Option<Step>) -> Result<(), Refusal> {
    posting
        .apply(entry, step)
        .map_err(|exceeded| Refusal::new(Code::Invalid, "reference", exceeded.to_string()))
}

/// Checks a name that is compared without case and spacing.
fn name(field: &str, text: &str) -> Result<String, Refusal> {
    let text = input::name(field, text)?;
    if name_key(&text).is_empty() {
        let message = format!("{field} has no visible character; got {}.", quoted(&text));
        return Err(Refusal::new(Code::Invalid, field, message));
    }
    Ok(text)
}

/// The status as it is stored, unless it is one that only dates decide.
fn settable(status: Status) -> Result<DealStatus, Refusal> {
    labels::status_column(status).ok_or_else(|| {
        let message = "EXPIRED follows from the deal's dates and cannot be set.";
        Refusal::new(Code::Invalid, "status", message)
    })
}

/// A change without any new value is a mistake.
fn check_some(change: &DealChange) -> Result<(), Refusal> {
    let has_text = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
    if change.status.is_some()
        || change.customer.is_some()
        || change.scope.is_some()
        || has_text(&change.description)
    {
        return Ok(());
    }
    let message = "The change has no new value; give a status, a customer, a scope or a description.";
    Err(Refusal::new(Code::Invalid, "status", message))
}

/// References are unique over all partners.
async fn check_unused(
    transaction: &DatabaseTransaction,
    reference: &str,
) -> Result<Result<(), Refusal>, Error> {
    let Ok(reference) = input::key("reference", reference) else { return Ok(Ok(())) };
    if store::by_reference(transaction, &reference).await?.is_none() {
        return Ok(Ok(()));
    }
    let message =
        format!("A deal with the reference {} exists already; use another one.", quoted(&reference));
    Ok(Err(Refusal::new(Code::AlreadyExists, "reference", message)))
}

/// A company registers deals from its enrolment on.
fn check_registered(on: NaiveDate, partner: &PartnerRow) -> Result<(), Refusal> {
    if on < partner.enrolled_on {
        let message = format!("{on} is before the partner's enrolment on {}.", partner.enrolled_on);
        return Err(Refusal::new(Code::DateBeforeEnrolment, "registeredOn", message));
    }
    check_last_day("registeredOn", on, "partner", partner.left_on)
}

/// Status and dates of a deal, as the rules core defines them.
pub(super) fn deal_dates(row: &deal::Model) -> Deal {
    Deal {
        registered_on: row.registered_on,
        status: labels::status(row.status),
        status_on: row.status_on,
        lead_proof_on: row.lead_proof_on,
        proof_on: row.proof_on,
        activity_on: row.activity_on,
        claimed_on: row.claimed_on,
        rewarded_on: row.rewarded_on,
    }
}
