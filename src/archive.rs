//! The archive: the whole program in one compressed file of JSON lines, for another database of either engine.
//!
//! The file is gzip of UTF-8 text. Its first line says what it is, `{"archive":"partner-program","schema":…,"version":1}`.
//! A line `{"table":NAME}` begins the rows of a table, each of which is one line. The last line,
//! `{"rows":N,"sha256":…}`, has the number of rows and the SHA-256 of all bytes before it. There is no time and no name
//! of a machine in it: the same rows are the same bytes.

use std::io::{self, BufRead, BufReader, Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

/// The version of the file's form.
pub const VERSION: u32 = 1;
/// What the first line names.
const NAME: &str = "partner-program";
/// Maximum length of a line in bytes: far more than the longest row.
const LINE_MAX: u64 = 64 << 20;

/// The first line.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Head {
    archive: String,
    /// Name of the last migration of the database's schema.
    pub schema: String,
    version: u32,
}

/// The last line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Tail {
    rows: u64,
    sha256: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Table {
    table: String,
}

/// Why a file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It can't be read at all.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is another kind of file.
    #[error("this is no archive of partner-program")]
    Other,
    /// A newer release wrote it.
    #[error(
        "a newer release wrote this archive (version {0}, this release reads {VERSION}); restore it with that release"
    )]
    Newer(u32),
    /// The file is not what was written: what is wrong.
    #[error("the archive is damaged: {0}")]
    Damaged(String),
}

/// What a line stands for.
#[derive(Debug, PartialEq)]
pub enum Line {
    /// Rows of this table follow.
    Table(String),
    /// A row.
    Row(Map<String, Json>),
}

/// Writes an archive.
#[derive(Debug)]
pub struct ArchiveWriter<W: Write> {
    out: GzEncoder<W>,
    hash: Sha256,
    rows: u64,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins an archive of a database with a schema.
    ///
    /// # Errors
    /// When writing fails.
    pub fn begin(out: W, schema: &str) -> io::Result<Self> {
        // Neither time nor name: the same rows are the same bytes.
        let out = GzBuilder::new().mtime(0).write(out, Compression::new(4));
        let mut writer = Self { out, hash: Sha256::new(), rows: 0 };
        let head = Head { archive: NAME.to_owned(), schema: schema.to_owned(), version: VERSION };
        writer.line(&serde_json::to_string(&head)?)?;
        Ok(writer)
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        for part in [text.as_bytes(), b"\n"] {
            self.hash.update(part);
            self.out.write_all(part)?;
        }
        Ok(())
    }

    /// Begins the rows of a table.
    ///
    /// # Errors
    /// When writing fails.
    pub fn table(&mut self, name: &str) -> io::Result<()> {
        self.line(&serde_json::to_string(&Table { table: name.to_owned() })?)
    }

    /// Writes a row, which is one JSON object.
    ///
    /// # Errors
    /// When writing fails.
    pub fn row(&mut self, row: &str) -> io::Result<()> {
        self.rows += 1;
        self.line(row)
    }

    /// Writes the last line, and returns what was written to and the number of rows.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish(mut self) -> io::Result<(W, u64)> {
        let tail = Tail { rows: self.rows, sha256: hex(&self.hash.finalize_reset()) };
        self.line(&serde_json::to_string(&tail)?)?;
        Ok((self.out.finish()?, self.rows))
    }
}

/// Reads an archive.
pub struct ArchiveReader<R: Read> {
    lines: BufReader<MultiGzDecoder<R>>,
    hash: Sha256,
    head: Head,
    number: u64,
    rows: u64,
    checksum: Option<String>,
}

impl<R: Read> ArchiveReader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it is another kind of file, or a newer release wrote it.
    pub fn begin(input: R) -> Result<Self, ArchiveError> {
        let mut lines = BufReader::with_capacity(1 << 16, MultiGzDecoder::new(input));
        let mut text = Vec::new();
        let read = (&mut lines).take(1_000).read_until(b'\n', &mut text);
        // What is not even gzip is another kind of file.
        read.map_err(|_| ArchiveError::Other)?;
        let head: Json = serde_json::from_slice(&text).map_err(|_| ArchiveError::Other)?;
        if head["archive"] != NAME {
            return Err(ArchiveError::Other);
        }
        let version = head["version"].as_u64().and_then(|version| u32::try_from(version).ok());
        match version {
            Some(version) if version > VERSION => return Err(ArchiveError::Newer(version)),
            Some(VERSION) => {}
            _ => return Err(ArchiveError::Damaged("its version is unknown".to_owned())),
        }
        let head = serde_json::from_value(head).map_err(|error| ArchiveError::Damaged(error.to_string()))?;
        let hash = Sha256::new_with_prefix(&text);
        Ok(Self { lines, hash, head, number: 1, rows: 0, checksum: None })
    }

    /// The first line.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Rows that were read so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The checksum that the last line has, once that was read and is right.
    pub fn checksum(&self) -> Option<&str> {
        self.checksum.as_deref()
    }

    /// The next line; none after the last one, whose sums have been checked then.
    ///
    /// # Errors
    /// When the file is damaged or ends too early.
    pub fn next_line(&mut self) -> Result<Option<Line>, ArchiveError> {
        let damaged = |text: String| Err(ArchiveError::Damaged(text));
        let mut text = Vec::new();
        let read = (&mut self.lines).take(LINE_MAX).read_until(b'\n', &mut text);
        self.number += 1;
        let number = self.number;
        if let Err(error) = read {
            return damaged(format!("line {number} can't be unpacked ({error})"));
        }
        let Some((b'\n', line)) = text.split_last() else {
            return damaged(format!("it ends in line {number}, before its last line"));
        };
        let Ok(Json::Object(line)) = serde_json::from_slice(line) else {
            return damaged(format!("line {number} is no JSON object"));
        };
        if line.len() == 2 && line.contains_key("sha256") && line.contains_key("rows") {
            let found = hex(&self.hash.finalize_reset());
            let tail: Tail = serde_json::from_value(Json::Object(line)).map_err(io::Error::from)?;
            if tail.rows != self.rows {
                return damaged(format!(
                    "it has {} rows, and had {} when it was written",
                    self.rows, tail.rows
                ));
            }
            if tail.sha256 != found {
                return damaged("its checksum is another one than when it was written".to_owned());
            }
            let mut rest = [0];
            if !matches!(self.lines.read(&mut rest), Ok(0)) {
                return damaged("something follows its last line".to_owned());
            }
            self.checksum = Some(found);
            return Ok(None);
        }
        self.hash.update(&text);
        if let (1, Some(Json::String(name))) = (line.len(), line.get("table")) {
            return Ok(Some(Line::Table(name.clone())));
        }
        self.rows += 1;
        Ok(Some(Line::Row(line)))
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Vec<u8> {
        let mut writer = ArchiveWriter::begin(Vec::new(), "m1").expect("memory");
        writer.table("partners").expect("memory");
        writer.row(r#"{"code":"nordwind","id":1}"#).expect("memory");
        writer.row(r#"{"code":"polder","id":2}"#).expect("memory");
        writer.table("orders").expect("memory");
        writer.finish().expect("memory").0
    }

    fn read(bytes: &[u8]) -> Result<Vec<Line>, ArchiveError> {
        let mut reader = ArchiveReader::begin(bytes)?;
        assert_eq!(reader.head().schema, "m1");
        let mut lines = Vec::new();
        while let Some(line) = reader.next_line()? {
            lines.push(line);
        }
        Ok(lines)
    }

    fn unpacked(bytes: &[u8]) -> String {
        io::read_to_string(MultiGzDecoder::new(bytes)).expect("gzip")
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(text.as_bytes()).expect("memory");
        out.finish().expect("memory")
    }

    #[test]
    fn what_is_written_is_read_and_the_same_rows_are_the_same_bytes() {
        let lines = read(&archive()).expect("it is whole");
        let names: Vec<String> = lines
            .iter()
            .map(|line| match line {
                Line::Table(name) => name.clone(),
                Line::Row(row) => row["code"].to_string(),
            })
            .collect();
        assert_eq!(names, ["partners", "\"nordwind\"", "\"polder\"", "orders"]);
        assert_eq!(archive(), archive());
    }

    #[test]
    fn damage_is_found_wherever_it_is() {
        let (whole, text) = (archive(), unpacked(&archive()));
        let rehashed = |text: &str| {
            let body = &text[..=text.trim_end().rfind('\n').expect("lines")];
            let rows = body.lines().filter(|line| line.contains("code")).count();
            packed(&format!("{body}{{\"rows\":{rows},\"sha256\":\"{}\"}}\n", hex(&Sha256::digest(body))))
        };
        // what the file is, words of the answer
        let table: [(Vec<u8>, &str); 9] = [
            (packed(&text.replace("polder", "poldor")), "checksum"),
            (packed(&text.replace("{\"code\":\"polder\",\"id\":2}\n", "")), "it has 1 rows, and had 2"),
            (
                packed(&text.replace("{\"code\":\"polder\",\"id\":2}", "{\"code\":")),
                "line 4 is no JSON object",
            ),
            (packed(text.trim_end().rsplit_once('\n').expect("lines").0), "before its last line"),
            (packed(&format!("{text}x")), "something follows"),
            (whole[..whole.len() / 2].to_vec(), "damaged"),
            (packed("{}"), "no archive"),
            (b"partner,name\n".to_vec(), "no archive"),
            (rehashed(&text.replace("\"version\":1", "\"version\":2")), "a newer release"),
        ];
        for (bytes, words) in table {
            let error = read(&bytes).expect_err(words).to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
        assert!(read(&rehashed(&text)).is_ok(), "the same text again is whole");
    }
}
