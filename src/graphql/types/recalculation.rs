//! Recalculations.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};
use entity::{recalculation, value};

use super::enums::map_enum;
use super::{Edition, EditionTrial};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::service::Services;

/// Status of a recalculation.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecalculationStatus {
    /// It changes nothing yet.
    Planned,
    /// Its edition is in force, and partners and professionals are being recalculated.
    Applying,
    /// Every partner and professional is recalculated.
    Applied,
    /// Its edition is no longer in force, and partners and professionals are being recalculated back.
    Reverting,
    /// Every partner and professional is as without it.
    Reverted,
}

map_enum!(
    RecalculationStatus = value::RecalculationStatus { Planned, Applying, Applied, Reverting, Reverted }
);

/// Recalculation: a policy for days that have passed. It is planned, applied, and can be reverted. Administrators only.
pub(crate) struct Recalculation(pub(crate) BatchRow<recalculation::Model>);

/// Recalculation: a policy for days that have passed. It is planned, applied, and can be reverted. Administrators only.
#[Object]
impl Recalculation {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Recalculation.id(self.0.row().id)
    }

    /// Status of the recalculation. Partners and professionals that are not recalculated with the answer follow; read it
    /// again by its ID.
    async fn status(&self) -> RecalculationStatus {
        self.0.row().status.into()
    }

    /// Plan: what the document would change, tried on the whole log.
    async fn trial(&self, context: &Context<'_>) -> Result<EditionTrial, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.trial_id).collect();
            services.edition_trials_by_ids(&ids).await.map(BatchById::new)
        };
        let trials = self.0.load(Relation::PlannedTrial, load).await?;
        let trial = trials.get(self.0.row().trial_id).map(EditionTrial);
        Ok(trial.ok_or_else(|| Error::Damaged("a recalculation without its plan".to_owned()))?)
    }

    /// First day from which on its edition is in force, in the place of the one that has the same first day, if there is
    /// one.
    async fn effective_from(&self, context: &Context<'_>) -> Result<Date, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.trial_id).collect();
            services.edition_trials_by_ids(&ids).await.map(BatchById::new)
        };
        let trials = self.0.load(Relation::PlannedTrial, load).await?;
        let trial = trials.get(self.0.row().trial_id);
        let trial = trial.ok_or_else(|| Error::Damaged("a recalculation without its plan".to_owned()))?;
        Ok(Date(trial.row().effective_from))
    }

    /// Edition that is in force through it; null while it is not.
    async fn edition(&self, context: &Context<'_>) -> Option<Edition> {
        let policy = context.data_unchecked::<Services>().policy();
        let id = policy.id_of_recalculation(self.0.row().id)?;
        let index = policy.index(id).filter(|index| *index < policy.editions.count_in_force())?;
        Some(Edition { id, index, policy: Arc::clone(policy) })
    }

    /// Reason for the recalculation.
    async fn reason(&self) -> &str {
        &self.0.row().reason
    }

    /// Number of partners and professionals whose ledger or levels it has changed so far; while it is being reverted,
    /// and after it was, the number of those that were changed back.
    async fn subjects(&self) -> i32 {
        int(self.0.row().subjects)
    }

    /// Time at which it was planned.
    async fn planned_at(&self) -> Moment {
        Moment(self.0.row().planned_at)
    }

    /// Label of the key, or subject of the token, that planned it.
    async fn planned_by(&self) -> &str {
        &self.0.row().planned_by
    }

    /// Time from which on its edition was in force; null if it was not applied.
    async fn applied_at(&self) -> Option<Moment> {
        self.0.row().applied_at.map(Moment)
    }

    /// Label of the key, or subject of the token, that applied it; null if it was not applied.
    async fn applied_by(&self) -> Option<&str> {
        self.0.row().applied_by.as_deref()
    }

    /// Time at which the last partner or professional was recalculated; null until then.
    async fn apply_finished_at(&self) -> Option<Moment> {
        self.0.row().apply_finished_at.map(Moment)
    }

    /// Time from which on its edition was no longer in force; null if it was not reverted.
    async fn reverted_at(&self) -> Option<Moment> {
        self.0.row().reverted_at.map(Moment)
    }

    /// Label of the key, or subject of the token, that reverted it; null if it was not reverted.
    async fn reverted_by(&self) -> Option<&str> {
        self.0.row().reverted_by.as_deref()
    }

    /// Reason for which it was reverted; null if it was not.
    async fn revert_reason(&self) -> Option<&str> {
        self.0.row().revert_reason.as_deref()
    }

    /// Time at which the last partner or professional was recalculated back; null until then.
    async fn revert_finished_at(&self) -> Option<Moment> {
        self.0.row().revert_finished_at.map(Moment)
    }
}
