//! Quotes that are saved: with a number, a last day, everything that they were priced with, and perhaps credits that
//! are held for them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{append_only, column, drop_tables, index, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Tables whose rows may be about a quote.
const ABOUT: [&str; 3] = ["log", "ledger_entries", "orders"];
/// Steps that happen to a quote once.
const ONCE: &str = "'QUOTE_SAVED', 'QUOTE_PLACED', 'QUOTE_EXPIRED', 'QUOTE_WITHDRAWN'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        quotes(manager).await?;
        lines(manager).await?;
        let connection = manager.get_connection();
        let uuid = if manager.get_database_backend() == DbBackend::Postgres { "uuid" } else { "uuid_text" };
        for table in ABOUT {
            let add = format!(
                "ALTER TABLE {table} ADD COLUMN quote_id {uuid} REFERENCES quotes (id) ON DELETE RESTRICT"
            );
            connection.execute_unprepared(&add).await?;
        }
        let indexes = format!(
            "CREATE INDEX ix_log_quote_id ON log (quote_id, seq) WHERE quote_id IS NOT NULL; \
             CREATE UNIQUE INDEX uq_log_quote_id_once ON log (quote_id, action) WHERE action IN ({ONCE}); \
             CREATE UNIQUE INDEX uq_ledger_entries_quote_id ON ledger_entries (quote_id, reason) \
             WHERE quote_id IS NOT NULL; \
             CREATE UNIQUE INDEX uq_orders_quote_id ON orders (quote_id) WHERE quote_id IS NOT NULL; \
             CREATE INDEX ix_quotes_open ON quotes (valid_until, id) WHERE status = 'OPEN'"
        );
        connection.execute_unprepared(&indexes).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for index in
            ["uq_orders_quote_id", "uq_ledger_entries_quote_id", "uq_log_quote_id_once", "ix_log_quote_id"]
        {
            connection.execute_unprepared(&format!("DROP INDEX {index}")).await?;
        }
        for table in ABOUT {
            connection.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN quote_id")).await?;
        }
        drop_tables(manager, &["quote_lines", "quotes"]).await
    }
}

/// What a quote was priced with never changes; its status and the day of it are projections.
async fn quotes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = Table::create()
        .table("quotes")
        .col(column("id").uuid().primary_key())
        .col(column("seq").big_integer().unique_key())
        .col(column("number").text().unique_key())
        .col(column("partner_id").uuid())
        .col(column("purpose").text())
        .col(optional("customer").text())
        .col(column("currency").text())
        .col(column("priced_on").date())
        .col(column("valid_until").date())
        .col(column("hold").boolean())
        .col(column("edition_id").uuid())
        .col(column("level").text())
        .col(column("credits").big_integer())
        .col(column("max_credits").big_integer())
        .col(optional("credit_value").big_integer())
        .col(column("recorded_at").timestamp_with_time_zone())
        .col(column("status").text())
        .col(optional("closed_on").date())
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .foreign_key(&mut references("edition_id", "editions", "id"))
        .check(Expr::col("credits").between(0, Expr::col("max_credits")))
        .check(Expr::col("redeemed").between(0, Expr::col("net")))
        .check(Expr::col("valid_until").gte(Expr::col("priced_on")))
        .to_owned();
    for amount in ["list", "net", "cap", "redeemed"] {
        table.col(column(amount).big_integer());
    }
    manager.create_table(table).await?;
    index(manager, "quotes", &["partner_id", "seq"], false).await?;
    let facts = [
        "id",
        "seq",
        "number",
        "partner_id",
        "purpose",
        "customer",
        "currency",
        "priced_on",
        "valid_until",
        "hold",
        "edition_id",
        "level",
        "credits",
        "max_credits",
        "credit_value",
        "recorded_at",
        "list",
        "net",
        "cap",
        "redeemed",
    ];
    append_only(manager, "quotes", &facts, &[&["id"], &["seq"], &["number"]]).await
}

async fn lines(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("quote_lines")
        .col(column("quote_id").uuid())
        .col(column("line").integer())
        .col(column("product_id").uuid())
        .col(column("product_code").text())
        .col(column("product_name").text())
        .col(column("category").text())
        .col(column("quantity").big_integer())
        .col(column("unit_price").big_integer())
        .col(column("discount_percent").text())
        .col(optional("contract_id").uuid())
        .col(column("cap_percent").text())
        .col(column("list").big_integer())
        .col(column("net").big_integer())
        .col(column("cap").big_integer())
        .col(column("redeemed").big_integer())
        .primary_key(Index::create().col("quote_id").col("line"))
        .foreign_key(&mut references("quote_id", "quotes", "id"))
        .foreign_key(&mut references("product_id", "products", "id"))
        .foreign_key(&mut references("contract_id", "contracts", "id"))
        .check(Expr::col("quantity").gte(1))
        .check(Expr::col("redeemed").between(0, Expr::col("cap")))
        .to_owned();
    manager.create_table(table).await?;
    append_only(manager, "quote_lines", &[], &[&["quote_id", "line"]]).await
}
