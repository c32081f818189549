//! The task that watches primary and standby.
//!
//! Two connections of its own ask for positions: about four times a second, sooner after a write, and at once while a
//! read or an answer waits. Many that wait at the same time are served by one question.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sea_orm::DatabaseConnection;
use sqlx::{Connection, Error as DriverError, PgConnection};
use tokio::time::{sleep, timeout};

use super::server::{self, Server};
use super::{Replica, Standby};
use crate::store::{pools, startup, tls};

/// Interval of questions without a cause.
const INTERVAL: Duration = Duration::from_millis(250);
/// Minimum interval of questions to the primary because of writes, for which nobody waits.
const WRITES_INTERVAL: Duration = Duration::from_millis(20);
/// Minimum interval of questions for which somebody waits.
const INTERVAL_MIN: Duration = Duration::from_millis(1);
/// Interval of questions to a standby that has not replayed everything, if nobody waits for it.
const LAG_INTERVAL: Duration = Duration::from_millis(20);
/// Time for an answer, after which a server counts as away.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(1);
/// Time for a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
/// Delay before the next attempt to connect.
const RETRY_DELAY: Duration = Duration::from_millis(250);

/// Why the standby is not used.
enum Lost {
    Away(DriverError),
    /// It answers, and is of no use.
    Unfit(String),
}

impl Replica {
    /// Watches both servers, until the future is dropped. Each process runs it once.
    pub(crate) async fn watch(&self) {
        tokio::join!(self.watch_primary(), self.watch_standby());
    }

    async fn watch_primary(&self) {
        loop {
            let error = match in_time(CONNECT_TIME_MAX, server::connect(&self.primary)).await {
                Ok((mut connection, _)) => self.ask_primary(&mut connection).await,
                Err(error) => error,
            };
            let was_there = self.status.send_if_modified(|status| {
                let answered = status.progress.primary_answers();
                status.progress.primary_away();
                answered
            });
            if was_there {
                tracing::warn!(%error, "the primary does not answer");
            }
            sleep(RETRY_DELAY).await;
        }
    }

    /// Asks the primary for its position again and again, and returns the error that ends it.
    async fn ask_primary(&self, connection: &mut PgConnection) -> DriverError {
        loop {
            let at = Instant::now();
            let position = match in_time(ANSWER_TIME_MAX, server::written(connection)).await {
                Ok(position) => position,
                Err(error) => return error,
            };
            self.status.send_modify(|status| {
                if !status.progress.primary_answers() {
                    tracing::info!("the primary answers again");
                }
                status.progress.primary_at(at, position);
            });
            self.signals.standby_wanted.notify_one();
            sleep(INTERVAL_MIN).await;
            let wanted = self.signals.position_wanted.notified();
            let written = async {
                sleep(WRITES_INTERVAL).await;
                self.signals.written.notified().await;
            };
            tokio::select! {
                () = wanted => {}
                () = written => {}
                () = sleep(INTERVAL) => {}
            }
        }
    }

    async fn watch_standby(&self) {
        let mut said = None;
        loop {
            let lost = self.follow(&mut said).await;
            let left = self.status.borrow().standby.clone();
            self.status.send_modify(|status| {
                status.progress.standby_away();
                status.standby = None;
            });
            let reason = match lost {
                Lost::Away(error) => startup::cause(&error),
                Lost::Unfit(reason) => reason,
            };
            let address = tls::address(&self.standby);
            if said.as_ref() != Some(&reason) {
                tracing::warn!(%address, %reason, "the replica is not used: reads go to the primary");
                said = Some(reason);
            }
            if let Some(standby) = left {
                // Reads that wait for an answer of it have been told, and go to the primary.
                tokio::spawn(async move { standby.pool.get_postgres_connection_pool().close().await });
            }
            sleep(RETRY_DELAY).await;
        }
    }

    /// Follows the standby for as long as it answers.
    async fn follow(&self, said: &mut Option<String>) -> Lost {
        let connected = in_time(CONNECT_TIME_MAX, server::connect(&self.standby)).await;
        let (mut connection, server) = match connected {
            Ok(connected) => connected,
            Err(error) => return Lost::Away(error),
        };
        if let Err(reason) = server.check(&self.identity) {
            // It has ended either way.
            let _ = connection.close().await;
            return Lost::Unfit(reason);
        }
        let pool = self.begin(server);
        *said = None;
        tracing::info!(address = %tls::address(&self.standby), "the replica answers");
        // Beside: the standby may be away again.
        let options = self.standby.clone();
        tokio::spawn(async move { tls::report(&pool, &options, "DATABASE_REPLICA_URL").await });
        let mut was_in_recovery = true;
        loop {
            let (in_recovery, replayed) =
                match in_time(ANSWER_TIME_MAX, server::replayed(&mut connection)).await {
                    Ok(answer) => answer,
                    Err(error) => return Lost::Away(error),
                };
            if was_in_recovery && !in_recovery {
                tracing::warn!(
                    "the replica was promoted: it is read from only while DATABASE_URL leads to no primary"
                );
            }
            was_in_recovery = in_recovery;
            self.status.send_modify(|status| status.progress.standby_at(replayed, in_recovery));
            self.pause().await;
        }
    }

    /// Uses a server from now on.
    fn begin(&self, server: Server) -> DatabaseConnection {
        let Server { run, replayed, .. } = server;
        let pool = pools::replica(&self.standby, self.connections_max, server::RUN, Arc::clone(&run));
        self.status.send_modify(|status| {
            status.progress.standby_at(replayed, true);
            status.standby = Some(Standby { pool: pool.clone(), run });
        });
        pool
    }

    /// Waits until it is time to ask the standby again.
    async fn pause(&self) {
        let is_caught_up = self.status.borrow().progress.is_caught_up();
        if self.signals.waiting.load(Ordering::Relaxed) > 0 {
            sleep(INTERVAL_MIN).await;
        } else if is_caught_up {
            let _ = timeout(INTERVAL, self.signals.standby_wanted.notified()).await;
        } else {
            let _ = timeout(LAG_INTERVAL, self.signals.standby_wanted.notified()).await;
        }
    }
}

/// An answer of a server, or an error if it does not come in time.
async fn in_time<T>(
    time_max: Duration,
    answer: impl Future<Output = Result<T, DriverError>>,
) -> Result<T, DriverError> {
    let late = || DriverError::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "it does not answer"));
    timeout(time_max, answer).await.unwrap_or_else(|_| Err(late()))
}
