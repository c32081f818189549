//! A secret that all processes of a database share: it signs what one process issues and another one accepts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{column, drop_tables};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("server_secrets")
            .col(column("purpose").text().primary_key())
            .col(column("secret").text())
            .to_owned();
        manager.create_table(table).await?;
        // 244 random bits on PostgreSQL, whose functions for random bytes are an extension; 256 on SQLite.
        let secret = match manager.get_database_backend() {
            DbBackend::Postgres => "gen_random_uuid()::text || gen_random_uuid()::text",
            _ => "lower(hex(randomblob(32)))",
        };
        let row = format!("INSERT INTO server_secrets (purpose, secret) VALUES ('CONFIRMATIONS', {secret})");
        manager.get_connection().execute_unprepared(&row).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["server_secrets"]).await
    }
}
