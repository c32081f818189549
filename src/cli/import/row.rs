//! Rows of files as the drafts of their use cases.

use chrono::NaiveDate;
use serde_json::Value;

use super::header::{Header, Table, is_activity_column};
use crate::program::calendar::parse_date;
use crate::program::refusal::{Code, Refusal, Refusals, all, each};
use crate::program::rule::{AttributeType, Attributes, Program};
use crate::program::wording::{date_advice, quoted};
use crate::service::activities::{ActivityDraft, SubjectCode};
use crate::service::affiliations::AffiliationDraft;
use crate::service::policy::Policy;
use crate::service::subjects::{PartnerDraft, ProfessionalDraft};

/// A row as the draft of its use case.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Draft {
    Partner(PartnerDraft),
    Professional(ProfessionalDraft),
    Affiliation(AffiliationDraft),
    Activity(ActivityDraft),
}

/// The draft of a row.
///
/// # Errors
/// Every reason why the row is invalid.
pub(super) fn draft(header: &Header, record: &csv::ByteRecord, policy: &Policy) -> Result<Draft, String> {
    let row = Row::new(&header.columns, record)?;
    let draft = match header.table {
        Table::Partners => row.partner().map(Draft::Partner),
        Table::Professionals => row.professional().map(Draft::Professional),
        Table::Affiliations => row.affiliation().map(Draft::Affiliation),
        Table::Activities => row.activity(policy).map(Draft::Activity),
    };
    draft.map_err(joined)
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
        // Spreadsheets append empty fields.
        let mut more = record.iter().skip(columns.len());
        if record.len() < columns.len() || more.any(|cell| !cell.trim_ascii().is_empty()) {
            return Err(format!("the row has {} fields, but the header has {}", record.len(), columns.len()));
        }
        let cells = columns.iter().zip(record).map(|(name, cell)| {
            let cell = std::str::from_utf8(cell)
                .map_err(|_| invalid(name, "not valid UTF-8; save the file as CSV in UTF-8"))?;
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
            let message = format!("{} is not a date; write {}", quoted(text), date_advice(text));
            invalid(name, &message)
        })
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let number = |text: &str| {
            let message = || format!("{} is not a whole number, such as 12", quoted(text));
            whole_number(text).ok_or_else(|| invalid(name, &message()))
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
        let value_type = |name: &str| {
            let mut attributes = rule.into_iter().flat_map(|rule| &rule.attributes);
            attributes.find(|one| one.name == name).map(|one| &one.value_type)
        };
        let mut attributes = Attributes::new();
        for &(name, cell) in &self.cells {
            if cell.is_empty() || is_activity_column(name) {
                continue;
            }
            let value = match value_type(name) {
                Some(AttributeType::Boolean { .. }) => truth(cell).map(Value::Bool),
                Some(AttributeType::Integer { .. }) => cell.parse::<i64>().ok().map(Value::from),
                _ => None,
            };
            let value = value.unwrap_or_else(|| Value::String(cell.to_owned()));
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

/// A whole number; spreadsheets write some with zeros behind a point.
fn whole_number(text: &str) -> Option<i64> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    whole.parse().ok()
}

/// Truth in any case of letters: spreadsheets write capitals.
fn truth(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

/// A cell that is not accepted.
fn invalid(column: &str, message: &str) -> Refusal {
    Refusal::new(Code::Invalid, column, format!("{column}: {message}"))
}
