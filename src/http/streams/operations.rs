//! The running operations of a WebSocket, by the ids of its client.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::queue::CancelFlag;

/// The running operations, by the ids of the client.
#[derive(Debug, Default)]
pub(super) struct Operations {
    pub(super) running: Mutex<HashMap<String, RunningOperation>>,
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

    /// Completes when no query and no mutation is running.
    pub(super) async fn wait_for_requests(&self) {
        loop {
            let ended = self.ended.notified();
            let is_subscription =
                |it: &RunningOperation| it.operation.is_subscription.load(Ordering::Relaxed);
            if self.running().values().all(is_subscription) {
                return;
            }
            ended.await;
        }
    }

    /// Removes a finished operation before its last message is sent, after which the client may reuse its
    /// id. Returns whether it was still running, that is, not cancelled.
    pub(super) fn remove_finished(&self, operation: &Arc<Operation>) -> bool {
        let mut running = self.running();
        let is_running = running.get(&operation.id).is_some_and(|it| Arc::ptr_eq(&it.operation, operation));
        if is_running {
            running.remove(&operation.id);
        }
        is_running
    }
}

impl RunningOperation {
    fn cancel(&self) {
        self.operation.cancelled.store(true, Ordering::Relaxed);
        self.task.abort();
    }
}
