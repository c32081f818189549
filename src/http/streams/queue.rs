//! What waits to be sent on one connection: some messages, of some bytes altogether.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Messages that may wait on one connection.
const MESSAGES_MAX: usize = 64;
/// Bytes that may wait on one connection: 1 MiB. A longer message waits alone.
const BYTES_MAX: u32 = 1 << 20;

/// Says that nobody wants the messages of an operation any more.
pub(super) type Unwanted = Arc<AtomicBool>;

/// The end that messages go in at.
#[derive(Debug)]
pub(super) struct Queue {
    sender: mpsc::Sender<Queued>,
    room: Arc<Semaphore>,
}

/// A message that waits.
#[derive(Debug)]
pub(super) struct Queued {
    bytes: Bytes,
    unwanted: Option<Unwanted>,
    room: Option<OwnedSemaphorePermit>,
}

/// Nobody takes messages any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

impl Queue {
    /// A queue and the end that messages come out of.
    pub(super) fn new() -> (Self, mpsc::Receiver<Queued>) {
        let (sender, receiver) = mpsc::channel(MESSAGES_MAX);
        (Self { sender, room: Arc::new(Semaphore::new(BYTES_MAX as usize)) }, receiver)
    }

    /// Waits for room, and puts a message in. It is left out if it has become unwanted by its turn.
    pub(super) async fn push(&self, bytes: Bytes, unwanted: Option<&Unwanted>) -> Result<(), Closed> {
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX).min(BYTES_MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(size).await.map_err(|_| Closed)?;
        let queued = Queued { bytes, unwanted: unwanted.cloned(), room: Some(room) };
        self.sender.send(queued).await.map_err(|_| Closed)
    }

    /// A place that is kept free for one more message, whatever else waits.
    pub(super) async fn reserve(&self) -> Result<ReservedSlot, Closed> {
        self.sender.clone().reserve_owned().await.map(ReservedSlot).map_err(|_| Closed)
    }

    /// Puts a message in if there is a place for it at once.
    pub(super) fn offer(&self, bytes: Bytes) {
        // Who has other messages waiting needs no further one.
        drop(self.sender.try_send(Queued { bytes, unwanted: None, room: None }));
    }

    /// Ends when nobody takes messages any more.
    pub(super) async fn closed(&self) {
        self.sender.closed().await;
    }
}

/// A place for one message.
#[derive(Debug)]
pub(super) struct ReservedSlot(mpsc::OwnedPermit<Queued>);

impl ReservedSlot {
    /// Puts the message in.
    pub(super) fn fill(self, bytes: Bytes) {
        drop(self.0.send(Queued { bytes, unwanted: None, room: None }));
    }
}

impl Queued {
    /// The message, and what keeps its room until it is dropped.
    pub(super) fn wanted(self) -> Option<(Bytes, Option<OwnedSemaphorePermit>)> {
        let is_unwanted = self.unwanted.is_some_and(|it| it.load(Ordering::Relaxed));
        (!is_unwanted).then_some((self.bytes, self.room))
    }
}
