//! Deals.

use async_graphql::{Context, InputObject, MaybeUndefined, Object, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::scalar::Date;
use crate::graphql::types::{Deal, DealActivityKind, DealOutcome, DealStatus, Effects, ReviewDecision};
use crate::service::Services;
use crate::service::deals::{DealChange, DealDraft, WinDecision};

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
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
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
    /// New description, at most 2,000 characters. Null or an empty text removes it.
    description: MaybeUndefined<String>,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
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
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
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
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Review of a win that was reported.
#[derive(InputObject)]
pub(crate) struct ReviewDealInput {
    /// Reference of the deal.
    reference: String,
    /// Decision: `APPROVE` closes the deal as won, with awards dated on the reported closing date; `REJECT` restores the
    /// status that it had before.
    decision: ReviewDecision,
    /// Reason for the decision, at most 2,000 characters on one line. Required for `REJECT`.
    reason: Option<String>,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Deal to reopen.
#[derive(InputObject)]
pub(crate) struct ReopenDealInput {
    /// Reference of the deal.
    reference: String,
    /// Reason, 1 to 2,000 characters on one line.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Deal to withdraw.
#[derive(InputObject)]
pub(crate) struct WithdrawDealInput {
    /// Reference of the deal.
    reference: String,
    /// Reason, at most 2,000 characters on one line. Optional.
    reason: Option<String>,
    /// Effective date of the withdrawal: not before `Deal.statusSince`, not after today.
    on: Date,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of a deal mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct DealPayload {
    /// The deal after the change; null if the mutation was refused.
    deal: Option<Deal>,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
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
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let draft = DealDraft {
            partner: input.partner,
            reference: input.reference,
            customer: input.customer,
            scope: input.scope,
            description: input.description,
            registered_on: input.registered_on.0,
        };
        payload(&services, services.deal_register(&draft).await).await
    }

    /// Changes the status or the details of a deal. The first partner whose deal reaches customer contact
    /// holds the registered opportunity of the customer and scope; deals of other partners are then refused
    /// contact as `DEAL_PROTECTED`.
    async fn update_deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Deal and changes.")] input: UpdateDealInput,
    ) -> Result<DealPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let change = DealChange {
            status: input.status.map(Into::into),
            customer: input.customer,
            scope: input.scope,
            description: match input.description {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(text) => Some(Some(text)),
            },
        };
        payload(&services, services.deal_update(&input.reference, &change, input.on.0).await).await
    }

    /// Reports a business development activity for a deal. Without activity the registered opportunity
    /// lapses; see `DealTerms.activityMonths`.
    async fn report_deal_activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Activity to report.")] input: ReportDealActivityInput,
    ) -> Result<DealPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let reported =
            services.deal_report(&input.reference, input.kind.into(), input.on.0, input.note.as_deref());
        payload(&services, reported.await).await
    }

    /// Closes a deal. A successful transaction is rewarded to the partner that holds the registered opportunity on the
    /// closing date, whichever party sold; if no partner holds it, to the deal's partner if that partner sold. A won
    /// outcome from a partner or an integration is a report: the deal is `WON_REPORTED`, and nothing is awarded, until
    /// program staff approves it with `reviewDeal`, unless `DealTerms.winsNeedApproval` is false. Only program staff
    /// closes deals as `DROPPED`.
    async fn close_deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Deal, outcome and closing date.")] input: CloseDealInput,
    ) -> Result<DealPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        payload(
            &services,
            services.deal_close(&input.reference, input.outcome.into(), input.closed_on.0).await,
        )
        .await
    }

    /// Approves or rejects a win that was reported for a deal.
    async fn review_deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Deal and decision.")] input: ReviewDealInput,
    ) -> Result<DealPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let decision = match input.decision {
            ReviewDecision::Approve => WinDecision::Approve,
            ReviewDecision::Reject => WinDecision::Reject,
        };
        let reviewed = services.deal_review(&input.reference, decision, input.reason.as_deref());
        payload(&services, reviewed.await).await
    }

    /// Reopens a closed deal: it has the status of before the closing, or before the win was reported. Its awards are
    /// reversed by ledger entries of their own dates. If the customer has another won deal, the earliest one recorded
    /// earns `CUSTOMER_ADDED` in its place.
    async fn reopen_deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Deal and reason.")] input: ReopenDealInput,
    ) -> Result<DealPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        payload(&services, services.deal_reopen(&input.reference, &input.reason).await).await
    }

    /// Withdraws an open deal. It earns nothing.
    async fn withdraw_deal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Deal, reason and date.")] input: WithdrawDealInput,
    ) -> Result<DealPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        payload(
            &services,
            services.deal_withdraw(&input.reference, input.reason.as_deref(), input.on.0).await,
        )
        .await
    }
}

async fn payload(
    services: &Services,
    result: Result<entity::deal::Model, Error>,
) -> Result<DealPayload, ApiError> {
    let result = or_first(result, async |id| Ok(services.deals_by_ids(&[id]).await?.remove(&id))).await;
    Ok(match split_user_errors(result)? {
        Ok(row) => DealPayload {
            deal: Some(Deal(BatchRow::only(row))),
            effects: Effects(services.effects()),
            user_errors: Vec::new(),
        },
        Err(user_errors) => DealPayload { user_errors, ..DealPayload::default() },
    })
}
