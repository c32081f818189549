//! The policies that were in force when steps of the log were recorded: a recalculation puts another one in force.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::error::Error;
use crate::program::expiry::{CreditKind, Expiry};
use crate::service::Services;
use crate::service::policy::Policy;
use crate::store::recalculation;

/// Policies by the places of steps; the one in force now where there was no recalculation.
#[derive(Default)]
pub(super) struct PoliciesThen {
    /// Which recalculations were in force at a place of the log.
    in_force: HashMap<i64, Vec<Uuid>>,
    policies: HashMap<Vec<Uuid>, Policy>,
}

impl PoliciesThen {
    /// How long what was earned on a day could be spent by the policy of a step.
    pub(super) fn expiry(
        &self,
        now: &Policy,
        (kind, earned_on): (CreditKind, NaiveDate),
        seq: i64,
    ) -> Expiry {
        let then = self.in_force.get(&seq).and_then(|ids| self.policies.get(ids));
        then.unwrap_or(now).editions.at(earned_on).expiry(kind)
    }
}

impl Services {
    /// The policies in force when the steps at these places of the log were recorded.
    pub(super) async fn policies_then(&self, seqs: impl Iterator<Item = i64>) -> Result<PoliciesThen, Error> {
        let mut then = PoliciesThen::default();
        let seqs: Vec<i64> = seqs.collect();
        if seqs.is_empty() {
            return Ok(then);
        }
        let moves = recalculation::moves(self.db.reader()).await?;
        if moves.is_empty() {
            return Ok(then);
        }
        for seq in seqs {
            let began = moves.iter().filter(|row| row.applied_seq.is_some_and(|applied| applied <= seq));
            let stood = began.filter(|row| row.reverted_seq.is_none_or(|reverted| reverted > seq));
            let ids: Vec<Uuid> = stood.map(|row| row.id).collect();
            if let Entry::Vacant(vacant) = then.policies.entry(ids.clone()) {
                vacant.insert(self.policy.with_recalculations(&ids)?);
            }
            then.in_force.insert(seq, ids);
        }
        Ok(then)
    }
}
