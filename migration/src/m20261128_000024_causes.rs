//! Indexes for what explains entries and levels: the steps of deals and sales targets, and what was taken back.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Name, table and columns, and the rows of each index: few, so that the others cost nothing.
const INDEXES: [(&str, &str, &str); 4] = [
    ("ix_log_deal_id", "log (deal_id, seq)", "deal_id IS NOT NULL"),
    ("ix_log_sales_target_id", "log (sales_target_id, seq)", "sales_target_id IS NOT NULL"),
    ("ix_ledger_entries_taken_back", "ledger_entries (partner_id, track, effective_on)", "level_credits < 0"),
    ("ix_points_entries_taken_back", "points_entries (professional_id, effective_on)", "points < 0"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, columns, rows) in INDEXES {
            let index = format!("CREATE INDEX {name} ON {columns} WHERE {rows}");
            manager.get_connection().execute_unprepared(&index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, ..) in INDEXES {
            manager.get_connection().execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        Ok(())
    }
}
