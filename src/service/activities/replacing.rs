//! Activities that take the place of rejected or voided ones with their keys.

use entity::activity;
use entity::value::ActivityStatus;
use uuid::Uuid;

use super::conflicts::{key_conflict, not_replaceable, nothing_to_replace};
use super::{ActivityDraft, Intake, Outcome};
use crate::error::Error;
use crate::program::refusal::Refusal;
use crate::service::Services;

impl Services {
    /// Records or submits a batch as [`Self::activities_record`] does; those that are marked take the place of activities
    /// with their keys that were rejected or voided.
    ///
    /// # Errors
    /// As [`Self::activities_record`].
    pub async fn activities_replace(
        &self,
        drafts: &[ActivityDraft],
        replaces: &[bool],
        intake: Intake,
    ) -> Result<Vec<Outcome>, Error> {
        Ok(self.record_drafts(&self.sent(drafts, replaces), intake, None).await?.0)
    }

    /// The activity that a draft takes the place of: the newest with its key, if it was rejected or voided. None
    /// where the draft replaces nothing, or repeats one that did.
    pub(super) fn replaced(
        &self,
        asked: bool,
        known: Option<&activity::Model>,
        is_repeat: bool,
    ) -> Result<Option<Uuid>, Refusal> {
        if !asked {
            return Ok(None);
        }
        match known {
            Some(first) if !self.can_see_activity(first) => Err(key_conflict()),
            Some(first) if matches!(first.status, ActivityStatus::Rejected | ActivityStatus::Voided) => {
                Ok((!is_repeat).then_some(first.id))
            }
            // The answer to the same request again.
            Some(first) if first.replaces.is_some() => Ok(None),
            Some(first) => Err(not_replaceable(first.status)),
            None if is_repeat => Ok(None),
            None => Err(nothing_to_replace()),
        }
    }
}
