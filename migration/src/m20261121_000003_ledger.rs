//! What the facts came to: ledger entries of partners and points entries of professionals.

use sea_orm_migration::prelude::*;

use crate::schema::{append_only, column, drop_tables, index, one_of, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ledger_entries(manager).await?;
        points_entries(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["points_entries", "ledger_entries"]).await
    }
}

/// The columns that both kinds of entries have.
fn entry(table: &'static str, subject: &'static str, subjects: &'static str) -> TableCreateStatement {
    Table::create()
        .table(table)
        .col(column("id").uuid().primary_key())
        .col(column(subject).uuid())
        .col(column("number").big_integer())
        .col(column("log_seq").big_integer())
        .col(optional("activity_id").uuid())
        .col(column("effective_on").date())
        .col(column("recorded_at").timestamp_with_time_zone())
        .col(column("reason").text())
        .col(optional("kind").text())
        .col(optional("edition_id").uuid())
        .col(optional("window_start").date())
        .col(optional("units_before").big_integer())
        .col(optional("units_after").big_integer())
        .foreign_key(&mut references(subject, subjects, "id"))
        .foreign_key(&mut references("log_seq", "log", "seq"))
        .foreign_key(&mut references("activity_id", "activities", "id"))
        .foreign_key(&mut references("edition_id", "editions", "id"))
        .check(Expr::col("number").gte(1))
        .to_owned()
}

async fn ledger_entries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let reasons = ["ACTIVITY", "VOID", "AFFILIATION", "LEGACY", "REDEMPTION", "REDEMPTION_RETURNED"];
    let mut table = entry("ledger_entries", "partner_id", "partners");
    table
        .col(optional("track").text())
        .col(column("level_credits").big_integer())
        .col(column("spendable_credits").big_integer())
        .col(column("balance_after").big_integer())
        .col(column("day_after").big_integer())
        .check(one_of("reason", &reasons))
        .check(one_of("track", &["TECHNICAL", "BUSINESS"]));
    manager.create_table(table).await?;
    index(manager, "ledger_entries", &["partner_id", "number"], true).await?;
    index(manager, "ledger_entries", &["partner_id", "recorded_at", "number"], false).await?;
    index(manager, "ledger_entries", &["partner_id", "track", "effective_on", "number"], false).await?;
    append_only(manager, "ledger_entries", &[], &[&["id"], &["partner_id", "number"]]).await
}

async fn points_entries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = entry("points_entries", "professional_id", "professionals");
    table
        .col(column("points").big_integer())
        .col(column("dojo_credits").big_integer())
        .col(column("dojo_balance_after").big_integer())
        .col(column("day_after").big_integer())
        .check(one_of("reason", &["ACTIVITY", "VOID"]));
    manager.create_table(table).await?;
    index(manager, "points_entries", &["professional_id", "number"], true).await?;
    index(manager, "points_entries", &["professional_id", "recorded_at", "number"], false).await?;
    index(manager, "points_entries", &["professional_id", "effective_on", "number"], false).await?;
    append_only(manager, "points_entries", &[], &[&["id"], &["professional_id", "number"]]).await
}
