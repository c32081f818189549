//! Reads a file row by row, and sends its rows in batches.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use super::header::{Header, delimiter_of, named_delimiter};
use super::lines::{Line, Lines, unreadable};
use super::records::{Flaw, Records};
use super::row::{Draft, draft};
use crate::program::edition::Editions;
use crate::service::activities::BATCH_MAX;
use crate::service::policy::Policy;

/// A file with a valid header.
pub(super) struct CsvFile {
    pub(super) name: String,
    pub(super) header: Header,
    pub(super) bytes: u64,
    records: Records<File>,
}

/// Rows of a file, in its order, with their line numbers.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) rows: Vec<ReadRow>,
    pub(super) refused: Vec<RowRefusal>,
    /// The bytes read of the file so far.
    pub(super) bytes: u64,
}

/// A row as its draft, with its text.
#[derive(Debug)]
pub(super) struct ReadRow {
    pub(super) line: u64,
    pub(super) cells: csv::ByteRecord,
    pub(super) draft: Draft,
}

/// A row that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowRefusal {
    pub(super) line: u64,
    pub(super) reasons: String,
    pub(super) text: RowText,
}

/// The text of a refused row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RowText {
    /// Its cells.
    Cells(csv::ByteRecord),
    /// Its first line, whose cells can't be told apart.
    Line(Vec<u8>),
}

impl Batch {
    fn is_full(&self) -> bool {
        self.rows.len() == BATCH_MAX || self.refused.len() == BATCH_MAX
    }
}

/// Opens a file and parses its header. An error has the line.
pub(super) fn open(path: &Path, editions: &Editions) -> Result<CsvFile, (u64, String)> {
    let file = File::open(path).map_err(|error| (1, format!("cannot open the file: {error}")))?;
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let mut lines = Lines::open(file).map_err(|advice| (1, advice))?;
    let mut first = first_line(&mut lines)?;
    let delimiter = match named_delimiter(first.content()) {
        None => delimiter_of(first.content(), editions),
        Some(named) => {
            let delimiter = named.map_err(|reason| (first.number, reason))?;
            first = first_line(&mut lines)?;
            delimiter
        }
    };
    let line = first.number;
    lines.give_back(vec![first]);
    let mut records = Records::new(lines, delimiter);
    let header = match records.next() {
        Some(record) => {
            let fields = record.fields.map_err(|flaw| (record.line, format!("the header: {flaw}")))?;
            Header::parse(&fields, editions).map_err(|reason| (record.line, reason))?
        }
        None => return Err((line, "the header is empty".to_owned())),
    };
    records.expect_columns(header.columns.len());
    Ok(CsvFile { name: display_name(path), header, bytes, records })
}

/// The next line that is not blank.
fn first_line(lines: &mut Lines<File>) -> Result<Line, (u64, String)> {
    loop {
        match lines.next() {
            Ok(Some(line)) if line.is_blank() => {}
            Ok(Some(line)) => return Ok(line),
            Ok(None) => return Err((1, "the file is empty; its first line must be a header".to_owned())),
            Err(error) => return Err((1, unreadable(&error))),
        }
    }
}

/// The name of a file in messages: as given.
pub(super) fn display_name(path: &Path) -> String {
    PathBuf::from(path).display().to_string()
}

impl CsvFile {
    /// Sends the batches of the file, until its end or until the receiver is dropped.
    pub(super) fn send_batches(mut self, policy: &Arc<Policy>, batches: &Sender<Batch>) {
        let mut batch = Batch::default();
        while let Some(record) = self.records.next() {
            let is_end = matches!(record.fields, Err(Flaw::Unreadable(_)));
            let line = record.line;
            let drafted = match record.fields {
                Ok(cells) => match draft(&self.header, &cells, policy) {
                    Ok(draft) => Ok(ReadRow { line, cells, draft }),
                    Err(reasons) => Err(RowRefusal { line, reasons, text: RowText::Cells(cells) }),
                },
                Err(flaw) => {
                    let reasons = self.describe(&flaw);
                    Err(RowRefusal { line, reasons, text: RowText::Line(record.unread) })
                }
            };
            match drafted {
                Ok(row) => batch.rows.push(row),
                Err(refusal) => batch.refused.push(refusal),
            }
            if is_end {
                break;
            }
            if batch.is_full() {
                batch.bytes = self.records.bytes_read();
                if batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                    return;
                }
            }
        }
        batch.bytes = self.records.bytes_read();
        // A dropped receiver needs no further batch.
        let _ = batches.blocking_send(batch);
    }

    /// A flaw of a row, with the column in which the quote begins that it is about.
    fn describe(&self, flaw: &Flaw) -> String {
        match flaw.quote().and_then(|quote| self.header.columns.get(quote.field)) {
            Some(column) => format!("{column}: {flaw}"),
            None => flaw.to_string(),
        }
    }
}
