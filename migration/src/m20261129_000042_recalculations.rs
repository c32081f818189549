//! Recalculations: policies for days that have passed. Each has its plan, and once it is applied an edition of its own,
//! which may have the first day of a published one.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{append_only, column, drop_tables, index, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// A transaction around the step on PostgreSQL only: SQLite sets other tables' keys aside outside of one, and the
    /// step begins its own then.
    fn use_transaction(&self) -> Option<bool> {
        None
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            recalculations(manager).await?;
            connection
                .execute_unprepared(
                    "ALTER TABLE editions DROP CONSTRAINT editions_effective_from_key, \
                     ADD COLUMN recalculation_id uuid REFERENCES recalculations (id) ON DELETE RESTRICT",
                )
                .await?;
            return unique_days(manager).await;
        }
        // It was done before, and the end came before that was noted down.
        if manager.has_column("editions", "recalculation_id").await? {
            return Ok(());
        }
        connection.execute_unprepared("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE").await?;
        let done = async {
            recalculations(manager).await?;
            copy(manager, true).await?;
            unique_days(manager).await
        };
        end(manager, done.await).await
    }

    /// Recalculations that were applied stand in the way: what they changed stays.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            connection
                .execute_unprepared(
                    "DROP INDEX uq_editions_effective_from; ALTER TABLE editions DROP COLUMN recalculation_id, \
                     ADD CONSTRAINT editions_effective_from_key UNIQUE (effective_from)",
                )
                .await?;
            return drop_tables(manager, &["recalculations"]).await;
        }
        if !manager.has_column("editions", "recalculation_id").await? {
            return Ok(());
        }
        connection.execute_unprepared("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE").await?;
        let done = async {
            copy(manager, false).await?;
            drop_tables(manager, &["recalculations"]).await
        };
        end(manager, done.await).await
    }
}

/// Ends the transaction that was begun by hand.
async fn end(manager: &SchemaManager<'_>, done: Result<(), DbErr>) -> Result<(), DbErr> {
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let statement = format!("{end}; PRAGMA foreign_keys = ON");
    manager.get_connection().execute_unprepared(&statement).await?;
    done
}

async fn recalculations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("recalculations")
        .col(column("id").uuid().primary_key())
        .col(column("trial_id").uuid())
        .col(column("reason").text())
        .col(column("status").text())
        .col(column("log_seq").big_integer())
        .col(column("log_steps").big_integer())
        .col(column("planned_at").timestamp_with_time_zone())
        .col(column("planned_by").text())
        .col(optional("applied_seq").big_integer())
        .col(optional("applied_at").timestamp_with_time_zone())
        .col(optional("applied_by").text())
        .col(optional("apply_finished_at").timestamp_with_time_zone())
        .col(optional("reverted_seq").big_integer())
        .col(optional("reverted_at").timestamp_with_time_zone())
        .col(optional("reverted_by").text())
        .col(optional("revert_reason").text())
        .col(optional("revert_finished_at").timestamp_with_time_zone())
        .col(optional("professionals_through").uuid())
        .col(optional("partners_through").uuid())
        .col(column("subjects").big_integer())
        .foreign_key(&mut references("trial_id", "edition_trials", "id"))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "recalculations", &["trial_id"], false).await
}

/// One published edition comes into force on a day.
async fn unique_days(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statement = "CREATE UNIQUE INDEX uq_editions_effective_from ON editions (effective_from) \
                     WHERE recalculation_id IS NULL; \
                     CREATE UNIQUE INDEX uq_editions_recalculation_id ON editions (recalculation_id)";
    manager.get_connection().execute_unprepared(statement).await.map(drop)
}

/// Copies the editions of SQLite into a table with or without the recalculation of each, as its manual describes for
/// keys that change.
async fn copy(manager: &SchemaManager<'_>, with_recalculation: bool) -> Result<(), DbErr> {
    let mut table = Table::create().table("editions_new").col(column("id").uuid().primary_key()).to_owned();
    let mut day = column("effective_from").date().to_owned();
    if !with_recalculation {
        day.unique_key();
    }
    table
        .col(day)
        .col(column("name").text())
        .col(column("document").text())
        .col(column("published_at").timestamp_with_time_zone())
        .col(optional("published_by").text());
    if with_recalculation {
        table.col(optional("recalculation_id").uuid()).foreign_key(&mut references(
            "recalculation_id",
            "recalculations",
            "id",
        ));
    }
    manager.create_table(table).await?;
    let columns = "id, effective_from, name, document, published_at, published_by";
    let statement = format!(
        "INSERT INTO editions_new ({columns}) SELECT {columns} FROM editions; DROP TABLE editions; \
         ALTER TABLE editions_new RENAME TO editions"
    );
    manager.get_connection().execute_unprepared(&statement).await?;
    let keys: &[&[&str]] = if with_recalculation { &[&["id"]] } else { &[&["id"], &["effective_from"]] };
    append_only(manager, "editions", &[], keys).await
}
