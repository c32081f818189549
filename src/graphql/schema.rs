//! The schema and its text.

use async_graphql::{EmptySubscription, Schema, SchemaBuilder};

pub use super::mutations::Mutation;
pub use super::query::Query;
use crate::service::Services;

/// The schema over these services. Limits stand before it, in [`super::documents`].
#[must_use]
pub fn builder(services: Services) -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    bare().data(services)
}

/// The schema as text, with what a client needs to know of custom scalars.
#[must_use]
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().include_specified_by();
    bare().finish().sdl_with_options(options)
}

fn bare() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
}
