//! Who is asking, who may do what, and who did.

use async_graphql::{Context, InputObject, Object};

use crate::graphql::batch::BatchPage;
use crate::graphql::connection::{API_KEYS, AUDIT_LOG, Connection, ListOrder, PageArguments, Total};
use crate::graphql::error::ApiError;
use crate::graphql::scalar::{Date, Moment};
use crate::graphql::types::{ApiKey, AuditEntry, Viewer};
use crate::service::Services;
use crate::service::reads::AuditQuery;

/// Who may do what, and who did.
#[derive(Debug, Default)]
pub(crate) struct AccessQueries;

/// Filter of the audit log. An entry must match every given condition.
#[derive(InputObject, Default)]
pub(crate) struct AuditFilter {
    /// Entries of this actor, in the format of `AuditEntry.actor`, such as `key:…`.
    actor: Option<String>,
    /// Entries that concern the partner with this code.
    partner: Option<String>,
    /// Entries that concern the professional with this code.
    professional: Option<String>,
    /// Entries of this operation, such as `recordActivity`.
    operation: Option<String>,
    /// Entries at or after this time.
    from: Option<Moment>,
    /// Entries at or before this time.
    to: Option<Moment>,
}

#[Object]
impl AccessQueries {
    /// Identity of the caller: its role and the subject on whose behalf it acts.
    async fn viewer(&self) -> Viewer {
        Viewer
    }

    /// Current day of the program: the date in its time zone, or the day that its clock is pinned to. Dates in inputs
    /// that may not lie in the future are compared with it.
    async fn today(&self, context: &Context<'_>) -> Date {
        Date(context.data_unchecked::<Services>().clock().today())
    }

    /// API keys in the order of creation, including revoked ones. Administrators only.
    async fn api_keys(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<ApiKey>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&API_KEYS)?;
        let rows = context.data_unchecked::<Services>().keys_page(&page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::ApiKeys))
    }

    /// Audit log: recorded changes, in the order of recording. Administrators see all of it; program staff sees
    /// everything but the entries of API keys and editions.
    async fn audit_log(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Filter; by default, all entries.")] filter: Option<AuditFilter>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<AuditEntry>, ApiError> {
        let filter = filter.unwrap_or_default();
        let query = AuditQuery {
            actor: filter.actor,
            operation: filter.operation,
            partner: filter.partner,
            professional: filter.professional,
            from: filter.from.map(|moment| moment.0),
            to: filter.to.map(|moment| moment.0),
        };
        let page = PageArguments { first, after, last, before }.page(&AUDIT_LOG)?;
        let rows = context.data_unchecked::<Services>().audit_page(&query, &page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::AuditLog(query)))
    }
}
