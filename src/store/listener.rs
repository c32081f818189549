//! Notifications between the processes on one PostgreSQL database: events were numbered.
//!
//! The listening connection is apart from the pools. A pooled connection that still listens would receive
//! notifications in the middle of other statements, which fail with them.

use std::time::Duration;

use sea_orm::DbErr;
use sqlx::Executor;
use sqlx::postgres::{PgConnectOptions, PgListener};

use super::{Database, pools};

/// The channel of the notifications.
pub(super) const CHANNEL: &str = "partner_program_events";
/// Delay before a lost connection is replaced. Meanwhile the feed is polled.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);
/// Time without a notification after which the connection is tested: a network can lose it unnoticed.
const TEST_IF_SILENT_FOR: Duration = Duration::from_secs(30);
/// Maximum duration of the test.
const TEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The connection is idle most of the time, whatever the server's default is.
const SESSION: &str = "SET idle_session_timeout = 0";

/// Calls `notify` after each notification, and after each connection, since notifications may have been missed
/// before. Runs until the future is dropped; on SQLite, which has one process, does nothing.
pub(crate) async fn run(database: &Database, notify: impl Fn()) {
    let Some(options) = &database.pools.postgres else { return };
    let mut is_reported = false;
    loop {
        let lost = match Connection::open(options).await {
            Ok(mut connection) => {
                if std::mem::take(&mut is_reported) {
                    tracing::info!("listening for events of other processes again");
                }
                notify();
                connection.listen(&notify).await
            }
            Err(error) => error,
        };
        // Once per outage, not with each attempt.
        if !std::mem::replace(&mut is_reported, true) {
            tracing::warn!(error = %lost, "cannot listen for events of other processes; polling meanwhile");
        }
        tokio::time::sleep(RECONNECT_DELAY).await;
    }
}

/// A connection that listens, until it is lost; then another one takes its place.
struct Connection(PgListener);

impl Connection {
    async fn open(options: &PgConnectOptions) -> Result<Self, DbErr> {
        let pool = pools::single(options, SESSION).await?;
        let mut listener = PgListener::connect_with(&pool).await.map_err(pools::failed)?;
        // What is lost is reported before the listener connects again.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await.map_err(pools::failed)?;
        Ok(Self(listener))
    }

    /// Listens until the connection is lost, and returns why.
    async fn listen(&mut self, notify: &impl Fn()) -> DbErr {
        loop {
            // While nothing arrives, the wait for the next message can be given up: no exchange is under way.
            match tokio::time::timeout(TEST_IF_SILENT_FOR, self.0.try_recv()).await {
                Ok(Ok(Some(_))) => notify(),
                Ok(Ok(None)) => return closed(),
                Ok(Err(error)) => return pools::failed(error),
                Err(_) => match tokio::time::timeout(TEST_TIMEOUT, self.0.execute("SELECT 1")).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => return pools::failed(error),
                    // Given up in the middle of an exchange: the connection is not used again.
                    Err(_) => return pools::failed(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
                },
            }
        }
    }
}

fn closed() -> DbErr {
    pools::failed(sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into()))
}
