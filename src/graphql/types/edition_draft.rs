//! Drafts of editions.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};
use entity::{edition_draft, value};

use super::enums::map_enum;
use super::{Edition, EditionCheck, EditionTrial};
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Moment, int};
use crate::service::Services;

/// Status of a draft of an edition.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditionDraftStatus {
    /// The draft can be changed, and approved by another administrator.
    Open,
    /// The last revision is approved. Saving the draft again opens it.
    Approved,
    /// An edition was published from the draft.
    Published,
    /// The draft was withdrawn.
    Withdrawn,
}

map_enum!(EditionDraftStatus = value::DraftStatus { Open, Approved, Published, Withdrawn });
map_enum!(value::DraftStatus = EditionDraftStatus { Open, Approved, Published, Withdrawn });

/// Draft of an edition: a document that can be checked, tried, approved and published. Only administrators see drafts.
pub(crate) struct EditionDraft(pub(crate) BatchRow<edition_draft::Model>);

/// Draft of an edition: a document that can be checked, tried, approved and published. Only administrators see drafts.
#[Object]
impl EditionDraft {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::EditionDraft.id(self.0.row().id)
    }

    /// Display name of the draft.
    async fn name(&self) -> &str {
        &self.0.row().name
    }

    /// TOML document of the draft.
    async fn document(&self) -> &str {
        &self.0.row().document
    }

    /// First day in force that is meant; null for the `effective_from` of the document.
    async fn effective_from(&self) -> Option<Date> {
        self.0.row().effective_from.map(Date)
    }

    /// Number of times that the draft was saved. A change and an approval name the revision that they are based on.
    async fn revision(&self) -> i32 {
        int(self.0.row().revision)
    }

    /// Status of the draft.
    async fn status(&self) -> EditionDraftStatus {
        self.0.row().status.into()
    }

    /// Time at which the draft was first saved.
    async fn created_at(&self) -> Moment {
        Moment(self.0.row().created_at)
    }

    /// Time at which the draft was last saved.
    async fn saved_at(&self) -> Moment {
        Moment(self.0.row().saved_at)
    }

    /// Label of the key, or subject of the token, that saved the draft last.
    async fn saved_by(&self) -> &str {
        &self.0.row().saved_by_label
    }

    /// Time at which the last revision was approved; null if it is not.
    async fn approved_at(&self) -> Option<Moment> {
        self.0.row().approved_at.map(Moment)
    }

    /// Label of the key, or subject of the token, that approved the last revision; null if it is not approved.
    async fn approved_by(&self) -> Option<&str> {
        self.0.row().approved_by_label.as_deref()
    }

    /// Edition that was published from the draft; null if none was.
    async fn edition(&self, context: &Context<'_>) -> Option<Edition> {
        let policy = context.data_unchecked::<Services>().policy();
        let id = self.0.row().edition_id?;
        Some(Edition { id, index: policy.index(id)?, policy: Arc::clone(policy) })
    }

    /// Last finished trial of the draft; null if there is none.
    async fn trial(&self, context: &Context<'_>) -> Result<Option<EditionTrial>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.id).collect();
            services.edition_trials_of_drafts(&ids).await.map(BatchById::new)
        };
        let trials = self.0.load(Relation::EditionTrial, load).await?;
        Ok(trials.get(self.0.row().id).map(EditionTrial))
    }

    /// Check of the document against the editions published now: problems, worked examples, and what it changes.
    async fn check(&self, context: &Context<'_>) -> Result<EditionCheck, ApiError> {
        let services = context.data_unchecked::<Services>();
        Ok(services.edition_draft_check(self.0.row()).await?.into())
    }
}
