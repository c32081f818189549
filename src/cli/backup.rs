//! `backup`: copies a SQLite database, also while it is in use.

use std::path::Path;

use super::CommandError;
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
            "backup supports SQLite only; DATABASE_URL is a PostgreSQL database: use pg_dump".to_owned(),
        ));
    }
    let at = |error: &dyn std::fmt::Display| CommandError(format!("{}: {error}", file.display()));
    if file.exists() {
        return Err(at(&"the file exists; choose another name"));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A private folder, which is removed with all that the engine leaves in it, unless the process is killed.
    let private = tempfile::Builder::new().prefix(".backup-").tempdir_in(folder);
    let private = private.map_err(|error| at(&error))?;
    let part = tempfile::NamedTempFile::new_in(&private).map_err(|error| at(&error))?;
    let interrupted = signal()?;
    tokio::select! {
        copied = backup::sqlite_copy(url, part.path()) => copied?,
        () = interrupted => return Err(at(&"the backup was interrupted")),
    }
    part.as_file().sync_all()?;
    part.persist_noclobber(file).map_err(|error| at(&error.error))?;
    #[cfg(unix)]
    if let Err(error) = std::fs::File::open(folder).and_then(|folder| folder.sync_all()) {
        // A name that may not survive a power failure is not a backup.
        std::fs::remove_file(file)?;
        return Err(at(&error));
    }
    println!("copied {} bytes to {}", file.metadata()?.len(), file.display());
    Ok(0)
}
