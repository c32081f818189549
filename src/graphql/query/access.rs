//! Who is asking, who may do what, and who did.

use async_graphql::{Context, InputObject, Object};

use crate::graphql::batch::BatchPage;
use crate::graphql::connection::{API_KEYS, AUDIT_LOG, Connection, ListOrder, PageArguments, Total};
use crate::graphql::error::ApiError;
use crate::graphql::scalar::Moment;
use crate::graphql::types::{ApiKey, AuditEntry, Viewer};
use crate::service::Services;
use crate::service::reads::AuditQuery;

/// Who may do what, and who did.
#[derive(Debug, Default)]
pub(crate) struct AccessQueries;

/// Which entries of the audit log are shown. Each part that is given narrows them down.
#[derive(InputObject, Default)]
pub(crate) struct AuditFilter {
    /// Only what this actor did, such as `key:…`, as an entry names it.
    actor: Option<String>,
    /// Only what is about the partner with this code.
    partner: Option<String>,
    /// Only what is about the professional with this code.
    professional: Option<String>,
    /// Only what was done by this mutation, such as `recordActivity`.
    operation: Option<String>,
    /// Only what was done at this moment or later.
    from: Option<Moment>,
    /// Only what was done at this moment or earlier.
    to: Option<Moment>,
}

#[Object]
impl AccessQueries {
    /// Who is asking: the role, and what it stands for.
    async fn viewer(&self) -> Viewer {
        Viewer
    }

    /// The API keys in the order of creation, revoked ones included, one page at a time. For administrators.
    async fn api_keys(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many keys from the start, 0 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only keys after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many keys from the end, 0 to 100: the latest ones.")] last: Option<i32>,
        #[graphql(desc = "Only keys before this cursor.")] before: Option<String>,
    ) -> Result<Connection<ApiKey>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&API_KEYS)?;
        let rows = context.data_unchecked::<Services>().keys_page(&page).await?;
        Ok(Connection::new(BatchPage::new(rows), &page, ListOrder::Natural, Total::ApiKeys))
    }

    /// Who changed what, in the order in which it was written, one page at a time. For administrators.
    async fn audit_log(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which entries; all, when left out.")] filter: Option<AuditFilter>,
        #[graphql(desc = "How many entries from the start, 0 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many entries from the end, 0 to 100: the latest ones.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
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
