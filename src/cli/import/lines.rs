//! A reader that knows on which line a byte lies, and refuses records without end.
//!
//! The CSV reader counts lines where it stopped, which is before blank lines and in the middle of
//! CR LF; people need the line that their editor shows.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Read, Result};

/// Longest record in bytes, 1 MiB: a quote that is never closed must not take the whole file.
const RECORD_MAX: u64 = 1 << 20;

/// Passes bytes on and remembers where lines end, as far as [`Lines::of`] has not asked yet.
#[derive(Debug)]
pub(super) struct Lines<R> {
    inner: R,
    passed: u64,
    limit: u64,
    line: u64,
    after_return: bool,
    ends: VecDeque<End>,
}

/// An end of line: the place of the LF, and whether a CR stands before it.
#[derive(Clone, Copy, Debug)]
struct End {
    at: u64,
    after_return: bool,
}

impl<R> Lines<R> {
    /// Counts from the first line.
    pub(super) fn new(inner: R) -> Self {
        Self { inner, passed: 0, limit: RECORD_MAX, line: 1, after_return: false, ends: VecDeque::new() }
    }

    /// The line on which the record begins that the CSV reader places at byte `start`: the first one
    /// from there that is not blank. Must be asked in the order of the file.
    pub(super) fn of(&mut self, start: u64) -> u64 {
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

    /// Lets another record pass, from byte `start`.
    pub(super) fn allow(&mut self, start: u64) {
        self.limit = start + RECORD_MAX;
    }

    /// How many bytes were read.
    pub(super) fn passed(&self) -> u64 {
        self.passed
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.passed > self.limit {
            let message = "a record is longer than 1 MiB: is the second of two quotes missing?";
            return Err(Error::new(ErrorKind::InvalidData, message));
        }
        let count = self.inner.read(buffer)?;
        for (at, byte) in (self.passed..).zip(&buffer[..count]) {
            if *byte == b'\n' {
                self.ends.push_back(End { at, after_return: self.after_return });
            }
            self.after_return = *byte == b'\r';
        }
        self.passed += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_an_editor() {
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
                .from_reader(Lines::new(text.as_bytes()));
            let mut record = csv::ByteRecord::new();
            let mut found = Vec::new();
            while reader.read_byte_record(&mut record).expect("bytes") {
                let start = record.position().expect("a position").byte();
                found.push(reader.get_mut().of(start));
            }
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_quote_without_end_is_an_error() {
        let text = format!("a\n\"{}", "x\n".repeat(2_000_000));
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).from_reader(Lines::new(text.as_bytes()));
        let mut record = csv::ByteRecord::new();
        assert!(reader.read_byte_record(&mut record).expect("the first record"));
        assert!(reader.read_byte_record(&mut record).is_err());
    }
}
