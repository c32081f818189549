//! Builds `GraphiQL`, which the server embeds.

#[path = "build/fallback_page.rs"]
mod fallback_page;
#[path = "build/graphiql.rs"]
mod graphiql;

fn main() -> std::io::Result<()> {
    graphiql::prepare()
}
