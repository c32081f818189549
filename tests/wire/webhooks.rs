//! The reference verifier of Standard Webhooks: the package `standardwebhooks`.

use crate::npm;
use crate::server::{KEY, Server};

#[test]
fn the_reference_verifier_accepts_deliveries() {
    let server = Server::start(&[("WEBHOOKS_TO_PRIVATE", "true")]);
    let output = npm::run("webhooks.mjs", &[&server.url("/graphql"), KEY]);
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{wrong}");
    assert_eq!(said, "standardwebhooks passed\n");
}
