//! Orders come back, swag is shipped, contracts end early, and affiliations are corrected: what was entered stays,
//! and what follows from later steps of the log is kept beside it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{append_only, column, optional};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Steps that happen to an object once: key and action.
const ONCE: [(&str, &str); 5] = [
    ("order_id", "ORDER_RETURNED"),
    ("swag_order_id", "SWAG_FULFILLED"),
    ("affiliation_id", "AFFILIATION_CORRECTED"),
    ("affiliation_id", "AFFILIATION_VOIDED"),
    ("contract_id", "CONTRACT_VOIDED"),
];

/// What of an affiliation never changes, before and after this step.
const AFFILIATION: [&str; 5] = ["id", "professional_id", "partner_id", "starts_on", "created_at"];
/// What of a contract never changes.
const CONTRACT: [&str; 6] = ["id", "partner_id", "reference", "starts_on", "agreed_until", "recorded_at"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        add(manager, "orders", optional("returned_on").date()).await?;
        add(manager, "swag_orders", optional("fulfilled_on").date()).await?;
        affiliations(manager).await?;
        contracts(manager).await?;
        for (key, action) in ONCE {
            let name = action.to_lowercase();
            connection
                .execute_unprepared(&format!(
                    "CREATE UNIQUE INDEX uq_log_{name} ON log ({key}) WHERE action = '{action}'"
                ))
                .await?;
        }
        Ok(())
    }

    /// What was corrected stands in the way: the log forgets nothing.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for (_, action) in ONCE {
            let drop = format!("DROP INDEX uq_log_{}", action.to_lowercase());
            connection.execute_unprepared(&drop).await?;
        }
        contracts_back(manager).await?;
        affiliations_back(manager).await?;
        connection.execute_unprepared("ALTER TABLE swag_orders DROP COLUMN fulfilled_on").await?;
        connection.execute_unprepared("ALTER TABLE orders DROP COLUMN returned_on").await.map(drop)
    }
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, column: &mut ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column.to_owned()).to_owned()).await
}

/// Days in which a professional would work for two partners, voided affiliations aside.
fn overlap(voided: bool) -> String {
    let (new, other) = if voided { ("NOT NEW.voided AND ", " AND NOT o.voided") } else { ("", "") };
    format!(
        "{new}EXISTS (SELECT 1 FROM affiliations o WHERE o.professional_id = NEW.professional_id AND o.id <> NEW.id \
         AND (NEW.ends_on IS NULL OR o.starts_on <= NEW.ends_on) \
         AND (o.ends_on IS NULL OR NEW.starts_on <= o.ends_on){other})"
    )
}

async fn never_two_at_once(manager: &SchemaManager<'_>, voided: bool) -> Result<(), DbErr> {
    let overlap = overlap(voided);
    let statement = if manager.get_database_backend() == DbBackend::Postgres {
        format!(
            "CREATE OR REPLACE FUNCTION refuse_overlap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF {overlap} THEN RAISE EXCEPTION 'affiliations of a professional overlap'; END IF; \
             RETURN NEW; END $$; \
             DO $$ BEGIN EXECUTE format('ALTER FUNCTION refuse_overlap() SET search_path = pg_catalog, %I, pg_temp', \
             current_schema()); END $$"
        )
    } else {
        ["INSERT", "UPDATE"]
            .map(|event| {
                format!(
                    "DROP TRIGGER affiliations_no_overlap_{event}; \
                     CREATE TRIGGER affiliations_no_overlap_{event} BEFORE {event} ON affiliations WHEN {overlap} \
                     BEGIN SELECT RAISE(ABORT, 'affiliations of a professional overlap'); END;"
                )
            })
            .concat()
    };
    manager.get_connection().execute_unprepared(&statement).await.map(drop)
}

/// An affiliation that was corrected is voided, and the one in its place refers to it.
async fn affiliations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
    add(manager, "affiliations", column("voided").boolean().default(false)).await?;
    let uuid = if is_postgres { "uuid" } else { "uuid_text" };
    connection
        .execute_unprepared(&format!(
            "ALTER TABLE affiliations ADD COLUMN replaces_id {uuid} REFERENCES affiliations (id) ON DELETE RESTRICT"
        ))
        .await?;
    connection
        .execute_unprepared(
            "DROP INDEX uq_affiliations_professional_id_starts_on; DROP INDEX uq_affiliations_open; \
             CREATE UNIQUE INDEX uq_affiliations_start ON affiliations (professional_id, starts_on) WHERE NOT voided; \
             CREATE UNIQUE INDEX uq_affiliations_open ON affiliations (professional_id) \
             WHERE ends_on IS NULL AND NOT voided; \
             CREATE UNIQUE INDEX uq_affiliations_replaces_id ON affiliations (replaces_id) \
             WHERE replaces_id IS NOT NULL; \
             CREATE INDEX ix_affiliations_professional_id_id ON affiliations (professional_id, id); \
             CREATE INDEX ix_affiliations_partner_id_id ON affiliations (partner_id, id)",
        )
        .await?;
    never_two_at_once(manager, true).await?;
    unguard(manager, "affiliations").await?;
    let facts: Vec<&'static str> = AFFILIATION.into_iter().chain(["replaces_id"]).collect();
    append_only(manager, "affiliations", &facts, &[&["id"]]).await?;
    if is_postgres {
        return Ok(());
    }
    connection
        .execute_unprepared(
            "CREATE TRIGGER affiliations_no_second BEFORE INSERT ON affiliations WHEN NOT NEW.voided AND EXISTS \
             (SELECT 1 FROM affiliations WHERE professional_id = NEW.professional_id AND starts_on = NEW.starts_on \
             AND NOT voided) BEGIN SELECT RAISE(ABORT, 'affiliations is append-only'); END",
        )
        .await
        .map(drop)
}

async fn affiliations_back(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if manager.get_database_backend() != DbBackend::Postgres {
        connection.execute_unprepared("DROP TRIGGER affiliations_no_second").await?;
    }
    never_two_at_once(manager, false).await?;
    unguard(manager, "affiliations").await?;
    connection
        .execute_unprepared(
            "DROP INDEX ix_affiliations_partner_id_id; DROP INDEX ix_affiliations_professional_id_id; \
             DROP INDEX uq_affiliations_replaces_id; DROP INDEX uq_affiliations_open; DROP INDEX uq_affiliations_start; \
             CREATE UNIQUE INDEX uq_affiliations_professional_id_starts_on ON affiliations (professional_id, starts_on); \
             CREATE UNIQUE INDEX uq_affiliations_open ON affiliations (professional_id) WHERE ends_on IS NULL",
        )
        .await?;
    for column in ["replaces_id", "voided"] {
        connection.execute_unprepared(&format!("ALTER TABLE affiliations DROP COLUMN {column}")).await?;
    }
    append_only(manager, "affiliations", &AFFILIATION, &[&["id"], &["professional_id", "starts_on"]]).await
}

/// The last day of a contract follows from the log, as an affiliation's does; the agreed one stays.
async fn contracts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    unguard(manager, "contracts").await?;
    add(manager, "contracts", column("voided").boolean().default(false)).await?;
    // A column that is added to rows needs a value; every row has its own at once.
    let first = Expr::cust("'0001-01-01'");
    add(manager, "contracts", column("agreed_until").date().default(first)).await?;
    connection.execute_unprepared("UPDATE contracts SET agreed_until = ends_on").await?;
    if manager.get_database_backend() == DbBackend::Postgres {
        connection.execute_unprepared("ALTER TABLE contracts ALTER COLUMN agreed_until DROP DEFAULT").await?;
    }
    append_only(manager, "contracts", &CONTRACT, &[&["id"], &["partner_id", "reference"]]).await
}

async fn contracts_back(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    unguard(manager, "contracts").await?;
    for column in ["agreed_until", "voided"] {
        let drop = format!("ALTER TABLE contracts DROP COLUMN {column}");
        manager.get_connection().execute_unprepared(&drop).await?;
    }
    append_only(manager, "contracts", &[], &[&["id"], &["partner_id", "reference"]]).await
}

/// Takes away the triggers of an append-only table.
async fn unguard(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let of = if manager.get_database_backend() == DbBackend::Postgres {
        format!(
            "DROP TRIGGER {table}_no_update ON {table}; DROP TRIGGER {table}_no_delete ON {table}; \
             DROP TRIGGER {table}_no_truncate ON {table}"
        )
    } else {
        format!(
            "DROP TRIGGER {table}_no_update; DROP TRIGGER {table}_no_delete; DROP TRIGGER {table}_no_replace"
        )
    };
    manager.get_connection().execute_unprepared(&of).await.map(drop)
}
