//! An activity that takes the place of a rejected or voided one with the same key, and the last day for the evidence of
//! a claim.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::optional;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// A key is that of the newest activity that has it.
const UNIQUE: &str =
    "CREATE UNIQUE INDEX uq_activities_key ON activities (source, external_id) WHERE replaced_by IS NULL";
/// The index of before.
const UNIQUE_BEFORE: &str =
    "CREATE UNIQUE INDEX uq_activities_source_external_id ON activities (source, external_id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let columns = [
            optional("replaces").uuid().to_owned(),
            optional("replaced_by").uuid().to_owned(),
            optional("evidence_due_on").date().to_owned(),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("activities").add_column(column).to_owned()).await?;
        }
        for statement in [
            "DROP INDEX uq_activities_source_external_id",
            UNIQUE,
            "CREATE UNIQUE INDEX uq_activities_replaces ON activities (replaces) WHERE replaces IS NOT NULL",
            "CREATE INDEX ix_activities_evidence ON activities (evidence_due_on) WHERE status = 'PENDING_REVIEW'",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        facts(manager).await?;
        never_replaced(manager, " AND replaced_by IS NULL").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let on = if manager.get_database_backend() == DbBackend::Postgres { " ON activities" } else { "" };
        for column in FACTS {
            let drop = format!("DROP TRIGGER activities_{column}_no_update{on}");
            connection.execute_unprepared(&drop).await?;
        }
        for statement in [
            "DROP INDEX ix_activities_evidence",
            "DROP INDEX uq_activities_replaces",
            "DROP INDEX uq_activities_key",
            UNIQUE_BEFORE,
        ] {
            connection.execute_unprepared(statement).await?;
        }
        never_replaced(manager, "").await?;
        for column in ["replaces", "replaced_by", "evidence_due_on"] {
            connection.execute_unprepared(&format!("ALTER TABLE activities DROP COLUMN {column}")).await?;
        }
        Ok(())
    }
}

/// Columns that never change.
const FACTS: [&str; 2] = ["replaces", "evidence_due_on"];

async fn facts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let refuse = if manager.get_database_backend() == DbBackend::Postgres {
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    } else {
        "BEGIN SELECT RAISE(ABORT, 'activities is append-only'); END"
    };
    for column in FACTS {
        let trigger = format!(
            "CREATE TRIGGER activities_{column}_no_update BEFORE UPDATE OF {column} ON activities {refuse}"
        );
        manager.get_connection().execute_unprepared(&trigger).await?;
    }
    Ok(())
}

/// Makes SQLite refuse `INSERT OR REPLACE` of a row that holds a key.
async fn never_replaced(manager: &SchemaManager<'_>, newest: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        return Ok(());
    }
    let connection = manager.get_connection();
    connection.execute_unprepared("DROP TRIGGER activities_no_replace").await?;
    let trigger = format!(
        "CREATE TRIGGER activities_no_replace BEFORE INSERT ON activities \
         WHEN EXISTS (SELECT 1 FROM activities WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM activities WHERE seq = NEW.seq) \
         OR EXISTS (SELECT 1 FROM activities WHERE source = NEW.source AND external_id = NEW.external_id{newest}) \
         BEGIN SELECT RAISE(ABORT, 'activities is append-only'); END"
    );
    connection.execute_unprepared(&trigger).await.map(drop)
}
