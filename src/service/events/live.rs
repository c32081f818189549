//! Events as they come: one task of each process learns of new numbers and shares the rows with whoever
//! follows them.
//!
//! A subscription that falls behind what is shared reads the database instead, so that nothing is kept in
//! memory for the slowest, and nothing is left out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use entity::event;
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, watch};

use crate::access::Operation;
use crate::error::Error;
use crate::service::{Services, transact};
use crate::store::event::{self as store, EventFilter, Feed, Listener, Pending};

/// Events that are shared in memory; who is further behind reads the database.
const BROADCAST_CAPACITY: usize = 1_024;
/// Events that are read at once.
const EVENTS_PER_READ: u64 = 500;
/// How often events of other processes are looked for where nobody tells of them.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How often old events are deleted.
const CLEANUP_INTERVAL: Duration = Duration::from_hours(1);
/// Events that are deleted in one transaction.
const DELETED_PER_TRANSACTION: i64 = 5_000;

/// What followers of one process share.
#[derive(Debug)]
pub struct Hub {
    committed: Notify,
    last: watch::Sender<i64>,
    recent: broadcast::Sender<Arc<event::Model>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            committed: Notify::new(),
            last: watch::Sender::new(0),
            recent: broadcast::Sender::new(BROADCAST_CAPACITY),
        }
    }
}

impl Hub {
    /// Says that a transaction was committed, and may have left events.
    pub(in crate::service) fn notify_committed(&self) {
        self.committed.notify_one();
    }

    /// The last number that this process knows of, and when it rises.
    #[must_use]
    pub fn last(&self) -> watch::Receiver<i64> {
        self.last.subscribe()
    }
}

/// An event, or why no more come.
pub type EventResult = Result<Arc<event::Model>, Error>;

/// Where a subscription stands.
struct Subscription {
    services: Services,
    filter: EventFilter,
    /// Everything up to this number was given.
    cursor: i64,
    recent: broadcast::Receiver<Arc<event::Model>>,
    buffered: VecDeque<event::Model>,
    lagging: bool,
    failed: bool,
}

impl Services {
    /// What the followers of this process share.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Shares events and follows the calendar, as long as the future is polled. Each process has one.
    pub async fn run_feed(&self, kept: Option<TimeDelta>) {
        tokio::join!(self.run_broadcast(), self.run_time_based_events(), self.run_event_retention(kept));
    }

    /// Deletes events that were recorded longer ago than they are kept.
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

    async fn run_event_retention(&self, kept: Option<TimeDelta>) {
        let Some(kept) = kept else { return };
        loop {
            match self.delete_expired_events(kept).await {
                Ok(0) => {}
                Ok(events) => tracing::info!(events, "old events were deleted"),
                Err(error) => tracing::warn!(%error, "old events could not be deleted; it is tried again"),
            }
            tokio::time::sleep(CLEANUP_INTERVAL).await;
        }
    }

    /// How far the feed is: the last number, and what waits for one.
    ///
    /// # Errors
    /// When the caller is not the program itself or an administrator, or the database fails.
    pub async fn feed_status(&self) -> Result<(Feed, Pending), Error> {
        self.authorize(Operation::MaintainEventFeed)?;
        let reader = self.db.reader();
        Ok((store::feed(reader).await?, store::pending(reader).await?))
    }

    async fn run_broadcast(&self) {
        let mut listener = None;
        let mut known = None;
        loop {
            if listener.is_none() {
                listener = store::listen(&self.db).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "no news of events from other processes; they are looked for");
                    None
                });
            }
            if let Err(error) = self.broadcast_new(&mut known).await {
                tracing::warn!(%error, "events could not be read; they are read again");
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            let heard = async {
                match &mut listener {
                    Some(listener) => Listener::notified(listener).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.hub.committed.notified() => {}
                heard = heard => if heard.is_err() { listener = None },
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
            // NumberRange have no gaps; rows that are gone already are nobody's news.
            from = rows.last().and_then(|row| row.number).unwrap_or(last);
            for row in rows {
                // Without followers there is nobody to tell.
                let _ = self.hub.recent.send(Arc::new(row));
            }
        }
        *known = Some(last);
        self.metrics.feed_position(last);
        self.hub.last.send_if_modified(|known| std::mem::replace(known, last) < last);
        Ok(())
    }

    /// Events that the filter takes, after a number or from now on. The stream ends with its first error.
    pub(super) async fn subscribe(
        &self,
        filter: EventFilter,
        after: Option<i64>,
    ) -> Result<impl Stream<Item = EventResult> + Send + use<>, Error> {
        // Before the last number is read, so that nothing is between the two.
        let recent = self.hub.recent.subscribe();
        store::assign_numbers(&self.db).await?;
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
                    // Given before, by way of the database.
                    ..=0 => {}
                    // Something between was never shared.
                    _ => self.lagging = true,
                },
                Err(RecvError::Lagged(_)) => self.lagging = true,
                Err(RecvError::Closed) => return Err(Error::Damaged("nobody shares events".to_owned())),
            }
        }
    }

    /// Reads what lies between what was given and what is shared.
    async fn catch_up(&mut self) -> Result<(), Error> {
        let database = &self.services.db;
        let feed = store::feed(database.reader()).await?;
        if self.cursor < feed.removed {
            return Err(super::reads::events_deleted(feed.removed).into());
        }
        let rows =
            store::between(database.reader(), &self.filter, self.cursor, feed.last, EVENTS_PER_READ).await?;
        if u64::try_from(rows.len()).unwrap_or(u64::MAX) < EVENTS_PER_READ {
            // Everything up to here was read. What is shared from now on comes after it, or was read.
            self.cursor = self.cursor.max(feed.last);
            self.lagging = false;
        } else if let Some(number) = rows.last().and_then(|row| row.number) {
            self.cursor = number;
        }
        self.buffered = rows.into();
        Ok(())
    }
}
