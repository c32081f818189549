//! The sandboxes of a process: how many there are, what each is doing, and how it goes.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::join_all;
use tempfile::TempDir;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::folder::Folders;
use super::{Sandbox, SandboxServer, SandboxSettings, SandboxStatus};
use crate::error::Error;
use crate::program::refusal::{Code, Refusal};
use crate::service::{ObjectId, input};
use crate::store::Database;

/// Interval of the look for sandboxes that have expired.
pub(super) const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);
/// Maximum time for requests of a sandbox to end before its database is removed.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(5);

/// The sandboxes of a process.
#[derive(Debug)]
pub struct Sandboxes {
    pub(super) settings: SandboxSettings,
    pub(super) server: Arc<dyn SandboxServer>,
    folders: Mutex<Folders>,
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    /// By key, which is the order of creation.
    kept: BTreeMap<Uuid, Arc<Slot>>,
    /// Whether the process ends.
    is_closed: bool,
}

/// A sandbox with what it holds.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: Uuid,
    pub(super) created_at: DateTime<Utc>,
    pub(super) created_by: String,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) is_demo: bool,
    pub(super) sends_webhooks: bool,
    pub(super) key_digest: [u8; 32],
    progress: Mutex<(SandboxStatus, NaiveDate)>,
    held: Mutex<Held>,
    /// Held while the sandbox is created, or its clock is moved.
    turn: Arc<AsyncMutex<()>>,
}

#[derive(Debug, Default)]
struct Held {
    /// The task that creates it or moves its clock.
    work: Option<AbortHandle>,
    database: Option<Database>,
    folder: Option<TempDir>,
}

/// The right to create a sandbox, or to move its clock. It ends with the work that has it, whichever way that ends.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) slot: Arc<Slot>,
    _guard: OwnedMutexGuard<()>,
}

/// A place for a sandbox, which is given up unless it is kept.
pub(super) struct Reservation {
    sandboxes: Arc<Sandboxes>,
    id: Uuid,
    is_kept: bool,
}

impl Sandboxes {
    /// No sandboxes yet. What an earlier process has left in the directory is removed.
    ///
    /// # Errors
    /// When the directory of the settings can't be created.
    pub fn open(settings: SandboxSettings, server: Arc<dyn SandboxServer>) -> io::Result<Self> {
        let folders = Mutex::new(Folders::open(settings.directory.as_deref())?);
        Ok(Self { settings, server, folders, slots: Mutex::default() })
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a sandbox.
    pub(super) fn reserve(self: &Arc<Self>, slot: Arc<Slot>) -> Result<Reservation, Error> {
        let mut slots = self.slots();
        let max = self.settings.max;
        if slots.is_closed || slots.kept.len() >= max {
            let message = if slots.is_closed {
                "The server is shutting down.".to_owned()
            } else {
                format!(
                    "This server keeps at most {max} sandboxes (SANDBOXES_MAX), and has {}; delete one with deleteSandbox \
                     first.",
                    slots.kept.len()
                )
            };
            return Err(Refusal { code: Code::TooMany, message, field: Vec::new() }.into());
        }
        let id = slot.id;
        slots.kept.insert(id, slot);
        Ok(Reservation { sandboxes: Arc::clone(self), id, is_kept: false })
    }

    /// A sandbox that has not expired.
    pub(super) fn find(&self, id: ObjectId<'_>, now: DateTime<Utc>) -> Result<Arc<Slot>, Refusal> {
        let found = id.key.and_then(|key| self.slots().kept.get(&key).cloned());
        let found = found.filter(|slot| slot.expires_at > now);
        found.ok_or_else(|| input::not_found("id", ("sandbox", "id"), id.text))
    }

    /// The sandboxes that have not expired.
    pub(super) fn list(&self, now: DateTime<Utc>) -> Vec<Sandbox> {
        self.slots().kept.values().filter(|slot| slot.expires_at > now).map(|slot| slot.show()).collect()
    }

    /// A new folder for the database of a sandbox.
    pub(super) fn folder(&self) -> io::Result<TempDir> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).create()
    }

    /// Removes a sandbox: it is served no longer, and its files are gone.
    pub(super) async fn remove(&self, id: Uuid) {
        let removed = self.slots().kept.remove(&id);
        if let Some(slot) = removed {
            self.close_slot(&slot).await;
        }
    }

    pub(super) async fn remove_expired(&self, now: DateTime<Utc>) {
        let expired: Vec<Arc<Slot>> = {
            let mut slots = self.slots();
            slots.kept.extract_if(.., |_, slot| slot.expires_at <= now).map(|(_, slot)| slot).collect()
        };
        join_all(expired.iter().map(|slot| self.close_slot(slot))).await;
        for slot in expired {
            tracing::info!(sandbox = %slot.id, "a sandbox has expired");
        }
    }

    pub(super) async fn close(&self) {
        let kept = {
            let mut slots = self.slots();
            slots.is_closed = true;
            std::mem::take(&mut slots.kept)
        };
        join_all(kept.values().map(|slot| self.close_slot(slot))).await;
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).close();
    }

    /// Releases what a sandbox holds.
    async fn close_slot(&self, slot: &Slot) {
        if let Some(work) = slot.held().work.take() {
            work.abort();
        }
        // Until the work has ended; it holds the turn.
        let _turn = slot.turn.lock().await;
        self.server.stop(slot.id).await;
        slot.release().await;
    }
}

impl Slot {
    /// A sandbox that is not created yet.
    pub(super) fn new(shown: Sandbox, key_digest: [u8; 32]) -> Arc<Self> {
        let Sandbox { id, status, today, created_at, created_by, expires_at, is_demo, sends_webhooks } =
            shown;
        Arc::new(Self {
            id,
            created_at,
            created_by,
            expires_at,
            is_demo,
            sends_webhooks,
            key_digest,
            progress: Mutex::new((status, today)),
            held: Mutex::default(),
            turn: Arc::default(),
        })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> MutexGuard<'_, (SandboxStatus, NaiveDate)> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sandbox as it is shown.
    pub(super) fn show(&self) -> Sandbox {
        let (status, today) = *self.progress();
        Sandbox {
            id: self.id,
            status,
            today,
            created_at: self.created_at,
            created_by: self.created_by.clone(),
            expires_at: self.expires_at,
            is_demo: self.is_demo,
            sends_webhooks: self.sends_webhooks,
        }
    }

    /// Says what it is doing from now on.
    pub(super) fn set(&self, status: SandboxStatus, today: NaiveDate) {
        *self.progress() = (status, today);
    }

    /// The turn to create it.
    pub(super) async fn first_turn(self: &Arc<Self>) -> Turn {
        Turn { slot: Arc::clone(self), _guard: Arc::clone(&self.turn).lock_owned().await }
    }

    /// The turn to move the clock of a sandbox that does nothing else.
    pub(super) fn take_turn(self: &Arc<Self>) -> Result<Turn, Refusal> {
        let wrong = |message: &str| Refusal::new(Code::WrongState, "id", message);
        let guard = Arc::clone(&self.turn).try_lock_owned();
        let status = self.progress().0;
        match (guard, status) {
            (Ok(guard), SandboxStatus::Ready) => Ok(Turn { slot: Arc::clone(self), _guard: guard }),
            (_, SandboxStatus::Failed) => {
                Err(wrong("The sandbox could not be created, so it has no clock; delete it."))
            }
            (_, SandboxStatus::Creating) => {
                Err(wrong("The sandbox is still being created; wait until its status is READY."))
            }
            _ => Err(wrong("The clock of the sandbox is being moved; wait until its status is READY.")),
        }
    }

    /// Keeps the handle of the task that works on it.
    pub(super) fn keep_work(&self, work: AbortHandle) {
        self.held().work = Some(work);
    }

    /// Keeps the folder of its database.
    pub(super) fn keep_folder(&self, folder: TempDir) {
        self.held().folder = Some(folder);
    }

    /// Keeps its database.
    pub(super) fn keep_database(&self, database: Database) {
        self.held().database = Some(database);
    }

    /// Its database.
    pub(super) fn database(&self) -> Option<Database> {
        self.held().database.clone()
    }

    /// Closes its database, and removes the files.
    pub(super) async fn release(&self) {
        let Held { database, folder, .. } = std::mem::take(&mut *self.held());
        if let Some(database) = database {
            match tokio::time::timeout(CLOSE_TIME_MAX, database.close()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "failed to close the database of a sandbox"),
                Err(_) => tracing::warn!("a sandbox was removed with requests in progress"),
            }
        }
        if let Some(folder) = folder
            && let Ok(Err(error)) = tokio::task::spawn_blocking(move || folder.close()).await
        {
            tracing::warn!(%error, "failed to remove the files of a sandbox");
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut progress = self.slot.progress();
        progress.0 = match progress.0 {
            SandboxStatus::Creating => SandboxStatus::Failed,
            SandboxStatus::Advancing => SandboxStatus::Ready,
            ended => ended,
        };
    }
}

impl Reservation {
    /// Keeps the sandbox.
    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.is_kept {
            self.sandboxes.slots().kept.remove(&self.id);
        }
    }
}
