//! Settings of the console.

use super::SettingError;
use crate::auth::tokens::Provider;
use crate::http::console::{ConsoleSettings, SignIn};

/// Default scopes.
const SCOPE: &str = "openid";

/// Reads the settings. The console signs people in with the provider whose tokens the server accepts.
///
/// # Errors
/// The first setting that is invalid, or that requires another one.
pub(super) fn read(
    get: impl Fn(&str) -> Option<String>,
    provider: Option<&Provider>,
) -> Result<ConsoleSettings, SettingError> {
    let enabled = match get("CONSOLE").as_deref() {
        None | Some("true") => true,
        Some("false") => false,
        Some(text) => return Err(SettingError::new("CONSOLE", "true or false", text)),
    };
    // A line break in a setting is awkward in many places that settings are kept in.
    let letterhead = get("CONSOLE_LETTERHEAD").map(|text| {
        text.split([';', '\n']).map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    });
    Ok(ConsoleSettings {
        enabled,
        letterhead: letterhead.unwrap_or_default(),
        sign_in: sign_in(get, provider)?,
        // The server knows it once it has its key.
        certificates: false,
        sandbox_until: None,
    })
}

fn sign_in(
    get: impl Fn(&str) -> Option<String>,
    provider: Option<&Provider>,
) -> Result<Option<SignIn>, SettingError> {
    let Some(client_id) = get("CONSOLE_OIDC_CLIENT_ID") else {
        let alone = ["CONSOLE_OIDC_SCOPE", "CONSOLE_OIDC_RESOURCE", "CONSOLE_OIDC_ORIGINS"];
        return match alone.into_iter().find(|name| get(name).is_some()) {
            Some(name) => {
                Err(SettingError { name, message: "requires CONSOLE_OIDC_CLIENT_ID; set both".to_owned() })
            }
            None => Ok(None),
        };
    };
    let Some(provider) = provider else {
        let message =
            "requires AUTH_ISSUER, AUTH_AUDIENCE and a key set, by which tokens are accepted".to_owned();
        return Err(SettingError { name: "CONSOLE_OIDC_CLIENT_ID", message });
    };
    let issuer = provider.issuer.clone();
    let mut origins = vec![origin(&issuer).ok_or_else(|| {
        let accepted = "an http:// or https:// URL for the console to sign in";
        SettingError::new("AUTH_ISSUER", accepted, &issuer)
    })?];
    for text in get("CONSOLE_OIDC_ORIGINS").iter().flat_map(|text| text.split(',')).map(str::trim) {
        let known = origin(text).filter(|origin| origin == text);
        origins.push(known.ok_or_else(|| {
            SettingError::new("CONSOLE_OIDC_ORIGINS", "origins such as https://id.example.com", text)
        })?);
    }
    let scope = get("CONSOLE_OIDC_SCOPE").unwrap_or_else(|| SCOPE.to_owned());
    Ok(Some(SignIn { issuer, client_id, scope, resource: get("CONSOLE_OIDC_RESOURCE"), origins }))
}

/// The origin of a URL.
fn origin(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::super::Settings;

    const PROVIDER: [(&str, &str); 3] = [
        ("AUTH_JWKS_FILE", "keys.json"),
        ("AUTH_ISSUER", "https://id.example.com/realm"),
        ("AUTH_AUDIENCE", "partner-program"),
    ];

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let get = |name: &str| {
            pairs.iter().chain(&PROVIDER).find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::read(get).map_err(|error| error.to_string())
    }

    #[test]
    fn the_client_of_the_provider_is_whole_or_refused_by_name() {
        let client = ("CONSOLE_OIDC_CLIENT_ID", "console");
        let settings = read(&[client, ("CONSOLE_OIDC_ORIGINS", "https://token.example.com")]).unwrap();
        let sign_in = settings.console.sign_in.unwrap();
        assert_eq!(sign_in.issuer, "https://id.example.com/realm");
        assert_eq!(sign_in.scope, "openid");
        assert_eq!(sign_in.origins, ["https://id.example.com", "https://token.example.com"]);
        assert_eq!(read(&[]).unwrap().console.sign_in, None);
        for (pairs, message) in [
            (
                vec![("CONSOLE_OIDC_SCOPE", "openid")],
                "CONSOLE_OIDC_SCOPE requires CONSOLE_OIDC_CLIENT_ID; set both",
            ),
            (
                vec![client, ("CONSOLE_OIDC_ORIGINS", "https://a.example/path")],
                "CONSOLE_OIDC_ORIGINS must be origins such as https://id.example.com, not \"https://a.example/path\"",
            ),
            (
                vec![client, ("AUTH_ISSUER", "urn:provider")],
                "AUTH_ISSUER must be an http:// or https:// URL for the console to sign in, not \"urn:provider\"",
            ),
            (vec![("CONSOLE", "no")], "CONSOLE must be true or false, not \"no\""),
        ] {
            assert_eq!(read(&pairs).unwrap_err(), message);
        }
    }

    #[test]
    fn a_letterhead_has_lines() {
        let settings = read(&[("CONSOLE_LETTERHEAD", "Example NV; Street 1 ;; 8870 Izegem")]).unwrap();
        assert_eq!(settings.console.letterhead, ["Example NV", "Street 1", "8870 Izegem"]);
    }
}
