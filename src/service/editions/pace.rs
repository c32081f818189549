//! How a trial gives way to live traffic.

use std::time::Duration;

use tokio::time::Instant;

use crate::store::Database;

/// The longest rest between two pieces of work.
const REST_MAX: Duration = Duration::from_millis(50);

/// The pace of a task that works in the background. While others use the database, it rests after each piece of work for
/// as long as that took, so that most of the processor's time is left to them; alone, it does not rest.
pub(super) struct Pace<'a> {
    database: &'a Database,
    /// Connections that the task holds itself.
    held: u32,
    since: Instant,
}

impl<'a> Pace<'a> {
    /// The pace of a task that holds so many connections.
    pub(super) fn holding(held: u32, database: &'a Database) -> Self {
        Self { database, held, since: Instant::now() }
    }

    /// Lets others have their turn after a piece of work.
    pub(super) async fn rest(&mut self) {
        tokio::task::yield_now().await;
        if self.database.connections_in_use() > self.held {
            tokio::time::sleep(self.since.elapsed().min(REST_MAX)).await;
        }
        self.since = Instant::now();
    }
}
