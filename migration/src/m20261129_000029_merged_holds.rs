//! What a quote holds moves with a merge: the recalculation takes it from one partner and gives it to the other, which are
//! two entries of one quote and reason.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        once_per_quote(manager, "quote_id IS NOT NULL AND reason <> 'RECALCULATION'").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        once_per_quote(manager, "quote_id IS NOT NULL").await
    }
}

/// Replaces the index by which an entry of a quote has each reason once.
async fn once_per_quote(manager: &SchemaManager<'_>, which: &str) -> Result<(), DbErr> {
    let statement = format!(
        "DROP INDEX uq_ledger_entries_quote_id; \
         CREATE UNIQUE INDEX uq_ledger_entries_quote_id ON ledger_entries (quote_id, reason) WHERE {which}"
    );
    manager.get_connection().execute_unprepared(&statement).await.map(drop)
}
