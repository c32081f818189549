//! `migrate`: brings the schema of the database up to date.

use super::CommandError;
use crate::app::AppError;
use crate::config::Settings;
use crate::error::Error;
use crate::store::Database;

/// Migrates the database of the settings. The role that owns the tables runs it where another one serves.
pub(super) async fn migrate(settings: &Settings) -> Result<u8, CommandError> {
    let failed = |error| AppError::Database(Error::from(error));
    let database = Database::connect_with(settings.database_url.as_str(), settings.database_pools).await;
    let database = database.map_err(failed)?;
    let is_current = database.is_ready().await.map_err(failed)?;
    database.migrate().await.map_err(failed)?;
    database.close().await.map_err(failed)?;
    println!("the schema {} up to date", if is_current { "was already" } else { "is now" });
    Ok(0)
}
