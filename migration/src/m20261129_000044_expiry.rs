//! When credits of partners and Dojo Credits of professionals expire next. Before, no edition let them expire.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::schema::optional;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Table and key.
const BALANCES: [(&str, &str); 2] =
    [("partner_balances", "partner_id"), ("professional_balances", "professional_id")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, key) in BALANCES {
            let column = optional("expires_on").date().to_owned();
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
            let index = format!(
                "CREATE INDEX ix_{table}_expires_on ON {table} (expires_on, {key}) WHERE expires_on IS NOT NULL"
            );
            manager.get_connection().execute_unprepared(&index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, _) in BALANCES {
            let connection = manager.get_connection();
            connection.execute_unprepared(&format!("DROP INDEX ix_{table}_expires_on")).await?;
            connection.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN expires_on")).await?;
        }
        Ok(())
    }
}
