//! How long work in the background gives way to live traffic.

use std::time::Duration;

use tokio::time::Instant;

use crate::store::Database;

/// The longest rest between two pieces of work.
const REST_MAX: Duration = Duration::from_millis(50);
/// How long others count as there after they were seen: most of them hold a connection for a fraction of their time.
const OTHERS_STAY: Duration = Duration::from_secs(1);

/// The pace of a task that works in the background. While others use the database, it rests after each piece of work for
/// twice as long as that took, so that most of the processor's time is left to them; alone, it does not rest.
pub(super) struct Pace<'a> {
    database: &'a Database,
    /// Connections that the task holds itself.
    held: u32,
    since: Instant,
    /// When others were last seen.
    others_at: Option<Instant>,
}

impl<'a> Pace<'a> {
    /// The pace of a task that holds so many connections.
    pub(super) fn holding(held: u32, database: &'a Database) -> Self {
        Self { database, held, since: Instant::now(), others_at: None }
    }

    /// Whether others use the database, so that pieces of work should be small.
    pub(super) fn is_beside_others(&self) -> bool {
        self.others_at.is_some_and(|at| at.elapsed() < OTHERS_STAY)
    }

    /// Lets others have their turn after a piece of work.
    pub(super) async fn rest(&mut self) {
        tokio::task::yield_now().await;
        if self.database.connections_in_use() > self.held {
            self.others_at = Some(Instant::now());
        }
        if self.is_beside_others() {
            tokio::time::sleep((2 * self.since.elapsed()).min(REST_MAX)).await;
        }
        self.since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKED: Duration = Duration::from_millis(20);

    /// How long a pace rests after so much work.
    async fn rested(pace: &mut Pace<'_>, worked: Duration) -> Duration {
        let began = Instant::now();
        pace.since = began - worked;
        pace.rest().await;
        assert!(pace.since >= began, "the next piece of work begins after the rest");
        began.elapsed()
    }

    #[tokio::test]
    async fn a_rest_is_twice_as_long_as_the_work_and_bounded_while_others_are_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("pace.db").display());
        let database = Database::connect(&url).await.expect("a database");
        let own = database.begin_snapshot().await.expect("a connection");
        let mut pace = Pace::holding(1, &database);
        rested(&mut pace, WORKED).await;
        assert!(!pace.is_beside_others(), "alone");
        let other = database.begin_snapshot().await.expect("another connection");
        assert!(rested(&mut pace, WORKED).await >= 2 * WORKED);
        assert!(pace.is_beside_others());
        assert!(rested(&mut pace, 9 * WORKED).await < 18 * WORKED, "bounded");
        drop(other);
        pace.others_at = Some(Instant::now());
        assert!(rested(&mut pace, WORKED).await >= 2 * WORKED, "they were there a moment ago");
        pace.others_at = Some(Instant::now() - OTHERS_STAY);
        assert!(!pace.is_beside_others(), "they have gone");
        drop(own);
    }
}
