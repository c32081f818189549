//! Reads from a hot standby of the database.
//!
//! A query is read from the standby if that has replayed what its caller wrote last, or will in a moment; otherwise
//! from the primary. All reads of one query come from one server, but for what the standby fails to answer, which the
//! primary does: it is never behind the standby. Everything else, such as mutations, background tasks and
//! subscriptions, uses the primary.

mod progress;
mod server;
mod watch;
mod writes;

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{DatabaseConnection, DbErr};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Notify, watch as channel};

use super::{fault, startup, tls};
use crate::freshness::Freshness;
use crate::telemetry::metrics::PoolState;
use crate::telemetry::replica::{ReadSource, ReplicaMetrics, ReplicaState};
use progress::{Need, Progress, Verdict};
use server::Identity;
use writes::Writes;

/// Maximum time that a start waits for the standby.
const START_TIME_MAX: Duration = Duration::from_secs(5);

tokio::task_local! {
    /// The standby that the reads of a query use, until it fails to answer one.
    static CHOSEN: RefCell<Option<Standby>>;
}

/// How old reads from a standby may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaLimits {
    /// Maximum time that a read waits for the standby to replay what the caller wrote.
    pub wait_max: Duration,
    /// Maximum lag of the standby; beyond, all reads use the primary.
    pub lag_max: Duration,
}

impl Default for ReplicaLimits {
    fn default() -> Self {
        Self { wait_max: Duration::from_millis(100), lag_max: Duration::from_secs(1) }
    }
}

/// A standby with what is known of it.
#[derive(Debug)]
pub(crate) struct Replica {
    primary: PgConnectOptions,
    standby: PgConnectOptions,
    /// What both servers are copies of.
    identity: Identity,
    connections_max: u32,
    limits: ReplicaLimits,
    status: channel::Sender<Status>,
    writes: Writes,
    signals: Signals,
    metrics: ReplicaMetrics,
}

/// What is known of the servers at the moment.
#[derive(Debug, Default)]
struct Status {
    progress: Progress,
    standby: Option<Standby>,
}

impl Status {
    fn has(&self, standby: &Standby) -> bool {
        self.standby.as_ref().is_some_and(|current| current.run == standby.run)
    }
}

/// A standby that answers.
#[derive(Clone, Debug)]
pub(super) struct Standby {
    pool: DatabaseConnection,
    /// Which run of which server it is: after a restart a server may have replayed less than before.
    run: Arc<str>,
}

impl Standby {
    /// Its connections.
    pub(super) fn pool(&self) -> &DatabaseConnection {
        &self.pool
    }
}

/// What makes the watching tasks look again.
#[derive(Debug, Default)]
struct Signals {
    /// A read or an answer waits for the position of the primary.
    position_wanted: Notify,
    /// A write was committed.
    written: Notify,
    /// A read waits for the standby, or the standby has failed to answer one.
    standby_wanted: Notify,
    /// Reads that wait.
    waiting: AtomicU32,
}

/// A read that waits, until it is dropped.
struct Waiting<'s>(&'s Signals);

impl Signals {
    fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Replica {
    /// A standby of the database that `primary` leads to. One that can't be reached is used once it can.
    ///
    /// # Errors
    /// When the URL is invalid, the server refuses the connection, or it is no standby of this database.
    pub(super) async fn open(
        url: &str,
        primary: &PgConnectOptions,
        connections_max: u32,
        limits: ReplicaLimits,
        metrics: ReplicaMetrics,
    ) -> Result<Self, DbErr> {
        let mut standby = tls::options(url)?;
        if standby.get_application_name().is_none() {
            standby = standby.application_name("partner-program");
        }
        let identity = server::identity(primary).await.map_err(super::pools::failed)?;
        match tokio::time::timeout(START_TIME_MAX, server::connect(&standby)).await {
            Ok(Ok((_, found))) => {
                let address = tls::address(&standby);
                let refused = |reason| startup::unusable(format!("the server at {address} {reason}"));
                found.check(&identity).map_err(refused)?;
            }
            Ok(Err(error)) if !server::is_away(&error) => {
                return Err(startup::cannot_connect(error, &standby));
            }
            // The watching task says that it is away.
            Ok(Err(_)) | Err(_) => {}
        }
        Ok(Self {
            primary: primary.clone(),
            standby,
            identity,
            connections_max,
            limits,
            status: channel::Sender::new(Status::default()),
            writes: Writes::since(Instant::now()),
            signals: Signals::default(),
            metrics,
        })
    }

    /// Notes that a caller's write has been committed.
    pub(crate) fn note_write(&self, caller: u64) {
        self.writes.note(caller, Instant::now());
        self.signals.written.notify_one();
    }

    /// Runs a query of a caller. It sees what the caller wrote by this process, and what `freshness` says.
    pub(crate) async fn read<T>(
        &self,
        caller: u64,
        freshness: Freshness,
        query: impl Future<Output = T>,
    ) -> T {
        let chosen = self.choose(caller, freshness).await;
        self.metrics.read(if chosen.is_some() { ReadSource::Replica } else { ReadSource::Primary });
        match chosen {
            Some(standby) => CHOSEN.scope(RefCell::new(Some(standby)), query).await,
            None => query.await,
        }
    }

    /// Where a read of a caller goes: to the standby, or none for the primary.
    async fn choose(&self, caller: u64, freshness: Freshness) -> Option<Standby> {
        let arrived = Instant::now();
        let until = arrived + self.limits.wait_max;
        let (written, position) = match freshness {
            Freshness::Own => (self.writes.last(caller), None),
            Freshness::Position(position) => (self.writes.last(caller), Some(position)),
            Freshness::Now => (arrived, None),
        };
        let need = Need { written, position, arrived, until };
        let mut watched = None;
        loop {
            let lacks_position = {
                let status = self.status.borrow();
                match status.progress.judge(Instant::now(), &need, self.limits.lag_max) {
                    Verdict::Standby => return status.standby.clone(),
                    Verdict::Primary => return None,
                    Verdict::Wait => status.progress.lacks_position(&need),
                }
            };
            let Some((changes, _waiting)) = &mut watched else {
                // Judged once more, so that no change in between is missed.
                watched = Some((self.status.subscribe(), self.signals.wait()));
                continue;
            };
            if lacks_position {
                self.signals.position_wanted.notify_one();
            }
            self.signals.standby_wanted.notify_one();
            // After the time it is judged for the last time.
            let _ = tokio::time::timeout_at(until.into(), changes.changed()).await;
        }
    }

    /// The position that includes everything committed until now; none if the primary does not say it in time.
    pub(crate) async fn position(&self) -> Option<u64> {
        let now = Instant::now();
        let mut changes = self.status.subscribe();
        let known = async {
            loop {
                let latest = changes.borrow_and_update().progress.latest();
                if let Some((_, position)) = latest.filter(|(at, _)| *at >= now) {
                    return Some(position);
                }
                self.signals.position_wanted.notify_one();
                changes.changed().await.ok()?;
            }
        };
        tokio::time::timeout(self.limits.wait_max, known).await.ok().flatten()
    }

    /// The standby that the current query reads from.
    pub(super) fn chosen() -> Option<Standby> {
        CHOSEN.try_with(|chosen| chosen.borrow().clone()).ok().flatten()
    }

    /// From here on the current query reads from the primary.
    pub(super) fn leave() {
        let _ = CHOSEN.try_with(RefCell::take);
    }

    /// The standby, in place of a primary that does not answer.
    pub(super) fn instead(&self) -> Option<Standby> {
        self.status.borrow().standby.clone()
    }

    /// The standby, if the primary is known not to answer.
    pub(super) fn while_away(&self) -> Option<Standby> {
        let status = self.status.borrow();
        status.standby.clone().filter(|_| !status.progress.primary_answers())
    }

    /// The result of a read from the standby. None if it has to be repeated on the primary: whatever the standby has
    /// against it, such as a conflict of its recovery, is no matter of the caller. The rest of the query then uses
    /// the primary as well.
    pub(super) async fn attempt<T>(
        &self,
        standby: &Standby,
        read: impl Future<Output = Result<T, DbErr>>,
    ) -> Option<T> {
        let mut changes = self.status.subscribe();
        let lost = async { drop(changes.wait_for(|status| !status.has(standby)).await) };
        // A server that hangs answers neither this nor the watching task, which notices it.
        let result = tokio::select! {
            biased;
            result = read => Some(result),
            () = lost => None,
        };
        let error = match result {
            Some(Ok(found)) => return Some(found),
            Some(Err(error)) => Some(error),
            None => None,
        };
        Self::leave();
        self.metrics.repeated();
        if let Some(error) = error {
            tracing::debug!(%error, "a read of the replica failed; it is repeated on the primary");
            if fault::is_unavailable(&error) {
                self.signals.standby_wanted.notify_one();
            }
        }
        None
    }

    /// Whether reads go on although the primary does not answer.
    pub(super) fn serves_alone(&self) -> bool {
        self.while_away().is_some()
    }

    /// What there is to say of the standby.
    pub(crate) fn report(&self) {
        let status = self.status.borrow();
        let now = Instant::now();
        self.metrics.set(ReplicaState {
            in_use: status.progress.serves(now, self.limits.lag_max),
            lag: status.progress.lag(now),
            lag_bytes: status.progress.lag_bytes(),
        });
    }

    /// How the connections to the standby are used at the moment.
    pub(super) fn pool_state(&self) -> PoolState {
        let standby = self.instead();
        let pool = standby.as_ref().map(|standby| standby.pool.get_postgres_connection_pool());
        PoolState {
            name: "replica",
            size: pool.map_or(0, sqlx::PgPool::size),
            idle: pool.map_or(0, |pool| u32::try_from(pool.num_idle()).unwrap_or(u32::MAX)),
            max: self.connections_max,
        }
    }

    /// Closes every connection.
    pub(super) async fn close(&self) {
        let standby = self.instead();
        self.status.send_modify(|status| {
            status.progress.standby_away();
            status.standby = None;
        });
        if let Some(standby) = standby {
            standby.pool.get_postgres_connection_pool().close().await;
        }
    }
}
