//! Values of columns as JSON, the same for both engines.

use chrono::SecondsFormat;
use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, Value};
use serde_json::{Map, Value as Json};

/// The columns of a row that are kept, without those that are null.
pub(crate) fn json_row<M: ModelTrait>(row: &M, is_kept: impl Fn(&str) -> bool) -> Map<String, Json> {
    let columns = <M::Entity as EntityTrait>::Column::iter().filter(|column| is_kept(column.as_str()));
    let columns = columns.filter_map(|column| Some((column.as_str().to_owned(), to_json(row.get(column))?)));
    columns.collect()
}

/// A value of a column; none for null.
fn to_json(value: Value) -> Option<Json> {
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
