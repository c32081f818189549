//! Recording, submitting, reviewing and voiding activities.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, SimpleObject};

use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, UserError, split_user_errors, user_errors};
use crate::graphql::id::NodeType;
use crate::graphql::run::{mutation_services, or_first};
use crate::graphql::scalar::{Date, JsonObject};
use crate::graphql::types::{Activity, Effects, ReviewDecision};
use crate::program::refusal::{Code, Refusal, Refusals};
use crate::service::activities::{ActivityDraft, Decision, Intake, Outcome, SubjectCode};
use crate::service::{Services, run};

/// Recording, submitting, reviewing and voiding.
#[derive(Debug, Default)]
pub(crate) struct ActivityMutations;

/// Subject of an activity: exactly one of `partner` and `professional`.
#[derive(OneofObject)]
pub(crate) enum SubjectRef {
    /// Code of a partner.
    Partner(String),
    /// Code of a professional.
    Professional(String),
}

/// Activity to record (`recordActivity`) or to submit as a claim (`submitActivity`).
#[derive(InputObject)]
pub(crate) struct ActivityInput {
    /// Partner or professional for which the activity is recorded.
    subject: SubjectRef,
    /// Code of the activity kind. `Edition.earningRules` of the edition in force on `occurredOn` lists the
    /// kinds; others are refused as `UNKNOWN_KIND`.
    kind: String,
    /// Date of the activity: not before enrolment or sign-up (`DATE_BEFORE_ENROLMENT`), not after today
    /// (`DATE_IN_FUTURE`).
    occurred_on: Date,
    /// Number of units, such as meetings, downloads or training days: 1 to `EarningRule.maxQuantity`. Must be
    /// 1 for graded kinds.
    #[graphql(default = 1)]
    quantity: i32,
    /// Points of a graded kind, within its range (`POINTS_REQUIRED`, `POINTS_OUT_OF_RANGE`). A claim may omit
    /// them and leave the grading to the reviewer. Not accepted for kinds with fixed points.
    points: Option<i32>,
    /// Attributes of the kind, such as `releasedOn`, `itemType`, `repost` or `dataminerServicesEnabled`; those
    /// of every kind, such as `evidenceUrl`; and `note`, any text. Others are refused as `INVALID`. At most
    /// 8,192 bytes of JSON. Activities are append-only: do not send personal data.
    attributes: Option<JsonObject>,
    /// Source system of the activity, 1 to 200 characters. An API key may be restricted to some sources; see
    /// `ApiKey.sources`.
    source: String,
    /// ID of the activity in the source system, 1 to 200 characters. Together with `source` it is the
    /// idempotency key: a repeat with the same content returns the first activity, a repeat with other
    /// content is refused as `CONFLICTING_DUPLICATE`.
    external_id: String,
    /// Whether the activity replaces the one with the same `source` and `externalId`, which must have been rejected or
    /// voided. `source` and `externalId` then identify the new activity.
    #[graphql(default = false)]
    replaces: bool,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

impl From<ActivityInput> for ActivityDraft {
    fn from(input: ActivityInput) -> Self {
        Self {
            subject: match input.subject {
                SubjectRef::Partner(code) => SubjectCode::Partner(code),
                SubjectRef::Professional(code) => SubjectCode::Professional(code),
            },
            kind: input.kind,
            occurred_on: input.occurred_on.0,
            quantity: input.quantity.into(),
            points: input.points.map(Into::into),
            attributes: input.attributes.map(|object| object.0).unwrap_or_default(),
            source: input.source,
            external_id: input.external_id,
        }
    }
}

/// Batch of activities to record.
#[derive(InputObject)]
pub(crate) struct RecordActivitiesInput {
    /// Activities to record, at most 1,000 (`TOO_MANY`). Each is accepted or refused independently of the
    /// others.
    activities: Vec<ActivityInput>,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
}

/// Review of a claim.
#[derive(InputObject)]
pub(crate) struct ReviewActivityInput {
    /// Global ID of the claim, which must await review.
    activity_id: ID,
    /// Decision of the reviewer.
    decision: ReviewDecision,
    /// Points that the reviewer grades, within the range of the kind; by default, those proposed by the
    /// claim.
    points: Option<i32>,
    /// Reason for the change, at most 2,000 characters on one line. Optional.
    reason: Option<String>,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Activity to void.
#[derive(InputObject)]
pub(crate) struct VoidActivityInput {
    /// Global ID of the activity, which must count (`RECORDED`).
    activity_id: ID,
    /// Reason for the change, at most 2,000 characters on one line. Optional.
    reason: Option<String>,
    /// Whether to answer with the effects only and to keep nothing.
    #[graphql(default = false)]
    preview: bool,
    /// Client-chosen key, 1 to 200 characters, unique per caller and mutation. A repeat with the same content
    /// returns the object of the first request; other content is refused as `CONFLICTING_DUPLICATE`. Optional.
    idempotency_key: Option<String>,
}

/// Result of recording or submitting one activity.
#[derive(SimpleObject, Default)]
pub(crate) struct RecordActivityPayload {
    /// The activity; null if it was refused, or if it is a duplicate of an activity that the caller may not
    /// see.
    activity: Option<Activity>,
    /// Whether the same activity already existed. `activity` is then the existing one, and nothing was
    /// changed.
    duplicate: bool,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the activity was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Result of `recordActivities`.
#[derive(SimpleObject, Default)]
pub(crate) struct RecordActivitiesPayload {
    /// Results of the activities, in the order of the input.
    results: Vec<RecordActivityPayload>,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the batch as a whole was refused; empty if each activity has a result.
    user_errors: Vec<UserError>,
}

/// Result of reviewing or voiding an activity.
#[derive(SimpleObject, Default)]
pub(crate) struct ActivityPayload {
    /// The activity after the change; null if the mutation was refused.
    activity: Option<Activity>,
    /// What the mutation changed of credits, points and levels, or would change as a preview.
    effects: Effects,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

#[Object]
impl ActivityMutations {
    /// Records an activity, which counts at once. Idempotent by `source` and `externalId`.
    async fn record_activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Activity to record.")] input: ActivityInput,
    ) -> Result<RecordActivityPayload, ApiError> {
        record_one(context, input, Intake::Record).await
    }

    /// Records up to 1,000 activities. Each is accepted or refused independently of the others. Idempotent
    /// like `recordActivity`.
    async fn record_activities(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Activities to record.")] input: RecordActivitiesInput,
    ) -> Result<RecordActivitiesPayload, ApiError> {
        let services = mutation_services(context, &input, input.preview, None);
        if let Some(index) = input.activities.iter().position(|activity| activity.preview) {
            let message = "A batch is a preview as a whole; set preview on the batch instead.";
            let refusal = Refusal::new(Code::Invalid, "preview", message.to_owned());
            let refusal = Refusals::from(refusal).within(&index.to_string()).within("activities");
            return Ok(RecordActivitiesPayload { user_errors: user_errors(refusal), ..Default::default() });
        }
        let replaces: Vec<bool> = input.activities.iter().map(|activity| activity.replaces).collect();
        let drafts: Vec<ActivityDraft> = input.activities.into_iter().map(Into::into).collect();
        let recorded = services.activities_replace(&drafts, &replaces, Intake::Record).await;
        let outcomes = match split_user_errors(recorded)? {
            Ok(outcomes) => outcomes,
            Err(user_errors) => return Ok(RecordActivitiesPayload { user_errors, ..Default::default() }),
        };
        let locate =
            |index: usize, refusals: Refusals| refusals.within(&index.to_string()).within("activities");
        let effects = services.effects();
        let results = payloads(outcomes, locate, &effects);
        Ok(RecordActivitiesPayload { results, effects: Effects(effects), user_errors: Vec::new() })
    }

    /// Submits an activity as a claim, which awards nothing until a reviewer approves it. Its points are a
    /// proposal. Idempotent by `source` and `externalId`.
    async fn submit_activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Activity to submit.")] input: ActivityInput,
    ) -> Result<RecordActivityPayload, ApiError> {
        record_one(context, input, Intake::Submit).await
    }

    /// Approves or rejects a claim. An approved claim counts on its own date (`occurredOn`). Refused as
    /// `WRONG_STATE` unless the claim awaits review.
    async fn review_activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Claim and decision.")] input: ReviewActivityInput,
    ) -> Result<ActivityPayload, ApiError> {
        let decision = match input.decision {
            ReviewDecision::Approve => Decision::Approve { points: input.points.map(Into::into) },
            ReviewDecision::Reject => Decision::Reject,
        };
        let id = NodeType::Activity.object(&input.activity_id);
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let reviewed = services.activity_review(id, decision, input.reason.as_deref()).await;
        activity_payload(&services, reviewed).await
    }

    /// Voids an activity that counts. New ledger entries reverse its awards.
    async fn void_activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Activity to void.")] input: VoidActivityInput,
    ) -> Result<ActivityPayload, ApiError> {
        let id = NodeType::Activity.object(&input.activity_id);
        let services = mutation_services(context, &input, input.preview, input.idempotency_key.as_deref());
        let voided = services.activity_void(id, input.reason.as_deref()).await;
        activity_payload(&services, voided).await
    }
}

async fn record_one(
    context: &Context<'_>,
    input: ActivityInput,
    intake: Intake,
) -> Result<RecordActivityPayload, ApiError> {
    let services = mutation_services(context, &input, input.preview, None);
    let replaces = input.replaces;
    let outcome = services.activity_record(input.into(), replaces, intake).await?;
    let effects = services.effects();
    let payload = payloads(vec![outcome], |_, refusals| refusals, &run::Effects::default()).pop();
    Ok(RecordActivityPayload { effects: Effects(effects), ..payload.unwrap_or_default() })
}

/// Payloads of outcomes, whose activities form one batch. Each has the entries of its activity.
fn payloads(
    outcomes: Vec<Outcome>,
    locate: impl Fn(usize, Refusals) -> Refusals,
    effects: &run::Effects,
) -> Vec<RecordActivityPayload> {
    let rows = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Recorded(row) | Outcome::Duplicate(row) => Some((row.id, row.clone())),
        Outcome::DuplicateNotVisible | Outcome::Refused(_) => None,
    });
    let rows = BatchById::new(rows.collect());
    let seqs: Vec<Option<i64>> = outcomes.iter().map(Outcome::recorded_seq).collect();
    let mut each = effects.of_each_step(&seqs);
    let payload = |(index, outcome)| match outcome {
        Outcome::Recorded(row) => {
            let effects = Effects(std::mem::take(&mut each[index]));
            RecordActivityPayload { activity: rows.get(row.id).map(Activity), effects, ..Default::default() }
        }
        Outcome::Duplicate(row) => RecordActivityPayload {
            activity: rows.get(row.id).map(Activity),
            duplicate: true,
            ..Default::default()
        },
        Outcome::DuplicateNotVisible => RecordActivityPayload { duplicate: true, ..Default::default() },
        Outcome::Refused(refusals) => {
            RecordActivityPayload { user_errors: user_errors(locate(index, refusals)), ..Default::default() }
        }
    };
    outcomes.into_iter().enumerate().map(payload).collect()
}

async fn activity_payload(
    services: &Services,
    result: Result<entity::activity::Model, Error>,
) -> Result<ActivityPayload, ApiError> {
    let result = or_first(result, async |id| Ok(services.activities_by_ids(&[id]).await?.remove(&id))).await;
    Ok(match split_user_errors(result)? {
        Ok(row) => ActivityPayload {
            activity: Some(Activity(BatchRow::only(row))),
            effects: Effects(services.effects()),
            user_errors: Vec::new(),
        },
        Err(user_errors) => ActivityPayload { user_errors, ..ActivityPayload::default() },
    })
}
