//! Settings of the OpenID Connect provider.

use std::path::PathBuf;

use super::SettingError;
use crate::auth::jwks::KeySource;
use crate::auth::tokens::Provider;

/// Default claim of the role.
const ROLE_CLAIM: &str = "role";
/// Default claim of the partner, professional or integration that the caller represents.
const SUBJECT_CLAIM: &str = "sub";

fn invalid(name: &'static str, message: impl Into<String>) -> SettingError {
    SettingError { name, message: message.into() }
}

/// Reads the provider, if one is configured.
///
/// # Errors
/// The first setting that is invalid, or missing although another one requires it.
pub(super) fn read(get: impl Fn(&str) -> Option<String>) -> Result<Option<Provider>, SettingError> {
    let source = match (get("AUTH_JWKS_URL"), get("AUTH_JWKS_FILE")) {
        (Some(_), Some(_)) => {
            return Err(invalid("AUTH_JWKS_FILE", "and AUTH_JWKS_URL are both set; set only one of them"));
        }
        (Some(text), None) => KeySource::Url(url(&text)?),
        (None, Some(path)) => KeySource::File(PathBuf::from(path)),
        (None, None) => {
            let alone = ["AUTH_ISSUER", "AUTH_AUDIENCE", "AUTH_ROLE_CLAIM", "AUTH_SUBJECT_CLAIM"];
            return match alone.into_iter().find(|name| get(name).is_some()) {
                Some(name) => Err(invalid(name, "requires AUTH_JWKS_URL or AUTH_JWKS_FILE; set one of them")),
                None => Ok(None),
            };
        }
    };
    let needed = |name: &'static str, what: &str| {
        get(name).ok_or_else(|| invalid(name, format!("must be set to {what} of the provider's tokens")))
    };
    Ok(Some(Provider {
        source,
        issuer: needed("AUTH_ISSUER", "the issuer (iss)")?,
        audience: needed("AUTH_AUDIENCE", "the audience (aud)")?,
        role_claim: get("AUTH_ROLE_CLAIM").unwrap_or_else(|| ROLE_CLAIM.to_owned()),
        subject_claim: get("AUTH_SUBJECT_CLAIM").unwrap_or_else(|| SUBJECT_CLAIM.to_owned()),
    }))
}

/// Validates the URL of a key set. Keys that were fetched over plain HTTP could be forged.
fn url(text: &str) -> Result<reqwest::Url, SettingError> {
    let refuse = || SettingError::of_url("AUTH_JWKS_URL", "an https:// URL, or http:// for localhost", text);
    let url = reqwest::Url::parse(text).map_err(|_| refuse())?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if local => Ok(url),
        _ => Err(refuse()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings, and the message or none when they are valid.
    type Case<'c> = (Vec<(&'c str, &'c str)>, Option<&'c str>);

    #[test]
    fn a_provider_is_whole_or_refused_by_name() {
        let whole = [("AUTH_ISSUER", "https://id.example.com"), ("AUTH_AUDIENCE", "partner-program")];
        let url = ("AUTH_JWKS_URL", "https://id.example.com/keys");
        let table: [Case<'_>; 11] = [
            (vec![], None),
            (vec![url, whole[0], whole[1]], None),
            (vec![("AUTH_JWKS_URL", "http://localhost:1/k"), whole[0], whole[1]], None),
            (vec![("AUTH_JWKS_FILE", "keys.json"), whole[0], whole[1]], None),
            (
                vec![url, whole[0]],
                Some("AUTH_AUDIENCE must be set to the audience (aud) of the provider's tokens"),
            ),
            (
                vec![url, whole[1]],
                Some("AUTH_ISSUER must be set to the issuer (iss) of the provider's tokens"),
            ),
            (vec![whole[0]], Some("AUTH_ISSUER requires AUTH_JWKS_URL or AUTH_JWKS_FILE; set one of them")),
            (
                vec![url, ("AUTH_JWKS_FILE", "keys.json")],
                Some("AUTH_JWKS_FILE and AUTH_JWKS_URL are both set; set only one of them"),
            ),
            (
                vec![("AUTH_JWKS_URL", "http://id.example.com/k")],
                Some(
                    "AUTH_JWKS_URL must be an https:// URL, or http:// for localhost, not \"http://id.example.com/k\"",
                ),
            ),
            (
                vec![("AUTH_JWKS_URL", "http://u:hidden@id.example.com/k")],
                Some("AUTH_JWKS_URL must be an https:// URL, or http:// for localhost, not \"http://…\""),
            ),
            (
                vec![("AUTH_JWKS_URL", "keys")],
                Some("AUTH_JWKS_URL must be an https:// URL, or http:// for localhost, not \"keys\""),
            ),
        ];
        for (settings, expected) in table {
            let get = |name: &str| {
                settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            match (read(get), expected) {
                (Ok(provider), None) => assert_eq!(provider.is_some(), !settings.is_empty()),
                (Err(error), Some(message)) => assert_eq!(error.to_string(), message),
                (read, expected) => panic!("{settings:?}: {read:?}, {expected:?}"),
            }
        }
    }
}
