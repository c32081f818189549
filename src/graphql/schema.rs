//! The schema. A placeholder with one field, until the types of the API are there.

use async_graphql::{Context, EmptyMutation, EmptySubscription, Object, Result, Schema, SchemaBuilder};

use crate::service::Services;

/// The root of queries.
#[derive(Debug)]
pub struct Query;

#[Object]
impl Query {
    /// Today's date in the program's time zone.
    async fn today(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(ctx.data::<Services>()?.clock().today().to_string())
    }
}

/// The root of mutations.
pub type Mutation = EmptyMutation;

/// The schema over these services.
#[must_use]
pub fn builder(services: Services) -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    plain().data(services)
}

/// The schema as text, without a database.
#[must_use]
pub fn sdl() -> String {
    plain().finish().sdl()
}

fn plain() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query, EmptyMutation, EmptySubscription)
}
