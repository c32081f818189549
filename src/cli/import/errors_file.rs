//! The file of refused rows: the columns of the imported file and one with the reasons, to be corrected and imported.

use std::fs::File;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

use super::header::{ERRORS_COLUMN, Header};
use super::reader::{RowRefusal, RowText};
use super::{CommandError, exists};

/// The files of refused rows, one for each imported file: with several, each has the name of its file in its own.
///
/// # Errors
/// When one of them exists: no file is overwritten.
pub(super) fn paths(
    errors: Option<&Path>,
    files: &[PathBuf],
) -> std::result::Result<Vec<Option<PathBuf>>, CommandError> {
    let Some(errors) = errors else { return Ok(vec![None; files.len()]) };
    let mut paths: Vec<PathBuf> = Vec::with_capacity(files.len());
    for file in files {
        let mut path = errors.to_owned();
        if files.len() > 1 {
            let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let extension = errors.extension().unwrap_or_default().to_string_lossy();
            path.set_file_name(format!("{}-{}.{extension}", stem(errors), stem(file)));
        }
        if exists(&path) || paths.contains(&path) {
            return Err(CommandError(format!("{}: the file exists; choose another name", path.display())));
        }
        paths.push(path);
    }
    Ok(paths.into_iter().map(Some).collect())
}

/// A file of refused rows, which begins with the first of them.
pub(super) struct ErrorsFile {
    path: PathBuf,
    /// Indexes and names of the columns.
    columns: Vec<(usize, String)>,
    writer: Option<csv::Writer<File>>,
}

impl ErrorsFile {
    pub(super) fn new(path: &Path, header: &Header) -> Self {
        let columns = header.columns.iter().cloned().enumerate().filter(|(_, name)| name != ERRORS_COLUMN);
        Self { path: path.to_owned(), columns: columns.collect(), writer: None }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: &RowRefusal) -> Result<()> {
        let writer = if let Some(writer) = &mut self.writer {
            writer
        } else {
            let mut writer = csv::Writer::from_writer(File::create_new(&self.path)?);
            let names = self.columns.iter().map(|(_, name)| name.as_str()).chain([ERRORS_COLUMN]);
            writer.write_record(names).map_err(Error::from)?;
            self.writer.insert(writer)
        };
        let mut cells = csv::ByteRecord::new();
        let reasons = match &row.text {
            RowText::Cells(read) => {
                for (index, _) in &self.columns {
                    cells.push_field(read.get(*index).unwrap_or_default());
                }
                row.reasons.clone()
            }
            RowText::Line(bytes) => {
                for _ in &self.columns {
                    cells.push_field(b"");
                }
                format!("line {}: {}: {}", row.line, row.reasons, String::from_utf8_lossy(bytes))
            }
        };
        cells.push_field(reasons.as_bytes());
        writer.write_byte_record(&cells).map_err(Error::from)?;
        writer.flush()
    }
}
