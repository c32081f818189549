//! Values of columns as JSON, the same for both engines.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use sea_orm::sea_query::ColumnType;
use sea_orm::{ColumnDef, Value};
use serde_json::Value as Json;
use uuid::Uuid;

/// Whether a column has text.
pub(super) fn is_text(column: &ColumnDef) -> bool {
    matches!(column.get_column_type(), ColumnType::String(_) | ColumnType::Text)
}

/// A value of a column; none for null.
pub(super) fn to_json(value: Value) -> Option<Json> {
    match value {
        Value::Bool(value) => value.map(Json::from),
        Value::Int(value) => value.map(Json::from),
        Value::BigInt(value) => value.map(Json::from),
        Value::String(value) => value.map(Json::from),
        Value::Uuid(value) => value.map(|value| Json::from(value.to_string())),
        Value::ChronoDate(value) => value.map(|value| Json::from(value.to_string())),
        Value::ChronoDateTimeUtc(value) => {
            value.map(|value| Json::from(value.to_rfc3339_opts(SecondsFormat::Micros, true)))
        }
        // No entity has another type: a test writes every table.
        other => unreachable!("{other:?}"),
    }
}

/// The value of a column that JSON stands for; `None` is null.
///
/// # Errors
/// Says what the value is not.
pub(super) fn from_json(column: &ColumnDef, json: Option<&Json>) -> Result<Value, String> {
    let text = |what: &str| match json {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.as_str())),
        Some(other) => Err(format!("is {other}, which is not {what}")),
    };
    let number = || match json {
        None => Ok(None),
        Some(json) => {
            json.as_i64().map(Some).ok_or_else(|| format!("is {json}, which is not a whole number"))
        }
    };
    let not = |what: &'static str| move |found: &str| format!("is {found:?}, which is not {what}");
    Ok(match column.get_column_type() {
        ColumnType::Boolean => match json {
            None => Value::Bool(None),
            Some(Json::Bool(value)) => Value::Bool(Some(*value)),
            Some(other) => return Err(format!("is {other}, which is neither true nor false")),
        },
        ColumnType::Integer => {
            let value = number()?.map(i32::try_from).transpose();
            Value::Int(value.map_err(|_| "is beyond the range".to_owned())?)
        }
        ColumnType::BigInteger => Value::BigInt(number()?),
        ColumnType::Uuid => {
            let parse = |found: &str| found.parse::<Uuid>().map_err(|_| not("an id")(found));
            Value::Uuid(text("an id")?.map(parse).transpose()?)
        }
        ColumnType::Date => {
            let parse = |found: &str| found.parse::<NaiveDate>().map_err(|_| not("a date")(found));
            Value::ChronoDate(text("a date")?.map(parse).transpose()?)
        }
        ColumnType::TimestampWithTimeZone => {
            let parse = |found: &str| found.parse::<DateTime<Utc>>().map_err(|_| not("a time")(found));
            Value::ChronoDateTimeUtc(text("a time")?.map(parse).transpose()?)
        }
        _ => Value::String(text("a text")?.map(str::to_owned)),
    })
}
