//! Reads a file row by row, and sends its rows in batches.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::line_counter::LineCounter;
use super::table::{Draft, Header};
use crate::service::activities::BATCH_MAX;
use crate::service::policy::Policy;

/// A file with a valid header.
pub(super) struct CsvFile {
    pub(super) name: String,
    pub(super) header: Header,
    pub(super) bytes: u64,
    reader: csv::Reader<LineCounter<File>>,
}

/// Rows of a file, in its order, with their line numbers.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) rows: Vec<(u64, Draft)>,
    pub(super) refused: Vec<(u64, String)>,
    /// The bytes read of the file so far.
    pub(super) bytes: u64,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.rows.len() == BATCH_MAX || self.refused.len() == BATCH_MAX
    }
}

/// Opens a file and parses its header. An error has the line.
pub(super) fn open(path: &Path) -> Result<CsvFile, (u64, String)> {
    let file = File::open(path).map_err(|error| (1, format!("cannot open the file: {error}")))?;
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(LineCounter::new(file));
    let mut record = csv::ByteRecord::new();
    let found = reader.read_byte_record(&mut record).map_err(|error| (1, read_error(&error)))?;
    if !found {
        return Err((1, "the file is empty; its first line must be a header".to_owned()));
    }
    let start = record.position().map_or(0, csv::Position::byte);
    let line = reader.get_mut().line_of(start);
    let header = Header::parse(&record).map_err(|reason| (line, reason))?;
    Ok(CsvFile { name: display_name(path), header, bytes, reader })
}

/// The name of a file in messages: as given.
pub(super) fn display_name(path: &Path) -> String {
    PathBuf::from(path).display().to_string()
}

fn read_error(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => format!("cannot read the rest of the file: {error}"),
        _ => format!("cannot read the rest of the file: {error}"),
    }
}

impl CsvFile {
    /// Sends the batches of the file, until its end or until the receiver is dropped.
    pub(super) fn send_batches(mut self, policy: &Arc<Policy>, batches: &Sender<Batch>) {
        let mut record = csv::ByteRecord::new();
        let mut batch = Batch::default();
        loop {
            let start = self.reader.position().byte();
            self.reader.get_mut().allow_record(start);
            let read = self.reader.read_byte_record(&mut record);
            let line = self.reader.get_mut().line_of(start);
            match read {
                Ok(false) => break,
                Err(error) => {
                    batch.refused.push((line, read_error(&error)));
                    break;
                }
                Ok(true) => match self.header.draft(&record, policy) {
                    Ok(draft) => batch.rows.push((line, draft)),
                    Err(reason) => batch.refused.push((line, reason)),
                },
            }
            if batch.is_full() {
                batch.bytes = self.reader.get_ref().bytes_read();
                if batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                    return;
                }
            }
        }
        batch.bytes = self.reader.get_ref().bytes_read();
        // A dropped receiver needs no further batch.
        let _ = batches.blocking_send(batch);
    }
}
