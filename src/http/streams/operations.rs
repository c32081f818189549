//! The running operations of a WebSocket, by the ids of its client.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::queue::CancelFlag;

/// The running operations, by the ids of the client.
#[derive(Debug, Default)]
pub(super) struct Operations {
    pub(super) running: Mutex<HashMap<String, RunningOperation>>,
    /// Number of operations that have ended and whose last message is not queued yet.
    finishing: AtomicUsize,
    /// Notified when one of them has ended.
    pub(super) ended: Notify,
}

#[derive(Debug)]
pub(super) struct RunningOperation {
    pub(super) operation: Arc<Operation>,
    pub(super) task: AbortHandle,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) id: String,
    /// Set when it is cancelled: none of its messages is sent after that.
    pub(super) cancelled: CancelFlag,
    /// Whether it is a subscription, which runs until it is cancelled.
    pub(super) is_subscription: AtomicBool,
}

impl Operations {
    pub(super) fn running(&self) -> MutexGuard<'_, HashMap<String, RunningOperation>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancels an operation: none of its messages is sent after that.
    pub(super) fn cancel(&self, id: &str) {
        let running = self.running().remove(id);
        if let Some(running) = running {
            running.cancel();
            self.ended.notify_waiters();
        }
    }

    /// Cancels all operations.
    pub(super) fn cancel_all(&self) {
        let all: Vec<RunningOperation> = self.running().drain().map(|(_, running)| running).collect();
        all.iter().for_each(RunningOperation::cancel);
    }

    /// Completes when no query and no mutation is running, and the last message of each operation is queued.
    pub(super) async fn wait_for_requests(&self) {
        loop {
            let ended = self.ended.notified();
            let is_subscription =
                |it: &RunningOperation| it.operation.is_subscription.load(Ordering::Relaxed);
            {
                let running = self.running();
                if running.values().all(is_subscription) && self.finishing.load(Ordering::Relaxed) == 0 {
                    return;
                }
            }
            ended.await;
        }
    }

    /// Removes a finished operation before its last message is sent, after which the client may reuse its
    /// id. Returns a guard to hold until that message is queued, unless the operation was cancelled.
    pub(super) fn remove_finished(&self, operation: &Arc<Operation>) -> Option<FinishingOperation<'_>> {
        let mut running = self.running();
        let is_running = running.get(&operation.id).is_some_and(|it| Arc::ptr_eq(&it.operation, operation));
        is_running.then(|| {
            running.remove(&operation.id);
            self.finishing.fetch_add(1, Ordering::Relaxed);
            FinishingOperation(self)
        })
    }
}

/// An operation that has ended, until its last message is queued.
#[derive(Debug)]
pub(super) struct FinishingOperation<'o>(&'o Operations);

impl Drop for FinishingOperation<'_> {
    fn drop(&mut self) {
        {
            // `wait_for_requests` reads the number under this lock.
            let _running = self.0.running();
            self.0.finishing.fetch_sub(1, Ordering::Relaxed);
        }
        self.0.ended.notify_waiters();
    }
}

impl RunningOperation {
    fn cancel(&self) {
        self.operation.cancelled.store(true, Ordering::Relaxed);
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// A shutdown closes the connection after the last message of an operation, not before.
    #[tokio::test]
    async fn an_operation_counts_until_its_last_message_is_queued() {
        let operations = Operations::default();
        let operation = Arc::new(Operation {
            id: "1".to_owned(),
            cancelled: CancelFlag::default(),
            is_subscription: AtomicBool::new(false),
        });
        let task = tokio::spawn(std::future::pending::<()>()).abort_handle();
        let running = RunningOperation { operation: Arc::clone(&operation), task };
        operations.running().insert("1".to_owned(), running);
        let mut waiting = std::pin::pin!(operations.wait_for_requests());
        assert!(waiting.as_mut().now_or_never().is_none());
        let finishing = operations.remove_finished(&operation);
        assert!(finishing.is_some() && operations.running().is_empty());
        assert!(operations.wait_for_requests().now_or_never().is_none());
        drop(finishing);
        assert!(waiting.now_or_never().is_some());
        assert!(operations.remove_finished(&operation).is_none(), "it is removed once");
    }
}
