//! The archive: the whole program in one compressed file of JSON lines, for another database of either engine.
//!
//! The file is gzip of UTF-8 text. Its first line says what it is, `{"archive":"partner-program","schema":…,"version":1}`.
//! A line `{"table":NAME}` begins the rows of a table, each of which is one line. The last line,
//! `{"rows":N,"sha256":…}`, has the number of rows and the SHA-256 of all bytes before it. There is no time and no name
//! of a machine in it: the same rows are the same bytes.

mod read_ahead;

use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use read_ahead::{PART_BYTES, PARTS_AHEAD, ReadAhead};

/// The version of the file's form.
pub const VERSION: u32 = 1;
/// What the first line names.
const NAME: &str = "partner-program";
/// How well a file is compressed, from 0 to 9.
const LEVEL: u32 = 4;
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

/// What follows in an archive.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// Rows of this table follow.
    Table(String),
    /// Rows: a line for each.
    Rows {
        /// The lines, each with its end.
        lines: Vec<u8>,
        /// How many there are.
        count: u64,
    },
}

/// Writes an archive. What is written is compressed on a thread of its own.
#[derive(Debug)]
pub struct ArchiveWriter<W: Write> {
    to: SyncSender<Vec<u8>>,
    packing: JoinHandle<io::Result<Packer<W>>>,
    rows: u64,
}

/// Compresses what is written, and computes its checksum.
#[derive(Debug)]
struct Packer<W: Write> {
    out: GzEncoder<W>,
    hash: Sha256,
}

impl<W: Write> Packer<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.hash.update(text);
        self.out.write_all(text)
    }
}

impl<W: Write + Send + 'static> ArchiveWriter<W> {
    /// Begins an archive of a database with a schema.
    ///
    /// # Errors
    /// When writing fails.
    pub fn begin(out: W, schema: &str) -> io::Result<Self> {
        // Neither time nor name: the same rows are the same bytes.
        let out = GzBuilder::new().mtime(0).write(out, Compression::new(LEVEL));
        let mut packer = Packer { out, hash: Sha256::new() };
        let (to, parts) = sync_channel::<Vec<u8>>(PARTS_AHEAD);
        let packing = thread::Builder::new().name("archive".to_owned()).spawn(move || {
            while let Ok(part) = parts.recv() {
                packer.write(&part)?;
            }
            Ok(packer)
        })?;
        let mut writer = Self { to, packing, rows: 0 };
        let head = Head { archive: NAME.to_owned(), schema: schema.to_owned(), version: VERSION };
        writer.write(line(&head)?)?;
        Ok(writer)
    }

    fn write(&mut self, text: Vec<u8>) -> io::Result<()> {
        // The thread ends before the writer only if it failed, which the end tells.
        self.to.send(text).map_err(|_| io::Error::other("the archive can't be written"))
    }

    /// Begins the rows of a table.
    ///
    /// # Errors
    /// When writing fails.
    pub fn table(&mut self, name: &str) -> io::Result<()> {
        let text = line(&Table { table: name.to_owned() })?;
        self.write(text)
    }

    /// Writes rows: lines of one JSON object each, with their ends.
    ///
    /// # Errors
    /// When writing fails.
    pub fn rows(&mut self, lines: Vec<u8>, count: u64) -> io::Result<()> {
        self.rows += count;
        self.write(lines)
    }

    /// Ends the thread, and says why it has failed if it has.
    fn packed(self) -> io::Result<Packer<W>> {
        drop(self.to);
        self.packing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Why writing failed.
    #[must_use]
    pub fn failure(self) -> Option<io::Error> {
        self.packed().err()
    }

    /// Writes the last line, and returns what was written to and the number of rows.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish(self) -> io::Result<(W, u64)> {
        let rows = self.rows;
        let mut packer = self.packed()?;
        let tail = Tail { rows, sha256: hex(&packer.hash.finalize_reset()) };
        packer.write(&line(&tail)?)?;
        Ok((packer.out.finish()?, rows))
    }
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    Ok(text)
}

/// Reads an archive, which is unpacked on a thread of its own.
#[derive(Debug)]
pub struct ArchiveReader {
    lines: ReadAhead,
    hash: Sha256,
    head: Head,
    number: u64,
    rows: u64,
    checksum: Option<String>,
    /// A line that was read behind the rows before it.
    next: Option<Special>,
}

/// A line that is no row.
#[derive(Debug)]
enum Special {
    Table(String),
    Tail(Tail),
}

impl ArchiveReader {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it is another kind of file, or a newer release wrote it.
    pub fn begin(input: impl Read + Send + 'static) -> Result<Self, ArchiveError> {
        let mut lines = ReadAhead::unpack(input)?;
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
        Ok(Self { lines, hash, head, number: 1, rows: 0, checksum: None, next: None })
    }

    /// The first line.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Rows that were read so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The checksum that the last line has, once that was read and is right.
    #[must_use]
    pub fn checksum(&self) -> Option<&str> {
        self.checksum.as_deref()
    }

    /// Reads everything, and keeps none of it.
    ///
    /// # Errors
    /// When the file is damaged or ends too early, or a row is no JSON object.
    pub fn check(&mut self) -> Result<(), ArchiveError> {
        let mut text = Vec::new();
        loop {
            text.clear();
            match self.line(&mut text)? {
                Some(Special::Tail(tail)) => return self.end(&tail),
                Some(Special::Table(_)) => {}
                None if is_object(&text) => {}
                None => return damaged(format!("line {} is no JSON object", self.number)),
            }
        }
    }

    /// What follows; none after the last line, whose sums have been checked then. Whether each row is a JSON object is
    /// for whoever reads it.
    ///
    /// # Errors
    /// When the file is damaged or ends too early.
    pub fn next_part(&mut self) -> Result<Option<Part>, ArchiveError> {
        let (mut lines, mut count) = (Vec::with_capacity(PART_BYTES + (PART_BYTES >> 2)), 0);
        loop {
            let special = match self.next.take() {
                Some(special) => Some(special),
                None => self.line(&mut lines)?,
            };
            match special {
                None => {
                    count += 1;
                    if lines.len() >= PART_BYTES {
                        return Ok(Some(Part::Rows { lines, count }));
                    }
                }
                Some(special) if count > 0 => {
                    self.next = Some(special);
                    return Ok(Some(Part::Rows { lines, count }));
                }
                Some(Special::Table(name)) => return Ok(Some(Part::Table(name))),
                Some(Special::Tail(tail)) => {
                    self.end(&tail)?;
                    return Ok(None);
                }
            }
        }
    }

    /// Adds the next line to a text if it is a row.
    fn line(&mut self, text: &mut Vec<u8>) -> Result<Option<Special>, ArchiveError> {
        let start = text.len();
        let read = (&mut self.lines).take(LINE_MAX).read_until(b'\n', text);
        self.number += 1;
        let number = self.number;
        if let Err(error) = read {
            return damaged(format!("line {number} can't be unpacked ({error})"));
        }
        let line = &text[start..];
        if !line.ends_with(b"\n") {
            return damaged(format!("it ends in line {number}, before its last line"));
        }
        let special = special(line);
        if !matches!(special, Some(Special::Tail(_))) {
            self.hash.update(line);
        }
        if special.is_some() {
            text.truncate(start);
        } else {
            self.rows += 1;
        }
        Ok(special)
    }

    fn end(&mut self, tail: &Tail) -> Result<(), ArchiveError> {
        let found = hex(&self.hash.finalize_reset());
        if tail.rows != self.rows {
            return damaged(format!("it has {} rows, and had {} when it was written", self.rows, tail.rows));
        }
        if tail.sha256 != found {
            return damaged("its checksum is another one than when it was written".to_owned());
        }
        if !matches!(self.lines.fill_buf(), Ok([])) {
            return damaged("something follows its last line".to_owned());
        }
        self.checksum = Some(found);
        Ok(())
    }
}

fn damaged<T>(text: String) -> Result<T, ArchiveError> {
    Err(ArchiveError::Damaged(text))
}

/// A line that is no row, by its first key: only few rows have such a key at all.
fn special(line: &[u8]) -> Option<Special> {
    let inner = line.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start();
    if inner.starts_with(b"\"table\"") {
        return serde_json::from_slice(line).ok().map(|Table { table }| Special::Table(table));
    }
    let is_tail = inner.starts_with(b"\"rows\"") || inner.starts_with(b"\"sha256\"");
    is_tail.then(|| serde_json::from_slice(line).ok().map(Special::Tail)).flatten()
}

fn is_object(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok()
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
        let rows = "{\"code\":\"nordwind\",\"id\":1}\n{\"code\":\"polder\",\"id\":2}\n";
        writer.rows(rows.into(), 2).expect("memory");
        writer.table("orders").expect("memory");
        writer.finish().expect("memory").0
    }

    fn begun(bytes: &[u8]) -> Result<ArchiveReader, ArchiveError> {
        let reader = ArchiveReader::begin(io::Cursor::new(bytes.to_vec()))?;
        assert_eq!(reader.head().schema, "m1");
        Ok(reader)
    }

    fn read(bytes: &[u8]) -> Result<Vec<Part>, ArchiveError> {
        let mut reader = begun(bytes)?;
        let mut parts = Vec::new();
        while let Some(part) = reader.next_part()? {
            parts.push(part);
        }
        Ok(parts)
    }

    fn unpacked(bytes: &[u8]) -> String {
        io::read_to_string(flate2::read::MultiGzDecoder::new(bytes)).expect("gzip")
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(text.as_bytes()).expect("memory");
        out.finish().expect("memory")
    }

    #[test]
    fn what_is_written_is_read_and_the_same_rows_are_the_same_bytes() {
        let rows = "{\"code\":\"nordwind\",\"id\":1}\n{\"code\":\"polder\",\"id\":2}\n";
        let expected = [
            Part::Table("partners".to_owned()),
            Part::Rows { lines: rows.into(), count: 2 },
            Part::Table("orders".to_owned()),
        ];
        assert_eq!(read(&archive()).expect("it is whole"), expected);
        let mut reader = begun(&archive()).expect("an archive");
        reader.check().expect("it is whole");
        assert_eq!((reader.rows(), reader.checksum().map(str::len)), (2, Some(64)));
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
            let error = begun(&bytes).and_then(|mut reader| reader.check()).expect_err(words).to_string();
            assert!(error.contains(words), "{words}: {error}");
            // The rows are not looked at where they are read.
            let is_of_a_row = words.contains("no JSON object");
            let error = read(&bytes).expect_err(words).to_string();
            assert!(error.contains(if is_of_a_row { "checksum" } else { words }), "{words}: {error}");
        }
        assert!(read(&rehashed(&text)).is_ok(), "the same text again is whole");
    }

    #[test]
    fn parts_are_bounded_and_rows_with_keys_of_other_lines_are_rows() {
        let mut writer = ArchiveWriter::begin(Vec::new(), "m1").expect("memory");
        writer.table("runs").expect("memory");
        let mut text = Vec::new();
        for number in 0..20_000 {
            let row = match number % 3 {
                0 => format!("{{\"rows\":{number},\"source\":\"x\"}}\n"),
                1 => format!("{{\"table\":\"x\",\"text\":\"{number}\"}}\n"),
                _ => format!("{{\"sha256\":\"{number}\"}}\n"),
            };
            text.extend_from_slice(row.as_bytes());
        }
        writer.rows(text.clone(), 20_000).expect("memory");
        let parts = read(&writer.finish().expect("memory").0).expect("it is whole");
        let (mut found, mut rows) = (Vec::new(), 0);
        for part in parts {
            if let Part::Rows { lines, count } = part {
                assert!(lines.len() < PART_BYTES + 100, "{}", lines.len());
                found.extend_from_slice(&lines);
                rows += count;
            }
        }
        assert!((found, rows) == (text, 20_000));
    }

    #[test]
    fn a_disk_that_is_full_is_said() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writer = ArchiveWriter::begin(Full, "m1").expect("a thread");
        let row: Vec<u8> =
            (0..1_000_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        while writer.rows(row.clone(), 1).is_ok() {}
        let failure = writer.failure().expect("it has failed");
        assert_eq!(failure.kind(), io::ErrorKind::StorageFull);
    }
}
