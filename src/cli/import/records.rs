//! Records of a CSV file. Which lines belong together is decided here, strictly, and a library reads their fields.
//!
//! A quote that is not closed would make one value of all rows behind it. So a record that cannot be right is
//! refused on its first line, and its other lines are read again as rows of their own.

use std::fmt;
use std::io::{Cursor, Read};

use super::lines::{Line, Lines, RECORD_BYTES_MAX, unreadable, without_line_end};

/// A record with the number of its first line.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) line: u64,
    /// Its fields, or why they can't be read.
    pub(super) fields: Result<csv::ByteRecord, Flaw>,
    /// The text of its first line, where the fields can't be read.
    pub(super) unread: Vec<u8>,
}

/// Reads records.
#[derive(Debug)]
pub(super) struct Records<R> {
    lines: Lines<R>,
    delimiter: u8,
    /// Reads one record after the other: a new reader for each would cost more than the record.
    fields: csv::Reader<Cursor<Vec<u8>>>,
    /// The number of columns, where the header is known.
    columns: Option<usize>,
}

/// Where a quote begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quote {
    /// The character of the line, from 1.
    character: usize,
    /// The index of the field.
    pub(super) field: usize,
}

/// Why a record can't be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The file ends, or the maximum size is reached, inside of quotes; whether other lines followed.
    Unclosed(Quote, bool),
    /// Text follows the closing quote, at a character of a line; the line is none where it is the first one.
    TextAfterQuote(Quote, usize, Option<u64>),
    /// Blanks precede the opening quote.
    BlankBeforeQuote(Quote),
    /// A record of several lines, with its last line, does not have as many fields as the header.
    Misfit(Quote, u64, [usize; 2]),
    /// The record is too long.
    TooLong,
    /// The fields can't be told apart.
    Unparsed(String),
    /// The file can't be read on.
    Unreadable(String),
}

impl Flaw {
    /// The quote that it is about.
    pub(super) fn quote(&self) -> Option<Quote> {
        match self {
            Self::Unclosed(quote, _)
            | Self::TextAfterQuote(quote, ..)
            | Self::BlankBeforeQuote(quote)
            | Self::Misfit(quote, ..) => Some(*quote),
            Self::TooLong | Self::Unparsed(_) | Self::Unreadable(_) => None,
        }
    }
}

/// What follows the lines of a record that were read again.
const READ_AGAIN: &str = "the lines after it were read as rows of their own";

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unclosed(quote, was_followed) => {
                write!(f, "the quote that begins at character {} is not closed", quote.character)?;
                if *was_followed { write!(f, "; {READ_AGAIN}") } else { Ok(()) }
            }
            Self::TextAfterQuote(quote, at, None) => write!(
                f,
                "the quote that begins at character {} ends before character {at}, and text follows it; write \
                 a quote inside of a text twice",
                quote.character
            ),
            Self::TextAfterQuote(quote, at, Some(line)) => write!(
                f,
                "the quote that begins at character {} is not closed on this line: it would end before \
                 character {at} of line {line}, where text follows; {READ_AGAIN}",
                quote.character
            ),
            Self::BlankBeforeQuote(quote) => {
                write!(f, "blanks precede the quote at character {}; remove them", quote.character)
            }
            Self::Misfit(quote, last, [fields, columns]) => write!(
                f,
                "the row reaches to line {last} and has {fields} fields, but the header has {columns}: the quote \
                 that begins at character {} may not be closed; {READ_AGAIN}",
                quote.character
            ),
            Self::TooLong => write!(f, "the row is longer than {} KiB", RECORD_BYTES_MAX >> 10),
            Self::Unparsed(error) => write!(f, "cannot read the row: {error}"),
            Self::Unreadable(error) => f.write_str(error),
        }
    }
}

impl<R: Read> Records<R> {
    /// The records of lines; the first line is the header.
    pub(super) fn new(lines: Lines<R>, delimiter: u8) -> Self {
        Self { lines, delimiter, fields: fields_reader(delimiter), columns: None }
    }

    /// States how many columns the header has.
    pub(super) fn expect_columns(&mut self, columns: usize) {
        self.columns = Some(columns);
    }

    /// The number of bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }

    /// The next record that holds anything; none at the end.
    pub(super) fn next(&mut self) -> Option<Record> {
        loop {
            let first = match self.lines.next() {
                Ok(line) => line?,
                Err(error) => return Some(self.broken_off(&error)),
            };
            let line = first.number;
            let (fields, unread) = match self.read(first) {
                Ok(None) => continue,
                Ok(Some(bytes)) => match self.fields(bytes) {
                    Ok(fields) => (Ok(fields), Vec::new()),
                    Err((flaw, bytes)) => (Err(flaw), bytes),
                },
                Err((flaw, bytes)) => (Err(flaw), bytes),
            };
            return Some(Record { line, fields, unread });
        }
    }

    /// The end of a file that can't be read on.
    fn broken_off(&mut self, error: &std::io::Error) -> Record {
        let fields = Err(Flaw::Unreadable(unreadable(error)));
        Record { line: self.lines.last_number() + 1, fields, unread: Vec::new() }
    }

    /// The bytes of the record that begins with a line; none where all its fields are empty. The other lines of
    /// a record that is refused are given back, and its first line is returned with the flaw.
    fn read(&mut self, first: Line) -> Result<Option<Vec<u8>>, (Flaw, Vec<u8>)> {
        let mut scan = Scan::new(self.delimiter);
        let mut bytes = Vec::new();
        let mut others: Vec<Line> = Vec::new();
        let first_bytes = first.content().len();
        let mut line = first;
        let flaw = loop {
            let is_first = bytes.is_empty();
            let state = scan.feed(&line);
            let number = line.number;
            bytes.extend_from_slice(&line.bytes);
            let is_too_long = line.is_too_long || bytes.len() > RECORD_BYTES_MAX;
            if !is_first {
                others.push(line);
            }
            match state {
                Fed::TextAfterQuote(at) => {
                    break Flaw::TextAfterQuote(scan.quote, at, (!is_first).then_some(number));
                }
                Fed::BlankBeforeQuote => break Flaw::BlankBeforeQuote(scan.quote),
                Fed::Complete if is_too_long => break Flaw::TooLong,
                Fed::Complete => match self.columns {
                    Some(columns) if !is_first && !scan.fits(columns) => {
                        break Flaw::Misfit(scan.quote, number, [scan.fields, columns]);
                    }
                    _ => {
                        bytes.truncate(without_line_end(&bytes).len());
                        return Ok((scan.used > 0).then_some(bytes));
                    }
                },
                Fed::Open if is_too_long => break Flaw::Unclosed(scan.quote, !others.is_empty()),
                Fed::Open => match self.lines.next() {
                    Ok(Some(next)) => line = next,
                    // What can't be read is reported behind the lines that were read.
                    Ok(None) | Err(_) => break Flaw::Unclosed(scan.quote, !others.is_empty()),
                },
            }
        };
        self.lines.give_back(others);
        bytes.truncate(first_bytes);
        Err((flaw, bytes))
    }

    /// The fields of a record without the end of its last line.
    fn fields(&mut self, mut bytes: Vec<u8>) -> Result<csv::ByteRecord, (Flaw, Vec<u8>)> {
        bytes.push(b'\n');
        *self.fields.get_mut() = Cursor::new(bytes);
        let mut record = csv::ByteRecord::new();
        match self.fields.read_byte_record(&mut record) {
            Ok(true) => Ok(record),
            ended => {
                let bytes = std::mem::take(self.fields.get_mut()).into_inner();
                self.fields = fields_reader(self.delimiter);
                let reason = ended.err().map_or_else(|| "it has no end".to_owned(), |e| e.to_string());
                Err((Flaw::Unparsed(reason), bytes))
            }
        }
    }
}

fn fields_reader(delimiter: u8) -> csv::Reader<Cursor<Vec<u8>>> {
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(delimiter);
    reader.from_reader(Cursor::default())
}

/// The state after a line.
enum Fed {
    /// The record is complete.
    Complete,
    /// The line ends inside of quotes.
    Open,
    /// Text follows a closing quote at a character.
    TextAfterQuote(usize),
    /// Blanks precede an opening quote.
    BlankBeforeQuote,
}

/// Where the next byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a field.
    Start,
    /// Behind blanks at the beginning of a field.
    Blank,
    /// In a field without quotes.
    Plain,
    /// In quotes.
    Quoted,
    /// Behind a quote in quotes: the closing one, or the first half of one that is part of the text.
    Quote,
    /// Behind blanks behind the closing quote.
    Closed,
}

/// Follows the quotes of a record.
struct Scan {
    delimiter: u8,
    state: State,
    /// The number of fields.
    fields: usize,
    /// The number of fields up to the last one that is not empty.
    used: usize,
    is_empty: bool,
    /// The last quote that was opened.
    quote: Quote,
}

impl Scan {
    fn new(delimiter: u8) -> Self {
        let state = State::Start;
        Self { delimiter, state, fields: 0, used: 0, is_empty: true, quote: Quote::default() }
    }

    /// Whether the fields are those of a header: there may be more, which must be empty.
    fn fits(&self, columns: usize) -> bool {
        self.fields >= columns && self.used <= columns
    }

    fn feed(&mut self, line: &Line) -> Fed {
        let mut character = 0;
        for &byte in line.content() {
            // Bytes that continue a character of UTF-8 begin with the bits 10.
            character += usize::from(byte & 0xc0 != 0x80);
            let is_delimiter = byte == self.delimiter && self.state != State::Quoted;
            let is_blank = matches!(byte, b' ' | b'\t');
            if is_delimiter {
                self.end_field();
                continue;
            }
            self.is_empty &= is_blank || byte == b'"' && self.state != State::Quote;
            self.state = match (self.state, byte) {
                (State::Start, b'"') => {
                    self.quote = Quote { character, field: self.fields };
                    State::Quoted
                }
                (State::Blank, b'"') => {
                    self.quote = Quote { character, field: self.fields };
                    return Fed::BlankBeforeQuote;
                }
                (State::Start | State::Blank, _) if is_blank => State::Blank,
                (State::Start | State::Blank | State::Plain, _) => State::Plain,
                (State::Quoted, b'"') => State::Quote,
                (State::Quoted, _) | (State::Quote, b'"') => State::Quoted,
                (State::Quote | State::Closed, _) if is_blank => State::Closed,
                (State::Quote | State::Closed, _) => return Fed::TextAfterQuote(character),
            };
        }
        if self.state == State::Quoted {
            return Fed::Open;
        }
        self.end_field();
        Fed::Complete
    }

    fn end_field(&mut self) {
        self.fields += 1;
        if !self.is_empty {
            self.used = self.fields;
        }
        self.state = State::Start;
        self.is_empty = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of a text with a number of columns: line, and the fields in brackets or the flaw.
    fn all(text: &str, columns: usize) -> Vec<(u64, String)> {
        let mut records = Records::new(Lines::open(text.as_bytes()).expect("text"), b',');
        records.expect_columns(columns);
        let mut found = Vec::new();
        while let Some(record) = records.next() {
            let fields = match record.fields {
                Ok(fields) => {
                    let shown = fields.iter().map(|field| format!("[{}]", String::from_utf8_lossy(field)));
                    shown.collect::<Vec<_>>().concat()
                }
                Err(flaw) => flaw.to_string(),
            };
            found.push((record.line, fields));
        }
        found
    }

    #[test]
    fn records_are_read_or_refused_where_their_quote_begins() {
        let unclosed = "the quote that begins at character 3 is not closed";
        let again = "the lines after it were read as rows of their own";
        // file with two columns, its records
        let table: Vec<(&str, Vec<(u64, String)>)> = vec![
            ("a,b\n", vec![(1, "[a][b]".into())]),
            ("a,b\n\n \r\nc,d", vec![(1, "[a][b]".into()), (4, "[c][d]".into())]),
            (",\n\"\",\n ,\t\nc,d\n,,,,\n", vec![(4, "[c][d]".into())]),
            ("a,\"b\nc\r\n\"\nd,e\n", vec![(1, "[a][b\nc\r\n]".into()), (4, "[d][e]".into())]),
            ("a,\"x \"\"y\"\", z\"\n", vec![(1, "[a][x \"y\", z]".into())]),
            ("a,5\" disk\n", vec![(1, "[a][5\" disk]".into())]),
            ("a,\"b\" \n", vec![(1, "[a][b ]".into())]),
            ("a,\"b\n", vec![(1, unclosed.into())]),
            (
                "a,\"b\nc,d\ne,f\n",
                vec![(1, format!("{unclosed}; {again}")), (2, "[c][d]".into()), (3, "[e][f]".into())],
            ),
            (
                "a,\"b\nc,d\ne,\"f\"\ng,h\n",
                vec![
                    (
                        1,
                        format!(
                            "{unclosed} on this line: it would end before character 4 of line 3, where text \
                             follows; {again}"
                        ),
                    ),
                    (2, "[c][d]".into()),
                    (3, "[e][f]".into()),
                    (4, "[g][h]".into()),
                ],
            ),
            (
                "a,\"b\nc,d\",e\nf,g\n",
                vec![
                    (
                        1,
                        format!(
                            "the row reaches to line 2 and has 3 fields, but the header has 2: the quote that begins \
                             at character 3 may not be closed; {again}"
                        ),
                    ),
                    (2, "[c][d\"][e]".into()),
                    (3, "[f][g]".into()),
                ],
            ),
            (
                "é,\"b\"c\nd,e\n",
                vec![
                    (
                        1,
                        "the quote that begins at character 3 ends before character 6, and text follows it; write \
                         a quote inside of a text twice"
                            .into(),
                    ),
                    (2, "[d][e]".into()),
                ],
            ),
            ("a, \"b\"\n", vec![(1, "blanks precede the quote at character 4; remove them".into())]),
            // Fields that are too many or too few on one line are for the reader of rows.
            ("a,b,c\nd\n", vec![(1, "[a][b][c]".into()), (2, "[d]".into())]),
            ("a,\"b\nc\",,\n", vec![(1, "[a][b\nc][][]".into())]),
        ];
        for (text, expected) in table {
            assert_eq!(all(text, 2), expected, "{text:?}");
        }
    }

    #[test]
    fn a_record_over_the_maximum_is_refused_alone() {
        let long = format!("a,{}\nb,c\n", "x".repeat(RECORD_BYTES_MAX));
        assert_eq!(all(&long, 2), [(1, "the row is longer than 64 KiB".into()), (2, "[b][c]".into())]);
        let rows = RECORD_BYTES_MAX / 2;
        let swallowed = format!("a,\"b\n{}", "c,d\n".repeat(rows));
        let found = all(&swallowed, 2);
        assert_eq!(found.len(), 1 + rows);
        assert!(found[0].1.contains("is not closed"), "{}", found[0].1);
        assert!(found[1..].iter().all(|(_, fields)| fields == "[c][d]"));
    }
}
