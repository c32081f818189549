//! What happens, for others to follow: events with numbers in the order of commits, and what the
//! calendar has to say on which day.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{column, drop_tables, index, one_of, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const KINDS: [&str; 18] = [
    "CREDITS_CHANGED",
    "POINTS_CHANGED",
    "LEVEL_REACHED",
    "LEVEL_LAPSED",
    "ACTIVITY_RECORDED",
    "CLAIM_SUBMITTED",
    "CLAIM_APPROVED",
    "CLAIM_REJECTED",
    "ACTIVITY_VOIDED",
    "ORDER_PLACED",
    "ORDER_FULFILLED",
    "ORDER_CANCELLED",
    "SWAG_ORDER_PLACED",
    "SWAG_ORDER_CANCELLED",
    "DEAL_REGISTERED",
    "DEAL_CHANGED",
    "DEAL_CLOSED",
    "DEAL_EXPIRED",
];

/// What was there before this step is looked at once after it: this day lies before all others.
const DUE: &str = "'0001-01-01'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        events(manager).await?;
        feed(manager).await?;
        levels(manager).await?;
        deal_timers(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["deal_timers", "event_feed", "events"]).await?;
        let connection = manager.get_connection();
        connection
            .execute_unprepared(
                "DROP INDEX ix_partner_balances_levels_due; DROP INDEX ix_professional_balances_level_due",
            )
            .await?;
        let columns = [
            ("partner_balances", ["technical_level", "business_level", "levels_due"].as_slice()),
            ("professional_balances", ["level", "level_due"].as_slice()),
        ];
        for (table, columns) in columns {
            for column in columns {
                let drop = format!("ALTER TABLE {table} DROP COLUMN {column}");
                connection.execute_unprepared(&drop).await?;
            }
        }
        Ok(())
    }
}

/// An event has its number once its transaction has ended: on SQLite, whose writers queue, at once; on
/// PostgreSQL by the process that assigns numbers next.
async fn events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut id = column("id");
    id.big_integer().primary_key();
    if manager.get_database_backend() == DbBackend::Postgres {
        id.auto_increment();
    }
    let table = Table::create()
        .table("events")
        .col(id)
        .col(optional("number").big_integer())
        .col(column("recorded_at").timestamp_with_time_zone())
        .col(column("kind").text())
        .col(column("occurred_on").date())
        .col(optional("partner_id").uuid())
        .col(optional("professional_id").uuid())
        .col(optional("recorded_by").text())
        .col(optional("entry_id").uuid())
        .col(optional("activity_id").uuid())
        .col(optional("order_id").uuid())
        .col(optional("deal_id").uuid())
        .col(optional("swag_order_id").uuid())
        .col(column("data").text())
        .check(one_of("kind", &KINDS))
        .to_owned();
    manager.create_table(table).await?;
    // Rows enter these indexes when they are numbered, and leave the last one.
    manager
        .get_connection()
        .execute_unprepared(
            "CREATE UNIQUE INDEX uq_events_number ON events (number) WHERE number IS NOT NULL; \
             CREATE INDEX ix_events_partner_id_number ON events (partner_id, number) \
             WHERE number IS NOT NULL AND partner_id IS NOT NULL; \
             CREATE INDEX ix_events_professional_id_number ON events (professional_id, number) \
             WHERE number IS NOT NULL AND professional_id IS NOT NULL; \
             CREATE INDEX ix_events_recorded_by_number ON events (recorded_by, number) \
             WHERE number IS NOT NULL AND recorded_by IS NOT NULL; \
             CREATE INDEX ix_events_pending ON events (id) WHERE number IS NULL",
        )
        .await
        .map(drop)
}

/// The one row holds which numbers were assigned and deleted; a process that assigns numbers locks it.
async fn feed(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("event_feed")
        .col(column("id").integer().primary_key())
        .col(column("last").big_integer())
        .col(column("removed").big_integer())
        .check(Expr::col("id").eq(1))
        .to_owned();
    manager.create_table(table).await?;
    let row = "INSERT INTO event_feed (id, last, removed) VALUES (1, 0, 0)";
    manager.get_connection().execute_unprepared(row).await.map(drop)
}

/// Levels as they were last announced, and the first day on which the calendar may change them.
async fn levels(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let due = |name: &'static str| column(name).date().default(Expr::cust(DUE)).to_owned();
    let columns = [
        ("partner_balances", optional("technical_level").text().to_owned()),
        ("partner_balances", optional("business_level").text().to_owned()),
        ("partner_balances", due("levels_due")),
        ("professional_balances", optional("level").text().to_owned()),
        ("professional_balances", due("level_due")),
    ];
    for (table, column) in columns {
        let table = Table::alter().table(table).add_column(column).to_owned();
        manager.alter_table(table).await?;
    }
    index(manager, "partner_balances", &["levels_due"], false).await?;
    index(manager, "professional_balances", &["level_due"], false).await
}

/// Deals whose time runs: the row goes when they expire or are closed.
async fn deal_timers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("deal_timers")
        .col(column("deal_id").uuid().primary_key())
        .col(column("expires_on").date())
        .foreign_key(&mut references("deal_id", "deals", "id"))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "deal_timers", &["expires_on"], false).await?;
    let running = format!(
        "INSERT INTO deal_timers (deal_id, expires_on) SELECT id, {DUE} FROM deals WHERE status IN ('LEAD', 'ENGAGED')"
    );
    manager.get_connection().execute_unprepared(&running).await.map(drop)
}
