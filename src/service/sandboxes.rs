//! Sandboxes: copies of the program, each a program of its own with a clock that can be moved forward.
//!
//! A sandbox is kept by the process that created it, on a SQLite database in a temporary folder of that process, whichever
//! engine the program itself is on. It is gone when it expires, when it is deleted, or when the process ends. Its
//! services are opened again whenever its clock is moved, so that a clock stays on its day as any pinned one does.
//!
//! Nothing leaves a sandbox by itself, and nobody enters it with what is valid outside: API keys, the secret that signs
//! confirmations, and webhook endpoints are not copied, and tokens of a provider are not accepted.

mod changes;
mod folder;
mod registry;

use std::fmt;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::Services;
use crate::access::Operation;
use crate::error::Error;
use crate::program::refusal::{Code, Refusal};
pub use registry::Sandboxes;

/// Default of the hours for which a sandbox is kept, where the maximum allows it.
const HOURS: u32 = 24;

/// Settings of sandboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxSettings {
    /// `SANDBOXES_MAX`: how many this process keeps at a time; 0 turns them off.
    pub max: usize,
    /// `SANDBOX_HOURS_MAX`: how long one may be kept.
    pub hours_max: u32,
    /// `SANDBOX_DIR`: where their databases are; none for the system's folder of temporary files.
    pub directory: Option<PathBuf>,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self { max: 3, hours_max: 168, directory: None }
    }
}

/// Serves sandboxes at their addresses. The application implements it, because use cases know no transport.
pub trait SandboxServer: fmt::Debug + Send + Sync {
    /// Whether this process sends webhooks.
    fn sends_webhooks(&self) -> bool;

    /// Serves a sandbox from now on, in the place of an earlier state of it, whose streams end.
    fn serve(&self, sandbox: ServedSandbox) -> BoxFuture<'_, Result<(), String>>;

    /// Serves a sandbox no longer.
    fn stop(&self, id: Uuid) -> BoxFuture<'_, ()>;
}

/// A sandbox that is to be served.
#[derive(Clone, Debug)]
pub struct ServedSandbox {
    /// Its key.
    pub id: Uuid,
    /// SHA-256 of the administrator's key that was generated for it.
    pub key_digest: [u8; 32],
    /// When it is gone.
    pub expires_at: DateTime<Utc>,
    /// Whether webhooks are sent.
    pub sends_webhooks: bool,
    /// Its use cases.
    pub services: Services,
}

/// What a sandbox is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxStatus {
    /// The program is being copied.
    Creating,
    /// It is served.
    Ready,
    /// Its clock is being moved; it is served on the day before the move meanwhile.
    Advancing,
    /// It could not be created.
    Failed,
}

/// A sandbox as it is shown. Its times are of the real clock: it is kept as long if the program's clock is pinned.
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// Its key.
    pub id: Uuid,
    /// What it is doing.
    pub status: SandboxStatus,
    /// The day on which its clock stands.
    pub today: NaiveDate,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Label of the credentials that created it.
    pub created_by: String,
    /// When it is gone.
    pub expires_at: DateTime<Utc>,
    /// Whether it has demo data instead of a copy.
    pub is_demo: bool,
    /// Whether webhooks are sent.
    pub sends_webhooks: bool,
}

/// A sandbox to be created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SandboxDraft {
    /// The day on which its clock begins; none for today.
    pub as_of: Option<NaiveDate>,
    /// Hours until it is gone.
    pub hours: Option<i32>,
    /// Whether it has demo data instead of a copy.
    pub is_demo: bool,
    /// Whether webhooks are sent.
    pub sends_webhooks: bool,
}

/// A new sandbox with the key of its administrator, which is returned only once.
#[derive(Clone)]
pub struct CreatedSandbox {
    /// The sandbox.
    pub sandbox: Sandbox,
    /// The key.
    pub secret: String,
}

impl fmt::Debug for CreatedSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CreatedSandbox({})", self.sandbox.id)
    }
}

/// What services have to do with sandboxes.
#[derive(Clone, Debug, Default)]
pub(super) enum SandboxAccess {
    /// Nothing: a command, or a server without sandboxes.
    #[default]
    Off,
    /// They keep sandboxes.
    Kept(Arc<Sandboxes>),
    /// They are those of the sandbox with this key.
    Within(Uuid),
}

impl Services {
    /// The same services, which keep sandboxes.
    #[must_use]
    pub fn with_sandboxes(self, sandboxes: Arc<Sandboxes>) -> Self {
        Self { sandboxes: SandboxAccess::Kept(sandboxes), ..self }
    }

    /// Whether sandboxes can be created.
    #[must_use]
    pub fn keeps_sandboxes(&self) -> bool {
        matches!(self.sandboxes, SandboxAccess::Kept(_))
    }

    /// The sandbox whose services they are; none for those of the program itself.
    #[must_use]
    pub fn sandbox_id(&self) -> Option<Uuid> {
        match self.sandboxes {
            SandboxAccess::Within(id) => Some(id),
            _ => None,
        }
    }

    fn kept_sandboxes(&self) -> Result<&Arc<Sandboxes>, Error> {
        let message = match &self.sandboxes {
            SandboxAccess::Kept(sandboxes) => return Ok(sandboxes),
            SandboxAccess::Within(_) => {
                "This is a sandbox; sandboxes are created in the program that it is a copy of."
            }
            SandboxAccess::Off => "This server keeps no sandboxes: its setting SANDBOXES_MAX is 0.",
        };
        Err(Refusal { code: Code::WrongState, message: message.to_owned(), field: Vec::new() }.into())
    }

    /// The sandboxes of this process, in the order of creation.
    ///
    /// # Errors
    /// When the caller is not an administrator.
    pub fn sandboxes(&self) -> Result<Vec<Sandbox>, Error> {
        self.authorize(Operation::Sandboxes)?;
        let SandboxAccess::Kept(sandboxes) = &self.sandboxes else { return Ok(Vec::new()) };
        Ok(sandboxes.list(self.clock.real()))
    }

    /// A sandbox of this process; none if it does not exist for the caller.
    #[must_use]
    pub fn sandbox_by_id(&self, id: Uuid) -> Option<Sandbox> {
        let SandboxAccess::Kept(sandboxes) = &self.sandboxes else { return None };
        let now = self.clock.real();
        self.can_see(Operation::Sandboxes).then(|| sandboxes.list(now))?.into_iter().find(|one| one.id == id)
    }

    /// Removes the sandboxes that have expired by a moment of the real clock.
    pub async fn sandboxes_expire(&self, now: DateTime<Utc>) {
        if let SandboxAccess::Kept(sandboxes) = &self.sandboxes {
            sandboxes.remove_expired(now).await;
        }
    }

    /// Removes sandboxes as they expire, until `stop` completes; one that is being removed is removed.
    pub async fn run_sandbox_expiry(&self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            self.sandboxes_expire(self.clock.real()).await;
            tokio::select! {
                () = tokio::time::sleep(registry::EXPIRY_INTERVAL) => {}
                () = &mut stop => return,
            }
        }
    }

    /// Removes every sandbox, and lets none be created any more: the process ends.
    pub async fn close_sandboxes(&self) {
        if let SandboxAccess::Kept(sandboxes) = &self.sandboxes {
            sandboxes.close().await;
        }
    }
}
