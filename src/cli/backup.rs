//! `backup`: copies a SQLite database, also while it is in use.

use std::path::Path;

use super::CommandError;
use super::new_file::{NewFile, at};
use super::serve::signal;
use crate::config::Settings;
use crate::store::backup;

/// Copies the database of the settings into a new file.
///
/// The file gets its name when it is complete: a file with that name can be restored.
pub(super) async fn backup(settings: &Settings, file: &Path) -> Result<u8, CommandError> {
    let url = settings.database_url.as_str();
    if !url.starts_with("sqlite:") {
        return Err(CommandError(
            "backup supports SQLite only; DATABASE_URL is a PostgreSQL database: use pg_dump, or export"
                .to_owned(),
        ));
    }
    let new = NewFile::begin(file)?;
    let interrupted = signal()?;
    tokio::select! {
        copied = backup::sqlite_copy(url, new.path()) => copied?,
        () = interrupted => return Err(at(file, &"the backup was interrupted")),
    }
    println!("copied {} bytes to {}", new.finish()?, file.display());
    Ok(0)
}
