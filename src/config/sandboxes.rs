//! Settings of sandboxes.

use std::path::PathBuf;

use super::SettingError;
use super::protocol::SettingReader;
use crate::service::sandboxes::SandboxSettings;

/// Most sandboxes of a process: each has connections, tasks and caches of its own.
const MAX: u64 = 100;
/// Longest time that a sandbox may be kept, in hours: a year.
const HOURS_MAX: u64 = 8_760;

/// Reads the settings through `get`, which returns the value of a name unless it is blank.
///
/// # Errors
/// The first invalid setting.
pub(super) fn read(get: &dyn Fn(&str) -> Option<String>) -> Result<SandboxSettings, SettingError> {
    let mut settings = SandboxSettings::default();
    let reader = SettingReader { get };
    reader.number("SANDBOXES_MAX", 0..=MAX, &mut settings.max)?;
    reader.number("SANDBOX_HOURS_MAX", 1..=HOURS_MAX, &mut settings.hours_max)?;
    settings.directory = get("SANDBOX_DIR").map(PathBuf::from);
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_or_refused_by_name() {
        // name, value, the settings as they are shown, or the message
        let table = [
            ("SANDBOXES_MAX", "", Ok((3, 168, None))),
            ("SANDBOXES_MAX", "0", Ok((0, 168, None))),
            ("SANDBOXES_MAX", "100", Ok((100, 168, None))),
            ("SANDBOXES_MAX", "101", Err("a whole number from 0 to 100, not \"101\"")),
            ("SANDBOXES_MAX", "many", Err("a whole number from 0 to 100, not \"many\"")),
            ("SANDBOX_HOURS_MAX", "1", Ok((3, 1, None))),
            ("SANDBOX_HOURS_MAX", "0", Err("a whole number from 1 to 8760, not \"0\"")),
            ("SANDBOX_DIR", "/var/lib/sandboxes", Ok((3, 168, Some("/var/lib/sandboxes")))),
        ];
        for (name, value, expected) in table {
            let get = |key: &str| (key == name && !value.is_empty()).then(|| value.to_owned());
            match (read(&get), expected) {
                (Ok(settings), Ok(expected)) => {
                    let directory = settings.directory.as_deref().and_then(std::path::Path::to_str);
                    assert_eq!((settings.max, settings.hours_max, directory), expected, "{name}={value}");
                }
                (Err(error), Err(message)) => {
                    assert_eq!(error.to_string(), format!("{name} must be {message}"));
                }
                (read, _) => panic!("{name}={value}: {read:?}"),
            }
        }
    }
}
