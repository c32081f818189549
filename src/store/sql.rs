//! Statements whose text is constant on each engine, regardless of the number of values in a set.
//!
//! A set is one parameter, so the text does not vary and the prepared statement is reused: an `IN` list
//! of varying length was measured to cost four to five times as much. Syntax that differs between SQLite
//! and PostgreSQL is written as a mark, which [`Sql::new`] expands. `N` is the number of a parameter:
//!
//! | mark | meaning | parameter |
//! |---|---|---|
//! | `@uuidsN` | a condition: the column before it is one of a set of ids | [`ids`] |
//! | `@numbersN` | a condition: the column before it is one of a set of numbers | [`numbers`] |
//! | `@textsN` | a condition: the column before it is one of a set of texts | [`texts`] |
//! | `@idtableN` | a table expression with the column `id`, one row for each id of a set | [`ids`] |
//! | `@lock(t)` | `FOR UPDATE OF t` on PostgreSQL; nothing on SQLite, whose writers queue | none |

use sea_orm::{DbBackend, Statement, Value};
use uuid::Uuid;

/// One statement in the dialects of both engines.
#[derive(Debug)]
pub(crate) struct Sql {
    sqlite: String,
    postgres: String,
}

/// Expansion of the marks with a parameter: mark, SQLite, PostgreSQL. `#` is the parameter's number.
const MARKS: [(&str, &str, &str); 4] = [
    // PostgreSQL parses the text again for each row that it compares, unless a sub-select has parsed it.
    ("@uuids", "IN (SELECT unhex(value) FROM json_each($#))", "= ANY((SELECT $#::text::uuid[])::uuid[])"),
    (
        "@texts",
        "IN (SELECT value FROM json_each($#))",
        "= ANY(ARRAY(SELECT jsonb_array_elements_text($#::text::jsonb)))",
    ),
    ("@numbers", "IN (SELECT value FROM json_each($#))", "= ANY((SELECT $#::text::bigint[])::bigint[])"),
    ("@idtable", "(SELECT unhex(value) AS id FROM json_each($#))", "(SELECT unnest($#::text::uuid[]) AS id)"),
];

impl Sql {
    /// A statement from a text with marks; the module's documentation lists them.
    pub(crate) fn new(template: &str) -> Self {
        let mut sqlite = template.to_owned();
        let mut postgres = template.to_owned();
        for (mark, lite, pg) in MARKS {
            for number in 1..=9 {
                let marked = format!("{mark}{number}");
                sqlite = sqlite.replace(&marked, &lite.replace('#', &number.to_string()));
                postgres = postgres.replace(&marked, &pg.replace('#', &number.to_string()));
            }
        }
        while let Some((head, tail)) = sqlite.split_once("@lock(") {
            let rest = tail.split_once(')').map_or("", |(_, rest)| rest);
            sqlite = format!("{head}{rest}");
        }
        while let Some((head, tail)) = postgres.split_once("@lock(") {
            let (of, rest) = tail.split_once(')').unwrap_or((tail, ""));
            postgres = format!("{head}FOR UPDATE OF {of}{rest}");
        }
        Self { sqlite: unplanned_limits(&sqlite), postgres }
    }

    /// A statement whose text differs between the engines beyond the marks.
    pub(crate) fn per_engine(sqlite: &str, postgres: &str) -> Self {
        let (sqlite, postgres) = (Self::new(sqlite), Self::new(postgres));
        Self { sqlite: sqlite.sqlite, postgres: postgres.postgres }
    }

    /// The rows of `table` for each owner of the id set in parameter 1, at most `$limit` rows an owner.
    ///
    /// `e` is the row and `k.id` the owner's id. `condition` restricts the rows, `order` includes the
    /// direction; `select` and `join` apply to the rows of the page.
    pub(crate) fn page_per_owner(
        select: &str,
        table: &str,
        owner: &str,
        condition: &str,
        order: &str,
        limit: &str,
        join: &str,
    ) -> Self {
        let inner = |what: &str| {
            format!(
                "SELECT {what} FROM {table} e WHERE e.{owner} = k.id AND {condition} ORDER BY {order} LIMIT {limit}"
            )
        };
        Self::per_engine(
            &format!(
                "SELECT {select} FROM @idtable1 k JOIN {table} e ON e.id IN ({}) {join} ORDER BY {order}",
                inner("e.id")
            ),
            &format!(
                "SELECT {select} FROM @idtable1 k CROSS JOIN LATERAL ({}) e {join} ORDER BY {order}",
                inner("e.*")
            ),
        )
    }

    /// Binds the values to the statement for one engine.
    pub(crate) fn bind(&self, backend: DbBackend, values: impl IntoIterator<Item = Value>) -> Statement {
        let text = if backend == DbBackend::Postgres { &self.postgres } else { &self.sqlite };
        Statement::from_sql_and_values(backend, text, values)
    }
}

/// A statement of a text for one engine, which is composed for each use.
pub(crate) fn statement(backend: DbBackend, text: String, values: Vec<Value>) -> Statement {
    let text = if backend == DbBackend::Sqlite { unplanned_limits(&text) } else { text };
    Statement::from_sql_and_values(backend, text, values)
}

/// The text for SQLite with each bound limit as an expression: where the limit is a parameter itself, SQLite looks at
/// its value to plan, and prepares the statement anew for each execution.
fn unplanned_limits(text: &str) -> String {
    let mut parts = text.split("LIMIT $");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        plain.push_str("LIMIT $");
        plain.push_str(number);
        plain.push_str(" + 0");
        plain.push_str(rest);
    }
    plain
}

/// A set of ids as one parameter, for `@uuids` and `@idtable`.
pub(crate) fn ids(backend: DbBackend, ids: impl IntoIterator<Item = Uuid>) -> Value {
    let postgres = backend == DbBackend::Postgres;
    let mut text = String::from(if postgres { "{" } else { "[" });
    for (index, id) in ids.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if postgres {
            text.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        } else {
            text.push('"');
            text.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
            text.push('"');
        }
    }
    text.push(if postgres { '}' } else { ']' });
    text.into()
}

/// A set of numbers as one parameter, for `@numbers`.
pub(crate) fn numbers(backend: DbBackend, numbers: &[i64]) -> Value {
    let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
    let list = numbers.join(",");
    let text = if backend == DbBackend::Postgres { format!("{{{list}}}") } else { format!("[{list}]") };
    text.into()
}

/// A set of texts as one parameter, for `@texts`.
pub(crate) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    let texts: Vec<&str> = texts.into_iter().collect();
    serde_json::Value::from(texts).to_string().into()
}

/// Declares a static statement, built on first use.
macro_rules! sql {
    ($name:ident, $template:expr) => {
        static $name: std::sync::LazyLock<crate::store::sql::Sql> =
            std::sync::LazyLock::new(|| crate::store::sql::Sql::new($template));
    };
}
pub(crate) use sql;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_expand_for_each_engine() {
        let sql = Sql::new("SELECT * FROM t JOIN b ON b.t = t.id WHERE t.id @uuids2 ORDER BY t.id @lock(b)");
        let (lite, pg) = (sql.bind(DbBackend::Sqlite, []), sql.bind(DbBackend::Postgres, []));
        assert!(lite.sql.ends_with("WHERE t.id IN (SELECT unhex(value) FROM json_each($2)) ORDER BY t.id "));
        assert!(
            pg.sql.ends_with(
                "WHERE t.id = ANY((SELECT $2::text::uuid[])::uuid[]) ORDER BY t.id FOR UPDATE OF b"
            )
        );
        let paged = Sql::new("SELECT a FROM (SELECT a FROM t LIMIT $12) LIMIT $3");
        let (lite, pg) = (paged.bind(DbBackend::Sqlite, []), paged.bind(DbBackend::Postgres, []));
        assert_eq!(lite.sql, "SELECT a FROM (SELECT a FROM t LIMIT $12 + 0) LIMIT $3 + 0");
        assert_eq!(pg.sql, "SELECT a FROM (SELECT a FROM t LIMIT $12) LIMIT $3");
        assert_eq!(ids(DbBackend::Sqlite, [Uuid::nil()]), r#"["00000000000000000000000000000000"]"#.into());
        assert_eq!(ids(DbBackend::Postgres, []), "{}".into());
        assert_eq!(texts(["a\"b"]), r#"["a\"b"]"#.into());
    }
}
