//! Rows of an archive into an empty database, all of them or none.
//!
//! What makes rows slow to insert one after the other is made again after the last one, in the same transaction:
//! secondary indexes, foreign keys, and SQLite's guards against replacing rows.

use std::mem;
use std::sync::Arc;

use super::fields::RowReader;
use super::part::{Part, RestoreError};
use super::postgres::{self, PostgresRestore};
use super::sqlite::{self, SqliteRestore};
use super::tables::{self, Table};
use crate::store::Database;

/// Rows that are put into an empty database, all of them or none.
pub struct Restore {
    engine: Engine,
    tables: Arc<[Table]>,
    /// The checksum of the archive, for the mark that is on the database.
    marked: Option<String>,
}

enum Engine {
    Postgres(Box<PostgresRestore>),
    Sqlite(Box<SqliteRestore>),
}

/// Rows in the form of an engine.
pub struct Encoded {
    /// The place of their table.
    table: usize,
    count: u64,
    rows: Rows,
}

impl Encoded {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }
}

enum Rows {
    Postgres(Vec<u8>),
    Sqlite(Vec<sqlite::Batch>),
}

/// Checks lines, and brings them into the form of an engine, apart from the database.
pub struct Encoder {
    is_postgres: bool,
    tables: Arc<[Table]>,
    table: Option<usize>,
}

impl Encoder {
    /// The rows of a part, in its order; none if it begins a table.
    ///
    /// # Errors
    /// When there is no such table, or a row does not fit it.
    pub fn encode(&mut self, part: Part) -> Result<Option<Encoded>, RestoreError> {
        let (lines, count) = match part {
            Part::Table(name) => {
                let known = self.tables.iter().position(|table| table.name == name);
                let unknown = || RestoreError::Unfit(format!("there is no table {name}"));
                self.table = Some(known.ok_or_else(unknown)?);
                return Ok(None);
            }
            Part::Rows { lines, count } => (lines, count),
        };
        let place = self
            .table
            .ok_or_else(|| RestoreError::Unfit("a row stands before the first table".to_owned()))?;
        let table = &self.tables[place];
        let unfit = |text: String| RestoreError::Unfit(format!("{}: {text}", table.name));
        let mut reader = RowReader::new(table);
        let mut fields = Vec::with_capacity(table.columns.len());
        let mut batches = sqlite::Batches::default();
        let mut text = Vec::new();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            reader.read(line, &mut fields).map_err(unfit)?;
            if self.is_postgres {
                postgres::push(&mut text, &fields);
            } else {
                batches.push(mem::take(&mut fields));
            }
        }
        let rows = if self.is_postgres { Rows::Postgres(text) } else { Rows::Sqlite(batches.all()) };
        Ok(Some(Encoded { table: place, count, rows }))
    }
}

impl Restore {
    /// Begins with a database whose schema is up to date.
    ///
    /// # Errors
    /// When a table has rows.
    pub async fn begin(database: &Database) -> Result<Self, RestoreError> {
        Self::begin_with(database, &[], None).await
    }

    /// The same with a database that is [marked](super::mark) for the archive with this checksum.
    ///
    /// # Errors
    /// When a table has rows, or another restore is running.
    pub async fn begin_marked(database: &Database, archive: &str) -> Result<Self, RestoreError> {
        Self::begin_with(database, &[], Some(archive.to_owned())).await
    }

    /// The same where some tables get no rows: one that is not empty in a new database keeps its own.
    pub(super) async fn begin_with(
        database: &Database,
        left_out: &[&str],
        marked: Option<String>,
    ) -> Result<Self, RestoreError> {
        let engine = if database.pools.postgres.is_some() {
            let begun = PostgresRestore::begin(database, left_out, marked.is_some()).await?;
            Engine::Postgres(Box::new(begun))
        } else {
            Engine::Sqlite(Box::new(SqliteRestore::begin(database, left_out).await?))
        };
        Ok(Self { engine, tables: tables::all().into(), marked })
    }

    /// Brings lines into the form that [`Self::insert`] takes.
    #[must_use]
    pub fn encoder(&self) -> Encoder {
        let is_postgres = matches!(self.engine, Engine::Postgres(_));
        Encoder { is_postgres, tables: Arc::clone(&self.tables), table: None }
    }

    /// Inserts rows.
    ///
    /// # Errors
    /// When one contradicts another one, or the database fails.
    pub async fn insert(&mut self, encoded: Encoded) -> Result<(), RestoreError> {
        let table = &self.tables[encoded.table];
        match (&mut self.engine, encoded.rows) {
            (Engine::Postgres(engine), Rows::Postgres(text)) => engine.insert(table, text).await,
            (Engine::Sqlite(engine), Rows::Sqlite(batches)) => engine.insert(table, batches).await,
            // An encoder of a restore has its engine.
            _ => Err(RestoreError::Unfit("rows of another engine".to_owned())),
        }
    }

    /// Makes again what was taken away at the beginning, and keeps everything.
    ///
    /// # Errors
    /// When a row refers to one that is missing or contradicts another one, or the database fails.
    pub async fn finish(self) -> Result<(), RestoreError> {
        let marked = self.marked.as_deref();
        match self.engine {
            Engine::Postgres(engine) => engine.finish(marked).await,
            Engine::Sqlite(engine) => engine.finish(marked).await,
        }
    }
}
