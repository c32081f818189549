//! Endpoints of webhooks: creating and changing them, and sending again.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{webhook_delivery, webhook_endpoint};

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_errors};
use crate::graphql::id::NodeType;
use crate::graphql::scalar::EventNumber;
use crate::graphql::types::{EventType, WebhookDelivery, WebhookEndpoint};
use crate::service::Services;
use crate::service::webhooks::{EndpointChange, EndpointDraft, EndpointSecret};

/// Endpoints of webhooks.
#[derive(Debug, Default)]
pub(crate) struct WebhookMutations;

/// Webhook endpoint to create.
#[derive(InputObject)]
pub(crate) struct CreateWebhookEndpointInput {
    /// HTTPS URL of the receiver, at a public address; at most 2,000 characters.
    url: String,
    /// Purpose of the endpoint, 1 to 200 characters.
    description: String,
    /// Event types to deliver, at least one. By default, all.
    types: Option<Vec<EventType>>,
    /// Code of the partner whose events are delivered: those about the partner, and those about professionals
    /// on days on which they work for it. By default, the events of all partners and professionals.
    partner: Option<String>,
}

/// Changes to a webhook endpoint. Omitted fields remain unchanged.
#[derive(InputObject)]
pub(crate) struct UpdateWebhookEndpointInput {
    /// Global ID of the endpoint.
    id: ID,
    /// HTTPS URL of the receiver, at a public address; at most 2,000 characters. Pending deliveries are sent
    /// to the new URL.
    url: Option<String>,
    /// Purpose of the endpoint, 1 to 200 characters.
    description: Option<String>,
    /// Event types to deliver, at least one; null for all.
    types: MaybeUndefined<Vec<EventType>>,
    /// Code of the partner whose events are delivered; null for the events of all partners and professionals.
    partner: MaybeUndefined<String>,
}

/// Reference to a webhook endpoint.
#[derive(InputObject)]
pub(crate) struct WebhookEndpointInput {
    /// Global ID of the endpoint.
    id: ID,
}

/// Webhook endpoint to enable.
#[derive(InputObject)]
pub(crate) struct EnableWebhookEndpointInput {
    /// Global ID of the endpoint.
    id: ID,
    /// Whether to skip undelivered events that are past their retention period. If there are such events and
    /// this is false, the mutation is refused as `WRONG_STATE`.
    #[graphql(default)]
    skip_expired: bool,
}

/// Webhook endpoint to disable.
#[derive(InputObject)]
pub(crate) struct DisableWebhookEndpointInput {
    /// Global ID of the endpoint.
    id: ID,
    /// Reason, at most 2,000 characters on one line, returned as `WebhookEndpoint.disabledReason`. Optional.
    reason: Option<String>,
}

/// Webhook delivery to resend.
#[derive(InputObject)]
pub(crate) struct ResendWebhookDeliveryInput {
    /// Global ID of the delivery. Refused as `WRONG_STATE` if its event is no longer retained, or if its
    /// endpoint is disabled and the delivery is not a test.
    delivery_id: ID,
}

/// Events to replay to a webhook endpoint.
#[derive(InputObject)]
pub(crate) struct ReplayWebhookEventsInput {
    /// Global ID of the endpoint.
    id: ID,
    /// Number of an event. The events after it that the endpoint receives are sent again, with the same
    /// `webhook-id`. They must still be retained.
    after: EventNumber,
}

/// Result of a mutation that creates a webhook signing secret.
#[derive(SimpleObject, Default)]
pub(crate) struct WebhookSecretPayload {
    /// The endpoint after the change; null if the mutation was refused.
    webhook_endpoint: Option<WebhookEndpoint>,
    /// Signing secret of the endpoint. No other response contains it. Null if the mutation was refused.
    secret: Option<String>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Result of a webhook endpoint mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct WebhookEndpointPayload {
    /// The endpoint after the change; null if the mutation was refused.
    webhook_endpoint: Option<WebhookEndpoint>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Result of `deleteWebhookEndpoint`.
#[derive(SimpleObject, Default)]
pub(crate) struct DeleteWebhookEndpointPayload {
    /// Global ID of the deleted endpoint; null if the mutation was refused.
    deleted_id: Option<ID>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

/// Result of a webhook delivery mutation.
#[derive(SimpleObject, Default)]
pub(crate) struct WebhookDeliveryPayload {
    /// The delivery, which is still pending: query it again for its outcome. Null if the mutation was
    /// refused.
    webhook_delivery: Option<WebhookDelivery>,
    /// Reasons why the mutation was refused; empty on success.
    user_errors: Vec<UserError>,
}

impl WebhookSecretPayload {
    fn from_result(result: Result<EndpointSecret, Error>) -> Result<Self, ApiError> {
        Ok(match split_user_errors(result)? {
            Ok(made) => Self {
                webhook_endpoint: Some(WebhookEndpoint(BatchRow::only(made.row))),
                secret: Some(made.secret),
                user_errors: Vec::new(),
            },
            Err(user_errors) => Self { user_errors, ..Self::default() },
        })
    }
}

impl WebhookEndpointPayload {
    fn from_result(result: Result<webhook_endpoint::Model, Error>) -> Result<Self, ApiError> {
        Ok(match split_user_errors(result)? {
            Ok(row) => {
                Self { webhook_endpoint: Some(WebhookEndpoint(BatchRow::only(row))), user_errors: Vec::new() }
            }
            Err(user_errors) => Self { webhook_endpoint: None, user_errors },
        })
    }
}

impl WebhookDeliveryPayload {
    fn from_result(result: Result<webhook_delivery::Model, Error>) -> Result<Self, ApiError> {
        Ok(match split_user_errors(result)? {
            Ok(row) => {
                Self { webhook_delivery: Some(WebhookDelivery(BatchRow::only(row))), user_errors: Vec::new() }
            }
            Err(user_errors) => Self { webhook_delivery: None, user_errors },
        })
    }
}

#[Object]
impl WebhookMutations {
    /// Creates a webhook endpoint, which receives the events from now on. At most 100 endpoints.
    /// Administrators only.
    async fn create_webhook_endpoint(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Endpoint to create.")] input: CreateWebhookEndpointInput,
    ) -> Result<WebhookSecretPayload, ApiError> {
        let draft = EndpointDraft {
            url: input.url,
            description: input.description,
            kinds: input.types.map(|types| types.into_iter().map(Into::into).collect()),
            partner: input.partner,
        };
        WebhookSecretPayload::from_result(context.data_unchecked::<Services>().webhook_create(&draft).await)
    }

    /// Changes a webhook endpoint. Administrators only.
    async fn update_webhook_endpoint(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Endpoint and changes.")] input: UpdateWebhookEndpointInput,
    ) -> Result<WebhookEndpointPayload, ApiError> {
        let types = input.types.map_value(|types| types.into_iter().map(Into::into).collect());
        let change = EndpointChange {
            url: input.url,
            description: input.description,
            kinds: types.into(),
            partner: input.partner.into(),
        };
        let id = NodeType::WebhookEndpoint.object(&input.id);
        WebhookEndpointPayload::from_result(
            context.data_unchecked::<Services>().webhook_update(id, &change).await,
        )
    }

    /// Deletes a webhook endpoint and its delivery log, and discards its pending deliveries. Administrators
    /// only.
    async fn delete_webhook_endpoint(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Endpoint to delete.")] input: WebhookEndpointInput,
    ) -> Result<DeleteWebhookEndpointPayload, ApiError> {
        let id = NodeType::WebhookEndpoint.object(&input.id);
        Ok(match split_user_errors(context.data_unchecked::<Services>().webhook_delete(id).await)? {
            Ok(()) => {
                DeleteWebhookEndpointPayload { deleted_id: Some(input.id.clone()), user_errors: Vec::new() }
            }
            Err(user_errors) => DeleteWebhookEndpointPayload { deleted_id: None, user_errors },
        })
    }

    /// Enables a webhook endpoint. Delivery resumes with the first event that was not delivered.
    /// Administrators only.
    async fn enable_webhook_endpoint(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Endpoint to enable.")] input: EnableWebhookEndpointInput,
    ) -> Result<WebhookEndpointPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let id = NodeType::WebhookEndpoint.object(&input.id);
        WebhookEndpointPayload::from_result(services.webhook_enable(id, input.skip_expired).await)
    }

    /// Disables a webhook endpoint. Undelivered events remain pending for as long as events are retained.
    /// Administrators only.
    async fn disable_webhook_endpoint(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Endpoint to disable, and reason.")] input: DisableWebhookEndpointInput,
    ) -> Result<WebhookEndpointPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let id = NodeType::WebhookEndpoint.object(&input.id);
        WebhookEndpointPayload::from_result(services.webhook_disable(id, input.reason.as_deref()).await)
    }

    /// Replaces the signing secret of a webhook endpoint. For 24 hours, deliveries are signed with the
    /// previous secret as well. Administrators only.
    async fn rotate_webhook_secret(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Endpoint whose secret to replace.")] input: WebhookEndpointInput,
    ) -> Result<WebhookSecretPayload, ApiError> {
        let id = NodeType::WebhookEndpoint.object(&input.id);
        WebhookSecretPayload::from_result(context.data_unchecked::<Services>().webhook_rotate(id).await)
    }

    /// Sends a message of type `webhook.test` to a webhook endpoint, whether or not it is enabled, with a
    /// single attempt. Administrators only.
    async fn send_test_webhook(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Endpoint to test.")] input: WebhookEndpointInput,
    ) -> Result<WebhookDeliveryPayload, ApiError> {
        let id = NodeType::WebhookEndpoint.object(&input.id);
        WebhookDeliveryPayload::from_result(context.data_unchecked::<Services>().webhook_test(id).await)
    }

    /// Resends a delivery with the same `webhook-id`, whether or not it was delivered. Administrators only.
    async fn resend_webhook_delivery(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Delivery to resend.")] input: ResendWebhookDeliveryInput,
    ) -> Result<WebhookDeliveryPayload, ApiError> {
        let id = NodeType::WebhookDelivery.object(&input.delivery_id);
        WebhookDeliveryPayload::from_result(context.data_unchecked::<Services>().webhook_resend(id).await)
    }

    /// Replays the events after a number to a webhook endpoint, as far as the endpoint receives them.
    /// Administrators only.
    async fn replay_webhook_events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Endpoint and event number.")] input: ReplayWebhookEventsInput,
    ) -> Result<WebhookEndpointPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let id = NodeType::WebhookEndpoint.object(&input.id);
        WebhookEndpointPayload::from_result(services.webhook_replay(id, input.after.0).await)
    }
}
