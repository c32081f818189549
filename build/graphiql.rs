//! Bundles `web/` with npm and Vite into `OUT_DIR/graphiql`, every file gzipped under its
//! own name. Whatever goes wrong on the way, the build goes on: a page that tells why
//! `GraphiQL` is missing takes its place.

use crate::missing;
use flate2::{Compression, write::GzEncoder};
use std::{
    env, fs, io,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output, Stdio},
};

/// Everything the bundle is made of. Named one by one, so that neither `node_modules` nor
/// `dist` of a run by hand is watched or copied.
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

/// How much of what a failed npm printed is repeated as warnings.
const LINES_OF_NPM: usize = 8;

/// Why there is no bundle.
enum Missing {
    /// Somebody wanted it so: nothing to warn of.
    Unwanted(String),
    /// Something the bundle needs is not there; the lines tell what npm said.
    Failed(String, Vec<String>),
}

/// Fills `OUT_DIR/graphiql`.
pub(crate) fn prepare() -> io::Result<()> {
    for source in SOURCES {
        println!("cargo::rerun-if-changed=web/{source}");
    }
    println!("cargo::rerun-if-env-changed={}", missing::SKIP_VARIABLE);

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let work = out.join("graphiql-work");
    let embedded = out.join("graphiql");
    remove(&work)?;
    remove(&embedded)?;
    fs::create_dir_all(&embedded)?;

    match bundle(&work) {
        Ok(dist) => compress_folder(&dist, &embedded)?,
        Err(missing) => {
            let (reason, remedy) = explain(missing);
            let page = missing::page(&reason, remedy);
            compress(page.as_bytes(), &embedded.join("index.html"))?;
        }
    }
    // The packages take some 250 MB; kept, they would pile up once per profile and version.
    remove(&work)
}

/// The bundle's folder, built in `work` so that the source tree stays clean.
fn bundle(work: &Path) -> Result<PathBuf, Missing> {
    if env::var_os("CARGO_FEATURE_GRAPHIQL").is_none() {
        return Err(Missing::Unwanted("its cargo feature `graphiql` was off".to_owned()));
    }
    if env::var(missing::SKIP_VARIABLE).is_ok_and(|value| !matches!(value.as_str(), "" | "0")) {
        return Err(Missing::Unwanted(format!("`{}` was set", missing::SKIP_VARIABLE)));
    }
    copy_sources(work)
        .map_err(|error| Missing::Failed(format!("`web/` could not be copied: {error}"), vec![]))?;
    // `--include=dev` and `NODE_ENV`: neither the caller's environment nor npm's own
    // configuration may decide whether Vite is installed and what it makes.
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
        Err(Missing::Failed("`npm run build` left no page behind".to_owned(), vec![]))
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

/// Runs npm and keeps its output: cargo would read it as instructions of this script.
fn npm(work: &Path, arguments: &[&str]) -> Result<(), Missing> {
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
        Ok(output) => Err(Missing::Failed(
            format!("`{command}` failed ({})", ending(output.status)),
            first_lines(&output),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Missing::Failed("`npm`, which builds it, was not installed".to_owned(), vec![]))
        }
        Err(error) => Err(Missing::Failed(format!("`{command}` could not be started: {error}"), vec![])),
    }
}

fn ending(status: ExitStatus) -> String {
    status.code().map_or_else(|| "killed".to_owned(), |code| format!("exit code {code}"))
}

/// The beginning of what npm printed, where it names the error; its errors before the rest.
fn first_lines(output: &Output) -> Vec<String> {
    let text = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    String::from_utf8_lossy(text)
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.contains("    at "))
        .take(LINES_OF_NPM)
        .map(str::to_owned)
        .collect()
}

/// Warns of what is missing, and returns the reason and the remedy that the page tells.
fn explain(missing: Missing) -> (String, &'static str) {
    match missing {
        Missing::Unwanted(reason) => (reason, missing::REMEDY_UNWANTED),
        Missing::Failed(reason, lines) => {
            // A Node.js that comes with another PATH, as version managers do, is noticed.
            println!("cargo::rerun-if-env-changed=PATH");
            println!(
                "cargo::warning=GraphiQL is left out of this build: {reason}. GET /graphql will \
                 show a page that says so; the API is complete. {}. To leave it out on \
                 purpose, set {}=1.",
                missing::REMEDY,
                missing::SKIP_VARIABLE,
            );
            for line in lines {
                println!("cargo::warning=  {line}");
            }
            (reason, missing::REMEDY)
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
