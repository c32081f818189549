//! Settings of webhooks.

use super::SettingError;
use super::protocol::SettingReader;
use crate::service::webhooks::WebhookSettings;

/// Reads the settings through `get`, which returns the value of a name unless it is blank.
///
/// # Errors
/// The first invalid setting.
pub(super) fn read(get: &dyn Fn(&str) -> Option<String>) -> Result<WebhookSettings, SettingError> {
    let mut settings = WebhookSettings::default();
    let reader = SettingReader { get };
    reader.boolean("WEBHOOKS_SEND", &mut settings.send)?;
    reader.boolean("WEBHOOKS_TO_PRIVATE", &mut settings.allow_private)?;
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_or_refused_by_name() {
        // name, value, whether this process sends and whether to private addresses, or none when refused
        let table = [
            ("WEBHOOKS_SEND", "", Some((true, false))),
            ("WEBHOOKS_SEND", "false", Some((false, false))),
            ("WEBHOOKS_TO_PRIVATE", "true", Some((true, true))),
            ("WEBHOOKS_TO_PRIVATE", "false", Some((true, false))),
            ("WEBHOOKS_SEND", "no", None),
            ("WEBHOOKS_TO_PRIVATE", "1", None),
        ];
        for (name, value, expected) in table {
            let get = |key: &str| (key == name && !value.is_empty()).then(|| value.to_owned());
            match (read(&get), expected) {
                (Ok(settings), Some(expected)) => {
                    assert_eq!((settings.send, settings.allow_private), expected, "{name}={value}");
                }
                (Err(error), None) => {
                    let message = format!("{name} must be true or false, not \"{value}\"");
                    assert_eq!(error.to_string(), message);
                }
                (read, _) => panic!("{name}={value}: {read:?}"),
            }
        }
    }
}
