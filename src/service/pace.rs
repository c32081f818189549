//! How long work in the background gives way to live traffic.

use std::time::Duration;

use tokio::time::Instant;

use crate::store::Database;

/// The longest rest between two pieces of work.
const REST_MAX: Duration = Duration::from_millis(50);

/// The pace of a task that works in the background. While others use the database, it rests after each piece of work for
/// twice as long as that took, so that most of the processor's time is left to them; alone, it does not rest.
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
        let others = self.database.connections_in_use().saturating_sub(self.held);
        if let Some(time) = rest_after(self.since.elapsed(), others) {
            tokio::time::sleep(time).await;
        }
        self.since = Instant::now();
    }
}

/// How long to rest after work, beside so many connections of others.
fn rest_after(worked: Duration, others: u32) -> Option<Duration> {
    (others > 0).then_some((2 * worked).min(REST_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKED: Duration = Duration::from_millis(20);

    #[test]
    fn a_rest_is_twice_as_long_as_the_work_and_bounded() {
        let cases = [
            ("alone", WORKED, 0, None),
            ("beside others", WORKED, 1, Some(2 * WORKED)),
            ("after long work", Duration::from_secs(9), 3, Some(REST_MAX)),
        ];
        for (case, worked, others, rest) in cases {
            assert_eq!(rest_after(worked, others), rest, "{case}");
        }
    }

    #[tokio::test]
    async fn others_are_those_who_hold_another_connection() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("pace.db").display());
        let database = Database::connect(&url).await.expect("a database");
        let own = database.begin_snapshot().await.expect("a connection");
        let other = database.begin_snapshot().await.expect("another connection");
        let mut pace = Pace { database: &database, held: 1, since: Instant::now() - WORKED };
        let began = Instant::now();
        pace.rest().await;
        assert!(began.elapsed() >= 2 * WORKED, "{:?}", began.elapsed());
        assert!(pace.since >= began, "the next piece of work begins after the rest");
        drop((own, other));
    }
}
