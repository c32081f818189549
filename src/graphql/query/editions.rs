//! Editions, their drafts, and the check of a document.

use async_graphql::{Context, ID, InputObject, Object};

use crate::graphql::batch::{BatchPage, BatchRow};
use crate::graphql::connection::{Connection, EDITION_DRAFTS, EDITIONS, ListOrder, PageArguments, Total};
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::scalar::Date;
use crate::graphql::types::{Edition, EditionCheck, EditionDraft, EditionDraftStatus, EditionTrial};
use crate::service::Services;
use crate::service::editions::{EditionSource, TrialInput};
use crate::store::edition_draft::DraftFilter;

/// Editions and drafts of them.
#[derive(Debug, Default)]
pub(crate) struct EditionQueries;

/// Filter of drafts of editions. A draft must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct EditionDraftFilter {
    /// Drafts with one of these statuses.
    statuses: Option<Vec<EditionDraftStatus>>,
}

/// Edition to try.
#[derive(InputObject)]
pub(crate) struct TryEditionInput {
    /// TOML document, at most 262,144 bytes. Excludes `draft`.
    document: Option<String>,
    /// Global ID of the draft. Excludes `document`.
    draft: Option<ID>,
    /// First day in force that is tried: the first day of a month, which may have passed. It takes the place of the
    /// document's `effective_from`; without it, that of the draft or the document is used.
    effective_from: Option<Date>,
    /// Day on which subjects are compared; the later of today and the first day in force by default.
    on: Option<Date>,
}

#[Object]
impl EditionQueries {
    /// Published editions in the order of their first days, including those that are not in force yet.
    async fn editions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Edition>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&EDITIONS)?;
        let rows = context.data_unchecked::<Services>().editions_page(&page);
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::Editions))
    }

    /// Drafts of editions, in the order of creation. Administrators only.
    async fn edition_drafts(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all drafts.")] filter: Option<EditionDraftFilter>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<EditionDraft>, ApiError> {
        let statuses = filter.unwrap_or_default().statuses;
        let filter =
            DraftFilter { statuses: statuses.map(|some| some.into_iter().map(Into::into).collect()) };
        let page = PageArguments { first, after, last, before }.page(&EDITION_DRAFTS)?;
        let rows = context.data_unchecked::<Services>().edition_drafts_page(&filter, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::EditionDrafts(filter)))
    }

    /// Tries the document of an edition, or a draft, on the whole log: what each subject would have on a day, and what it
    /// would cost. It changes nothing. A trial that takes longer than the answer has the status `RUNNING`; read it again by
    /// its ID. Administrators only.
    async fn try_edition(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Document or draft, its first day, and the day to compare.")] input: TryEditionInput,
    ) -> Result<EditionTrial, ApiError> {
        let source = match (input.document, &input.draft) {
            (Some(document), None) => EditionSource::Document(document),
            (None, Some(draft)) => EditionSource::Draft(NodeType::EditionDraft.object(draft)),
            _ => return Err(ApiError::bad_input("Give either \"document\" or \"draft\".")),
        };
        let trial = TrialInput {
            source,
            effective_from: input.effective_from.map(|day| day.0),
            on: input.on.map(|day| day.0),
        };
        let row = context.data_unchecked::<Services>().edition_try(&trial).await?;
        Ok(EditionTrial(BatchRow::only(row)))
    }

    /// Checks the document of an edition without keeping it: every problem with its line, the worked examples, and
    /// what it would change. Administrators only.
    async fn check_edition(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "TOML document, at most 262,144 bytes.")] document: String,
        #[graphql(
            desc = "First day in force: the first day of a month that has not begun. It takes the place of the \
                          document's `effective_from`. Without it, the document is checked but for that day."
        )]
        effective_from: Option<Date>,
    ) -> Result<EditionCheck, ApiError> {
        let services = context.data_unchecked::<Services>();
        Ok(services.edition_check(document, effective_from.map(|day| day.0)).await?.into())
    }
}
