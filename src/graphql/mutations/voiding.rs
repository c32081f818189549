//! Voiding activities in batches.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::BatchById;
use crate::graphql::error::{ApiError, UserError, split_user_errors, user_errors};
use crate::graphql::id::NodeType;
use crate::graphql::run::mutation_services;
use crate::graphql::scalar::int;
use crate::graphql::types::{Activity, Effects};
use crate::program::refusal::{Code, Refusal};
use crate::service::ObjectId;
use crate::service::activities::{VoidOutcome, VoidedRun};

/// Voiding in batches.
#[derive(Debug, Default)]
pub(crate) struct VoidingMutations;

/// Activities to void: exactly one of `ids` and `importRun`.
#[derive(InputObject)]
pub(crate) struct VoidActivitiesInput {
    /// Global IDs of activities, at most 1,000 (`TOO_MANY`).
    ids: Option<Vec<ID>>,
    /// Global ID of an import: its activities that count, the last recorded ones first, at most 1,000 in one
    /// request.
    import_run: Option<ID>,
    /// Reason for the voiding, 1 to 2,000 characters on one line.
    reason: String,
    /// Whether to answer with the effects only and to keep nothing. Of an import, those of the first 1,000
    /// activities.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation, with `ids` only. A repeat with the
    /// same content returns the results of the first request as they are now; other content is refused as
    /// `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of voiding one activity of a batch.
#[derive(SimpleObject, Default)]
pub(crate) struct VoidActivityResult {
    /// The activity after the change; null if it was refused.
    activity: Option<Activity>,
    /// Ledger and points entries of this activity.
    effects: Effects,
    /// Reasons why the activity was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Result of `voidActivities`.
#[derive(SimpleObject, Default)]
pub(crate) struct VoidActivitiesPayload {
    /// Results of the activities, in the order of `ids`; of an import, those of this request, the last recorded
    /// one first.
    results: Vec<VoidActivityResult>,
    /// Number of activities of the import that still count. Repeat the request until it is 0: each activity is
    /// voided exactly once. 0 for `ids`.
    remaining: i32,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the batch as a whole was refused; empty if each activity has a result.
    user_errors: Vec<UserError>,
}

#[Object]
impl VoidingMutations {
    /// Voids up to 1,000 activities that count, in one transaction. Each is voided or refused independently of
    /// the others. New ledger entries reverse their awards. An import with more activities takes several
    /// requests, each of which voids as many as are left, up to 1,000.
    async fn void_activities(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Activities to void.")] input: VoidActivitiesInput,
    ) -> Result<VoidActivitiesPayload, ApiError> {
        let key = input.idempotency_key.as_deref();
        let services = mutation_services(context, &input, input.preview, key);
        let reason = input.reason.as_str();
        let invalid = |field, message: &str| Err(Refusal::new(Code::Invalid, field, message).into());
        let voided: Result<VoidedRun, Error> = match (&input.ids, &input.import_run, key) {
            (Some(ids), None, _) => {
                let ids: Vec<ObjectId<'_>> = ids.iter().map(|id| NodeType::Activity.object(id)).collect();
                let outcomes = match services.activities_void(&ids, reason).await {
                    Err(Error::Repeated(first)) => services.activities_voided(&ids, first.refused).await,
                    outcomes => outcomes,
                };
                outcomes.map(|outcomes| VoidedRun { outcomes, remaining: 0 })
            }
            (None, Some(id), None) => services.import_run_void(NodeType::ImportRun.object(id), reason).await,
            (None, Some(_), Some(_)) => invalid(
                "idempotencyKey",
                "Each activity of an import is voided once without a key; leave idempotencyKey out.",
            ),
            _ => invalid("ids", "Give either ids or importRun: which activities to void."),
        };
        let voided = match split_user_errors(voided)? {
            Ok(voided) => voided,
            Err(user_errors) => return Ok(VoidActivitiesPayload { user_errors, ..Default::default() }),
        };
        let rows = voided.outcomes.iter().filter_map(|outcome| match outcome {
            VoidOutcome::Voided(row) => Some((row.id, (**row).clone())),
            VoidOutcome::Refused(_) => None,
        });
        let rows = BatchById::new(rows.collect());
        let effects = services.effects();
        let result = |outcome: VoidOutcome| match outcome {
            VoidOutcome::Voided(row) => VoidActivityResult {
                activity: rows.get(row.id).map(Activity),
                effects: Effects(effects.of_activity(row.id)),
                user_errors: Vec::new(),
            },
            VoidOutcome::Refused(refusals) => {
                VoidActivityResult { user_errors: user_errors(refusals), ..Default::default() }
            }
        };
        let results = voided.outcomes.into_iter().map(result).collect();
        Ok(VoidActivitiesPayload {
            results,
            remaining: int(voided.remaining),
            effects: Effects(effects),
            user_errors: Vec::new(),
        })
    }
}
