//! The folder of a process for the databases of its sandboxes.
//!
//! It is removed with the process. After a crash it stays, with personal data in it, so the next process that starts in
//! the same place removes it: each process holds a lock on a file of its folder for as long as it runs.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Beginning of the names of folders of processes.
const PREFIX: &str = "partner-program-sandboxes-";
/// Name of the file that is locked.
const LOCK: &str = "lock";

/// Where the folders of sandboxes are. The folder of the process is created with the first of them.
#[derive(Debug)]
pub(super) struct Folders {
    directory: PathBuf,
    own: Option<ProcessFolder>,
}

#[derive(Debug)]
struct ProcessFolder {
    folder: TempDir,
    /// Locked until it is closed.
    _lock: File,
}

impl Folders {
    /// Removes what processes that no longer run have left. A directory of the settings is created if it is missing.
    ///
    /// # Errors
    /// When it can't be created, or is no directory.
    pub(super) fn open(directory: Option<&Path>) -> io::Result<Self> {
        let directory = directory.map_or_else(tempfile::env::temp_dir, Path::to_owned);
        fs::create_dir_all(&directory)?;
        remove_abandoned(&directory);
        Ok(Self { directory, own: None })
    }

    /// A new folder for a sandbox, which nobody else can read.
    pub(super) fn create(&mut self) -> io::Result<TempDir> {
        let own = match self.own.take() {
            // A cleaner of temporary files may have removed it.
            Some(own) if own.folder.path().is_dir() => own,
            _ => ProcessFolder::create(&self.directory)?,
        };
        tempfile::Builder::new().prefix("sandbox-").tempdir_in(self.own.insert(own).folder.path())
    }

    /// Removes the folder of the process.
    pub(super) fn close(&mut self) {
        if let Some(ProcessFolder { folder, .. }) = self.own.take()
            && let Err(error) = folder.close()
        {
            tracing::warn!(%error, "failed to remove the folder of sandboxes");
        }
    }
}

impl ProcessFolder {
    fn create(directory: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(directory)?;
        // The file has its name only once it is locked, so that no other process finds it without its lock.
        let (new, path) = (folder.path().join("lock.new"), folder.path().join(LOCK));
        let lock = File::create(&new)?;
        lock.lock()?;
        fs::rename(new, path)?;
        Ok(Self { folder, _lock: lock })
    }
}

/// Removes the folders of processes that have ended without removing them.
fn remove_abandoned(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            continue;
        }
        // Those of other users can't be opened.
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        if lock.try_lock().is_err() {
            continue;
        }
        match fs::remove_dir_all(entry.path()) {
            Ok(()) => tracing::info!("removed the sandboxes of a process that did not end by itself"),
            Err(error) => tracing::warn!(%error, "failed to remove the sandboxes of an earlier process"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<PathBuf> {
        fs::read_dir(directory).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
    }

    #[test]
    fn a_folder_lasts_as_long_as_its_process() {
        let directory = tempfile::tempdir().expect("a folder");
        let place = directory.path().join("sandboxes");
        let mut first = Folders::open(Some(&place)).expect("it is created");
        assert!(names(&place).is_empty(), "nothing is created before the first sandbox");
        let sandbox = first.create().expect("a folder");
        assert_eq!(names(&place).len(), 1);
        // Another process starts meanwhile.
        let mut second = Folders::open(Some(&place)).expect("it is there");
        assert!(sandbox.path().is_dir());
        let other = second.create().expect("a folder");
        assert_eq!(names(&place).len(), 2);
        drop(sandbox);
        first.close();
        assert_eq!(names(&place).len(), 1);
        // The other one crashes: its lock is released, and its files stay.
        let left = other.keep();
        let ProcessFolder { folder, _lock: lock } = second.own.take().expect("its folder");
        let _ = folder.keep();
        assert!(left.is_dir());
        drop(lock);
        Folders::open(Some(&place)).expect("it is there");
        assert!(names(&place).is_empty(), "what it left is removed");
    }

    #[test]
    fn a_file_is_no_place_for_folders() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(Folders::open(Some(file.path())).is_err());
    }
}
