//! Refused rows as a run keeps them. The database keeps no name and no address there: they could not be erased.

use super::header::{Header, Table};
use super::reader::{RowRefusal, RowText};
use crate::program::wording::quoted;
use crate::service::imports::RefusedRow;

/// Columns with personal data.
const PERSONAL: [&str; 2] = ["name", "email"];
/// What stands in the place of personal data.
const MASK: &str = "…";

/// The row as its run keeps it.
pub(super) fn kept(header: &Header, row: &RowRefusal) -> RefusedRow {
    let is_personal = |column: &str| header.table == Table::Professionals && PERSONAL.contains(&column);
    let RowRefusal { line, reasons, text } = row;
    let (mut reasons, mut content) = (reasons.clone(), None);
    match text {
        RowText::Cells(cells) => {
            let mut masked = csv::ByteRecord::new();
            for (column, cell) in header.columns.iter().zip(cells) {
                if cell.is_empty() || !is_personal(column) {
                    masked.push_field(cell);
                    continue;
                }
                let cell = String::from_utf8_lossy(cell);
                for shown in [quoted(cell.trim()), cell.trim().to_owned()] {
                    if !shown.is_empty() {
                        reasons = reasons.replace(&shown, MASK);
                    }
                }
                masked.push_field(MASK.as_bytes());
            }
            content = Some(as_csv(&masked));
        }
        RowText::Line(_) if header.table == Table::Professionals => {}
        RowText::Line(bytes) => content = Some(String::from_utf8_lossy(bytes).into_owned()),
    }
    RefusedRow { line: *line, reasons, content }
}

/// Cells as a line of CSV, without its end.
fn as_csv(cells: &csv::ByteRecord) -> String {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_byte_record(cells);
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(bytes.strip_suffix(b"\n").unwrap_or(&bytes)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::edition::Editions;

    #[test]
    fn names_and_addresses_are_not_kept() {
        let editions = Editions::built_in();
        let header = |names: &[&str]| {
            Header::parse(&csv::ByteRecord::from(names.to_vec()), &editions).expect("a header")
        };
        let people = header(&["professional", "name", "email", "signed_up_on"]);
        let partners = header(&["partner", "name", "enrolled_on"]);
        let cells = |cells: &[&str]| RowText::Cells(csv::ByteRecord::from(cells.to_vec()));
        let line = || RowText::Line(b"ada,\"Ada".to_vec());
        // header, text, reasons; what is kept of both
        let table = [
            (
                &people,
                cells(&["ada", "Ada L", "ada@", "2025-01-01"]),
                "email: \"ada@\" is no address; name: Ada L",
                Some("ada,…,…,2025-01-01"),
                "email: … is no address; name: …",
            ),
            (&people, cells(&["ada", "", "", "x"]), "name: empty", Some("ada,,,x"), "name: empty"),
            (&people, line(), "the quote is not closed", None, "the quote is not closed"),
            (&partners, cells(&["a", "A, \"B\"", "x"]), "no date", Some("a,\"A, \"\"B\"\"\",x"), "no date"),
            (&partners, line(), "the quote is not closed", Some("ada,\"Ada"), "the quote is not closed"),
        ];
        for (header, text, reasons, content, shown) in table {
            let row = kept(header, &RowRefusal { line: 3, reasons: reasons.to_owned(), text });
            assert_eq!((row.line, row.content.as_deref(), row.reasons.as_str()), (3, content, shown));
        }
    }
}
