//! Creating a sandbox, moving its clock, and deleting it. Each is in the audit log of the program before it begins.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{Months, NaiveDate, TimeDelta};
use serde_json::json;
use tracing::Instrument;
use uuid::Uuid;

use super::registry::{Sandboxes, Slot, Turn};
use super::{CreatedSandbox, HOURS, Sandbox, SandboxAccess, SandboxDraft, SandboxStatus, ServedSandbox};
use crate::access::Operation;
use crate::clock::Clock;
use crate::error::Error;
use crate::program::refusal::{Code, Refusal, all};
use crate::service::audit::Change;
use crate::service::keys::KeyText;
use crate::service::{ObjectId, Services, demo, transact};
use crate::store::{Database, archive};

/// How long an answer waits for the end of the work.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How far ahead of the program's own day a clock may stand, in years: every day between is emitted.
const YEARS_MAX: u32 = 10;
/// Name of the database in the folder of a sandbox.
const FILE: &str = "program.db";
/// What is valid in the program only: credentials, and the secret that signs confirmations of agents.
const CREDENTIALS: [&str; 2] = ["api_keys", "server_secrets"];
/// What was sent by the program, or is about to be.
const DELIVERIES: [&str; 2] = ["webhook_deliveries", "webhook_attempts"];
/// Where webhooks go.
const ENDPOINTS: [&str; 2] = ["webhook_endpoints", "webhook_secrets"];

impl Services {
    /// Creates a sandbox: a copy of the program as it is now, or demo data. The answer is the sandbox, which is still
    /// being created if that takes longer.
    ///
    /// # Errors
    /// When the caller is not an administrator, a value is out of range, or there are as many sandboxes as there may be.
    pub async fn sandbox_create(&self, draft: &SandboxDraft) -> Result<CreatedSandbox, Error> {
        self.authorize(Operation::CreateSandbox)?;
        let sandboxes = Arc::clone(self.kept_sandboxes()?);
        let today = self.clock.today();
        let (as_of, hours, ()) = all((
            self.check_day("asOf", draft.as_of.unwrap_or(today), today),
            check_hours(draft.hours, sandboxes.settings.hours_max),
            check_webhooks(draft.sends_webhooks, &sandboxes),
        ))?;
        let (key, now) = (KeyText::random()?, self.clock.real());
        let slot = Slot::new(
            Sandbox {
                id: Uuid::now_v7(),
                status: SandboxStatus::Creating,
                today: as_of,
                created_at: now,
                created_by: self.caller().actor.label().to_owned(),
                expires_at: now + TimeDelta::hours(hours.into()),
                is_demo: draft.is_demo,
                sends_webhooks: draft.sends_webhooks,
            },
            key.digest(),
        );
        let turn = slot.first_turn().await;
        let reservation = sandboxes.reserve(Arc::clone(&slot))?;
        transact!(self, Operation::CreateSandbox, transaction, changes => {
            changes.add(Change::of("Sandbox", slot.id).after(json!({
                "asOf": as_of, "expiresIn": hours, "demo": draft.is_demo, "webhooks": draft.sends_webhooks,
            })));
            Ok(())
        })?;
        reservation.keep();
        let work = self.outlasting().create_sandbox(Arc::clone(&sandboxes), turn, as_of);
        let task = tokio::spawn(work.in_current_span());
        slot.keep_work(task.abort_handle());
        // The task goes on if it takes longer.
        let _ = tokio::time::timeout(self.wait_max(), task).await;
        Ok(CreatedSandbox { sandbox: slot.show(), secret: key.into_secret() })
    }

    /// Moves the clock of a sandbox forward. What is due by that day has been emitted when the sandbox is served on it.
    ///
    /// # Errors
    /// When the caller is not an administrator, there is no such sandbox, it is doing something else, the day is not
    /// ahead, or the move fails, which leaves the clock where it is.
    pub async fn sandbox_advance(&self, id: ObjectId<'_>, to: NaiveDate) -> Result<Sandbox, Error> {
        self.authorize(Operation::AdvanceSandbox)?;
        let sandboxes = Arc::clone(self.kept_sandboxes()?);
        let slot = sandboxes.find(id, self.clock.real())?;
        let turn = slot.take_turn()?;
        let from = slot.show().today;
        let to = self.check_day("to", to, from)?;
        if to == from {
            return Ok(slot.show());
        }
        transact!(self, Operation::AdvanceSandbox, transaction, changes => {
            let change = Change::of("Sandbox", slot.id).before(json!({ "today": from }));
            changes.add(change.after(json!({ "today": to })));
            Ok(())
        })?;
        slot.set(SandboxStatus::Advancing, from);
        let task = tokio::spawn(self.outlasting().advance_sandbox(sandboxes, turn, to).in_current_span());
        slot.keep_work(task.abort_handle());
        if let Ok(Ok(ended)) = tokio::time::timeout(self.wait_max(), task).await {
            ended?;
        }
        Ok(slot.show())
    }

    /// Deletes a sandbox: it is served no longer, and its files are gone.
    ///
    /// # Errors
    /// When the caller is not an administrator, or there is no such sandbox.
    pub async fn sandbox_delete(&self, id: ObjectId<'_>) -> Result<(), Error> {
        self.authorize(Operation::DeleteSandbox)?;
        let sandboxes = Arc::clone(self.kept_sandboxes()?);
        let shown = sandboxes.find(id, self.clock.real())?.show();
        transact!(self, Operation::DeleteSandbox, transaction, changes => {
            let state = json!({
                "today": shown.today, "demo": shown.is_demo, "webhooks": shown.sends_webhooks,
            });
            changes.add(Change::of("Sandbox", shown.id).before(state));
            Ok(())
        })?;
        sandboxes.remove(shown.id).await;
        Ok(())
    }

    /// The same services for work that goes on after the answer.
    fn outlasting(&self) -> Self {
        Self { deadline: None, run: None, whole: None, ..self.clone() }
    }

    /// How long an answer may wait: it has to arrive before the deadline, as it alone has the key.
    fn wait_max(&self) -> Duration {
        let left = self.deadline.as_ref().map(|it| it.at().saturating_duration_since(Instant::now()) / 2);
        left.map_or(WAIT_MAX, |left| left.min(WAIT_MAX))
    }

    /// A day for a clock that stands on another one, which is the first that it may be moved to.
    fn check_day(&self, field: &str, day: NaiveDate, first: NaiveDate) -> Result<NaiveDate, Refusal> {
        let last =
            self.clock.today().checked_add_months(Months::new(12 * YEARS_MAX)).unwrap_or(NaiveDate::MAX);
        let last = last.max(first);
        if (first..=last).contains(&day) {
            return Ok(day);
        }
        let message = if day > last {
            format!("A sandbox is at most {YEARS_MAX} years ahead of the program, until {last}; got {day}.")
        } else if field == "asOf" {
            format!("A sandbox is a copy as of now, so its clock begins on {first} or later; got {day}.")
        } else {
            format!("The clock stands on {first} and only moves forward; got {day}.")
        };
        Err(Refusal::new(Code::Invalid, field, message))
    }

    async fn create_sandbox(self, sandboxes: Arc<Sandboxes>, turn: Turn, as_of: NaiveDate) {
        let slot = &turn.slot;
        match Box::pin(self.fill_sandbox(&sandboxes, slot, as_of)).await {
            Ok(()) => slot.set(SandboxStatus::Ready, as_of),
            Err(error) => {
                tracing::warn!(%error, source = ?std::error::Error::source(&error), "a sandbox could not be created");
                // The end of the turn says so.
                slot.release().await;
            }
        }
    }

    async fn fill_sandbox(&self, sandboxes: &Sandboxes, slot: &Slot, as_of: NaiveDate) -> Result<(), Error> {
        let folder = sandboxes.folder().map_err(|error| failed(&error))?;
        let file = folder.path().join(FILE);
        slot.keep_folder(folder);
        let database = Database::connect(&format!("sqlite://{}", file.display())).await?;
        slot.keep_database(database.clone());
        database.migrate().await?;
        if !slot.is_demo {
            let mut left_out = [&CREDENTIALS[..], &DELIVERIES].concat();
            if !slot.sends_webhooks {
                left_out.extend(ENDPOINTS);
            }
            Box::pin(archive::copy(&self.db, &database, &left_out)).await.map_err(|error| match error {
                archive::RestoreError::Database(error) => Error::from(error),
                error => failed(&error),
            })?;
        }
        let services = self.open_sandbox(slot.id, database, self.clock.pinned_to(as_of)).await?;
        if slot.is_demo {
            Box::pin(demo::fill(&services)).await?;
        } else if slot.sends_webhooks {
            // What happened before the copy is delivered by the program alone.
            services.webhooks_skip_to_last().await?;
        }
        services.emit_time_based_events().await?;
        serve(sandboxes, slot, services).await
    }

    async fn advance_sandbox(
        self,
        sandboxes: Arc<Sandboxes>,
        turn: Turn,
        to: NaiveDate,
    ) -> Result<(), Error> {
        let slot = &turn.slot;
        let moved = Box::pin(async {
            let database =
                slot.database().ok_or_else(|| Error::Damaged("a sandbox without a database".to_owned()))?;
            let services = self.open_sandbox(slot.id, database, self.clock.pinned_to(to)).await?;
            services.emit_time_based_events().await?;
            serve(&sandboxes, slot, services).await
        });
        match moved.await {
            Ok(()) => {
                slot.set(SandboxStatus::Ready, to);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "the clock of a sandbox could not be moved");
                Err(error)
            }
        }
    }

    /// The use cases of a sandbox, with a clock of its own. They keep no sandboxes themselves.
    async fn open_sandbox(&self, id: Uuid, database: Database, clock: Clock) -> Result<Self, Error> {
        let services = Self::open(database, clock).await?.with_edition_approval(self.edition_approval);
        Ok(Self { sandboxes: SandboxAccess::Within(id), ..services })
    }
}

/// Serves a sandbox by these use cases.
async fn serve(sandboxes: &Sandboxes, slot: &Slot, services: Services) -> Result<(), Error> {
    let served = ServedSandbox {
        id: slot.id,
        key_digest: slot.key_digest,
        expires_at: slot.expires_at,
        sends_webhooks: slot.sends_webhooks,
        services,
    };
    sandboxes.server.serve(served).await.map_err(Error::Damaged)
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::Damaged(format!("a sandbox: {error}"))
}

/// Hours until a sandbox is gone.
fn check_hours(hours: Option<i32>, max: u32) -> Result<u32, Refusal> {
    let Some(hours) = hours else { return Ok(HOURS.min(max)) };
    let accepted = u32::try_from(hours).ok().filter(|hours| (1..=max).contains(hours));
    accepted.ok_or_else(|| {
        let message = format!("A sandbox is kept for 1 to {max} hours; got {hours}.");
        Refusal::new(Code::Invalid, "expiresIn", message)
    })
}

/// Webhooks leave a sandbox only if they leave the process at all.
fn check_webhooks(are_sent: bool, sandboxes: &Sandboxes) -> Result<(), Refusal> {
    if are_sent && !sandboxes.server.sends_webhooks() {
        let message =
            "This process sends no webhooks, because its setting WEBHOOKS_SEND is false; leave webhooks out.";
        return Err(Refusal::new(Code::Invalid, "webhooks", message));
    }
    Ok(())
}
