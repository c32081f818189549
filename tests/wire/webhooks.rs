//! The reference verifier of Standard Webhooks: the package `standardwebhooks`.

use std::path::Path;

use crate::npm;
use crate::server::{KEY, Server};

/// The receiver of the documentation for a Fetch request.
fn documented_receiver() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/webhooks.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let blocks = page.split("```js\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut receivers = blocks.filter(|block| block.contains("export async function handle("));
    receivers.next().expect("a receiver in the page").to_owned()
}

#[test]
fn the_reference_verifier_accepts_deliveries() {
    let server = Server::start(&[("WEBHOOKS_TO_PRIVATE", "true")]);
    let mut command = npm::command("webhooks.mjs", &[&server.url("/graphql"), KEY]);
    // Beside the installed packages.
    let receiver = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wire-npm/receiver.mjs");
    std::fs::write(receiver, documented_receiver()).expect("a file beside the build");
    let output = command.output().expect("these tests need Node.js 20.19 or later");
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{wrong}");
    assert_eq!(said, "activity.recorded 2\nstandardwebhooks passed\n");
}
