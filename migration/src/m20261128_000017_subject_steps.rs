//! Partners and professionals change: names, first days and last days, as steps of the log.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::schema::{append_only, column, drop_tables, index, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const SUBJECTS: [&str; 2] = ["partners", "professionals"];
/// Tables whose codes are unique in every case.
const CODES: [&str; 4] = ["partners", "professionals", "products", "swag_items"];
const BALANCES: [&str; 2] = ["partner_balances", "professional_balances"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let day = if manager.get_database_backend() == DbBackend::Postgres { "date" } else { "date_text" };
        for table in SUBJECTS {
            let statement = format!(
                "ALTER TABLE {table} ADD COLUMN left_on {day}; \
                 ALTER TABLE {table} ADD COLUMN changes bigint NOT NULL DEFAULT 0"
            );
            connection.execute_unprepared(&statement).await?;
        }
        // Writers lock the balance, and see by the number whether they have read the subject as it was before.
        for table in BALANCES {
            let statement = format!("ALTER TABLE {table} ADD COLUMN changes bigint NOT NULL DEFAULT 0");
            connection.execute_unprepared(&statement).await?;
        }
        for table in CODES {
            unique_in_every_case(manager, table).await?;
        }
        subject_steps(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["subject_steps"]).await?;
        let connection = manager.get_connection();
        for table in SUBJECTS {
            let statement = format!(
                "ALTER TABLE {table} DROP COLUMN left_on; \
                 ALTER TABLE {table} DROP COLUMN changes"
            );
            connection.execute_unprepared(&statement).await?;
        }
        for table in BALANCES {
            connection.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN changes")).await?;
        }
        for table in CODES {
            connection.execute_unprepared(&format!("DROP INDEX uq_{table}_code_any_case")).await?;
        }
        Ok(())
    }
}

/// No two codes differ by case only, but those that did before: all but the first are left out.
async fn unique_in_every_case(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let query = format!(
        "SELECT code FROM {table} t WHERE EXISTS \
         (SELECT 1 FROM {table} o WHERE LOWER(o.code) = LOWER(t.code) AND o.code < t.code) ORDER BY code"
    );
    let query = Statement::from_string(manager.get_database_backend(), query);
    let rows = connection.query_all_raw(query).await?;
    let codes: Vec<String> = rows.iter().map(|row| row.try_get("", "code")).collect::<Result<_, _>>()?;
    let codes: Vec<String> = codes.iter().map(|code| format!("'{}'", code.replace('\'', "''"))).collect();
    let others =
        if codes.is_empty() { String::new() } else { format!(" WHERE code NOT IN ({})", codes.join(", ")) };
    let index = format!("CREATE UNIQUE INDEX uq_{table}_code_any_case ON {table} (LOWER(code)){others}");
    connection.execute_unprepared(&index).await.map(drop)
}

/// What steps about partners and professionals changed. Names are not among it: they can be erased, and this can't.
async fn subject_steps(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("subject_steps")
        .col(column("log_seq").big_integer().primary_key())
        .col(optional("partner_id").uuid())
        .col(optional("professional_id").uuid())
        .col(optional("first_day_before").date())
        .col(optional("first_day").date())
        .col(optional("last_day_before").date())
        .col(optional("last_day").date())
        .foreign_key(&mut references("log_seq", "log", "seq"))
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .foreign_key(&mut references("professional_id", "professionals", "id"))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "subject_steps", &["partner_id", "log_seq"], false).await?;
    index(manager, "subject_steps", &["professional_id", "log_seq"], false).await?;
    append_only(manager, "subject_steps", &[], &[&["log_seq"]]).await
}
