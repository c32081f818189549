//! Settings of log, metrics and traces.

use super::SettingError;
use crate::telemetry::Settings;
use crate::telemetry::log::{LogFormat, LogSettings};
use crate::telemetry::traces::Collector;

/// Reads the settings through `get`, which returns the value of a name unless it is blank.
///
/// # Errors
/// The first invalid setting.
pub(super) fn read(get: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingError> {
    let mut settings = Settings::default();
    settings.log.format = match get("LOG_FORMAT").as_deref() {
        None | Some("text") => LogFormat::Text,
        Some("json") => LogFormat::Json,
        Some(text) => return Err(SettingError::new("LOG_FORMAT", "text or json", text)),
    };
    if let Some(text) = get("RUST_LOG") {
        if !LogSettings::is_filter(&text) {
            let accepted = "a comma-separated list of log directives, such as warn,partner_program=debug";
            return Err(SettingError::new("RUST_LOG", accepted, &text));
        }
        settings.log.filter = text;
    }
    if let Some(text) = get("METRICS_BIND") {
        let accepted = "an address and a port, such as 127.0.0.1:9090";
        let bind = text.parse().map_err(|_| SettingError::new("METRICS_BIND", accepted, &text))?;
        settings.metrics_bind = Some(bind);
    }
    let service_name = get("OTEL_SERVICE_NAME").unwrap_or_else(|| Collector::SERVICE_NAME.to_owned());
    if let Some(text) = get("OTEL_EXPORTER_OTLP_ENDPOINT") {
        let accepted = "the URL of an OTLP/HTTP endpoint, such as http://localhost:4318";
        let refuse = || SettingError::of_url("OTEL_EXPORTER_OTLP_ENDPOINT", accepted, &text);
        let endpoint = reqwest::Url::parse(&text).map_err(|_| refuse())?;
        if !matches!(endpoint.scheme(), "http" | "https") || endpoint.host_str().is_none() {
            return Err(refuse());
        }
        settings.collector = Some(Collector { endpoint, service_name });
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_or_refused_by_name() {
        // name, value, a part of the settings as they are shown, or the message
        let table: [(&str, &str, Result<&str, &str>); 14] = [
            ("LOG_FORMAT", "text", Ok("format: Text")),
            ("LOG_FORMAT", "json", Ok("format: Json")),
            ("LOG_FORMAT", "xml", Err("LOG_FORMAT must be text or json, not \"xml\"")),
            ("RUST_LOG", "debug", Ok("filter: \"debug\"")),
            ("RUST_LOG", "warn,partner_program=debug", Ok("filter: \"warn,partner_program=debug\"")),
            (
                "RUST_LOG",
                "partner_program=loud",
                Err(
                    "RUST_LOG must be a comma-separated list of log directives, such as warn,partner_program=debug, not \"partner_program=loud\"",
                ),
            ),
            ("METRICS_BIND", "127.0.0.1:9090", Ok("metrics_bind: Some(127.0.0.1:9090)")),
            (
                "METRICS_BIND",
                "9090",
                Err("METRICS_BIND must be an address and a port, such as 127.0.0.1:9090, not \"9090\""),
            ),
            ("OTEL_SERVICE_NAME", "mine", Ok("collector: None")),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "http://localhost:4318",
                Ok("Some(\"localhost\") / \"partner-program\""),
            ),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c.example/base/", Ok("/base/")),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "localhost:4317",
                Err(
                    "OTEL_EXPORTER_OTLP_ENDPOINT must be the URL of an OTLP/HTTP endpoint, such as http://localhost:4318, not \"localhost:4317\"",
                ),
            ),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "grpc://u:hidden@c",
                Err(
                    "OTEL_EXPORTER_OTLP_ENDPOINT must be the URL of an OTLP/HTTP endpoint, such as http://localhost:4318, not \"grpc://…\"",
                ),
            ),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "u:hidden@c",
                Err(
                    "OTEL_EXPORTER_OTLP_ENDPOINT must be the URL of an OTLP/HTTP endpoint, such as http://localhost:4318",
                ),
            ),
        ];
        for (name, value, expected) in table {
            match (read(|key| (key == name).then(|| value.to_owned())), expected) {
                (Ok(settings), Ok(part)) => {
                    let shown = format!("{settings:?}");
                    assert!(shown.contains(part), "{name}={value}: {shown}");
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
}
