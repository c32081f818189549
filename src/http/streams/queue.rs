//! The send queue of a connection, bounded in messages and in bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Maximum queued messages of a connection.
const MESSAGES_MAX: usize = 64;
/// Maximum queued bytes of a connection: 1 MiB. A longer message is queued alone.
const BYTES_MAX: u32 = 1 << 20;

/// Set when an operation is cancelled, so that its queued messages are dropped.
pub(super) type CancelFlag = Arc<AtomicBool>;

/// The sending end of a queue.
#[derive(Debug)]
pub(super) struct Queue {
    sender: mpsc::Sender<Queued>,
    byte_permits: Arc<Semaphore>,
}

/// A queued message.
#[derive(Debug)]
pub(super) struct Queued {
    bytes: Bytes,
    cancelled: Option<CancelFlag>,
    byte_permits: Option<OwnedSemaphorePermit>,
}

/// The receiving end was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

impl Queue {
    /// A queue with its receiving end.
    pub(super) fn new() -> (Self, mpsc::Receiver<Queued>) {
        let (sender, receiver) = mpsc::channel(MESSAGES_MAX);
        (Self { sender, byte_permits: Arc::new(Semaphore::new(BYTES_MAX as usize)) }, receiver)
    }

    /// Waits for capacity and queues a message, which is dropped if its operation is cancelled by then.
    pub(super) async fn push(&self, bytes: Bytes, cancelled: Option<&CancelFlag>) -> Result<(), Closed> {
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX).min(BYTES_MAX);
        let byte_permits =
            Arc::clone(&self.byte_permits).acquire_many_owned(size).await.map_err(|_| Closed)?;
        let queued = Queued { bytes, cancelled: cancelled.cloned(), byte_permits: Some(byte_permits) };
        self.sender.send(queued).await.map_err(|_| Closed)
    }

    /// Reserves a slot for one more message, whatever else is queued.
    pub(super) async fn reserve(&self) -> Result<ReservedSlot, Closed> {
        self.sender.clone().reserve_owned().await.map(ReservedSlot).map_err(|_| Closed)
    }

    /// Queues a message if there is a free slot.
    pub(super) fn try_push(&self, bytes: Bytes) {
        // With other messages queued, a keep-alive is not needed.
        drop(self.sender.try_send(Queued { bytes, cancelled: None, byte_permits: None }));
    }

    /// Completes when the receiving end is dropped.
    pub(super) async fn closed(&self) {
        self.sender.closed().await;
    }
}

/// A reserved slot for one message.
#[derive(Debug)]
pub(super) struct ReservedSlot(mpsc::OwnedPermit<Queued>);

impl ReservedSlot {
    /// Queues the message.
    pub(super) fn send(self, bytes: Bytes) {
        drop(self.0.send(Queued { bytes, cancelled: None, byte_permits: None }));
    }
}

impl Queued {
    /// The message with the permits for its bytes; none if its operation is cancelled.
    pub(super) fn into_message(self) -> Option<(Bytes, Option<OwnedSemaphorePermit>)> {
        let is_cancelled = self.cancelled.is_some_and(|it| it.load(Ordering::Relaxed));
        (!is_cancelled).then_some((self.bytes, self.byte_permits))
    }
}
