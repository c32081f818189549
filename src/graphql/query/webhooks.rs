//! Where events are sent.

use async_graphql::{Context, Object};

use crate::graphql::batch::BatchPage;
use crate::graphql::connection::{Connection, ListOrder, PageArguments, Total, WEBHOOK_ENDPOINTS};
use crate::graphql::error::ApiError;
use crate::graphql::types::WebhookEndpoint;
use crate::service::Services;

/// Where events are sent.
#[derive(Debug, Default)]
pub(crate) struct WebhookQueries;

#[Object]
impl WebhookQueries {
    /// The addresses that events are sent to, in the order of creation, one page at a time. For administrators and program
    /// staff.
    async fn webhook_endpoints(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many endpoints from the start, 0 to 100; 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only endpoints after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many endpoints from the end, 0 to 100: the latest ones.")] last: Option<i32>,
        #[graphql(desc = "Only endpoints before this cursor.")] before: Option<String>,
    ) -> Result<Connection<WebhookEndpoint>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&WEBHOOK_ENDPOINTS)?;
        let rows = context.data_unchecked::<Services>().webhooks_page(&page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::WebhookEndpoints))
    }
}
