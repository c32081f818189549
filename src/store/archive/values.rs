//! Values of columns as JSON, the same for both engines.

use std::fmt::Write;

use chrono::SecondsFormat;
use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, Value};

/// Columns of rows that are written as JSON, in alphabetical order.
pub(crate) struct JsonColumns<M: ModelTrait>(Vec<<M::Entity as EntityTrait>::Column>);

impl<M: ModelTrait> JsonColumns<M> {
    /// Those whose names are kept.
    pub(crate) fn of(is_kept: impl Fn(&str) -> bool) -> Self {
        let columns = <M::Entity as EntityTrait>::Column::iter().filter(|column| is_kept(column.as_str()));
        let mut columns: Vec<_> = columns.collect();
        columns.sort_unstable_by_key(IdenStatic::as_str);
        Self(columns)
    }

    /// Writes a row as an object, without what is null.
    pub(crate) fn write(&self, row: &M, text: &mut String) {
        let mut divider = '{';
        for column in &self.0 {
            let start = text.len();
            text.push(divider);
            // Names of columns have nothing to escape, and writing into a text does not fail.
            let _ = write!(text, "\"{}\":", column.as_str());
            if write_value(row.get(*column), text).is_some() {
                divider = ',';
            } else {
                text.truncate(start);
            }
        }
        if divider == '{' {
            text.push('{');
        }
        text.push('}');
    }
}

/// Writes a value of a column; none for null.
fn write_value(value: Value, text: &mut String) -> Option<()> {
    let _ = match value {
        Value::Bool(value) => write!(text, "{}", value?),
        Value::Int(value) => write!(text, "{}", value?),
        Value::BigInt(value) => write!(text, "{}", value?),
        Value::String(value) => write!(text, "{}", serde_json::Value::from(value?)),
        Value::Uuid(value) => write!(text, "\"{}\"", value?),
        Value::ChronoDate(value) => write!(text, "\"{}\"", value?),
        Value::ChronoDateTimeUtc(value) => {
            write!(text, "\"{}\"", value?.to_rfc3339_opts(SecondsFormat::Micros, true))
        }
        // No entity has another type: a test writes every table.
        other => unreachable!("{other:?}"),
    };
    Some(())
}
