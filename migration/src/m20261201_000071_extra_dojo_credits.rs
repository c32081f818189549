//! What windows were given in Dojo Credits, where editions of a window have several rates.
//!
//! Windows of before have it from their entries. The rate of an edition is what its awards came with, since documents are
//! not read here.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::schema::optional;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const RATES: &str = "SELECT edition_id, MAX(dojo_credits / points) AS rate FROM points_entries \
    WHERE points > 0 AND reason = 'ACTIVITY' GROUP BY edition_id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = optional("extra_dojo_credits").integer().to_owned();
        manager
            .alter_table(Table::alter().table("professional_tallies").add_column(column).to_owned())
            .await?;
        let fill = format!(
            "WITH rates AS ({RATES}), \
             given AS (SELECT professional_id, kind, window_start, SUM(dojo_credits) AS dojo_credits \
             FROM points_entries WHERE window_start IS NOT NULL AND (SELECT COUNT(DISTINCT rate) FROM rates) > 1 \
             GROUP BY professional_id, kind, window_start) \
             UPDATE professional_tallies AS t SET extra_dojo_credits = NULLIF(given.dojo_credits - t.awarded * \
             (SELECT rates.rate FROM editions JOIN rates ON rates.edition_id = editions.id \
             WHERE editions.effective_from <= t.window_start ORDER BY editions.effective_from DESC LIMIT 1), 0) \
             FROM given WHERE given.professional_id = t.professional_id AND given.kind = t.rule \
             AND given.window_start = t.window_start"
        );
        manager.get_connection().execute_unprepared(&fill).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection
            .execute_unprepared("ALTER TABLE professional_tallies DROP COLUMN extra_dojo_credits")
            .await
            .map(drop)
    }
}
