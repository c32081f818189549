//! Use cases. A mutation is one function and one transaction; every edge calls these.

pub mod access;
pub mod activities;
pub mod affiliations;
mod audit;
pub mod contracts;
pub mod deals;
pub mod erasure;
pub mod events;
mod input;
pub mod keys;
mod labels;
pub mod orders;
pub mod policy;
mod posting;
pub mod products;
pub mod reads;
pub mod subjects;
pub mod swag;
pub mod targets;
pub mod verify;
pub mod webhooks;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::DatabaseTransaction;
use tracing::Span;

use crate::access::{Caller, Operation};
use crate::clock::Clock;
use crate::error::Error;
use crate::store::{Database, turns};
use crate::telemetry::awards::PendingAwards;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces;
use crate::webhook_client::WebhookClient;
pub use input::ObjectId;
use policy::Policy;

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
    pub(crate) policy: Arc<Policy>,
    caller: Arc<Caller>,
    request_id: Option<Arc<str>>,
    keys: Arc<keys::KeyCache>,
    hub: Arc<events::Hub>,
    metrics: Metrics,
    webhook_sender: Arc<webhooks::WebhookSender>,
}

impl Services {
    /// Services on a database whose schema is up to date, with the system as caller. Publishes the built-in
    /// edition if there is none.
    ///
    /// # Errors
    /// When the database can't be read, or holds a document that is not an edition.
    pub async fn open(db: Database, clock: Clock) -> Result<Self, Error> {
        let policy = Arc::new(Policy::load(&db, &clock).await?);
        let metrics = Metrics::default();
        posting::award_metrics::start_at_zero(&metrics, &policy.editions);
        Ok(Self {
            db,
            clock,
            policy,
            caller: Arc::new(Caller::system("server")),
            request_id: None,
            keys: Arc::default(),
            hub: Arc::default(),
            metrics,
            webhook_sender: Arc::default(),
        })
    }

    /// The same services, with a client that validates the URLs of webhooks and sends them.
    #[must_use]
    pub fn with_webhooks(self, client: WebhookClient) -> Self {
        Self { webhook_sender: Arc::new(webhooks::WebhookSender::new(client)), ..self }
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
    metrics: Metrics,
    span: Span,
}

impl Attempts {
    fn new(services: &Services, operation: Operation) -> Self {
        let span = traces::transaction(operation.name());
        Self { made: 0, since: Instant::now(), metrics: services.metrics.clone(), span }
    }

    /// Commits on success and rolls back on failure. `None` means that a conflict requires another attempt.
    async fn finish<T>(
        &mut self,
        transaction: DatabaseTransaction,
        result: Result<T, Error>,
        awards: PendingAwards,
    ) -> Option<Result<T, Error>> {
        traces::record_tries(&self.span, self.made + 1);
        let error = match result {
            Ok(value) => match transaction.commit().await {
                Ok(()) => {
                    self.metrics.count_awards(awards);
                    return Some(Ok(value));
                }
                Err(error) => Error::from(error),
            },
            Err(error) => match transaction.rollback().await {
                Ok(()) => error,
                Err(error) => error.into(),
            },
        };
        self.retry(error).await.map(Err)
    }

    /// Returns the error unless the transaction can be retried, after an increasing delay.
    async fn retry(&mut self, error: Error) -> Option<Error> {
        match turns::wait().await {
            // Not a conflict yet, and none once it has its turn.
            Ok(true) => return None,
            Ok(false) => {}
            Err(error) => return Some(error.into()),
        }
        self.made += 1;
        if self.made == ATTEMPTS_MAX || self.since.elapsed() > RETRY_PERIOD || !error.is_retryable() {
            return Some(error);
        }
        self.metrics.transaction_retried();
        tokio::time::sleep(RETRY_DELAY * self.made).await;
        None
    }
}

/// Runs a block in one transaction, and retries it from the start after a conflict. The caller must have
/// the right to the operation; the changes that the block adds are written to the audit log in the same
/// transaction.
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
                let opened = match $services.db.begin().await {
                    Ok(opened) => opened,
                    Err(error) => match attempts.retry(error.into()).await {
                        Some(error) => break Err(error),
                        None => continue,
                    },
                };
                let $transaction = &opened;
                let (result, awards) = crate::telemetry::awards::collect(Box::pin(async {
                    let mut audit = crate::service::audit::Changes::default();
                    let $changes = &mut audit;
                    let done: Result<_, crate::error::Error> = async { $work }.await;
                    let done = done?;
                    audit.write($services, $operation, $transaction).await?;
                    Ok::<_, crate::error::Error>(done)
                }))
                .await;
                if let Some(done) = attempts.finish(opened, result, awards).await {
                    $services.hub.notify_committed();
                    break done;
                }
            }
        });
        tracing::Instrument::instrument(run, span).await
    }};
}
use transact;
