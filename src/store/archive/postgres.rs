//! A restore into PostgreSQL: rows by `COPY`, then indexes, then foreign keys.

use std::io::Write as _;

use sqlx::{AssertSqlSafe, Executor, Postgres, Row, Transaction};

use super::fields::Field;
use super::part::{FILLED_AT_FIRST, NO_TIMEOUTS, RestoreError};
use super::piece::{Piece, unfit, unfit_piece};
use super::tables::{self, Table};
use super::unfinished;
use crate::store::Database;
use crate::store::pools::failed;

/// Foreign keys: the owner, the name, how to make it again, its columns and the table that it refers to. Those of
/// partitions are those of their table.
const FOREIGN_KEYS: &str = "SELECT conrelid::regclass::text AS owner, quote_ident(conname) AS name, \
    pg_get_constraintdef(oid) AS definition, confrelid::regclass::text AS other, \
    (SELECT string_agg(attname, ', ' ORDER BY place) FROM unnest(conkey) WITH ORDINALITY AS k (number, place) \
     JOIN pg_attribute ON attrelid = conrelid AND attnum = number) AS columns \
    FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 \
    AND connamespace = current_schema()::regnamespace ORDER BY conrelid, oid";

/// Indexes that no constraint needs: the table, how to make one again, its columns. Those of partitions stay, and those
/// that have more to them than their definition says. So do the indexes of a table with a guard that looks for
/// other rows of it.
const INDEXES: &str = "SELECT i.indrelid::regclass::text AS owner, i.indexrelid::regclass::text AS name, \
    pg_get_indexdef(i.indexrelid) AS definition, \
    array_to_string(ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true) FROM generate_series(1, i.indnkeyatts) AS k), ', ') \
    AS columns, \
    (SELECT string_agg(format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', i.indexrelid::regclass, a.attnum, \
     a.attstattarget), '; ') FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0) AS statistics \
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid \
    WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r' AND NOT t.relispartition \
    AND i.indisvalid AND c.reltablespace = 0 AND NOT i.indisclustered AND NOT i.indisreplident \
    AND obj_description(i.indexrelid, 'pg_class') IS NULL \
    AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype <> 'f') \
    AND NOT EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgtype & 4 <> 0) \
    ORDER BY i.indrelid, i.indexrelid";

/// Statements after which every sequence goes on behind the rows that are there.
const SEQUENCES: &str = "SELECT format('SELECT setval(%L, (SELECT COALESCE(MAX(%s), 0) FROM %s) + 1, false)', \
    pg_get_serial_sequence(quote_ident(table_name), column_name), quote_ident(column_name), quote_ident(table_name)) \
    AS statement FROM information_schema.columns WHERE table_schema = current_schema() \
    AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL \
    UNION ALL SELECT 'SELECT setval(''log_seq'', (SELECT COALESCE(MAX(seq), 0) FROM log) + 1, false)'";

pub(super) struct PostgresRestore {
    transaction: Transaction<'static, Postgres>,
    indexes: Vec<Piece>,
    foreign_keys: Vec<Piece>,
}

impl PostgresRestore {
    pub(super) async fn begin(
        database: &Database,
        left_out: &[&str],
        is_marked: bool,
    ) -> Result<Self, RestoreError> {
        let pool = database.pools.write.get_postgres_connection_pool();
        let mut transaction = pool.begin().await.map_err(failed)?;
        transaction.execute(NO_TIMEOUTS).await.map_err(failed)?;
        if is_marked {
            // Before anything is locked or taken away.
            let is_free = sqlx::query(unfinished::LOCK).fetch_one(&mut *transaction).await.map_err(failed)?;
            if !is_free.try_get(0).map_err(failed)? {
                return Err(RestoreError::Running);
            }
        }
        for name in tables::tables() {
            if !FILLED_AT_FIRST.contains(&name) {
                let any = AssertSqlSafe(format!("SELECT 1 FROM {name} LIMIT 1"));
                if transaction.fetch_optional(any).await.map_err(failed)?.is_some() {
                    return Err(RestoreError::NotEmpty(name.to_owned()));
                }
            } else if !left_out.contains(&name) {
                let delete = AssertSqlSafe(format!("DELETE FROM {name}"));
                transaction.execute(delete).await.map_err(failed)?;
            }
        }
        let mut begun = Self { transaction, indexes: Vec::new(), foreign_keys: Vec::new() };
        begun.take_away().await.map_err(failed)?;
        Ok(begun)
    }

    /// Takes away what is made again at the end.
    async fn take_away(&mut self) -> Result<(), sqlx::Error> {
        let mut drops = Vec::new();
        for row in self.transaction.fetch_all(FOREIGN_KEYS).await? {
            let text = |name| row.try_get::<String, _>(name);
            let (owner, name, columns) = (text("owner")?, text("name")?, text("columns")?);
            drops.push(format!("ALTER TABLE {owner} DROP CONSTRAINT {name}"));
            self.foreign_keys.push(Piece {
                statement: format!("ALTER TABLE {owner} ADD CONSTRAINT {name} {}", text("definition")?),
                unfit: format!(
                    "{owner}: {columns} of a row refers to one of {} that is missing",
                    text("other")?
                ),
            });
        }
        for row in self.transaction.fetch_all(INDEXES).await? {
            let text = |name| row.try_get::<String, _>(name);
            let (owner, columns) = (text("owner")?, text("columns")?);
            drops.push(format!("DROP INDEX {}", text("name")?));
            let statistics = row.try_get::<Option<String>, _>("statistics")?;
            let statistics = statistics.map(|text| format!("; {text}")).unwrap_or_default();
            self.indexes.push(Piece {
                statement: text("definition")? + &statistics,
                unfit: format!("{owner}: two rows have the same {columns}"),
            });
        }
        if !drops.is_empty() {
            sqlx::raw_sql(AssertSqlSafe(drops.join("; "))).execute(&mut *self.transaction).await?;
        }
        Ok(())
    }

    pub(super) async fn insert(&mut self, table: &Table, rows: Vec<u8>) -> Result<(), RestoreError> {
        let copy = format!("COPY \"{}\" ({}) FROM STDIN", table.name, table.names());
        let copied = async {
            let mut copy = self.transaction.copy_in_raw(&copy).await?;
            copy.send(rows).await?;
            copy.finish().await
        };
        copied.await.map(drop).map_err(|error| unfit(error, table.name))
    }

    async fn make(&mut self, pieces: Vec<Piece>) -> Result<(), RestoreError> {
        for piece in pieces {
            let statement = AssertSqlSafe(piece.statement.clone());
            let made = sqlx::raw_sql(statement).execute(&mut *self.transaction).await;
            made.map_err(|error| unfit_piece(error, &piece))?;
        }
        Ok(())
    }

    pub(super) async fn finish(mut self, marked: Option<&str>) -> Result<(), RestoreError> {
        let indexes = std::mem::take(&mut self.indexes);
        self.make(indexes).await?;
        // Plans of the checks of foreign keys depend on it.
        self.transaction.execute("ANALYZE").await.map_err(failed)?;
        let foreign_keys = std::mem::take(&mut self.foreign_keys);
        self.make(foreign_keys).await?;
        for row in self.transaction.fetch_all(SEQUENCES).await.map_err(failed)? {
            let statement = AssertSqlSafe(row.try_get::<String, _>("statement").map_err(failed)?);
            self.transaction.execute(statement).await.map_err(failed)?;
        }
        if let Some(archive) = marked {
            let note = sqlx::query(unfinished::NOTE_ROWS).bind(archive).execute(&mut *self.transaction);
            note.await.map_err(failed)?;
        }
        Ok(self.transaction.commit().await.map_err(failed)?)
    }
}

/// Writes a row as `COPY` reads it.
pub(super) fn push(out: &mut Vec<u8>, fields: &[Field<'_>]) {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.push(b'\t');
        }
        match field {
            Field::Null => out.extend_from_slice(b"\\N"),
            Field::Bool(is_set) => out.push(if *is_set { b't' } else { b'f' }),
            // Writing to a Vec does not fail.
            Field::Number(number) => drop(write!(out, "{number}")),
            Field::Id(id) => {
                out.extend_from_slice(
                    id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes(),
                );
            }
            Field::Day(text) | Field::Moment(text) => out.extend_from_slice(text.as_bytes()),
            Field::Text(text) => push_text(out, text.as_bytes()),
        }
    }
    out.push(b'\n');
}

fn push_text(out: &mut Vec<u8>, text: &[u8]) {
    let is_escaped = |byte: &u8| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t');
    if !text.iter().any(is_escaped) {
        out.extend_from_slice(text);
        return;
    }
    for byte in text {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => out.push(*other),
        }
    }
}
