//! The Dojo Credits that trials of editions give and take in sum; for trials of before, nothing is known of them.

use sea_orm_migration::prelude::*;

use crate::schema::column;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COLUMNS: [&str; 2] = ["dojo_credits_given", "dojo_credits_taken"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in COLUMNS {
            let column = column(name).big_integer().default(0).to_owned();
            manager.alter_table(Table::alter().table("edition_trials").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for column in COLUMNS {
            connection
                .execute_unprepared(&format!("ALTER TABLE edition_trials DROP COLUMN {column}"))
                .await?;
        }
        Ok(())
    }
}
