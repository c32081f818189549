//! Settings: typed, read once, and validated before anything starts.

mod auth;
mod certificates;
mod console;
mod database;
mod protocol;
mod sandboxes;
mod telemetry;
mod webhooks;

use std::fmt;
use std::net::SocketAddr;

use chrono::NaiveDate;
use chrono_tz::{TZ_VARIANTS, Tz};

pub use self::database::{DatabaseUrl, ReplicaSettings};
pub use self::protocol::ProtocolSettings;
use crate::auth::tokens::Provider;
use crate::certificates::CertificateSettings;
use crate::http::console::ConsoleSettings;
use crate::program::calendar::parse_date;
use crate::program::nearest::nearest;
use crate::service::sandboxes::SandboxSettings;
use crate::service::webhooks::WebhookSettings;
use crate::store::PoolSizes;

/// Minimum length of the bootstrap key, in characters.
const ADMIN_KEY_CHARS_MIN: usize = 16;
/// Maximum retention of events, other than unlimited: a hundred years.
const EVENTS_KEPT_DAYS_MAX: u32 = 36_500;

/// The settings from the environment, with defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `DATABASE_URL`: the database, `sqlite://…` or `postgres://…`.
    pub database_url: DatabaseUrl,
    /// `DATABASE_…_CONNECTIONS_MAX`: connections to PostgreSQL.
    pub database_pools: PoolSizes,
    /// `DATABASE_REPLICA_…`: a hot standby of the database that queries go to.
    pub replica: Option<ReplicaSettings>,
    /// `BIND`: address and port that the server listens on; port 0 selects a free one.
    pub bind: SocketAddr,
    /// `PROGRAM_TIMEZONE`: the time zone that determines the program's current day.
    pub timezone: Tz,
    /// `EVENTS_KEPT_DAYS`: retention of events in days; none for unlimited.
    pub events_kept_days: Option<u32>,
    /// `PROGRAM_TODAY`: the fixed current day, if it is pinned.
    pub today: Option<NaiveDate>,
    /// `EDITION_APPROVAL`: whether an edition is published only from a draft that a second administrator has approved.
    pub edition_approval: bool,
    /// `BOOTSTRAP_ADMIN_KEY`: a key that authenticates an administrator.
    pub bootstrap_admin_key: Option<Secret>,
    /// `AUTH_…`: the OpenID Connect provider whose tokens are accepted.
    pub provider: Option<Provider>,
    /// `CERTIFICATE_…`: whether levels are certified, and by whom.
    pub certificates: CertificateSettings,
    /// `CONSOLE…`: the web application.
    pub console: ConsoleSettings,
    /// Limits, and settings of the protocol.
    pub protocol: ProtocolSettings,
    /// Log, metrics and traces.
    pub telemetry: crate::telemetry::Settings,
    /// `WEBHOOKS_…`: whether this process delivers webhooks, and to which addresses.
    pub webhooks: WebhookSettings,
    /// `SANDBOX…`: how many sandboxes this process keeps, how long, and where.
    pub sandboxes: SandboxSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database_url: DatabaseUrl::default(),
            database_pools: PoolSizes::default(),
            replica: None,
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            timezone: chrono_tz::Europe::Brussels,
            events_kept_days: Some(365),
            today: None,
            edition_approval: false,
            bootstrap_admin_key: None,
            provider: None,
            certificates: CertificateSettings::default(),
            console: ConsoleSettings::default(),
            protocol: ProtocolSettings::default(),
            telemetry: crate::telemetry::Settings::default(),
            webhooks: WebhookSettings::default(),
            sandboxes: SandboxSettings::default(),
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

impl SettingError {
    /// `accepted` completes "must be …".
    fn new(name: &'static str, accepted: &str, given: impl fmt::Display) -> Self {
        // Quoted, so that any value stays on one line.
        Self { name, message: format!("must be {accepted}, not {:?}", given.to_string()) }
    }

    /// The same error, with the accepted value that was most likely meant.
    fn with_nearest(mut self, nearest: Option<&str>) -> Self {
        if let Some(nearest) = nearest {
            self.message = format!("{}; did you mean {nearest}?", self.message);
        }
        self
    }

    /// An error about a URL, which may hold a password: the message repeats no credentials.
    fn of_url(name: &'static str, accepted: &str, given: &str) -> Self {
        match given.rsplit_once('@') {
            None => Self::new(name, accepted, given),
            Some(_) => match given.split_once("://") {
                Some((scheme, _)) => Self::new(name, accepted, format_args!("{scheme}://…")),
                None => Self { name, message: format!("must be {accepted}") },
            },
        }
    }
}

/// The time zone with the nearest name, or of the city with this name.
fn nearest_timezone(text: &str) -> Option<&'static str> {
    let names = || TZ_VARIANTS.iter().map(|zone| zone.name());
    let of_city =
        || names().find(|name| name.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(text)));
    nearest(text, names()).or_else(of_city)
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
        settings.database_pools = database::read_pools(&get)?;
        settings.replica = database::read_replica(&get, &settings.database_url)?;
        if let Some(text) = get("BIND") {
            let accepted = "an address and a port, such as 127.0.0.1:8080";
            settings.bind = text.parse().map_err(|_| SettingError::new("BIND", accepted, &text))?;
        }
        if let Some(text) = get("PROGRAM_TIMEZONE") {
            let accepted = "an IANA time zone, such as Europe/Brussels";
            settings.timezone = text.parse().map_err(|_| {
                SettingError::new("PROGRAM_TIMEZONE", accepted, &text).with_nearest(nearest_timezone(&text))
            })?;
        }
        if let Some(text) = get("EDITION_APPROVAL") {
            settings.edition_approval = match text.as_str() {
                "none" => false,
                "required" => true,
                _ => return Err(SettingError::new("EDITION_APPROVAL", "none or required", &text)),
            };
        }
        if let Some(text) = get("PROGRAM_TODAY") {
            let accepted = "a date as YYYY-MM-DD, such as 2026-08-31";
            let day = parse_date(&text).ok_or_else(|| SettingError::new("PROGRAM_TODAY", accepted, &text))?;
            settings.today = Some(day);
        }
        if let Some(text) = get("EVENTS_KEPT_DAYS") {
            let days = text.parse().ok().filter(|days| *days <= EVENTS_KEPT_DAYS_MAX);
            let days: u32 = days.ok_or_else(|| {
                let accepted =
                    format!("a number of days from 1 to {EVENTS_KEPT_DAYS_MAX}, or 0 to keep events forever");
                SettingError::new("EVENTS_KEPT_DAYS", &accepted, &text)
            })?;
            settings.events_kept_days = (days > 0).then_some(days);
        }
        if let Some(text) = get("BOOTSTRAP_ADMIN_KEY") {
            settings.bootstrap_admin_key = Some(Secret::new(text)?);
        }
        settings.telemetry = telemetry::read(get)?;
        settings.webhooks = webhooks::read(&get)?;
        settings.certificates = certificates::read(&get)?;
        settings.sandboxes = sandboxes::read(&get)?;
        settings.provider = auth::read(get)?;
        settings.console = console::read(get, settings.provider.as_ref())?;
        Ok(settings)
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
            return refuse("must consist of printable ASCII characters without spaces".to_owned());
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

    /// name, value, the field as it is shown, or the whole message
    const CASES: [(&str, &str, Result<&str, &str>); 31] = [
        ("DATABASE_URL", "", Ok("sqlite://partner-program.db")),
        ("DATABASE_URL", "sqlite://a.db", Ok("sqlite://a.db")),
        ("DATABASE_URL", "postgres://u:p@h/d", Ok("postgres://u:p@h/d")),
        (
            "DATABASE_URL",
            "mysql://u:hidden@h/d",
            Err(
                "DATABASE_URL must be a URL with sqlite:// or postgres://, such as sqlite://partner-program.db or postgres://user@localhost/partner_program, not \"mysql://…\"",
            ),
        ),
        (
            "DATABASE_URL",
            "partners.db",
            Err(
                "DATABASE_URL must be a URL with sqlite:// or postgres://, such as sqlite://partner-program.db or postgres://user@localhost/partner_program, not \"partners.db\"",
            ),
        ),
        (
            "DATABASE_URL",
            "u:hidden@h/d",
            Err(
                "DATABASE_URL must be a URL with sqlite:// or postgres://, such as sqlite://partner-program.db or postgres://user@localhost/partner_program",
            ),
        ),
        (
            "DATABASE_URL",
            "sqlite::memory:",
            Err(
                "DATABASE_URL must be the URL of a file, such as sqlite://partner-program.db, because connections cannot share an in-memory database, not \"sqlite::memory:\"",
            ),
        ),
        (
            "DATABASE_URL",
            "sqlite://x?mode=memory",
            Err(
                "DATABASE_URL must be the URL of a file, such as sqlite://partner-program.db, because connections cannot share an in-memory database, not \"sqlite://x?mode=memory\"",
            ),
        ),
        ("BIND", " ", Ok("127.0.0.1:8080")),
        ("BIND", "0.0.0.0:80", Ok("0.0.0.0:80")),
        ("BIND", "[::1]:0", Ok("[::1]:0")),
        ("BIND", "8080", Err("BIND must be an address and a port, such as 127.0.0.1:8080, not \"8080\"")),
        ("PROGRAM_TIMEZONE", "", Ok("Europe/Brussels")),
        ("PROGRAM_TIMEZONE", "Asia/Tokyo", Ok("Asia/Tokyo")),
        (
            "PROGRAM_TIMEZONE",
            "Brussels",
            Err(
                "PROGRAM_TIMEZONE must be an IANA time zone, such as Europe/Brussels, not \"Brussels\"; did you mean Europe/Brussels?",
            ),
        ),
        (
            "PROGRAM_TIMEZONE",
            "Europe/Brusels",
            Err(
                "PROGRAM_TIMEZONE must be an IANA time zone, such as Europe/Brussels, not \"Europe/Brusels\"; did you mean Europe/Brussels?",
            ),
        ),
        ("PROGRAM_TODAY", "", Ok("None")),
        ("PROGRAM_TODAY", "2026-08-31", Ok("Some(2026-08-31)")),
        (
            "PROGRAM_TODAY",
            "2026-02-30",
            Err("PROGRAM_TODAY must be a date as YYYY-MM-DD, such as 2026-08-31, not \"2026-02-30\""),
        ),
        (
            "PROGRAM_TODAY",
            "31/08/2026",
            Err("PROGRAM_TODAY must be a date as YYYY-MM-DD, such as 2026-08-31, not \"31/08/2026\""),
        ),
        ("EDITION_APPROVAL", "", Ok("false")),
        ("EDITION_APPROVAL", "none", Ok("false")),
        ("EDITION_APPROVAL", "required", Ok("true")),
        ("EDITION_APPROVAL", "yes", Err("EDITION_APPROVAL must be none or required, not \"yes\"")),
        ("EVENTS_KEPT_DAYS", "", Ok("Some(365)")),
        ("EVENTS_KEPT_DAYS", "0", Ok("None")),
        ("EVENTS_KEPT_DAYS", "30", Ok("Some(30)")),
        (
            "EVENTS_KEPT_DAYS",
            "-1",
            Err(
                "EVENTS_KEPT_DAYS must be a number of days from 1 to 36500, or 0 to keep events forever, not \"-1\"",
            ),
        ),
        ("BOOTSTRAP_ADMIN_KEY", "0123456789abcdef", Ok("Some(Secret(…))")),
        (
            "BOOTSTRAP_ADMIN_KEY",
            "0123456789abcde",
            Err("BOOTSTRAP_ADMIN_KEY must have 16 characters or more, not 15"),
        ),
        (
            "BOOTSTRAP_ADMIN_KEY",
            "hidden hidden hidden",
            Err("BOOTSTRAP_ADMIN_KEY must consist of printable ASCII characters without spaces"),
        ),
    ];

    #[test]
    fn settings_are_read_or_refused_by_name() {
        for (name, value, expected) in CASES {
            let read = Settings::read(|key| (key == name).then(|| value.to_owned()));
            match (read, expected) {
                (Ok(settings), Ok(shown)) => {
                    let field = match name {
                        "DATABASE_URL" => settings.database_url.as_str().to_owned(),
                        "BIND" => settings.bind.to_string(),
                        "PROGRAM_TIMEZONE" => settings.timezone.to_string(),
                        "PROGRAM_TODAY" => format!("{:?}", settings.today),
                        "EDITION_APPROVAL" => format!("{:?}", settings.edition_approval),
                        "EVENTS_KEPT_DAYS" => format!("{:?}", settings.events_kept_days),
                        _ => format!("{:?}", settings.bootstrap_admin_key),
                    };
                    assert_eq!(field, shown, "{name}={value}");
                }
                (Err(error), Err(message)) => {
                    let error = error.to_string();
                    assert_eq!(error, message, "{name}={value}");
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
        for (url, is_shown) in [
            ("sqlite://a@b:c.db", true),
            ("postgres://h/d", true),
            ("postgres://u@h:5432/d", true),
            ("postgres://u:hidden@h/d", false),
            ("postgres://h/d?password=hidden", false),
        ] {
            let shown = DatabaseUrl::new(url).expect("an address").without_password().map(str::to_owned);
            assert_eq!(shown, is_shown.then(|| url.to_owned()));
        }
    }
}
