//! Turns of writers: few transactions of a process wait for the lock of one row at the same time.
//!
//! A transaction that waits for a lock holds a connection. Without turns, the writers of one busy subject would
//! hold all of them, and writers of other subjects would wait for them too. A transaction that comes to a row for
//! which others of this process already wait is rolled back, waits for its turn without a connection, and starts
//! again. The locks of the database alone decide about correctness; turns are about fairness.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Transactions of this process that may hold or wait for one row: one that holds it, and one that gets it next
/// without a pause.
const AT_ONCE: usize = 2;
/// Queues; rows share one by chance, which costs no more than some waiting.
const QUEUES: usize = 1_024;
/// Maximum time to wait for a turn, as long as for a lock of the database.
const TIME_MAX: Duration = Duration::from_secs(10);

tokio::task_local! {
    static WRITER: RefCell<Writer>;
}

/// The queues of a database.
#[derive(Clone, Debug)]
pub(crate) struct Turns(Arc<[Arc<Semaphore>]>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..QUEUES).map(|_| Arc::new(Semaphore::new(AT_ONCE))).collect())
    }
}

/// The turns of one use case, over all attempts of its transaction.
#[derive(Debug)]
struct Writer {
    turns: Turns,
    /// Turns of the current attempt, by queue.
    held: HashMap<usize, OwnedSemaphorePermit>,
    wanted: Option<usize>,
    has_waited: bool,
}

/// Runs a use case that takes turns, if the database has them.
pub(crate) async fn scope<T>(turns: Option<&Turns>, writer: impl Future<Output = T>) -> T {
    // SQLite's writers queue for its one lock.
    let Some(turns) = turns else { return writer.await };
    let state = Writer { turns: turns.clone(), held: HashMap::new(), wanted: None, has_waited: false };
    WRITER.scope(RefCell::new(state), writer).await
}

/// Takes the turns of rows that a statement is about to lock, named by their table and key.
///
/// # Errors
/// When the transaction has to wait for its turn: it is rolled back, and [`wait`] waits.
pub(super) fn take(rows: impl IntoIterator<Item = impl Hash>) -> Result<(), DbErr> {
    let taken = WRITER.try_with(|writer| {
        let mut writer = writer.borrow_mut();
        rows.into_iter().try_for_each(|row| writer.take(&row))
    });
    // Without a scope there are no turns.
    taken.unwrap_or(Ok(()))
}

/// Waits for the turn that the last attempt lacked, and returns whether there was one.
///
/// # Errors
/// When it does not come in time.
pub(crate) async fn wait() -> Result<bool, DbErr> {
    let wanted = WRITER.try_with(|writer| {
        let mut writer = writer.borrow_mut();
        // Whoever waits holds nothing that others wait for.
        writer.held.clear();
        let queue = writer.wanted.take()?;
        writer.has_waited = true;
        Some((queue, Arc::clone(&writer.turns.0[queue])))
    });
    let Ok(Some((queue, turns))) = wanted else { return Ok(false) };
    match tokio::time::timeout(TIME_MAX, turns.acquire_owned()).await {
        Ok(Ok(turn)) => {
            WRITER.with(|writer| writer.borrow_mut().held.insert(queue, turn));
            Ok(true)
        }
        _ => Err(DbErr::Conn(RuntimeErr::Internal(
            "a row was locked by other transactions for too long".to_owned(),
        ))),
    }
}

impl Writer {
    fn take(&mut self, row: &impl Hash) -> Result<(), DbErr> {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        let queue = usize::try_from(hasher.finish() % QUEUES as u64).unwrap_or_default();
        if self.held.contains_key(&queue) {
            return Ok(());
        }
        match Arc::clone(&self.turns.0[queue]).try_acquire_owned() {
            Ok(turn) => {
                self.held.insert(queue, turn);
                Ok(())
            }
            // It has waited once: a second time would be unfair to it.
            Err(_) if self.has_waited => Ok(()),
            Err(_) => {
                self.wanted = Some(queue);
                Err(DbErr::Custom("the transaction has to wait for its turn".to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    const A: [(&str, &str); 1] = [("partners", "a")];
    const B: [(&str, &str); 1] = [("partners", "b")];

    #[tokio::test]
    async fn a_writer_waits_for_its_turn_once_and_holds_nothing_meanwhile() {
        let turns = Turns::default();
        let free = || turns.0.iter().map(|queue| queue.available_permits()).sum::<usize>();
        let all = free();
        let third = async {
            assert!(take(B).is_ok(), "another row");
            assert!(take(A).is_err(), "the third");
            assert_eq!(free(), all - 3);
            assert!(wait().await.expect("in time"));
            assert!(take(A).is_ok(), "it has its turn");
            assert!(!wait().await.expect("nothing to wait for"));
        };
        scope(Some(&turns), async {
            assert!(take(A).is_ok() && take(A).is_ok(), "once in a transaction");
            assert_eq!(free(), all - 1);
            scope(Some(&turns), async {
                assert!(take(A).is_ok(), "the next");
                let mut third = Box::pin(scope(Some(&turns), third));
                let is_pending = std::future::poll_fn(|cx| Poll::Ready(third.as_mut().poll(cx).is_pending()));
                assert!(is_pending.await);
                assert_eq!(free(), all - 2, "it holds nothing while it waits");
                assert!(!wait().await.expect("this one's turns are over"));
                third.await;
            })
            .await;
        })
        .await;
        assert_eq!(free(), all);
        scope(None, async { assert!(take(A).is_ok()) }).await;
        assert_eq!(free(), all, "there are no turns on SQLite");
    }

    #[tokio::test]
    async fn a_writer_that_has_waited_goes_on_without_a_turn() {
        let turns = Turns::default();
        let hold = async |turns: Turns| {
            let state = Writer { turns, held: HashMap::new(), wanted: None, has_waited: true };
            WRITER.scope(RefCell::new(state), async { take(A) }).await
        };
        scope(Some(&turns), async {
            take(A).expect("the first");
            scope(Some(&turns), async {
                take(A).expect("the second");
                assert!(hold(turns.clone()).await.is_ok());
            })
            .await;
        })
        .await;
    }
}
