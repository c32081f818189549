//! The subjects of a recalculation: each follows exactly once, by a step of its own, with some others in one transaction of
//! whichever process comes to them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use entity::value::{EventKind, LogAction, RecalculationStatus};
use entity::{activity, recalculation};
use sea_orm::DatabaseTransaction;
use sea_orm::prelude::DateTimeUtc;
use tracing::Instrument;
use uuid::Uuid;

use crate::access::{Actor, Caller, Limits, Operation, Role};
use crate::error::Error;
use crate::program::rule::Program;
use crate::service::events::EventDraft;
use crate::service::pace::Pace;
use crate::service::posting::{LogEntry, Object, Posting, recalculated_data};
use crate::service::verify::moves::{Moves, MovingReplay};
use crate::service::{Services, transact};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::recalculation as store;
use crate::store::{activity as activities, affiliation, edition_trial, subject};

/// How long an answer waits for the subjects.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Subjects that one transaction recalculates, while others wait for their rows. A debug build takes so few that tests see
/// several.
const SUBJECTS_PER_TRANSACTION: u64 = if cfg!(debug_assertions) { 2 } else { 100 };

impl Services {
    /// Completes a recalculation whose subjects are not all done; without one, it reads no more than that.
    ///
    /// # Errors
    /// When the database fails; what was committed remains, and the next call does the rest.
    pub async fn complete_recalculations(&self) -> Result<(), Error> {
        if store::open(self.db.reader()).await?.is_none() {
            return Ok(());
        }
        // The log is replayed once in a process; whoever has waited finds nothing left to do.
        let _turn = self.recalculating.lock().await;
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
        let mut replay = MovingReplay::whole(&opened, &moves, &mut Pace::holding(1, &self.db)).await?;
        opened.commit().await?;
        let mut pace = Pace::holding(0, &self.db);
        while self.recalculate_next(id, &mut replay).await? {
            pace.rest().await;
        }
        Ok(())
    }

    /// Recalculates the next subjects; returns whether there may be more. Professionals come first: from then on their
    /// points are the same by both policies, so partners that are done stay so.
    async fn recalculate_next(&self, id: Uuid, replay: &mut MovingReplay<'_>) -> Result<bool, Error> {
        transact!(self, Operation::RecalculateSubjects, transaction, _changes => {
            let row = store::lock(transaction, id).await?;
            let is_open = |row: &recalculation::Model| {
                matches!(row.status, RecalculationStatus::Applying | RecalculationStatus::Reverting)
            };
            // Another process may have ended it meanwhile.
            let Some(mut row) = row.filter(is_open) else { return Ok(false) };
            let (mut partners, mut professionals) = (Vec::new(), Vec::new());
            if row.professionals_through == Some(Uuid::max()) {
                let after = row.partners_through.unwrap_or(Uuid::nil());
                let next = subject::after::<PartnerRow>(transaction, after, SUBJECTS_PER_TRANSACTION).await?;
                let Some(last) = next.last() else {
                    self.finish(transaction, row).await?;
                    return Ok(false);
                };
                row.partners_through = Some(last.id);
                let ids = next.iter().filter(|next| next.merged_into.is_none()).map(|next| next.id);
                partners = subject::lock::<PartnerRow>(transaction, [], ids).await?;
            } else {
                let after = row.professionals_through.unwrap_or(Uuid::nil());
                let next =
                    subject::after::<ProfessionalRow>(transaction, after, SUBJECTS_PER_TRANSACTION).await?;
                row.professionals_through = Some(next.last().map_or(Uuid::max(), |last| last.id));
                let ids = next.iter().filter(|next| next.merged_into.is_none()).map(|next| next.id);
                professionals = subject::lock::<ProfessionalRow>(transaction, [], ids).await?;
            }
            if !partners.is_empty() || !professionals.is_empty() {
                row.subjects += self.post_subjects(transaction, &row, (partners, professionals), replay).await?;
            }
            store::save(transaction, row).await?;
            Ok(true)
        })
    }

    /// Posts the steps of subjects whose rows are locked, and returns how many there are: one for each of whom something
    /// changes.
    async fn post_subjects(
        &self,
        transaction: &DatabaseTransaction,
        recalculation: &recalculation::Model,
        (mut partners, mut professionals): (Vec<PartnerRow>, Vec<ProfessionalRow>),
        replay: &mut MovingReplay<'_>,
    ) -> Result<i64, Error> {
        let of_partners = partners.iter().map(|row| (Object::Partner(row.id), row.last_recorded_at));
        let of_people = professionals.iter().map(|row| (Object::Professional(row.id), row.last_recorded_at));
        let subjects: Vec<(Object, Option<DateTimeUtc>)> = of_partners.chain(of_people).collect();
        replay.catch_up(transaction, subjects.iter().map(|(subject, last)| (subject.id(), *last))).await?;
        let changes = replay.changes(transaction, subjects.iter().map(|(subject, _)| *subject)).await?;
        // A transaction has subjects of one program.
        let program = if partners.is_empty() { Program::Professional } else { Program::Partner };
        let are_left_alone = replay.values_alike(program);
        let (mut following, mut unchanged) = (Vec::new(), HashMap::new());
        for ((subject, last_recorded_at), change) in subjects.into_iter().zip(changes) {
            let change = change.ok_or_else(lost)?;
            if change.is_the_same() {
                if are_left_alone {
                    continue;
                }
                unchanged.insert(subject.id(), last_recorded_at);
            }
            following.push((subject, change));
        }
        if following.is_empty() {
            return Ok(0);
        }
        let ids: HashSet<Uuid> = following.iter().map(|(subject, _)| subject.id()).collect();
        partners.retain(|row| ids.contains(&row.id));
        professionals.retain(|row| ids.contains(&row.id));
        let people = professionals.iter().map(|row| row.id);
        let employers = affiliation::of_professionals(transaction, people).await?;
        let mut posting = Posting::open(&self.policy, partners, professionals, &employers);
        for (subject, change) in &following {
            let reason = recalculation.revert_reason.as_ref().unwrap_or(&recalculation.reason);
            let entry = LogEntry {
                reason: Some(reason.clone()),
                data: Some(recalculated_data(recalculation.id)),
                ..LogEntry::new(LogAction::Recalculated, *subject)
            };
            posting.apply_recalculation(entry, change)?;
        }
        let mut posted = posting.post(transaction, self).await?;
        let left_out = posted.leave_unchanged(unchanged);
        let ids: Vec<Uuid> = posted.awarded.keys().copied().collect();
        if !ids.is_empty() {
            let rows: Vec<activity::Model> = activities::by_ids(transaction, ids).await?;
            posted.name_activities(&rows);
            activities::add_awards(transaction, posted.awarded.clone()).await?;
        }
        posted.write(transaction).await?;
        Ok(i64::try_from(following.len() - left_out).unwrap_or(i64::MAX))
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
