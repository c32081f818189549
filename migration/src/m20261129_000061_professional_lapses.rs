//! The day on which the level of a professional lapses, which need not be an anniversary: an override ends on any day.
//! The program computes it for the rows that there are when it starts.

use sea_orm_migration::prelude::*;

use crate::schema::optional;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Name, and what it is on.
const INDEXES: [(&str, &str); 2] = [
    ("ix_professional_balances_lapse", "professional_balances (lapses_on, professional_id)"),
    ("ix_professional_balances_unknown", "professional_balances (professional_id) WHERE lapses_on IS NULL"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = optional("lapses_on").date().to_owned();
        manager
            .alter_table(Table::alter().table("professional_balances").add_column(column).to_owned())
            .await?;
        let connection = manager.get_connection();
        // What was looked for until now was the anniversary.
        connection.execute_unprepared("DROP INDEX ix_professional_balances_unknown").await?;
        for (name, on) in INDEXES {
            connection.execute_unprepared(&format!("CREATE INDEX {name} ON {on}")).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for (name, _) in INDEXES {
            connection.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        connection.execute_unprepared("ALTER TABLE professional_balances DROP COLUMN lapses_on").await?;
        let before = "CREATE INDEX ix_professional_balances_unknown ON professional_balances (professional_id) \
                      WHERE renews_on IS NULL";
        connection.execute_unprepared(before).await.map(drop)
    }
}
