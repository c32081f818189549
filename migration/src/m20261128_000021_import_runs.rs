//! Imports as things: each run with its counts, the rows that it refused, and the activities that it recorded.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{column, drop_tables, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(import_runs()).await?;
        manager.create_table(import_refused_rows()).await?;
        let uuid = match manager.get_database_backend() {
            DbBackend::Postgres => "uuid",
            _ => "uuid_text",
        };
        let statement = format!(
            "ALTER TABLE activities ADD COLUMN import_run_id {uuid} REFERENCES import_runs (id) ON DELETE RESTRICT; \
             CREATE INDEX ix_activities_import_run_id_seq ON activities (import_run_id, seq) \
             WHERE import_run_id IS NOT NULL"
        );
        manager.get_connection().execute_unprepared(&statement).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statement =
            "DROP INDEX ix_activities_import_run_id_seq; ALTER TABLE activities DROP COLUMN import_run_id";
        manager.get_connection().execute_unprepared(statement).await?;
        drop_tables(manager, &["import_refused_rows", "import_runs"]).await
    }
}

fn import_runs() -> TableCreateStatement {
    let count = |name| column(name).big_integer().default(0).to_owned();
    Table::create()
        .table("import_runs")
        .col(column("id").uuid().primary_key())
        .col(column("file_name").text())
        .col(column("kind").text())
        .col(column("policy").text())
        .col(column("status").text())
        .col(column("actor").text())
        .col(optional("recorded_by").text())
        .col(column("started_at").timestamp_with_time_zone())
        .col(optional("ended_at").timestamp_with_time_zone())
        .col(count("recorded"))
        .col(count("duplicate"))
        .col(count("updated"))
        .col(count("refused"))
        .to_owned()
}

fn import_refused_rows() -> TableCreateStatement {
    Table::create()
        .table("import_refused_rows")
        .col(column("run_id").uuid())
        .col(column("line").big_integer())
        .col(column("reasons").text())
        .col(optional("content").text())
        .primary_key(Index::create().col("run_id").col("line"))
        .foreign_key(&mut references("run_id", "import_runs", "id"))
        .to_owned()
}
