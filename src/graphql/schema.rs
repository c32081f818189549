//! The schema and its text.

use async_graphql::{Schema, SchemaBuilder};

pub use super::mutations::Mutation;
pub use super::query::Query;
pub use super::subscription::SubscriptionRoot;

/// The schema. It holds no services: each request brings those of its caller. Limits stand before it,
/// in [`super::documents`].
#[must_use]
pub fn builder() -> SchemaBuilder<Query, Mutation, SubscriptionRoot> {
    Schema::build(Query::default(), Mutation::default(), SubscriptionRoot)
}

/// The schema as text, with what a client needs to know of custom scalars.
#[must_use]
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().include_specified_by();
    builder().finish().sdl_with_options(options)
}
