//! An application that issues certificates, with keys of the tests.

use std::path::PathBuf;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Backend, TestApp, TestDatabase};

/// The issuer of the tests.
pub(crate) const ISSUER: &str = "https://partners.example.com";

/// What stands before a private key of Ed25519 in PKCS #8, and before a public one.
const PRIVATE: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const PUBLIC: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The files of a key, which is the same for the same number: the private one and the public one.
pub(crate) fn key_files(number: u8) -> [String; 2] {
    let seed = [number; 32];
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key");
    let public = pair.public_key().as_ref();
    [("PRIVATE", [&PRIVATE[..], &seed].concat()), ("PUBLIC", [&PUBLIC[..], public].concat())].map(
        |(label, der)| {
            let name = format!("certificate-{number}-{}.pem", label.to_lowercase());
            let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
            let der = STANDARD.encode(der);
            let text = format!("-----BEGIN {label} KEY-----\n{der}\n-----END {label} KEY-----\n");
            // Several tests write it, all the same: what one reads is always whole.
            if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                let own = path.with_extension(format!("{:?}", std::thread::current().id()));
                std::fs::write(&own, text).expect("a file beside the build");
                std::fs::rename(&own, &path).expect("a file beside the build");
            }
            path.display().to_string()
        },
    )
}

impl TestApp {
    /// Starts the application with its clock on a day; it issues certificates.
    pub(crate) async fn certifying(backend: Backend, today: &str) -> Self {
        Self::certifying_on(TestDatabase::create(backend).await, today).await
    }

    /// The same on a database that may have been used before.
    pub(crate) async fn certifying_on(database: TestDatabase, today: &str) -> Self {
        Self::certifying_with(database, today, &[]).await
    }

    /// The same with more settings.
    pub(crate) async fn certifying_with(database: TestDatabase, today: &str, more: &[(&str, &str)]) -> Self {
        let [private, _] = key_files(1);
        let own = [("CERTIFICATE_ISSUER", ISSUER), ("CERTIFICATE_KEY_FILE", &private)];
        // What is given first is what counts.
        Self::start_with(database, today, &[more, &own].concat()).await
    }
}
