//! Publishing an edition.

use std::time::Duration;

use chrono::NaiveDate;
use entity::value::DraftStatus;
use entity::{edition, edition_draft, edition_rollout};
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::check::{EditionCheck, checked, problems_of};
use super::drafts::{check_open, find};
use crate::access::Operation;
use crate::error::Error;
use crate::program::refusal::{Code, Problems, Refusal};
use crate::service::audit::Change;
use crate::service::events::EventDraft;
use crate::service::{ObjectId, Services, transact};
use crate::store::edition as store;

/// How long the answer waits for the rollout.
const ROLLOUT_WAIT_MAX: Duration = Duration::from_secs(2);

/// What is published.
#[derive(Clone, Debug)]
pub enum EditionSource<'i> {
    /// A document.
    Document(String),
    /// A draft.
    Draft(ObjectId<'i>),
}

/// A publication as received.
#[derive(Clone, Debug)]
pub struct PublishInput<'i> {
    /// What is published.
    pub source: EditionSource<'i>,
    /// First day in force; none for that of the draft or the document.
    pub effective_from: Option<NaiveDate>,
}

impl Services {
    /// Publishes an edition, which comes into force on the first day of a month that has not begun. It changes nothing
    /// that was awarded.
    ///
    /// # Errors
    /// Every problem of the document, with its line, and every worked example that fails, with both values; when an
    /// edition comes into force on that day already, or the draft lacks the approval that the settings require.
    pub async fn edition_publish(&self, publication: &PublishInput<'_>) -> Result<Uuid, Error> {
        self.authorize(Operation::PublishEdition)?;
        let id = transact!(self, Operation::PublishEdition, transaction, changes => {
            store::take_turn()?;
            // Whoever is second waits here, and sees what the first one published.
            crate::store::lock_startup(transaction).await?;
            if store::version(transaction).await? != self.policy.version() {
                return Err(Error::PolicyChanged);
            }
            let draft = self.draft_to_publish(transaction, publication).await?;
            let (check, field) = self.publishable(publication, draft.as_ref()).await?;
            let Some(edition) = check.checked.edition() else {
                return Err(Error::Damaged(format!("{field}: a document without problems has no edition")));
            };
            let row = edition::Model {
                id: Uuid::now_v7(),
                effective_from: edition.effective_from,
                name: edition.name.clone(),
                document: check.checked.document.clone(),
                published_at: self.clock.now(),
                published_by: Some(self.caller().actor.label().to_owned()),
                recalculation_id: None,
            };
            let (id, day) = (row.id, row.effective_from);
            let after = json!({
                "effectiveFrom": day, "name": row.name,
                "changes": check.changes.iter().map(|change| &change.sentence).collect::<Vec<_>>(),
            });
            changes.add(Change::of("Edition", id).after(after));
            let event = EventDraft::edition_published(&row);
            store::insert(transaction, row).await?;
            let rollout = edition_rollout::Model {
                edition_id: id,
                partners_through: None,
                professionals_through: None,
                finished_at: None,
            };
            store::save_rollout(transaction, rollout).await?;
            self.emit(transaction, [], vec![event], None).await?;
            if let Some(draft) = draft {
                let published =
                    edition_draft::Model { status: DraftStatus::Published, edition_id: Some(id), ..draft.clone() };
                self.write_draft(transaction, changes, Some(&draft), published, (None, None)).await?;
            }
            Ok(id)
        })?;
        // Published it is; whoever can't read it now reads it before the next posting.
        if let Err(error) = self.refresh_policy().await {
            tracing::warn!(%error, "failed to read the editions after a publication");
        }
        // Mostly it is done at once; in a large program it goes on.
        let _ = tokio::time::timeout(ROLLOUT_WAIT_MAX, self.spawn_rollouts()).await;
        Ok(id)
    }

    /// The draft that is published, locked, if it is one.
    async fn draft_to_publish(
        &self,
        transaction: &DatabaseTransaction,
        publication: &PublishInput<'_>,
    ) -> Result<Option<edition_draft::Model>, Error> {
        let draft = match &publication.source {
            EditionSource::Document(_) => None,
            EditionSource::Draft(id) => Some(find(transaction, "draft", *id).await?),
        };
        if let Some(draft) = &draft {
            check_open(draft, "published")?;
            let (given, meant) = (publication.effective_from, draft.effective_from);
            if let (Some(given), Some(meant)) = (given, meant)
                && given != meant
            {
                let message =
                    format!("The draft is meant for {meant}, not for {given}; save it for that day first.");
                return Err(Refusal::new(Code::Invalid, "effectiveFrom", message).into());
            }
        }
        let is_approved = draft.as_ref().is_some_and(|draft| draft.status == DraftStatus::Approved);
        if self.edition_approval && !is_approved {
            let message = "An edition is published from a draft that a second administrator has approved \
                           (EDITION_APPROVAL=required): saveEditionDraft, then approveEditionDraft.";
            let field = if draft.is_some() { "draft" } else { "document" };
            return Err(Refusal::new(Code::WrongState, field, message).into());
        }
        if let (true, Some(draft), Some(given)) = (self.edition_approval, &draft, publication.effective_from)
        {
            self.check_approved_day("effectiveFrom", draft, given).await?;
        }
        Ok(draft)
    }

    /// An approval is of a document for its day.
    pub(in crate::service) async fn check_approved_day(
        &self,
        field: &str,
        draft: &edition_draft::Model,
        given: NaiveDate,
    ) -> Result<(), Error> {
        let check = checked(self.policy().clone(), draft.document.clone(), draft.effective_from).await?;
        let Some(approved) = check.checked.edition().map(|edition| edition.effective_from) else {
            return Ok(());
        };
        if approved == given {
            return Ok(());
        }
        let message = format!(
            "The draft was approved for {approved}, not for {given}; save it for that day and have it approved first."
        );
        Err(Refusal::new(Code::WrongState, field, message).into())
    }

    /// The check of what is to be published, if nothing is wrong with it, and the field that it is in.
    async fn publishable(
        &self,
        publication: &PublishInput<'_>,
        draft: Option<&edition_draft::Model>,
    ) -> Result<(EditionCheck, &'static str), Error> {
        let (document, field) = match (&publication.source, draft) {
            (EditionSource::Document(document), _) => (document.clone(), "document"),
            (EditionSource::Draft(_), Some(draft)) => (draft.document.clone(), "draft"),
            (EditionSource::Draft(id), None) => {
                return Err(crate::service::input::not_found("draft", ("draft", "id"), id.text).into());
            }
        };
        let day = publication.effective_from.or_else(|| draft.and_then(|draft| draft.effective_from));
        let check = checked(self.policy().clone(), document, day).await?;
        let day = check.checked.effective_from.or(day);
        let mut problems = Problems::default();
        if let Some(message) = day.and_then(|day| self.day_problem(day)) {
            problems.add(Refusal::new(Code::Invalid, "effectiveFrom", message));
        }
        if let Some(day) = day
            && self.policy.editions.iter().any(|edition| edition.effective_from == day)
        {
            let message =
                format!("An edition comes into force on {day} already; a published edition is immutable.");
            problems.add(Refusal::new(Code::AlreadyExists, "effectiveFrom", message));
        }
        problems.keep(problems_of(field, &check));
        problems.finish()?;
        Ok((check, field))
    }
}
