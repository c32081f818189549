//! How far the notices of what is going to end have been emitted.

use sea_orm_migration::prelude::*;

use crate::schema::{column, drop_tables, optional};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let progress = Table::create()
            .table("notice_progress")
            .col(column("kind").text().primary_key())
            .col(column("noticed_on").date())
            .col(optional("pending_on").date())
            .col(optional("after_end").date())
            .col(optional("after_id").uuid())
            .to_owned();
        manager.create_table(progress).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["notice_progress"]).await
    }
}
