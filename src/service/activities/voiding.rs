//! Voiding activities in batches: by their ids, or those that an import recorded.

use std::collections::{BTreeMap, HashMap, HashSet};

use entity::activity;
use entity::value::{ActivityStatus, EventKind, ImportStatus, LogAction};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::review::{audit_state, status};
use super::{BATCH_MAX, change, fact, program, stored_units, subjects::Subjects};
use crate::access::Operation;
use crate::error::Error;
use crate::program::admission::Admitted;
use crate::program::fold::{Fact, Step};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::rule::Review;
use crate::service::audit::Changes;
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, Posting};
use crate::service::{ObjectId, Services, input, transact};
use crate::store::{activity as store, import_run};

/// The outcome of voiding one activity of a batch.
#[derive(Clone, Debug)]
pub enum VoidOutcome {
    /// It was voided.
    Voided(Box<activity::Model>),
    /// It was refused; the others are not affected.
    Refused(Refusals),
}

/// The outcome of voiding activities of an import.
#[derive(Clone, Debug, Default)]
pub struct VoidedRun {
    /// One outcome for each activity of this transaction.
    pub outcomes: Vec<VoidOutcome>,
    /// How many activities of the import still count.
    pub remaining: i64,
}

impl Services {
    /// Voids activities in one transaction. Each has its own outcome: a refused one does not affect the others.
    ///
    /// # Errors
    /// Only for the batch as a whole: when it is too large, the reason is not accepted, or the database fails.
    pub async fn activities_void(
        &self,
        ids: &[ObjectId<'_>],
        reason: &str,
    ) -> Result<Vec<VoidOutcome>, Error> {
        self.authorize(Operation::VoidActivity)?;
        let size = if ids.len() > BATCH_MAX {
            let message = format!("One request accepts at most {BATCH_MAX} activities; got {}.", ids.len());
            Err(Refusal::new(Code::TooMany, "ids", message))
        } else {
            Ok(())
        };
        let (reason, ()) = all((input::required_reason("reason", reason), size))?;
        transact!(self, Operation::VoidActivity, transaction, changes => {
            let outcomes = self.void_batch(transaction, changes, ids, &reason).await?;
            for (index, outcome) in outcomes.iter().enumerate() {
                if let VoidOutcome::Refused(refusals) = outcome {
                    changes.refuse(index, refusals.clone());
                }
            }
            Ok(outcomes)
        })
    }

    /// The outcomes of a batch whose first request refused some of it: the others as they are now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activities_voided(
        &self,
        ids: &[ObjectId<'_>],
        mut refused: BTreeMap<usize, Refusals>,
    ) -> Result<Vec<VoidOutcome>, Error> {
        self.authorize(Operation::VoidActivity)?;
        let rows = store::by_ids(self.db.reader(), ids.iter().filter_map(|id| id.key)).await?;
        let rows: HashMap<Uuid, activity::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
        let outcome = |(index, id): (usize, &ObjectId<'_>)| match refused.remove(&index) {
            Some(refusals) => VoidOutcome::Refused(refusals),
            None => match id.key.and_then(|key| rows.get(&key)) {
                Some(row) => VoidOutcome::Voided(Box::new(row.clone())),
                None => VoidOutcome::Refused(missing(index, *id).into()),
            },
        };
        Ok(ids.iter().enumerate().map(outcome).collect())
    }

    /// Voids the activities of an import that count: at most [`BATCH_MAX`] of them in one transaction, the last
    /// recorded ones first. Called until none remains, it voids each exactly once, also after an interruption.
    ///
    /// # Errors
    /// When there is no such import, the reason is not accepted, or the database fails.
    pub async fn import_run_void(&self, run: ObjectId<'_>, reason: &str) -> Result<VoidedRun, Error> {
        self.authorize(Operation::VoidActivity)?;
        let reason = input::required_reason("reason", reason);
        let missing = || input::not_found("importRun", ("import run", "id"), run.text);
        transact!(self, Operation::VoidActivity, transaction, changes => {
            let locked = match run.key {
                Some(key) => import_run::lock(transaction, key).await?.ok_or_else(missing),
                None => Err(missing()),
            };
            let (reason, row) = all((reason.as_ref(), locked))?;
            let size = u64::try_from(BATCH_MAX).unwrap_or(u64::MAX);
            let found = import_run::counting_activities(transaction, row.id, size).await?;
            let ids: Vec<ObjectId<'_>> = found.iter().map(|row| ObjectId::of_row(row.id)).collect();
            let mut outcomes = self.void_batch(transaction, changes, &ids, reason).await?;
            // One that somebody else voided while this transaction waited for its locks is not an activity of this batch.
            outcomes.retain(|outcome| match outcome {
                VoidOutcome::Voided(_) => true,
                VoidOutcome::Refused(refusals) => refusals.first().code != Code::WrongState,
            });
            let remaining = import_run::counting(transaction, row.id).await?;
            if remaining == 0 && !outcomes.is_empty() {
                import_run::save(transaction, entity::import_run::Model { status: ImportStatus::Undone, ..row }).await?;
            }
            Ok(VoidedRun { outcomes, remaining })
        })
    }

    async fn void_batch(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        ids: &[ObjectId<'_>],
        reason: &str,
    ) -> Result<Vec<VoidOutcome>, Error> {
        let keys = || ids.iter().filter_map(|id| id.key);
        let found = store::by_ids(transaction, keys()).await?;
        if found.is_empty() {
            let refused =
                |(index, id): (usize, &ObjectId<'_>)| VoidOutcome::Refused(missing(index, *id).into());
            return Ok(ids.iter().enumerate().map(refused).collect());
        }
        let subjects = Subjects::lock_for_activities(transaction, &self.policy, &found).await?;
        let found = store::by_ids(transaction, keys()).await?;
        let mut rows: HashMap<Uuid, activity::Model> = found.into_iter().map(|row| (row.id, row)).collect();
        let mut posting = subjects.posting(&self.policy);
        let mut planned: Vec<Result<(Uuid, Option<Fact>), Refusals>> = Vec::with_capacity(ids.len());
        for (index, id) in ids.iter().enumerate() {
            let row = id.key.and_then(|key| rows.get_mut(&key));
            planned.push(if let Some(row) = row {
                if let Err(refusal) = check_counts(index, row) {
                    Err(refusal.into())
                } else {
                    let fact = self.stored_fact(&mut posting, row)?;
                    // A second mention of the same activity finds it voided.
                    row.status = ActivityStatus::Voided;
                    Ok((row.id, fact))
                }
            } else {
                Err(missing(index, *id).into())
            });
        }
        let facts: Vec<Fact> = planned.iter().flatten().filter_map(|(_, fact)| *fact).collect();
        posting.load_for_facts(transaction, &facts).await?;
        for (index, one) in planned.iter_mut().enumerate() {
            let Ok((id, fact)) = one else { continue };
            let entry = LogEntry {
                reason: Some(reason.to_owned()),
                ..LogEntry::new(LogAction::Voided, Object::Activity(*id))
            };
            if let Err(exceeded) = posting.apply(entry, fact.map(Step::Voided)) {
                *one = Err(of_one(index, Code::Invalid, exceeded.to_string()).into());
            }
        }
        if planned.iter().all(Result::is_err) {
            return Ok(outcomes(planned, &rows));
        }
        let mut posted = posting.post(transaction, self).await?;
        let mut taken = Vec::new();
        for (step, (id, _)) in planned.iter().flatten().enumerate() {
            let Some(row) = rows.get_mut(id) else { continue };
            let (points, credits) = posted.awarded.get(id).copied().unwrap_or_default();
            taken.push((*id, points, credits));
            row.awarded_points += points;
            row.awarded_credits += credits;
            let before = activity::Model { status: ActivityStatus::Recorded, ..row.clone() };
            changes
                .add(change(row).before(audit_state(&before)).after(audit_state(row)).because(Some(reason)));
            posted.emit(step, EventDraft::activity(EventKind::ActivityVoided, row));
        }
        let voided: HashSet<Uuid> = taken.iter().map(|(id, ..)| *id).collect();
        store::void(transaction, taken).await?;
        // What others gave back that had taken points.
        let others = posted.awarded.iter().filter(|(id, _)| !voided.contains(id));
        store::add_awards(transaction, others.map(|(id, awarded)| (*id, *awarded))).await?;
        posted.write(transaction).await?;
        Ok(outcomes(planned, &rows))
    }

    /// The fact of a stored activity that counts, by the rule that judged it.
    pub(super) fn stored_fact(
        &self,
        posting: &mut Posting<'_>,
        row: &activity::Model,
    ) -> Result<Option<Fact>, Error> {
        let Some(units) = stored_units(&self.policy, row)? else { return Ok(None) };
        let kind = self.policy.editions.kind(program(row), &row.kind);
        let kind = kind.ok_or_else(|| Error::Damaged(format!("no edition knows {}", row.kind)))?;
        Ok(fact(posting, row, Admitted { kind, units, review: Review::None }))
    }
}

/// A refusal of one activity of a batch.
fn of_one(index: usize, code: Code, message: String) -> Refusal {
    Refusal::new(code, &index.to_string(), message).within("ids")
}

fn missing(index: usize, id: ObjectId<'_>) -> Refusal {
    of_one(index, Code::NotFound, input::not_found("id", ("activity", "id"), id.text).message)
}

fn check_counts(index: usize, row: &activity::Model) -> Result<(), Refusal> {
    if row.status == ActivityStatus::Recorded {
        return Ok(());
    }
    Err(not_voided(index, row))
}

fn not_voided(index: usize, row: &activity::Model) -> Refusal {
    let message = format!("Only a recorded activity can be voided; this one is {}.", status(row.status));
    of_one(index, Code::WrongState, message)
}

fn outcomes(
    planned: Vec<Result<(Uuid, Option<Fact>), Refusals>>,
    rows: &HashMap<Uuid, activity::Model>,
) -> Vec<VoidOutcome> {
    let outcome = |one: Result<(Uuid, _), Refusals>| match one {
        Ok((id, _)) => rows.get(&id).cloned().map(|row| VoidOutcome::Voided(Box::new(row))),
        Err(refusals) => Some(VoidOutcome::Refused(refusals)),
    };
    planned.into_iter().filter_map(outcome).collect()
}
