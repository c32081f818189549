//! Who takes part, and by which policy: editions, partners, professionals, affiliations.

use sea_orm_migration::prelude::*;

use crate::schema::{append_only, column, drop_tables, index, optional, ordered_text, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        editions(manager).await?;
        partners(manager).await?;
        professionals(manager).await?;
        affiliations(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["affiliations", "professionals", "partners", "editions"]).await
    }
}

async fn editions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("editions")
        .col(column("id").uuid().primary_key())
        .col(column("effective_from").date().unique_key())
        .col(column("name").text())
        .col(column("document").text())
        .col(column("published_at").timestamp_with_time_zone())
        .to_owned();
    manager.create_table(table).await?;
    append_only(manager, "editions", &[]).await
}

async fn partners(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("partners")
        .col(column("id").uuid().primary_key())
        .col(ordered_text(manager, "code").unique_key())
        .col(ordered_text(manager, "name"))
        .col(column("enrolled_on").date())
        .col(column("created_at").timestamp_with_time_zone())
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "partners", &["name", "id"], false).await?;
    index(manager, "partners", &["enrolled_on", "id"], false).await
}

async fn professionals(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("professionals")
        .col(column("id").uuid().primary_key())
        .col(ordered_text(manager, "code").unique_key())
        .col(ordered_text(manager, "name"))
        .col(column("email").text())
        .col(column("signed_up_on").date())
        .col(column("created_at").timestamp_with_time_zone())
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "professionals", &["name", "id"], false).await?;
    index(manager, "professionals", &["signed_up_on", "id"], false).await
}

async fn affiliations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("affiliations")
        .col(column("id").uuid().primary_key())
        .col(column("professional_id").uuid())
        .col(column("partner_id").uuid())
        .col(column("starts_on").date())
        .col(optional("ends_on").date())
        .col(column("created_at").timestamp_with_time_zone())
        .foreign_key(&mut references("professional_id", "professionals", "id"))
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .check(Expr::col("ends_on").gte(Expr::col("starts_on")))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "affiliations", &["professional_id", "starts_on"], true).await?;
    index(manager, "affiliations", &["partner_id", "professional_id"], false).await?;
    manager
        .get_connection()
        .execute_unprepared(
            "CREATE UNIQUE INDEX uq_affiliations_open ON affiliations (professional_id) WHERE ends_on IS NULL",
        )
        .await?;
    append_only(manager, "affiliations", &["id", "professional_id", "partner_id", "starts_on", "created_at"])
        .await
}
