//! Projections, written in the same transaction as the entries that they sum up: balances,
//! tallies, days and totals. `verify` works each of them out again from the log.

use sea_orm_migration::prelude::*;

use crate::schema::{column, drop_tables, one_of, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        balances(manager).await?;
        tallies(manager, "partner_tallies", "partner_id", "partners").await?;
        tallies(manager, "professional_tallies", "professional_id", "professionals").await?;
        partner_totals(manager).await?;
        professional_totals(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            "professional_totals",
            "professional_days",
            "partner_totals",
            "partner_days",
            "professional_tallies",
            "partner_tallies",
            "professional_balances",
            "partner_balances",
        ];
        drop_tables(manager, &tables).await
    }
}

/// One narrow row a subject: what it holds now, and the lock that its writers take.
async fn balances(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let partners = Table::create()
        .table("partner_balances")
        .col(column("partner_id").uuid().primary_key())
        .col(column("credits").big_integer().default(0))
        .col(column("level_credits").big_integer().default(0))
        .col(column("entries").big_integer().default(0))
        .col(optional("last_recorded_at").timestamp_with_time_zone())
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .to_owned();
    manager.create_table(partners).await?;
    let professionals = Table::create()
        .table("professional_balances")
        .col(column("professional_id").uuid().primary_key())
        .col(column("dojo_credits").big_integer().default(0))
        .col(column("points").big_integer().default(0))
        .col(column("entries").big_integer().default(0))
        .col(optional("last_recorded_at").timestamp_with_time_zone())
        .foreign_key(&mut references("professional_id", "professionals", "id"))
        .to_owned();
    manager.create_table(professionals).await
}

/// Units per subject, rule and window.
async fn tallies(
    manager: &SchemaManager<'_>,
    table: &'static str,
    subject: &'static str,
    subjects: &'static str,
) -> Result<(), DbErr> {
    let table = Table::create()
        .table(table)
        .col(column(subject).uuid())
        .col(column("rule").text())
        .col(column("window_start").date())
        .col(column("units").big_integer())
        .col(column("awarded").big_integer())
        .col(column("latest_on").date())
        .primary_key(Index::create().col(subject).col("rule").col("window_start"))
        .foreign_key(&mut references(subject, subjects, "id"))
        .to_owned();
    manager.create_table(table).await
}

async fn partner_totals(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let days = Table::create()
        .table("partner_days")
        .col(column("partner_id").uuid())
        .col(column("track").text())
        .col(column("day").date())
        .col(column("credits").big_integer())
        .primary_key(Index::create().col("partner_id").col("track").col("day"))
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .check(one_of("track", &["TECHNICAL", "BUSINESS"]))
        .to_owned();
    manager.create_table(days).await?;
    let totals = Table::create()
        .table("partner_totals")
        .col(column("partner_id").uuid())
        .col(column("period").integer())
        .col(column("technical").big_integer())
        .col(optional("technical_last_on").date())
        .col(column("technical_reached").text())
        .col(column("business").big_integer())
        .col(optional("business_last_on").date())
        .col(column("business_reached").text())
        .col(column("total").big_integer())
        .primary_key(Index::create().col("partner_id").col("period"))
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .check(Expr::col("total").eq(Expr::col("technical").add(Expr::col("business"))))
        .to_owned();
    manager.create_table(totals).await?;
    manager
        .create_index(
            Index::create()
                .name("ix_partner_totals_period_total")
                .table("partner_totals")
                .col("period")
                .col(("total", IndexOrder::Desc))
                .col("partner_id")
                .to_owned(),
        )
        .await
}

async fn professional_totals(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let days = Table::create()
        .table("professional_days")
        .col(column("professional_id").uuid())
        .col(column("day").date())
        .col(column("points").big_integer())
        .primary_key(Index::create().col("professional_id").col("day"))
        .foreign_key(&mut references("professional_id", "professionals", "id"))
        .to_owned();
    manager.create_table(days).await?;
    let totals = Table::create()
        .table("professional_totals")
        .col(column("professional_id").uuid())
        .col(column("membership_year").integer())
        .col(column("points").big_integer())
        .col(column("last_on").date())
        .primary_key(Index::create().col("professional_id").col("membership_year"))
        .foreign_key(&mut references("professional_id", "professionals", "id"))
        .to_owned();
    manager.create_table(totals).await
}
