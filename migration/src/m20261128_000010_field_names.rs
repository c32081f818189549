//! Names of the API in stored data: attempts of webhook deliveries, and time-based level changes in events.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Columns of `webhook_deliveries`: old and new name.
const COLUMNS: [(&str, &str); 2] = [("tries", "attempts"), ("next_try_at", "next_attempt_at")];
/// A key in the data of level events: old and new name.
const KEY: (&str, &str) = ("byCalendar", "timeBased");

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (old, new) in COLUMNS {
            rename_column(manager, old, new).await?;
        }
        rename_key(manager, KEY.0, KEY.1).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (old, new) in COLUMNS {
            rename_column(manager, new, old).await?;
        }
        rename_key(manager, KEY.1, KEY.0).await
    }
}

/// Indexes follow the column.
async fn rename_column(manager: &SchemaManager<'_>, from: &str, to: &str) -> Result<(), DbErr> {
    let rename = format!("ALTER TABLE webhook_deliveries RENAME COLUMN {from} TO {to}");
    manager.get_connection().execute_unprepared(&rename).await.map(drop)
}

/// The data is compact JSON, and no other key of it ends in the same name.
async fn rename_key(manager: &SchemaManager<'_>, from: &str, to: &str) -> Result<(), DbErr> {
    let rename = format!(
        "UPDATE events SET data = REPLACE(data, '\"{from}\":', '\"{to}\":') \
         WHERE kind IN ('LEVEL_REACHED', 'LEVEL_LAPSED')"
    );
    manager.get_connection().execute_unprepared(&rename).await.map(drop)
}
