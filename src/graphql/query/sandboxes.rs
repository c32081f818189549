//! Sandboxes of the process.

use async_graphql::{Context, Object};

use crate::graphql::error::ApiError;
use crate::graphql::types::Sandbox;
use crate::service::Services;

/// Sandboxes of the process.
#[derive(Debug, Default)]
pub(crate) struct SandboxQueries;

#[Object]
impl SandboxQueries {
    /// Sandboxes that the server process keeps, in the order of creation; none in a sandbox. Administrators only.
    async fn sandboxes(&self, context: &Context<'_>) -> Result<Vec<Sandbox>, ApiError> {
        let sandboxes = context.data_unchecked::<Services>().sandboxes()?;
        Ok(sandboxes.into_iter().map(Sandbox).collect())
    }
}
