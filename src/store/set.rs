//! Rows as one parameter of a statement with constant text, for PostgreSQL.
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
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        insert_text::<M>(upsert),
        [rows_json(rows)?.into()],
    );
    connection.execute_raw(statement).await.map(drop)
}

/// Inserts rows in their order; the database assigns ascending integer keys.
pub(super) async fn append<M: ModelTrait>(
    connection: &impl ConnectionTrait,
    rows: &[M],
) -> Result<(), DbErr> {
    let (list, typed) = columns::<M>(|column| !is_key::<M>(column));
    let text = format!(
        "INSERT INTO {} ({list}) SELECT {list} FROM ROWS FROM \
         (jsonb_to_recordset($1::text::jsonb) AS ({typed})) WITH ORDINALITY AS v({list}, index) ORDER BY index",
        M::Entity::default().table_name()
    );
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, text, [rows_json(rows)?.into()]);
    connection.execute_raw(statement).await.map(drop)
}

fn is_key<M: ModelTrait>(column: Column<M>) -> bool {
    PrimaryKey::<M>::iter().any(|key| key.into_column().as_str() == column.as_str())
}

/// Columns of a table as a list of names, and as one with types.
fn columns<M: ModelTrait>(included: impl Fn(Column<M>) -> bool) -> (String, String) {
    let columns = || Column::<M>::iter().filter(|column| included(*column));
    let names: Vec<&str> = columns().map(|column| column.as_str()).collect();
    let typed: Vec<String> =
        columns().map(|column| format!("{} {}", column.as_str(), sql_type(column))).collect();
    (names.join(", "), typed.join(", "))
}

fn insert_text<M: ModelTrait>(upsert: bool) -> String {
    let table = M::Entity::default();
    let (list, typed) = columns::<M>(|_| true);
    let mut text = format!(
        "INSERT INTO {} ({list}) SELECT {list} FROM jsonb_to_recordset($1::text::jsonb) AS v({typed})",
        table.table_name()
    );
    if upsert {
        let keys: Vec<&str> = PrimaryKey::<M>::iter().map(|key| key.into_column().as_str()).collect();
        let values = list.split(", ").filter(|name| !keys.contains(name));
        let values: Vec<String> = values.map(|name| format!("{name} = excluded.{name}")).collect();
        // Writing to a String does not fail.
        let _ = write!(text, " ON CONFLICT ({}) DO UPDATE SET {}", keys.join(", "), values.join(", "));
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

/// The rows as a list of objects; an empty column is left out.
fn rows_json<M: ModelTrait>(rows: &[M]) -> Result<String, DbErr> {
    let mut text = String::from("[");
    for (index, row) in rows.iter().enumerate() {
        text.push_str(if index > 0 { ",{" } else { "{" });
        let mut first = true;
        for column in Column::<M>::iter() {
            let Some(value) = json_value(row.get(column))? else { continue };
            let comma = if first { "" } else { "," };
            first = false;
            // Writing to a String does not fail.
            let _ = write!(text, "{comma}\"{}\":{value}", column.as_str());
        }
        text.push('}');
    }
    text.push(']');
    Ok(text)
}

/// A value as JSON; none for NULL.
fn json_value(value: Value) -> Result<Option<String>, DbErr> {
    Ok(match value {
        Value::Bool(is_set) => is_set.map(|is_set| is_set.to_string()),
        Value::BigInt(number) => number.map(|number| number.to_string()),
        Value::Int(number) => number.map(|number| number.to_string()),
        Value::Uuid(id) => id.map(|id| format!("\"{id}\"")),
        Value::ChronoDate(day) => day.map(|day| format!("\"{day}\"")),
        Value::ChronoDateTimeUtc(moment) => moment.map(|moment| format!("\"{}\"", moment.to_rfc3339())),
        Value::String(text) => text.map(|text| serde_json::Value::String(text).to_string()),
        other => return Err(DbErr::Type(format!("no column of a set holds {other:?}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_one_parameter() {
        type Day = entity::partner_day::Model;
        let expected = "INSERT INTO partner_days (partner_id, track, day, credits) \
                        SELECT partner_id, track, day, credits FROM jsonb_to_recordset($1::text::jsonb) \
                        AS v(partner_id uuid, track text, day date, credits bigint) \
                        ON CONFLICT (partner_id, track, day) DO UPDATE SET credits = excluded.credits";
        assert_eq!(insert_text::<Day>(true), expected);
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
        let rows = rows_json(&[row("2025-01-01", None), row("2025-01-02", "2025-02-01".parse().ok())]);
        let rows: serde_json::Value = serde_json::from_str(&rows.expect("known types")).expect("JSON");
        assert_eq!(rows[0]["starts_on"], "2025-01-01");
        assert!(rows[0].get("ends_on").is_none());
        assert_eq!(rows[1]["ends_on"], "2025-02-01");
        assert_eq!(rows[1]["created_at"], "1970-01-01T00:00:00+00:00");
    }
}
