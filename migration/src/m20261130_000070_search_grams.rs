//! An index of what can be searched for by any part of it: names and codes of partners and professionals, and names of
//! customers.
//!
//! A text is indexed by its grams: the three characters from each place on, and fewer at the end. A text with another
//! one in it has all of the other one's grams. PostgreSQL keeps an index on an expression. SQLite has a full-text index
//! that knows the rows by their numbers; triggers keep it, whatever statement changes a text. Its tokens are the
//! hexadecimal bytes of the grams, so that none of their characters means anything to the tokenizer.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Each has a column `search_key`.
const TABLES: [&str; 3] = ["partners", "professionals", "customer_names"];

/// Names in it do not depend on the search path of whoever changes a row. It costs what so many comparisons cost.
const FUNCTION: &str = "CREATE FUNCTION search_grams(key text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE \
    COST 500 AS $$ SELECT pg_catalog.array_to_tsvector(ARRAY(SELECT pg_catalog.substr($1, place, 3) \
    FROM pg_catalog.generate_series(1, pg_catalog.length($1)) AS places (place))) $$";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        if is_postgres {
            connection.execute_unprepared(FUNCTION).await?;
        }
        for table in TABLES {
            let index = if is_postgres { postgres_index(table) } else { sqlite_index(table) };
            connection.execute_unprepared(&index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        for table in TABLES {
            let drop = if is_postgres {
                format!("DROP INDEX ix_{table}_grams")
            } else {
                format!(
                    "DROP TRIGGER {table}_grams_insert; DROP TRIGGER {table}_grams_update; \
                     DROP TRIGGER {table}_grams_delete; DROP TABLE {table}_grams"
                )
            };
            connection.execute_unprepared(&drop).await?;
        }
        if is_postgres {
            connection.execute_unprepared("DROP FUNCTION search_grams(text)").await?;
        }
        Ok(())
    }
}

/// New rows wait in a list, which each search reads as well: it is merged into the index while it is short. Statistics
/// of grams would be of no use, since plans do not depend on values.
fn postgres_index(table: &str) -> String {
    format!(
        "CREATE INDEX ix_{table}_grams ON {table} USING gin (search_grams(search_key)) \
         WITH (gin_pending_list_limit = 64); \
         ALTER INDEX ix_{table}_grams ALTER COLUMN 1 SET STATISTICS 0"
    )
}

/// Neither the texts nor where their grams are is stored again. What is taken out leaves nothing behind, as erasure
/// requires.
fn sqlite_index(table: &str) -> String {
    let (old, new) = (grams("OLD.search_key"), grams("NEW.search_key"));
    let filled = grams("search_key");
    format!(
        "CREATE VIRTUAL TABLE {table}_grams USING \
         fts5(grams, content = '', columnsize = 0, detail = column, tokenize = 'ascii'); \
         INSERT INTO {table}_grams ({table}_grams, rank) VALUES ('secure-delete', 1); \
         CREATE TRIGGER {table}_grams_insert AFTER INSERT ON {table} WHEN NEW.search_key IS NOT NULL BEGIN \
         INSERT INTO {table}_grams (rowid, grams) VALUES (NEW.rowid, {new}); END; \
         CREATE TRIGGER {table}_grams_update AFTER UPDATE OF search_key ON {table} \
         WHEN OLD.search_key IS NOT NEW.search_key BEGIN \
         INSERT INTO {table}_grams ({table}_grams, rowid, grams) \
         SELECT 'delete', OLD.rowid, {old} WHERE OLD.search_key IS NOT NULL; \
         INSERT INTO {table}_grams (rowid, grams) SELECT NEW.rowid, {new} WHERE NEW.search_key IS NOT NULL; END; \
         CREATE TRIGGER {table}_grams_delete AFTER DELETE ON {table} WHEN OLD.search_key IS NOT NULL BEGIN \
         INSERT INTO {table}_grams ({table}_grams, rowid, grams) VALUES ('delete', OLD.rowid, {old}); END; \
         INSERT INTO {table}_grams (rowid, grams) \
         SELECT rowid, {filled} FROM {table} WHERE search_key IS NOT NULL"
    )
}

/// The grams of a text, as one text with blanks between them.
fn grams(text: &str) -> String {
    format!(
        "(WITH RECURSIVE places (place) AS (SELECT 1 UNION ALL SELECT place + 1 FROM places \
         WHERE place < length({text})) \
         SELECT group_concat(hex(substr({text}, place, 3)), ' ') FROM places)"
    )
}
