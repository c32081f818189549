//! Settings: typed, read once, and validated before anything starts.

mod auth;
mod protocol;
mod telemetry;
mod webhooks;

use std::fmt;
use std::net::SocketAddr;

use chrono::NaiveDate;
use chrono_tz::Tz;

pub use self::protocol::ProtocolSettings;
use crate::auth::tokens::Provider;
use crate::program::calendar::parse_date;
use crate::service::webhooks::WebhookSettings;

/// Minimum length of the bootstrap key, in characters.
const ADMIN_KEY_CHARS_MIN: usize = 16;
/// Maximum retention of events, other than unlimited: a hundred years.
const EVENTS_KEPT_DAYS_MAX: u32 = 36_500;

/// The settings from the environment, with defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `DATABASE_URL`: the database, `sqlite://…` or `postgres://…`.
    pub database_url: DatabaseUrl,
    /// `BIND`: address and port that the server listens on; port 0 selects a free one.
    pub bind: SocketAddr,
    /// `PROGRAM_TIMEZONE`: the time zone that determines the program's current day.
    pub timezone: Tz,
    /// `EVENTS_KEPT_DAYS`: retention of events in days; none for unlimited.
    pub events_kept_days: Option<u32>,
    /// `PROGRAM_TODAY`: the fixed current day, if it is pinned.
    pub today: Option<NaiveDate>,
    /// `BOOTSTRAP_ADMIN_KEY`: a key that authenticates an administrator.
    pub bootstrap_admin_key: Option<Secret>,
    /// `AUTH_…`: the OpenID Connect provider whose tokens are accepted.
    pub provider: Option<Provider>,
    /// Limits, and settings of the protocol.
    pub protocol: ProtocolSettings,
    /// Log, metrics and traces.
    pub telemetry: crate::telemetry::Settings,
    /// `WEBHOOKS_…`: whether this process delivers webhooks, and to which addresses.
    pub webhooks: WebhookSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database_url: DatabaseUrl("sqlite://partner-program.db".to_owned()),
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            timezone: chrono_tz::Europe::Brussels,
            events_kept_days: Some(365),
            today: None,
            bootstrap_admin_key: None,
            provider: None,
            protocol: ProtocolSettings::default(),
            telemetry: crate::telemetry::Settings::default(),
            webhooks: WebhookSettings::default(),
        }
    }
}

/// An invalid setting. The message names it and what is accepted; it never repeats a value that may be
/// secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {message}")]
pub struct SettingError {
    name: &'static str,
    message: String,
}

impl Settings {
    /// Reads the settings through `get`, which returns the value of a name. A blank value counts as unset.
    ///
    /// # Errors
    /// The first invalid setting.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let get = |name: &str| get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut settings = Self { protocol: ProtocolSettings::read(&get)?, ..Self::default() };
        if let Some(text) = get("DATABASE_URL") {
            settings.database_url = DatabaseUrl::new(&text)?;
        }
        if let Some(text) = get("BIND") {
            settings.bind = text.parse().map_err(|_| SettingError {
                name: "BIND",
                message: format!("must be an address and a port, such as 127.0.0.1:8080, not {text:?}"),
            })?;
        }
        if let Some(text) = get("PROGRAM_TIMEZONE") {
            settings.timezone = text.parse().map_err(|_| SettingError {
                name: "PROGRAM_TIMEZONE",
                message: format!("must be an IANA time zone, such as Europe/Brussels, not {text:?}"),
            })?;
        }
        if let Some(text) = get("PROGRAM_TODAY") {
            let day = parse_date(&text).ok_or_else(|| SettingError {
                name: "PROGRAM_TODAY",
                message: format!("must be a date such as 2026-08-31, not {text:?}"),
            })?;
            settings.today = Some(day);
        }
        if let Some(text) = get("EVENTS_KEPT_DAYS") {
            let days: u32 =
                text.parse().ok().filter(|days| *days <= EVENTS_KEPT_DAYS_MAX).ok_or_else(|| {
                    let message = format!(
                        "must be a number of days up to {EVENTS_KEPT_DAYS_MAX}, or 0 for ever, not {text:?}"
                    );
                    SettingError { name: "EVENTS_KEPT_DAYS", message }
                })?;
            settings.events_kept_days = (days > 0).then_some(days);
        }
        if let Some(text) = get("BOOTSTRAP_ADMIN_KEY") {
            settings.bootstrap_admin_key = Some(Secret::new(text)?);
        }
        settings.telemetry = telemetry::read(get)?;
        settings.webhooks = webhooks::read(&get)?;
        settings.provider = auth::read(get)?;
        Ok(settings)
    }
}

/// The URL of the database. `Debug` prints only the engine, because the URL may contain a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Validates the URL of a database.
    ///
    /// # Errors
    /// When the engine is not supported, or the database would be visible to one connection only.
    pub fn new(url: &str) -> Result<Self, SettingError> {
        let refuse = |message: &str| Err(SettingError { name: "DATABASE_URL", message: message.to_owned() });
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if !known.iter().any(|beginning| url.starts_with(beginning)) {
            return refuse(
                "must begin with sqlite:// or postgres://, such as sqlite://partner-program.db or \
                 postgres://user@localhost/partner_program",
            );
        }
        if url.starts_with("sqlite:") && (url.contains(":memory:") || url.contains("mode=memory")) {
            return refuse("must name a file, such as sqlite://partner-program.db: memory is not shared");
        }
        Ok(Self(url.to_owned()))
    }

    /// The URL, to connect with.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({}:…)", self.0.split(':').next().unwrap_or_default())
    }
}

/// A key that `Debug` does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Validates the bootstrap key.
    ///
    /// # Errors
    /// When it is too short, or cannot be sent in a header.
    pub fn new(text: String) -> Result<Self, SettingError> {
        let refuse = |message: String| Err(SettingError { name: "BOOTSTRAP_ADMIN_KEY", message });
        let length = text.chars().count();
        if length < ADMIN_KEY_CHARS_MIN {
            return refuse(format!("must have {ADMIN_KEY_CHARS_MIN} characters or more, not {length}"));
        }
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return refuse("must consist of letters, digits and signs of ASCII, without blanks".to_owned());
        }
        Ok(Self(text))
    }

    /// The key, for comparison.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_or_refused_by_name() {
        // name, value, the field as it is shown, or the whole message
        let table: [(&str, &str, Result<&str, &str>); 23] = [
            ("DATABASE_URL", "", Ok("sqlite://partner-program.db")),
            ("DATABASE_URL", "sqlite://a.db", Ok("sqlite://a.db")),
            ("DATABASE_URL", "postgres://u:p@h/d", Ok("postgres://u:p@h/d")),
            (
                "DATABASE_URL",
                "mysql://u:hidden@h/d",
                Err("DATABASE_URL must begin with sqlite:// or postgres://"),
            ),
            ("DATABASE_URL", "sqlite::memory:", Err("DATABASE_URL must name a file")),
            ("DATABASE_URL", "sqlite://x?mode=memory", Err("DATABASE_URL must name a file")),
            ("BIND", " ", Ok("127.0.0.1:8080")),
            ("BIND", "0.0.0.0:80", Ok("0.0.0.0:80")),
            ("BIND", "[::1]:0", Ok("[::1]:0")),
            ("BIND", "8080", Err("BIND must be an address and a port, such as 127.0.0.1:8080, not \"8080\"")),
            ("PROGRAM_TIMEZONE", "", Ok("Europe/Brussels")),
            ("PROGRAM_TIMEZONE", "Asia/Tokyo", Ok("Asia/Tokyo")),
            ("PROGRAM_TIMEZONE", "Brussels", Err("PROGRAM_TIMEZONE must be an IANA time zone")),
            ("PROGRAM_TODAY", "", Ok("None")),
            ("PROGRAM_TODAY", "2026-08-31", Ok("Some(2026-08-31)")),
            ("PROGRAM_TODAY", "2026-02-30", Err("PROGRAM_TODAY must be a date such as 2026-08-31")),
            ("PROGRAM_TODAY", "31/08/2026", Err("PROGRAM_TODAY must be a date such as 2026-08-31")),
            ("EVENTS_KEPT_DAYS", "", Ok("Some(365)")),
            ("EVENTS_KEPT_DAYS", "0", Ok("None")),
            ("EVENTS_KEPT_DAYS", "30", Ok("Some(30)")),
            ("EVENTS_KEPT_DAYS", "-1", Err("EVENTS_KEPT_DAYS must be a number of days up to 36500, or 0")),
            ("BOOTSTRAP_ADMIN_KEY", "0123456789abcdef", Ok("Some(Secret(…))")),
            ("BOOTSTRAP_ADMIN_KEY", "0123456789abcde", Err("BOOTSTRAP_ADMIN_KEY must have 16 characters")),
        ];
        for (name, value, expected) in table {
            let read = Settings::read(|key| (key == name).then(|| value.to_owned()));
            match (read, expected) {
                (Ok(settings), Ok(shown)) => {
                    let field = match name {
                        "DATABASE_URL" => settings.database_url.as_str().to_owned(),
                        "BIND" => settings.bind.to_string(),
                        "PROGRAM_TIMEZONE" => settings.timezone.to_string(),
                        "PROGRAM_TODAY" => format!("{:?}", settings.today),
                        "EVENTS_KEPT_DAYS" => format!("{:?}", settings.events_kept_days),
                        _ => format!("{:?}", settings.bootstrap_admin_key),
                    };
                    assert_eq!(field, shown, "{name}={value}");
                }
                (Err(error), Err(message)) => {
                    let error = error.to_string();
                    assert!(error.starts_with(message), "{name}={value}: {error}");
                    assert!(!error.contains('\n') && !error.contains("hidden"), "{error}");
                }
                (read, _) => panic!("{name}={value}: {read:?}"),
            }
        }
    }

    #[test]
    fn debug_output_has_no_secrets() {
        let get = |name: &str| match name {
            "DATABASE_URL" => Some("postgres://u:hidden@h/d".to_owned()),
            "BOOTSTRAP_ADMIN_KEY" => Some("hidden-hidden-hidden".to_owned()),
            _ => None,
        };
        let shown = format!("{:?}", Settings::read(get));
        assert!(shown.contains("DatabaseUrl(postgres:…)") && !shown.contains("hidden"), "{shown}");
    }
}
