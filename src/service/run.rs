//! One run of a mutation: whether it is a preview, its idempotency key, and its effects.
//!
//! A preview does the same work in the same code, in a transaction that is rolled back once its answer was read in it.
//! The effects are those of the rows that the transaction wrote, whether they stay or not.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entity::{edition_trial, idempotency_key, ledger_entry, points_entry};
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::{Services, input};
use crate::access::Operation;
use crate::error::{Error, FirstResult};
use crate::program::level_change::LevelChange;
use crate::program::refusal::{Code, Refusal};
use crate::program::wording::quoted;
use crate::store::event::Numbering;
use crate::store::{idempotency, preview};

tokio::task_local! {
    static PENDING: RefCell<Effects>;
}

/// A subject of either program, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubjectId {
    /// A partner.
    Partner(Uuid),
    /// A professional.
    Professional(Uuid),
}

/// What a recalculation changes, as its plan found it.
#[derive(Clone, Debug)]
pub struct PlannedEffects {
    /// The plan.
    pub plan: edition_trial::Model,
    /// Whether it is taken back: what the plan gives is taken, and what it takes is given.
    pub reverts: bool,
    /// Whether nothing that earns came since, so that the figures are what changes.
    pub is_current: bool,
}

/// What a mutation changed of credits, points and levels, in order.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// New entries of partners' ledgers.
    pub ledger: Vec<ledger_entry::Model>,
    /// New entries of professionals' points.
    pub points: Vec<points_entry::Model>,
    /// Changes of levels.
    pub levels: Vec<(SubjectId, LevelChange)>,
    /// What the subjects of a recalculation, each of which has a step of its own, change in sum.
    pub planned: Option<PlannedEffects>,
}

impl Effects {
    /// The entries about one activity, without changes of levels.
    #[must_use]
    pub fn of_activity(&self, id: Uuid) -> Self {
        let ledger = self.ledger.iter().filter(|entry| entry.activity_id == Some(id));
        let points = self.points.iter().filter(|entry| entry.activity_id == Some(id));
        Self { ledger: ledger.cloned().collect(), points: points.cloned().collect(), ..Self::default() }
    }

    /// The entries of each of these steps of the log, without changes of levels, which concern all steps together. What
    /// expired because of them, by steps of its own, is of the last of the steps that changed its subject.
    #[must_use]
    pub fn of_each_step(&self, seqs: &[Option<i64>]) -> Vec<Self> {
        let places: HashMap<i64, usize> =
            seqs.iter().enumerate().filter_map(|(place, seq)| Some(((*seq)?, place))).collect();
        let mut each = vec![Self::default(); seqs.len()];
        let mut last: HashMap<Uuid, usize> = HashMap::new();
        for entry in &self.ledger {
            let own = places.get(&entry.log_seq).copied();
            if let Some(place) = own.or_else(|| last.get(&entry.partner_id).copied()) {
                last.insert(entry.partner_id, place);
                each[place].ledger.push(entry.clone());
            }
        }
        for entry in &self.points {
            let own = places.get(&entry.log_seq).copied();
            if let Some(place) = own.or_else(|| last.get(&entry.professional_id).copied()) {
                last.insert(entry.professional_id, place);
                each[place].points.push(entry.clone());
            }
        }
        each
    }
}

/// A key that the caller chose for one run of a mutation, with a digest of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The mutation, of which some are one operation. Another one's key is another key.
    pub mutation: String,
    /// The key, as it was sent.
    pub key: String,
    /// Digest of the content.
    pub digest: String,
}

/// A run of a mutation.
#[derive(Debug)]
pub(super) struct Run {
    preview: bool,
    key: Option<IdempotencyKey>,
    effects: Mutex<Effects>,
}

impl Services {
    /// The same services, for one run of a mutation that is one transaction. As a preview it keeps nothing.
    #[must_use]
    pub fn for_mutation(&self, preview: bool, key: Option<IdempotencyKey>) -> Self {
        // Nothing is read any more in the preview of an earlier mutation of the document.
        drop(preview::take());
        Self { run: Some(Arc::new(Run { preview, key, effects: Mutex::default() })), ..self.clone() }
    }

    /// What the mutation changed, or would change if it is a preview, as far as the caller may read the accounts
    /// of the subjects.
    #[must_use]
    pub fn effects(&self) -> Effects {
        let Some(run) = &self.run else { return Effects::default() };
        let mut effects = std::mem::take(&mut *run.effects.lock().unwrap_or_else(PoisonError::into_inner));
        let accounts = self.visibility(Operation::PartnerAccount);
        let people = self.visibility(Operation::Professional);
        effects.ledger.retain(|entry| accounts.can_see_partner(entry.partner_id));
        effects.points.retain(|entry| people.can_see_professional(entry.professional_id));
        effects.levels.retain(|(subject, _)| match subject {
            SubjectId::Partner(id) => accounts.can_see_partner(*id),
            SubjectId::Professional(id) => people.can_see_professional(*id),
        });
        effects
    }

    /// Whether the mutation is a preview, whose transaction is rolled back.
    pub(super) fn is_preview(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.preview)
    }

    /// When the events of a mutation get their numbers: in its own transaction, unless that goes on after it, or
    /// is rolled back.
    pub(super) fn numbering(&self) -> Numbering {
        if self.whole.is_some() || self.is_preview() { Numbering::Later } else { Numbering::AtOnce }
    }

    /// The number of a new object, from its place in the log. A preview draws none.
    pub(super) fn number(&self, prefix: char, seq: i64) -> String {
        if self.is_preview() { format!("{prefix}-PREVIEW") } else { format!("{prefix}-{seq}") }
    }

    /// Keeps the effects of a transaction that succeeded.
    pub(super) fn keep_effects(&self, effects: Effects) {
        if let Some(run) = &self.run {
            *run.effects.lock().unwrap_or_else(PoisonError::into_inner) = effects;
        }
    }

    /// Refuses a mutation whose key was used before: with the same content by [`Error::Repeated`], which has the
    /// first result.
    pub(super) async fn check_repeat(&self, transaction: &DatabaseTransaction) -> Result<(), Error> {
        let Some(sent) = self.run.as_ref().and_then(|run| run.key.as_ref()) else { return Ok(()) };
        let key = input::key("idempotencyKey", &sent.key)?;
        let actor = self.caller().actor.name();
        match idempotency::find(transaction, &actor, &sent.mutation, &key).await? {
            None => Ok(()),
            Some(first) if first.digest == sent.digest => Err(Error::Repeated(first_result(&first)?)),
            Some(_) => {
                let message = format!(
                    "The idempotencyKey {} was used before with other content; send a new one for a new request.",
                    quoted(&key)
                );
                Err(Refusal::new(Code::ConflictingDuplicate, "idempotencyKey", message).into())
            }
        }
    }

    /// Keeps the key with what the mutation came to.
    pub(super) async fn keep_key(
        &self,
        first: FirstResult,
        transaction: &DatabaseTransaction,
    ) -> Result<(), Error> {
        let Some(sent) = self.run.as_ref().and_then(|run| run.key.as_ref()) else { return Ok(()) };
        let row = idempotency_key::Model {
            actor: self.caller().actor.name(),
            operation: sent.mutation.clone(),
            key: input::key("idempotencyKey", &sent.key)?,
            digest: sent.digest.clone(),
            object_id: first.object,
            refused: (!first.refused.is_empty()).then(|| json!(first.refused).to_string()),
            recorded_at: self.clock.now(),
        };
        Ok(idempotency::insert(transaction, row).await?)
    }
}

fn first_result(row: &idempotency_key::Model) -> Result<FirstResult, Error> {
    let damaged = |_| Error::Damaged("the refused items of an idempotency key".to_owned());
    let refused = row.refused.as_deref().map(serde_json::from_str).transpose().map_err(damaged)?;
    Ok(FirstResult { object: row.object_id, refused: refused.unwrap_or_default() })
}

/// Runs an operation whose previews are read in their own transactions, each of which is rolled back before the next
/// mutation, or at the end.
pub(crate) async fn with_previews<T>(operation: impl Future<Output = T>) -> T {
    preview::scope(operation).await
}

/// Records effects of the running transaction.
pub(super) fn record_effects(record: impl FnOnce(&mut Effects)) {
    // Only a mutation that answers with its effects collects them.
    let _ = PENDING.try_with(|pending| record(&mut pending.borrow_mut()));
}

/// Runs the work of a transaction, and returns its effects with the result if somebody wants them.
pub(super) async fn collect<T>(services: &Services, work: impl Future<Output = T>) -> (T, Effects) {
    let work = services.policy.attempt(work);
    if services.run.is_none() {
        return (work.await, Effects::default());
    }
    let work = async {
        let result = work.await;
        (result, PENDING.with(RefCell::take))
    };
    PENDING.scope(RefCell::default(), work).await
}
