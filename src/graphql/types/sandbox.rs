//! Sandboxes.

use async_graphql::{Enum, ID, Object};

use super::enums::map_enum;
use crate::graphql::id::{NodeType, sandbox_id};
use crate::graphql::scalar::{Date, Moment};
use crate::service::sandboxes;

/// Status of a sandbox.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SandboxStatus {
    /// The program is being copied. Requests to the sandbox find nothing yet.
    Creating,
    /// The sandbox can be used.
    Ready,
    /// The clock is being moved. Until that has ended, the sandbox answers as of the day before the move.
    Advancing,
    /// The sandbox could not be created; the log of the server has the reason.
    Failed,
}

map_enum!(SandboxStatus = sandboxes::SandboxStatus { Creating, Ready, Advancing, Failed });

/// Sandbox: an isolated copy of the program, or demo data, with a clock that can be moved forward. It has an address and
/// keys of its own, nothing that is done in it changes the program, and it is gone when it expires. It is kept by the
/// server process that created it, and gone with that process as well. Administrators only.
pub(crate) struct Sandbox(pub(crate) sandboxes::Sandbox);

/// Sandbox: an isolated copy of the program, or demo data, with a clock that can be moved forward. It has an address and
/// keys of its own, nothing that is done in it changes the program, and it is gone when it expires. It is kept by the
/// server process that created it, and gone with that process as well. Administrators only.
#[Object]
impl Sandbox {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Sandbox.id(self.0.id)
    }

    /// Address of the sandbox's GraphQL endpoint on this server, such as `/sandbox/U2FuZGJveDo…/graphql`, which also serves
    /// GraphiQL to browsers. The other endpoints are beside it: `console`, `graphql/ws`, `schema.graphql`.
    async fn url(&self) -> String {
        format!("/sandbox/{}/graphql", sandbox_id(self.0.id))
    }

    /// Address of the sandbox's console on this server.
    async fn console_url(&self) -> String {
        format!("/sandbox/{}/console", sandbox_id(self.0.id))
    }

    /// Status of the sandbox. A sandbox that takes longer than the answer of `createSandbox` or `advanceSandbox` is
    /// completed afterwards; read it again by its ID.
    async fn status(&self) -> SandboxStatus {
        self.0.status.into()
    }

    /// Day on which the sandbox's clock stands: what `today` answers in it.
    async fn today(&self) -> Date {
        Date(self.0.today)
    }

    /// Whether the sandbox has demo data instead of a copy of the program.
    async fn is_demo(&self) -> bool {
        self.0.is_demo
    }

    /// Whether the sandbox sends webhooks.
    async fn sends_webhooks(&self) -> bool {
        self.0.sends_webhooks
    }

    /// Time of creation, by the real clock.
    async fn created_at(&self) -> Moment {
        Moment(self.0.created_at)
    }

    /// Label of the API key, or subject of the token, that created the sandbox.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// Time at which the sandbox is gone, by the real clock.
    async fn expires_at(&self) -> Moment {
        Moment(self.0.expires_at)
    }
}
