//! Imports of files.

use async_graphql::{Context, InputObject, Object};

use crate::graphql::batch::BatchPage;
use crate::graphql::connection::{Connection, IMPORT_RUNS, ListOrder, PageArguments, Total};
use crate::graphql::error::ApiError;
use crate::graphql::types::{ImportRowKind, ImportRun, ImportStatus};
use crate::service::Services;
use crate::store::import_run as store;

/// Imports of files.
#[derive(Debug, Default)]
pub(crate) struct ImportQueries;

/// Filter of imports. An import must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct ImportRunFilter {
    /// Imports whose rows are one of these.
    rows: Option<Vec<ImportRowKind>>,
    /// Imports with one of these statuses.
    statuses: Option<Vec<ImportStatus>>,
}

#[Object]
impl ImportQueries {
    /// Imports of CSV files, in the order in which they began. Administrators and program staff only; an
    /// integration sees those that it began.
    async fn import_runs(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all imports.")] filter: Option<ImportRunFilter>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<ImportRun>, ApiError> {
        let filter = filter.unwrap_or_default();
        let filter = store::ImportRunFilter {
            kinds: filter.rows.map(|rows| rows.into_iter().map(Into::into).collect()),
            statuses: filter.statuses.map(|statuses| statuses.into_iter().map(Into::into).collect()),
            recorded_by: None,
        };
        let page = PageArguments { first, after, last, before }.page(&IMPORT_RUNS)?;
        let rows = context.data_unchecked::<Services>().import_runs_page(&filter, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::ImportRuns(filter)))
    }
}
