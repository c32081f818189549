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
    /// Webhook endpoints in the order of creation. Administrators and program staff only.
    async fn webhook_endpoints(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<WebhookEndpoint>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&WEBHOOK_ENDPOINTS)?;
        let rows = context.data_unchecked::<Services>().webhooks_page(&page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::WebhookEndpoints))
    }
}
