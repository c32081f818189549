//! Settings of the protocol: limits of documents, requests, callers and connections.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::SettingError;
use crate::graphql::limits::Limits;
use crate::http::connections::ConnectionLimits;
use crate::http::cors::Origins;
use crate::http::endpoint::RequestLimits;
use crate::http::streams::StreamLimits;
use crate::http::throttle::Quotas;

/// The settings of the protocol from the environment, with defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolSettings {
    /// `QUERY_…_MAX`, `DOCUMENT_…_MAX`, `MUTATION_FIELDS_MAX` and `INTROSPECTION`: limits of documents.
    pub limits: Limits,
    /// `BODY_BYTES_MAX`, `OPERATION_TIMEOUT` and `BATCH_MAX`: limits of HTTP requests.
    pub requests: RequestLimits,
    /// `SLOW_CONSUMER_TIMEOUT`: limits of WebSockets and event streams.
    pub streams: StreamLimits,
    /// `RATE_LIMIT_PER_MINUTE`, `OPERATIONS_PER_KEY_MAX`, `STREAMS_PER_KEY_MAX`, `FAILED_LOGINS_PER_MINUTE` and
    /// `TRUSTED_PROXIES`: quotas of callers and addresses.
    pub quotas: Quotas,
    /// `CONNECTIONS_MAX`, `CONNECTIONS_PER_ADDRESS_MAX`, `HEADER_TIMEOUT` and `WRITE_TIMEOUT`: limits of
    /// connections.
    pub connections: ConnectionLimits,
    /// `CORS_ALLOWED_ORIGINS`: the origins whose pages may call the API from a browser.
    pub origins: Origins,
    /// `MCP`: whether agents are served.
    pub agents: bool,
    /// `MCP_CONFIRMATION_TIME`: how long the confirmation of a preview is valid.
    pub confirmation_time_max: Duration,
    /// `GRAPHIQL`: whether browsers get GraphiQL.
    pub graphiql: bool,
    /// `PERSISTED_QUERIES_BYTES_MAX`: memory for documents that clients persist under their hash; 0
    /// turns persisted queries off.
    pub persisted_bytes_max: u64,
    /// `TRUSTED_DOCUMENTS`: the folder or manifest of the allowlist of documents.
    pub trusted_documents: Option<PathBuf>,
}

impl Default for ProtocolSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            requests: RequestLimits::default(),
            streams: StreamLimits::default(),
            quotas: Quotas::default(),
            connections: ConnectionLimits::default(),
            origins: Origins::default(),
            agents: true,
            confirmation_time_max: Duration::from_mins(10),
            graphiql: true,
            persisted_bytes_max: 16 << 20,
            trusted_documents: None,
        }
    }
}

impl ProtocolSettings {
    /// Reads the settings through `get`, which returns the value of a name unless it is blank.
    pub(super) fn read(get: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let mut settings = Self::default();
        let reader = SettingReader { get };
        settings.limits(&reader)?;
        let Self { requests, streams, quotas, connections, .. } = &mut settings;
        reader.number("BODY_BYTES_MAX", 1_024..=64 << 20, &mut requests.body_bytes_max)?;
        reader.number("BATCH_MAX", 0..=100, &mut requests.batch_max)?;
        let seconds = Duration::from_millis(1)..=Duration::from_mins(10);
        reader.duration("OPERATION_TIMEOUT", seconds.clone(), &mut requests.operation_time_max)?;
        reader.duration("SLOW_CONSUMER_TIMEOUT", seconds.clone(), &mut streams.send_time_max)?;
        reader.number("RATE_LIMIT_PER_MINUTE", 0..=1_000_000_000, &mut quotas.points_per_minute)?;
        reader.number("OPERATIONS_PER_KEY_MAX", 1..=1_000_000, &mut quotas.operations_max)?;
        reader.number("STREAMS_PER_KEY_MAX", 0..=1_000_000, &mut quotas.streams_max)?;
        let failed = &mut quotas.failed_logins_per_minute;
        reader.number("FAILED_LOGINS_PER_MINUTE", 0..=1_000_000, failed)?;
        if let Some(text) = reader.text("TRUSTED_PROXIES") {
            let accepted = "a comma-separated list of IP addresses, such as 10.0.0.1,::1";
            let address = |one: &str| {
                let parsed = one.trim().parse::<IpAddr>();
                parsed.map_err(|_| SettingError::new("TRUSTED_PROXIES", accepted, one.trim()))
            };
            quotas.proxies = text.split(',').map(address).collect::<Result<_, _>>()?;
        }
        let places = 1..=1_000_000;
        reader.number("CONNECTIONS_MAX", places.clone(), &mut connections.connections_max)?;
        connections.per_address_max = ConnectionLimits::per_address_default(connections.connections_max);
        reader.number("CONNECTIONS_PER_ADDRESS_MAX", places, &mut connections.per_address_max)?;
        connections.proxies.clone_from(&quotas.proxies);
        reader.duration("HEADER_TIMEOUT", seconds.clone(), &mut connections.header_time_max)?;
        reader.duration("WRITE_TIMEOUT", seconds, &mut connections.write_time_max)?;
        if let Some(text) = reader.text("CORS_ALLOWED_ORIGINS") {
            settings.origins = Origins::parse(&text).map_err(|origin| {
                let accepted = "* or a comma-separated list of origins, such as https://portal.example.com";
                SettingError::new("CORS_ALLOWED_ORIGINS", accepted, origin)
            })?;
        }
        reader.boolean("MCP", &mut settings.agents)?;
        let times = Duration::from_millis(1)..=Duration::from_hours(24);
        reader.duration("MCP_CONFIRMATION_TIME", times, &mut settings.confirmation_time_max)?;
        reader.boolean("GRAPHIQL", &mut settings.graphiql)?;
        reader.number("PERSISTED_QUERIES_BYTES_MAX", 0..=1 << 40, &mut settings.persisted_bytes_max)?;
        settings.trusted_documents = reader.text("TRUSTED_DOCUMENTS").map(PathBuf::from);
        Ok(settings)
    }

    fn limits(&mut self, reader: &SettingReader<'_>) -> Result<(), SettingError> {
        let limits = &mut self.limits;
        reader.boolean("INTROSPECTION", &mut limits.introspection)?;
        let any = 1..=1_000_000_000;
        // The stack is sized for selection sets that nest up to `Limits::nesting`.
        let nesting = limits.nesting;
        for (name, range, limit) in [
            ("DOCUMENT_BYTES_MAX", any.clone(), &mut limits.document_bytes),
            ("DOCUMENT_TOKENS_MAX", any.clone(), &mut limits.tokens),
            ("QUERY_DEPTH_MAX", 1..=nesting, &mut limits.depth),
            ("QUERY_COMPLEXITY_MAX", any.clone(), &mut limits.complexity),
            ("QUERY_FIELDS_MAX", any.clone(), &mut limits.fields),
            ("QUERY_ALIASES_MAX", 0..=1_000_000_000, &mut limits.aliases),
            ("QUERY_DIRECTIVES_MAX", 0..=1_000_000_000, &mut limits.directives),
            ("QUERY_FRAGMENTS_MAX", 0..=1_000_000_000, &mut limits.fragments),
            ("QUERY_ROOT_FIELDS_MAX", any.clone(), &mut limits.root_fields),
            ("MUTATION_FIELDS_MAX", any, &mut limits.mutation_fields),
        ] {
            reader.number(name, range, limit)?;
        }
        Ok(())
    }
}

/// Reads settings into fields that hold their defaults.
pub(super) struct SettingReader<'a> {
    pub(super) get: &'a dyn Fn(&str) -> Option<String>,
}

impl SettingReader<'_> {
    fn text(&self, name: &str) -> Option<String> {
        (self.get)(name)
    }

    pub(super) fn number<N>(
        &self,
        name: &'static str,
        range: RangeInclusive<u64>,
        field: &mut N,
    ) -> Result<(), SettingError>
    where
        N: TryFrom<u64>,
    {
        let Some(text) = self.text(name) else { return Ok(()) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        let Some(number) = number.and_then(|number| N::try_from(number).ok()) else {
            let (least, most) = range.into_inner();
            return Err(SettingError::new(name, &format!("a whole number from {least} to {most}"), &text));
        };
        *field = number;
        Ok(())
    }

    pub(super) fn duration(
        &self,
        name: &'static str,
        range: RangeInclusive<Duration>,
        field: &mut Duration,
    ) -> Result<(), SettingError> {
        let Some(text) = self.text(name) else { return Ok(()) };
        let millis = match text.strip_suffix("ms") {
            Some(number) => number.parse().ok(),
            None => {
                text.strip_suffix('s').unwrap_or(&text).parse().ok().and_then(|it: u64| it.checked_mul(1_000))
            }
        };
        let Some(duration) = millis.map(Duration::from_millis).filter(|it| range.contains(it)) else {
            let (least, most) = range.into_inner();
            let accepted = format!("a duration from {least:?} to {most:?}, such as 10s or 500ms");
            return Err(SettingError::new(name, &accepted, &text));
        };
        *field = duration;
        Ok(())
    }

    pub(super) fn boolean(&self, name: &'static str, field: &mut bool) -> Result<(), SettingError> {
        let Some(text) = self.text(name) else { return Ok(()) };
        *field = match text.as_str() {
            "true" => true,
            "false" => false,
            _ => return Err(SettingError::new(name, "true or false", &text)),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<ProtocolSettings, SettingError> {
        ProtocolSettings::read(&|key: &str| (key == name && !value.is_empty()).then(|| value.to_owned()))
    }

    #[test]
    fn settings_are_read_or_refused_by_name() {
        // name, an accepted value, its field, refused values
        type Row = (&'static str, &'static str, fn(&ProtocolSettings) -> String, &'static [&'static str]);
        let table: [Row; 31] = [
            ("DOCUMENT_BYTES_MAX", "9", |it| it.limits.document_bytes.to_string(), &["0", "-1", "x"]),
            ("DOCUMENT_TOKENS_MAX", "9", |it| it.limits.tokens.to_string(), &["0", "1.5"]),
            ("QUERY_DEPTH_MAX", "9", |it| it.limits.depth.to_string(), &["0", "65"]),
            ("QUERY_COMPLEXITY_MAX", "9", |it| it.limits.complexity.to_string(), &["0", "1e3"]),
            ("QUERY_FIELDS_MAX", "9", |it| it.limits.fields.to_string(), &["0"]),
            ("QUERY_ALIASES_MAX", "0", |it| it.limits.aliases.to_string(), &["-1"]),
            ("QUERY_DIRECTIVES_MAX", "0", |it| it.limits.directives.to_string(), &["-1"]),
            ("QUERY_FRAGMENTS_MAX", "0", |it| it.limits.fragments.to_string(), &["many"]),
            ("QUERY_ROOT_FIELDS_MAX", "9", |it| it.limits.root_fields.to_string(), &["0"]),
            ("MUTATION_FIELDS_MAX", "9", |it| it.limits.mutation_fields.to_string(), &["0"]),
            ("BODY_BYTES_MAX", "1024", |it| it.requests.body_bytes_max.to_string(), &["1023", "1 MiB"]),
            ("BATCH_MAX", "9", |it| it.requests.batch_max.to_string(), &["101", "on"]),
            (
                "OPERATION_TIMEOUT",
                "9",
                |it| it.requests.operation_time_max.as_secs().to_string(),
                &["0", "601", "1m", "-1s"],
            ),
            ("RATE_LIMIT_PER_MINUTE", "0", |it| it.quotas.points_per_minute.to_string(), &["-1", "off"]),
            ("OPERATIONS_PER_KEY_MAX", "9", |it| it.quotas.operations_max.to_string(), &["0"]),
            ("STREAMS_PER_KEY_MAX", "0", |it| it.quotas.streams_max.to_string(), &["-1", "all"]),
            (
                "SLOW_CONSUMER_TIMEOUT",
                "9ms",
                |it| format!("{:?}", it.streams.send_time_max),
                &["0", "11m", "-1s"],
            ),
            ("FAILED_LOGINS_PER_MINUTE", "0", |it| it.quotas.failed_logins_per_minute.to_string(), &["x"]),
            (
                "TRUSTED_PROXIES",
                "::1, 10.0.0.1",
                |it| format!("{:?}", it.quotas.proxies),
                &["10.0.0.0/8", "lb"],
            ),
            ("CONNECTIONS_MAX", "9", |it| it.connections.connections_max.to_string(), &["0"]),
            ("CONNECTIONS_PER_ADDRESS_MAX", "9", |it| it.connections.per_address_max.to_string(), &["0"]),
            ("WRITE_TIMEOUT", "9ms", |it| format!("{:?}", it.connections.write_time_max), &["0ms", "x"]),
            ("HEADER_TIMEOUT", "9ms", |it| format!("{:?}", it.connections.header_time_max), &["0ms", "x"]),
            (
                "CORS_ALLOWED_ORIGINS",
                "https://a.example",
                |it| it.origins.to_string(),
                &["a.example", "https://a.example/", "https://a.example, *", "null", "ftp://a.example"],
            ),
            ("MCP", "false", |it| it.agents.to_string(), &["no", "1"]),
            (
                "MCP_CONFIRMATION_TIME",
                "9ms",
                |it| format!("{:?}", it.confirmation_time_max),
                &["0", "25h", "86401"],
            ),
            ("GRAPHIQL", "false", |it| it.graphiql.to_string(), &["no", "0"]),
            ("INTROSPECTION", "false", |it| it.limits.introspection.to_string(), &["off"]),
            ("PERSISTED_QUERIES_BYTES_MAX", "0", |it| it.persisted_bytes_max.to_string(), &["-1"]),
            ("TRUSTED_DOCUMENTS", "a/b", |it| format!("{:?}", it.trusted_documents), &[]),
            ("TRUSTED_DOCUMENTS", "", |it| format!("{:?}", it.trusted_documents), &[]),
        ];
        for (name, accepted, field, refused) in table {
            let shown = field(&read(name, accepted).expect(name));
            let expected = match name {
                "TRUSTED_PROXIES" => "[::1, 10.0.0.1]",
                "TRUSTED_DOCUMENTS" if accepted.is_empty() => "None",
                "TRUSTED_DOCUMENTS" => "Some(\"a/b\")",
                _ => accepted,
            };
            assert_eq!(shown, expected, "{name}");
            assert_eq!(read(name, "").expect(name), ProtocolSettings::default(), "{name}");
            for value in refused {
                let message = read(name, value).expect_err(value).to_string();
                assert!(message.starts_with(&format!("{name} must be ")), "{message}");
                assert!(message.contains(", not \"") && !message.contains('\n'), "{message}");
            }
        }
        assert_eq!(read("OPERATION_TIMEOUT", "9s"), read("OPERATION_TIMEOUT", "9000ms"));
        let connections = read("CONNECTIONS_MAX", "9").expect("a number").connections;
        assert_eq!(connections.per_address_max, 5);
        let connections = read("TRUSTED_PROXIES", "::1").expect("an address").connections;
        assert_eq!(connections.proxies, ["::1".parse::<IpAddr>().expect("an address")]);
    }
}
