//! Facts: activities, and the log of what took effect in which order.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{append_only, column, drop_tables, index, one_of, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        activities(manager).await?;
        log(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["log", "activities"]).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("DROP SEQUENCE log_seq").await?;
        }
        Ok(())
    }
}

/// Facts never change; status and what an activity awarded so far are projections beside them.
async fn activities(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let partner = || Expr::col("partner_id");
    let professional = || Expr::col("professional_id");
    let one_subject = (partner().is_null().and(professional().is_not_null()))
        .or(partner().is_not_null().and(professional().is_null()));
    let table = Table::create()
        .table("activities")
        .col(column("id").uuid().primary_key())
        .col(column("seq").big_integer().unique_key())
        .col(optional("partner_id").uuid())
        .col(optional("professional_id").uuid())
        .col(column("kind").text())
        .col(column("occurred_on").date())
        .col(column("quantity").big_integer())
        .col(optional("points").big_integer())
        .col(column("attributes").text())
        .col(column("source").text())
        .col(column("external_id").text())
        .col(column("recorded_at").timestamp_with_time_zone())
        .col(column("status").text())
        .col(optional("graded_points").big_integer())
        .col(column("awarded_points").big_integer().default(0))
        .col(column("awarded_credits").big_integer().default(0))
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .foreign_key(&mut references("professional_id", "professionals", "id"))
        .check(one_subject)
        .check(Expr::col("quantity").gte(1))
        .check(one_of("status", &["PENDING_REVIEW", "RECORDED", "REJECTED", "VOIDED"]))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "activities", &["source", "external_id"], true).await?;
    index(manager, "activities", &["partner_id", "seq"], false).await?;
    index(manager, "activities", &["professional_id", "seq"], false).await?;
    let facts = [
        "id",
        "seq",
        "partner_id",
        "professional_id",
        "kind",
        "occurred_on",
        "quantity",
        "points",
        "attributes",
        "source",
        "external_id",
        "recorded_at",
    ];
    append_only(manager, "activities", &facts, &[&["id"], &["seq"], &["source", "external_id"]]).await
}

async fn log(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let activity = || Expr::col("activity_id");
    let affiliation = || Expr::col("affiliation_id");
    let one_object = (activity().is_null().and(affiliation().is_not_null()))
        .or(activity().is_not_null().and(affiliation().is_null()));
    let actions =
        ["SUBMITTED", "RECORDED", "APPROVED", "REJECTED", "VOIDED", "AFFILIATED", "AFFILIATION_ENDED"];
    let table = Table::create()
        .table("log")
        .col(column("seq").big_integer().primary_key())
        .col(column("recorded_at").timestamp_with_time_zone())
        .col(column("action").text())
        .col(optional("activity_id").uuid())
        .col(optional("affiliation_id").uuid())
        .col(optional("points").big_integer())
        .col(optional("ends_on").date())
        .col(optional("reason").text())
        .foreign_key(&mut references("activity_id", "activities", "id"))
        .foreign_key(&mut references("affiliation_id", "affiliations", "id"))
        .check(one_object)
        .check(one_of("action", &actions))
        .check(Expr::col("seq").gte(1))
        .to_owned();
    manager.create_table(table).await?;
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared("CREATE SEQUENCE log_seq").await?;
    }
    // An activity is recorded, approved and voided once each, and an affiliation ends once.
    index(manager, "log", &["activity_id", "action"], true).await?;
    index(manager, "log", &["affiliation_id", "action"], true).await?;
    append_only(manager, "log", &[], &[&["seq"], &["activity_id", "action"], &["affiliation_id", "action"]])
        .await
}
