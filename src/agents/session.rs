//! What a request of an agent brings along: whose rights it has, and the way to the executor of documents.

use std::sync::Arc;

use rmcp::model::JsonObject;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::tool::Tool;

/// Says whether a caller has a right to what a tool does.
pub type Permits = Arc<dyn Fn(&Tool) -> bool + Send + Sync>;

/// The caller of a request, as far as agents need to know it.
#[derive(Clone)]
pub struct Session {
    caller: [u8; 16],
    permits: Permits,
    calls: mpsc::Sender<Call>,
}

/// An execution of one of the server's documents. The endpoint that received the request runs it, within the rights,
/// limits and quotas of its caller.
#[derive(Debug)]
pub struct Call {
    /// The name of the document.
    pub document: String,
    /// Its variables.
    pub variables: JsonObject,
    /// Receives the GraphQL response.
    pub reply: oneshot::Sender<Value>,
}

impl Session {
    /// The session of a request, and the calls that it will make.
    #[must_use]
    pub fn new(caller: [u8; 16], permits: Permits) -> (Self, mpsc::Receiver<Call>) {
        let (calls, queue) = mpsc::channel(1);
        (Self { caller, permits, calls }, queue)
    }

    pub(super) fn caller(&self) -> [u8; 16] {
        self.caller
    }

    pub(super) fn permits(&self, tool: &Tool) -> bool {
        (self.permits)(tool)
    }

    /// Executes a document; none if the request ended meanwhile.
    pub(super) async fn execute(&self, document: &str, variables: JsonObject) -> Option<Value> {
        let (reply, response) = oneshot::channel();
        let call = Call { document: document.to_owned(), variables, reply };
        self.calls.send(call).await.ok()?;
        response.await.ok()
    }
}
