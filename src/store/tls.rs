//! Encryption of the connections to PostgreSQL: what a URL asks for, what is in use, and why it failed.

use std::net::IpAddr;

use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// How the driver introduces an error about the server's certificate.
const CERTIFICATE_ERROR: &str = "invalid peer certificate: ";
/// How a file in PEM format introduces a certificate.
const PEM_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// The options of a URL. A certificate of a CA that the URL names is one to check: `sslmode=require` then
/// means `verify-ca`, as in PostgreSQL's own clients.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, DbErr> {
    let mut options: PgConnectOptions =
        url.parse().map_err(|error: sqlx::Error| unusable(error.to_string()))?;
    let given = reqwest::Url::parse(url).ok();
    let root = given.as_ref().and_then(|url| {
        let root =
            url.query_pairs().find(|(name, _)| ["sslrootcert", "ssl-root-cert", "ssl-ca"].contains(&&**name));
        root.map(|(_, path)| path.into_owned())
    });
    let Some(root) = root else { return Ok(options) };
    if !root.trim_start().starts_with("-----BEGIN") {
        let text = std::fs::read_to_string(&root).map_err(|error| {
            unusable(format!("cannot read the certificates of sslrootcert={root}: {error}"))
        })?;
        if !text.contains(PEM_CERTIFICATE) {
            return Err(unusable(format!("sslrootcert={root} has no certificate in PEM format")));
        }
    }
    if matches!(options.get_ssl_mode(), PgSslMode::Require) {
        options = options.ssl_mode(PgSslMode::VerifyCa);
    }
    Ok(options)
}

/// An error of connecting, in the terms of the URL where TLS is the cause.
pub(super) fn explained(error: DbErr, options: &PgConnectOptions) -> DbErr {
    let DbErr::Conn(RuntimeErr::SqlxError(cause)) = &error else { return error };
    explanation(cause, options).map_or(error, unusable)
}

fn explanation(error: &sqlx::Error, options: &PgConnectOptions) -> Option<String> {
    let server = format!("PostgreSQL at {}", address(options));
    let text = match error {
        sqlx::Error::Tls(error) => error.to_string(),
        sqlx::Error::Io(error) => error.to_string(),
        _ => return None,
    };
    if let Some(reason) = text.strip_prefix(CERTIFICATE_ERROR) {
        let host = options.get_host();
        // A bad signature is that of another CA with the same name.
        return Some(if ["UnknownIssuer", "BadSignature"].iter().any(|error| reason.starts_with(error)) {
            format!(
                "the certificate of {server} is not issued by a trusted CA: name the file with the certificate of \
                 its CA by sslrootcert"
            )
        } else if reason.contains("not valid for") || reason.starts_with("NotValidForName") {
            format!(
                "the certificate of {server} is not valid for the name {host} ({reason}): connect by a name of the \
                 certificate, or check its CA alone by sslmode=verify-ca"
            )
        } else {
            format!("the certificate of {server} is refused: {reason}")
        });
    }
    match error {
        sqlx::Error::Tls(_) if text.contains("does not support TLS") => {
            let mode = mode_name(options.get_ssl_mode());
            Some(format!(
                "{server} does not support TLS, which sslmode={mode} requires: turn on ssl in its settings"
            ))
        }
        sqlx::Error::Tls(_) => Some(format!("cannot use TLS with {server}: {text}")),
        _ => None,
    }
}

/// Logs how the connection to PostgreSQL is encrypted, with a warning where others can read it. `setting` has its URL.
pub(super) async fn report(connection: &DatabaseConnection, options: &PgConnectOptions, setting: &str) {
    let mode = options.get_ssl_mode();
    let session: Option<(bool, Option<String>)> =
        sqlx::query_as("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            .fetch_optional(connection.get_postgres_connection_pool())
            .await
            .unwrap_or_default();
    let protocol =
        session.and_then(|(is_encrypted, version)| is_encrypted.then(|| version.unwrap_or_default()));
    let encryption = Encryption::new(mode, protocol);
    let address = address(options);
    if encryption == Encryption::None && !is_local(options) {
        tracing::warn!(
            %address,
            "the connection to PostgreSQL is not encrypted: set sslmode=verify-full in {setting}"
        );
    } else {
        tracing::info!(%address, encryption = %encryption, "connected to PostgreSQL");
    }
}

/// How a connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Encryption {
    None,
    /// Anyone between can pose as the server.
    Unverified(String),
    Verified(String),
}

impl Encryption {
    /// From what the URL asks for and the protocol that the server reports. A connection pooler reports its own
    /// connection, so what is certain from the URL takes precedence.
    fn new(mode: PgSslMode, protocol: Option<String>) -> Self {
        let or_tls = |protocol: Option<String>| protocol.unwrap_or_else(|| "TLS".to_owned());
        match mode {
            PgSslMode::Disable | PgSslMode::Allow => Self::None,
            PgSslMode::Prefer => protocol.map_or(Self::None, Self::Unverified),
            PgSslMode::Require => Self::Unverified(or_tls(protocol)),
            PgSslMode::VerifyCa | PgSslMode::VerifyFull => Self::Verified(or_tls(protocol)),
        }
    }
}

impl std::fmt::Display for Encryption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Unverified(protocol) => write!(f, "{protocol}, the server's certificate is not verified"),
            Self::Verified(protocol) => write!(f, "{protocol}, the server's certificate is verified"),
        }
    }
}

/// Whether the server is on the same machine.
fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host().trim_start_matches('[').trim_end_matches(']');
    options.get_socket().is_some()
        || host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Host and port, or the socket.
pub(super) fn address(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => format!("{}/.s.PGSQL.{}", socket.display(), options.get_port()),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

fn mode_name(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}

fn unusable(text: String) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_is_known_from_the_mode_or_the_server() {
        use PgSslMode::{Disable, Prefer, Require, VerifyCa, VerifyFull};
        // mode, the protocol that the server reports, what is logged
        let table = [
            (Disable, None, "none"),
            (Prefer, None, "none"),
            (Prefer, Some("TLSv1.3"), "TLSv1.3, the server's certificate is not verified"),
            (Require, Some("TLSv1.3"), "TLSv1.3, the server's certificate is not verified"),
            // Through a connection pooler.
            (Disable, Some("TLSv1.3"), "none"),
            (VerifyCa, None, "TLS, the server's certificate is verified"),
            (VerifyFull, Some("TLSv1.2"), "TLSv1.2, the server's certificate is verified"),
        ];
        for (mode, protocol, expected) in table {
            assert_eq!(Encryption::new(mode, protocol.map(str::to_owned)).to_string(), expected);
        }
    }

    #[test]
    fn servers_on_the_same_machine_are_known() {
        // URL, whether it is local
        let table = [
            ("postgres://127.0.0.1/d", true),
            ("postgres://[::1]:5433/d", true),
            ("postgres://LOCALHOST/d", true),
            ("postgres:///d?host=/run/postgresql", true),
            ("postgres://%2Frun%2Fpostgresql/d", true),
            ("postgres://db.internal/d", false),
            ("postgres://10.0.0.1/d", false),
            ("postgres://localhost.example/d", false),
        ];
        for (url, expected) in table {
            assert_eq!(is_local(&options(url).expect(url)), expected, "{url}");
        }
    }
}
