//! What is known of the drafts of a batch before anything is written, and what comes of them.

use entity::activity;
use uuid::Uuid;

use super::{ActivityDraft, Outcome};
use crate::program::fold::Fact;
use crate::program::refusal::Refusals;

/// A draft as it was sent.
#[derive(Clone, Copy)]
pub(super) struct SentDraft<'d> {
    pub(super) draft: &'d ActivityDraft,
    /// Whether it takes the place of one with its key that was rejected or voided.
    pub(super) replaces: bool,
    /// Id of the request, for the audit log.
    pub(super) request_id: Option<&'d str>,
}

/// A draft whose texts are checked.
pub(super) struct CheckedDraft<'d> {
    pub(super) sent: SentDraft<'d>,
    pub(super) texts: Result<Texts, Refusals>,
}

/// The texts of a draft as they are stored.
pub(super) struct Texts {
    pub(super) source: String,
    pub(super) external_id: String,
    pub(super) attributes: String,
}

impl Texts {
    /// What an activity is known by.
    pub(super) fn key(&self) -> (&str, &str) {
        (&self.source, &self.external_id)
    }
}

/// What is known of a draft before anything is written.
pub(super) enum Plan {
    Done(Box<Outcome>),
    /// A duplicate of an earlier draft of the batch, by its index.
    RepeatOf(usize),
    New {
        row: Box<activity::Model>,
        fact: Option<Fact>,
    },
}

impl Plan {
    /// The activity that a new one takes the place of, and the new one.
    pub(super) fn replaced(&self) -> Option<(Uuid, Uuid)> {
        match self {
            Self::New { row, .. } => Some((row.replaces?, row.id)),
            _ => None,
        }
    }
}

/// A draft whose texts and subject are accepted.
pub(super) struct PlannedDraft<'c> {
    pub(super) key: (&'c str, &'c str),
    pub(super) row: activity::Model,
    /// The fact if the activity counts at once, or why the rules refuse it.
    pub(super) fact: Result<Option<Fact>, Refusals>,
}

/// The outcomes of drafts whose rows were written.
pub(super) fn outcomes(plans: Vec<Plan>) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(plans.len());
    for plan in plans {
        outcomes.push(match plan {
            Plan::Done(outcome) => *outcome,
            Plan::New { row, .. } => Outcome::Recorded(*row),
            // The first activity precedes its duplicates, which get the same outcome.
            Plan::RepeatOf(first) => match &outcomes[first] {
                Outcome::Recorded(row) | Outcome::Duplicate(row) => Outcome::Duplicate(row.clone()),
                Outcome::DuplicateNotVisible => Outcome::DuplicateNotVisible,
                Outcome::Refused(refusals) => Outcome::Refused(refusals.clone()),
            },
        });
    }
    outcomes
}
