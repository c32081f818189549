//! Recalculations.

use async_graphql::{Context, ID, Object};

use crate::graphql::batch::{BatchPage, BatchRow};
use crate::graphql::connection::{Connection, ListOrder, PageArguments, RECALCULATIONS, Total};
use crate::graphql::error::ApiError;
use crate::graphql::id::NodeType;
use crate::graphql::types::Recalculation;
use crate::service::Services;

/// Recalculations.
#[derive(Debug, Default)]
pub(crate) struct RecalculationQueries;

#[Object]
impl RecalculationQueries {
    /// Recalculation by its ID; null if there is none. Administrators only.
    async fn recalculation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Global ID.")] id: ID,
    ) -> Result<Option<Recalculation>, ApiError> {
        let Some(key) = NodeType::Recalculation.object(&id).key else { return Ok(None) };
        let mut rows = context.data_unchecked::<Services>().recalculations_by_ids(&[key]).await?;
        Ok(rows.remove(&key).map(|row| Recalculation(BatchRow::only(row))))
    }

    /// Recalculations, in the order of planning. Administrators only.
    async fn recalculations(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Recalculation>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&RECALCULATIONS)?;
        let rows = context.data_unchecked::<Services>().recalculations_page(&page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::Recalculations))
    }
}
