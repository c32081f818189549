//! Overrides of levels: steps of the log, and what holds of them beside each subject.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const SUBJECTS: [&str; 2] = ["partners", "professionals"];
const COLUMNS: [(&str, &str); 4] =
    [("track", "text"), ("level", "text"), ("override_seq", "bigint"), ("made_by", "text")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in SUBJECTS {
            let statement = format!("ALTER TABLE {table} ADD COLUMN level_overrides text");
            connection.execute_unprepared(&statement).await?;
        }
        for (column, kind) in COLUMNS {
            let statement = format!("ALTER TABLE subject_steps ADD COLUMN {column} {kind}");
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for (column, _) in COLUMNS {
            let statement = format!("ALTER TABLE subject_steps DROP COLUMN {column}");
            connection.execute_unprepared(&statement).await?;
        }
        for table in SUBJECTS {
            let statement = format!("ALTER TABLE {table} DROP COLUMN level_overrides");
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}
