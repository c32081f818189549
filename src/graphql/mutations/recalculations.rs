//! Recalculations: planned, applied, reverted.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::recalculation;

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::id::NodeType;
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::scalar::Date;
use crate::graphql::types::{Effects, Recalculation};
use crate::program::refusal::{Code, Refusal};
use crate::service::Services;
use crate::service::editions::{EditionSource, TrialInput};

/// Planning, applying and reverting recalculations.
#[derive(Debug, Default)]
pub(crate) struct RecalculationMutations;

/// Recalculation to plan: a document or a draft.
#[derive(InputObject)]
pub(crate) struct PlanRecalculationInput {
    /// TOML document, at most 262,144 bytes. Excludes `draft`.
    document: Option<String>,
    /// Global ID of the draft. Excludes `document`.
    draft: Option<ID>,
    /// First day from which on it is to be in force: the first day of a month that has begun, on or after the program's
    /// launch. An edition with the same first day is replaced. It takes the place of the document's `effective_from`;
    /// without it, that of the draft or the document is used.
    effective_from: Option<Date>,
    /// Day on which the plan compares subjects; today by default.
    on: Option<Date>,
    /// Reason, 1 to 2,000 characters.
    reason: String,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Recalculation to apply.
#[derive(InputObject)]
pub(crate) struct ApplyRecalculationInput {
    /// Global ID of the recalculation.
    recalculation: ID,
    /// Whether nothing is kept, and the answer is what it would be: what changes is in `effects.planned`.
    #[graphql(default)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Recalculation to revert.
#[derive(InputObject)]
pub(crate) struct RevertRecalculationInput {
    /// Global ID of the recalculation.
    recalculation: ID,
    /// Reason, 1 to 2,000 characters.
    reason: String,
    /// Whether nothing is kept, and the answer is what it would be: what changes is in `effects.planned`.
    #[graphql(default)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of a mutation of a recalculation.
#[derive(SimpleObject, Default)]
pub(crate) struct RecalculationPayload {
    /// The recalculation after the mutation; null if the mutation was refused.
    recalculation: Option<Recalculation>,
    /// What the recalculation or its reversion changes, in `planned`. A plan changes nothing.
    effects: Effects,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

#[Object]
impl RecalculationMutations {
    /// Plans a recalculation: tries a document or draft for days that have passed, and keeps the result. It changes nothing
    /// else. The plan holds until a further step of the log earns or takes back something. A document with problems, or
    /// with a worked example that fails, is refused. Administrators only.
    async fn plan_recalculation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Document or draft, its first day, and the reason.")] input: PlanRecalculationInput,
    ) -> Result<RecalculationPayload, ApiError> {
        let services = mutation_services(context, &input, false, input.idempotency_key.as_deref());
        let source = match (&input.document, &input.draft) {
            (Some(document), None) => Ok(EditionSource::Document(document.clone())),
            (None, Some(draft)) => Ok(EditionSource::Draft(NodeType::EditionDraft.object(draft))),
            _ => {
                let message =
                    "A recalculation is planned from a `document` or from a `draft`: give one of them.";
                Err(Error::from(Refusal::new(Code::Invalid, "document", message)))
            }
        };
        let result = match source {
            Ok(source) => {
                let (effective_from, on) = (input.effective_from.map(|day| day.0), input.on.map(|day| day.0));
                let plan = TrialInput { source, effective_from, on };
                services.recalculation_plan(&plan, &input.reason).await
            }
            Err(error) => Err(error),
        };
        payload(&services, result).await
    }

    /// Applies a planned recalculation: the ledger becomes what it would be if its edition had been in force from the
    /// start. The edition is in force with the answer, for facts of past days that are recorded later as well. Each partner
    /// and professional follows by one step, whose entries have the reason `RECALCULATION`. Redemptions, holds, orders
    /// and their prices stay, so a balance can become negative. A plan that the log has overtaken is refused.
    /// Administrators only.
    async fn apply_recalculation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Recalculation.")] input: ApplyRecalculationInput,
    ) -> Result<RecalculationPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let id = NodeType::Recalculation.object(&input.recalculation);
        payload(&services, services.recalculation_apply(id).await).await
    }

    /// Reverts the last recalculation that was applied: the ledger becomes what it would be without it, by entries with the
    /// reason `RECALCULATION`. Administrators only.
    async fn revert_recalculation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Recalculation and reason.")] input: RevertRecalculationInput,
    ) -> Result<RecalculationPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let id = NodeType::Recalculation.object(&input.recalculation);
        payload(&services, services.recalculation_revert(id, &input.reason).await).await
    }
}

async fn payload(
    services: &Services,
    result: Result<recalculation::Model, Error>,
) -> Result<RecalculationPayload, ApiError> {
    let result =
        or_first(result, async |id| Ok(services.recalculations_by_ids(&[id]).await?.remove(&id))).await;
    Ok(match split_user_errors(result)? {
        Ok(row) => RecalculationPayload {
            recalculation: Some(Recalculation(BatchRow::only(row))),
            effects: Effects(services.effects()),
            user_errors: Vec::new(),
        },
        Err(user_errors) => RecalculationPayload { user_errors, ..RecalculationPayload::default() },
    })
}
