//! The audit log, written in the transaction of the change by the `transact!` macro.

use std::collections::BTreeMap;

use entity::audit_entry;
use sea_orm::DatabaseTransaction;
use serde_json::Value;
use uuid::Uuid;

use super::Services;
use crate::access::Operation;
use crate::error::{Error, FirstResult};
use crate::program::refusal::Refusals;
use crate::store::audit;

/// The changes of a transaction, for the audit log.
#[derive(Debug, Default)]
pub(super) struct Changes {
    changes: Vec<Change>,
    /// The items of a batch that were refused, by their places.
    refused: BTreeMap<usize, Refusals>,
}

/// One change. Its values never contain personal data, which must remain erasable.
#[derive(Debug)]
pub(super) struct Change {
    object_type: &'static str,
    object_id: Uuid,
    partner_id: Option<Uuid>,
    professional_id: Option<Uuid>,
    before: Option<Value>,
    after: Option<Value>,
    reason: Option<String>,
    request_id: Option<String>,
}

impl Change {
    /// A change of an object, without subjects.
    pub(super) fn of(object_type: &'static str, object_id: Uuid) -> Self {
        Self {
            object_type,
            object_id,
            partner_id: None,
            professional_id: None,
            before: None,
            after: None,
            reason: None,
            request_id: None,
        }
    }

    /// The request that asked for the change, if it is not the one of the transaction.
    pub(super) fn sent_by(mut self, request_id: Option<&str>) -> Self {
        self.request_id = request_id.map(str::to_owned);
        self
    }

    /// The subjects that the change concerns.
    pub(super) fn about(mut self, partner: Option<Uuid>, professional: Option<Uuid>) -> Self {
        (self.partner_id, self.professional_id) = (partner, professional);
        self
    }

    /// The state before the change.
    pub(super) fn before(mut self, value: Value) -> Self {
        self.before = Some(value);
        self
    }

    /// The state before the change, if the object existed.
    pub(super) fn maybe_before(mut self, value: Option<Value>) -> Self {
        self.before = value;
        self
    }

    /// The state after the change.
    pub(super) fn after(mut self, value: Value) -> Self {
        self.after = Some(value);
        self
    }

    /// The reason that was given for the change, if any.
    pub(super) fn because(mut self, reason: Option<&str>) -> Self {
        self.reason = reason.map(str::to_owned);
        self
    }
}

impl Changes {
    /// Adds a change.
    pub(super) fn add(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Notes that an item of a batch was refused, which a repeat of the request is told too.
    pub(super) fn refuse(&mut self, place: usize, refusals: Refusals) {
        self.refused.insert(place, refusals);
    }

    /// What a repeat of the request is answered from.
    pub(super) fn first_result(&mut self) -> FirstResult {
        let object = self.changes.first().map(|change| change.object_id);
        FirstResult { object, refused: std::mem::take(&mut self.refused) }
    }

    /// Writes the changes in one statement, if there are any.
    pub(super) async fn write(
        self,
        services: &Services,
        operation: Operation,
        transaction: &DatabaseTransaction,
    ) -> Result<(), Error> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let caller = services.caller();
        let (at, actor) = (services.clock.now(), caller.actor.name());
        let rows = self.changes.into_iter().map(|change| audit_entry::Model {
            id: Uuid::now_v7(),
            at,
            actor: actor.clone(),
            role: caller.role.name().as_str().to_owned(),
            operation: operation.name().to_owned(),
            object_type: change.object_type.to_owned(),
            object_id: change.object_id,
            partner_id: change.partner_id,
            professional_id: change.professional_id,
            request_id: change.request_id.or_else(|| services.request_id().map(str::to_owned)),
            before: change.before.map(|value| value.to_string()),
            after: change.after.map(|value| value.to_string()),
            reason: change.reason,
        });
        Ok(audit::insert(transaction, rows.collect()).await?)
    }
}
