//! A copy of a database into another one, of either engine, without a file between them.

use tokio::sync::mpsc;

use super::part::{PARTS_AHEAD, RestoreError};
use super::reading;
use super::restore::Restore;
use crate::store::Database;

/// Copies the rows of a database as they are at one moment into an empty one. The tables that are left out stay as the
/// migrations leave them.
///
/// # Errors
/// When the other database is not empty, or one of them fails.
pub async fn copy(from: &Database, to: &Database, left_out: &[&str]) -> Result<(), RestoreError> {
    let mut restore = Restore::begin_with(to, left_out, None).await?;
    let mut encoder = restore.encoder();
    let (sender, mut parts) = mpsc::channel(PARTS_AHEAD);
    let reading = async { reading::read(from, left_out, sender).await.map_err(RestoreError::from) };
    let restoring = async {
        while let Some(part) = parts.recv().await {
            if let Some(rows) = encoder.encode(part)? {
                restore.insert(rows).await?;
            }
        }
        Ok(restore)
    };
    let ((), restore) = tokio::try_join!(reading, restoring)?;
    restore.finish().await
}
