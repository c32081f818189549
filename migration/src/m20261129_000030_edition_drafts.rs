//! Drafts of editions, who published an edition, and what remains to be computed again after a publication.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::schema::{column, drop_tables, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by = optional("published_by").text().to_owned();
        manager.alter_table(Table::alter().table("editions").add_column(by).to_owned()).await?;
        let drafts = Table::create()
            .table("edition_drafts")
            .col(column("id").uuid().primary_key())
            .col(column("name").text())
            .col(column("document").text())
            .col(optional("effective_from").date())
            .col(column("revision").big_integer())
            .col(column("status").text())
            .col(column("created_at").timestamp_with_time_zone())
            .col(column("saved_at").timestamp_with_time_zone())
            .col(column("saved_by").text())
            .col(column("saved_by_label").text())
            .col(optional("approved_at").timestamp_with_time_zone())
            .col(optional("approved_by").text())
            .col(optional("approved_by_label").text())
            .col(optional("edition_id").uuid())
            .foreign_key(&mut references("edition_id", "editions", "id"))
            .to_owned();
        manager.create_table(drafts).await?;
        let rollouts = Table::create()
            .table("edition_rollouts")
            .col(column("edition_id").uuid().primary_key())
            .col(optional("partners_through").uuid())
            .col(optional("professionals_through").uuid())
            .col(optional("finished_at").timestamp_with_time_zone())
            .foreign_key(&mut references("edition_id", "editions", "id"))
            .to_owned();
        manager.create_table(rollouts).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["edition_rollouts", "edition_drafts"]).await?;
        manager
            .get_connection()
            .execute_unprepared("ALTER TABLE editions DROP COLUMN published_by")
            .await
            .map(drop)
    }
}
