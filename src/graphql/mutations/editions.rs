//! Drafts of editions, and their publication.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::edition_draft;

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::id::NodeType;
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::scalar::Date;
use crate::graphql::types::{Edition, EditionDraft, EditionTrial};
use crate::program::refusal::{Code, Refusal};
use crate::service::Services;
use crate::service::editions::{DraftInput, EditionSource, PublishInput};

/// Saving, approving and publishing editions.
#[derive(Debug, Default)]
pub(crate) struct EditionMutations;

/// Draft of an edition to save.
#[derive(InputObject)]
pub(crate) struct SaveEditionDraftInput {
    /// Global ID of the draft to change; without it, a new draft is saved.
    draft: Option<ID>,
    /// Revision of the draft that the change is based on; required with `draft`.
    revision: Option<i32>,
    /// Display name of the draft, 1 to 200 characters.
    name: String,
    /// TOML document, at most 262,144 bytes. It may have problems while it is a draft.
    document: String,
    /// First day in force that is meant. It takes the place of the document's `effective_from`, which is used without
    /// it.
    effective_from: Option<Date>,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Draft of an edition to approve.
#[derive(InputObject)]
pub(crate) struct ApproveEditionDraftInput {
    /// Global ID of the draft.
    draft: ID,
    /// Revision that is approved: the last one.
    revision: i32,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Draft of an edition to withdraw.
#[derive(InputObject)]
pub(crate) struct WithdrawEditionDraftInput {
    /// Global ID of the draft.
    draft: ID,
    /// Reason, at most 2,000 characters.
    reason: Option<String>,
}

/// Edition to publish: a document or a draft.
#[derive(InputObject)]
pub(crate) struct PublishEditionInput {
    /// First day in force: the first day of a month that has not begun. It takes the place of the document's
    /// `effective_from`; without it, that of the draft or the document is used.
    effective_from: Option<Date>,
    /// TOML document, at most 262,144 bytes. Excludes `draft`.
    document: Option<String>,
    /// Global ID of the draft. Excludes `document`.
    draft: Option<ID>,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of a mutation of a draft of an edition.
#[derive(SimpleObject, Default)]
pub(crate) struct EditionDraftPayload {
    /// The draft after the mutation; null if the mutation was refused.
    draft: Option<EditionDraft>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Trial of an edition to cancel.
#[derive(InputObject)]
pub(crate) struct CancelTrialInput {
    /// Global ID of the trial.
    trial: ID,
}

/// Result of cancelling a trial.
#[derive(SimpleObject, Default)]
pub(crate) struct EditionTrialPayload {
    /// The trial after the mutation; null if the mutation was refused.
    trial: Option<EditionTrial>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Result of publishing an edition.
#[derive(SimpleObject, Default)]
pub(crate) struct EditionPayload {
    /// The published edition; null if the mutation was refused.
    edition: Option<Edition>,
    /// Reasons why the mutation was refused, each problem of the document with its line; empty on success.
    user_errors: Vec<UserError>,
}

#[Object]
impl EditionMutations {
    /// Saves a draft of an edition, or another revision of one, which then is no longer approved. Administrators only.
    async fn save_edition_draft(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Draft.")] input: SaveEditionDraftInput,
    ) -> Result<EditionDraftPayload, ApiError> {
        let services = mutation_services(context, &input, false, input.idempotency_key.as_deref());
        let of = match (&input.draft, input.revision) {
            (None, _) => Ok(None),
            (Some(id), Some(revision)) => Ok(Some((NodeType::EditionDraft.object(id), revision.into()))),
            (Some(_), None) => {
                let message = "A change of a draft names the revision that it is based on.";
                Err(Error::from(Refusal::new(Code::Invalid, "revision", message)))
            }
        };
        let result = match of {
            Ok(of) => {
                let effective_from = input.effective_from.map(|day| day.0);
                let (name, document) = (input.name.clone(), input.document.clone());
                services.edition_draft_save(DraftInput { of, name, document, effective_from }).await
            }
            Err(error) => Err(error),
        };
        payload(&services, result).await
    }

    /// Approves a draft of an edition, as another administrator than the one who saved it last. A draft with problems
    /// cannot be approved. Administrators only.
    async fn approve_edition_draft(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Draft and revision.")] input: ApproveEditionDraftInput,
    ) -> Result<EditionDraftPayload, ApiError> {
        let services = mutation_services(context, &input, false, input.idempotency_key.as_deref());
        let id = NodeType::EditionDraft.object(&input.draft);
        payload(&services, services.edition_draft_approve(id, input.revision.into()).await).await
    }

    /// Withdraws a draft of an edition, which remains readable. Administrators only.
    async fn withdraw_edition_draft(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Draft and reason.")] input: WithdrawEditionDraftInput,
    ) -> Result<EditionDraftPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let id = NodeType::EditionDraft.object(&input.draft);
        payload(services, services.edition_draft_withdraw(id, input.reason.as_deref()).await).await
    }

    /// Cancels a trial that is running; one that has ended stays as it is. Administrators only.
    async fn cancel_trial(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Trial.")] input: CancelTrialInput,
    ) -> Result<EditionTrialPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let result = services.edition_trial_cancel(NodeType::EditionTrial.object(&input.trial)).await;
        Ok(match split_user_errors(result)? {
            Ok(row) => EditionTrialPayload {
                trial: Some(EditionTrial(BatchRow::only(row))),
                user_errors: Vec::new(),
            },
            Err(user_errors) => EditionTrialPayload { user_errors, ..EditionTrialPayload::default() },
        })
    }

    /// Publishes an edition, which comes into force on the first day of a month that has not begun, and stays in force
    /// until the next one does. It is immutable, and changes nothing that was awarded. A document with problems, or
    /// with a worked example that fails, is refused. Administrators only.
    async fn publish_edition(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "First day, and document or draft.")] input: PublishEditionInput,
    ) -> Result<EditionPayload, ApiError> {
        let services = mutation_services(context, &input, false, input.idempotency_key.as_deref());
        let source = match (&input.document, &input.draft) {
            (Some(document), None) => EditionSource::Document(document.clone()),
            (None, Some(draft)) => EditionSource::Draft(NodeType::EditionDraft.object(draft)),
            _ => {
                let message =
                    "An edition is published from a `document` or from a `draft`: give one of them.";
                let refusal = Error::from(Refusal::new(Code::Invalid, "document", message));
                let user_errors = split_user_errors::<()>(Err(refusal))?.err().unwrap_or_default();
                return Ok(EditionPayload { user_errors, ..EditionPayload::default() });
            }
        };
        let publication = PublishInput { source, effective_from: input.effective_from.map(|day| day.0) };
        let result = services.edition_publish(&publication).await;
        let result = or_first(result, async |id| Ok(Some(id))).await;
        Ok(match split_user_errors(result)? {
            Ok(id) => {
                let policy = services.policy();
                let edition = policy.index(id).map(|index| Edition { id, index, policy: Arc::clone(policy) });
                EditionPayload { edition, user_errors: Vec::new() }
            }
            Err(user_errors) => EditionPayload { user_errors, ..EditionPayload::default() },
        })
    }
}

async fn payload(
    services: &Services,
    result: Result<edition_draft::Model, Error>,
) -> Result<EditionDraftPayload, ApiError> {
    let result =
        or_first(result, async |id| Ok(services.edition_drafts_by_ids(&[id]).await?.remove(&id))).await;
    Ok(match split_user_errors(result)? {
        Ok(row) => {
            EditionDraftPayload { draft: Some(EditionDraft(BatchRow::only(row))), user_errors: Vec::new() }
        }
        Err(user_errors) => EditionDraftPayload { user_errors, ..EditionDraftPayload::default() },
    })
}
