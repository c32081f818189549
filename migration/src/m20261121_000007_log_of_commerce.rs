//! The log and the entries learn of orders, deals, sales targets and the swag shop.
//!
//! SQLite can't change a table's checks, so there the log and the points entries are copied into new
//! tables that take the old ones' names.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{append_only, column, index, one_of, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const ACTIONS: [&str; 17] = [
    "SUBMITTED",
    "RECORDED",
    "APPROVED",
    "REJECTED",
    "VOIDED",
    "AFFILIATED",
    "AFFILIATION_ENDED",
    "ORDER_PLACED",
    "ORDER_FULFILLED",
    "ORDER_CANCELLED",
    "DEAL_REGISTERED",
    "DEAL_UPDATED",
    "DEAL_REPORTED",
    "DEAL_CLOSED",
    "SALES_TARGET_SET",
    "SWAG_ORDERED",
    "SWAG_CANCELLED",
];
const POINTS_REASONS: [&str; 4] = ["ACTIVITY", "VOID", "REDEMPTION", "REDEMPTION_RETURNED"];
/// What a step of the log can be about, and the table that holds it.
const OBJECTS: [(&str, &str); 6] = [
    ("activity_id", "activities"),
    ("affiliation_id", "affiliations"),
    ("order_id", "orders"),
    ("deal_id", "deals"),
    ("sales_target_id", "sales_targets"),
    ("swag_order_id", "swag_orders"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// A transaction around the step on PostgreSQL only: SQLite sets other tables' keys aside outside of
    /// one, and the step begins its own then.
    fn use_transaction(&self) -> Option<bool> {
        None
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            return alter(manager).await;
        }
        // It was done before, and the end came before that was noted down.
        if manager.has_column("points_entries", "swag_order_id").await? {
            return Ok(());
        }
        connection.execute_unprepared("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE").await?;
        let done = copy(manager).await;
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        connection.execute_unprepared(&format!("{end}; PRAGMA foreign_keys = ON")).await?;
        done
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("the log can't forget what it has learned: restore a backup".to_owned()))
    }
}

async fn alter(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let quoted = |words: &[&str]| words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
    let objects = OBJECTS.map(|(column, _)| column).join(", ");
    let columns: Vec<String> = OBJECTS[2..]
        .iter()
        .map(|(column, table)| format!("ADD COLUMN {column} uuid REFERENCES {table} (id) ON DELETE RESTRICT"))
        .collect();
    let statements = [
        format!(
            "ALTER TABLE log DROP CONSTRAINT log_check, DROP CONSTRAINT log_action_check, {}, \
             ADD COLUMN day date, ADD COLUMN currency text, ADD COLUMN amount bigint",
            columns.join(", ")
        ),
        format!(
            "ALTER TABLE log ADD CONSTRAINT log_object_check CHECK (num_nonnulls({objects}) = 1), \
             ADD CONSTRAINT log_action_check CHECK (action IN ({}))",
            quoted(&ACTIONS)
        ),
        format!(
            "ALTER TABLE points_entries DROP CONSTRAINT points_entries_reason_check, \
             ADD COLUMN swag_order_id uuid REFERENCES swag_orders (id) ON DELETE RESTRICT, \
             ADD CONSTRAINT points_entries_reason_check CHECK (reason IN ({}))",
            quoted(&POINTS_REASONS)
        ),
    ];
    for statement in &statements {
        connection.execute_unprepared(statement).await?;
    }
    ledger(manager).await?;
    once(manager).await
}

/// Orders and deals in the ledger: columns that may be empty can be added on both engines.
async fn ledger(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let key = if manager.get_database_backend() == DbBackend::Postgres { "uuid" } else { "uuid_text" };
    for (column, table) in [("order_id", "orders"), ("deal_id", "deals")] {
        manager
            .get_connection()
            .execute_unprepared(&format!(
                "ALTER TABLE ledger_entries ADD COLUMN {column} {key} REFERENCES {table} (id) ON DELETE RESTRICT"
            ))
            .await?;
    }
    Ok(())
}

/// What happens once, happens once: the database says so too.
async fn once(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for column in ["order_id", "swag_order_id"] {
        index(manager, "log", &[column, "action"], true).await?;
    }
    manager
        .get_connection()
        .execute_unprepared(
            "CREATE UNIQUE INDEX uq_log_deal_once ON log (deal_id, action) \
             WHERE action IN ('DEAL_REGISTERED', 'DEAL_CLOSED')",
        )
        .await?;
    index(manager, "ledger_entries", &["order_id", "reason"], true).await?;
    index(manager, "ledger_entries", &["deal_id", "kind"], true).await?;
    index(manager, "points_entries", &["swag_order_id", "reason"], true).await
}

async fn copy(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let old = "seq, recorded_at, action, activity_id, affiliation_id, points, ends_on, reason";
    manager.create_table(new_log()).await?;
    connection
        .execute_unprepared(&format!(
            "INSERT INTO new_log ({old}) SELECT {old} FROM log; DROP TABLE log; ALTER TABLE new_log RENAME TO log"
        ))
        .await?;
    index(manager, "log", &["activity_id", "action"], true).await?;
    index(manager, "log", &["affiliation_id", "action"], true).await?;
    let keys: [&[&str]; 3] = [&["seq"], &["activity_id", "action"], &["affiliation_id", "action"]];
    append_only(manager, "log", &[], &keys).await?;

    let old = "id, professional_id, number, log_seq, activity_id, effective_on, recorded_at, reason, kind, \
               edition_id, window_start, units_before, units_after, points, dojo_credits, dojo_balance_after, day_after";
    manager.create_table(new_points_entries()).await?;
    connection
        .execute_unprepared(&format!(
            "INSERT INTO new_points_entries ({old}) SELECT {old} FROM points_entries; DROP TABLE points_entries; \
             ALTER TABLE new_points_entries RENAME TO points_entries"
        ))
        .await?;
    index(manager, "points_entries", &["professional_id", "number"], true).await?;
    index(manager, "points_entries", &["professional_id", "recorded_at", "number"], false).await?;
    index(manager, "points_entries", &["professional_id", "effective_on", "number"], false).await?;
    append_only(manager, "points_entries", &[], &[&["id"], &["professional_id", "number"]]).await?;
    ledger(manager).await?;
    once(manager).await
}

fn new_log() -> TableCreateStatement {
    let objects = OBJECTS.map(|(column, _)| format!("({column} IS NOT NULL)")).join(" + ");
    let mut table = Table::create()
        .table("new_log")
        .col(column("seq").big_integer().primary_key())
        .col(column("recorded_at").timestamp_with_time_zone())
        .col(column("action").text())
        .col(optional("points").big_integer())
        .col(optional("ends_on").date())
        .col(optional("reason").text())
        .col(optional("day").date())
        .col(optional("currency").text())
        .col(optional("amount").big_integer())
        .check(Expr::cust(format!("{objects} = 1")))
        .check(one_of("action", &ACTIONS))
        .check(Expr::col("seq").gte(1))
        .to_owned();
    for (key, of) in OBJECTS {
        table.col(optional(key).uuid()).foreign_key(&mut references(key, of, "id"));
    }
    table
}

fn new_points_entries() -> TableCreateStatement {
    let mut table =
        Table::create().table("new_points_entries").col(column("id").uuid().primary_key()).to_owned();
    for (key, of, to) in [
        ("professional_id", "professionals", "id"),
        ("log_seq", "log", "seq"),
        ("activity_id", "activities", "id"),
        ("edition_id", "editions", "id"),
        ("swag_order_id", "swag_orders", "id"),
    ] {
        let mut new = match key {
            "professional_id" => column(key),
            _ => optional(key),
        };
        if to == "seq" {
            new = column(key);
            new.big_integer();
        } else {
            new.uuid();
        }
        table.col(new).foreign_key(&mut references(key, of, to));
    }
    for number in ["number", "points", "dojo_credits", "dojo_balance_after", "day_after"] {
        table.col(column(number).big_integer());
    }
    table
        .col(column("effective_on").date())
        .col(column("recorded_at").timestamp_with_time_zone())
        .col(column("reason").text())
        .col(optional("kind").text())
        .col(optional("window_start").date())
        .col(optional("units_before").big_integer())
        .col(optional("units_after").big_integer())
        .check(Expr::col("number").gte(1))
        .check(one_of("reason", &POINTS_REASONS));
    table
}
