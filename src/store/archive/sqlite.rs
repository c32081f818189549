//! A restore into SQLite: rows in sets by statements that are prepared once, then indexes and guards.

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Executor, Row, SqliteConnection};

use super::fields::Field;
use super::part::{FILLED_AT_FIRST, RestoreError};
use super::piece::{Piece, unfit, unfit_piece};
use super::tables::{self, Table};
use super::unfinished;
use crate::store::Database;
use crate::store::pools::failed;

/// Rows of one statement: more cost more to prepare than they save.
const ROWS_AT_ONCE: usize = 100;
/// What a guard against replacing rows says.
const GUARD: &str = "is append-only";
/// Indexes and guards that cost each row a look-up: the kind, the name, the table, how to make it again. Those of a table
/// with another guard stay, which looks for other rows of it.
const ADDED: &str = "SELECT s.type, s.name, s.tbl_name, s.sql FROM sqlite_schema s WHERE s.sql IS NOT NULL AND \
    (s.type = 'index' OR (s.type = 'trigger' AND s.sql LIKE '%BEFORE INSERT ON%' AND instr(s.sql, $1) > 0)) \
    AND NOT EXISTS (SELECT 1 FROM sqlite_schema o WHERE o.type = 'trigger' AND o.tbl_name = s.tbl_name \
    AND o.sql LIKE '%BEFORE INSERT ON%' AND instr(o.sql, $1) = 0) ORDER BY s.rowid";

/// Rows of one statement.
pub(super) struct Batch {
    rows: usize,
    values: SqliteArguments,
}

/// Rows of a table in sets.
#[derive(Default)]
pub(super) struct Batches {
    batches: Vec<Batch>,
}

impl Batches {
    pub(super) fn push(&mut self, fields: Vec<Field<'_>>) {
        if self.batches.last().is_none_or(|batch| batch.rows == ROWS_AT_ONCE) {
            self.batches.push(Batch { rows: 0, values: SqliteArguments::default() });
        }
        let Some(batch) = self.batches.last_mut() else { return };
        batch.rows += 1;
        for field in fields {
            // Encoding these does not fail.
            let _ = match field {
                Field::Null => batch.values.add(None::<i64>),
                Field::Bool(is_set) => batch.values.add(is_set),
                Field::Number(number) => batch.values.add(number),
                Field::Id(id) => batch.values.add(id),
                Field::Moment(text) => batch.values.add(moment(&text)),
                Field::Day(text) | Field::Text(text) => batch.values.add(text.into_owned()),
            };
        }
    }

    pub(super) fn all(self) -> Vec<Batch> {
        self.batches
    }
}

/// A moment as the driver writes one: `2026-08-31T10:00:00+00:00`, with no, three or six digits of fractions.
fn moment(text: &str) -> String {
    let whole = text.strip_suffix('Z').unwrap_or(text);
    let whole = whole.strip_suffix(".000000").or_else(|| whole.strip_suffix("000")).unwrap_or(whole);
    format!("{whole}+00:00")
}

pub(super) struct SqliteRestore {
    /// In a transaction, and apart from the pool: what was set for it ends with it.
    connection: SqliteConnection,
    pieces: Vec<Piece>,
}

impl SqliteRestore {
    pub(super) async fn begin(database: &Database, left_out: &[&str]) -> Result<Self, RestoreError> {
        let pool = database.pools.write.get_sqlite_connection_pool();
        let mut connection = pool.acquire().await.map_err(failed)?.detach();
        // Foreign keys are checked at the end.
        connection.execute("PRAGMA foreign_keys = OFF").await.map_err(failed)?;
        connection.execute("BEGIN IMMEDIATE").await.map_err(failed)?;
        for name in tables::tables() {
            if !FILLED_AT_FIRST.contains(&name) {
                let any = AssertSqlSafe(format!("SELECT 1 FROM {name} LIMIT 1"));
                if connection.fetch_optional(any).await.map_err(failed)?.is_some() {
                    return Err(RestoreError::NotEmpty(name.to_owned()));
                }
            } else if !left_out.contains(&name) {
                connection.execute(AssertSqlSafe(format!("DELETE FROM {name}"))).await.map_err(failed)?;
            }
        }
        let mut begun = Self { connection, pieces: Vec::new() };
        begun.take_away().await.map_err(failed)?;
        Ok(begun)
    }

    /// Takes away what is made again at the end.
    async fn take_away(&mut self) -> Result<(), sqlx::Error> {
        for row in sqlx::query(ADDED).bind(GUARD).fetch_all(&mut self.connection).await? {
            let text = |index: usize| row.try_get::<String, _>(index);
            let (kind, name, owner, statement) = (text(0)?, text(1)?, text(2)?, text(3)?);
            self.connection.execute(AssertSqlSafe(format!("DROP {kind} \"{name}\""))).await?;
            let columns = statement.split_once('(').map_or("", |(_, columns)| columns);
            let columns = columns.split(" WHERE ").next().unwrap_or_default().trim_end_matches(')');
            let columns = columns.replace('"', "").trim().to_owned();
            let unfit = format!("{owner}: two rows have the same {columns}");
            self.pieces.push(Piece { statement, unfit });
        }
        Ok(())
    }

    pub(super) async fn insert(&mut self, table: &Table, batches: Vec<Batch>) -> Result<(), RestoreError> {
        let row = format!("({})", vec!["?"; table.columns.len()].join(", "));
        for Batch { rows, values } in batches {
            let list = vec![row.as_str(); rows].join(", ");
            let text = format!("INSERT INTO \"{}\" ({}) VALUES {list}", table.name, table.names());
            let insert = sqlx::query_with(AssertSqlSafe(text), values).persistent(rows == ROWS_AT_ONCE);
            let inserted = insert.execute(&mut self.connection).await;
            inserted.map_err(|error| unfit(error, table.name))?;
        }
        Ok(())
    }

    pub(super) async fn finish(mut self, marked: Option<&str>) -> Result<(), RestoreError> {
        for piece in std::mem::take(&mut self.pieces) {
            let made = self.connection.execute(AssertSqlSafe(piece.statement.clone())).await;
            made.map_err(|error| unfit_piece(error, &piece))?;
        }
        let missing = self.connection.fetch_optional("PRAGMA foreign_key_check").await.map_err(failed)?;
        if let Some(row) = missing {
            let text = |index: usize| row.try_get::<String, _>(index).map_err(failed);
            return Err(RestoreError::Unfit(format!(
                "{}: a row refers to one of {} that is missing",
                text(0)?,
                text(2)?
            )));
        }
        if let Some(archive) = marked {
            let note = sqlx::query(unfinished::NOTE_ROWS).bind(archive).execute(&mut self.connection);
            note.await.map_err(failed)?;
        }
        self.connection.execute("COMMIT").await.map_err(failed)?;
        Ok(sqlx::Connection::close(self.connection).await.map_err(failed)?)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, SecondsFormat, Utc};

    use super::*;

    #[test]
    fn moments_are_as_the_driver_writes_them() {
        for fraction in ["000000", "500000", "120000", "123000", "123400", "123456", "000001", "000100"] {
            let text = format!("2026-08-31T10:00:00.{fraction}Z");
            let at: DateTime<Utc> = text.parse().expect("a time");
            assert_eq!(moment(&text), at.to_rfc3339_opts(SecondsFormat::AutoSi, false));
        }
    }
}
