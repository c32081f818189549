//! Events that concern no subject, such as a product that was saved: an index for those who see them beside their own,
//! and the run of an import that an event is about.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let uuid = match manager.get_database_backend() {
            DbBackend::Postgres => "uuid",
            _ => "uuid_text",
        };
        let statement = format!(
            "ALTER TABLE events ADD COLUMN import_run_id {uuid}; \
             CREATE INDEX ix_events_general_number ON events (number) \
             WHERE number IS NOT NULL AND partner_id IS NULL AND professional_id IS NULL AND recorded_by IS NULL"
        );
        manager.get_connection().execute_unprepared(&statement).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statement = "DROP INDEX ix_events_general_number; ALTER TABLE events DROP COLUMN import_run_id";
        manager.get_connection().execute_unprepared(statement).await.map(drop)
    }
}
