//! Registered deals (PP, Sales; R1 to R5).

mod change;
mod claims;
mod opportunities;
mod reads;
mod reopen;
mod steps;

use chrono::NaiveDate;
use entity::deal;
use entity::value::{DealStatus, EventKind, LogAction};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::access::Visibility;
use super::audit::Change;
use super::posting::Posting;
use super::subjects::{check_last_day, lock_partner};
use super::{Services, input, labels, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::deal::{Deal, Outcome, Report, Status, name_key};
use crate::program::refusal::{Code, Refusal, all};
use crate::program::wording::quoted;
use crate::service::events::EventDraft;
use crate::store::deal as store;
use crate::store::partner::PartnerRow;
use crate::store::subject::LATEST;
pub(super) use change::opportunity_row;
use change::{PendingStep, apply};

pub(super) use claims::{ClaimStep, place_of_claim};
pub use reads::{DealView, OpportunityView};
pub(super) use steps::{
    CURRENT_READING, Reopening, Reward, apply_reopening, apply_step, keep_win, keys_after, valid_until,
};

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
    /// The new description; none within removes it.
    pub description: Option<Option<String>>,
}

/// Decision on a win that was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WinDecision {
    /// The deal is closed as won.
    Approve,
    /// The deal has the status of before.
    Reject,
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
            // Of a deal that is refused anyhow, no customer is kept.
            let customer_key = match &checked {
                Ok((_, customer, ..)) => self.lock_customer_named(transaction, customer, on, &[]).await?,
                Err(_) => String::new(),
            };
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
                customer_key: customer_key.clone(),
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
                before_status: None,
                before_on: None,
                won_seq: None,
                rewarded_deal_id: None,
                customer_added: false,
                unawarded: false,
                repeats_deal_id: None,
                recorded_by: self.integration(),
            };
            let row = deal::Model { valid_until: valid_until(&self.policy.editions, &row), ..row };
            let mut pending = PendingStep::new(LogAction::DealRegistered, on);
            pending.step.status = Some(row.status);
            pending.step.customer = Some(row.customer.clone());
            pending.step.customer_key = Some(customer_key);
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
        let description = change.description.as_ref().map(Option::as_deref);
        let checked = all((
            input::not_in_future("on", on, self.clock.today()),
            change.status.map(settable).transpose(),
            text("customer", &change.customer),
            text("scope", &change.scope),
            description.map(|text| input::text("description", text)).transpose(),
            check_some(change),
        ));
        let pending = checked.map(|((), status, customer, scope, description, ())| {
            let mut pending = PendingStep::new(LogAction::DealUpdated, on);
            (pending.step.status, pending.step.customer, pending.step.scope) = (status, customer, scope);
            pending.step.description = description.map(Option::unwrap_or_default);
            pending
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
            let mut pending = PendingStep::new(LogAction::DealReported, on);
            (pending.step.report, pending.step.note) = (Some(labels::report_column(what)), note);
            pending
        });
        self.change_deal(Operation::ReportDealActivity, reference, pending).await
    }

    /// Closes a deal. A successful transaction is rewarded to the partner that holds the opportunity (R5). Where the
    /// edition has the vendor approve wins, one that a partner or an integrator reports waits for the review (R6).
    ///
    /// # Errors
    /// When there is no such deal, it is closed or expired, the day is in the future or out of order, or the caller may
    /// not close deals with this outcome.
    pub async fn deal_close(
        &self,
        reference: &str,
        outcome: Outcome,
        on: NaiveDate,
    ) -> Result<deal::Model, Error> {
        self.authorize(Operation::CloseDeal)?;
        let checked =
            all((input::not_in_future("closedOn", on, self.clock.today()), self.check_outcome(outcome)));
        let pending = checked.map(|((), ())| {
            let mut pending = PendingStep::new(LogAction::DealClosed, on);
            pending.step.outcome = Some(labels::outcome_column(outcome));
            pending
        });
        self.change_deal(Operation::CloseDeal, reference, pending).await
    }

    /// Approves a win that was reported, which closes and rewards the deal, or rejects it with a reason (R6).
    ///
    /// # Errors
    /// When there is no such deal, no win was reported for it, or a rejection has no reason.
    pub async fn deal_review(
        &self,
        reference: &str,
        decision: WinDecision,
        reason: Option<&str>,
    ) -> Result<deal::Model, Error> {
        self.authorize(Operation::ReviewDeal)?;
        let reason = match decision {
            WinDecision::Approve => input::reason("reason", reason),
            WinDecision::Reject => required_reason(reason.unwrap_or_default()).map(Some),
        };
        let action = match decision {
            WinDecision::Approve => LogAction::DealWinApproved,
            WinDecision::Reject => LogAction::DealWinRejected,
        };
        let pending = reason
            .map(|reason| PendingStep { reason, ..PendingStep::new(action, self.clock.today()) })
            .map_err(Into::into);
        self.change_deal(Operation::ReviewDeal, reference, pending).await
    }

    /// Withdraws a deal that is open. Nothing is awarded (R6).
    ///
    /// # Errors
    /// When there is no such deal, it is closed or expired, or the day is in the future or out of order.
    pub async fn deal_withdraw(
        &self,
        reference: &str,
        reason: Option<&str>,
        on: NaiveDate,
    ) -> Result<deal::Model, Error> {
        self.authorize(Operation::WithdrawDeal)?;
        let checked =
            all((input::not_in_future("on", on, self.clock.today()), input::reason("reason", reason)));
        let pending = checked
            .map(|((), reason)| PendingStep { reason, ..PendingStep::new(LogAction::DealWithdrawn, on) });
        self.change_deal(Operation::WithdrawDeal, reference, pending).await
    }

    /// Dropping a deal is the vendor's decision (R2).
    fn check_outcome(&self, outcome: Outcome) -> Result<(), Refusal> {
        if outcome != Outcome::Dropped || self.caller().role.is_staff() {
            return Ok(());
        }
        let message = "Only program staff can close a deal as DROPPED, as that is the vendor's decision. \
                       Use the outcome LOST, or withdraw the deal with withdrawDeal.";
        Err(Refusal::new(Code::NotEligible, "outcome", message))
    }

    async fn insert_deal(
        &self,
        transaction: &DatabaseTransaction,
        partner: PartnerRow,
        mut row: deal::Model,
        pending: PendingStep,
    ) -> Result<deal::Model, Error> {
        let mut posting = Posting::open(&self.policy, vec![partner], Vec::new(), &[]);
        apply(&mut posting, pending.log_entry(row.id), None)?;
        let mut posted = posting.post(transaction, self).await?;
        row.seq = posted.seqs.first().copied().unwrap_or_default();
        row.recorded_at = posted.recorded_at;
        let step = pending.row(row.id, row.seq);
        store::insert(transaction, row.clone()).await?;
        posted.emit(0, EventDraft::deal(EventKind::DealRegistered, &row, row.registered_on));
        posted.write(transaction).await?;
        store::insert_step(transaction, step).await?;
        self.set_timer(transaction, &row).await?;
        Ok(row)
    }
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

/// Checks a name that is compared without case and spacing.
fn name(field: &str, text: &str) -> Result<String, Refusal> {
    let text = input::name(field, text)?;
    if name_key(&text).is_empty() {
        let message = format!("{field} has no visible character; got {}.", quoted(&text));
        return Err(Refusal::new(Code::Invalid, field, message));
    }
    Ok(text)
}

/// The reason for a decision that must have one.
fn required_reason(reason: &str) -> Result<String, Refusal> {
    input::reason("reason", Some(reason))?.ok_or_else(|| {
        let message =
            "A reason is required: 1 to 2,000 characters that everybody who sees the deal can read.";
        Refusal::new(Code::Invalid, "reason", message)
    })
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
    if change.status.is_some()
        || change.customer.is_some()
        || change.scope.is_some()
        || change.description.is_some()
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
        before: row.before_status.map(labels::status).zip(row.before_on),
    }
}
