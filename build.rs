//! Builds `GraphiQL`, which the server embeds.

#[path = "build/graphiql.rs"]
mod graphiql;
#[path = "build/missing.rs"]
mod missing;

fn main() -> std::io::Result<()> {
    graphiql::prepare()
}
