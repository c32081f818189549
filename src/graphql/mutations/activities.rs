//! Recording, submitting, reviewing and voiding activities.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, SimpleObject};
use uuid::Uuid;

use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, UserError, split_user_error};
use crate::graphql::id::NodeType;
use crate::graphql::scalar::{Date, JsonObject};
use crate::graphql::types::{Activity, ReviewDecision};
use crate::program::refusal::Refusal;
use crate::service::Services;
use crate::service::activities::{ActivityDraft, Decision, Intake, Outcome, SubjectCode};

/// Recording, submitting, reviewing and voiding.
#[derive(Debug, Default)]
pub(crate) struct ActivityMutations;

/// Whose activity it is: exactly one of both, by code.
#[derive(OneofObject)]
pub(crate) enum SubjectRef {
    /// Code of a partner.
    Partner(String),
    /// Code of a professional.
    Professional(String),
}

/// An activity to record or submit.
#[derive(InputObject)]
pub(crate) struct ActivityInput {
    /// Whose it is.
    subject: SubjectRef,
    /// Code of the kind; the edition in force on its date lists them.
    kind: String,
    /// When it happened; not before enrolment or sign-up, not after today.
    occurred_on: Date,
    /// How many of it, such as meetings, downloads or days.
    #[graphql(default = 1)]
    quantity: i32,
    /// Graded points, for kinds that have a range.
    points: Option<i32>,
    /// What the kind asks for beside the date: releasedOn, itemType, repost, dataminerServicesEnabled, evidenceUrl, …
    attributes: Option<JsonObject>,
    /// System that it comes from.
    source: String,
    /// Its id in that system: the same pair again is the same activity.
    external_id: String,
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

/// Activities to record.
#[derive(InputObject)]
pub(crate) struct RecordActivitiesInput {
    /// The activities, at most 1,000. Each stands by itself: one that is refused spoils no other.
    activities: Vec<ActivityInput>,
}

/// A reviewer's word on a claim.
#[derive(InputObject)]
pub(crate) struct ReviewActivityInput {
    /// Global id of the activity, which waits for review.
    activity_id: ID,
    /// Whether it counts.
    decision: ReviewDecision,
    /// Points that the reviewer grades; those proposed, when left out.
    points: Option<i32>,
    /// Why, in a person's words.
    reason: Option<String>,
}

/// An activity that no longer counts.
#[derive(InputObject)]
pub(crate) struct VoidActivityInput {
    /// Global id of the activity, which counts.
    activity_id: ID,
    /// Why, in a person's words.
    reason: Option<String>,
}

/// What came of one activity.
#[derive(SimpleObject, Default)]
pub(crate) struct RecordActivityPayload {
    /// The activity; null when it was refused, and when it came before from somebody whose activities you do not see.
    activity: Option<Activity>,
    /// Whether the same activity came before: then `activity` is that first one, and nothing has changed.
    duplicate: bool,
    /// Why it was refused; empty when it was taken.
    user_errors: Vec<UserError>,
}

/// What came of several activities.
#[derive(SimpleObject, Default)]
pub(crate) struct RecordActivitiesPayload {
    /// What came of each, in the order of the input.
    results: Vec<RecordActivityPayload>,
    /// Why the request as a whole was refused; empty when each activity was looked at.
    user_errors: Vec<UserError>,
}

/// What came of a change to an activity.
#[derive(SimpleObject, Default)]
pub(crate) struct ActivityPayload {
    /// The activity; null when the change was refused.
    activity: Option<Activity>,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

#[Object]
impl ActivityMutations {
    /// Records an activity: it counts at once. The same source and external id again changes nothing.
    async fn record_activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The activity.")] input: ActivityInput,
    ) -> Result<RecordActivityPayload, ApiError> {
        record_one(context, input, Intake::Record).await
    }

    /// Records up to 1,000 activities at once.
    async fn record_activities(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The activities.")] input: RecordActivitiesInput,
    ) -> Result<RecordActivitiesPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let drafts: Vec<ActivityDraft> = input.activities.into_iter().map(Into::into).collect();
        let outcomes = match split_user_error(services.activities_record(&drafts, Intake::Record).await)? {
            Ok(outcomes) => outcomes,
            Err(error) => {
                return Ok(RecordActivitiesPayload { user_errors: vec![error], ..Default::default() });
            }
        };
        let locate = |index: usize, refusal: Refusal| refusal.within(&index.to_string()).within("activities");
        Ok(RecordActivitiesPayload { results: payloads(outcomes, locate), user_errors: Vec::new() })
    }

    /// Submits a claim: it waits for a reviewer, and its points are a proposal.
    async fn submit_activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The activity.")] input: ActivityInput,
    ) -> Result<RecordActivityPayload, ApiError> {
        record_one(context, input, Intake::Submit).await
    }

    /// Approves or rejects a claim. An approved one counts on its own date.
    async fn review_activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The claim and the reviewer's word.")] input: ReviewActivityInput,
    ) -> Result<ActivityPayload, ApiError> {
        let decision = match input.decision {
            ReviewDecision::Approve => Decision::Approve { points: input.points.map(Into::into) },
            ReviewDecision::Reject => Decision::Reject,
        };
        let id = activity_id(&input.activity_id);
        let services = context.data_unchecked::<Services>();
        activity_payload(services.activity_review(id, decision, input.reason.as_deref()).await)
    }

    /// Voids an activity: what it was awarded is taken back by new entries.
    async fn void_activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The activity and why.")] input: VoidActivityInput,
    ) -> Result<ActivityPayload, ApiError> {
        let id = activity_id(&input.activity_id);
        let services = context.data_unchecked::<Services>();
        activity_payload(services.activity_void(id, input.reason.as_deref()).await)
    }
}

async fn record_one(
    context: &Context<'_>,
    input: ActivityInput,
    intake: Intake,
) -> Result<RecordActivityPayload, ApiError> {
    let services = context.data_unchecked::<Services>();
    let outcomes = services.activities_record(&[input.into()], intake).await?;
    Ok(payloads(outcomes, |_, refusal| refusal).pop().unwrap_or_default())
}

/// Payloads of outcomes, whose activities form one batch.
fn payloads(
    outcomes: Vec<Outcome>,
    locate: impl Fn(usize, Refusal) -> Refusal,
) -> Vec<RecordActivityPayload> {
    let rows = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Recorded(row) | Outcome::Duplicate(row) => Some((row.id, row.clone())),
        Outcome::DuplicateNotVisible | Outcome::Refused(_) => None,
    });
    let rows = BatchById::new(rows.collect());
    let payload = |(index, outcome)| match outcome {
        Outcome::Recorded(row) => {
            RecordActivityPayload { activity: rows.get(row.id).map(Activity), ..Default::default() }
        }
        Outcome::Duplicate(row) => RecordActivityPayload {
            activity: rows.get(row.id).map(Activity),
            duplicate: true,
            ..Default::default()
        },
        Outcome::DuplicateNotVisible => RecordActivityPayload { duplicate: true, ..Default::default() },
        Outcome::Refused(refusal) => {
            RecordActivityPayload { user_errors: vec![locate(index, refusal).into()], ..Default::default() }
        }
    };
    outcomes.into_iter().enumerate().map(payload).collect()
}

fn activity_payload(
    result: Result<entity::activity::Model, crate::error::Error>,
) -> Result<ActivityPayload, ApiError> {
    Ok(match split_user_error(result)? {
        Ok(row) => ActivityPayload { activity: Some(Activity(BatchRow::only(row))), user_errors: Vec::new() },
        Err(error) => ActivityPayload { activity: None, user_errors: vec![error] },
    })
}

/// The key behind the global id of an activity; the nil key, which no activity has, for another id.
fn activity_id(id: &ID) -> Uuid {
    match NodeType::parse(id) {
        Some((NodeType::Activity, key)) => key,
        _ => Uuid::nil(),
    }
}
