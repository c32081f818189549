//! Programs of npm packages. They are installed in the build folder, never in the source tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const SOURCES: [&str; 10] = [
    ".npmrc",
    "package.json",
    "package-lock.json",
    "audits.mjs",
    "clients.mjs",
    "examples.mjs",
    "reconnect.mjs",
    "schema-changes.mjs",
    "subscriptions.mjs",
    "webhooks.mjs",
];

#[cfg(windows)]
const NPM: &str = "npm.cmd";
#[cfg(not(windows))]
const NPM: &str = "npm";

/// Runs a script of `tests/wire/npm` with Node.js.
pub(crate) fn run(script: &str, arguments: &[&str]) -> Output {
    command(script, arguments).output().expect("these tests need Node.js 20.19 or later")
}

/// Node.js with a script of `tests/wire/npm`.
pub(crate) fn command(script: &str, arguments: &[&str]) -> Command {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/npm");
    let folder = FOLDER.get_or_init(|| install(&from, "wire-npm", &SOURCES));
    let mut command = Command::new("node");
    command.arg(folder.join(script)).args(arguments);
    command
}

/// Copies files of a package into the build folder, under a name, and installs its dependencies.
pub(crate) fn install(from: &Path, name: &str, sources: &[&str]) -> PathBuf {
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let lock = "package-lock.json";
    // npm's record of installed packages stays in place, so that an up-to-date folder is detected.
    let is_installed =
        fs::read(to.join("node_modules/installed.json")).ok() == fs::read(from.join(lock)).ok();
    for source in sources {
        fs::create_dir_all(to.join(source).parent().expect("a folder")).expect("a folder beside the build");
        fs::copy(from.join(source), to.join(source)).expect("a copy");
    }
    if !is_installed {
        let output = Command::new(NPM)
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--prefer-offline",
                "--loglevel=error",
            ])
            .current_dir(&to)
            .output()
            .expect("these tests need npm");
        assert!(output.status.success(), "npm ci: {}", String::from_utf8_lossy(&output.stderr));
        fs::copy(from.join(lock), to.join("node_modules/installed.json")).expect("a copy");
    }
    to
}
