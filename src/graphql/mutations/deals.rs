//! Deals.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::scalar::Date;
use crate::graphql::types::{Deal, DealActivityKind, DealOutcome, DealStatus};
use crate::service::Services;
use crate::service::deals::{DealChange, DealDraft};

/// Registering, updating and closing deals.
#[derive(Debug, Default)]
pub(crate) struct DealMutations;

/// Deal to register.
#[derive(InputObject)]
pub(crate) struct RegisterDealInput {
    /// Code of the partner.
    partner: String,
    /// Client-chosen reference, 1 to 200 characters, unique among all deals. A reference in use is refused as
    /// `ALREADY_EXISTS`.
    reference: String,
    /// Name of the end customer. Names that differ only in case or spacing identify the same customer.
    customer: String,
    /// Products, services or project that the deal covers. Scopes that differ only in case or spacing are the
    /// same.
    scope: String,
    /// Further details, at most 2,000 characters. Optional.
    description: Option<String>,
    /// Date of registration: not before the partner's enrolment, not after today.
    registered_on: Date,
}

/// Changes to a deal. Omitted fields remain unchanged.
#[derive(InputObject)]
pub(crate) struct UpdateDealInput {
    /// Reference of the deal.
    reference: String,
    /// New status; see `Deal.nextStatuses`. To close a deal, use `closeDeal`.
    status: Option<DealStatus>,
    /// Effective date of the change: not before `Deal.statusSince`, not after today.
    on: Date,
    /// New end customer. Only while the deal is a lead.
    customer: Option<String>,
    /// New scope. Only while the deal is a lead.
    scope: Option<String>,
    /// New description, at most 2,000 characters.
    description: Option<String>,
}

/// Business development activity to report for a deal.
#[derive(InputObject)]
pub(crate) struct ReportDealActivityInput {
    /// Reference of the deal.
    reference: String,
    /// Kind of the activity. Every kind but `OTHER` is a proof, which extends a lead once and keeps an
    /// engaged deal active.
    kind: DealActivityKind,
    /// Date of the activity: not before the registration of the deal, not after today.
    on: Date,
    /// Note on the activity, at most 2,000 characters. Optional.
    note: Option<String>,
}

/// Deal to close.
#[derive(InputObject)]
pub(crate) struct CloseDealInput {
    /// Reference of the deal.
    reference: String,
    /// Outcome of the deal; see `Deal.possibleOutcomes`.
    outcome: DealOutcome,
    /// Closing date, which is also the effective date of the awards: not before `Deal.statusSince`, not after
    /// today.
    closed_on: Date,
}

/// Result of a deal mutation.
#[derive(SimpleObject)]
pub(crate) struct DealPayload {
    /// The deal after the change; null if the mutation was refused.
    deal: Option<Deal>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

#[Object]
impl DealMutations {
    /// Registers a deal as a lead. Registering gives no exclusivity; it documents that the partner found the
    /// opportunity.
    async fn register_deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Deal to register.")] input: RegisterDealInput,
    ) -> Result<DealPayload, ApiError> {
        let draft = DealDraft {
            partner: input.partner,
            reference: input.reference,
            customer: input.customer,
            scope: input.scope,
            description: input.description,
            registered_on: input.registered_on.0,
        };
        payload(context.data_unchecked::<Services>().deal_register(&draft).await)
    }

    /// Changes the status or the details of a deal. The first partner whose deal reaches customer contact
    /// holds the registered opportunity of the customer and scope; deals of other partners are then refused
    /// contact as `DEAL_PROTECTED`.
    async fn update_deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Deal and changes.")] input: UpdateDealInput,
    ) -> Result<DealPayload, ApiError> {
        let change = DealChange {
            status: input.status.map(Into::into),
            customer: input.customer,
            scope: input.scope,
            description: input.description,
        };
        let services = context.data_unchecked::<Services>();
        payload(services.deal_update(&input.reference, &change, input.on.0).await)
    }

    /// Reports a business development activity for a deal. Without activity the registered opportunity
    /// lapses; see `DealTerms.activityMonths`.
    async fn report_deal_activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Activity to report.")] input: ReportDealActivityInput,
    ) -> Result<DealPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let reported =
            services.deal_report(&input.reference, input.kind.into(), input.on.0, input.note.as_deref());
        payload(reported.await)
    }

    /// Closes a deal, which is final. A successful transaction is rewarded to the partner that holds the
    /// registered opportunity on the closing date, whichever party sold; if no partner holds it, to the
    /// deal's partner if that partner sold.
    async fn close_deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Deal, outcome and closing date.")] input: CloseDealInput,
    ) -> Result<DealPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        payload(services.deal_close(&input.reference, input.outcome.into(), input.closed_on.0).await)
    }
}

fn payload(result: Result<entity::deal::Model, Error>) -> Result<DealPayload, ApiError> {
    Ok(match split_user_errors(result)? {
        Ok(row) => DealPayload { deal: Some(Deal(BatchRow::only(row))), user_errors: Vec::new() },
        Err(user_errors) => DealPayload { deal: None, user_errors },
    })
}
