//! Deals.

use async_graphql::{Context, ID, Object, SimpleObject};
use entity::deal::Model;
use entity::value::LogAction;

use super::enums::{DealActivityKind, DealOutcome, DealStatus};
use super::{Customer, Partner, ReviewDecision};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment};
use crate::program::deal::UNLIMITED;
use crate::service::Services;
use crate::service::deals::OpportunityView;
use crate::service::reads::Happening;

/// Deal: a sales opportunity that a partner registered. Registering gives no exclusivity; it documents that
/// the partner found the opportunity. A successful transaction is rewarded to the partner that holds the
/// registered opportunity (PP, Sales).
pub(crate) struct Deal(pub(crate) BatchRow<Model>);

impl Deal {
    async fn opportunity(&self, context: &Context<'_>) -> Result<OpportunityView, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.deal_opportunities(self.0.batch_rows()).await };
        let views = self.0.load(Relation::Opportunity, load).await?;
        Ok(views.get(&self.0.row().id).copied().unwrap_or_default())
    }

    /// The latest of these steps.
    async fn last(
        &self,
        context: &Context<'_>,
        actions: &[LogAction],
    ) -> Result<Option<Happening>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.deal_histories(self.0.batch_rows()).await };
        let histories = self.0.load(Relation::Histories, load).await?;
        Ok(histories.last(self.0.row().id, actions).cloned())
    }
}

/// Deal: a sales opportunity that a partner registered. Registering gives no exclusivity; it documents that
/// the partner found the opportunity. A successful transaction is rewarded to the partner that holds the
/// registered opportunity (PP, Sales).
#[Object]
impl Deal {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Deal.id(self.0.row().id)
    }

    /// Unique reference, chosen at registration.
    async fn reference(&self) -> &str {
        &self.0.row().reference
    }

    /// Partner that registered the deal.
    async fn partner(&self, context: &Context<'_>) -> Result<Partner, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.partners_of_deals(self.0.batch_rows()).await.map(BatchById::new) };
        let partners = self.0.load(Relation::Partner, load).await?;
        let found = partners.get(self.0.row().partner_id).map(Partner);
        found.ok_or_else(|| Error::Damaged("a deal without its partner".to_owned()).into())
    }

    /// Name of the end customer. Names that differ only in case, spacing, punctuation and legal forms are of one
    /// customer, unless program staff separated them.
    async fn customer(&self) -> &str {
        &self.0.row().customer
    }

    /// End customer that the name means; null for callers that see no customers, who are all but program staff.
    async fn end_customer(&self, context: &Context<'_>) -> Option<Customer> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.customers_of_deals(self.0.batch_rows()).await.map(BatchById::new) };
        let found = self.0.load(Relation::EndCustomer, load).await;
        or_null(context, found.map(|found| found.get(self.0.row().id).map(Customer)))
    }

    /// Products, services or project that the deal covers. Scopes that differ only in case or spacing are the
    /// same.
    async fn scope(&self) -> &str {
        &self.0.row().scope
    }

    /// Further details; null if there are none.
    async fn description(&self) -> Option<&str> {
        self.0.row().description.as_deref()
    }

    /// Date of registration.
    async fn registered_on(&self) -> Date {
        Date(self.0.row().registered_on)
    }

    /// Time at which the registration was recorded.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// Status today. Expiry is computed from dates when the deal is read.
    async fn status(&self, context: &Context<'_>) -> DealStatus {
        context.data_unchecked::<Services>().deal_view(self.0.row()).status().into()
    }

    /// Effective date of the last reported status. Expiry does not change it.
    async fn status_since(&self) -> Date {
        Date(self.0.row().status_on)
    }

    /// Last day on which the deal is active unless something is reported for it; it expires on the next day.
    /// Null if no timer runs in its status.
    async fn valid_until(&self, context: &Context<'_>) -> Option<Date> {
        context.data_unchecked::<Services>().deal_view(self.0.row()).valid_until().map(Date)
    }

    /// Outcome with which the deal was closed, or with which a win was reported; null otherwise.
    async fn outcome(&self) -> Option<DealOutcome> {
        self.0.row().outcome.map(Into::into)
    }

    /// Closing date; null unless the deal is closed.
    async fn closed_on(&self, context: &Context<'_>) -> Option<Date> {
        context.data_unchecked::<Services>().deal_view(self.0.row()).closed_on().map(Date)
    }

    /// Latest review of a reported win by program staff; null if there was none.
    async fn review(&self, context: &Context<'_>) -> Result<Option<DealReview>, ApiError> {
        let actions = [LogAction::DealWinApproved, LogAction::DealWinRejected];
        Ok(self.last(context, &actions).await?.as_ref().map(DealReview::from_step))
    }

    /// Withdrawal of the deal; null if it was not withdrawn, or was reopened since.
    async fn withdrawn(&self, context: &Context<'_>) -> Result<Option<DealDecision>, ApiError> {
        let actions = [LogAction::DealWithdrawn, LogAction::DealReopened];
        let last = self.last(context, &actions).await?;
        let last = last.filter(|step| step.action == LogAction::DealWithdrawn);
        Ok(last.as_ref().map(DealDecision::from_step))
    }

    /// Latest reopening of the deal by program staff; null if there was none.
    async fn reopened(&self, context: &Context<'_>) -> Result<Option<DealDecision>, ApiError> {
        Ok(self.last(context, &[LogAction::DealReopened]).await?.as_ref().map(DealDecision::from_step))
    }

    /// Whether the deal holds the registered opportunity of its customer and scope today.
    async fn holds_opportunity(&self, context: &Context<'_>) -> Result<bool, ApiError> {
        Ok(self.opportunity(context).await?.held_until.is_some())
    }

    /// Last day on which the deal holds the registered opportunity unless an activity is reported; null if it
    /// does not hold it, or while a reported win waits for its review.
    async fn opportunity_until(&self, context: &Context<'_>) -> Result<Option<Date>, ApiError> {
        let until = self.opportunity(context).await?.held_until;
        Ok(until.filter(|day| *day < UNLIMITED).map(Date))
    }

    /// Whether another partner holds the registered opportunity of the same customer and scope today. Which
    /// partner is not disclosed.
    async fn conflict(&self, context: &Context<'_>) -> Result<bool, ApiError> {
        Ok(self.opportunity(context).await?.conflict)
    }

    /// Names of the fields of `UpdateDealInput` that can be changed today; empty if the deal is closed or
    /// expired.
    async fn editable_fields(&self, context: &Context<'_>) -> &'static [&'static str] {
        context.data_unchecked::<Services>().deal_view(self.0.row()).editable_fields()
    }

    /// Statuses that `updateDeal` accepts today. If there is a conflict, a deal without customer contact
    /// cannot move to a status that implies contact.
    async fn next_statuses(&self, context: &Context<'_>) -> Result<Vec<DealStatus>, ApiError> {
        let conflict = self.opportunity(context).await?.conflict;
        let view = context.data_unchecked::<Services>().deal_view(self.0.row());
        let protected = conflict && !view.status().is_engaged();
        let next = view.next_statuses().into_iter().filter(|status| !(protected && status.is_engaged()));
        Ok(next.map(Into::into).collect())
    }

    /// Outcomes that `closeDeal` accepts from the caller today; empty if the deal is closed or expired. `DROPPED` is for
    /// program staff.
    async fn possible_outcomes(&self, context: &Context<'_>) -> Vec<DealOutcome> {
        let view = context.data_unchecked::<Services>().deal_view(self.0.row());
        view.outcomes().into_iter().map(Into::into).collect()
    }

    /// Steps of the deal, in the order in which they were recorded.
    async fn history(&self, context: &Context<'_>) -> Result<Vec<DealStep>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.deal_steps(self.0.batch_rows()).await };
        let steps = self.0.load(Relation::DealHistory, load).await?;
        let steps = steps.get(&self.0.row().id).map_or(&[][..], Vec::as_slice);
        Ok(steps.iter().map(DealStep::from_row).collect())
    }
}

/// Review of a win that was reported.
#[derive(SimpleObject)]
pub(crate) struct DealReview {
    /// Decision of the reviewer.
    decision: ReviewDecision,
    /// Time of the review.
    at: Moment,
    /// Reviewer: the label of the API key, or the subject of the token.
    by: Option<String>,
    /// Reason that the reviewer gave; null if there is none.
    reason: Option<String>,
}

impl DealReview {
    fn from_step(step: &Happening) -> Self {
        let is_approved = step.action == LogAction::DealWinApproved;
        Self {
            decision: if is_approved { ReviewDecision::Approve } else { ReviewDecision::Reject },
            at: Moment(step.at),
            by: step.by.clone(),
            reason: step.reason.clone(),
        }
    }
}

/// Withdrawal or reopening of a deal.
#[derive(SimpleObject)]
pub(crate) struct DealDecision {
    /// Time at which it was recorded.
    at: Moment,
    /// Actor: the label of the API key, or the subject of the token.
    by: Option<String>,
    /// Reason that was given; null if there is none.
    reason: Option<String>,
}

impl DealDecision {
    fn from_step(step: &Happening) -> Self {
        Self { at: Moment(step.at), by: step.by.clone(), reason: step.reason.clone() }
    }
}

/// Step in the history of a deal. Fields that the step did not set are null.
#[derive(SimpleObject)]
pub(crate) struct DealStep {
    /// Effective date of the step.
    on: Date,
    /// New status; null if the step did not set it.
    status: Option<DealStatus>,
    /// Outcome with which the deal was closed; null for other steps.
    outcome: Option<DealOutcome>,
    /// Kind of the reported activity; null for other steps.
    activity: Option<DealActivityKind>,
    /// Note on the reported activity; null if there is none.
    note: Option<String>,
    /// New end customer; null if the step did not set it.
    customer: Option<String>,
    /// New scope; null if the step did not set it.
    scope: Option<String>,
    /// New description, empty if the step removed it; null if the step did not set it.
    description: Option<String>,
}

impl DealStep {
    fn from_row(row: &entity::deal_step::Model) -> Self {
        Self {
            on: Date(row.day),
            status: row.status.map(Into::into),
            outcome: row.outcome.map(Into::into),
            activity: row.report.map(Into::into),
            note: row.note.clone(),
            customer: row.customer.clone(),
            scope: row.scope.clone(),
            description: row.description.clone(),
        }
    }
}
