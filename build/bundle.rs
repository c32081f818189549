//! Bundles the web pages that the binary embeds, `GraphiQL` from `web/` and the console from `console/`, with npm and
//! Vite into a folder of `OUT_DIR`, each file gzipped under its own name. A failure of this step does not fail the
//! build: the binary then serves a page that explains what is missing.

use crate::fallback_page;
use flate2::{Compression, write::GzEncoder};
use std::{
    collections::hash_map::DefaultHasher,
    env, fs,
    hash::{Hash, Hasher},
    io,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output, Stdio},
};

/// A bundle that the binary embeds.
pub(crate) struct Bundle {
    /// The name on the page that replaces a missing bundle.
    pub(crate) name: &'static str,
    /// The address of the page.
    pub(crate) address: &'static str,
    /// The folder of `OUT_DIR` that is embedded.
    pub(crate) output: &'static str,
    /// The folder of the sources.
    pub(crate) source: &'static str,
    /// Files outside of that folder that the bundle is built from; they are copied beside the sources.
    pub(crate) others: &'static [&'static str],
    /// The variable of the cargo feature.
    pub(crate) feature: &'static str,
    /// The environment variable that excludes the bundle.
    pub(crate) skip: &'static str,
    /// Which packages npm installs.
    pub(crate) install: &'static str,
}

/// What a manual build leaves in a folder of sources, and what is no input of the bundle.
const NO_INPUTS: [&str; 4] = ["node_modules", "dist", "generated", ".gitignore"];

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

impl Bundle {
    /// Fills the folder that is embedded. A bundle whose inputs are those of the last build is kept.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?);
        let mut inputs = Vec::new();
        files(&root.join(self.source), Path::new(""), &mut inputs)?;
        inputs.sort();
        for other in self.others {
            println!("cargo::rerun-if-changed={other}");
        }
        println!("cargo::rerun-if-env-changed={}", self.skip);

        let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
        let (work, embedded) = (out.join(format!("{}-work", self.output)), out.join(self.output));
        let (stamp, hash) = (out.join(format!("{}.stamp", self.output)), self.hash(&root, &inputs)?);
        if fs::read_to_string(&stamp).is_ok_and(|known| known == hash)
            && embedded.join("index.html").is_file()
        {
            return Ok(());
        }
        remove(&work)?;
        remove(&embedded)?;
        fs::create_dir_all(&embedded)?;
        match self.build(&root, &inputs, &work) {
            Ok(dist) => {
                compress_folder(&dist, &embedded)?;
                fs::write(stamp, hash)?;
            }
            Err(not_built) => {
                let (reason, remedy) = self.warn_and_explain(not_built);
                let page = fallback_page::page(self.name, &reason, &remedy);
                compress(page.as_bytes(), &embedded.join("index.html"))?;
            }
        }
        // The packages take up to 250 MB, and each profile and version would keep its own copy.
        remove(&work)
    }

    /// Why the bundle is excluded on purpose, if it is.
    fn disabled(&self) -> Option<String> {
        if env::var_os(self.feature).is_none() {
            let feature = self.feature.trim_start_matches("CARGO_FEATURE_").to_lowercase();
            return Some(format!("its cargo feature `{feature}` was off"));
        }
        let skipped = env::var(self.skip).is_ok_and(|value| !matches!(value.as_str(), "" | "0"));
        skipped.then(|| format!("`{}` was set", self.skip))
    }

    /// Identifies the inputs, and whether the bundle is wanted.
    fn hash(&self, root: &Path, inputs: &[PathBuf]) -> io::Result<String> {
        let mut hasher = DefaultHasher::new();
        self.disabled().hash(&mut hasher);
        for path in inputs {
            (path.as_os_str(), fs::read(root.join(self.source).join(path))?).hash(&mut hasher);
        }
        for other in self.others {
            fs::read(root.join(other))?.hash(&mut hasher);
        }
        Ok(format!("{:016x}", hasher.finish()))
    }

    /// Builds the bundle in `work`, so that the source tree stays clean, and returns its folder.
    fn build(&self, root: &Path, inputs: &[PathBuf], work: &Path) -> Result<PathBuf, NotBuilt> {
        if let Some(reason) = self.disabled() {
            return Err(NotBuilt::Disabled(reason));
        }
        self.copy_sources(root, inputs, work).map_err(|error| {
            NotBuilt::Failed(format!("`{}/` could not be copied: {error}", self.source), vec![])
        })?;
        // The choice of packages and `NODE_ENV` make the result independent of the caller's environment
        // and of npm's configuration.
        npm(
            work,
            &[
                "ci",
                self.install,
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

    fn copy_sources(&self, root: &Path, inputs: &[PathBuf], work: &Path) -> io::Result<()> {
        for path in inputs {
            let target = work.join(path);
            fs::create_dir_all(target.parent().unwrap_or(work))?;
            fs::copy(root.join(self.source).join(path), target)?;
        }
        for other in self.others {
            fs::copy(root.join(other), work.join(other))?;
        }
        Ok(())
    }

    /// Prints a warning if the build failed, and returns the reason and the remedy for the page.
    fn warn_and_explain(&self, not_built: NotBuilt) -> (String, String) {
        match not_built {
            NotBuilt::Disabled(reason) => (reason, fallback_page::REMEDY_DISABLED.to_owned()),
            NotBuilt::Failed(reason, lines) => {
                let Self { name, address, skip, .. } = self;
                let remedy = fallback_page::remedy(self.source);
                // Rebuild when PATH changes: version managers add Node.js to it.
                println!("cargo::rerun-if-env-changed=PATH");
                println!(
                    "cargo::warning=This build does not include {name}: {reason}. GET {address} shows a page \
                     that explains why; the API is complete. {remedy}. To exclude {name} without this warning, \
                     set {skip}=1.",
                );
                for line in lines {
                    println!("cargo::warning=  {line}");
                }
                (reason, remedy)
            }
        }
    }
}

/// The files below a folder that are inputs of its bundle, relative to it.
fn files(folder: &Path, below: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if NO_INPUTS.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        // The entries of the top level instead of the folder itself, whose `node_modules` cargo would watch. It watches
        // all that is below the others, so it detects new files.
        if below.as_os_str().is_empty() {
            println!("cargo::rerun-if-changed={}", folder.join(&path).display());
        }
        if entry.file_type()?.is_dir() {
            files(folder, &path, found)?;
        } else {
            found.push(path);
        }
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
