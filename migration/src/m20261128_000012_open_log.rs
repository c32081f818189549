//! The log and the entries take corrections: what can happen to an object more than once, what concerns a
//! subject itself, and who did it. With it, the keys of mutations that may be sent again.
//!
//! Checks that repeat the words of an enumeration go: the program has each list once, and SQLite can't change
//! a check without a copy of the table. Removing one does not touch the rows, so its text is taken out of the schema.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};

use crate::schema::{column, index, never_replaced, optional};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Checks that go: table, how the condition begins on SQLite, and the constraint's name on PostgreSQL.
const CHECKS: [(&str, &str, &str); 12] = [
    ("activities", "\"status\" IN (", "activities_status_check"),
    ("deal_steps", "\"outcome\" IN (", "deal_steps_outcome_check"),
    ("deal_steps", "\"report\" IN (", "deal_steps_report_check"),
    ("deal_steps", "\"status\" IN (", "deal_steps_status_check"),
    ("deals", "\"status\" IN (", "deals_status_check"),
    ("events", "\"kind\" IN (", "events_kind_check"),
    ("ledger_entries", "\"reason\" IN (", "ledger_entries_reason_check"),
    ("log", "\"action\" IN (", "log_action_check"),
    ("log", "(activity_id IS NOT NULL) + ", "log_check"),
    ("orders", "\"status\" IN (", "orders_status_check"),
    ("points_entries", "\"reason\" IN (", "points_entries_reason_check"),
    ("swag_orders", "\"status\" IN (", "swag_orders_status_check"),
];

/// Unique keys that go, with the columns that a plain index still serves.
const KEYS: [(&str, &str, &[&str]); 8] = [
    ("uq_log_activity_id_action", "log", &["activity_id", "action"]),
    ("uq_log_affiliation_id_action", "log", &["affiliation_id", "action"]),
    ("uq_log_order_id_action", "log", &["order_id", "action"]),
    ("uq_log_swag_order_id_action", "log", &["swag_order_id", "action"]),
    ("uq_log_deal_once", "log", &["deal_id", "action"]),
    ("uq_ledger_entries_order_id_reason", "ledger_entries", &["order_id", "reason"]),
    ("uq_ledger_entries_deal_id_kind", "ledger_entries", &["deal_id", "kind"]),
    ("uq_points_entries_swag_order_id_reason", "points_entries", &["swag_order_id", "reason"]),
];

/// What still happens to an object once only: key, and the actions.
const ONCE: [(&str, &[&str]); 5] = [
    ("activity_id", &["SUBMITTED", "RECORDED", "APPROVED", "REJECTED", "VOIDED"]),
    ("affiliation_id", &["AFFILIATED"]),
    ("order_id", &["ORDER_PLACED", "ORDER_FULFILLED", "ORDER_CANCELLED"]),
    ("swag_order_id", &["SWAG_ORDERED", "SWAG_CANCELLED"]),
    ("deal_id", &["DEAL_REGISTERED"]),
];

/// Triggers of SQLite that guard the unique keys which go.
const TRIGGERS: [(&str, &str); 4] = [
    ("log", "no_replace"),
    ("log", "no_second"),
    ("ledger_entries", "no_second"),
    ("points_entries", "no_second"),
];

/// Columns of the log: who did it, the subject or contract that it concerns, and further values as JSON.
const COLUMNS: [(&str, Option<&str>); 6] = [
    ("actor", None),
    ("actor_role", None),
    ("partner_id", Some("partners")),
    ("professional_id", Some("professionals")),
    ("contract_id", Some("contracts")),
    ("data", None),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        if is_postgres {
            for (table, _, constraint) in CHECKS {
                let drop = format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint}");
                connection.execute_unprepared(&drop).await?;
            }
        } else {
            remove_checks(manager).await?;
            for (table, trigger) in TRIGGERS {
                connection.execute_unprepared(&format!("DROP TRIGGER {table}_{trigger}")).await?;
            }
        }
        for (unique, table, columns) in KEYS {
            connection.execute_unprepared(&format!("DROP INDEX {unique}")).await?;
            index(manager, table, columns, false).await?;
        }
        for (key, actions) in ONCE {
            connection.execute_unprepared(&once(key, actions)).await?;
        }
        for (name, table) in COLUMNS {
            let uuid = if is_postgres { "uuid" } else { "uuid_text" };
            let definition = table.map_or_else(
                || "text".to_owned(),
                |table| format!("{uuid} REFERENCES {table} (id) ON DELETE RESTRICT"),
            );
            connection.execute_unprepared(&format!("ALTER TABLE log ADD COLUMN {name} {definition}")).await?;
        }
        for key in ["partner_id", "professional_id", "contract_id"] {
            let statement = format!("CREATE INDEX ix_log_{key} ON log ({key}, seq) WHERE {key} IS NOT NULL");
            connection.execute_unprepared(&statement).await?;
        }
        never_replaced(manager, "log", "no_replace", &[&["seq"]]).await?;
        manager.create_table(idempotency_keys()).await
    }

    /// Rows that are newer than the checks stay, so these hold for later rows only.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        manager.drop_table(Table::drop().table("idempotency_keys").to_owned()).await?;
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        if !is_postgres {
            connection.execute_unprepared("DROP TRIGGER log_no_replace").await?;
        }
        for key in ["partner_id", "professional_id", "contract_id"] {
            connection.execute_unprepared(&format!("DROP INDEX ix_log_{key}")).await?;
        }
        for (name, _) in COLUMNS {
            connection.execute_unprepared(&format!("ALTER TABLE log DROP COLUMN {name}")).await?;
        }
        for (key, _) in ONCE {
            connection.execute_unprepared(&format!("DROP INDEX uq_log_{key}_once")).await?;
        }
        for (unique, table, columns) in KEYS {
            let plain = format!("ix_{table}_{}", columns.join("_"));
            let of = if unique == "uq_log_deal_once" {
                " WHERE action IN ('DEAL_REGISTERED', 'DEAL_CLOSED')"
            } else {
                ""
            };
            let columns = columns.join(", ");
            let statement =
                format!("DROP INDEX {plain}; CREATE UNIQUE INDEX {unique} ON {table} ({columns}){of}");
            connection.execute_unprepared(&statement).await?;
        }
        if is_postgres {
            let objects = "activity_id, affiliation_id, order_id, deal_id, sales_target_id, swag_order_id";
            let statement = format!(
                "ALTER TABLE log ADD CONSTRAINT log_check CHECK (num_nonnulls({objects}) = 1) NOT VALID, \
                 ADD CONSTRAINT log_action_check CHECK (action <> '') NOT VALID; \
                 ALTER TABLE points_entries ADD CONSTRAINT points_entries_reason_check CHECK (reason <> '') NOT VALID"
            );
            connection.execute_unprepared(&statement).await?;
            return Ok(());
        }
        let log: [&[&str]; 3] = [&["seq"], &["activity_id", "action"], &["affiliation_id", "action"]];
        never_replaced(manager, "log", "no_replace", &log).await?;
        let second = "no_second";
        never_replaced(manager, "log", second, &[&["order_id", "action"], &["swag_order_id", "action"]])
            .await?;
        let ledger: [&[&str]; 2] = [&["order_id", "reason"], &["deal_id", "kind"]];
        never_replaced(manager, "ledger_entries", second, &ledger).await?;
        never_replaced(manager, "points_entries", second, &[&["swag_order_id", "reason"]]).await
    }
}

fn once(key: &str, actions: &[&str]) -> String {
    let actions: Vec<String> = actions.iter().map(|action| format!("'{action}'")).collect();
    let actions = actions.join(", ");
    format!("CREATE UNIQUE INDEX uq_log_{key}_once ON log ({key}, action) WHERE action IN ({actions})")
}

/// The first result of a mutation, by the key that the caller chose.
fn idempotency_keys() -> TableCreateStatement {
    Table::create()
        .table("idempotency_keys")
        .col(column("actor").text())
        .col(column("operation").text())
        .col(column("key").text())
        .col(column("digest").text())
        .col(optional("object_id").uuid())
        .col(column("recorded_at").timestamp_with_time_zone())
        .primary_key(Index::create().col("actor").col("operation").col("key"))
        .to_owned()
}

#[derive(FromQueryResult)]
struct TableText {
    name: String,
    sql: String,
}

/// Takes the checks out of the texts of SQLite's tables, as its manual describes for changes that leave the rows as
/// they are. The version of the schema makes every connection read the texts again.
async fn remove_checks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let read = Statement::from_string(
        DbBackend::Sqlite,
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL",
    );
    let tables = TableText::find_by_statement(read).all(connection).await?;
    connection.execute_unprepared("PRAGMA writable_schema = ON").await?;
    for TableText { name, sql } in tables {
        let conditions = CHECKS.iter().filter(|(table, ..)| *table == name);
        let text = conditions.fold(sql.clone(), |text, (_, condition, _)| without_check(&text, condition));
        if text != sql {
            let change = "UPDATE sqlite_schema SET sql = $1 WHERE type = 'table' AND name = $2";
            let values = [text.into(), name.into()];
            let change = Statement::from_sql_and_values(DbBackend::Sqlite, change, values);
            connection.execute_raw(change).await?;
        }
    }
    let version = Statement::from_string(DbBackend::Sqlite, "PRAGMA schema_version");
    let version = connection.query_one_raw(version).await?;
    let version: i64 = version.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    let reload = format!("PRAGMA schema_version = {}; PRAGMA writable_schema = OFF", version + 1);
    connection.execute_unprepared(&reload).await.map(drop)
}

/// The text of a table without the check whose condition begins like this.
fn without_check(text: &str, condition: &str) -> String {
    let Some(start) = text.find(&format!("CHECK ({condition}")) else { return text.to_owned() };
    let mut depth = 0;
    let end = text[start..].find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ')' && depth == 0
    });
    let Some(end) = end.map(|end| start + end + 1) else { return text.to_owned() };
    let before = text[..start].trim_end().trim_end_matches(',');
    format!("{before}{}", &text[end..])
}
