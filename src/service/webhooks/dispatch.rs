//! The webhook task of each process: it enqueues deliveries of events and attempts those that are due.
//! Processes on one database share the work by leases.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::value::{DeliveryState, WebhookStatus};
use entity::{event, webhook_delivery, webhook_endpoint};
use futures_util::future::join_all;
use sea_orm::DatabaseTransaction;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{attempt, filter};
use crate::access::Operation;
use crate::error::Error;
use crate::service::audit::Changes;
use crate::service::{Services, transact};
use crate::store::{event as events, webhook as store, webhook_log};
use crate::webhook_client::REQUEST_TIMEOUT;

/// Maximum number of concurrent attempts of a process.
const ATTEMPTS_MAX: usize = 32;
/// Maximum number of concurrent attempts of a process to one endpoint.
const ENDPOINT_ATTEMPTS_MAX: usize = 4;
/// Interval of polling for due deliveries, besides notifications.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Minimum interval between passes that new events cause.
const PASS_INTERVAL_MIN: Duration = Duration::from_millis(20);
/// Interval of polling for endpoints while there are none.
const ENDPOINT_POLL_INTERVAL: Duration = Duration::from_secs(5);
/// Maximum time for attempts in progress to finish on shutdown.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);
/// Duration of a lease: the timeout of an attempt, and as much again to record its outcome.
const LEASE: Duration = REQUEST_TIMEOUT.saturating_mul(2);
/// Events that one transaction enqueues.
const EVENTS_PER_TRANSACTION: u64 = 500;
/// Sequence numbers of the feed that are processed in one transaction.
const NUMBERS_PER_TRANSACTION: i64 = 10_000;
/// Maximum number of pending deliveries of an endpoint; further events remain in the feed (backpressure).
const PENDING_MAX: i64 = 5_000;
/// Interval between deletions of expired deliveries.
const CLEANUP_INTERVAL: Duration = Duration::from_hours(1);
/// Deliveries that one transaction deletes.
const DELETED_PER_TRANSACTION: i64 = 5_000;

/// The endpoint and subject of a delivery that was attempted.
struct Attempted {
    endpoint: Uuid,
    subject: Option<Uuid>,
}

/// Starts attempts. A pass looks for all that is due; between passes, an attempt that has finished makes room
/// for the next one, which is found without looking at all the others that are pending.
struct Dispatcher<'d> {
    services: &'d Services,
    attempts: &'d mut JoinSet<Attempted>,
    permits: AttemptPermits,
    /// Endpoints that may have more that is due than they had permits for, in the order in which they get the
    /// next ones.
    backlog: VecDeque<Uuid>,
}

impl<'d> Dispatcher<'d> {
    fn new(services: &'d Services, attempts: &'d mut JoinSet<Attempted>) -> Self {
        let permits =
            AttemptPermits { all: Arc::new(Semaphore::new(ATTEMPTS_MAX)), endpoints: HashMap::new() };
        Self { services, attempts, permits, backlog: VecDeque::new() }
    }

    /// Enqueues deliveries of new events and starts what is due; returns whether there are any endpoints.
    async fn start_due(&mut self) -> Result<bool, Error> {
        let services = self.services;
        if !store::any_exists(services.db.reader()).await? {
            return Ok(false);
        }
        services.webhooks_enqueue().await?;
        let due = store::with_due(services.db.reader(), services.clock.real()).await?;
        // Those that have waited stay in front.
        self.backlog.retain(|endpoint| due.contains(endpoint));
        for endpoint in due {
            self.add_to_backlog(endpoint);
        }
        self.start_backlog().await?;
        Ok(true)
    }

    /// Starts what an attempt that has finished was in the way of.
    async fn start_after(&mut self, attempted: Attempted) {
        let Attempted { endpoint, subject } = attempted;
        let started = async {
            if !self.backlog.is_empty() {
                self.add_to_backlog(endpoint);
                return self.start_backlog().await;
            }
            let Some(subject) = subject else { return Ok(()) };
            let Some(permit) = self.permits.try_acquire(endpoint) else { return Ok(()) };
            if let Some(delivery) = self.services.claim_next(endpoint, subject).await? {
                self.start(delivery, permit);
            }
            Ok(())
        };
        if let Err(error) = started.await {
            tracing::warn!(%error, "failed to dispatch webhooks; retrying");
        }
    }

    fn add_to_backlog(&mut self, endpoint: Uuid) {
        if !self.backlog.contains(&endpoint) {
            self.backlog.push_back(endpoint);
        }
    }

    /// Starts attempts of the endpoints in the backlog, as long as there are permits.
    async fn start_backlog(&mut self) -> Result<(), Error> {
        let mut waiting = self.backlog.len();
        while waiting > 0 && self.permits.all.available_permits() > 0 {
            waiting -= 1;
            let Some(endpoint) = self.backlog.pop_front() else { break };
            let free = self.permits.available(endpoint);
            let claimed = match free {
                0 => Vec::new(),
                _ => self.services.claim(endpoint, self.services.clock.real(), free).await?,
            };
            let may_have_more = claimed.len() == free;
            for delivery in claimed {
                if let Some(permit) = self.permits.try_acquire(endpoint) {
                    self.start(delivery, permit);
                }
            }
            if may_have_more {
                self.backlog.push_back(endpoint);
            }
        }
        Ok(())
    }

    fn start(&mut self, delivery: webhook_delivery::Model, permit: [OwnedSemaphorePermit; 2]) {
        let attempt = self.services.clone().attempt_claimed(delivery);
        self.attempts.spawn(async move {
            let attempted = attempt.await;
            drop(permit);
            attempted
        });
    }
}

/// The permits for concurrent attempts.
struct AttemptPermits {
    all: Arc<Semaphore>,
    endpoints: HashMap<Uuid, Arc<Semaphore>>,
}

impl AttemptPermits {
    fn endpoint(&mut self, endpoint: Uuid) -> &Arc<Semaphore> {
        self.endpoints.entry(endpoint).or_insert_with(|| Arc::new(Semaphore::new(ENDPOINT_ATTEMPTS_MAX)))
    }

    fn available(&mut self, endpoint: Uuid) -> usize {
        let all = self.all.available_permits();
        self.endpoint(endpoint).available_permits().min(all)
    }

    fn try_acquire(&mut self, endpoint: Uuid) -> Option<[OwnedSemaphorePermit; 2]> {
        let all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let one = Arc::clone(self.endpoint(endpoint)).try_acquire_owned().ok()?;
        Some([all, one])
    }
}

impl Services {
    /// Sends webhooks until `stop` resolves, then finishes the attempts in progress.
    pub async fn run_webhooks(&self, stop: impl Future<Output = ()>) {
        let mut attempts = JoinSet::new();
        tokio::select! {
            () = stop => {}
            () = self.dispatch(&mut attempts) => {}
        }
        let finished = async { while attempts.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_TIME_MAX, finished).await.is_err() {
            tracing::warn!(
                "shutdown timed out with webhook attempts in progress; they are retried when their leases expire"
            );
        }
    }

    async fn dispatch(&self, attempts: &mut JoinSet<Attempted>) {
        let mut dispatcher = Dispatcher::new(self, attempts);
        let mut last = self.hub.last();
        loop {
            let any = dispatcher.start_due().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "failed to dispatch webhooks; retrying");
                true
            });
            let poll = tokio::time::sleep(if any { POLL_INTERVAL } else { ENDPOINT_POLL_INTERVAL });
            let mut next_pass = std::pin::pin!(async {
                let new_events = async {
                    // Events that come in quick succession share a pass.
                    tokio::time::sleep(PASS_INTERVAL_MIN).await;
                    if last.changed().await.is_err() {
                        std::future::pending::<()>().await;
                    }
                };
                tokio::select! {
                    () = new_events, if any => {}
                    () = self.webhook_sender.changed.notified() => {}
                    () = poll => {}
                }
            });
            // Between two passes, what has finished makes room for what is known to be due.
            loop {
                tokio::select! {
                    Some(ended) = dispatcher.attempts.join_next() => match ended {
                        Ok(attempted) => dispatcher.start_after(attempted).await,
                        Err(error) => tracing::error!(
                            %error, "webhook attempt failed; delivery is retried when its lease expires"
                        ),
                    },
                    () = &mut next_pass => break,
                }
            }
        }
    }

    /// Attempts a delivery, and then says whose it was.
    async fn attempt_claimed(self, delivery: webhook_delivery::Model) -> Attempted {
        if let Err(error) = self.webhook_attempt(&delivery, self.clock.real()).await {
            tracing::warn!(%error, "failed to record webhook attempt; delivery is retried when its lease expires");
        }
        Attempted { endpoint: delivery.endpoint_id, subject: delivery.subject }
    }

    async fn claim(
        &self,
        endpoint: Uuid,
        now: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<webhook_delivery::Model>, Error> {
        let lease = lease(now);
        transact!(self, Operation::SendWebhooks, transaction, _changes => {
            Ok(store::claim(transaction, endpoint, lease, limit).await?)
        })
    }

    async fn claim_next(
        &self,
        endpoint: Uuid,
        subject: Uuid,
    ) -> Result<Option<webhook_delivery::Model>, Error> {
        let lease = lease(self.clock.real());
        transact!(self, Operation::SendWebhooks, transaction, _changes => {
            Ok(store::claim_next(transaction, endpoint, subject, lease).await?)
        })
    }

    /// Sends all deliveries that are due at a time or become due by it, and returns the number of attempts. The
    /// background task does the same continuously.
    ///
    /// # Errors
    /// When the caller is not the program itself or an administrator, or the database fails.
    pub async fn webhooks_send_due(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        self.authorize(Operation::SendWebhooks)?;
        let mut tried = 0;
        loop {
            let mut claimed = Vec::new();
            for endpoint in store::with_due(self.db.reader(), now).await? {
                claimed.extend(self.claim(endpoint, now, ENDPOINT_ATTEMPTS_MAX).await?);
            }
            if claimed.is_empty() {
                return Ok(tried);
            }
            tried += claimed.len();
            let attempts = claimed.iter().map(|delivery| self.webhook_attempt(delivery, now));
            for done in join_all(attempts).await {
                done?;
            }
        }
    }

    /// Enqueues deliveries of new events for each endpoint that lags behind the feed.
    ///
    /// # Errors
    /// As [`Services::webhooks_send_due`].
    pub async fn webhooks_enqueue(&self) -> Result<(), Error> {
        self.authorize(Operation::SendWebhooks)?;
        events::assign_numbers(&self.db).await?;
        let last = events::feed(self.db.reader()).await?.last;
        for id in store::lagging(self.db.reader(), last).await? {
            while transact!(self, Operation::SendWebhooks, transaction, changes => {
                match store::lock(transaction, id).await? {
                    Some(endpoint) => self.enqueue(transaction, changes, &endpoint, last).await,
                    None => Ok(false),
                }
            })? {}
        }
        Ok(())
    }

    /// Lets every endpoint continue behind the last event: a copy of a program repeats nothing that the program delivers.
    pub(in crate::service) async fn webhooks_skip_to_last(&self) -> Result<(), Error> {
        events::assign_numbers(&self.db).await?;
        let last = events::feed(self.db.reader()).await?.last;
        transact!(self, Operation::SendWebhooks, transaction, _changes => {
            Ok(store::advance_all(transaction, last).await?)
        })
    }

    /// Enqueues deliveries of an endpoint's next events; returns whether there may be more.
    async fn enqueue(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        endpoint: &webhook_endpoint::Model,
        last: i64,
    ) -> Result<bool, Error> {
        if endpoint.status != WebhookStatus::Enabled || endpoint.position >= last {
            return Ok(false);
        }
        let now = self.clock.real();
        let removed = events::feed(transaction).await?.removed;
        if endpoint.position < removed {
            let reason =
                format!("Events up to {removed} are no longer kept, and some of them were not sent.");
            attempt::disable(transaction, changes, endpoint, reason, now).await?;
            return Ok(false);
        }
        // Deliveries at or below the position only; a replay resets the position.
        if store::pending_through(transaction, endpoint.id, endpoint.position).await? >= PENDING_MAX {
            return Ok(false);
        }
        let filter = filter(transaction, endpoint).await?;
        // A filter that matches few events must not keep the transaction open over the whole feed.
        let through = last.min(endpoint.position + NUMBERS_PER_TRANSACTION);
        let rows =
            events::between(transaction, &filter, endpoint.position, through, EVENTS_PER_TRANSACTION).await?;
        let is_full = u64::try_from(rows.len()).unwrap_or(u64::MAX) == EVENTS_PER_TRANSACTION;
        let position = rows.last().and_then(|row| row.number).filter(|_| is_full).unwrap_or(through);
        let deliveries = rows.iter().map(|row| delivery(endpoint.id, row, now));
        store::upsert_deliveries(transaction, deliveries.collect()).await?;
        store::advance(transaction, endpoint.id, position).await?;
        Ok(position < last)
    }

    /// Deletes completed deliveries after the retention period of their events.
    ///
    /// # Errors
    /// As [`Services::webhooks_send_due`].
    pub async fn delete_expired_deliveries(&self, kept: TimeDelta) -> Result<u64, Error> {
        let before = self.clock.real() - kept;
        let mut all = 0;
        loop {
            let through = events::feed(self.db.reader()).await?.removed;
            let removed = transact!(self, Operation::SendWebhooks, transaction, _changes => {
                Ok(webhook_log::delete_expired(transaction, through, before, DELETED_PER_TRANSACTION).await?)
            })?;
            all += removed;
            if removed == 0 {
                return Ok(all);
            }
        }
    }

    /// Deletes completed deliveries after the retention period of events, until the future is dropped.
    pub async fn run_delivery_retention(&self, kept: TimeDelta) {
        loop {
            if let Err(error) = self.delete_expired_deliveries(kept).await {
                tracing::warn!(%error, "failed to delete expired webhook deliveries; retrying later");
            }
            tokio::time::sleep(CLEANUP_INTERVAL).await;
        }
    }
}

/// A new lease.
fn lease(now: DateTime<Utc>) -> store::Lease {
    let until = now + TimeDelta::from_std(LEASE).unwrap_or(TimeDelta::MAX);
    store::Lease { id: Uuid::now_v7(), now, until }
}

/// The delivery of an event.
fn delivery(endpoint: Uuid, row: &event::Model, now: DateTime<Utc>) -> webhook_delivery::Model {
    webhook_delivery::Model {
        id: Uuid::now_v7(),
        endpoint_id: endpoint,
        number: row.number,
        kind: Some(row.kind),
        // Deals and orders belong to their partner, a professional's events to the person.
        subject: row.professional_id.or(row.partner_id),
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt_at: now,
        lease: None,
        leased_until: None,
        created_at: now,
        delivered_at: None,
    }
}
