//! What the first request of an idempotency key refused of a batch, so that a repeat is told the same.

use sea_orm_migration::prelude::*;

use crate::schema::optional;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = optional("refused").text().to_owned();
        manager.alter_table(Table::alter().table("idempotency_keys").add_column(column).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE idempotency_keys DROP COLUMN refused";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }
}
