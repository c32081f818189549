//! Headers of files, and the parsing of their rows.

use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::Value;

use crate::program::calendar::parse_date;
use crate::program::nearest::nearest;
use crate::program::refusal::{Code, Refusal, Refusals, all, each};
use crate::program::rule::{AttributeType, Attributes, Program};
use crate::program::wording::quoted;
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
        check_columns(table, &columns)?;
        Ok(Self { table, columns })
    }

    /// The draft of a row, or every reason why the row is invalid.
    pub(super) fn draft(&self, record: &csv::ByteRecord, policy: &Arc<Policy>) -> Result<Draft, String> {
        let row = Row::new(&self.columns, record)?;
        let draft = match self.table {
            Table::Partners => row.partner().map(Draft::Partner),
            Table::Professionals => row.professional().map(Draft::Professional),
            Table::Affiliations => row.affiliation().map(Draft::Affiliation),
            Table::Activities => row.activity(policy).map(Draft::Activity),
        };
        draft.map_err(joined)
    }
}

/// Checks the columns of a table.
///
/// # Errors
/// Every duplicate, missing and unknown column, with the nearest known one.
fn check_columns(table: Table, columns: &[String]) -> Result<(), String> {
    let (_, required, optional) = COLUMNS[table as usize];
    let has = |name: &str| columns.iter().any(|column| column == name);
    let duplicates = columns.iter().enumerate().filter(|(index, name)| columns[..*index].contains(name));
    let mut problems: Vec<String> =
        duplicates.map(|(_, name)| format!("duplicate column `{name}` in the header")).collect();
    let named = problems.len();
    problems.extend(required.iter().filter(|name| !has(name)).map(|name| format!("missing column `{name}`")));
    if table == Table::Activities {
        // Any other column is an attribute.
        if !has("partner") && !has("professional") {
            problems.push("missing column `professional` or `partner`".to_owned());
        }
    } else {
        let known = || required.iter().chain(optional).copied();
        problems.extend(columns.iter().filter(|name| !known().any(|one| one == *name)).map(|name| {
            let near = nearest(name, known().filter(|one| !has(one)));
            let near = near.map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
            format!("unknown column `{name}`{near}")
        }));
    }
    if problems.len() > named {
        problems.push(format!("accepted headers: {KNOWN_HEADERS}"));
    }
    if table == Table::Activities && has("") {
        problems.push("a column in the header has no name".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}

/// The reasons why a row is invalid, in the order of the checks.
fn joined(refusals: Refusals) -> String {
    refusals.into_iter().map(|refusal| refusal.message).collect::<Vec<_>>().join("; ")
}

/// The cells of one row by the names of their columns.
struct Row<'r> {
    cells: Vec<(&'r str, &'r str)>,
}

impl<'r> Row<'r> {
    fn new(columns: &'r [String], record: &'r csv::ByteRecord) -> Result<Self, String> {
        if record.len() != columns.len() {
            return Err(format!("the row has {} fields, but the header has {}", record.len(), columns.len()));
        }
        let cells = columns.iter().zip(record).map(|(name, cell)| {
            let cell = std::str::from_utf8(cell).map_err(|_| invalid(name, "not valid UTF-8"))?;
            if cell.contains('\0') {
                return Err(invalid(name, "contains a NUL character"));
            }
            Ok((name.as_str(), cell.trim()))
        });
        each(cells).map(|cells| Self { cells }).map_err(joined)
    }

    fn cell(&self, name: &str) -> Option<&'r str> {
        self.cells.iter().find(|(column, cell)| *column == name && !cell.is_empty()).map(|(_, cell)| *cell)
    }

    fn required(&self, name: &str) -> Result<&'r str, Refusal> {
        self.cell(name).ok_or_else(|| invalid(name, "this may not be empty"))
    }

    fn date(&self, name: &str) -> Result<NaiveDate, Refusal> {
        let text = self.required(name)?;
        parse_date(text).ok_or_else(|| {
            let message = format!("{} is not a date; write YYYY-MM-DD, such as 2026-06-30", quoted(text));
            invalid(name, &message)
        })
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let number = |text: &str| {
            let message = || format!("{} is not a whole number, such as 12", quoted(text));
            text.parse().map_err(|_| invalid(name, &message()))
        };
        self.cell(name).map(number).transpose()
    }

    fn partner(&self) -> Result<PartnerDraft, Refusals> {
        let (code, name, enrolled_on) =
            all((self.required("partner"), self.required("name"), self.date("enrolled_on")))?;
        Ok(PartnerDraft { code: code.to_owned(), name: name.to_owned(), enrolled_on })
    }

    fn professional(&self) -> Result<ProfessionalDraft, Refusals> {
        let (code, name, email, signed_up_on) = all((
            self.required("professional"),
            self.required("name"),
            self.required("email"),
            self.date("signed_up_on"),
        ))?;
        let (code, name, email) = (code.to_owned(), name.to_owned(), email.to_owned());
        Ok(ProfessionalDraft { code, name, email, signed_up_on })
    }

    fn affiliation(&self) -> Result<AffiliationDraft, Refusals> {
        let (professional, partner, starts_on, ends_on) = all((
            self.required("professional"),
            self.required("partner"),
            self.date("starts_on"),
            self.cell("ends_on").map(|_| self.date("ends_on")).transpose(),
        ))?;
        let (professional, partner) = (professional.to_owned(), partner.to_owned());
        Ok(AffiliationDraft { professional, partner, starts_on, ends_on })
    }

    fn subject(&self) -> Result<(SubjectCode, Program), Refusal> {
        let columns = "professional, partner";
        match (self.cell("professional"), self.cell("partner")) {
            (Some(code), None) => Ok((SubjectCode::Professional(code.to_owned()), Program::Professional)),
            (None, Some(code)) => Ok((SubjectCode::Partner(code.to_owned()), Program::Partner)),
            (None, None) => Err(invalid(columns, "both are empty; fill in exactly one")),
            (Some(professional), Some(partner)) => {
                let (professional, partner) = (quoted(professional), quoted(partner));
                let message = format!("both are given ({professional}, {partner}); fill in exactly one");
                Err(invalid(columns, &message))
            }
        }
    }

    fn activity(&self, policy: &Policy) -> Result<ActivityDraft, Refusals> {
        let key = all((self.required("source"), self.required("external_id")));
        let ((subject, program), kind, occurred_on, quantity, points, (source, external_id)) = all((
            self.subject(),
            self.required("kind"),
            self.date("occurred_on"),
            self.number("quantity"),
            self.number("points"),
            key,
        ))?;
        let rule = policy.editions.rule(program, kind, occurred_on);
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
            quantity: quantity.unwrap_or(1),
            points,
            attributes,
            source: source.to_owned(),
            external_id: external_id.to_owned(),
        })
    }
}

/// A cell that is not accepted.
fn invalid(column: &str, message: &str) -> Refusal {
    Refusal::new(Code::Invalid, column, format!("{column}: {message}"))
}
