//! A trace span for each root field of an operation.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo};
use async_graphql::{ServerResult, Value, async_trait};
use tracing::Instrument;

use crate::telemetry::traces;

/// Records a span for each root field. The library calls it for every field, so a schema has it only
/// when there is a collector.
#[derive(Clone, Copy, Debug)]
pub struct RootFieldSpans;

impl ExtensionFactory for RootFieldSpans {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for RootFieldSpans {
    async fn resolve(
        &self,
        context: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        if info.path_node.parent.is_some() {
            return next.run(context, info).await;
        }
        // The name in the schema: an alias is the client's own.
        let span = traces::root_field(info.name);
        next.run(context, info).instrument(span).await
    }
}
