//! What several steps share: column types that are the same on both engines, and guards.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// A column that every row has.
pub(crate) fn column(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(Alias::new(name));
    column.not_null();
    column
}

/// A text column that lists are ordered by: byte by byte, the same on both engines.
pub(crate) fn ordered_text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = column(name);
    column.text();
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}

/// A column that a row may leave empty.
pub(crate) fn optional(name: &'static str) -> ColumnDef {
    ColumnDef::new(Alias::new(name))
}

/// A key of another table's row. Rows that others depend on are never deleted.
pub(crate) fn references(
    column: &'static str,
    table: &'static str,
    key: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from_col(Alias::new(column))
        .to(Alias::new(table), Alias::new(key))
        .on_delete(ForeignKeyAction::Restrict)
        .to_owned()
}

/// The condition that a text column holds one of these words.
pub(crate) fn one_of(column: &'static str, words: &[&str]) -> SimpleExpr {
    Expr::col(Alias::new(column)).is_in(words.iter().copied())
}

/// Creates an index on columns, unique or not.
pub(crate) async fn index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
    unique: bool,
) -> Result<(), DbErr> {
    let name = format!("{}_{table}_{}", if unique { "uq" } else { "ix" }, columns.join("_"));
    let mut index = Index::create().name(name).table(Alias::new(table)).to_owned();
    for column in columns {
        index.col(Alias::new(*column));
    }
    if unique {
        index.unique();
    }
    manager.create_index(index).await
}

/// Makes the database refuse to delete rows of a table, and to change these columns of a row, or
/// any column where none is named. `keys` are its unique keys: SQLite's `INSERT OR REPLACE` deletes the
/// rows that hold them without asking the triggers on deletion.
pub(crate) async fn append_only(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
    keys: &[&[&'static str]],
) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let of = if columns.is_empty() { String::new() } else { format!("OF {}", columns.join(", ")) };
    if manager.get_database_backend() == DbBackend::Postgres {
        connection
            .execute_unprepared(
                "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql \
                 SET search_path = pg_catalog, pg_temp AS \
                 $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
            )
            .await?;
        connection
            .execute_unprepared(&format!(
                "CREATE TRIGGER {table}_no_update BEFORE UPDATE {of} ON {table} \
                 FOR EACH ROW EXECUTE FUNCTION refuse_change(); \
                 CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} \
                 FOR EACH ROW EXECUTE FUNCTION refuse_change(); \
                 CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            ))
            .await?;
        return Ok(());
    }
    let refuse = format!("BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END");
    connection
        .execute_unprepared(&format!(
            "CREATE TRIGGER {table}_no_update BEFORE UPDATE {of} ON {table} {refuse}; \
             CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}"
        ))
        .await?;
    never_replaced(manager, table, "no_replace", keys).await
}

/// Makes SQLite refuse to replace rows that hold one of these unique keys.
pub(crate) async fn never_replaced(
    manager: &SchemaManager<'_>,
    table: &'static str,
    trigger: &'static str,
    keys: &[&[&'static str]],
) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        return Ok(());
    }
    // One look-up for each key, so that each goes by its own index.
    let taken = keys.iter().map(|key| {
        let same: Vec<String> = key.iter().map(|column| format!("{column} = NEW.{column}")).collect();
        format!("EXISTS (SELECT 1 FROM {table} WHERE {})", same.join(" AND "))
    });
    let taken = taken.collect::<Vec<_>>().join(" OR ");
    manager
        .get_connection()
        .execute_unprepared(&format!(
            "CREATE TRIGGER {table}_{trigger} BEFORE INSERT ON {table} WHEN {taken} \
             BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        ))
        .await
        .map(drop)
}

/// Drops tables in this order; their triggers and indexes go with them.
pub(crate) async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(Alias::new(*table)).to_owned()).await?;
    }
    Ok(())
}
