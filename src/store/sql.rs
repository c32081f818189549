//! Statements with one text on both engines, whatever the number of values in a set.
//!
//! A set is one parameter, so that the text of a statement is constant and stays prepared: measured,
//! an `IN` list of varying length costs four to five times as much. What differs between the engines
//! is written once, as a mark that begins with `@`.

use sea_orm::{DbBackend, Statement, Value};
use uuid::Uuid;

/// One statement in the dialects of both engines.
#[derive(Debug)]
pub(crate) struct Sql {
    sqlite: String,
    postgres: String,
}

/// What each mark stands for: mark, SQLite, PostgreSQL. `#` is the number of the parameter.
const MARKS: [(&str, &str, &str); 3] = [
    // A set of ids, from `ids`. PostgreSQL reads a text again for each row that it compares, unless a
    // sub-select has read it once.
    ("@uuids", "IN (SELECT unhex(value) FROM json_each($#))", "= ANY((SELECT $#::text::uuid[])::uuid[])"),
    // A set of texts, from `texts`.
    (
        "@texts",
        "IN (SELECT value FROM json_each($#))",
        "= ANY(ARRAY(SELECT jsonb_array_elements_text($#::text::jsonb)))",
    ),
    // The same set of ids as a table with the column `id`.
    ("@idtable", "(SELECT unhex(value) AS id FROM json_each($#))", "(SELECT unnest($#::text::uuid[]) AS id)"),
];

impl Sql {
    /// A statement from a text with marks: `@uuids1` is the set that parameter 1 holds, and
    /// `@lock(x)` locks the rows of `x` where the engine locks rows.
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
        Self { sqlite, postgres }
    }

    /// A statement that the engines need in different words.
    pub(crate) fn each(sqlite: &str, postgres: &str) -> Self {
        let (sqlite, postgres) = (Self::new(sqlite), Self::new(postgres));
        Self { sqlite: sqlite.sqlite, postgres: postgres.postgres }
    }

    /// The rows of `table` that belong to each id of set 1, at most `$limit` of them an id.
    ///
    /// `e` is the row and `k.id` the id. `wanted` is the condition, `order` the order with its
    /// direction; `select` and `join` work on the rows that were found.
    pub(crate) fn page_per_id(
        select: &str,
        table: &str,
        owner: &str,
        wanted: &str,
        order: &str,
        limit: &str,
        join: &str,
    ) -> Self {
        let inner = |what: &str| {
            format!(
                "SELECT {what} FROM {table} e WHERE e.{owner} = k.id AND {wanted} ORDER BY {order} LIMIT {limit}"
            )
        };
        Self::each(
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

    /// The statement with its values, for one engine.
    pub(crate) fn with(&self, backend: DbBackend, values: impl IntoIterator<Item = Value>) -> Statement {
        let text = if backend == DbBackend::Postgres { &self.postgres } else { &self.sqlite };
        Statement::from_sql_and_values(backend, text, values)
    }
}

/// A set of ids as one value.
pub(crate) fn ids(backend: DbBackend, ids: impl IntoIterator<Item = Uuid>) -> Value {
    let postgres = backend == DbBackend::Postgres;
    let mut text = String::from(if postgres { "{" } else { "[" });
    for (place, id) in ids.into_iter().enumerate() {
        if place > 0 {
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

/// A set of texts as one value.
pub(crate) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    let texts: Vec<&str> = texts.into_iter().collect();
    serde_json::Value::from(texts).to_string().into()
}

/// Declares a statement that is put together once.
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
    fn marks_become_each_engine() {
        let sql = Sql::new("SELECT * FROM t JOIN b ON b.t = t.id WHERE t.id @uuids2 ORDER BY t.id @lock(b)");
        let (lite, pg) = (sql.with(DbBackend::Sqlite, []), sql.with(DbBackend::Postgres, []));
        assert!(lite.sql.ends_with("WHERE t.id IN (SELECT unhex(value) FROM json_each($2)) ORDER BY t.id "));
        assert!(
            pg.sql.ends_with(
                "WHERE t.id = ANY((SELECT $2::text::uuid[])::uuid[]) ORDER BY t.id FOR UPDATE OF b"
            )
        );
        assert_eq!(ids(DbBackend::Sqlite, [Uuid::nil()]), r#"["00000000000000000000000000000000"]"#.into());
        assert_eq!(ids(DbBackend::Postgres, []), "{}".into());
        assert_eq!(texts(["a\"b"]), r#"["a\"b"]"#.into());
    }
}
