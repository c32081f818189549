//! How long work in the background gives way to live traffic.

use std::time::Duration;

use tokio::time::Instant;

use crate::store::Database;

/// How much longer than the work before it a rest is.
const RESTS: u32 = 4;
/// The longest rest between two pieces of work.
const REST_MAX: Duration = Duration::from_millis(50);
/// Parts of a share.
const WHOLE: u32 = 1 << 16;
/// How many looks back the share of those that saw others goes.
const LOOKS: u32 = 16;
/// From this share on, others use the database all the time: each holds a connection for a fraction of its own.
const OFTEN: u32 = WHOLE / 10;

/// The pace of a task that works in the background. While others use the database, it rests after each piece of work for
/// four times as long as that took, so that most of the processor's time is left to them; alone, it does not rest.
pub(super) struct Pace<'a> {
    database: &'a Database,
    /// Connections that the task holds itself.
    held: u32,
    since: Instant,
    /// The share of the last looks that saw others.
    seen: u32,
}

impl<'a> Pace<'a> {
    /// The pace of a task that holds so many connections.
    pub(super) fn holding(held: u32, database: &'a Database) -> Self {
        Self { database, held, since: Instant::now(), seen: 0 }
    }

    /// Whether others use the database all the time, so that pieces of work should be small.
    pub(super) fn is_beside_others(&self) -> bool {
        self.seen > OFTEN
    }

    /// Lets others have their turn after a piece of work.
    pub(super) async fn rest(&mut self) {
        tokio::task::yield_now().await;
        let has_others = self.database.connections_in_use() > self.held;
        self.look(has_others);
        if has_others || self.is_beside_others() {
            tokio::time::sleep((RESTS * self.since.elapsed()).min(REST_MAX)).await;
        }
        self.since = Instant::now();
    }

    fn look(&mut self, has_others: bool) {
        self.seen -= self.seen / LOOKS;
        if has_others {
            self.seen += WHOLE / LOOKS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKED: Duration = Duration::from_millis(10);

    /// How long a pace rests after so much work.
    async fn rested(pace: &mut Pace<'_>, worked: Duration) -> Duration {
        let began = Instant::now();
        pace.since = began - worked;
        pace.rest().await;
        assert!(pace.since >= began, "the next piece of work begins after the rest");
        began.elapsed()
    }

    #[tokio::test]
    async fn a_rest_is_longer_than_the_work_and_bounded_while_others_are_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("pace.db").display());
        let database = Database::connect(&url).await.expect("a database");
        let own = database.begin_snapshot().await.expect("a connection");
        let mut pace = Pace::holding(1, &database);
        rested(&mut pace, WORKED).await;
        assert!(!pace.is_beside_others(), "alone");
        let other = database.begin_snapshot().await.expect("another connection");
        assert!(rested(&mut pace, WORKED).await > 3 * WORKED);
        assert!(!pace.is_beside_others(), "once is not often");
        rested(&mut pace, WORKED).await;
        assert!(pace.is_beside_others());
        assert!(rested(&mut pace, 90 * WORKED).await < 90 * WORKED, "bounded");
        drop(other);
        assert!(rested(&mut pace, WORKED).await > 3 * WORKED, "they were there a moment ago");
        for _ in 0..4 * LOOKS {
            pace.look(false);
        }
        assert!(!pace.is_beside_others(), "they have gone");
        drop(own);
    }
}
