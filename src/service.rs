//! Use cases. A mutation is one function and one transaction; every edge calls these.

pub mod access;
pub mod activities;
pub mod affiliations;
mod audit;
pub mod certificates;
pub mod contracts;
pub mod customers;
pub mod deals;
pub mod demo;
pub mod editions;
pub mod erasure;
pub mod events;
pub mod expiry;
pub mod imports;
mod input;
pub mod keys;
mod labels;
pub mod orders;
mod pace;
pub mod policy;
mod posting;
pub mod products;
pub mod quotes;
pub mod reads;
pub mod recalculations;
mod replica;
pub mod run;
pub mod sandboxes;
mod seals;
mod stored_values;
pub mod subjects;
pub mod swag;
pub mod targets;
pub mod verify;
pub mod webhooks;
pub mod whole;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{Instrument, Span};

use crate::access::{Caller, Operation};
use crate::clock::Clock;
use crate::credential::Issuer;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::store::transaction::Transaction;
use crate::store::{Database, preview, turns};
use crate::telemetry::awards::PendingAwards;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces;
use crate::webhook_client::WebhookClient;
pub use input::ObjectId;
use policy::{CurrentPolicy, Policy};
use run::Effects;
use sandboxes::SandboxAccess;

/// The caller of what the program does by itself.
const SERVER: &str = "server";
/// Maximum number of attempts of a transaction that conflicts with others.
const ATTEMPTS_MAX: u32 = 8;
/// No attempt starts after this time.
const RETRY_PERIOD: Duration = Duration::from_secs(5);
/// Delay after the first failed attempt; each further one adds as much.
const RETRY_DELAY: Duration = Duration::from_millis(3);

/// The dependencies of all use cases, bound to a caller; cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    pub(crate) db: Database,
    pub(crate) clock: Clock,
    pub(crate) policy: CurrentPolicy,
    /// Whether an edition is published only from a draft that a second administrator has approved.
    edition_approval: bool,
    caller: Arc<Caller>,
    request_id: Option<Arc<str>>,
    deadline: Option<Deadline>,
    /// The transaction that holds those of the use cases, where there is one.
    whole: Option<Arc<Transaction>>,
    run: Option<Arc<run::Run>>,
    keys: Arc<keys::KeyCache>,
    together: Arc<activities::Together>,
    /// Held by the task of this process that recalculates subjects.
    recalculating: Arc<tokio::sync::Mutex<()>>,
    hub: Arc<events::Hub>,
    metrics: Metrics,
    webhook_sender: Arc<webhooks::WebhookSender>,
    /// Who signs certificates, where that is set up.
    issuer: Option<Arc<Issuer>>,
    sandboxes: SandboxAccess,
}

impl Services {
    /// Services on a database whose schema is up to date, with the system as caller. Publishes the built-in
    /// edition if there is none, and completes what an earlier release did not store.
    ///
    /// # Errors
    /// When the database can't be read, or holds a document that is not an edition.
    pub async fn open(db: Database, clock: Clock) -> Result<Self, Error> {
        let policy = CurrentPolicy::new(Policy::load(&db, &clock).await?);
        let metrics = Metrics::default();
        posting::award_metrics::start_at_zero(&metrics, &policy.editions);
        let services = Self {
            db,
            clock,
            policy,
            edition_approval: false,
            caller: Arc::new(Caller::system(SERVER)),
            request_id: None,
            deadline: None,
            whole: None,
            run: None,
            keys: Arc::default(),
            together: Arc::default(),
            recalculating: Arc::default(),
            hub: Arc::default(),
            metrics,
            webhook_sender: Arc::default(),
            issuer: None,
            sandboxes: SandboxAccess::default(),
        };
        services.complete_stored_values().await?;
        Ok(services)
    }

    /// The same services, with a client that validates the URLs of webhooks and sends them.
    #[must_use]
    pub fn with_webhooks(self, client: WebhookClient) -> Self {
        Self { webhook_sender: Arc::new(webhooks::WebhookSender::new(client)), ..self }
    }

    /// The same services, which publish an edition only from a draft that a second administrator has approved.
    #[must_use]
    pub fn with_edition_approval(self, is_required: bool) -> Self {
        Self { edition_approval: is_required, ..self }
    }

    /// The same services with a deadline, which ends transactions that have not begun to commit. Without one
    /// they take as long as they need.
    #[must_use]
    pub fn with_deadline(self, deadline: Option<Deadline>) -> Self {
        Self { deadline, ..self }
    }

    /// The secret that signs confirmations of agents, the same in every process.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirmation_secret(&self) -> Result<String, Error> {
        Ok(crate::store::server_secret::confirmations(self.db.reader()).await?)
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The editions in force.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The metrics.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.db
    }
}

/// The attempts of a transaction.
#[derive(Debug)]
struct Attempts {
    made: u32,
    since: Instant,
    deadline: Option<Deadline>,
    services: Services,
    span: Span,
}

impl Attempts {
    fn new(services: &Services, operation: Operation) -> Self {
        let span = traces::transaction(operation.name());
        Self {
            made: 0,
            since: Instant::now(),
            deadline: services.deadline.clone(),
            services: services.clone(),
            span,
        }
    }

    /// Runs a part of the transaction, unless the deadline comes first.
    async fn in_time<T>(&self, part: impl Future<Output = T>) -> Result<T, Error> {
        match &self.deadline {
            None => Ok(part.await),
            Some(deadline) if deadline.has_passed() => Err(Error::TimedOut),
            Some(deadline) => {
                tokio::time::timeout_at(deadline.at().into(), part).await.map_err(|_| Error::TimedOut)
            }
        }
    }

    async fn begin(&self) -> Result<Transaction, Error> {
        preview::release().await;
        match &self.services.whole {
            Some(whole) => Ok(self.in_time(whole.nested()).await??),
            None => Ok(self.in_time(self.services.db.begin()).await??),
        }
    }

    /// Commits on success and rolls back on failure. `None` means that a conflict requires another attempt.
    async fn finish<T>(
        &mut self,
        transaction: Transaction,
        result: Result<T, Error>,
        (awards, effects): (PendingAwards, Effects),
    ) -> Option<Result<T, Error>> {
        traces::record_tries(&self.span, self.made + 1);
        let is_late = self.deadline.as_ref().is_some_and(Deadline::has_passed);
        let error = match result {
            Ok(_) if is_late => Error::TimedOut,
            Ok(value) if self.services.is_preview() => {
                self.services.keep_effects(effects);
                let _ = self.in_time(preview::hold(transaction)).await;
                return Some(Ok(value));
            }
            Ok(value) => match self.commit(transaction).await {
                Ok(()) => {
                    self.services.note_change();
                    self.services.metrics.count_awards(awards);
                    self.services.keep_effects(effects);
                    return Some(Ok(value));
                }
                Err(error) => {
                    // It may have taken effect.
                    self.services.note_change();
                    error
                }
            },
            Err(error) => {
                // The first error is the one to report, whatever becomes of the rollback. After the deadline it
                // is not awaited: it would wait for the statement that the deadline interrupted.
                let _ = self.in_time(transaction.rollback()).await;
                error
            }
        };
        self.retry(error).await.map(Err)
    }

    /// Commits. Once begun, a commit is never interrupted; it is awaited for a while after the deadline.
    async fn commit(&self, transaction: Transaction) -> Result<(), Error> {
        let Some(deadline) = &self.deadline else { return Ok(transaction.commit().await?) };
        deadline.commit_begins();
        let commit = tokio::spawn(transaction.commit().in_current_span());
        let result = match tokio::time::timeout_at(deadline.commit_by().into(), commit).await {
            Ok(Ok(committed)) => committed.map_err(Error::from),
            Ok(Err(stopped)) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Error::InDoubt(None)),
            },
            Err(_) => Err(Error::InDoubt(None)),
        };
        if result.as_ref().is_err_and(|error| !matches!(error, Error::InDoubt(_))) {
            deadline.commit_failed();
        }
        result
    }

    /// Returns the error unless the transaction can be retried, after an increasing delay.
    async fn retry(&mut self, error: Error) -> Option<Error> {
        match self.in_time(turns::wait()).await {
            // Not a conflict yet, and none once it has its turn.
            Ok(Ok(true)) => return None,
            Ok(Ok(false)) => {}
            Ok(Err(error)) => return Some(error.into()),
            // What was refused before is refused; a transaction without its turn has an error of the database.
            Err(late) if matches!(error, Error::Database(_)) => return Some(late),
            Err(_) => return Some(error),
        }
        self.made += 1;
        if let Error::Unavailable(error) | Error::Database(error) = &error {
            self.services.db.record_failure(error);
        }
        if self.made == ATTEMPTS_MAX || self.since.elapsed() > RETRY_PERIOD || !error.is_retryable() {
            return Some(error);
        }
        if matches!(error, Error::PolicyChanged)
            && let Err(error) = self.services.refresh_policy().await
        {
            return Some(error);
        }
        self.services.metrics.transaction_retried();
        self.in_time(tokio::time::sleep(RETRY_DELAY * self.made)).await.err()
    }
}

/// Runs a block in one transaction, and retries it from the start after a conflict. The caller must have
/// the right to the operation; the changes that the block adds are written to the audit log in the same
/// transaction. The deadline of the services ends it until its commit begins.
///
/// The future is boxed, because it is large and is moved. This is a macro, because a closure that lends the
/// transaction to a future can't yet be proven to be `Send`.
macro_rules! transact {
    ($services:expr, $operation:expr, $transaction:ident, $changes:ident => $work:block) => {{
        $services.authorize($operation)?;
        let mut attempts = crate::service::Attempts::new($services, $operation);
        let span = attempts.span.clone();
        let run = crate::store::turns::scope($services.db.turns(), async {
            loop {
                let opened = match attempts.begin().await {
                    Ok(opened) => opened,
                    Err(error) => match attempts.retry(error).await {
                        Some(error) => break Err(error),
                        None => continue,
                    },
                };
                let $transaction: &sea_orm::DatabaseTransaction = &opened;
                let work = crate::telemetry::awards::collect(Box::pin(async {
                    $services.check_repeat($transaction).await?;
                    let mut audit = crate::service::audit::Changes::default();
                    let $changes = &mut audit;
                    let done: Result<_, crate::error::Error> = async { $work }.await;
                    if matches!(done, Err(crate::error::Error::Refused(_))) {
                        // The first run of the key may have committed while this one waited for its lock.
                        $services.check_repeat($transaction).await?;
                    }
                    let done = done?;
                    $services.keep_key(audit.first_result(), $transaction).await?;
                    audit.write($services, $operation, $transaction).await?;
                    Ok::<_, crate::error::Error>(done)
                }));
                let work = crate::service::run::collect($services, work);
                let ((result, awards), effects) = match attempts.in_time(work).await {
                    Ok(worked) => worked,
                    Err(late) => ((Err(late), Default::default()), Default::default()),
                };
                if let Some(done) = attempts.finish(opened, result, (awards, effects)).await {
                    $services.hub.notify_committed();
                    break done;
                }
            }
        });
        tracing::Instrument::instrument(run, span).await
    }};
}
use transact;
