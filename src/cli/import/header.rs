//! Headers of files: the table, and the columns of its rows.

use entity::value::ImportKind;

use crate::program::edition::Editions;
use crate::program::nearest::nearest;
use crate::program::wording::{listed, quoted};

/// The type of a file's rows, in the order of import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    Partners,
    Professionals,
    Affiliations,
    Activities,
}

/// Columns of each table: required ones, optional ones.
const COLUMNS: [(Table, &[&str], &[&str]); 4] = [
    (Table::Partners, &["partner", "name", "enrolled_on"], &[]),
    (Table::Professionals, &["professional", "name", "email", "signed_up_on"], &[]),
    (Table::Affiliations, &["professional", "partner", "starts_on"], &["ends_on"]),
    (
        Table::Activities,
        &["source", "external_id", "kind", "occurred_on"],
        &["professional", "partner", "points", "quantity"],
    ),
];

/// The valid headers, for error messages.
const KNOWN_HEADERS: &str = "partner,name,enrolled_on; professional,name,email,signed_up_on; \
    professional,partner,starts_on[,ends_on]; \
    source,external_id,professional|partner,kind,occurred_on[,points][,quantity][,attributes]";

/// Delimiters that are recognised, the usual one first.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// A valid header.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) table: Table,
    /// The names of the columns, without empty ones at the end.
    pub(super) columns: Vec<String>,
}

/// The column of a file of refused rows that says why; it is not read.
pub(super) const ERRORS_COLUMN: &str = "import_errors";

/// Whether a column is one of every file of activities; others are attributes.
pub(super) fn is_activity_column(name: &str) -> bool {
    let (_, required, optional) = COLUMNS[Table::Activities as usize];
    required.contains(&name) || optional.contains(&name) || name == ERRORS_COLUMN
}

/// The delimiter that a spreadsheet names on a line of its own, `sep=;`; none where the line is no such line.
///
/// # Errors
/// When the delimiter is none that is read.
pub(super) fn named_delimiter(line: &[u8]) -> Option<Result<u8, String>> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let named = line.strip_prefix(b"sep=").or_else(|| line.strip_prefix(b"SEP="))?;
    Some(match named {
        // The tab at the end of the line was trimmed.
        [] => Ok(b'\t'),
        [delimiter] if DELIMITERS.contains(delimiter) => Ok(*delimiter),
        other => {
            let other = quoted(&String::from_utf8_lossy(other));
            Err(format!("sep= names the delimiter {other}; accepted: comma, semicolon or tab"))
        }
    })
}

/// The delimiter of a header: the one by which most of its columns have a known name.
pub(super) fn delimiter_of(header: &[u8], editions: &Editions) -> u8 {
    let attributes = editions.attribute_names();
    let is_known = |name: &[u8]| {
        let Ok(name) = std::str::from_utf8(name) else { return false };
        let name = name.trim().trim_matches('"');
        let mut columns = COLUMNS.iter().flat_map(|(_, required, optional)| required.iter().chain(*optional));
        columns.any(|column| *column == name) || attributes.contains(&name)
    };
    let known = |delimiter: u8| header.split(|byte| *byte == delimiter).filter(|name| is_known(name)).count();
    // Of equals, `max_by_key` returns the last one.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| known(*delimiter)).unwrap_or(b',')
}

impl From<Table> for ImportKind {
    fn from(table: Table) -> Self {
        match table {
            Table::Partners => Self::Partners,
            Table::Professionals => Self::Professionals,
            Table::Affiliations => Self::Affiliations,
            Table::Activities => Self::Activities,
        }
    }
}

impl Header {
    /// Determines the table from the names of the columns.
    ///
    /// # Errors
    /// Every problem of the header, with the nearest known names.
    pub(super) fn parse(record: &csv::ByteRecord, editions: &Editions) -> Result<Self, String> {
        let mut columns = Vec::with_capacity(record.len());
        for name in record {
            let name = std::str::from_utf8(name)
                .map_err(|_| "the header is not valid UTF-8; save the file as CSV in UTF-8".to_owned())?;
            columns.push(name.trim().to_owned());
        }
        while columns.last().is_some_and(String::is_empty) {
            columns.pop();
        }
        let has = |name: &str| columns.iter().any(|column| column == name);
        let table = if has("kind") || has("occurred_on") || has("external_id") {
            Table::Activities
        } else if has("starts_on") {
            Table::Affiliations
        } else if has("signed_up_on") || has("email") {
            Table::Professionals
        } else if has("enrolled_on") {
            Table::Partners
        } else {
            let header = quoted(&columns.join(","));
            return Err(format!("unknown header {header}; accepted headers: {KNOWN_HEADERS}"));
        };
        check_columns(table, &columns, editions)?;
        Ok(Self { table, columns })
    }
}

/// Checks the columns of a table.
///
/// # Errors
/// Every duplicate, missing and unknown column, with the nearest known one.
fn check_columns(table: Table, columns: &[String], editions: &Editions) -> Result<(), String> {
    let (_, required, optional) = COLUMNS[table as usize];
    let has = |name: &str| columns.iter().any(|column| column == name);
    let attributes = editions.attribute_names();
    let attributes = attributes.iter().copied().filter(|_| table == Table::Activities);
    let known: Vec<&str> = required.iter().chain(optional).copied().chain(attributes.clone()).collect();
    let duplicates = columns.iter().enumerate().filter(|(index, name)| columns[..*index].contains(name));
    let duplicates = duplicates.filter(|(_, name)| !name.is_empty());
    let mut problems: Vec<String> =
        duplicates.map(|(_, name)| format!("duplicate column `{name}` in the header")).collect();
    let named = problems.len();
    problems.extend(required.iter().filter(|name| !has(name)).map(|name| format!("missing column `{name}`")));
    if table == Table::Activities && !has("partner") && !has("professional") {
        problems.push("missing column `professional` or `partner`".to_owned());
    }
    let is_known = |name: &str| name.is_empty() || name == ERRORS_COLUMN || known.contains(&name);
    let unknown = columns.iter().filter(|name| !is_known(name));
    let missing = problems.len();
    problems.extend(unknown.map(|name| {
        let near = nearest(name, known.iter().copied().filter(|one| !has(one)));
        let near = near.map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
        format!("unknown column `{}`{near}", name.escape_debug())
    }));
    if problems.len() > named {
        let has_unknown = problems.len() > missing;
        problems.push(format!("accepted headers: {KNOWN_HEADERS}"));
        if has_unknown && table == Table::Activities {
            let attributes = listed(attributes);
            problems.push(format!("attributes: {attributes}; `note` takes any other text"));
        }
    }
    if has("") {
        problems.push("a column in the header has no name".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_those_that_a_header_fits() {
        let editions = Editions::built_in();
        // header, delimiter
        let table = [
            ("partner,name,enrolled_on", b','),
            ("partner;name;enrolled_on", b';'),
            ("partner\tname\tenrolled_on", b'\t'),
            ("\"partner\";\"name\";\"enrolled_on\"", b';'),
            ("partner;nam;enrolled_on,x", b';'),
            ("one;two;three", b','),
            ("", b','),
        ];
        for (header, delimiter) in table {
            assert_eq!(delimiter_of(header.as_bytes(), &editions), delimiter, "{header:?}");
        }
    }

    #[test]
    fn a_line_may_name_the_delimiter() {
        // line, delimiter or that it is refused
        let table: [(&str, Option<Option<u8>>); 8] = [
            ("sep=;", Some(Some(b';'))),
            ("sep=,", Some(Some(b','))),
            ("sep=\t", Some(Some(b'\t'))),
            ("\"sep=;\"", Some(Some(b';'))),
            ("SEP=;", Some(Some(b';'))),
            ("sep=|", Some(None)),
            ("sep=ab", Some(None)),
            ("separator", None),
        ];
        for (line, expected) in table {
            assert_eq!(named_delimiter(line.as_bytes()).map(Result::ok), expected, "{line:?}");
        }
    }
}
