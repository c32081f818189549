//! Steps of the log are sealed in a chain of hashes.

use sea_orm_migration::prelude::*;

use crate::schema::{append_only, column, drop_tables, index, references};

const ENTRIES: [&str; 2] = ["ledger_entries", "points_entries"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("seals")
            .col(column("number").big_integer().primary_key())
            .col(column("log_seq").big_integer().unique_key())
            .col(column("head").text())
            .foreign_key(&mut references("log_seq", "log", "seq"))
            .check(Expr::col("number").gte(1))
            .to_owned();
        manager.create_table(table).await?;
        append_only(manager, "seals", &[], &[&["number"], &["log_seq"]]).await?;
        // What a step caused is sealed with it.
        for table in ENTRIES {
            index(manager, table, &["log_seq"], false).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ENTRIES {
            let statement = format!("DROP INDEX ix_{table}_log_seq");
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        drop_tables(manager, &["seals"]).await
    }
}
