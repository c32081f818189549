//! The database of a command: its name in output, and whether it exists.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::sqlite::SqliteConnectOptions;

use super::CommandError;
use crate::app;
use crate::config::{DatabaseUrl, Settings};
use crate::service::Services;

/// Opens the database of the settings for a command that does not create one: a mistyped `DATABASE_URL` would
/// otherwise be an empty database in which all is well.
///
/// # Errors
/// When it is a SQLite file that does not exist, or the database fails. `advice` says how to create it.
pub(super) async fn open_existing(settings: &Settings, advice: &str) -> Result<Services, CommandError> {
    if let Some(file) = sqlite_file(&settings.database_url).filter(|file| !file.exists()) {
        let file = file.display();
        return Err(CommandError(format!(
            "there is no database {file}; check DATABASE_URL, or create it {advice}"
        )));
    }
    Ok(app::open(settings).await?)
}

/// Whether the database of the settings is there; one of a server is taken to be.
pub(super) fn exists(settings: &Settings) -> bool {
    sqlite_file(&settings.database_url).is_none_or(|file| file.exists())
}

/// The file of a SQLite database.
fn sqlite_file(url: &DatabaseUrl) -> Option<PathBuf> {
    let url = Some(url.as_str()).filter(|url| url.starts_with("sqlite:"))?;
    SqliteConnectOptions::from_str(url).ok().map(|options| options.get_filename().to_owned())
}

/// The address of a database without a password and without options, one of which may be a password.
pub(super) fn shown(url: &DatabaseUrl) -> String {
    let url = url.as_str();
    if url.starts_with("sqlite:") {
        return url.to_owned();
    }
    let hidden = || format!("{}://…", url.split(':').next().unwrap_or_default());
    let Ok(mut url) = reqwest::Url::parse(url) else { return hidden() };
    url.set_query(None);
    url.set_fragment(None);
    if url.password().is_some() && url.set_password(None).is_err() {
        return hidden();
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_without_its_password() {
        // address, as it is shown
        let table = [
            ("sqlite://a@b:c.db", "sqlite://a@b:c.db"),
            ("postgres://h/d", "postgres://h/d"),
            ("postgres://u:hidden@h:5432/d?sslmode=require", "postgres://u@h:5432/d"),
            ("postgresql://u:hid%3aden@[::1]/d", "postgresql://u@[::1]/d"),
            ("postgres://h/d?password=hidden", "postgres://h/d"),
            ("postgres://u:hidden@a:1,b:2/d", "postgres://…"),
            ("postgres:///d?user=u&password=hidden", "postgres:///d"),
        ];
        for (url, expected) in table {
            assert_eq!(shown(&DatabaseUrl::new(url).expect("an address")), expected);
        }
    }
}
