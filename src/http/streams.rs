//! Streaming operations: over WebSockets, and as server-sent events.
//!
//! Both send through a [`queue`] that is bounded in messages and bytes, revalidate the credentials
//! periodically, and close when the server shuts down or the client consumes too slowly.

mod message;
mod operations;
mod queue;
mod session;
pub mod sse;
pub mod websocket;
mod websocket_operations;

use std::time::Duration;

use tokio::sync::watch;

use super::cors::Origins;

/// Maximum concurrent operations of a WebSocket.
pub const OPERATIONS_MAX: usize = 100;
/// Maximum size of a message that a WebSocket accepts, in bytes: 256 KiB.
pub const MESSAGE_BYTES_MAX: usize = 256 << 10;
/// Timeout of the closing handshake of a WebSocket.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// Limits of WebSockets and event streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Timeout for sending a message to a client.
    pub send_time_max: Duration,
    /// Timeout for `connection_init` after a WebSocket was opened.
    pub init_time_max: Duration,
    /// Interval of pings on a WebSocket; a connection on which nothing arrived between two of them is closed.
    pub ping_interval: Duration,
    /// Interval of keep-alive comments on an idle event stream, so that no proxy closes it.
    pub keep_alive_interval: Duration,
    /// Interval of the revalidation of credentials, in addition to the one before each event.
    pub check_interval: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            send_time_max: Duration::from_secs(10),
            init_time_max: Duration::from_secs(10),
            ping_interval: Duration::from_secs(20),
            keep_alive_interval: Duration::from_secs(15),
            check_interval: Duration::from_secs(5),
        }
    }
}

/// Settings of WebSockets and event streams.
#[derive(Clone, Debug, Default)]
pub struct StreamSettings {
    /// Their limits.
    pub limits: StreamLimits,
    /// The origins whose pages may open WebSockets.
    pub origins: Origins,
    /// The signal that closes them.
    pub shutdown: ShutdownSignal,
}

/// Signals the shutdown of the server. The default never does.
#[derive(Clone, Debug, Default)]
pub struct ShutdownSignal(Option<watch::Receiver<bool>>);

impl ShutdownSignal {
    /// A signal with its sender, which triggers it by `true` or by being dropped.
    #[must_use]
    pub fn channel() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(Some(receiver)))
    }

    /// Completes when the server shuts down.
    pub async fn received(&self) {
        match &self.0 {
            // An error means that the sender was dropped.
            Some(receiver) => drop(receiver.clone().wait_for(|is_stopped| *is_stopped).await),
            None => std::future::pending().await,
        }
    }
}
