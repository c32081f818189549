//! Live events: one task of each process detects new numbers and broadcasts the rows to its subscriptions.
//!
//! A subscription that falls behind the broadcast buffer reads the database instead, so memory does not
//! depend on the slowest one and no event is skipped.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use entity::event;
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, watch};

use crate::access::Operation;
use crate::error::Error;
use crate::service::{Services, transact};
use crate::store::event::{self as store, EventFilter, Feed, Pending};
use crate::store::listener;

/// Events in the broadcast buffer; subscriptions that lag further behind read the database.
const BROADCAST_CAPACITY: usize = 1_024;
/// Events that one statement reads.
const EVENTS_PER_READ: u64 = 500;
/// Interval of polling for events of other processes, besides notifications.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Pause between passes of the feed: the events of many commits are read together.
const PASS_INTERVAL: Duration = Duration::from_millis(5);
/// Interval between deletions of expired events.
const CLEANUP_INTERVAL: Duration = Duration::from_hours(1);
/// Events that one transaction deletes.
const DELETED_PER_TRANSACTION: i64 = 5_000;

/// Broadcast of new events to the subscriptions of one process.
#[derive(Debug)]
pub struct Hub {
    /// There may be new events, of this process or of another one.
    committed: Notify,
    last: watch::Sender<i64>,
    /// All events up to this number were broadcast; none before the feed's first pass. A restarted feed
    /// continues from here.
    broadcast_through: Mutex<Option<i64>>,
    recent: broadcast::Sender<Arc<event::Model>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            committed: Notify::new(),
            last: watch::Sender::new(0),
            broadcast_through: Mutex::default(),
            recent: broadcast::Sender::new(BROADCAST_CAPACITY),
        }
    }
}

impl Hub {
    /// Signals that a transaction of this process was committed, which may have written events.
    pub(in crate::service) fn notify_committed(&self) {
        self.committed.notify_one();
    }

    fn broadcast_through(&self) -> MutexGuard<'_, Option<i64>> {
        self.broadcast_through.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last number that this process knows, and a signal when it increases.
    #[must_use]
    pub fn last(&self) -> watch::Receiver<i64> {
        self.last.subscribe()
    }
}

/// An event, or the error that ends a subscription.
pub type EventResult = Result<Arc<event::Model>, Error>;

/// State of a subscription to the feed.
struct Subscription {
    services: Services,
    filter: EventFilter,
    /// All events up to this number were delivered.
    cursor: i64,
    recent: broadcast::Receiver<Arc<event::Model>>,
    buffered: VecDeque<event::Model>,
    lagging: bool,
    failed: bool,
}

impl Services {
    /// The broadcast of this process.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Deletes events that were recorded before the retention period `kept`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_expired_events(&self, kept: TimeDelta) -> Result<i64, Error> {
        let before = self.clock.now() - kept;
        let mut removed = 0;
        loop {
            let some = transact!(self, Operation::MaintainEventFeed, transaction, _changes => {
                Ok(store::delete_before(transaction, before, DELETED_PER_TRANSACTION).await?)
            })?;
            removed += some;
            if some == 0 {
                return Ok(removed);
            }
        }
    }

    /// Deletes events after the retention period `kept`, until the future is dropped. Each process runs it once.
    pub async fn run_event_retention(&self, kept: TimeDelta) {
        loop {
            match self.delete_expired_events(kept).await {
                Ok(0) => {}
                Ok(events) => tracing::info!(events, "expired events deleted"),
                Err(error) => tracing::warn!(%error, "failed to delete expired events; retrying later"),
            }
            tokio::time::sleep(CLEANUP_INTERVAL).await;
        }
    }

    /// Status of the feed: the last number, and the events without a number.
    ///
    /// # Errors
    /// When the caller is not the program itself or an administrator, or the database fails.
    pub async fn feed_status(&self) -> Result<(Feed, Pending), Error> {
        self.authorize(Operation::MaintainEventFeed)?;
        let reader = self.db.reader();
        Ok((store::feed(reader).await?, store::pending(reader).await?))
    }

    /// Assigns numbers to the committed events that have none, as the feed's task does.
    ///
    /// # Errors
    /// When the caller is not the program itself or an administrator, or the database fails.
    pub async fn number_events(&self) -> Result<(), Error> {
        self.authorize(Operation::MaintainEventFeed)?;
        // Of a transaction that goes on, nothing is committed yet.
        if self.whole.is_some() { Ok(()) } else { Ok(store::assign_numbers(&self.db).await?) }
    }

    /// Listens for events of other processes, until the future is dropped. Each process runs it once.
    pub async fn run_event_listener(&self) {
        // In a task of its own, never cancelled by another event: a connection that is left in the middle of an
        // exchange with the database is of no further use.
        listener::run(&self.db, || self.hub.committed.notify_one()).await;
        // SQLite has no notifications.
        std::future::pending::<()>().await;
    }

    /// Numbers and broadcasts events, until the future is dropped. Each process runs it once.
    pub async fn run_feed(&self) {
        let mut known = *self.hub.broadcast_through();
        loop {
            if let Err(error) = self.broadcast_new(&mut known).await {
                tracing::warn!(%error, "failed to read events; retrying");
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            tokio::time::sleep(PASS_INTERVAL).await;
            tokio::select! {
                () = self.hub.committed.notified() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    async fn broadcast_new(&self, known: &mut Option<i64>) -> Result<(), Error> {
        store::assign_numbers(&self.db).await?;
        let last = store::feed(self.db.reader()).await?.last;
        let mut from = known.unwrap_or(last);
        if self.hub.recent.receiver_count() == 0 {
            from = last;
        }
        while from < last {
            let rows = store::between(self.db.reader(), &EventFilter::default(), from, last, EVENTS_PER_READ)
                .await?;
            // Numbers have no gaps; rows that were deleted meanwhile are not broadcast.
            from = rows.last().and_then(|row| row.number).unwrap_or(last);
            for row in rows {
                // An error means that there are no subscriptions.
                let _ = self.hub.recent.send(Arc::new(row));
            }
        }
        if known.is_some_and(|known| known < last) {
            // A publication is among the events of other processes.
            self.refresh_policy().await?;
        }
        *known = Some(last);
        *self.hub.broadcast_through() = *known;
        self.metrics.set_feed_position(last);
        self.hub.last.send_if_modified(|known| std::mem::replace(known, last) < last);
        Ok(())
    }

    /// Events that match the filter, after a number or from now on. The stream ends with its first error.
    pub(super) async fn subscribe(
        &self,
        filter: EventFilter,
        after: Option<i64>,
    ) -> Result<impl Stream<Item = EventResult> + Send + use<>, Error> {
        // Subscribe before the last number is read, so that no event falls between the two.
        let recent = self.hub.recent.subscribe();
        store::assign_numbers_for_reader(&self.db).await?;
        let feed = store::feed(self.db.reader()).await?;
        let cursor = after.unwrap_or(feed.last);
        let subscription = Subscription {
            services: self.clone(),
            filter,
            cursor,
            recent,
            buffered: VecDeque::new(),
            lagging: cursor < feed.last,
            failed: false,
        };
        Ok(stream::unfold(subscription, |mut subscription| async move {
            if subscription.failed {
                return None;
            }
            let next = subscription.next().await;
            subscription.failed = next.is_err();
            if next.is_ok() {
                // Whoever hears of a change may ask for what has changed.
                subscription.services.note_change();
            }
            Some((next, subscription))
        }))
    }
}

impl Subscription {
    async fn next(&mut self) -> EventResult {
        loop {
            if let Some(row) = self.buffered.pop_front() {
                return Ok(Arc::new(row));
            }
            if self.lagging {
                self.catch_up().await?;
                continue;
            }
            match self.recent.recv().await {
                Ok(row) => match row.number.unwrap_or_default() - self.cursor {
                    1 => {
                        self.cursor += 1;
                        if self.filter.matches(&row) {
                            return Ok(row);
                        }
                    }
                    // Already delivered from the database.
                    ..=0 => {}
                    // Some events in between were not broadcast.
                    _ => self.lagging = true,
                },
                Err(RecvError::Lagged(_)) => self.lagging = true,
                Err(RecvError::Closed) => {
                    return Err(Error::Damaged("the broadcast of events has ended".to_owned()));
                }
            }
        }
    }

    /// Reads the events between the delivered ones and the broadcast buffer.
    async fn catch_up(&mut self) -> Result<(), Error> {
        let database = &self.services.db;
        let feed = store::feed(database.reader()).await?;
        if self.cursor < feed.removed {
            return Err(super::reads::events_deleted(feed.removed).into());
        }
        let rows =
            store::between(database.reader(), &self.filter, self.cursor, feed.last, EVENTS_PER_READ).await?;
        if u64::try_from(rows.len()).unwrap_or(u64::MAX) < EVENTS_PER_READ {
            // All events up to here were read; the broadcast continues after them, or overlaps.
            self.cursor = self.cursor.max(feed.last);
            self.lagging = false;
        } else if let Some(number) = rows.last().and_then(|row| row.number) {
            self.cursor = number;
        }
        self.buffered = rows.into();
        Ok(())
    }
}
