//! An activity.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Union};
use entity::activity::Model;
use entity::value::LogAction;

use super::enums::ActivityStatus;
use super::{ImportRun, Partner, Professional, Review, Voiding};
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, JsonObject, Moment, int};
use crate::service::Services;
use crate::service::reads::Histories;

/// Activity: a fact about a partner or a professional, such as a customer meeting or a completed course.
/// Facts are immutable: a correction voids the activity and records another one.
pub(crate) struct Activity(pub(crate) BatchRow<Model>);

impl Activity {
    async fn histories(&self, context: &Context<'_>) -> Result<Arc<Histories>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.activity_histories(self.0.batch_rows()).await };
        self.0.load(Relation::Histories, load).await
    }
}

impl Activity {
    /// Another activity that rows name.
    async fn other(
        &self,
        context: &Context<'_>,
        relation: Relation,
        id: impl Fn(&Model) -> Option<uuid::Uuid> + Send + Sync,
    ) -> Option<Self> {
        let other = id(self.0.row())?;
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().filter_map(id).collect();
            services.activities_by_ids(&ids).await.map(BatchById::new)
        };
        let found = self.0.load(relation, load).await;
        or_null(context, found.map(|found| found.get(other).map(Self)))
    }
}

/// Subject of an activity: the partner or professional for which it was recorded.
#[derive(Union)]
pub(crate) enum ActivitySubject {
    Partner(Partner),
    Professional(Professional),
}

/// Activity: a fact about a partner or a professional, such as a customer meeting or a completed course.
/// Facts are immutable: a correction voids the activity and records another one.
#[Object]
impl Activity {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Activity.id(self.0.row().id)
    }

    /// Partner or professional for which the activity was recorded.
    async fn subject(&self, context: &Context<'_>) -> Result<ActivitySubject, ApiError> {
        let services = context.data_unchecked::<Services>();
        let row = self.0.row();
        let found = if let Some(id) = row.partner_id {
            let load =
                || async { services.partners_of_activities(self.0.batch_rows()).await.map(BatchById::new) };
            self.0
                .load(Relation::Partner, load)
                .await?
                .get(id)
                .map(|found| ActivitySubject::Partner(Partner(found)))
        } else {
            let load = || async {
                services.professionals_of_activities(self.0.batch_rows()).await.map(BatchById::new)
            };
            let found = self.0.load(Relation::Professional, load).await?;
            row.professional_id
                .and_then(|id| found.get(id))
                .map(|found| ActivitySubject::Professional(Professional(found)))
        };
        found.ok_or_else(|| crate::error::Error::Damaged("an activity without its subject".to_owned()).into())
    }

    /// Code of the activity kind, such as `CUSTOMER_MEETING`. `Edition.earningRules` of the edition in force
    /// on `occurredOn` lists the kinds.
    async fn kind(&self) -> &str {
        &self.0.row().kind
    }

    /// Date of the activity. It is judged by the edition in force on this date.
    async fn occurred_on(&self) -> Date {
        Date(self.0.row().occurred_on)
    }

    /// Number of units, such as meetings, downloads or training days; 1 for graded kinds.
    async fn quantity(&self) -> i32 {
        int(self.0.row().quantity)
    }

    /// Points of a graded kind: those of the reviewer if there was a review that set them, otherwise those
    /// submitted. Null for kinds with fixed points, and for a claim that leaves the grading to the reviewer.
    async fn points(&self) -> Option<i32> {
        self.0.row().graded_points.or(self.0.row().points).map(int)
    }

    /// Attributes that the kind requires or accepts, such as `itemType` or `releasedOn`; an empty object if
    /// there are none.
    async fn attributes(&self) -> JsonObject {
        JsonObject(serde_json::from_str(&self.0.row().attributes).unwrap_or_default())
    }

    /// Status: whether the activity counts, awaits review, was rejected or was voided.
    async fn status(&self) -> ActivityStatus {
        self.0.row().status.into()
    }

    /// Latest review of the claim; null unless the activity was submitted as a claim and reviewed. Staff that
    /// records a kind which requires a review approves it by recording it, without a review of its own.
    async fn review(&self, context: &Context<'_>) -> Option<Review> {
        let found = self.histories(context).await;
        let actions = [LogAction::Approved, LogAction::Rejected];
        or_null(context, found.map(|found| found.last(self.0.row().id, &actions).map(Into::into)))
    }

    /// Voiding of the activity; null unless it was voided.
    async fn voided(&self, context: &Context<'_>) -> Option<Voiding> {
        let found = self.histories(context).await;
        or_null(context, found.map(|found| found.last(self.0.row().id, &[LogAction::Voided]).map(Into::into)))
    }

    /// Source system of the activity. `source` and `externalId` together are its natural key.
    async fn source(&self) -> &str {
        &self.0.row().source
    }

    /// ID of the activity in the source system. Recording the same `source` and `externalId` again returns
    /// this activity.
    async fn external_id(&self) -> &str {
        &self.0.row().external_id
    }

    /// Activity that this one replaces: it has the same `source` and `externalId`, and was rejected or voided. Null if
    /// there is none, or if the caller may not see it.
    async fn replaces(&self, context: &Context<'_>) -> Option<Activity> {
        self.other(context, Relation::Replaced, |row| row.replaces).await
    }

    /// Activity that replaces this one. Null if there is none, or if the caller may not see it.
    async fn replaced_by(&self, context: &Context<'_>) -> Option<Activity> {
        self.other(context, Relation::Replacement, |row| row.replaced_by).await
    }

    /// Last day for the evidence of a claim that was submitted without: the claim is rejected on the next day if it
    /// still awaits review. Null if the kind sets no such day, or the evidence was given.
    async fn evidence_due_on(&self) -> Option<Date> {
        self.0.row().evidence_due_on.map(Date)
    }

    /// Time at which the activity was recorded or submitted, as opposed to `occurredOn`.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// Import that recorded the activity; null for other activities, and for callers that see no imports.
    async fn import_run(&self, context: &Context<'_>) -> Option<ImportRun> {
        let id = self.0.row().import_run_id?;
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.import_run_id).collect();
            services.import_runs_by_ids(&ids).await.map(BatchById::new)
        };
        let found = self.0.load(Relation::ImportRun, load).await;
        or_null(context, found.map(|found| found.get(id).map(ImportRun)))
    }

    /// Net DevOps Points that the activity has awarded to the professional so far, after reversals; 0 for
    /// activities of partners.
    async fn awarded_points(&self) -> i32 {
        int(self.0.row().awarded_points)
    }

    /// Net level credits that the activity has awarded so far, after reversals: to the partner itself, or to
    /// the partner for which the professional worked on that date.
    async fn awarded_credits(&self) -> i32 {
        int(self.0.row().awarded_credits)
    }
}
