//! The log and the entries learn of orders, deals, sales targets and the swag shop.
//!
//! SQLite can't change a table's checks, so there the log and the points entries are copied into new
//! tables that take the old ones' names.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{append_only, column, index, never_replaced, one_of, optional, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// What steps of the log could be before.
const OLD_ACTIONS: [&str; 7] =
    ["SUBMITTED", "RECORDED", "APPROVED", "REJECTED", "VOIDED", "AFFILIATED", "AFFILIATION_ENDED"];
/// What they can be besides.
const NEW_ACTIONS: [&str; 10] = [
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
const OLD_REASONS: [&str; 2] = ["ACTIVITY", "VOID"];
const NEW_REASONS: [&str; 2] = ["REDEMPTION", "REDEMPTION_RETURNED"];
/// What a step of the log could be about before, and the table that holds it.
const OLD_OBJECTS: [(&str, &str); 2] = [("activity_id", "activities"), ("affiliation_id", "affiliations")];
/// What it can be about besides.
const NEW_OBJECTS: [(&str, &str); 4] = [
    ("order_id", "orders"),
    ("deal_id", "deals"),
    ("sales_target_id", "sales_targets"),
    ("swag_order_id", "swag_orders"),
];
/// Columns that both states of the tables have.
const LOG: &str = "seq, recorded_at, action, activity_id, affiliation_id, points, ends_on, reason";
const POINTS: &str = "id, professional_id, number, log_seq, activity_id, effective_on, recorded_at, reason, kind, \
                      edition_id, window_start, units_before, units_after, points, dojo_credits, \
                      dojo_balance_after, day_after";

/// The state of the tables with or without what is new.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Old,
    New,
}

impl State {
    fn actions(self) -> Vec<&'static str> {
        let new: &[&str] = if self == Self::New { &NEW_ACTIONS } else { &[] };
        OLD_ACTIONS.iter().chain(new).copied().collect()
    }

    fn reasons(self) -> Vec<&'static str> {
        let new: &[&str] = if self == Self::New { &NEW_REASONS } else { &[] };
        OLD_REASONS.iter().chain(new).copied().collect()
    }

    fn objects(self) -> Vec<(&'static str, &'static str)> {
        let new: &[(&str, &str)] = if self == Self::New { &NEW_OBJECTS } else { &[] };
        OLD_OBJECTS.iter().chain(new).copied().collect()
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// A transaction around the step on PostgreSQL only: SQLite sets other tables' keys aside outside of
    /// one, and the step begins its own then.
    fn use_transaction(&self) -> Option<bool> {
        None
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            alter(manager).await?;
            return additions(manager).await;
        }
        // It was done before, and the end came before that was noted down.
        if manager.has_column("points_entries", "swag_order_id").await? {
            return Ok(());
        }
        let connection = manager.get_connection();
        connection.execute_unprepared("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE").await?;
        let done = async {
            copy(manager, State::New).await?;
            additions(manager).await
        };
        end(manager, done.await).await
    }

    /// Rows about orders, deals, sales targets and swag stand in the way: the log forgets nothing.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            return alter_back(manager).await;
        }
        if !manager.has_column("points_entries", "swag_order_id").await? {
            return Ok(());
        }
        let connection = manager.get_connection();
        connection.execute_unprepared("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE").await?;
        let done = async {
            connection
                .execute_unprepared(
                    "DROP TRIGGER ledger_entries_no_second; \
                     DROP INDEX uq_ledger_entries_order_id_reason; DROP INDEX uq_ledger_entries_deal_id_kind; \
                     ALTER TABLE ledger_entries DROP COLUMN order_id; ALTER TABLE ledger_entries DROP COLUMN deal_id",
                )
                .await?;
            copy(manager, State::Old).await
        };
        end(manager, done.await).await
    }
}

/// Ends the transaction that was begun by hand.
async fn end(manager: &SchemaManager<'_>, done: Result<(), DbErr>) -> Result<(), DbErr> {
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let statement = format!("{end}; PRAGMA foreign_keys = ON");
    manager.get_connection().execute_unprepared(&statement).await?;
    done
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}

async fn alter(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let objects: Vec<&str> = State::New.objects().into_iter().map(|(column, _)| column).collect();
    let columns = NEW_OBJECTS.map(|(column, table)| {
        format!("ADD COLUMN {column} uuid REFERENCES {table} (id) ON DELETE RESTRICT")
    });
    let statements = [
        format!(
            "ALTER TABLE log DROP CONSTRAINT log_check, DROP CONSTRAINT log_action_check, {}, \
             ADD COLUMN day date, ADD COLUMN currency text, ADD COLUMN amount bigint",
            columns.join(", ")
        ),
        format!(
            "ALTER TABLE log ADD CONSTRAINT log_check CHECK (num_nonnulls({}) = 1), \
             ADD CONSTRAINT log_action_check CHECK (action IN ({}))",
            objects.join(", "),
            quoted(&State::New.actions())
        ),
        format!(
            "ALTER TABLE points_entries DROP CONSTRAINT points_entries_reason_check, \
             ADD COLUMN swag_order_id uuid REFERENCES swag_orders (id) ON DELETE RESTRICT, \
             ADD CONSTRAINT points_entries_reason_check CHECK (reason IN ({}))",
            quoted(&State::New.reasons())
        ),
    ];
    for statement in &statements {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}

/// Columns take their indexes along.
async fn alter_back(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let columns = NEW_OBJECTS.map(|(column, _)| format!("DROP COLUMN {column}"));
    let statements = [
        format!(
            "ALTER TABLE log DROP CONSTRAINT log_check, DROP CONSTRAINT log_action_check, {}, \
             DROP COLUMN day, DROP COLUMN currency, DROP COLUMN amount",
            columns.join(", ")
        ),
        format!(
            "ALTER TABLE log ADD CONSTRAINT log_check CHECK (num_nonnulls(activity_id, affiliation_id) = 1), \
             ADD CONSTRAINT log_action_check CHECK (action IN ({}))",
            quoted(&State::Old.actions())
        ),
        format!(
            "ALTER TABLE points_entries DROP CONSTRAINT points_entries_reason_check, DROP COLUMN swag_order_id, \
             ADD CONSTRAINT points_entries_reason_check CHECK (reason IN ({}))",
            quoted(&State::Old.reasons())
        ),
        "ALTER TABLE ledger_entries DROP COLUMN order_id, DROP COLUMN deal_id".to_owned(),
    ];
    for statement in &statements {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}

/// Orders and deals in the ledger, and what happens once happens once: the database says so too.
async fn additions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let key = if manager.get_database_backend() == DbBackend::Postgres { "uuid" } else { "uuid_text" };
    for (column, table) in [("order_id", "orders"), ("deal_id", "deals")] {
        connection
            .execute_unprepared(&format!(
                "ALTER TABLE ledger_entries ADD COLUMN {column} {key} REFERENCES {table} (id) ON DELETE RESTRICT"
            ))
            .await?;
    }
    for column in ["order_id", "swag_order_id"] {
        index(manager, "log", &[column, "action"], true).await?;
    }
    connection
        .execute_unprepared(
            "CREATE UNIQUE INDEX uq_log_deal_once ON log (deal_id, action) \
             WHERE action IN ('DEAL_REGISTERED', 'DEAL_CLOSED')",
        )
        .await?;
    index(manager, "ledger_entries", &["order_id", "reason"], true).await?;
    index(manager, "ledger_entries", &["deal_id", "kind"], true).await?;
    index(manager, "points_entries", &["swag_order_id", "reason"], true).await?;
    let second = "no_second";
    never_replaced(manager, "log", second, &[&["order_id", "action"], &["swag_order_id", "action"]]).await?;
    never_replaced(manager, "ledger_entries", second, &[&["order_id", "reason"], &["deal_id", "kind"]])
        .await?;
    never_replaced(manager, "points_entries", second, &[&["swag_order_id", "reason"]]).await
}

/// Copies both tables into new ones of a state, which take their names.
async fn copy(manager: &SchemaManager<'_>, state: State) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    manager.create_table(log(state)).await?;
    connection
        .execute_unprepared(&format!(
            "INSERT INTO new_log ({LOG}) SELECT {LOG} FROM log; DROP TABLE log; ALTER TABLE new_log RENAME TO log"
        ))
        .await?;
    index(manager, "log", &["activity_id", "action"], true).await?;
    index(manager, "log", &["affiliation_id", "action"], true).await?;
    let keys: [&[&str]; 3] = [&["seq"], &["activity_id", "action"], &["affiliation_id", "action"]];
    append_only(manager, "log", &[], &keys).await?;

    manager.create_table(points_entries(state)).await?;
    connection
        .execute_unprepared(&format!(
            "INSERT INTO new_points_entries ({POINTS}) SELECT {POINTS} FROM points_entries; \
             DROP TABLE points_entries; ALTER TABLE new_points_entries RENAME TO points_entries"
        ))
        .await?;
    index(manager, "points_entries", &["professional_id", "number"], true).await?;
    index(manager, "points_entries", &["professional_id", "recorded_at", "number"], false).await?;
    index(manager, "points_entries", &["professional_id", "effective_on", "number"], false).await?;
    append_only(manager, "points_entries", &[], &[&["id"], &["professional_id", "number"]]).await
}

fn log(state: State) -> TableCreateStatement {
    let objects = state.objects();
    let given: Vec<String> = objects.iter().map(|(column, _)| format!("({column} IS NOT NULL)")).collect();
    let mut table = Table::create()
        .table("new_log")
        .col(column("seq").big_integer().primary_key())
        .col(column("recorded_at").timestamp_with_time_zone())
        .col(column("action").text())
        .col(optional("points").big_integer())
        .col(optional("ends_on").date())
        .col(optional("reason").text())
        .check(Expr::cust(format!("{} = 1", given.join(" + "))))
        .check(one_of("action", &state.actions()))
        .check(Expr::col("seq").gte(1))
        .to_owned();
    for (key, of) in objects {
        table.col(optional(key).uuid()).foreign_key(&mut references(key, of, "id"));
    }
    if state == State::New {
        table
            .col(optional("day").date())
            .col(optional("currency").text())
            .col(optional("amount").big_integer());
    }
    table
}

fn points_entries(state: State) -> TableCreateStatement {
    let mut table = Table::create()
        .table("new_points_entries")
        .col(column("id").uuid().primary_key())
        .col(column("professional_id").uuid())
        .col(column("log_seq").big_integer())
        .foreign_key(&mut references("professional_id", "professionals", "id"))
        .foreign_key(&mut references("log_seq", "log", "seq"))
        .to_owned();
    let swag: &[(&str, &str)] = if state == State::New { &[("swag_order_id", "swag_orders")] } else { &[] };
    for (key, of) in [("activity_id", "activities"), ("edition_id", "editions")].iter().chain(swag) {
        table.col(optional(key).uuid()).foreign_key(&mut references(key, of, "id"));
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
        .check(one_of("reason", &state.reasons()));
    table
}
