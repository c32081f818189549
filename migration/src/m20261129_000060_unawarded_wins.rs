//! What a win of a deal has in the way of a reward: a partner that had left the program, or an earlier reward of the same
//! transaction.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::schema::{column, optional};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Wins whose closing left no entry, since the partner of the rewarded deal, or the one that was merged into it, had left.
const UNAWARDED: &str = "
    UPDATE deals SET unawarded = TRUE
    WHERE rewarded_deal_id IS NOT NULL AND won_seq IS NOT NULL
    AND EXISTS (
        SELECT 1 FROM subject_steps s WHERE s.log_seq < deals.won_seq AND s.last_day < deals.status_on
        AND s.level IS NULL AND s.override_seq IS NULL
        AND s.partner_id IN (
            SELECT r.partner_id FROM deals r WHERE r.id = deals.rewarded_deal_id
            UNION SELECT m.from_id FROM merged_objects m WHERE m.object_id = deals.rewarded_deal_id))
    AND NOT EXISTS (
        SELECT 1 FROM ledger_entries e WHERE e.log_seq = deals.won_seq AND e.deal_id = deals.rewarded_deal_id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            column("unawarded").boolean().default(false).to_owned(),
            optional("repeats_deal_id").uuid().to_owned(),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("deals").add_column(column).to_owned()).await?;
        }
        manager.get_connection().execute_unprepared(UNAWARDED).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["unawarded", "repeats_deal_id"] {
            let statement = format!("ALTER TABLE deals DROP COLUMN {column}");
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}
