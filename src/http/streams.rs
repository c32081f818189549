//! Operations whose answers go on: over WebSockets, and as server-sent events.
//!
//! Both hold what they send in a [`queue`] that is bounded in messages and bytes, check the
//! credentials again while they last, and end when the server stops or the client does not take what
//! it is sent.

pub mod events;
mod message;
mod queue;
mod session;
pub mod socket;
mod socket_operations;

use std::time::Duration;

use tokio::sync::watch;

use super::cors::Origins;

/// Operations that one WebSocket may have running.
pub const OPERATIONS_MAX: usize = 100;
/// Longest message that a WebSocket takes, in bytes: 256 KiB.
pub const MESSAGE_BYTES_MAX: usize = 256 << 10;
/// How long a client that is told that its connection ends has to hear it.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What WebSockets and event streams may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Longest time for a client to take a message.
    pub send_time_max: Duration,
    /// Longest time for a client to say who it is after it opened a WebSocket.
    pub init_time_max: Duration,
    /// How often a WebSocket's client is asked whether it is still there; one that said nothing until
    /// the next time is gone.
    pub ping_interval: Duration,
    /// How often a quiet event stream gets a comment, so that nothing on the way takes it for dead.
    pub comment_interval: Duration,
    /// How often credentials are checked again, beside before each event.
    pub check_interval: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            send_time_max: Duration::from_secs(10),
            init_time_max: Duration::from_secs(10),
            ping_interval: Duration::from_secs(20),
            comment_interval: Duration::from_secs(15),
            check_interval: Duration::from_secs(5),
        }
    }
}

/// All that WebSockets and event streams have in common.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    /// What they may take.
    pub limits: StreamLimits,
    /// The origins whose pages may open WebSockets.
    pub origins: Origins,
    /// Ends them.
    pub stop: Stop,
}

/// Tells that the server is to stop. The default never does.
#[derive(Clone, Debug, Default)]
pub struct Stop(Option<watch::Receiver<bool>>);

impl Stop {
    /// A stop, and what brings it about: by `true`, or by being dropped.
    #[must_use]
    pub fn channel() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(Some(receiver)))
    }

    /// Ends when the server is to stop.
    pub async fn stopped(&self) {
        match &self.0 {
            // An error tells that the sender is gone.
            Some(receiver) => drop(receiver.clone().wait_for(|is_stopped| *is_stopped).await),
            None => std::future::pending().await,
        }
    }
}
