//! Wins of deals are reviewed, and deals withdrawn and reopened: what a deal was before it was closed, what its closing
//! rewarded, how each step is read, and the timers of opportunities.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{column, drop_tables, index, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COLUMNS: [&str; 5] = ["before_status", "before_on", "won_seq", "rewarded_deal_id", "customer_added"];

/// What closed deals were before: the latest status among their steps, and the deal that was rewarded: that of the
/// entries, or the one whose reward is of that day.
const CLOSED: &str = "
    UPDATE deals SET
        before_status = (SELECT s.status FROM deal_steps s WHERE s.deal_id = deals.id AND s.status IS NOT NULL
                         ORDER BY s.log_seq DESC LIMIT 1),
        before_on = (SELECT s.day FROM deal_steps s WHERE s.deal_id = deals.id AND s.status IS NOT NULL
                     ORDER BY s.log_seq DESC LIMIT 1)
    WHERE outcome IS NOT NULL;
    UPDATE deals SET won_seq = (SELECT l.seq FROM log l WHERE l.deal_id = deals.id AND l.action = 'DEAL_CLOSED')
    WHERE status = 'CLOSED_WON';
    UPDATE deals SET rewarded_deal_id = COALESCE(
        (SELECT e.deal_id FROM ledger_entries e WHERE e.log_seq = deals.won_seq AND e.deal_id IS NOT NULL LIMIT 1),
        (SELECT d.id FROM deals d WHERE d.id = deals.id AND d.rewarded_on = deals.status_on),
        (SELECT d.id FROM deals d WHERE d.customer_key = deals.customer_key AND d.scope_key = deals.scope_key
         AND d.rewarded_on = deals.status_on AND d.won_seq IS NULL LIMIT 1))
    WHERE won_seq IS NOT NULL;
    UPDATE deals SET customer_added = TRUE
    WHERE rewarded_deal_id IS NOT NULL AND id IN (SELECT won_deal_id FROM customers WHERE won_deal_id IS NOT NULL)";

/// Timers of the opportunities that are held: what has lapsed before is no news.
const HELD: &str = "
    INSERT INTO opportunity_timers (deal_id, lapses_on)
    SELECT DISTINCT o.deal_id, {earliest} FROM opportunities o JOIN deals d ON d.id = o.deal_id
    WHERE d.rewarded_on IS NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            optional("before_status").text().to_owned(),
            optional("before_on").date().to_owned(),
            optional("won_seq").big_integer().to_owned(),
            optional("rewarded_deal_id").uuid().to_owned(),
            column("customer_added").boolean().default(false).to_owned(),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("deals").add_column(column).to_owned()).await?;
        }
        let reading = column("reading").big_integer().default(1).to_owned();
        manager.alter_table(Table::alter().table("deal_steps").add_column(reading).to_owned()).await?;
        let timers = Table::create()
            .table("opportunity_timers")
            .col(column("deal_id").uuid().primary_key())
            .col(column("lapses_on").date())
            .foreign_key(&mut references("deal_id", "deals", "id"))
            .to_owned();
        manager.create_table(timers).await?;
        index(manager, "opportunity_timers", &["lapses_on"], false).await?;
        let connection = manager.get_connection();
        connection
            .execute_unprepared(
                "CREATE INDEX ix_deals_won ON deals (customer_key, won_seq) WHERE won_seq IS NOT NULL",
            )
            .await?;
        connection.execute_unprepared(CLOSED).await?;
        let is_postgres = connection.get_database_backend() == DbBackend::Postgres;
        let earliest = if is_postgres { "DATE '0001-01-01'" } else { "'0001-01-01'" };
        connection.execute_unprepared(&HELD.replace("{earliest}", earliest)).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["opportunity_timers"]).await?;
        let connection = manager.get_connection();
        connection.execute_unprepared("DROP INDEX ix_deals_won").await?;
        connection.execute_unprepared("ALTER TABLE deal_steps DROP COLUMN reading").await?;
        for column in COLUMNS {
            connection.execute_unprepared(&format!("ALTER TABLE deals DROP COLUMN {column}")).await?;
        }
        Ok(())
    }
}
