//! An activity.

use async_graphql::{Context, ID, Object, Union};
use entity::activity::Model;

use super::enums::ActivityStatus;
use super::{Partner, Professional};
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, JsonObject, Moment, int};
use crate::service::Services;

/// A fact: who did what, when. It is never changed; a correction voids it and records another.
pub(crate) struct Activity(pub(crate) BatchRow<Model>);

/// Who did something.
#[derive(Union)]
pub(crate) enum ActivitySubject {
    Partner(Partner),
    Professional(Professional),
}

/// A fact: who did what, when. It is never changed; a correction voids it and records another.
#[Object]
impl Activity {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Activity.id(self.0.row().id)
    }

    /// Who did it.
    async fn subject(&self, context: &Context<'_>) -> Result<ActivitySubject, ApiError> {
        let services = context.data_unchecked::<Services>();
        let row = self.0.row();
        let found = if let Some(id) = row.partner_id {
            let load =
                async { services.partners_of_activities(self.0.batch_rows()).await.map(BatchById::new) };
            self.0
                .load(Relation::Partner, load)
                .await?
                .get(id)
                .map(|found| ActivitySubject::Partner(Partner(found)))
        } else {
            let load =
                async { services.professionals_of_activities(self.0.batch_rows()).await.map(BatchById::new) };
            let found = self.0.load(Relation::Professional, load).await?;
            row.professional_id
                .and_then(|id| found.get(id))
                .map(|found| ActivitySubject::Professional(Professional(found)))
        };
        found.ok_or_else(|| crate::error::Error::Damaged("an activity without its subject".to_owned()).into())
    }

    /// Code of the kind, as the edition in force on that date lists it.
    async fn kind(&self) -> &str {
        &self.0.row().kind
    }

    /// When it happened.
    async fn occurred_on(&self) -> Date {
        Date(self.0.row().occurred_on)
    }

    /// How many of it, such as meetings, downloads or days.
    async fn quantity(&self) -> i32 {
        int(self.0.row().quantity)
    }

    /// Graded points: those of the reviewer, else those that came in. Null for kinds that are not graded.
    async fn points(&self) -> Option<i32> {
        self.0.row().graded_points.or(self.0.row().points).map(int)
    }

    /// What the kind asked for beside the date, such as `itemType`.
    async fn attributes(&self) -> JsonObject {
        JsonObject(serde_json::from_str(&self.0.row().attributes).unwrap_or_default())
    }

    /// Where it stands.
    async fn status(&self) -> ActivityStatus {
        self.0.row().status.into()
    }

    /// System that it came from.
    async fn source(&self) -> &str {
        &self.0.row().source
    }

    /// Its id in that system: the same pair again is the same activity.
    async fn external_id(&self) -> &str {
        &self.0.row().external_id
    }

    /// When the system learned of it.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// Net effect on the professional so far, in points.
    async fn awarded_points(&self) -> i32 {
        int(self.0.row().awarded_points)
    }

    /// Net effect on a partner so far, in level credits.
    async fn awarded_credits(&self) -> i32 {
        int(self.0.row().awarded_credits)
    }
}
