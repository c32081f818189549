//! Scalars of the contract.

use async_graphql::{InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};

use super::refusal::{QUOTED_CHARS_MAX, truncate_chars};
use crate::program::calendar::parse_date;

/// What each scalar accepts, as the end of "… is not …".
pub(super) const DATE: &str = "a date; write YYYY-MM-DD, such as 2026-06-30";
pub(super) const DATE_TIME: &str = "a date-time; write RFC 3339, such as 2026-06-30T12:00:00Z";
pub(super) const EVENT_NUMBER: &str = "an event number; write a whole number from 0 to 9007199254740991";
pub(super) const DECIMAL: &str =
    "a decimal; write digits with at most one point in quotes, such as \"12.50\"";
pub(super) const JSON: &str = "a JSON object; write one such as {\"itemType\": \"connector\"}";

/// A value as a message quotes it.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Number(number) => truncate_chars(number.to_string(), QUOTED_CHARS_MAX),
        Value::String(text) => format!("{:?}", truncate_chars(text.clone(), QUOTED_CHARS_MAX)),
        Value::Boolean(truth) => truth.to_string(),
        Value::Binary(_) => "a file".to_owned(),
        Value::Enum(item) => truncate_chars(item.to_string(), QUOTED_CHARS_MAX),
        Value::List(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn invalid<T: ScalarType + InputType>(value: &Value, expected: &str) -> InputValueError<T> {
    InputValueError::custom(format!("{} is not {expected}", describe(value)))
}

/// Calendar date in the format `YYYY-MM-DD` (ISO 8601), in the time zone of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Date(pub(crate) NaiveDate);

/// Calendar date in the format `YYYY-MM-DD` (ISO 8601), in the time zone of the program.
#[Scalar(specified_by_url = "https://scalars.graphql.org/andimarek/local-date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let date = if let Value::String(text) = &value { parse_date(text) } else { None };
        date.map(Self).ok_or_else(|| invalid(&value, DATE))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format("%Y-%m-%d").to_string())
    }
}

/// Point in time in RFC 3339 format, such as `2025-06-30T12:00:00.000000Z`. Responses use UTC and
/// microseconds; input may use any offset and precision, in the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Moment(pub(crate) DateTime<Utc>);

/// Point in time in RFC 3339 format, such as `2025-06-30T12:00:00.000000Z`. Responses use UTC and
/// microseconds; input may use any offset and precision, in the years 1 to 9999.
#[Scalar(name = "DateTime", specified_by_url = "https://scalars.graphql.org/chillicream/date-time")]
impl ScalarType for Moment {
    fn parse(value: Value) -> InputValueResult<Self> {
        let moment = if let Value::String(text) = &value { parse_moment(text) } else { None };
        moment.map(Self).ok_or_else(|| invalid(&value, DATE_TIME))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// A moment within the years 1 to 9999, which both databases order alike.
pub(crate) fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (1..=9_999).contains(&moment.year()).then_some(moment)
}

/// Number of an event: a whole number from 0 to 2^53 - 1, the range that JSON and JavaScript represent
/// exactly (I-JSON). Responses contain a JSON number; input may also be a string of digits, as cursors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventNumber(pub(crate) i64);

/// Number of an event: a whole number from 0 to 2^53 - 1, the range that JSON and JavaScript represent
/// exactly (I-JSON). Responses contain a JSON number; input may also be a string of digits, as cursors are.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc7493#section-2.2")]
impl ScalarType for EventNumber {
    fn parse(value: Value) -> InputValueResult<Self> {
        parse_event_number(&value).map(Self).ok_or_else(|| invalid(&value, EVENT_NUMBER))
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

/// A number of an event as clients write it.
pub(crate) fn parse_event_number(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
        _ => return None,
    };
    (0..1 << 53).contains(&number).then_some(number)
}

/// Exact decimal number as a string, such as `"12.50"`: an optional minus sign and digits, optionally with a
/// decimal point between digits. A subset of the lexical space of `xsd:decimal`, with at most 28 decimals and
/// a value below 2^96 if the point is ignored. JSON numbers, exponents and a plus sign are refused, and no
/// digit is ever rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal(pub(crate) rust_decimal::Decimal);

/// Exact decimal number as a string, such as `"12.50"`: an optional minus sign and digits, optionally with a
/// decimal point between digits. A subset of the lexical space of `xsd:decimal`, with at most 28 decimals and
/// a value below 2^96 if the point is ignored. JSON numbers, exponents and a plus sign are refused, and no
/// digit is ever rounded.
#[Scalar(specified_by_url = "https://www.w3.org/TR/xmlschema11-2/#decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        let decimal = if let Value::String(text) = &value { parse_decimal(text) } else { None };
        decimal.map(Self).ok_or_else(|| invalid(&value, DECIMAL))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// Digits with perhaps a sign and a point between them. More digits than a decimal holds are refused,
/// never rounded away.
pub(crate) fn parse_decimal(text: &str) -> Option<rust_decimal::Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    rust_decimal::Decimal::from_str_exact(text).ok()
}

/// JSON object: names with values of any JSON type. As input, other JSON values are refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JsonObject(pub(crate) serde_json::Map<String, serde_json::Value>);

/// JSON object: names with values of any JSON type. As input, other JSON values are refused.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259#section-4")]
impl ScalarType for JsonObject {
    fn parse(value: Value) -> InputValueResult<Self> {
        if !matches!(value, Value::Object(_)) {
            return Err(invalid(&value, JSON));
        }
        match value.into_json() {
            Ok(serde_json::Value::Object(object)) => Ok(Self(object)),
            _ => Err(InputValueError::custom(format!("this is not {JSON}"))),
        }
    }

    fn to_value(&self) -> Value {
        Value::from_json(serde_json::Value::Object(self.0.clone())).unwrap_or_default()
    }
}

/// Whole credits or points as GraphQL's `Int`. The ledger keeps every sum inside its range, and
/// posting refuses what would leave it, so the bound is never met.
pub(crate) fn int(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}
