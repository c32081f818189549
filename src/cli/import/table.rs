//! Headers of files, and the parsing of their rows.

use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::Value;

use crate::program::calendar::parse_date;
use crate::program::rule::Attributes;
use crate::program::rule::{AttributeType, Program};
use crate::service::activities::{ActivityDraft, SubjectCode};
use crate::service::affiliations::AffiliationDraft;
use crate::service::policy::Policy;
use crate::service::subjects::{PartnerDraft, ProfessionalDraft};

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

/// A valid header.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) table: Table,
    columns: Vec<String>,
}

/// A row as the draft of its use case.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Draft {
    Partner(PartnerDraft),
    Professional(ProfessionalDraft),
    Affiliation(AffiliationDraft),
    Activity(ActivityDraft),
}

impl Header {
    /// Determines the table from the names of the columns.
    pub(super) fn parse(record: &csv::ByteRecord) -> Result<Self, String> {
        let mut columns = Vec::with_capacity(record.len());
        for name in record {
            let name = std::str::from_utf8(name).map_err(|_| "the header is not valid UTF-8".to_owned())?;
            columns.push(name.trim().to_owned());
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
        let is_duplicate = |(index, name): &(usize, &String)| columns[..*index].contains(name);
        if let Some((_, name)) = columns.iter().enumerate().find(is_duplicate) {
            return Err(format!("duplicate column `{name}` in the header"));
        }
        let (_, required, optional) = COLUMNS[table as usize];
        if let Some(name) = required.iter().find(|name| !has(name)) {
            return Err(format!("missing column `{name}`; accepted headers: {KNOWN_HEADERS}"));
        }
        if table == Table::Activities {
            if !has("partner") && !has("professional") {
                return Err(format!(
                    "missing column `professional` or `partner`; accepted headers: {KNOWN_HEADERS}"
                ));
            }
            if has("") {
                return Err("a column in the header has no name".to_owned());
            }
        } else {
            let known =
                |name: &&String| required.contains(&name.as_str()) || optional.contains(&name.as_str());
            if let Some(name) = columns.iter().find(|name| !known(name)) {
                return Err(format!("unknown column `{name}`; accepted headers: {KNOWN_HEADERS}"));
            }
        }
        Ok(Self { table, columns })
    }

    /// The draft of a row, or why the row is invalid.
    pub(super) fn draft(&self, record: &csv::ByteRecord, policy: &Arc<Policy>) -> Result<Draft, String> {
        let row = Row::new(&self.columns, record)?;
        Ok(match self.table {
            Table::Partners => Draft::Partner(PartnerDraft {
                code: row.required("partner")?.to_owned(),
                name: row.required("name")?.to_owned(),
                enrolled_on: row.date("enrolled_on")?,
            }),
            Table::Professionals => Draft::Professional(ProfessionalDraft {
                code: row.required("professional")?.to_owned(),
                name: row.required("name")?.to_owned(),
                email: row.required("email")?.to_owned(),
                signed_up_on: row.date("signed_up_on")?,
            }),
            Table::Affiliations => Draft::Affiliation(AffiliationDraft {
                professional: row.required("professional")?.to_owned(),
                partner: row.required("partner")?.to_owned(),
                starts_on: row.date("starts_on")?,
                ends_on: row.cell("ends_on").map(|_| row.date("ends_on")).transpose()?,
            }),
            Table::Activities => Draft::Activity(row.activity(policy)?),
        })
    }
}

/// The cells of one row by the names of their columns.
struct Row<'r> {
    cells: Vec<(&'r str, &'r str)>,
}

impl<'r> Row<'r> {
    fn new(columns: &'r [String], record: &'r csv::ByteRecord) -> Result<Self, String> {
        if record.len() != columns.len() {
            let (found, expected) = (record.len(), columns.len());
            return Err(format!("the row has {found} fields, but the header has {expected}"));
        }
        let mut cells = Vec::with_capacity(columns.len());
        for (name, cell) in columns.iter().zip(record) {
            let cell = std::str::from_utf8(cell).map_err(|_| format!("{name}: not valid UTF-8"))?;
            if cell.contains('\0') {
                return Err(format!("{name}: contains a NUL character"));
            }
            cells.push((name.as_str(), cell.trim()));
        }
        Ok(Self { cells })
    }

    fn cell(&self, name: &str) -> Option<&'r str> {
        self.cells.iter().find(|(column, cell)| *column == name && !cell.is_empty()).map(|(_, cell)| *cell)
    }

    fn required(&self, name: &str) -> Result<&'r str, String> {
        self.cell(name).ok_or_else(|| format!("{name}: this may not be empty"))
    }

    fn date(&self, name: &str) -> Result<NaiveDate, String> {
        let text = self.required(name)?;
        parse_date(text).ok_or_else(|| {
            format!("{name}: {} is not a date; write YYYY-MM-DD, such as 2026-06-30", quoted(text))
        })
    }

    fn number(&self, name: &str) -> Result<Option<i64>, String> {
        let number = |text: &str| {
            text.parse().map_err(|_| format!("{name}: {} is not a whole number, such as 12", quoted(text)))
        };
        self.cell(name).map(number).transpose()
    }

    fn activity(&self, policy: &Policy) -> Result<ActivityDraft, String> {
        let (subject, program) = match (self.cell("professional"), self.cell("partner")) {
            (Some(code), None) => (SubjectCode::Professional(code.to_owned()), Program::Professional),
            (None, Some(code)) => (SubjectCode::Partner(code.to_owned()), Program::Partner),
            (None, None) => {
                return Err("professional, partner: both are empty; fill in exactly one".to_owned());
            }
            (Some(professional), Some(partner)) => {
                let (professional, partner) = (quoted(professional), quoted(partner));
                return Err(format!(
                    "professional, partner: both are given ({professional}, {partner}); fill in exactly one"
                ));
            }
        };
        let kind = self.required("kind")?;
        let occurred_on = self.date("occurred_on")?;
        let editions = &policy.editions;
        let rule = editions.kind(program, kind).and_then(|kind| editions.at(occurred_on).rule(kind));
        let is_boolean = |name: &str| {
            let mut attributes = rule.into_iter().flat_map(|rule| &rule.attributes);
            attributes.any(|one| one.name == name && matches!(one.value_type, AttributeType::Boolean { .. }))
        };
        let (_, required, optional) = COLUMNS[Table::Activities as usize];
        let mut attributes = Attributes::new();
        for &(name, cell) in &self.cells {
            if cell.is_empty() || required.contains(&name) || optional.contains(&name) {
                continue;
            }
            let value = match cell {
                "true" | "false" if is_boolean(name) => Value::Bool(cell == "true"),
                text => Value::String(text.to_owned()),
            };
            attributes.insert(name.to_owned(), value);
        }
        Ok(ActivityDraft {
            subject,
            kind: kind.to_owned(),
            occurred_on,
            quantity: self.number("quantity")?.unwrap_or(1),
            points: self.number("points")?,
            attributes,
            source: self.required("source")?.to_owned(),
            external_id: self.required("external_id")?.to_owned(),
        })
    }
}

/// A cell for a message: quoted, on one line, truncated.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{dots}")
}
