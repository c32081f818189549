//! Agents: the official clients of the Model Context Protocol against the server.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::demo::Demo;
use crate::{npm, python};

/// Where the packages of npm are.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/agents");
    FOLDER.get_or_init(|| {
        npm::install(&from, "wire-agents", &[".npmrc", "package.json", "package-lock.json", "client.mjs"])
    })
}

fn said(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Both lines of the SDK for TypeScript: the first negotiates a version with `initialize`, the second one with each
/// request.
#[test]
fn the_sdk_for_typescript() {
    let server = Demo::start();
    for line in ["v1", "v2"] {
        let mut command = Command::new("node");
        command.arg(folder().join("client.mjs"));
        command.args([line, &server.url("/mcp"), &server.keys()["PROGRAM_STAFF"]]);
        let output = command.output().expect("these tests need Node.js 20.19 or later");
        let expected = "partner-program\ntools 41\nPROGRAM_STAFF 2026-11-21\nrecorded once\n\
            The tool find_partner has no argument \"frist\"\nresources rules edition schema\nprompts 5\n";
        assert_eq!(said(&output), expected, "{line}");
    }
}

#[test]
fn the_sdk_for_python() {
    let server = Demo::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/agents/client.py");
    let mut command = Command::new(python::interpreter("tests/wire/agents"));
    command.arg(script).args([&server.url("/mcp"), &server.keys()["PROGRAM_STAFF"]]);
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().expect("it runs");
    assert_eq!(said(&output), "tools 41\nPROGRAM_STAFF\nrecorded once\nprompts 5\n");
}
