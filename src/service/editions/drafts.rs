//! Drafts of editions: saved, approved by a second administrator, and withdrawn.

use chrono::NaiveDate;
use entity::edition_draft;
use entity::value::{DraftStatus, EventKind};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::check::{checked, problems_of};
use crate::access::Operation;
use crate::error::Error;
use crate::program::edition_check::DOCUMENT_BYTES_MAX;
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::wording::quoted;
use crate::service::audit::{Change, Changes};
use crate::service::events::EventDraft;
use crate::service::{ObjectId, Services, input, transact};
use crate::store::edition_draft as store;

/// A draft as received.
#[derive(Clone, Debug)]
pub struct DraftInput<'i> {
    /// The draft to change, and the revision that the change is based on; none for a new draft.
    pub of: Option<(ObjectId<'i>, i64)>,
    /// Display name.
    pub name: String,
    /// TOML document.
    pub document: String,
    /// First day in force that is meant.
    pub effective_from: Option<NaiveDate>,
}

impl Services {
    /// Saves a new draft, or another revision of one. A document with problems can be saved, but not be approved or
    /// published.
    ///
    /// # Errors
    /// When the draft does not exist, has another revision or can't be changed any more, or the input is invalid.
    pub async fn edition_draft_save(&self, draft: DraftInput<'_>) -> Result<edition_draft::Model, Error> {
        self.authorize(Operation::SaveEditionDraft)?;
        let checked = all((input::name("name", &draft.name), check_document(&draft.document)));
        transact!(self, Operation::SaveEditionDraft, transaction, changes => {
            let (name, ()) = checked.clone()?;
            let (now, caller) = (self.clock.now(), self.caller());
            let before = match &draft.of {
                None => None,
                Some((id, revision)) => {
                    let row = find(transaction, "draft", *id).await?;
                    check_revision(&row, *revision)?;
                    check_open(&row, "changed")?;
                    Some(row)
                }
            };
            let row = edition_draft::Model {
                id: before.as_ref().map_or_else(Uuid::now_v7, |row| row.id),
                name,
                document: draft.document.clone(),
                effective_from: draft.effective_from,
                revision: before.as_ref().map_or(1, |row| row.revision + 1),
                status: DraftStatus::Open,
                created_at: before.as_ref().map_or(now, |row| row.created_at),
                saved_at: now,
                saved_by: caller.actor.name(),
                saved_by_label: caller.actor.label().to_owned(),
                approved_at: None,
                approved_by: None,
                approved_by_label: None,
                edition_id: None,
            };
            let event = (Some(EventKind::EditionDraftSaved), None);
            self.write_draft(transaction, changes, before.as_ref(), row, event).await
        })
    }

    /// Approves a revision of a draft, as another administrator than the one who saved it.
    ///
    /// # Errors
    /// When the draft does not exist, has another revision, is not open, has problems, or the caller saved it.
    pub async fn edition_draft_approve(
        &self,
        id: ObjectId<'_>,
        revision: i64,
    ) -> Result<edition_draft::Model, Error> {
        self.authorize(Operation::ApproveEditionDraft)?;
        transact!(self, Operation::ApproveEditionDraft, transaction, changes => {
            let before = find(transaction, "draft", id).await?;
            check_revision(&before, revision)?;
            check_open(&before, "approved")?;
            let actor = &self.caller().actor;
            if before.saved_by == actor.name() {
                let message = format!(
                    "A draft is approved by another administrator than the one who saved it last, {}.",
                    quoted(&before.saved_by_label)
                );
                return Err(Refusal::new(Code::WrongState, "draft", message).into());
            }
            let (policy, document) = (self.policy().clone(), before.document.clone());
            let check = checked(policy, document, before.effective_from).await?;
            problems_of("draft", &check)?;
            let row = edition_draft::Model {
                status: DraftStatus::Approved,
                approved_at: Some(self.clock.now()),
                approved_by: Some(actor.name()),
                approved_by_label: Some(actor.label().to_owned()),
                ..before.clone()
            };
            let event = (Some(EventKind::EditionDraftApproved), None);
            self.write_draft(transaction, changes, Some(&before), row, event).await
        })
    }

    /// Withdraws a draft, which stays readable.
    ///
    /// # Errors
    /// When the draft does not exist, or was published or withdrawn.
    pub async fn edition_draft_withdraw(
        &self,
        id: ObjectId<'_>,
        reason: Option<&str>,
    ) -> Result<edition_draft::Model, Error> {
        self.authorize(Operation::WithdrawEditionDraft)?;
        let reason = input::reason("reason", reason);
        transact!(self, Operation::WithdrawEditionDraft, transaction, changes => {
            let reason = reason.clone()?;
            let before = find(transaction, "draft", id).await?;
            if before.status == DraftStatus::Withdrawn {
                return Ok(before);
            }
            check_open(&before, "withdrawn")?;
            let row = edition_draft::Model { status: DraftStatus::Withdrawn, ..before.clone() };
            let event = (Some(EventKind::EditionDraftWithdrawn), reason.as_deref());
            self.write_draft(transaction, changes, Some(&before), row, event).await
        })
    }

    /// Writes a draft with its entry of the audit log, and its event if it has one.
    pub(super) async fn write_draft(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        before: Option<&edition_draft::Model>,
        row: edition_draft::Model,
        (kind, reason): (Option<EventKind>, Option<&str>),
    ) -> Result<edition_draft::Model, Error> {
        let change = Change::of("EditionDraft", row.id).maybe_before(before.map(state)).after(state(&row));
        changes.add(change.because(reason));
        store::save(transaction, row.clone()).await?;
        if let Some(kind) = kind {
            let event = EventDraft::edition_draft(kind, &row, self.clock.today());
            self.emit(transaction, [], vec![event], reason).await?;
        }
        Ok(row)
    }
}

/// What the audit log keeps of a draft: the document by its digest, as revisions are many and long.
fn state(row: &edition_draft::Model) -> Value {
    let digits =
        |byte: &u8| [byte >> 4, byte & 0xf].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'));
    let digest: String = Sha256::digest(row.document.as_bytes()).iter().flat_map(digits).collect();
    json!({
        "name": row.name, "revision": row.revision, "status": row.status.to_value(),
        "effectiveFrom": row.effective_from, "documentSha256": digest,
    })
}

/// The draft of an id, locked.
pub(super) async fn find(
    transaction: &DatabaseTransaction,
    field: &str,
    id: ObjectId<'_>,
) -> Result<edition_draft::Model, Error> {
    let found = match id.key {
        Some(key) => store::lock(transaction, key).await?,
        None => None,
    };
    found.ok_or_else(|| input::not_found(field, ("draft", "id"), id.text).into())
}

fn check_document(document: &str) -> Result<(), Refusal> {
    let length = document.len();
    if length > DOCUMENT_BYTES_MAX {
        let message = format!("A document has at most {DOCUMENT_BYTES_MAX} bytes; got {length}.");
        return Err(Refusal::new(Code::Invalid, "document", message));
    }
    if document.contains('\0') {
        return Err(Refusal::new(Code::Invalid, "document", "A document cannot contain the character NUL."));
    }
    Ok(())
}

/// The revision that a change is based on is the last one, so that no change is lost.
pub(super) fn check_revision(row: &edition_draft::Model, revision: i64) -> Result<(), Refusal> {
    if row.revision == revision {
        return Ok(());
    }
    let message = format!(
        "The draft has revision {} by now, saved by {}; got {revision}. Read it again.",
        row.revision,
        quoted(&row.saved_by_label)
    );
    Err(Refusal::new(Code::WrongState, "revision", message))
}

/// What was published or withdrawn is done.
pub(super) fn check_open(row: &edition_draft::Model, what: &str) -> Result<(), Refusals> {
    let is = match row.status {
        DraftStatus::Open | DraftStatus::Approved => return Ok(()),
        DraftStatus::Published => "published",
        DraftStatus::Withdrawn => "withdrawn",
    };
    let message = format!("The draft was {is} and cannot be {what}; save a new one.");
    Err(Refusal::new(Code::WrongState, "draft", message).into())
}
