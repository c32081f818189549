//! Who may do what, and who did: API keys, the audit log, and by which integration activities and deals
//! came.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{append_only, column, drop_tables, index, one_of, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const ROLES: [&str; 5] = ["ADMINISTRATOR", "PROGRAM_STAFF", "INTEGRATOR", "PARTNER", "PROFESSIONAL"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        api_keys(manager).await?;
        audit_log(manager).await?;
        for table in ["activities", "deals"] {
            recorded_by(manager, table).await?;
        }
        let erased_at = optional("erased_at").timestamp_with_time_zone().to_owned();
        let table = Table::alter().table("professionals").add_column(erased_at).to_owned();
        manager.alter_table(table).await?;
        addresses_may_be_gone(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let there = if manager.get_database_backend() == DbBackend::Postgres {
            "UPDATE professionals SET email = '' WHERE email IS NULL; \
             ALTER TABLE professionals ALTER COLUMN email SET NOT NULL"
        } else {
            "ALTER TABLE professionals ADD COLUMN address text NOT NULL DEFAULT ''; \
             UPDATE professionals SET address = COALESCE(email, ''); \
             ALTER TABLE professionals DROP COLUMN email; \
             ALTER TABLE professionals RENAME COLUMN address TO email"
        };
        connection.execute_unprepared(there).await?;
        connection.execute_unprepared("ALTER TABLE professionals DROP COLUMN erased_at").await?;
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        for table in ["activities", "deals"] {
            let on_table = if postgres { format!("ON {table}") } else { String::new() };
            let trigger = format!("DROP TRIGGER {table}_recorded_by_no_update {on_table}");
            connection.execute_unprepared(&trigger).await?;
            connection.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN recorded_by")).await?;
        }
        drop_tables(manager, &["audit_log", "api_keys"]).await
    }
}

/// A person who was erased has no address. SQLite can't take a column's NOT NULL away: a new one takes
/// its name.
async fn addresses_may_be_gone(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statements = if manager.get_database_backend() == DbBackend::Postgres {
        "ALTER TABLE professionals ALTER COLUMN email DROP NOT NULL"
    } else {
        "ALTER TABLE professionals ADD COLUMN address text; UPDATE professionals SET address = email; \
         ALTER TABLE professionals DROP COLUMN email; \
         ALTER TABLE professionals RENAME COLUMN address TO email"
    };
    manager.get_connection().execute_unprepared(statements).await.map(drop)
}

/// A key is kept as the digest of its text only.
async fn api_keys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("api_keys")
        .col(column("id").uuid().primary_key())
        .col(column("prefix").text())
        .col(column("digest").text().unique_key())
        .col(column("role").text())
        .col(optional("partner_id").uuid())
        .col(optional("professional_id").uuid())
        .col(optional("integration").text())
        .col(column("label").text())
        .col(optional("sources").text())
        .col(column("read_only").boolean())
        .col(column("created_at").timestamp_with_time_zone())
        .col(column("created_by").text())
        .col(optional("expires_at").timestamp_with_time_zone())
        .col(optional("last_used_at").timestamp_with_time_zone())
        .col(optional("revoked_at").timestamp_with_time_zone())
        .foreign_key(&mut references("partner_id", "partners", "id"))
        .foreign_key(&mut references("professional_id", "professionals", "id"))
        .check(one_of("role", &ROLES))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "api_keys", &["professional_id"], false).await
}

async fn audit_log(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("audit_log")
        .col(column("id").uuid().primary_key())
        .col(column("at").timestamp_with_time_zone())
        .col(column("actor").text())
        .col(column("role").text())
        .col(column("operation").text())
        .col(column("object_type").text())
        .col(column("object_id").uuid())
        .col(optional("partner_id").uuid())
        .col(optional("professional_id").uuid())
        .col(optional("request_id").text())
        .col(optional("before").text())
        .col(optional("after").text())
        .check(one_of("role", &ROLES))
        .to_owned();
    manager.create_table(table).await?;
    index(manager, "audit_log", &["actor", "id"], false).await?;
    // Each row is about one subject or none, so the indexes hold those rows only.
    for subject in ["partner_id", "professional_id"] {
        let index = format!(
            "CREATE INDEX ix_audit_log_{subject}_id ON audit_log ({subject}, id) WHERE {subject} IS NOT NULL"
        );
        manager.get_connection().execute_unprepared(&index).await?;
    }
    append_only(manager, "audit_log", &[], &[&["id"]]).await
}

/// The integration is a fact like the rest of an activity or deal: it never changes.
async fn recorded_by(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    let recorded_by = optional("recorded_by").text().to_owned();
    let table = Table::alter().table(name).add_column(recorded_by).to_owned();
    manager.alter_table(table).await?;
    let refuse = if manager.get_database_backend() == DbBackend::Postgres {
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()".to_owned()
    } else {
        format!("BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END")
    };
    let trigger = format!(
        "CREATE TRIGGER {name}_recorded_by_no_update BEFORE UPDATE OF recorded_by ON {name} {refuse}"
    );
    manager.get_connection().execute_unprepared(&trigger).await.map(drop)
}
