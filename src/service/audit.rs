//! The audit log: who did what, in the same transaction. Hooked in where transactions are.

use entity::audit_entry;
use sea_orm::DatabaseTransaction;
use serde_json::Value;
use uuid::Uuid;

use super::Services;
use crate::access::Operation;
use crate::error::Error;
use crate::store::audit;

/// What a transaction changed, for the audit log.
#[derive(Debug, Default)]
pub(super) struct Changes(Vec<Change>);

/// One change. Its values name personal fields and never hold them, or erasing them would not.
#[derive(Debug)]
pub(super) struct Change {
    object_type: &'static str,
    object_id: Uuid,
    partner_id: Option<Uuid>,
    professional_id: Option<Uuid>,
    before: Option<Value>,
    after: Option<Value>,
}

impl Change {
    /// A change of an object that is about nobody yet.
    pub(super) fn of(object_type: &'static str, object_id: Uuid) -> Self {
        Self { object_type, object_id, partner_id: None, professional_id: None, before: None, after: None }
    }

    /// The subjects that it is about.
    pub(super) fn about(mut self, partner: Option<Uuid>, professional: Option<Uuid>) -> Self {
        (self.partner_id, self.professional_id) = (partner, professional);
        self
    }

    /// What it was before.
    pub(super) fn before(mut self, value: Value) -> Self {
        self.before = Some(value);
        self
    }

    /// What it was before, if it was there.
    pub(super) fn maybe_before(mut self, value: Option<Value>) -> Self {
        self.before = value;
        self
    }

    /// What it is now.
    pub(super) fn after(mut self, value: Value) -> Self {
        self.after = Some(value);
        self
    }
}

impl Changes {
    /// Notes a change.
    pub(super) fn note(&mut self, change: Change) {
        self.0.push(change);
    }

    /// Writes what was noted, in one statement; nothing when nothing has changed.
    pub(super) async fn write(
        self,
        services: &Services,
        operation: Operation,
        transaction: &DatabaseTransaction,
    ) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let caller = services.caller();
        let (at, actor) = (services.clock.now(), caller.actor.name());
        let rows = self.0.into_iter().map(|change| audit_entry::Model {
            id: Uuid::now_v7(),
            at,
            actor: actor.clone(),
            role: caller.role.name().as_str().to_owned(),
            operation: operation.name().to_owned(),
            object_type: change.object_type.to_owned(),
            object_id: change.object_id,
            partner_id: change.partner_id,
            professional_id: change.professional_id,
            request_id: services.request_id().map(str::to_owned),
            before: change.before.map(|value| value.to_string()),
            after: change.after.map(|value| value.to_string()),
        });
        Ok(audit::insert(transaction, rows.collect()).await?)
    }
}
