//! Merges of partners and of professionals: what a subject was merged into, the codes that it answers to, and whose each
//! fact was before. Owners of facts can change by a merge only.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{append_only, column, drop_tables, index, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const SUBJECTS: [&str; 2] = ["partners", "professionals"];

/// A table of facts, its columns of owners, and the others that never change.
struct Facts {
    table: &'static str,
    owners: &'static [&'static str],
    others: &'static [&'static str],
}

const FACTS: [Facts; 7] = [
    Facts {
        table: "activities",
        owners: &["partner_id", "professional_id"],
        others: &[
            "id",
            "seq",
            "kind",
            "occurred_on",
            "quantity",
            "points",
            "attributes",
            "source",
            "external_id",
            "recorded_at",
        ],
    },
    Facts {
        table: "affiliations",
        owners: &["partner_id", "professional_id"],
        others: &["id", "starts_on", "created_at", "replaces_id"],
    },
    Facts {
        table: "orders",
        owners: &["partner_id"],
        others: &[
            "id",
            "seq",
            "number",
            "purpose",
            "customer",
            "currency",
            "placed_on",
            "edition_id",
            "level",
            "credits",
            "max_credits",
            "credit_value",
            "idempotency_key",
            "recorded_at",
            "list",
            "net",
            "cap",
            "redeemed",
        ],
    },
    Facts {
        table: "quotes",
        owners: &["partner_id"],
        others: &[
            "id",
            "seq",
            "number",
            "purpose",
            "customer",
            "currency",
            "priced_on",
            "valid_until",
            "hold",
            "edition_id",
            "level",
            "credits",
            "max_credits",
            "credit_value",
            "recorded_at",
            "list",
            "net",
            "cap",
            "redeemed",
        ],
    },
    Facts {
        table: "deals",
        owners: &["partner_id"],
        others: &["id", "seq", "reference", "registered_on", "recorded_at"],
    },
    Facts {
        table: "contracts",
        owners: &["partner_id"],
        others: &["id", "reference", "starts_on", "agreed_until", "recorded_at"],
    },
    Facts {
        table: "swag_orders",
        owners: &["professional_id"],
        others: &[
            "id",
            "seq",
            "number",
            "item_id",
            "item_name",
            "quantity",
            "unit_price",
            "dojo_credits",
            "placed_on",
            "idempotency_key",
            "recorded_at",
        ],
    },
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        let uuid = if is_postgres { "uuid" } else { "uuid_text" };
        for table in SUBJECTS {
            let statement = format!(
                "ALTER TABLE {table} ADD COLUMN merged_into {uuid}; \
                 ALTER TABLE {table} ADD COLUMN former_codes text; \
                 CREATE INDEX ix_{table}_merged_into ON {table} (merged_into) WHERE merged_into IS NOT NULL"
            );
            connection.execute_unprepared(&statement).await?;
        }
        connection
            .execute_unprepared(&format!("ALTER TABLE subject_steps ADD COLUMN from_id {uuid}"))
            .await?;
        let table = Table::create()
            .table("merged_objects")
            .col(column("object_id").uuid())
            .col(column("log_seq").big_integer())
            .col(column("from_id").uuid())
            .primary_key(Index::create().col("object_id").col("log_seq"))
            .foreign_key(&mut references("log_seq", "log", "seq"))
            .to_owned();
        manager.create_table(table).await?;
        index(manager, "merged_objects", &["from_id", "log_seq"], false).await?;
        append_only(manager, "merged_objects", &[], &[&["object_id", "log_seq"]]).await?;
        if is_postgres {
            for (owner, subjects) in [("partner_id", "partners"), ("professional_id", "professionals")] {
                connection
                    .execute_unprepared(&format!(
                        "CREATE FUNCTION refuse_other_{owner}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                         IF {} THEN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END IF; RETURN NEW; END $$; \
                         DO $$ BEGIN EXECUTE format('ALTER FUNCTION refuse_other_{owner}() \
                         SET search_path = pg_catalog, %I, pg_temp', current_schema()); END $$",
                        is_no_merge(owner, subjects)
                    ))
                    .await?;
            }
        }
        for facts in &FACTS {
            guard(manager, facts.table, facts.others).await?;
            for owner in facts.owners {
                guard_owner(manager, facts.table, owner).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        for facts in &FACTS {
            let table = facts.table;
            for owner in facts.owners {
                let of = if is_postgres { format!(" ON {table}") } else { String::new() };
                connection.execute_unprepared(&format!("DROP TRIGGER {table}_{owner}_moves{of}")).await?;
            }
            let all: Vec<&str> = facts.others.iter().chain(facts.owners).copied().collect();
            guard(manager, table, &all).await?;
        }
        if is_postgres {
            let functions =
                "DROP FUNCTION refuse_other_partner_id(); DROP FUNCTION refuse_other_professional_id()";
            connection.execute_unprepared(functions).await?;
        }
        drop_tables(manager, &["merged_objects"]).await?;
        connection.execute_unprepared("ALTER TABLE subject_steps DROP COLUMN from_id").await?;
        for table in SUBJECTS {
            let statement = format!(
                "DROP INDEX ix_{table}_merged_into; ALTER TABLE {table} DROP COLUMN former_codes; \
                 ALTER TABLE {table} DROP COLUMN merged_into"
            );
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

/// Replaces the trigger that refuses changes of columns by one for these columns.
async fn guard(manager: &SchemaManager<'_>, table: &str, columns: &[&str]) -> Result<(), DbErr> {
    let of = columns.join(", ");
    let statement = if manager.get_database_backend() == DbBackend::Postgres {
        format!(
            "DROP TRIGGER {table}_no_update ON {table}; \
             CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {of} ON {table} \
             FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    } else {
        format!(
            "DROP TRIGGER {table}_no_update; \
             CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {of} ON {table} \
             BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    };
    manager.get_connection().execute_unprepared(&statement).await.map(drop)
}

/// Refuses another owner than the subject that the owner was merged into.
async fn guard_owner(manager: &SchemaManager<'_>, table: &str, owner: &str) -> Result<(), DbErr> {
    let subjects = if owner == "partner_id" { "partners" } else { "professionals" };
    let statement = if manager.get_database_backend() == DbBackend::Postgres {
        format!(
            "CREATE TRIGGER {table}_{owner}_moves BEFORE UPDATE OF {owner} ON {table} \
             FOR EACH ROW EXECUTE FUNCTION refuse_other_{owner}()"
        )
    } else {
        format!(
            "CREATE TRIGGER {table}_{owner}_moves BEFORE UPDATE OF {owner} ON {table} WHEN {} \
             BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
            is_no_merge(owner, subjects)
        )
    };
    manager.get_connection().execute_unprepared(&statement).await.map(drop)
}

fn is_no_merge(owner: &str, subjects: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM {subjects} s WHERE s.id = OLD.{owner} AND s.merged_into = NEW.{owner})"
    )
}
