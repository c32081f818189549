//! Reads a file row by row and hands its rows on in batches.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::lines::Lines;
use super::table::{Draft, Header};
use crate::service::activities::BATCH_MAX;
use crate::service::policy::Policy;

/// A file whose header was understood.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) header: Header,
    pub(super) bytes: u64,
    reader: csv::Reader<Lines<File>>,
}

/// Rows of one file, in its order, with the lines that they begin on.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) rows: Vec<(u64, Draft)>,
    pub(super) refused: Vec<(u64, String)>,
    /// How far the file was read.
    pub(super) bytes: u64,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.rows.len() == BATCH_MAX || self.refused.len() == BATCH_MAX
    }
}

/// Opens a file and reads its header. What is wrong with it is told with the line.
pub(super) fn open(path: &Path) -> Result<Source, (u64, String)> {
    let file = File::open(path).map_err(|error| (1, format!("the file can't be opened: {error}")))?;
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Lines::new(file));
    let mut record = csv::ByteRecord::new();
    let found = reader.read_byte_record(&mut record).map_err(|error| (1, unreadable(&error)))?;
    if !found {
        return Err((1, "the file is empty: its first line must be a header".to_owned()));
    }
    let start = record.position().map_or(0, csv::Position::byte);
    let line = reader.get_mut().of(start);
    let header = Header::read(&record).map_err(|reason| (line, reason))?;
    Ok(Source { name: name(path), header, bytes, reader })
}

/// How messages call a file: as it was named.
pub(super) fn name(path: &Path) -> String {
    PathBuf::from(path).display().to_string()
}

fn unreadable(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => format!("the file can't be read from here on: {error}"),
        _ => format!("the file can't be read from here on: {error}"),
    }
}

impl Source {
    /// Reads to the end, or until nobody takes the batches any more.
    pub(super) fn send(mut self, policy: &Arc<Policy>, batches: &Sender<Batch>) {
        let mut record = csv::ByteRecord::new();
        let mut batch = Batch::default();
        loop {
            let start = self.reader.position().byte();
            self.reader.get_mut().allow(start);
            let read = self.reader.read_byte_record(&mut record);
            let line = self.reader.get_mut().of(start);
            match read {
                Ok(false) => break,
                Err(error) => {
                    batch.refused.push((line, unreadable(&error)));
                    break;
                }
                Ok(true) => match self.header.draft(&record, policy) {
                    Ok(draft) => batch.rows.push((line, draft)),
                    Err(reason) => batch.refused.push((line, reason)),
                },
            }
            if batch.is_full() {
                batch.bytes = self.reader.get_ref().passed();
                if batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                    return;
                }
            }
        }
        batch.bytes = self.reader.get_ref().passed();
        // A receiver that is gone wants nothing more.
        let _ = batches.blocking_send(batch);
    }
}
