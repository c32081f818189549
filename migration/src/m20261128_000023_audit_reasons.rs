//! The audit log keeps the reason that was given, and finds the changes of an object.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::schema::optional;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reason = optional("reason").text().to_owned();
        manager.alter_table(Table::alter().table("audit_log").add_column(reason).to_owned()).await?;
        // Rows of new objects are many, and nobody looks for them by object.
        let index =
            "CREATE INDEX ix_audit_log_object_id ON audit_log (object_id, id) WHERE \"before\" IS NOT NULL";
        manager.get_connection().execute_unprepared(index).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX ix_audit_log_object_id").await?;
        manager.alter_table(Table::alter().table("audit_log").drop_column("reason").to_owned()).await
    }
}
