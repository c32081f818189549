//! The page in the place of `GraphiQL` where the build could not make it.

/// The variable that leaves `GraphiQL` out of a build on purpose.
pub(crate) const SKIP_VARIABLE: &str = "PARTNER_PROGRAM_SKIP_GRAPHIQL";

/// How to get a `GraphiQL` that somebody left out on purpose.
pub(crate) const REMEDY_UNWANTED: &str =
    "Build again without that to have it; Node.js (20.19 or newer) is needed then";

/// How to get a `GraphiQL` that could not be built. The `touch` is needed because cargo sees only changed
/// sources and variables, neither a newly installed program nor a network that is back.
pub(crate) const REMEDY: &str = "Install Node.js (20.19 or newer; npm comes with it), make sure that \
     npm reaches its registry, run `touch web/package.json` and build again";

const PAGE: &str = r#"<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="robots" content="noindex" />
    <title>Partner Program GraphiQL</title>
    <link rel="icon" href="data:," />
    <style>
      :root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
      body { max-width: 40rem; margin: 4rem auto; padding: 0 1.5rem; }
      code { font-size: 0.95em; }
    </style>
  </head>
  <body>
    <h1>GraphiQL is not part of this binary</h1>
    <p>When it was built, @REASON@.</p>
    <p>@REMEDY@.</p>
    <p>
      The API itself works: send queries to <code>POST /graphql</code>. The schema is at
      <a href="/schema.graphql"><code>/schema.graphql</code></a>.
    </p>
  </body>
</html>
"#;

/// The page for a build without `GraphiQL`; `reason` completes "When it was built, …".
pub(crate) fn page(reason: &str, remedy: &str) -> String {
    PAGE.replace("@REASON@", &html(reason)).replace("@REMEDY@", &html(remedy))
}

/// Text as HTML, with what stands between backticks as code.
fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped
        .split('`')
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect()
}
