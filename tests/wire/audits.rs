//! The audit suite of the package `graphql-http`, the reference implementation of GraphQL over HTTP.

use crate::npm;
use crate::server::{KEY, Server};

#[test]
fn every_audit_passes() {
    let server = Server::start(&[]);
    let output = npm::run("audits.mjs", &[&server.url("/graphql"), KEY]);
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        said.contains("audits passed: 61 of 61 ("),
        "the audits are other ones than those of the lock file"
    );
}
