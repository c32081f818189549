//! Settings of certificates.

use std::path::PathBuf;

use super::SettingError;
use super::protocol::SettingReader;
use crate::certificates::{CertificateSettings, IssuerSettings};

/// Maximum length of the issuer's name, in characters.
const NAME_CHARS_MAX: usize = 200;

/// Reads the settings through `get`, which returns the value of a name unless it is blank.
///
/// # Errors
/// The first setting that is invalid, or missing although another one requires it.
pub(super) fn read(get: &dyn Fn(&str) -> Option<String>) -> Result<CertificateSettings, SettingError> {
    let mut settings = CertificateSettings::default();
    let limit = &mut settings.requests_per_minute;
    SettingReader { get }.number("CERTIFICATE_REQUESTS_PER_MINUTE", 0..=1_000_000, limit)?;
    let (origin, key_file) = match (get("CERTIFICATE_ISSUER"), get("CERTIFICATE_KEY_FILE")) {
        (Some(issuer), Some(key_file)) => (origin(&issuer)?, key_file),
        (Some(_), None) => return Err(requires("CERTIFICATE_ISSUER", "CERTIFICATE_KEY_FILE")),
        (None, Some(_)) => return Err(requires("CERTIFICATE_KEY_FILE", "CERTIFICATE_ISSUER")),
        (None, None) => {
            let alone = ["CERTIFICATE_ISSUER_NAME", "CERTIFICATE_OLD_KEY_FILES"];
            return match alone.into_iter().find(|name| get(name).is_some()) {
                Some(name) => Err(requires(name, "CERTIFICATE_ISSUER and CERTIFICATE_KEY_FILE")),
                None => Ok(settings),
            };
        }
    };
    let name = get("CERTIFICATE_ISSUER_NAME");
    if let Some(name) = &name
        && (name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control))
    {
        let accepted = format!("a name of at most {NAME_CHARS_MAX} characters on one line");
        return Err(SettingError::new("CERTIFICATE_ISSUER_NAME", &accepted, name));
    }
    let old_keys = get("CERTIFICATE_OLD_KEY_FILES").unwrap_or_default();
    let old_keys = old_keys.split(',').map(str::trim).filter(|path| !path.is_empty());
    settings.issuer = Some(IssuerSettings {
        origin: Some(origin),
        name,
        key_file: Some(PathBuf::from(key_file)),
        old_key_files: old_keys.map(PathBuf::from).collect(),
    });
    Ok(settings)
}

fn requires(name: &'static str, other: &str) -> SettingError {
    SettingError { name, message: format!("requires {other}; set all of them") }
}

/// The origin of the issuer, which verifiers trust because of its TLS.
fn origin(text: &str) -> Result<String, SettingError> {
    let accepted = "the origin at which certificates are reached, such as https://partners.example.com, or http:// for localhost";
    let refuse = || SettingError::of_url("CERTIFICATE_ISSUER", accepted, text);
    let url = reqwest::Url::parse(text).map_err(|_| refuse())?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let origin = url.origin().ascii_serialization();
    let is_origin = text == origin || text.strip_suffix('/') == Some(&origin);
    let is_accepted = url.scheme() == "https" || (url.scheme() == "http" && local);
    if is_origin && is_accepted { Ok(origin) } else { Err(refuse()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: [(&str, &str); 2] =
        [("CERTIFICATE_ISSUER", "https://partners.example.com"), ("CERTIFICATE_KEY_FILE", "key.pem")];

    fn settings(pairs: &[(&str, &str)]) -> Result<CertificateSettings, String> {
        let get =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        read(&get).map_err(|error| error.to_string())
    }

    #[test]
    fn an_issuer_is_whole_or_refused_by_name() {
        assert_eq!(settings(&[]), Ok(CertificateSettings::default()));
        let old = ("CERTIFICATE_OLD_KEY_FILES", "a.pub, b.pub");
        let read = settings(&[WHOLE[0], WHOLE[1], old, ("CERTIFICATE_REQUESTS_PER_MINUTE", "0")]);
        let read = read.expect("settings");
        assert_eq!(read.requests_per_minute, 0);
        let issuer = read.issuer.expect("an issuer");
        assert_eq!(issuer.origin.as_deref(), Some("https://partners.example.com"));
        assert_eq!(issuer.old_key_files, [PathBuf::from("a.pub"), PathBuf::from("b.pub")]);
        for (pairs, message) in [
            (&WHOLE[..1], "CERTIFICATE_ISSUER requires CERTIFICATE_KEY_FILE; set all of them"),
            (&WHOLE[1..], "CERTIFICATE_KEY_FILE requires CERTIFICATE_ISSUER; set all of them"),
            (
                &[("CERTIFICATE_ISSUER_NAME", "x")],
                "CERTIFICATE_ISSUER_NAME requires CERTIFICATE_ISSUER and CERTIFICATE_KEY_FILE; set all of them",
            ),
        ] {
            assert_eq!(settings(pairs), Err(message.to_owned()));
        }
    }

    #[test]
    fn an_issuer_is_an_origin_with_tls() {
        for (issuer, origin) in [
            ("https://a.example", Some("https://a.example")),
            ("https://a.example/", Some("https://a.example")),
            ("https://a.example:8443", Some("https://a.example:8443")),
            ("http://localhost:8080", Some("http://localhost:8080")),
            ("http://a.example", None),
            ("https://a.example/path", None),
            ("https://a.example/?x", None),
            ("https://user:hidden@a.example", None),
            ("did:web:a.example", None),
            ("a.example", None),
        ] {
            match settings(&[("CERTIFICATE_ISSUER", issuer), WHOLE[1]]) {
                Ok(read) => assert_eq!(read.issuer.expect("an issuer").origin.as_deref(), origin),
                Err(message) => {
                    assert!(
                        origin.is_none() && message.starts_with("CERTIFICATE_ISSUER must be "),
                        "{message}"
                    );
                    assert!(!message.contains("hidden"), "{message}");
                }
            }
        }
    }
}
