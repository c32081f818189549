//! Labels of metrics. Their values are bounded: no client input becomes one.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;

use super::awards::Unit;

/// Labels of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RequestLabels {
    pub(super) r#type: &'static str,
    pub(super) operation: Arc<str>,
    pub(super) transport: &'static str,
    pub(super) outcome: &'static str,
}

/// Labels of a request's duration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct DurationLabels {
    pub(super) r#type: &'static str,
    pub(super) operation: Arc<str>,
    pub(super) transport: &'static str,
}

/// A code of the closed list of user errors.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CodeLabels {
    pub(super) code: &'static str,
}

/// The limit that was exceeded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LimitLabels {
    pub(super) limit: &'static str,
}

/// A background task of the process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TaskLabels {
    pub(super) task: &'static str,
}

/// A pool of connections to the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct PoolLabels {
    pub(super) pool: &'static str,
}

/// The server that a query reads from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct SourceLabels {
    pub(super) source: &'static str,
}

/// Labels of an award. The kinds are those of the editions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AwardLabels {
    pub(super) program: &'static str,
    pub(super) kind: Arc<str>,
    pub(super) track: &'static str,
}

impl AwardLabels {
    /// Entries without a rule or a track have `none` in its place.
    pub(super) fn new(unit: Unit, kind: Option<&str>, track: Option<&'static str>) -> Self {
        Self {
            program: unit.program(),
            kind: kind.map_or_else(|| Arc::from("none"), Arc::from),
            track: track.unwrap_or("none"),
        }
    }
}

/// The version that runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct BuildLabels {
    pub(super) version: &'static str,
}

/// The transport of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A single request over HTTP.
    Http,
    /// A request of a batch.
    Batch,
    /// A stream of server-sent events.
    Sse,
    /// A request over a WebSocket.
    Websocket,
    /// A tool of an agent.
    Mcp,
}

impl Transport {
    /// The value of the label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Batch => "batch",
            Self::Sse => "sse",
            Self::Websocket => "websocket",
            Self::Mcp => "mcp",
        }
    }
}
