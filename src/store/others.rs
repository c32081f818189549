//! Whether others write to the database: what a long run of transactions gives way to.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::Database;

/// The state of the database as last seen.
#[derive(Clone, Copy, Debug)]
pub struct WatchedWrites {
    seen: i64,
}

impl WatchedWrites {
    /// Starts to watch.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn start(database: &Database) -> Result<Self, DbErr> {
        Ok(Self { seen: mark(database).await? })
    }

    /// Whether others have committed changes since the last call; on PostgreSQL, where only writers of the same
    /// subject wait for each other, steps of the log. This process has written `own_steps` of those itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn others_wrote(&mut self, database: &Database, own_steps: usize) -> Result<bool, DbErr> {
        let seen = std::mem::replace(&mut self.seen, mark(database).await?);
        let own = match database.backend() {
            DbBackend::Postgres => i64::try_from(own_steps).unwrap_or(i64::MAX),
            // It does not change by what its own connection writes.
            _ => 0,
        };
        Ok(self.seen - seen > own || self.seen < seen)
    }
}

/// A number that the writes of others change.
async fn mark(database: &Database) -> Result<i64, DbErr> {
    let backend = database.backend();
    let text = match backend {
        DbBackend::Postgres => "SELECT COALESCE(pg_sequence_last_value('log_seq'::regclass), 0)",
        _ => "PRAGMA data_version",
    };
    let row = database.pools.write.query_one_raw(Statement::from_string(backend, text)).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
}
