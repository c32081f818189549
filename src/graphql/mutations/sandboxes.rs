//! Sandboxes: isolated copies of the program.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::id::NodeType;
use crate::graphql::scalar::Date;
use crate::graphql::types::Sandbox;
use crate::service::Services;
use crate::service::sandboxes::SandboxDraft;

/// Sandboxes.
#[derive(Debug, Default)]
pub(crate) struct SandboxMutations;

/// Sandbox to create.
#[derive(InputObject)]
pub(crate) struct CreateSandboxInput {
    /// Day on which the sandbox's clock stands at first, from today to ten years ahead; today by default. What is due by
    /// that day has happened when the sandbox is ready.
    as_of: Option<Date>,
    /// Hours until the sandbox is gone, from 1 to the maximum of the server (`SANDBOX_HOURS_MAX`, a week by default); 24
    /// by default, or the maximum if it is less.
    expires_in: Option<i32>,
    /// Whether the sandbox has demo data instead of a copy of the program.
    #[graphql(default)]
    demo: bool,
    /// Whether webhooks leave the sandbox. They do not by default: webhook endpoints are then not copied, and nothing is
    /// sent to those that are created in the sandbox. With `true`, endpoints are copied with their secrets and receive
    /// what happens in the sandbox from then on, marked by `sandbox` in the body and in `webhook-id`.
    #[graphql(default)]
    webhooks: bool,
}

/// Move of the clock of a sandbox.
#[derive(InputObject)]
pub(crate) struct AdvanceSandboxInput {
    /// Global ID of the sandbox.
    id: ID,
    /// Day to which the clock is moved, at most ten years ahead of the program. A clock only moves forward.
    to: Date,
}

/// Sandbox to delete.
#[derive(InputObject)]
pub(crate) struct DeleteSandboxInput {
    /// Global ID of the sandbox.
    id: ID,
}

/// Result of `createSandbox`.
#[derive(SimpleObject, Default)]
pub(crate) struct CreateSandboxPayload {
    /// The new sandbox; null if the mutation was refused.
    sandbox: Option<Sandbox>,
    /// Key of the sandbox's administrator, for `Authorization: Bearer` in the sandbox only. No other response contains it.
    /// `createApiKey` in the sandbox creates further keys. Null if the mutation was refused.
    secret: Option<String>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Result of `advanceSandbox`.
#[derive(SimpleObject, Default)]
pub(crate) struct SandboxPayload {
    /// The sandbox after the move, or with the status `ADVANCING` if that takes longer than the answer; null if the
    /// mutation was refused.
    sandbox: Option<Sandbox>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Result of `deleteSandbox`.
#[derive(SimpleObject, Default)]
pub(crate) struct DeleteSandboxPayload {
    /// Global ID of the deleted sandbox; null if the mutation was refused.
    deleted_id: Option<ID>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

#[Object]
impl SandboxMutations {
    /// Creates a sandbox: an isolated copy of the program as it is now, or demo data, at an address and with a key of its
    /// own. The keys of the program are not valid in it. A sandbox that takes longer than the answer has the status
    /// `CREATING`. Administrators only; refused in a sandbox.
    async fn create_sandbox(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Sandbox to create.")] input: CreateSandboxInput,
    ) -> Result<CreateSandboxPayload, ApiError> {
        let draft = SandboxDraft {
            as_of: input.as_of.map(|day| day.0),
            hours: input.expires_in,
            is_demo: input.demo,
            sends_webhooks: input.webhooks,
        };
        let created = context.data_unchecked::<Services>().sandbox_create(&draft).await;
        Ok(match split_user_errors(created)? {
            Ok(created) => CreateSandboxPayload {
                sandbox: Some(Sandbox(created.sandbox)),
                secret: Some(created.secret),
                user_errors: Vec::new(),
            },
            Err(user_errors) => CreateSandboxPayload { user_errors, ..Default::default() },
        })
    }

    /// Moves the clock of a sandbox forward. What is due by that day, such as levels that lapse and deals that expire, has
    /// happened when the sandbox answers as of it. Repeating the move changes nothing. Administrators only.
    async fn advance_sandbox(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Sandbox, and the day to move to.")] input: AdvanceSandboxInput,
    ) -> Result<SandboxPayload, ApiError> {
        let id = NodeType::Sandbox.object(&input.id);
        let advanced = context.data_unchecked::<Services>().sandbox_advance(id, input.to.0).await;
        Ok(match split_user_errors(advanced)? {
            Ok(sandbox) => SandboxPayload { sandbox: Some(Sandbox(sandbox)), user_errors: Vec::new() },
            Err(user_errors) => SandboxPayload { sandbox: None, user_errors },
        })
    }

    /// Deletes a sandbox with everything in it. Administrators only.
    async fn delete_sandbox(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Sandbox to delete.")] input: DeleteSandboxInput,
    ) -> Result<DeleteSandboxPayload, ApiError> {
        let id = NodeType::Sandbox.object(&input.id);
        let deleted = context.data_unchecked::<Services>().sandbox_delete(id).await;
        Ok(match split_user_errors(deleted)? {
            Ok(()) => DeleteSandboxPayload { deleted_id: Some(input.id.clone()), user_errors: Vec::new() },
            Err(user_errors) => DeleteSandboxPayload { deleted_id: None, user_errors },
        })
    }
}
