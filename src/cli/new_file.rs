//! A file that gets its name when it is complete, and never takes the place of another.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::CommandError;

/// Begins the names of folders with files that are not complete.
const PREFIX: &str = ".partner-program-part-";
/// A file in such a folder, which its process locks as long as it lives.
const LOCK: &str = "lock";
/// How often a folder is made. Another process can take a new one for an abandoned one before it is locked.
const TRIES: usize = 10;

/// A file that is being written.
pub(super) struct NewFile<'p> {
    file: &'p Path,
    folder: PathBuf,
    part: NamedTempFile,
    /// Removed with all that is left in it. If the process is killed, the next file in the same place does that.
    _private: Private,
}

impl<'p> NewFile<'p> {
    /// Begins a file.
    ///
    /// # Errors
    /// When it exists, or can't be written.
    pub(super) fn begin(file: &'p Path) -> Result<Self, CommandError> {
        if file.exists() {
            return Err(at(file, &"the file exists; choose another name"));
        }
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        remove_abandoned(folder);
        let private = Private::create(folder).map_err(|error| at(file, &error))?;
        let part = NamedTempFile::new_in(private.folder.path()).map_err(|error| at(file, &error))?;
        Ok(Self { file, folder: folder.to_owned(), part, _private: private })
    }

    /// Where it is until it is complete.
    pub(super) fn path(&self) -> &Path {
        self.part.path()
    }

    /// What is written into.
    pub(super) fn as_file(&self) -> &File {
        self.part.as_file()
    }

    /// Gives the complete file its name, and returns its length in bytes.
    ///
    /// # Errors
    /// When it can't be kept.
    pub(super) fn finish(self) -> Result<u64, CommandError> {
        self.part.as_file().sync_all()?;
        self.part.persist_noclobber(self.file).map_err(|error| at(self.file, &error.error))?;
        #[cfg(unix)]
        if let Err(error) = File::open(&self.folder).and_then(|folder| folder.sync_all()) {
            // A name that may not survive a power failure is not a copy.
            fs::remove_file(self.file)?;
            return Err(at(self.file, &error));
        }
        Ok(self.file.metadata()?.len())
    }
}

/// A folder that only its owner can read, and that is removed when it is dropped.
struct Private {
    folder: TempDir,
    /// Kept for its lock.
    _lock: File,
}

impl Private {
    fn create(within: &Path) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            tries += 1;
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(within)?;
            let path = folder.path().join(LOCK);
            let locked = File::create_new(&path).and_then(|lock| match lock.try_lock() {
                // Without locks on this file system nobody removes the folder of another.
                Ok(()) | Err(TryLockError::Error(_)) if path.exists() => Ok(lock),
                _ => Err(io::ErrorKind::NotFound.into()),
            });
            match locked {
                Ok(lock) => return Ok(Self { folder, _lock: lock }),
                Err(error) if tries == TRIES || error.kind() != io::ErrorKind::NotFound => return Err(error),
                Err(_) => {}
            }
        }
    }
}

/// Removes what processes have left that were killed: nobody locks it any more. What can't be removed stays.
fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_part = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if !is_part || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        let removed = match File::options().write(true).open(path.join(LOCK)) {
            Ok(lock) if lock.try_lock().is_ok() => fs::remove_dir_all(&path),
            Ok(_) => continue,
            // Killed before it had a lock, or about to have one: it fails and tries again.
            Err(_) => fs::remove_dir(&path),
        };
        if removed.is_ok() {
            tracing::info!(folder = %path.display(), "removed what an interrupted command had left");
        }
    }
}

/// An error with the name of the file.
pub(super) fn at(file: &Path, error: &dyn std::fmt::Display) -> CommandError {
    CommandError(format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(folder: &Path) -> usize {
        let entries = fs::read_dir(folder).expect("a folder");
        entries.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_dir())).count()
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        // With a lock that nobody holds, without one, and folders of somebody else.
        for (name, has_lock) in
            [("partner-program-part-1", true), ("partner-program-part-2", false), ("other", true)]
        {
            let left = folder.path().join(format!(".{name}"));
            fs::create_dir(&left).expect("a folder");
            if has_lock {
                fs::write(left.join(LOCK), "").expect("a file");
                fs::write(left.join("part"), "half").expect("a file");
            }
        }
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        let one = NewFile::begin(&first).expect("a file");
        assert_eq!(parts(folder.path()), 2, "the other folder, and the one of the new file");
        let other = NewFile::begin(&second).expect("a file");
        assert_eq!(parts(folder.path()), 3, "one for each file, and the other folder");
        assert!(one.path().exists() && other.path().exists());
        one.finish().expect("a file");
        drop(other);
        assert!(first.exists() && !second.exists());
        assert_eq!(parts(folder.path()), 1, "the other folder");
    }
}
