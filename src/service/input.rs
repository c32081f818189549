//! Validation of input: texts, dates and currencies.

use chrono::NaiveDate;
use iso_currency::Currency;
use uuid::Uuid;

use crate::program::money::Money;
use crate::program::refusal::{Code, Refusal};
use crate::program::wording::{in_the_future, quoted};

/// Maximum length of a code, in characters.
const CODE_CHARS_MAX: usize = 64;
/// Maximum length of a name, in characters.
const NAME_CHARS_MAX: usize = 200;
/// Maximum length of an e-mail address, in characters (RFC 5321).
const EMAIL_CHARS_MAX: usize = 254;
/// Maximum length of a source, external id or idempotency key, in characters.
const KEY_CHARS_MAX: usize = 200;
/// Maximum length of a reason, note or description, in characters.
const TEXT_CHARS_MAX: usize = 2_000;
/// Maximum size of an activity's attributes as JSON, in bytes.
const ATTRIBUTES_BYTES_MAX: usize = 8_192;

/// Maximum nesting of an activity's attributes, so that every client can parse responses with them.
const ATTRIBUTES_DEPTH_MAX: usize = 16;

/// Checks a code: letters, digits, and . _ - between them.
pub(super) fn code(field: &str, text: &str) -> Result<String, Refusal> {
    let shape = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let starts = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if starts && text.len() <= CODE_CHARS_MAX && text.chars().all(shape) {
        return Ok(text.to_owned());
    }
    let message = format!(
        "{} is not a code; a code has 1 to {CODE_CHARS_MAX} letters, digits, dots, hyphens or underscores and starts with a \
         letter or digit.",
        quoted(text)
    );
    Err(Refusal::new(Code::Invalid, field, message))
}

/// Checks a name and removes the blanks around it.
pub(super) fn name(field: &str, text: &str) -> Result<String, Refusal> {
    single_line(field, text, NAME_CHARS_MAX)
}

/// Checks an e-mail address: a local part, an @ and a domain.
pub(super) fn email(field: &str, text: &str) -> Result<String, Refusal> {
    let text = single_line(field, text, EMAIL_CHARS_MAX)?;
    let good = text.split_once('@').is_some_and(|(user, domain)| {
        let labels = || domain.split('.');
        !user.is_empty()
            && !domain.contains('@')
            && labels().count() > 1
            && labels().all(|label| !label.is_empty())
            && !text.chars().any(char::is_whitespace)
    });
    if good {
        Ok(text)
    } else {
        let message = format!("{} is not an e-mail address, such as ada@example.com.", quoted(&text));
        Err(Refusal::new(Code::Invalid, field, message))
    }
}

/// Checks a source or an external id.
pub(super) fn key(field: &str, text: &str) -> Result<String, Refusal> {
    single_line(field, text, KEY_CHARS_MAX)
}

/// Checks a reason; an empty one becomes none.
pub(super) fn reason(field: &str, text: Option<&str>) -> Result<Option<String>, Refusal> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => single_line(field, text, TEXT_CHARS_MAX).map(Some),
    }
}

/// Checks the reason of a correction, which is required.
pub(super) fn required_reason(field: &str, text: &str) -> Result<String, Refusal> {
    single_line(field, text, TEXT_CHARS_MAX)
}

/// Checks the attributes of an activity and returns them as JSON with sorted keys.
pub(super) fn attributes(attributes: &crate::program::rule::Attributes) -> Result<String, Refusal> {
    let value = serde_json::Value::Object(attributes.clone());
    let depth = depth(&value);
    if depth > ATTRIBUTES_DEPTH_MAX {
        let message = format!("Attributes are nested at most {ATTRIBUTES_DEPTH_MAX} deep; got {depth}.");
        return Err(Refusal::new(Code::Invalid, "attributes", message));
    }
    let text = value.to_string();
    if text.len() > ATTRIBUTES_BYTES_MAX {
        let message =
            format!("Attributes have at most {ATTRIBUTES_BYTES_MAX} bytes as JSON; got {}.", text.len());
        return Err(Refusal::new(Code::Invalid, "attributes", message));
    }
    if attributes.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)) {
        return Err(Refusal::new(
            Code::Invalid,
            "attributes",
            "Attributes cannot contain the character NUL.",
        ));
    }
    Ok(text)
}

/// PostgreSQL cannot store the character NUL in a text.
fn holds_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(holds_nul),
        serde_json::Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value))
        }
        _ => false,
    }
}

/// Nesting depth of a value; 0 for a scalar.
fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The id of an object as the caller sent it, and the key behind it; none where it is no id of such an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectId<'t> {
    /// The key in the database.
    pub key: Option<Uuid>,
    /// The id as it was sent.
    pub text: &'t str,
}

impl ObjectId<'static> {
    /// The id of an object whose row was read before, so that no message has to show it.
    #[must_use]
    pub fn of_row(key: Uuid) -> Self {
        Self { key: Some(key), text: "" }
    }
}

/// That nothing of this name exists. What the caller may not see is refused in the same words, and they hold
/// nothing but what the caller sent. `what` names the object and what identifies it: `partner`, `code`.
pub(super) fn not_found(field: &str, (what, by): (&str, &str), given: &str) -> Refusal {
    Refusal::new(Code::NotFound, field, format!("There is no {what} with the {by} {}.", quoted(given)))
}

/// The names of the fields that differ, in their order.
pub(super) fn differing<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

/// That there is no partner with a code.
pub(super) fn no_partner(code: &str) -> Refusal {
    not_found("partner", ("partner", "code"), code)
}

/// That there is no professional with a code.
pub(super) fn no_professional(code: &str) -> Refusal {
    not_found("professional", ("professional", "code"), code)
}

/// Checks that a day is not in the future.
pub(super) fn not_in_future(field: &str, day: NaiveDate, today: NaiveDate) -> Result<(), Refusal> {
    if day > today {
        return Err(Refusal::new(Code::DateInFuture, field, in_the_future(day, today)));
    }
    Ok(())
}

/// Checks a currency code.
pub(super) fn currency(field: &str, code: &str) -> Result<Currency, Refusal> {
    Money::currency(code).map_err(|message| Refusal::new(Code::Invalid, field, message))
}

/// Checks a text of several lines; an empty one becomes none.
pub(super) fn text(field: &str, text: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let length = text.chars().count();
    if length > TEXT_CHARS_MAX {
        let message = format!("{field} has at most {TEXT_CHARS_MAX} characters; got {length}.");
        return Err(Refusal::new(Code::Invalid, field, message));
    }
    no_control(field, text, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))?;
    Ok(Some(text.to_owned()))
}

fn single_line(field: &str, text: &str, chars_max: usize) -> Result<String, Refusal> {
    let trimmed = text.trim();
    let length = trimmed.chars().count();
    if length == 0 || length > chars_max {
        let message = format!("{field} has 1 to {chars_max} characters; got {length}.");
        return Err(Refusal::new(Code::Invalid, field, message));
    }
    no_control(field, trimmed, char::is_control)?;
    Ok(trimmed.to_owned())
}

fn no_control(field: &str, text: &str, is_refused: impl Fn(char) -> bool) -> Result<(), Refusal> {
    let Some(character) = text.chars().find(|c| is_refused(*c)) else { return Ok(()) };
    let code = u32::from(character);
    let message = format!("{field} cannot contain control characters; got U+{code:04X} in {}.", quoted(text));
    Err(Refusal::new(Code::Invalid, field, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_validated() {
        // check, text, whether it is valid
        type Check = fn(&str, &str) -> Result<String, Refusal>;
        let long = "x".repeat(1_000_000);
        let table: [(Check, &str, bool); 16] = [
            (code, "nordwind", true),
            (code, "a.b_c-1", true),
            (code, "", false),
            (code, "-a", false),
            (code, "a b", false),
            (code, "é", false),
            (code, &long, false),
            (name, " Ada Lovelace ", true),
            (name, " ", false),
            (name, "a\0b", false),
            (name, "a\u{1b}[31m", false),
            (name, &long, false),
            (email, "ada@example.com", true),
            (email, "ada@localhost", false),
            (email, "a@b@example.com", false),
            (key, "pull/1", true),
        ];
        for (check, text, valid) in table {
            assert_eq!(check("field", text).is_ok(), valid, "{:?}", text.get(..20).unwrap_or(text));
        }
        assert_eq!(name("name", " Ada "), Ok("Ada".to_owned()));
        assert_eq!(reason("reason", Some("  ")), Ok(None));
    }
}
