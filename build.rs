//! Builds the web pages that the server embeds: `GraphiQL` and the console.

#[path = "build/bundle.rs"]
mod bundle;
#[path = "build/fallback_page.rs"]
mod fallback_page;

use bundle::Bundle;

const BUNDLES: [Bundle; 2] = [
    Bundle {
        name: "GraphiQL",
        address: "/graphql",
        output: "graphiql",
        source: "web",
        others: &[],
        feature: "CARGO_FEATURE_GRAPHIQL",
        skip: "PARTNER_PROGRAM_SKIP_GRAPHIQL",
        install: "--include=dev",
    },
    Bundle {
        name: "the console",
        address: "/console",
        output: "console",
        source: "console",
        others: &["schema.graphql"],
        feature: "CARGO_FEATURE_CONSOLE",
        skip: "PARTNER_PROGRAM_SKIP_CONSOLE",
        // The others check and lint the sources.
        install: "--omit=dev",
    },
];

fn main() -> std::io::Result<()> {
    BUNDLES.iter().try_for_each(Bundle::prepare)
}
