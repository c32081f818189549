//! A file that gets its name when it is complete, and never takes the place of another.

use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::CommandError;

/// A file that is being written.
pub(super) struct NewFile<'p> {
    file: &'p Path,
    folder: PathBuf,
    part: NamedTempFile,
    /// Removed with all that is left in it, unless the process is killed.
    _private: TempDir,
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
        let private = tempfile::Builder::new().prefix(".part-").tempdir_in(folder);
        let private = private.map_err(|error| at(file, &error))?;
        let part = NamedTempFile::new_in(&private).map_err(|error| at(file, &error))?;
        Ok(Self { file, folder: folder.to_owned(), part, _private: private })
    }

    /// Where it is until it is complete.
    pub(super) fn path(&self) -> &Path {
        self.part.path()
    }

    /// What is written into.
    pub(super) fn as_file(&self) -> &std::fs::File {
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
        if let Err(error) = std::fs::File::open(&self.folder).and_then(|folder| folder.sync_all()) {
            // A name that may not survive a power failure is not a copy.
            std::fs::remove_file(self.file)?;
            return Err(at(self.file, &error));
        }
        Ok(self.file.metadata()?.len())
    }
}

/// An error with the name of the file.
pub(super) fn at(file: &Path, error: &dyn std::fmt::Display) -> CommandError {
    CommandError(format!("{}: {error}", file.display()))
}
