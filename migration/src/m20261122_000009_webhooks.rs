//! Webhooks: endpoints that events are sent to, their secrets, deliveries, and what came of each attempt.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::schema::{column, drop_tables, index, one_of, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        endpoints(manager).await?;
        secrets(manager).await?;
        deliveries(manager).await?;
        attempts(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["webhook_attempts", "webhook_deliveries", "webhook_secrets", "webhook_endpoints"];
        drop_tables(manager, &tables).await
    }
}

async fn endpoints(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("webhook_endpoints")
        .col(column("id").uuid().primary_key())
        .col(column("url").text())
        .col(column("description").text())
        .col(optional("kinds").text())
        .col(optional("partner_id").uuid())
        .col(column("status").text())
        .col(optional("reason").text())
        .col(column("since").timestamp_with_time_zone())
        .col(column("position").big_integer())
        .col(column("created_at").timestamp_with_time_zone())
        .col(column("created_by").text())
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .check(one_of("status", &["ENABLED", "DISABLED"]))
        .to_owned();
    manager.create_table(table).await
}

/// A secret is kept as it is: signing needs it.
async fn secrets(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("webhook_secrets")
        .col(column("id").uuid().primary_key())
        .col(column("endpoint_id").uuid())
        .col(column("secret").text())
        .col(column("created_at").timestamp_with_time_zone())
        .col(optional("expires_at").timestamp_with_time_zone())
        .foreign_key(&mut references("endpoint_id", "webhook_endpoints", "id"))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "webhook_secrets", &["endpoint_id"], false).await
}

/// An event is delivered to an endpoint once, however often it is sent: tests have no number.
async fn deliveries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("webhook_deliveries")
        .col(column("id").uuid().primary_key())
        .col(column("endpoint_id").uuid())
        .col(optional("number").big_integer())
        .col(optional("kind").text())
        .col(optional("subject").uuid())
        .col(column("state").text())
        .col(column("tries").big_integer())
        .col(column("next_try_at").timestamp_with_time_zone())
        .col(optional("lease").uuid())
        .col(optional("leased_until").timestamp_with_time_zone())
        .col(column("created_at").timestamp_with_time_zone())
        .col(optional("delivered_at").timestamp_with_time_zone())
        .foreign_key(&mut references("endpoint_id", "webhook_endpoints", "id"))
        .check(one_of("state", &["PENDING", "DELIVERED", "FAILED"]))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "webhook_deliveries", &["endpoint_id", "number"], true).await?;
    index(manager, "webhook_deliveries", &["endpoint_id", "id"], false).await?;
    index(manager, "webhook_deliveries", &["number"], false).await?;
    // What was delivered leaves these: they are as long as what waits.
    manager
        .get_connection()
        .execute_unprepared(
            "CREATE INDEX ix_webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_try_at) \
             WHERE state = 'PENDING'; \
             CREATE INDEX ix_webhook_deliveries_subject ON webhook_deliveries (endpoint_id, subject, number) \
             WHERE state <> 'DELIVERED'",
        )
        .await
        .map(drop)
}

async fn attempts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("webhook_attempts")
        .col(column("id").uuid().primary_key())
        .col(column("delivery_id").uuid())
        .col(column("endpoint_id").uuid())
        .col(column("at").timestamp_with_time_zone())
        .col(column("duration_ms").big_integer())
        .col(optional("status_code").integer())
        .col(optional("error").text())
        .col(optional("response").text())
        .foreign_key(&mut references("delivery_id", "webhook_deliveries", "id"))
        .foreign_key(&mut references("endpoint_id", "webhook_endpoints", "id"))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "webhook_attempts", &["delivery_id", "id"], false).await?;
    index(manager, "webhook_attempts", &["endpoint_id"], false).await
}
