//! Documents of editions.

use async_graphql::{Context, Object};

use crate::graphql::error::ApiError;
use crate::graphql::scalar::Date;
use crate::graphql::types::EditionCheck;
use crate::service::Services;

/// Documents of editions.
#[derive(Debug, Default)]
pub(crate) struct EditionQueries;

#[Object]
impl EditionQueries {
    /// Checks the document of an edition without keeping it: every problem with its line, the worked examples, and
    /// what it would change. Administrators only.
    async fn check_edition(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "TOML document, at most 262,144 bytes.")] document: String,
        #[graphql(desc = "First day in force: the first day of a month that has not begun. It takes the place of the \
                          document's `effective_from`. Without it, the document is checked but for that day.")]
        effective_from: Option<Date>,
    ) -> Result<EditionCheck, ApiError> {
        let services = context.data_unchecked::<Services>();
        Ok(services.edition_check(document, effective_from.map(|day| day.0)).await?.into())
    }
}
