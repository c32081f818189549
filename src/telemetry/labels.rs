//! Labels of metrics. Each value is one of few: nothing that a client makes up becomes one.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;

/// What a request is counted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RequestLabels {
    pub(super) r#type: &'static str,
    pub(super) operation: Arc<str>,
    pub(super) transport: &'static str,
    pub(super) outcome: &'static str,
}

/// What the time of a request is counted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TimeLabels {
    pub(super) r#type: &'static str,
    pub(super) operation: Arc<str>,
    pub(super) transport: &'static str,
}

/// A code of the closed list of user errors.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CodeLabels {
    pub(super) code: &'static str,
}

/// What there was too much of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LimitLabels {
    pub(super) limit: &'static str,
}

/// A pool of connections to the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct PoolLabels {
    pub(super) pool: &'static str,
}

/// What an award is counted under. The kinds are those of the editions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AwardLabels {
    pub(super) program: &'static str,
    pub(super) kind: Arc<str>,
    pub(super) track: &'static str,
}

/// What runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct BuildLabels {
    pub(super) version: &'static str,
}

/// The way on which a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// One request by HTTP.
    Http,
    /// One of several requests in one body.
    Batch,
    /// A stream of server-sent events.
    Sse,
    /// One of the requests on a WebSocket.
    Websocket,
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
        }
    }
}
