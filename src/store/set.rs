//! Rows as parameters of a statement with constant text, one for each column, for PostgreSQL.
//!
//! A list of values would be parsed and planned anew for each number of rows, with a parameter for
//! each value.

use std::fmt::Write;

use sea_orm::sea_query::ColumnType;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityName, EntityTrait, IdenStatic, Iterable,
    ModelTrait, PrimaryKeyToColumn, Statement, Value,
};

type Column<M> = <<M as ModelTrait>::Entity as EntityTrait>::Column;
type PrimaryKey<M> = <<M as ModelTrait>::Entity as EntityTrait>::PrimaryKey;

/// Inserts rows; with `upsert`, updates the rows with the same primary keys.
pub(super) async fn insert<M: ModelTrait>(
    connection: &impl ConnectionTrait,
    rows: &[M],
    upsert: bool,
) -> Result<(), DbErr> {
    let text = insert_text::<M>(upsert, 1);
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, text, arrays(rows)?);
    connection.execute_raw(statement).await.map(drop)
}

pub(super) fn is_key<M: ModelTrait>(column: Column<M>) -> bool {
    PrimaryKey::<M>::iter().any(|key| key.into_column().as_str() == column.as_str())
}

/// Names of the columns of a table, as a list.
pub(super) fn names<M: ModelTrait>(included: impl Fn(Column<M>) -> bool) -> String {
    let names: Vec<&str> =
        Column::<M>::iter().filter(|column| included(*column)).map(|column| column.as_str()).collect();
    names.join(", ")
}

/// How many parameters hold the rows of a table.
pub(super) fn parameters<M: ModelTrait>() -> usize {
    Column::<M>::iter().count()
}

/// A table expression with all columns, one parameter for each, from a number on.
pub(super) fn unnest<M: ModelTrait>(first: usize) -> String {
    let typed: Vec<String> = (first..)
        .zip(Column::<M>::iter())
        .map(|(number, column)| format!("${number}::text::{}[]", sql_type(column)))
        .collect();
    format!("unnest({})", typed.join(", "))
}

/// The statement that inserts rows of parameters from a number on.
pub(super) fn insert_text<M: ModelTrait>(upsert: bool, first: usize) -> String {
    let table = M::Entity::default();
    let list = names::<M>(|_| true);
    let mut text = format!(
        "INSERT INTO {} ({list}) SELECT {list} FROM {} AS v({list})",
        table.table_name(),
        unnest::<M>(first)
    );
    if upsert {
        let keys = names::<M>(is_key::<M>);
        let values = Column::<M>::iter().filter(|column| !is_key::<M>(*column));
        let values: Vec<String> =
            values.map(|column| format!("{0} = excluded.{0}", column.as_str())).collect();
        // Writing to a String does not fail.
        let _ = write!(text, " ON CONFLICT ({keys}) DO UPDATE SET {}", values.join(", "));
    }
    text
}

fn sql_type(column: impl ColumnTrait) -> &'static str {
    match column.def().get_column_type() {
        ColumnType::Uuid => "uuid",
        ColumnType::Integer => "int",
        ColumnType::BigInteger => "bigint",
        ColumnType::Boolean => "boolean",
        ColumnType::Date => "date",
        ColumnType::TimestampWithTimeZone => "timestamptz",
        _ => "text",
    }
}

/// The rows as one array for each column, in text form.
pub(super) fn arrays<M: ModelTrait>(rows: &[M]) -> Result<Vec<Value>, DbErr> {
    Column::<M>::iter().map(|column| array(rows.iter().map(|row| row.get(column)))).collect()
}

fn array(values: impl Iterator<Item = Value>) -> Result<Value, DbErr> {
    let mut text = String::from("{");
    for (index, value) in values.enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_element(&mut text, value)?;
    }
    text.push('}');
    Ok(text.into())
}

/// Writes a value as an element of an array. Writing to a String does not fail.
fn write_element(text: &mut String, value: Value) -> Result<(), DbErr> {
    let is_written = match value {
        Value::Bool(Some(is_set)) => write!(text, "{is_set}"),
        Value::BigInt(Some(number)) => write!(text, "{number}"),
        Value::Int(Some(number)) => write!(text, "{number}"),
        Value::Uuid(Some(id)) => write!(text, "{id}"),
        Value::ChronoDate(Some(day)) => write!(text, "{day}"),
        Value::ChronoDateTimeUtc(Some(moment)) => write!(text, "\"{}\"", moment.to_rfc3339()),
        Value::String(Some(value)) => {
            text.push('"');
            for character in value.chars() {
                if matches!(character, '"' | '\\') {
                    text.push('\\');
                }
                text.push(character);
            }
            text.push('"');
            Ok(())
        }
        Value::Bool(None)
        | Value::BigInt(None)
        | Value::Int(None)
        | Value::Uuid(None)
        | Value::ChronoDate(None)
        | Value::ChronoDateTimeUtc(None)
        | Value::String(None) => {
            text.push_str("NULL");
            Ok(())
        }
        other => return Err(DbErr::Type(format!("no column of a set holds {other:?}"))),
    };
    is_written.map_err(|error| DbErr::Type(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_one_parameter_for_each_column() {
        type Day = entity::partner_day::Model;
        let expected = "INSERT INTO partner_days (partner_id, track, day, credits) \
                        SELECT partner_id, track, day, credits \
                        FROM unnest($3::text::uuid[], $4::text::text[], $5::text::date[], $6::text::bigint[]) \
                        AS v(partner_id, track, day, credits) \
                        ON CONFLICT (partner_id, track, day) DO UPDATE SET credits = excluded.credits";
        assert_eq!(insert_text::<Day>(true, 3), expected);
        let row = |name: &str, ends_on| entity::affiliation::Model {
            id: uuid::Uuid::nil(),
            professional_id: uuid::Uuid::nil(),
            partner_id: uuid::Uuid::nil(),
            starts_on: name.parse().expect("a date"),
            ends_on,
            created_at: chrono::DateTime::UNIX_EPOCH,
            voided: false,
            replaces_id: None,
        };
        let rows = [row("2025-01-01", None), row("2025-01-02", "2025-02-01".parse().ok())];
        let arrays = arrays(&rows).expect("known types");
        assert_eq!(arrays.len(), parameters::<entity::affiliation::Model>());
        assert!(arrays.contains(&"{2025-01-01,2025-01-02}".into()));
        assert!(arrays.contains(&"{NULL,2025-02-01}".into()));
        assert!(arrays.contains(&"{false,false}".into()));
    }

    #[test]
    fn texts_are_quoted() {
        let values = ["", "NULL", "a \"b\" \\ {c},d", "é\n"].map(|text| Value::from(text.to_owned()));
        let text = "{\"\",\"NULL\",\"a \\\"b\\\" \\\\ {c},d\",\"é\n\"}";
        assert_eq!(array(values.into_iter()).expect("texts"), text.into());
    }
}
