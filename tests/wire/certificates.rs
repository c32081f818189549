//! Certificates, verified by programs of other makers.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::demo::Demo;
use crate::{npm, python};

/// Where the packages of npm are.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/certificates");
    let sources = [".npmrc", "package.json", "package-lock.json", "verify.mjs"];
    FOLDER.get_or_init(|| npm::install(&from, "wire-certificates", &sources))
}

fn said(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Sets a level that was not earned, for days around the system's, by which the verifiers judge, and gives the token of its certificate.
async fn certificate(server: &Demo) -> String {
    let set = "mutation { overrideLevel(input: { professional: \"paula.moreno\", level: \"CATALYST\", \
        from: \"2026-11-01\", until: \"2099-12-31\", reason: \"x\" }) { userErrors { message } } }";
    let answer = server.run(set, &Value::Null).await;
    assert_eq!(answer["overrideLevel"]["userErrors"], json!([]));
    let issue = "mutation { issueCertificate(input: { professional: \"paula.moreno\" }) { certificate { jwt } \
        userErrors { message } } }";
    let answer = server.run(issue, &Value::Null).await;
    let token = &answer["issueCertificate"]["certificate"]["jwt"];
    token.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Lets the level end, and waits until the status list says so, which may be some moments old.
async fn end(server: &Demo) {
    let list = server.url("/certificates/status/1");
    let read = async || reqwest::get(&list).await.expect("an answer").text().await.expect("a list");
    let bits = |token: String| {
        let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(token).expect("a token").claims;
        claims["credentialSubject"]["encodedList"].clone()
    };
    let before = bits(read().await);
    let end = "mutation { endOverride(input: { professional: \"paula.moreno\", reason: \"x\" }) \
        { userErrors { message } } }";
    let answer = server.run(end, &Value::Null).await;
    assert_eq!(answer["endOverride"]["userErrors"], json!([]));
    let since = Instant::now();
    while bits(read().await) == before {
        assert!(since.elapsed() < Duration::from_secs(20), "waited in vain for the revocation");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn verified(verify: impl Fn(&str, &str) -> Output, more: &str) {
    let server = Demo::start();
    let token = certificate(&server).await;
    let expected = |status: &str| format!("signed by Demo\nPaula Moreno is Catalyst\n{status}\n{more}");
    assert_eq!(said(&verify(&server.url(""), &token)), expected("not revoked"));
    end(&server).await;
    assert_eq!(said(&verify(&server.url(""), &token)), expected("revoked"));
}

/// The signature by the key set, the vocabulary, and the status list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packages_of_npm_accept_a_certificate() {
    let verify = |origin: &str, token: &str| {
        let mut command = Command::new("node");
        command.arg(folder().join("verify.mjs")).args([origin, token]);
        command.output().expect("these tests need Node.js 20.19 or later")
    };
    verified(verify, "").await;
}

/// A verifier for Open Badges 3.0, which finds the key by the identifier of the issuer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verifier_of_open_badges_accepts_a_certificate() {
    let verify = |origin: &str, token: &str| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/certificates/verify.py");
        let mut command = Command::new(python::interpreter("tests/wire/certificates"));
        command.arg(script).args([origin, token]);
        command.env("PYTHONDONTWRITEBYTECODE", "1").output().expect("it runs")
    };
    verified(verify, "a changed one is refused\n").await;
}
