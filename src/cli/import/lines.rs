//! Lines of a file, as an editor shows them: LF, CR LF and CR end a line.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Result};

/// Maximum size of a record in bytes, 64 KiB: more than any valid row has, and little enough that a quote that is
/// not closed does not swallow a file.
pub(super) const RECORD_BYTES_MAX: usize = 64 << 10;

/// What a file begins with if it is no text that is read here: the bytes, what it is, and what to do.
const OTHER_FILES: [(&[u8], &str); 5] = [
    (
        b"PK\x03\x04",
        "the file is a spreadsheet or a ZIP archive, not CSV; open it and save the sheet as CSV (UTF-8)",
    ),
    (b"\xd0\xcf\x11\xe0", "the file is a spreadsheet, not CSV; open it and save the sheet as CSV (UTF-8)"),
    (b"\x1f\x8b", "the file is compressed; unpack it first"),
    (b"\xff\xfe", "the file is UTF-16; save it as CSV in UTF-8"),
    (b"\xfe\xff", "the file is UTF-16; save it as CSV in UTF-8"),
];

/// The byte order mark of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Its bytes with the end of the line; of a line that is too long, the first ones.
    pub(super) bytes: Vec<u8>,
    /// Whether it is longer than a record may be.
    pub(super) is_too_long: bool,
}

impl Line {
    /// Its bytes without the end of the line.
    pub(super) fn content(&self) -> &[u8] {
        without_line_end(&self.bytes)
    }

    /// Whether it holds nothing but blanks.
    pub(super) fn is_blank(&self) -> bool {
        self.bytes.iter().all(u8::is_ascii_whitespace)
    }
}

/// Reads lines, and reads lines again that were given back.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    last: u64,
    bytes_read: u64,
    returned: VecDeque<Line>,
}

impl<R: Read> Lines<R> {
    /// The lines of a file.
    ///
    /// # Errors
    /// When the file can't be read, or is no text in UTF-8: what to do.
    pub(super) fn open(inner: R) -> std::result::Result<Self, String> {
        let mut lines =
            Self { reader: BufReader::new(inner), last: 0, bytes_read: 0, returned: VecDeque::new() };
        let start = lines.reader.fill_buf().map_err(|error| unreadable(&error))?;
        if let Some((_, advice)) = OTHER_FILES.iter().find(|(bytes, _)| start.starts_with(bytes)) {
            return Err((*advice).to_owned());
        }
        // Text in UTF-16 without a byte order mark: every other byte of ASCII is NUL.
        if matches!(start, [one, other, ..] if (*one == 0) != (*other == 0)) {
            return Err("the file is UTF-16 or binary; save it as CSV in UTF-8".to_owned());
        }
        if start.starts_with(BYTE_ORDER_MARK) {
            lines.consume(BYTE_ORDER_MARK.len());
        }
        Ok(lines)
    }

    /// The next line; none at the end.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(super) fn next(&mut self) -> Result<Option<Line>> {
        if let Some(line) = self.returned.pop_front() {
            return Ok(Some(line));
        }
        let mut line = Line { number: self.last + 1, bytes: Vec::new(), is_too_long: false };
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = end.map_or(buffer.len(), |at| at + 1);
            let is_return = end.is_some_and(|at| buffer[at] == b'\r');
            line.add(&buffer[..taken]);
            self.consume(taken);
            if is_return && self.reader.fill_buf()?.first() == Some(&b'\n') {
                line.add(b"\n");
                self.consume(1);
            }
            if end.is_some() {
                break;
            }
        }
        if line.bytes.is_empty() {
            return Ok(None);
        }
        self.last = line.number;
        Ok(Some(line))
    }

    /// Gives lines back, in their order: they are the next ones again.
    pub(super) fn give_back(&mut self, lines: Vec<Line>) {
        for line in lines.into_iter().rev() {
            self.returned.push_front(line);
        }
    }

    /// The number of the last line that was read from the file.
    pub(super) fn last_number(&self) -> u64 {
        self.last
    }

    /// The number of bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    fn consume(&mut self, bytes: usize) {
        self.reader.consume(bytes);
        self.bytes_read += bytes as u64;
    }
}

impl Line {
    fn add(&mut self, bytes: &[u8]) {
        let room = RECORD_BYTES_MAX - self.bytes.len();
        self.is_too_long |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// The bytes without LF, CR LF or CR at their end.
pub(super) fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// That reading failed.
pub(super) fn unreadable(error: &std::io::Error) -> String {
    format!("cannot read the rest of the file: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Vec<(u64, Vec<u8>, bool)> {
        let mut lines = Lines::open(text).expect("text");
        let mut found = Vec::new();
        while let Some(line) = lines.next().expect("bytes") {
            found.push((line.number, line.content().to_vec(), line.is_too_long));
        }
        assert_eq!(lines.bytes_read(), text.len() as u64);
        found
    }

    #[test]
    fn lines_are_those_of_an_editor() {
        // file, its lines
        let table: [(&str, &[&str]); 7] = [
            ("", &[]),
            ("a\nb\nc\n", &["a", "b", "c"]),
            ("a\r\nb\r\nc", &["a", "b", "c"]),
            ("a\rb\r\rc", &["a", "b", "", "c"]),
            ("\n\na\n", &["", "", "a"]),
            ("\u{feff}a\nb\n", &["a", "b"]),
            ("a\n\r\n", &["a", ""]),
        ];
        for (text, expected) in table {
            let expected: Vec<_> =
                (1..).zip(expected).map(|(number, line)| (number, line.as_bytes().to_vec(), false)).collect();
            assert_eq!(all(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_one_is_whole() {
        let text = "x".repeat(RECORD_BYTES_MAX * 3) + "\nb\n";
        let found = all(text.as_bytes());
        assert_eq!((found.len(), found[0].1.len(), found[0].2), (2, RECORD_BYTES_MAX, true));
        assert_eq!(found[1], (2, b"b".to_vec(), false));
    }

    #[test]
    fn what_was_given_back_comes_again() {
        let mut lines = Lines::open("a\nb\nc\n".as_bytes()).expect("text");
        let mut read = || lines.next().expect("bytes").expect("a line");
        let (first, second) = (read(), read());
        lines.give_back(vec![first.clone(), second.clone()]);
        let mut read = || lines.next().expect("bytes").expect("a line");
        assert_eq!((read(), read(), read().number), (first, second, 3));
    }

    #[test]
    fn other_files_are_named() {
        // file, word of the error
        let table: [(&[u8], &str); 7] = [
            (b"PK\x03\x04rest", "spreadsheet"),
            (b"\xd0\xcf\x11\xe0\xa1", "spreadsheet"),
            (b"\x1f\x8b\x08", "compressed"),
            (b"\xff\xfep\0a\0", "UTF-16"),
            (b"\xfe\xff\0p\0a", "UTF-16"),
            (b"p\0a\0", "UTF-16"),
            (b"\0p\0a", "UTF-16"),
        ];
        for (bytes, word) in table {
            let error = Lines::open(bytes).expect_err(word);
            assert!(error.contains(word), "{error}");
        }
    }
}
