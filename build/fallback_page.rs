//! The page that replaces `GraphiQL` or the console in a build without it.

/// The remedy if it was excluded on purpose.
pub(crate) const REMEDY_DISABLED: &str =
    "To include it, build again without this setting; the build then needs Node.js 20.19 or later";

/// The remedy if the build of the page in the folder `source` failed. The `touch` is needed because cargo detects
/// changed sources and variables only, not a newly installed program or a restored network connection.
pub(crate) fn remedy(source: &str) -> String {
    format!(
        "Install Node.js 20.19 or later (it includes npm), make sure that npm can reach its registry, run \
         `touch {source}/package.json` and build again"
    )
}

const PAGE: &str = r#"<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="robots" content="noindex" />
    <title>Partner Program @NAME@</title>
    <link rel="icon" href="data:," />
    <style>
      :root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
      body { max-width: 40rem; margin: 4rem auto; padding: 0 1.5rem; }
      code { font-size: 0.95em; }
    </style>
  </head>
  <body>
    <h1>This binary does not include @NAME@</h1>
    <p>At build time, @REASON@.</p>
    <p>@REMEDY@.</p>
    <p>
      The API is complete: send queries to <code>POST /graphql</code>. The schema is at
      <a href="/schema.graphql"><code>/schema.graphql</code></a>.
    </p>
  </body>
</html>
"#;

/// The page for a build without `name`; `reason` completes "At build time, …".
pub(crate) fn page(name: &str, reason: &str, remedy: &str) -> String {
    PAGE.replace("@NAME@", name).replace("@REASON@", &html(reason)).replace("@REMEDY@", &html(remedy))
}

/// Converts text to HTML, with text between backticks as code.
fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped
        .split('`')
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect()
}
