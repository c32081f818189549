//! Whether the database can serve: it answers, its schema is current, and its storage accepts writes.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::Database;

/// Time for a trial write. It is less than the time of a readiness check.
const TRIAL_TIME_MAX: Duration = Duration::from_secs(1);
/// Space that a trial requires, in bytes: 1 MiB, more than mutations usually need.
const TRIAL_BYTES: usize = 1 << 20;

impl Database {
    /// Whether the database responds and every migration was applied.
    ///
    /// # Errors
    /// When it does not answer, or has migrations of a newer release.
    pub async fn is_ready(&self) -> Result<bool, DbErr> {
        Ok(Migrator::get_pending_migrations_read_only(&self.pools.read).await?.is_empty())
    }

    /// Whether the storage accepts writes. It is tried only after a write has failed because of the storage,
    /// so a busy writer does not delay the answer otherwise.
    pub async fn accepts_writes(&self) -> bool {
        if !self.health().is_failing() {
            return true;
        }
        // One trial at a time: anyone may ask for readiness.
        let Ok(_trial) = self.health().trial.try_lock() else { return false };
        match tokio::time::timeout(TRIAL_TIME_MAX, self.try_write()).await {
            Ok(Ok(())) => {
                self.health().record_recovery();
                true
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "the storage of the database still refuses writes");
                false
            }
            // Another writer is busy: its success is no proof, as it may need less space.
            Err(_) => false,
        }
    }

    /// Commits a transaction that changes nothing, and yet makes the engine write.
    async fn try_write(&self) -> Result<(), DbErr> {
        if let Some(folder) = self.pools.file.as_deref().and_then(|file| file.parent()) {
            // The log may have room for a small transaction where a usual one does not fit.
            let folder = folder.to_owned();
            let trial = tokio::task::spawn_blocking(move || occupy(folder));
            let trial = trial.await.map_err(|error| DbErr::Custom(error.to_string()))?;
            trial.map_err(|error| DbErr::Custom(error.to_string()))?;
        }
        let transaction = self.begin().await?;
        if self.backend() == DbBackend::Postgres {
            transaction.execute_unprepared("SELECT txid_current()").await?;
        } else {
            let version = transaction
                .query_one_raw(sea_orm::Statement::from_string(DbBackend::Sqlite, "PRAGMA user_version"));
            let version: i32 = match version.await? {
                Some(row) => row.try_get_by_index(0)?,
                None => 0,
            };
            transaction.execute_unprepared(&format!("PRAGMA user_version = {version}")).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Writes a file and removes it.
fn occupy(folder: PathBuf) -> std::io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
    let mut file = tempfile::Builder::new().prefix(".space-").tempfile_in(folder)?;
    file.write_all(&vec![0; TRIAL_BYTES])?;
    file.as_file().sync_data()
}
