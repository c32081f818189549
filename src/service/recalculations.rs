//! Recalculations: a policy for days that have passed (E4). It is planned, applied, and can be reverted.
//!
//! A plan is a trial with the place of the log at which it was made. Applying it puts its edition in force from a step of
//! the log on; then each subject follows by a step of its own, some in one transaction, professionals before the partners
//! that their points count for. Reverting takes the edition out of force again, and the subjects follow in the same way.

mod apply;
mod subjects;

use std::collections::HashMap;

use entity::recalculation;
use entity::value::RecalculationStatus;
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::Change;
use super::editions::TrialInput;
use super::{Services, input, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::refusal::{Code, Refusal};
use crate::store::page::{Page, Rows};
use crate::store::recalculation as store;
use crate::store::{edition_trial, log};

impl Services {
    /// Plans a recalculation: tries a document or draft for days that have passed, and keeps the result with the place of
    /// the log. It changes nothing else.
    ///
    /// # Errors
    /// When the caller is not an administrator, no reason is given, the document has problems or a worked example that
    /// fails, or its first day has not begun or is before the launch.
    pub async fn recalculation_plan(
        &self,
        plan: &TrialInput<'_>,
        reason: &str,
    ) -> Result<recalculation::Model, Error> {
        self.authorize(Operation::PlanRecalculation)?;
        let reason = input::required_reason("reason", reason)?;
        let (trial, policy) = self.prepare_trial(plan, true).await?;
        let kept = trial.clone();
        let row = transact!(self, Operation::PlanRecalculation, transaction, changes => {
            let position = log::position(transaction).await?;
            let row = recalculation::Model {
                id: Uuid::now_v7(),
                trial_id: kept.id,
                reason: reason.clone(),
                status: RecalculationStatus::Planned,
                log_seq: position.seq,
                log_steps: position.steps,
                planned_at: self.clock.now(),
                planned_by: self.caller().actor.label().to_owned(),
                applied_seq: None,
                applied_at: None,
                applied_by: None,
                apply_finished_at: None,
                reverted_seq: None,
                reverted_at: None,
                reverted_by: None,
                revert_reason: None,
                revert_finished_at: None,
                professionals_through: None,
                partners_through: None,
                subjects: 0,
            };
            edition_trial::save(transaction, kept.clone()).await?;
            store::save(transaction, row.clone()).await?;
            let after = json!({ "status": row.status.to_value(), "effectiveFrom": kept.effective_from });
            changes.add(Change::of("Recalculation", row.id).after(after).because(Some(&reason)));
            Ok(row)
        })?;
        self.run_trial(trial, policy).await?;
        Ok(row)
    }

    /// Recalculations by id; what does not exist for the caller is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recalculations_by_ids(
        &self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, recalculation::Model>, Error> {
        if !self.can_see(Operation::Recalculations) {
            return Ok(HashMap::new());
        }
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// One page of the recalculations, in the order of planning.
    ///
    /// # Errors
    /// When the caller is not an administrator, or the database fails.
    pub async fn recalculations_page(&self, page: &Page<Uuid>) -> Result<Rows<recalculation::Model>, Error> {
        self.authorize(Operation::Recalculations)?;
        Ok(store::page(self.db.reader(), page).await?)
    }

    /// How many recalculations there are.
    ///
    /// # Errors
    /// When the caller is not an administrator, or the database fails.
    pub async fn recalculations_count(&self) -> Result<i64, Error> {
        self.authorize(Operation::Recalculations)?;
        Ok(store::count(self.db.reader()).await?)
    }

    /// Refuses what moves facts between subjects or windows while subjects are being recalculated.
    pub(super) async fn check_no_recalculation(
        &self,
        transaction: &DatabaseTransaction,
        field: &str,
    ) -> Result<(), Error> {
        if store::open(transaction).await?.is_none() {
            return Ok(());
        }
        let message = "A recalculation is going on; try again when it has finished.";
        Err(Refusal::new(Code::WrongState, field, message).into())
    }
}

/// The values of a step of the log that is of a recalculation.
fn step_data(id: Uuid) -> Value {
    json!({ "recalculation": id })
}
