//! Keys for searching partners and professionals without regard to case and accents, and for finding professionals by
//! e-mail; and the order of partners by balance. The program computes the keys of the rows that there are when it
//! starts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Table and column of each key.
const KEYS: [(&str, &str); 3] =
    [("partners", "search_key"), ("professionals", "search_key"), ("professionals", "email_key")];

/// Name, and what it is on.
const INDEXES: [(&str, &str); 6] = [
    ("ix_partners_search_key", "partners (search_key, id)"),
    ("ix_professionals_search_key", "professionals (search_key, id)"),
    ("ix_professionals_email_key", "professionals (email_key, id)"),
    ("ix_partners_without_key", "partners (id) WHERE search_key IS NULL"),
    ("ix_professionals_without_key", "professionals (id) WHERE search_key IS NULL"),
    ("ix_partner_balances_credits", "partner_balances (credits DESC, partner_id)"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        // Ranges of texts are compared byte by byte, the same on both engines.
        let collation = match manager.get_database_backend() {
            DbBackend::Postgres => " COLLATE \"C\"",
            _ => "",
        };
        for (table, column) in KEYS {
            let add = format!("ALTER TABLE {table} ADD COLUMN {column} TEXT{collation}");
            connection.execute_unprepared(&add).await?;
        }
        for (name, on) in INDEXES {
            connection.execute_unprepared(&format!("CREATE INDEX {name} ON {on}")).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for (name, _) in INDEXES {
            connection.execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        for (table, column) in KEYS {
            connection.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN {column}")).await?;
        }
        Ok(())
    }
}
