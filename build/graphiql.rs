//! Bundles `web/` with npm and Vite into `OUT_DIR/graphiql`, each file gzipped under its own
//! name. A failure of this step does not fail the build: the binary then serves a page that
//! explains why `GraphiQL` is missing.

use crate::fallback_page;
use flate2::{Compression, write::GzEncoder};
use std::{
    env, fs, io,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output, Stdio},
};

/// The inputs of the bundle. Listed one by one, so that `node_modules` and `dist` of a manual
/// build are neither watched nor copied.
const SOURCES: [&str; 15] = [
    ".npmrc",
    "credentials.js",
    "examples.js",
    "favicon.svg",
    "fetcher.js",
    "index.html",
    "key.jsx",
    "main.jsx",
    "package-lock.json",
    "package.json",
    "panel.jsx",
    "storage.js",
    "style.css",
    "viewer.js",
    "vite.config.js",
];

#[cfg(windows)]
const NPM: &str = "npm.cmd";
#[cfg(not(windows))]
const NPM: &str = "npm";

/// Lines of npm's output that are repeated as warnings when npm fails.
const NPM_LINES_MAX: usize = 8;

/// Why there is no bundle.
enum NotBuilt {
    /// Disabled on purpose; no warning.
    Disabled(String),
    /// The build of the bundle failed; the lines are npm's output.
    Failed(String, Vec<String>),
}

/// Fills `OUT_DIR/graphiql`.
pub(crate) fn prepare() -> io::Result<()> {
    for source in SOURCES {
        println!("cargo::rerun-if-changed=web/{source}");
    }
    println!("cargo::rerun-if-env-changed={}", fallback_page::SKIP_VARIABLE);

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let work = out.join("graphiql-work");
    let embedded = out.join("graphiql");
    remove(&work)?;
    remove(&embedded)?;
    fs::create_dir_all(&embedded)?;

    match bundle(&work) {
        Ok(dist) => compress_folder(&dist, &embedded)?,
        Err(not_built) => {
            let (reason, remedy) = warn_and_explain(not_built);
            let page = fallback_page::page(&reason, remedy);
            compress(page.as_bytes(), &embedded.join("index.html"))?;
        }
    }
    // The packages take some 250 MB, and each profile and version would keep its own copy.
    remove(&work)
}

/// Builds the bundle in `work`, so that the source tree stays clean, and returns its folder.
fn bundle(work: &Path) -> Result<PathBuf, NotBuilt> {
    if env::var_os("CARGO_FEATURE_GRAPHIQL").is_none() {
        return Err(NotBuilt::Disabled("its cargo feature `graphiql` was off".to_owned()));
    }
    if env::var(fallback_page::SKIP_VARIABLE).is_ok_and(|value| !matches!(value.as_str(), "" | "0")) {
        return Err(NotBuilt::Disabled(format!("`{}` was set", fallback_page::SKIP_VARIABLE)));
    }
    copy_sources(work)
        .map_err(|error| NotBuilt::Failed(format!("`web/` could not be copied: {error}"), vec![]))?;
    // `--include=dev` and `NODE_ENV` make the result independent of the caller's environment
    // and of npm's configuration.
    npm(
        work,
        &[
            "ci",
            "--include=dev",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefer-offline",
            "--fetch-retries=1",
            "--loglevel=error",
        ],
    )?;
    npm(work, &["run", "build", "--loglevel=error"])?;
    let dist = work.join("dist");
    if dist.join("index.html").is_file() {
        Ok(dist)
    } else {
        Err(NotBuilt::Failed("`npm run build` produced no `index.html`".to_owned(), vec![]))
    }
}

fn copy_sources(work: &Path) -> io::Result<()> {
    let web = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?).join("web");
    fs::create_dir_all(work)?;
    for source in SOURCES {
        fs::copy(web.join(source), work.join(source))?;
    }
    Ok(())
}

/// Runs npm and captures its output, since cargo would interpret it as build script instructions.
fn npm(work: &Path, arguments: &[&str]) -> Result<(), NotBuilt> {
    let command = arguments
        .iter()
        .take_while(|argument| !argument.starts_with('-'))
        .fold("npm".to_owned(), |command, word| command + " " + word);
    let output = Command::new(NPM)
        .args(arguments)
        .current_dir(work)
        .env("NODE_ENV", "production")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(Output { status, .. }) if status.success() => Ok(()),
        Ok(output) => Err(NotBuilt::Failed(
            format!("`{command}` failed ({})", describe_exit(output.status)),
            first_lines(&output),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(NotBuilt::Failed("`npm` was not found".to_owned(), vec![]))
        }
        Err(error) => Err(NotBuilt::Failed(format!("`{command}` could not be started: {error}"), vec![])),
    }
}

fn describe_exit(status: ExitStatus) -> String {
    status.code().map_or_else(|| "killed".to_owned(), |code| format!("exit code {code}"))
}

/// The first lines of npm's error output, or of its standard output if there is none.
fn first_lines(output: &Output) -> Vec<String> {
    let text = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    String::from_utf8_lossy(text)
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.contains("    at "))
        .take(NPM_LINES_MAX)
        .map(str::to_owned)
        .collect()
}

/// Prints a warning if the build failed, and returns the reason and the remedy for the page.
fn warn_and_explain(not_built: NotBuilt) -> (String, &'static str) {
    match not_built {
        NotBuilt::Disabled(reason) => (reason, fallback_page::REMEDY_DISABLED),
        NotBuilt::Failed(reason, lines) => {
            // Rebuild when PATH changes: version managers add Node.js to it.
            println!("cargo::rerun-if-env-changed=PATH");
            println!(
                "cargo::warning=This build does not include GraphiQL: {reason}. GET /graphql \
                 shows a page that explains why; the API is complete. {}. To exclude GraphiQL \
                 without this warning, set {}=1.",
                fallback_page::REMEDY,
                fallback_page::SKIP_VARIABLE,
            );
            for line in lines {
                println!("cargo::warning=  {line}");
            }
            (reason, fallback_page::REMEDY)
        }
    }
}

fn compress_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            compress_folder(&entry.path(), &target)?;
        } else {
            compress(&fs::read(entry.path())?, &target)?;
        }
    }
    Ok(())
}

fn compress(data: &[u8], target: &Path) -> io::Result<()> {
    let mut encoder = GzEncoder::new(fs::File::create(target)?, Compression::best());
    encoder.write_all(data)?;
    encoder.finish()?;
    Ok(())
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
