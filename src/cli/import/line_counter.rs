//! A reader that maps byte positions to lines, and refuses oversized records.
//!
//! The CSV reader counts lines where it stopped, which is before blank lines and in the middle of
//! CR LF; messages need the line that an editor shows.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Read, Result};

/// Maximum size of a record in bytes, 1 MiB: an unclosed quote must not consume the whole file.
const RECORD_BYTES_MAX: u64 = 1 << 20;

/// Passes bytes on and records the ends of lines for [`LineCounter::line_of`].
#[derive(Debug)]
pub(super) struct LineCounter<R> {
    inner: R,
    bytes_read: u64,
    limit: u64,
    line: u64,
    after_return: bool,
    ends: VecDeque<LineEnd>,
}

/// An end of line: the position of the LF, and whether a CR precedes it.
#[derive(Clone, Copy, Debug)]
struct LineEnd {
    at: u64,
    after_return: bool,
}

impl<R> LineCounter<R> {
    /// Counts from the first line.
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            bytes_read: 0,
            limit: RECORD_BYTES_MAX,
            line: 1,
            after_return: false,
            ends: VecDeque::new(),
        }
    }

    /// The line of the record that the CSV reader reports at byte `start`: the first line from there that
    /// is not blank. Calls must be in the order of the file.
    pub(super) fn line_of(&mut self, start: u64) -> u64 {
        let mut start = start;
        while let Some(end) = self.ends.front() {
            let blank = end.at == start || (end.after_return && end.at == start + 1);
            if end.at >= start && !blank {
                break;
            }
            start = start.max(end.at + 1);
            self.line += 1;
            self.ends.pop_front();
        }
        self.line
    }

    /// Allows another record, from byte `start`.
    pub(super) fn allow_record(&mut self, start: u64) {
        self.limit = start + RECORD_BYTES_MAX;
    }

    /// The number of bytes read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

impl<R: Read> Read for LineCounter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.bytes_read > self.limit {
            let message = "a record is longer than 1 MiB; check for a missing closing quote";
            return Err(Error::new(ErrorKind::InvalidData, message));
        }
        let count = self.inner.read(buffer)?;
        for (at, byte) in (self.bytes_read..).zip(&buffer[..count]) {
            if *byte == b'\n' {
                self.ends.push_back(LineEnd { at, after_return: self.after_return });
            }
            self.after_return = *byte == b'\r';
        }
        self.bytes_read += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_numbers_are_those_of_an_editor() {
        // file, first line of each record
        let table: [(&str, &[u64]); 7] = [
            ("a\nb\nc\n", &[1, 2, 3]),
            ("a\r\nb\r\nc", &[1, 2, 3]),
            ("\n\na\n\n\nb\n", &[3, 6]),
            ("\r\n\r\na\r\n\r\nb\r\n", &[3, 5]),
            ("a\n\"x\ny\n\"\nb\n", &[1, 2, 5]),
            ("a\r\n\"x\r\ny\"\r\nb\r\n", &[1, 2, 4]),
            ("\u{feff}a\nb\n", &[1, 2]),
        ];
        for (text, expected) in table {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(LineCounter::new(text.as_bytes()));
            let mut record = csv::ByteRecord::new();
            let mut found = Vec::new();
            while reader.read_byte_record(&mut record).expect("bytes") {
                let start = record.position().expect("a position").byte();
                found.push(reader.get_mut().line_of(start));
            }
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_quote_without_end_is_an_error() {
        let text = format!("a\n\"{}", "x\n".repeat(2_000_000));
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).from_reader(LineCounter::new(text.as_bytes()));
        let mut record = csv::ByteRecord::new();
        assert!(reader.read_byte_record(&mut record).expect("the first record"));
        assert!(reader.read_byte_record(&mut record).is_err());
    }
}
