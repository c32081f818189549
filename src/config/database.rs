//! Settings of the database.

use std::fmt;
use std::time::Duration;

use super::SettingError;
use super::protocol::SettingReader;
use crate::program::nearest::nearest;
use crate::store::{PoolSizes, ReplicaLimits};

/// How the URL of a PostgreSQL database begins.
const POSTGRES: [&str; 2] = ["postgres://", "postgresql://"];
/// Parameters in the URL of a PostgreSQL database.
const PARAMETERS: [&str; 13] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];
/// Other spellings of some.
const ALIASES: [&str; 5] = ["ssl-mode", "ssl-root-cert", "ssl-ca", "ssl-cert", "ssl-key"];
/// Values of `sslmode`. The driver would take `allow` for `disable`.
const SSL_MODES: [&str; 5] = ["disable", "prefer", "require", "verify-ca", "verify-full"];

/// Reads the numbers of connections through `get`, which returns the value of a name unless it is blank.
///
/// # Errors
/// The first invalid setting.
pub(super) fn read_pools(get: &dyn Fn(&str) -> Option<String>) -> Result<PoolSizes, SettingError> {
    let mut sizes = PoolSizes::default();
    let reader = SettingReader { get };
    reader.number("DATABASE_READ_CONNECTIONS_MAX", 1..=1_000, &mut sizes.read)?;
    reader.number("DATABASE_WRITE_CONNECTIONS_MAX", 1..=1_000, &mut sizes.write)?;
    Ok(sizes)
}

/// A hot standby of the database that queries go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSettings {
    /// `DATABASE_REPLICA_URL`: its address.
    pub url: DatabaseUrl,
    /// `DATABASE_REPLICA_WAIT` and `DATABASE_REPLICA_LAG_MAX`: how old reads may be.
    pub limits: ReplicaLimits,
}

/// Reads the settings of the standby of a database through `get`, which returns the value of a name unless it is blank.
///
/// # Errors
/// The first invalid setting, or that the database is SQLite.
pub(super) fn read_replica(
    get: &dyn Fn(&str) -> Option<String>,
    database: &DatabaseUrl,
) -> Result<Option<ReplicaSettings>, SettingError> {
    const NAME: &str = "DATABASE_REPLICA_URL";
    let mut limits = ReplicaLimits::default();
    let reader = SettingReader { get };
    let waits = Duration::from_millis(1)..=Duration::from_secs(10);
    reader.duration("DATABASE_REPLICA_WAIT", waits, &mut limits.wait_max)?;
    let lags = Duration::from_secs(1)..=Duration::from_hours(1);
    reader.duration("DATABASE_REPLICA_LAG_MAX", lags, &mut limits.lag_max)?;
    let Some(url) = get(NAME) else { return Ok(None) };
    if !POSTGRES.iter().any(|beginning| url.starts_with(beginning)) {
        let accepted =
            "the URL of a standby with postgres://, such as postgres://user@standby/partner_program";
        return Err(SettingError::of_url(NAME, accepted, &url));
    }
    if !database.is_postgres() {
        let message = "requires PostgreSQL, and DATABASE_URL is a file of SQLite, which has no standby";
        return Err(SettingError { name: NAME, message: message.to_owned() });
    }
    check_parameters(NAME, &url)?;
    Ok(Some(ReplicaSettings { url: DatabaseUrl(url), limits }))
}

/// Refuses parameters that the driver would ignore. SQLite's driver refuses them itself.
fn check_parameters(setting: &'static str, url: &str) -> Result<(), SettingError> {
    let refuse = |message: String| Err(SettingError { name: setting, message });
    if url.starts_with("sqlite:") {
        return Ok(());
    }
    // The driver says what is wrong with any other text.
    let Ok(url) = reqwest::Url::parse(url) else { return Ok(()) };
    // The value may be a secret, and is repeated for `sslmode` alone.
    for (name, value) in url.query_pairs() {
        let is_known = PARAMETERS.contains(&&*name) || ALIASES.contains(&&*name);
        let is_option = name.starts_with("options[") && name.ends_with(']');
        if !is_known && !is_option {
            let meant = nearest(&name, PARAMETERS).map(|meant| format!("; did you mean {meant}?"));
            let known = PARAMETERS.join(", ");
            return refuse(format!(
                "has the parameter {:?}; supported parameters are {known}{}",
                &*name,
                meant.unwrap_or_default()
            ));
        }
        if matches!(&*name, "sslmode" | "ssl-mode") && !SSL_MODES.contains(&&*value) {
            let meant = nearest(&value, SSL_MODES).map(|meant| format!("; did you mean {meant}?"));
            return refuse(format!(
                "must have one of {} as its {name}, not {:?}{}",
                SSL_MODES.join(", "),
                &*value,
                meant.unwrap_or_default()
            ));
        }
    }
    Ok(())
}

/// The URL of the database. `Debug` prints only the engine, because the URL may contain a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Validates the URL of a database.
    ///
    /// # Errors
    /// When the engine or a parameter is not supported, or the database would be visible to one connection
    /// only.
    pub fn new(url: &str) -> Result<Self, SettingError> {
        let is_postgres = POSTGRES.iter().any(|beginning| url.starts_with(beginning));
        if !is_postgres && !url.starts_with("sqlite:") {
            let accepted = "a URL with sqlite:// or postgres://, such as sqlite://partner-program.db or \
                            postgres://user@localhost/partner_program";
            return Err(SettingError::of_url("DATABASE_URL", accepted, url));
        }
        if url.starts_with("sqlite:") && (url.contains(":memory:") || url.contains("mode=memory")) {
            // Each connection would have a database of its own.
            let accepted = "the URL of a file, such as sqlite://partner-program.db, because connections \
                            cannot share an in-memory database";
            return Err(SettingError::of_url("DATABASE_URL", accepted, url));
        }
        check_parameters("DATABASE_URL", url)?;
        Ok(Self(url.to_owned()))
    }

    /// The URL, to connect with.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_postgres(&self) -> bool {
        POSTGRES.iter().any(|beginning| self.0.starts_with(beginning))
    }

    /// The address, unless it holds a password.
    #[must_use]
    pub fn without_password(&self) -> Option<&str> {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let user = rest.rsplit_once('@').map_or("", |(user, _)| user);
        let is_file = self.0.starts_with("sqlite:");
        (is_file || !user.contains(':') && !rest.contains("password")).then_some(&self.0)
    }
}

impl Default for DatabaseUrl {
    fn default() -> Self {
        Self("sqlite://partner-program.db".to_owned())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({}:…)", self.0.split(':').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_known_or_refused() {
        // URL, how the error begins and ends
        let table = [
            ("postgres://u:p@h/d?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem", None),
            ("postgres://h/d?ssl-mode=disable&options[search_path]=s&application_name=a", None),
            ("postgresql:///d?host=/run/postgresql&user=u&password=hidden", None),
            (
                "postgres://u:hidden@h/d?sslmod=verify-full",
                Some((
                    "DATABASE_URL has the parameter \"sslmod\"; supported parameters are sslmode, sslrootcert, ",
                    "statement-cache-capacity; did you mean sslmode?",
                )),
            ),
            (
                "postgres://h/d?connect_timeout=hidden",
                Some(("DATABASE_URL has the parameter \"connect_timeout\"; ", "statement-cache-capacity")),
            ),
            (
                "postgres://h/d?sslmode=verify",
                Some((
                    "DATABASE_URL must have one of disable, prefer, require, verify-ca, verify-full as its sslmode, ",
                    "not \"verify\"",
                )),
            ),
            (
                "postgres://h/d?sslmode=verify_full",
                Some((
                    "DATABASE_URL must have one of disable, prefer, require, verify-ca, verify-full as its sslmode, ",
                    "not \"verify_full\"; did you mean verify-full?",
                )),
            ),
            ("postgres://h/d?sslmode=allow", Some(("DATABASE_URL must have one of ", "not \"allow\""))),
        ];
        for (url, expected) in table {
            match (DatabaseUrl::new(url).map_err(|error| error.to_string()), expected) {
                (Ok(_), None) => {}
                (Err(error), Some((start, end))) => {
                    assert!(error.starts_with(start) && error.ends_with(end), "{error}");
                    assert!(!error.contains("hidden"), "{error}");
                }
                (read, _) => panic!("{url}: {read:?}"),
            }
        }
    }

    #[test]
    fn a_standby_is_read_or_refused_by_name() {
        /// Database, settings, the wait and the greatest lag in milliseconds, or how the error begins.
        type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], Result<Option<(u128, u128)>, &'c str>);
        let standby = "postgres://u:hidden@standby/d";
        let table: [Case<'_>; 9] = [
            ("postgres://h/d", &[], Ok(None)),
            ("sqlite://a.db", &[("DATABASE_REPLICA_WAIT", "1s")], Ok(None)),
            ("postgres://h/d", &[("DATABASE_REPLICA_URL", standby)], Ok(Some((100, 1_000)))),
            (
                "postgres://h/d",
                &[
                    ("DATABASE_REPLICA_URL", standby),
                    ("DATABASE_REPLICA_WAIT", "250ms"),
                    ("DATABASE_REPLICA_LAG_MAX", "30s"),
                ],
                Ok(Some((250, 30_000))),
            ),
            (
                "sqlite://a.db",
                &[("DATABASE_REPLICA_URL", standby)],
                Err("DATABASE_REPLICA_URL requires PostgreSQL, and DATABASE_URL is a file of SQLite"),
            ),
            (
                "postgres://h/d",
                &[("DATABASE_REPLICA_URL", "sqlite://b.db")],
                Err("DATABASE_REPLICA_URL must be the URL of a standby with postgres://"),
            ),
            (
                "postgres://h/d",
                &[("DATABASE_REPLICA_URL", "postgres://u:hidden@standby/d?sslmod=require")],
                Err("DATABASE_REPLICA_URL has the parameter \"sslmod\""),
            ),
            (
                "postgres://h/d",
                &[("DATABASE_REPLICA_WAIT", "11s")],
                Err("DATABASE_REPLICA_WAIT must be a duration from 1ms to 10s"),
            ),
            (
                "postgres://h/d",
                &[("DATABASE_REPLICA_LAG_MAX", "999ms")],
                Err("DATABASE_REPLICA_LAG_MAX must be a duration from 1s to 3600s"),
            ),
        ];
        for (database, settings, expected) in table {
            let get = |key: &str| {
                let found = settings.iter().find(|(name, _)| *name == key);
                found.map(|(_, value)| (*value).to_owned())
            };
            let database = DatabaseUrl::new(database).expect("an address");
            match (read_replica(&get, &database), expected) {
                (Ok(read), Ok(expected)) => {
                    let limits = read.map(|read| read.limits);
                    let millis = limits.map(|it| (it.wait_max.as_millis(), it.lag_max.as_millis()));
                    assert_eq!(millis, expected, "{settings:?}");
                }
                (Err(error), Err(beginning)) => {
                    let error = error.to_string();
                    assert!(error.starts_with(beginning) && !error.contains("hidden"), "{error}");
                }
                (read, _) => panic!("{settings:?}: {read:?}"),
            }
        }
    }

    #[test]
    fn numbers_of_connections_are_read_or_refused_by_name() {
        // name, value, the numbers for reading and writing, or none when refused
        let table = [
            ("DATABASE_READ_CONNECTIONS_MAX", "", Some((8, 8))),
            ("DATABASE_READ_CONNECTIONS_MAX", "1", Some((1, 8))),
            ("DATABASE_WRITE_CONNECTIONS_MAX", "1000", Some((8, 1_000))),
            ("DATABASE_READ_CONNECTIONS_MAX", "0", None),
            ("DATABASE_WRITE_CONNECTIONS_MAX", "1001", None),
        ];
        for (name, value, expected) in table {
            let get = |key: &str| (key == name && !value.is_empty()).then(|| value.to_owned());
            match (read_pools(&get), expected) {
                (Ok(sizes), Some(expected)) => assert_eq!((sizes.read, sizes.write), expected),
                (Err(error), None) => {
                    let message = format!("{name} must be a whole number from 1 to 1000, not \"{value}\"");
                    assert_eq!(error.to_string(), message);
                }
                (read, _) => panic!("{name}={value}: {read:?}"),
            }
        }
    }
}
