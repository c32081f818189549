//! Deals.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_error};
use crate::graphql::scalar::Date;
use crate::graphql::types::{Deal, DealActivityKind, DealOutcome, DealStatus};
use crate::service::Services;
use crate::service::deals::{DealChange, DealDraft};

/// Registering, updating and closing deals.
#[derive(Debug, Default)]
pub(crate) struct DealMutations;

/// A deal to register.
#[derive(InputObject)]
pub(crate) struct RegisterDealInput {
    /// Code of the partner.
    partner: String,
    /// Unique reference of your choice.
    reference: String,
    /// The end customer. The same name in another case or spacing is the same customer.
    customer: String,
    /// What it is about: products, services, a project. Compared without case and spacing.
    scope: String,
    /// More about it.
    description: Option<String>,
    /// When it was registered; not before the partner's enrolment, not after today.
    registered_on: Date,
}

/// What changes of a deal; what is left out stays as it is.
#[derive(InputObject)]
pub(crate) struct UpdateDealInput {
    /// Reference of the deal.
    reference: String,
    /// The new status. Closing takes an outcome: use `closeDeal`.
    status: Option<DealStatus>,
    /// When it changed; not before the present status, not after today.
    on: Date,
    /// The new customer; only while the deal is a lead.
    customer: Option<String>,
    /// The new scope; only while the deal is a lead.
    scope: Option<String>,
    /// The new description.
    description: Option<String>,
}

/// A business development activity for a deal.
#[derive(InputObject)]
pub(crate) struct ReportDealActivityInput {
    /// Reference of the deal.
    reference: String,
    /// What happened. All but OTHER are proofs, which extend a lead once and keep an engaged deal active.
    kind: DealActivityKind,
    /// When it happened; not before registration, not after today.
    on: Date,
    /// What is to be said about it.
    note: Option<String>,
}

/// A deal that ended.
#[derive(InputObject)]
pub(crate) struct CloseDealInput {
    /// Reference of the deal.
    reference: String,
    /// How it ended.
    outcome: DealOutcome,
    /// When it ended; not before the present status, not after today. Awards count on this day.
    closed_on: Date,
}

/// What came of a change to a deal.
#[derive(SimpleObject)]
pub(crate) struct DealPayload {
    /// The deal; null when the change was refused.
    deal: Option<Deal>,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

#[Object]
impl DealMutations {
    /// Registers a deal as a lead. It gives no exclusivity; it proves who found the opportunity.
    async fn register_deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The deal.")] input: RegisterDealInput,
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

    /// Gives a deal another status, or other words. The first partner in contact holds the registered opportunity of the
    /// customer and scope; another one is refused as `DEAL_PROTECTED`.
    async fn update_deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateDealInput,
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

    /// Reports a business development activity for a deal: without one in a month, the registered opportunity lapses.
    async fn report_deal_activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What happened, and when.")] input: ReportDealActivityInput,
    ) -> Result<DealPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let reported =
            services.deal_report(&input.reference, input.kind.into(), input.on.0, input.note.as_deref());
        payload(reported.await)
    }

    /// Closes a deal, which is final. A successful transaction is rewarded to the partner that holds the registered
    /// opportunity, whoever sold, else to the partner that won.
    async fn close_deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How and when it ended.")] input: CloseDealInput,
    ) -> Result<DealPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        payload(services.deal_close(&input.reference, input.outcome.into(), input.closed_on.0).await)
    }
}

fn payload(result: Result<entity::deal::Model, Error>) -> Result<DealPayload, ApiError> {
    Ok(match split_user_error(result)? {
        Ok(row) => DealPayload { deal: Some(Deal(BatchRow::only(row))), user_errors: Vec::new() },
        Err(error) => DealPayload { deal: None, user_errors: vec![error] },
    })
}
