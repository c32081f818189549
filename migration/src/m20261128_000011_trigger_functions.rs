//! Functions of triggers find tables by a search path of their own, on PostgreSQL: with the session's, a temporary
//! table could take the place of the one that they check.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let functions = "DO $$ BEGIN \
             ALTER FUNCTION refuse_change() SET search_path = pg_catalog, pg_temp; \
             EXECUTE format('ALTER FUNCTION refuse_overlap() SET search_path = pg_catalog, %I, pg_temp', \
             current_schema()); END $$";
        manager.get_connection().execute_unprepared(functions).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        // `refuse_change` names no table, and is created with a search path.
        let functions = "ALTER FUNCTION refuse_overlap() RESET search_path";
        manager.get_connection().execute_unprepared(functions).await.map(drop)
    }
}
