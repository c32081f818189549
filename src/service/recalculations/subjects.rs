//! The subjects of a recalculation: each follows in one transaction, exactly once, by whichever process comes to it.

use std::sync::Arc;
use std::time::Duration;

use entity::value::{EventKind, LogAction, RecalculationStatus};
use entity::{activity, recalculation};
use sea_orm::DatabaseTransaction;
use tracing::Instrument;
use uuid::Uuid;

use crate::access::{Actor, Caller, Limits, Operation, Role};
use crate::error::Error;
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, Posting, RecalculatedSubject, recalculated_data};
use crate::service::verify::moves::{Moves, MovingReplay};
use crate::service::{Services, transact};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::recalculation as store;
use crate::store::{activity as activities, affiliation, edition_trial, subject};

/// How long an answer waits for the subjects.
const WAIT_MAX: Duration = Duration::from_secs(5);

impl Services {
    /// Completes a recalculation whose subjects are not all done; without one, it reads no more than that.
    ///
    /// # Errors
    /// When the database fails; what was committed remains, and the next call does the rest.
    pub async fn complete_recalculations(&self) -> Result<(), Error> {
        while let Some(row) = store::open(self.db.reader()).await? {
            self.refresh_policy().await?;
            // The steps are those of whoever asked for them.
            let asked = row.reverted_by.as_deref().or(row.applied_by.as_deref()).unwrap_or_default();
            let caller = Caller {
                actor: Actor::Token(asked.into()),
                role: Role::Administrator,
                limits: Limits::default(),
            };
            self.for_caller(Arc::new(caller), None).recalculate_subjects(row.id).await?;
        }
        Ok(())
    }

    /// Completes recalculations apart from the request that asked for one, and waits for a while.
    pub(super) async fn wait_for_subjects(&self) {
        let services = Self { deadline: None, run: None, whole: None, ..self.clone() };
        let work = async move {
            if let Err(error) = services.complete_recalculations().await {
                tracing::warn!(%error, "failed to recalculate; the next check goes on");
            }
        };
        let _ = tokio::time::timeout(WAIT_MAX, tokio::spawn(work.in_current_span())).await;
    }

    async fn recalculate_subjects(&self, id: Uuid) -> Result<(), Error> {
        let policy = Arc::clone(self.policy());
        let opened = self.db.begin_snapshot().await?;
        let moves = Moves::load(&opened, &policy).await?;
        let mut replay = MovingReplay::begin(&opened, &moves).await?;
        replay.replay_all(&opened).await?;
        opened.commit().await?;
        while self.recalculate_next(id, &mut replay).await? {}
        Ok(())
    }

    /// Recalculates the next subject; returns whether there may be more. Professionals come first: from then on their
    /// points are the same by both policies, so partners that are done stay so.
    async fn recalculate_next(&self, id: Uuid, replay: &mut MovingReplay<'_>) -> Result<bool, Error> {
        transact!(self, Operation::RecalculateSubjects, transaction, _changes => {
            let row = store::lock(transaction, id).await?;
            let is_open = |row: &recalculation::Model| {
                matches!(row.status, RecalculationStatus::Applying | RecalculationStatus::Reverting)
            };
            // Another process may have ended it meanwhile.
            let Some(mut row) = row.filter(is_open) else { return Ok(false) };
            if row.professionals_through != Some(Uuid::max()) {
                let after = row.professionals_through.unwrap_or(Uuid::nil());
                let next = subject::after::<ProfessionalRow>(transaction, after, 1).await?.pop();
                row.professionals_through = Some(next.as_ref().map_or(Uuid::max(), |next| next.id));
                if let Some(next) = next.filter(|next| next.merged_into.is_none()) {
                    row.subjects += self.recalculate_professional(transaction, &row, next.id, replay).await?;
                }
                store::save(transaction, row).await?;
                return Ok(true);
            }
            let after = row.partners_through.unwrap_or(Uuid::nil());
            let next = subject::after::<PartnerRow>(transaction, after, 1).await?.pop();
            let Some(next) = next else {
                self.finish(transaction, row).await?;
                return Ok(false);
            };
            row.partners_through = Some(next.id);
            if next.merged_into.is_none() {
                row.subjects += self.recalculate_partner(transaction, &row, next.id, replay).await?;
            }
            store::save(transaction, row).await?;
            Ok(true)
        })
    }

    async fn recalculate_professional(
        &self,
        transaction: &DatabaseTransaction,
        recalculation: &recalculation::Model,
        id: Uuid,
        replay: &mut MovingReplay<'_>,
    ) -> Result<i64, Error> {
        let mut found = subject::lock::<ProfessionalRow>(transaction, [], [id]).await?;
        let Some(row) = found.pop() else { return Err(lost()) };
        let last_recorded_at = row.last_recorded_at;
        replay.catch_up(transaction, id, last_recorded_at).await?;
        let change = replay.professional(id).ok_or_else(lost)?;
        let employers = affiliation::of_professionals(transaction, [id]).await?;
        let posting = Posting::open(&self.policy, Vec::new(), vec![row], &employers);
        let object = Object::Professional(id);
        self.post_subject(transaction, posting, (recalculation, object), &change, last_recorded_at).await
    }

    async fn recalculate_partner(
        &self,
        transaction: &DatabaseTransaction,
        recalculation: &recalculation::Model,
        id: Uuid,
        replay: &mut MovingReplay<'_>,
    ) -> Result<i64, Error> {
        let mut found = subject::lock::<PartnerRow>(transaction, [], [id]).await?;
        let Some(row) = found.pop() else { return Err(lost()) };
        let last_recorded_at = row.last_recorded_at;
        replay.catch_up(transaction, id, last_recorded_at).await?;
        let change = replay.partner(id).ok_or_else(lost)?;
        let posting = Posting::open(&self.policy, vec![row], Vec::new(), &[]);
        let object = Object::Partner(id);
        self.post_subject(transaction, posting, (recalculation, object), &change, last_recorded_at).await
    }

    /// Posts the step of a subject, and returns 1; or 0 if nothing changes, and there is no step.
    async fn post_subject(
        &self,
        transaction: &DatabaseTransaction,
        mut posting: Posting<'_>,
        (recalculation, object): (&recalculation::Model, Object),
        change: &RecalculatedSubject,
        last_recorded_at: Option<sea_orm::prelude::DateTimeUtc>,
    ) -> Result<i64, Error> {
        let reason = recalculation.revert_reason.as_ref().unwrap_or(&recalculation.reason);
        let entry = LogEntry {
            reason: Some(reason.clone()),
            data: Some(recalculated_data(recalculation.id)),
            ..LogEntry::new(LogAction::Recalculated, object)
        };
        posting.apply_recalculation(entry, change)?;
        let mut posted = posting.post(transaction, self).await?;
        if change.is_the_same() && posted.changes_nothing() {
            posted.write_prospects(transaction, last_recorded_at).await?;
            return Ok(0);
        }
        let ids: Vec<Uuid> = posted.awarded.keys().copied().collect();
        if !ids.is_empty() {
            let rows: Vec<activity::Model> = activities::by_ids(transaction, ids).await?;
            posted.name_activities(&rows);
            activities::add_awards(transaction, posted.awarded.clone()).await?;
        }
        posted.write(transaction).await?;
        Ok(1)
    }

    async fn finish(
        &self,
        transaction: &DatabaseTransaction,
        row: recalculation::Model,
    ) -> Result<(), Error> {
        let now = Some(self.clock.now());
        let row = if row.status == RecalculationStatus::Applying {
            recalculation::Model { status: RecalculationStatus::Applied, apply_finished_at: now, ..row }
        } else {
            recalculation::Model { status: RecalculationStatus::Reverted, revert_finished_at: now, ..row }
        };
        let trial = edition_trial::by_ids(transaction, [row.trial_id]).await?.pop();
        let trial = trial.ok_or_else(|| Error::Damaged("a recalculation without its plan".to_owned()))?;
        let kind = EventKind::RecalculationFinished;
        let event = EventDraft::recalculation(kind, &row, &trial, self.clock.today());
        let reason = row.revert_reason.clone().unwrap_or_else(|| row.reason.clone());
        store::save(transaction, row).await?;
        self.emit(transaction, [], vec![event], Some(&reason)).await
    }
}

fn lost() -> Error {
    Error::Damaged("a subject is in no replay of the log".to_owned())
}
