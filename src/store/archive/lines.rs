//! Rows as lines of JSON, straight from the text that an engine has of their values.

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, ValueRef};
use uuid::Uuid;

use super::tables::{Kind, Table};

/// What PostgreSQL's `COPY` has for null.
const NULL: &[u8] = b"\\N";

/// Writes a row of PostgreSQL's `COPY` in text form, in which times are in UTC, as a line. None if it is none.
pub(super) fn from_copy(table: &Table, row: &[u8], line: &mut Vec<u8>) -> Option<()> {
    let mut cells = row.strip_suffix(b"\n")?.split(|byte| *byte == b'\t');
    let mut object = Object::begin(line);
    for column in &table.columns {
        let cell = cells.next()?;
        if cell == NULL {
            continue;
        }
        let out = object.key(column.name);
        match column.kind {
            Kind::Bool => out.extend_from_slice(if cell == b"t" { b"true" } else { b"false" }),
            Kind::Int | Kind::BigInt => out.extend_from_slice(cell),
            Kind::Id | Kind::Day => quote_plain(out, cell),
            Kind::Moment => {
                out.push(b'"');
                moment(out, cell.strip_suffix(b"+00")?)?;
                out.push(b'"');
            }
            Kind::Text => quote_copied(out, cell)?,
        }
    }
    object.end();
    cells.next().is_none().then_some(())
}

/// Writes a row of SQLite as a line.
///
/// # Errors
/// When a value is none of its column.
pub(super) fn from_sqlite(table: &Table, row: &SqliteRow, line: &mut Vec<u8>) -> Result<(), sqlx::Error> {
    let mut object = Object::begin(line);
    for (index, column) in table.columns.iter().enumerate() {
        let value = row.try_get_raw(index)?;
        if value.is_null() {
            continue;
        }
        let wrong = |source| sqlx::Error::ColumnDecode { index: column.name.to_owned(), source };
        let out = object.key(column.name);
        match column.kind {
            Kind::Bool => {
                let is_set = <bool as Decode<Sqlite>>::decode(value).map_err(wrong)?;
                out.extend_from_slice(if is_set { b"true" } else { b"false" });
            }
            Kind::Int | Kind::BigInt => {
                let number = <i64 as Decode<Sqlite>>::decode(value).map_err(wrong)?;
                out.extend_from_slice(number.to_string().as_bytes());
            }
            Kind::Id => {
                let id = <Uuid as Decode<Sqlite>>::decode(value).map_err(wrong)?;
                quote_plain(out, id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
            }
            Kind::Day => {
                let day = <&str as Decode<Sqlite>>::decode(value).map_err(wrong)?;
                quote_plain(out, day.as_bytes());
            }
            Kind::Moment => {
                let text = <&str as Decode<Sqlite>>::decode(value).map_err(wrong)?;
                out.push(b'"');
                let (whole, start) = (text.as_bytes().strip_suffix(b"+00:00"), out.len());
                if whole.and_then(|whole| moment(out, whole)).is_none() {
                    out.truncate(start);
                    let value = row.try_get_raw(index)?;
                    let at = <DateTime<Utc> as Decode<Sqlite>>::decode(value).map_err(wrong)?;
                    out.extend_from_slice(at.to_rfc3339_opts(SecondsFormat::Micros, true).as_bytes());
                }
                out.push(b'"');
            }
            Kind::Text => {
                quote(out, <&str as Decode<Sqlite>>::decode(value).map_err(wrong)?.as_bytes());
            }
        }
    }
    object.end();
    Ok(())
}

/// An object that is being written.
struct Object<'l> {
    line: &'l mut Vec<u8>,
    is_empty: bool,
}

impl<'l> Object<'l> {
    fn begin(line: &'l mut Vec<u8>) -> Self {
        line.push(b'{');
        Self { line, is_empty: true }
    }

    /// Writes a key, after which its value follows.
    fn key(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.is_empty {
            self.line.push(b',');
        }
        self.is_empty = false;
        quote_plain(self.line, name.as_bytes());
        self.line.push(b':');
        self.line
    }

    fn end(self) {
        self.line.extend_from_slice(b"}\n");
    }
}

/// A moment of which the engine has the form `2026-08-31 10:00:00.5`, also with a `T`: with six digits of fractions.
fn moment(out: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    let is_shaped =
        text.len() >= 19 && text[4] == b'-' && text[13] == b':' && matches!(text[10], b' ' | b'T');
    let fraction = match text.get(19..)? {
        [] => &[][..],
        [b'.', digits @ ..] if digits.len() <= 6 => digits,
        _ => return None,
    };
    if !is_shaped || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    out.extend_from_slice(&text[..10]);
    out.push(b'T');
    out.extend_from_slice(&text[11..19]);
    out.push(b'.');
    out.extend_from_slice(fraction);
    out.extend_from_slice(&b"000000"[fraction.len()..]);
    out.push(b'Z');
    Some(())
}

/// Text that has nothing to escape.
fn quote_plain(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn quote(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    // Nearly every text has nothing to escape.
    if text.iter().any(|byte| is_escaped(*byte)) {
        for byte in text {
            push(out, *byte);
        }
    } else {
        out.extend_from_slice(text);
    }
    out.push(b'"');
}

/// The same with what `COPY` has escaped.
fn quote_copied(out: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    if !text.contains(&b'\\') {
        quote(out, text);
        return Some(());
    }
    out.push(b'"');
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'\\' => match bytes.next()? {
                b'b' => 0x08,
                b'f' => 0x0c,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'v' => 0x0b,
                other => *other,
            },
            byte => *byte,
        };
        push(out, byte);
    }
    out.push(b'"');
    Some(())
}

fn push(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0..0x20 => {
            let digit = |four: u8| if four < 10 { b'0' + four } else { b'a' + four - 10 };
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
            return;
        }
        _ => {
            out.push(byte);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::archive::tables;

    #[test]
    fn texts_are_those_of_a_library_whatever_is_in_them() {
        let all: String = (1..=0x2ff).filter_map(char::from_u32).chain("🦀\u{2028}".chars()).collect();
        let pieces = all.chars().map(String::from);
        for text in pieces.chain([String::new(), "\\N".to_owned(), "a\\nb\tc\"d".to_owned(), all.clone()]) {
            let expected = serde_json::to_string(&text).expect("a text");
            let mut out = Vec::new();
            quote(&mut out, text.as_bytes());
            assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
            // As COPY writes it.
            let mut copied = String::new();
            for character in text.chars() {
                match character {
                    '\u{8}' => copied.push_str("\\b"),
                    '\u{c}' => copied.push_str("\\f"),
                    '\n' => copied.push_str("\\n"),
                    '\r' => copied.push_str("\\r"),
                    '\t' => copied.push_str("\\t"),
                    '\u{b}' => copied.push_str("\\v"),
                    '\\' => copied.push_str("\\\\"),
                    other => copied.push(other),
                }
            }
            let mut out = Vec::new();
            quote_copied(&mut out, copied.as_bytes()).expect("a cell");
            assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
        }
    }

    #[test]
    fn moments_have_six_digits() {
        // as an engine has it, as an archive has it
        let table = [
            ("2026-08-31 10:00:00", Some("2026-08-31T10:00:00.000000Z")),
            ("2026-08-31T10:00:00.5", Some("2026-08-31T10:00:00.500000Z")),
            ("2026-08-31 10:00:00.123456", Some("2026-08-31T10:00:00.123456Z")),
            ("2026-08-31T10:00:00.123456789", None),
            ("12026-08-31 10:00:00", None),
            ("2026-08-31", None),
            ("infinity", None),
        ];
        for (text, expected) in table {
            let mut out = Vec::new();
            let found = moment(&mut out, text.as_bytes()).map(|()| String::from_utf8(out).expect("ASCII"));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_row_of_copy_is_a_line() {
        let tables = tables::all();
        let table = tables.iter().find(|table| table.name == "affiliations").expect("a table");
        let row = b"2026-01-02 03:04:05.6+00\t\\N\tid\tpartner\tprofessional\t\\N\t2026-01-01\tf\n";
        let mut line = Vec::new();
        from_copy(table, row, &mut line).expect("a row");
        let expected = "{\"created_at\":\"2026-01-02T03:04:05.600000Z\",\"id\":\"id\",\"partner_id\":\"partner\",\
            \"professional_id\":\"professional\",\"starts_on\":\"2026-01-01\",\"voided\":false}\n";
        assert_eq!(String::from_utf8(line).expect("UTF-8"), expected);
        for other in [&b"f\n"[..], b"\n", b"", &[row.trim_ascii_end(), b"\tf\n"].concat()] {
            assert_eq!(from_copy(table, other, &mut Vec::new()), None);
        }
    }
}
