//! The step from which on the edition of a recalculation is in force, and the step from which on it no longer is.

use entity::value::{DraftStatus, EventKind, LogAction, RecalculationStatus, TrialStatus};
use entity::{edition, edition_trial, recalculation};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::step_data;
use crate::access::Operation;
use crate::error::Error;
use crate::program::refusal::{Code, Refusal};
use crate::service::audit::{Change, Changes};
use crate::service::editions::checked;
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, PostedRows, Posting};
use crate::service::run::{self, PlannedEffects};
use crate::service::{ObjectId, Services, input, transact};
use crate::store::edition as editions;
use crate::store::log::{self, Position};
use crate::store::recalculation as store;
use crate::store::{edition_draft, edition_trial as trials, lock_startup};

impl Services {
    /// Applies a planned recalculation. Its edition is in force with the answer; subjects that take longer follow.
    ///
    /// # Errors
    /// When there is no such recalculation, its plan is not complete or the log has overtaken it, it was applied before,
    /// another one goes on, or its draft lacks the approval that the settings require.
    pub async fn recalculation_apply(&self, id: ObjectId<'_>) -> Result<recalculation::Model, Error> {
        self.authorize(Operation::ApplyRecalculation)?;
        let row = transact!(self, Operation::ApplyRecalculation, transaction, changes => {
            self.take_places(transaction).await?;
            let before = find(transaction, id).await?;
            check_planned(&before)?;
            self.check_no_recalculation(transaction, "recalculation").await?;
            let trial = self.finished_plan(transaction, &before).await?;
            let row = recalculation::Model {
                status: RecalculationStatus::Applying,
                applied_at: Some(self.clock.now()),
                applied_by: Some(self.caller().actor.label().to_owned()),
                ..before.clone()
            };
            let (action, kind) = (LogAction::RecalculationApplied, EventKind::RecalculationApplied);
            let posted = self.post_move(transaction, (&row, &trial), (action, kind), &row.reason).await?;
            let row = recalculation::Model { applied_seq: posted.seqs.first().copied(), ..row };
            let check = checked(self.policy().clone(), trial.document.clone(), None).await?;
            let name = check.checked.edition().map_or(String::new(), |edition| edition.name.clone());
            let edition = edition::Model {
                id: Uuid::now_v7(),
                effective_from: trial.effective_from,
                name,
                document: trial.document.clone(),
                published_at: self.clock.now(),
                published_by: row.applied_by.clone(),
                recalculation_id: Some(row.id),
            };
            editions::insert(transaction, edition).await?;
            keep_planned(trial, false, true);
            self.write_move(transaction, changes, (&before, row), posted, None).await
        })?;
        self.follow(row).await
    }

    /// Reverts the last recalculation that was applied: everything is as it would be without it.
    ///
    /// # Errors
    /// When there is no such recalculation, it is not applied to every subject, a later one is in force, another one goes
    /// on, or no reason is given.
    pub async fn recalculation_revert(
        &self,
        id: ObjectId<'_>,
        reason: &str,
    ) -> Result<recalculation::Model, Error> {
        self.authorize(Operation::RevertRecalculation)?;
        let reason = input::required_reason("reason", reason)?;
        let row = transact!(self, Operation::RevertRecalculation, transaction, changes => {
            self.take_places(transaction).await?;
            let before = find(transaction, id).await?;
            check_applied(&before)?;
            self.check_no_recalculation(transaction, "recalculation").await?;
            let later = store::moves(transaction).await?;
            let later = later.iter().find(|one| one.applied_seq > before.applied_seq && one.reverted_seq.is_none());
            if let Some(later) = later {
                let message = format!(
                    "A later recalculation is in force, applied {}; revert that one first.",
                    later.applied_at.map_or(String::new(), |at| at.format("on %Y-%m-%d at %H:%M UTC").to_string())
                );
                return Err(Refusal::new(Code::WrongState, "recalculation", message).into());
            }
            let trial = plan(transaction, &before).await?;
            let row = recalculation::Model {
                status: RecalculationStatus::Reverting,
                reverted_at: Some(self.clock.now()),
                reverted_by: Some(self.caller().actor.label().to_owned()),
                revert_reason: Some(reason.clone()),
                professionals_through: None,
                partners_through: None,
                subjects: 0,
                ..before.clone()
            };
            let (action, kind) = (LogAction::RecalculationReverted, EventKind::RecalculationReverted);
            let posted = self.post_move(transaction, (&row, &trial), (action, kind), &reason).await?;
            let row = recalculation::Model { reverted_seq: posted.seqs.first().copied(), ..row };
            let is_current = !store::has_earned_since(transaction, &before).await?;
            keep_planned(trial, true, is_current);
            self.write_move(transaction, changes, (&before, row), posted, Some(&reason)).await
        })?;
        self.follow(row).await
    }

    /// Waits until nothing is recorded by the policy of before, and lets nothing be until the transaction has ended.
    async fn take_places(&self, transaction: &DatabaseTransaction) -> Result<(), Error> {
        editions::take_turn()?;
        lock_startup(transaction).await?;
        // A preview holds its transaction until its answer was read, and changes nothing.
        if !self.is_preview() {
            editions::wait_for_places(transaction).await?;
        }
        if editions::version(transaction).await? == self.policy.version() {
            Ok(())
        } else {
            Err(Error::PolicyChanged)
        }
    }

    /// The plan of a recalculation, if it is complete, may be applied, and holds for the log as it is.
    async fn finished_plan(
        &self,
        transaction: &DatabaseTransaction,
        row: &recalculation::Model,
    ) -> Result<edition_trial::Model, Error> {
        let trial = plan(transaction, row).await?;
        let refuse = |message: String| Err(Refusal::new(Code::WrongState, "recalculation", message).into());
        match self.edition_trial_status(&trial) {
            TrialStatus::Finished => {}
            TrialStatus::Running => {
                return refuse("The plan is not complete yet; wait until its trial has finished.".to_owned());
            }
            TrialStatus::Cancelled => {
                return refuse("The trial of the plan was cancelled; plan again.".to_owned());
            }
            TrialStatus::Failed => return refuse("The trial of the plan failed; plan again.".to_owned()),
        }
        if self.edition_approval {
            let draft = match trial.draft_id {
                Some(id) => edition_draft::lock(transaction, id).await?,
                None => None,
            };
            let approved = draft.filter(|draft| {
                draft.status == DraftStatus::Approved && Some(draft.revision) == trial.draft_revision
            });
            let Some(approved) = approved else {
                return refuse(
                    "A recalculation is planned from a revision of a draft that a second administrator has approved \
                     (EDITION_APPROVAL=required) before it is applied."
                        .to_owned(),
                );
            };
            self.check_approved_day("recalculation", &approved, trial.effective_from).await?;
        }
        let since = Position { seq: row.log_seq, steps: row.log_steps };
        if let Some(step) = log::first_earning_step(transaction, since).await? {
            return refuse(format!(
                "The log has overtaken the plan: it was made at step {}, and {} came with step {}. Plan again.",
                row.log_seq,
                step.action.to_value(),
                step.seq
            ));
        }
        Ok(trial)
    }

    /// Posts the step from which on another policy holds.
    async fn post_move(
        &self,
        transaction: &DatabaseTransaction,
        (row, trial): (&recalculation::Model, &edition_trial::Model),
        (action, kind): (LogAction, EventKind),
        reason: &str,
    ) -> Result<PostedRows, Error> {
        let mut posting = Posting::open(&self.policy, Vec::new(), Vec::new(), &[]);
        let entry = LogEntry {
            reason: Some(reason.to_owned()),
            data: Some(step_data(row.id)),
            ..LogEntry::new(action, Object::Recalculation)
        };
        posting.apply(entry, None).map_err(|error| Error::Damaged(error.to_string()))?;
        let mut posted = posting.post(transaction, self).await?;
        posted.emit(0, EventDraft::recalculation(kind, row, trial, self.clock.today()));
        Ok(posted)
    }

    async fn write_move(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        (before, row): (&recalculation::Model, recalculation::Model),
        posted: PostedRows,
        reason: Option<&str>,
    ) -> Result<recalculation::Model, Error> {
        posted.write(transaction).await?;
        store::save(transaction, row.clone()).await?;
        let state = |row: &recalculation::Model| json!({ "status": row.status.to_value() });
        let change = Change::of("Recalculation", row.id).before(state(before)).after(state(&row));
        changes.add(change.because(reason.or(Some(&row.reason))));
        Ok(row)
    }

    /// Lets the subjects follow, and returns the recalculation as it is after a while.
    async fn follow(&self, row: recalculation::Model) -> Result<recalculation::Model, Error> {
        if self.is_preview() {
            return Ok(row);
        }
        // It is in force; whoever can't read it now reads it before the next posting.
        if let Err(error) = self.refresh_policy().await {
            tracing::warn!(%error, "failed to read the editions after a recalculation");
        }
        self.wait_for_subjects().await;
        Ok(store::by_ids(self.db.reader(), [row.id]).await?.pop().unwrap_or(row))
    }
}

/// The recalculation of an id, locked.
async fn find(transaction: &DatabaseTransaction, id: ObjectId<'_>) -> Result<recalculation::Model, Error> {
    let found = match id.key {
        Some(key) => store::lock(transaction, key).await?,
        None => None,
    };
    found.ok_or_else(|| input::not_found("recalculation", ("recalculation", "id"), id.text).into())
}

async fn plan(
    transaction: &DatabaseTransaction,
    row: &recalculation::Model,
) -> Result<edition_trial::Model, Error> {
    let found = trials::by_ids(transaction, [row.trial_id]).await?.pop();
    found.ok_or_else(|| Error::Damaged("a recalculation without its plan".to_owned()))
}

/// What the subjects will change is part of the effects before any of them has followed.
fn keep_planned(plan: edition_trial::Model, reverts: bool, is_current: bool) {
    run::record_effects(|effects| {
        effects.planned = Some(PlannedEffects { plan, reverts, is_current });
    });
}

fn check_planned(row: &recalculation::Model) -> Result<(), Refusal> {
    let message = match row.status {
        RecalculationStatus::Planned => return Ok(()),
        RecalculationStatus::Applying => "The recalculation is being applied already.",
        RecalculationStatus::Applied => "The recalculation was applied already.",
        RecalculationStatus::Reverting => "The recalculation is being reverted.",
        RecalculationStatus::Reverted => "The recalculation was reverted; plan it again to apply it again.",
    };
    Err(Refusal::new(Code::WrongState, "recalculation", message))
}

fn check_applied(row: &recalculation::Model) -> Result<(), Refusal> {
    let message = match row.status {
        RecalculationStatus::Applied => return Ok(()),
        RecalculationStatus::Planned => "The recalculation was not applied.",
        RecalculationStatus::Applying => {
            "The recalculation is still being applied; revert it when it has finished."
        }
        RecalculationStatus::Reverting => "The recalculation is being reverted already.",
        RecalculationStatus::Reverted => "The recalculation was reverted already.",
    };
    Err(Refusal::new(Code::WrongState, "recalculation", message))
}
