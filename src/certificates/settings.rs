//! Settings of certificates, and the issuer that they describe.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::credential::{Issuer, PublicKey, SigningKey};

/// Settings of certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSettings {
    /// Who issues certificates; none if none are issued.
    pub issuer: Option<IssuerSettings>,
    /// `CERTIFICATE_REQUESTS_PER_MINUTE`: requests of an address per minute; 0 for no limit.
    pub requests_per_minute: u32,
}

impl Default for CertificateSettings {
    fn default() -> Self {
        Self { issuer: None, requests_per_minute: 600 }
    }
}

/// Who issues certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSettings {
    /// `CERTIFICATE_ISSUER`: the origin at which certificates are reached; none for the address of the server itself.
    pub origin: Option<String>,
    /// `CERTIFICATE_ISSUER_NAME`: the name of the issuer; none for the host of the origin.
    pub name: Option<String>,
    /// `CERTIFICATE_KEY_FILE`: the private key; none for a random one that is lost when the server stops.
    pub key_file: Option<PathBuf>,
    /// `CERTIFICATE_OLD_KEY_FILES`: the public keys of earlier private ones.
    pub old_key_files: Vec<PathBuf>,
}

impl IssuerSettings {
    /// Settings with which certificates can be tried, and nothing else.
    #[must_use]
    pub fn of_demo() -> Self {
        Self { origin: None, name: Some("Demo".to_owned()), key_file: None, old_key_files: Vec::new() }
    }

    /// The issuer, of a server that listens on an address.
    ///
    /// # Errors
    /// The setting whose file can't be read or holds no such key, and why.
    pub fn open(&self, address: SocketAddr) -> Result<Issuer, (&'static str, String)> {
        const KEY: &str = "CERTIFICATE_KEY_FILE";
        let key = match &self.key_file {
            Some(path) => read(path, KEY).and_then(|text| {
                SigningKey::from_pem(&text).map_err(|error| (KEY, format!("{} {error}", path.display())))
            }),
            None => random_key().map_err(|error| (KEY, error)),
        }?;
        let mut earlier = Vec::with_capacity(self.old_key_files.len());
        for path in &self.old_key_files {
            const OLD_KEYS: &str = "CERTIFICATE_OLD_KEY_FILES";
            let text = read(path, OLD_KEYS)?;
            let key = PublicKey::from_pem(&text);
            earlier.push(key.map_err(|error| (OLD_KEYS, format!("{} {error}", path.display())))?);
        }
        let origin = self.origin.clone().unwrap_or_else(|| own_origin(address));
        let name = self.name.clone().unwrap_or_else(|| host(&origin).to_owned());
        Ok(Issuer::new(&origin, &name, key, earlier))
    }
}

fn read(path: &Path, setting: &'static str) -> Result<String, (&'static str, String)> {
    let text = std::fs::read_to_string(path);
    text.map_err(|error| (setting, format!("cannot read {}: {error}", path.display())))
}

fn random_key() -> Result<SigningKey, String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random bytes: {error}"))?;
    SigningKey::from_bytes(&bytes).map_err(|error| error.to_string())
}

/// The origin of a server by the address that it listens on.
fn own_origin(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

/// The host and port of an origin.
fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}
