//! Endpoints of webhooks: creating and changing them, and sending again.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{webhook_delivery, webhook_endpoint};
use uuid::Uuid;

use crate::error::Error;
use crate::graphql::batch::BatchRow;
use crate::graphql::error::{ApiError, UserError, split_user_error};
use crate::graphql::id::NodeType;
use crate::graphql::scalar::EventNumber;
use crate::graphql::types::{EventType, WebhookDelivery, WebhookEndpoint};
use crate::service::Services;
use crate::service::webhooks::{EndpointChange, EndpointDraft, EndpointSecret};

/// Endpoints of webhooks.
#[derive(Debug, Default)]
pub(crate) struct WebhookMutations;

/// An endpoint to create.
#[derive(InputObject)]
pub(crate) struct CreateWebhookEndpointInput {
    /// Where events are sent, by https and to a public address.
    url: String,
    /// What it is for.
    description: String,
    /// The types of events that it gets; all, when left out.
    types: Option<Vec<EventType>>,
    /// Code of the only partner whose events it gets, those of people while they work for it among them; everybody's, when
    /// left out.
    partner: Option<String>,
}

/// What is to change about an endpoint. What is left out stays as it is.
#[derive(InputObject)]
pub(crate) struct UpdateWebhookEndpointInput {
    /// Global id of the endpoint.
    id: ID,
    /// Where events are sent, by https and to a public address. What waits goes there as well.
    url: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// The types of events that it gets; null for all.
    types: MaybeUndefined<Vec<EventType>>,
    /// Code of the only partner whose events it gets; null for everybody's.
    partner: MaybeUndefined<String>,
}

/// An endpoint.
#[derive(InputObject)]
pub(crate) struct WebhookEndpointInput {
    /// Global id of the endpoint.
    id: ID,
}

/// An endpoint to turn on.
#[derive(InputObject)]
pub(crate) struct EnableWebhookEndpointInput {
    /// Global id of the endpoint.
    id: ID,
    /// Whether it goes on although events that it did not get are no longer kept. Without it, that is refused.
    #[graphql(default)]
    skip_expired: bool,
}

/// An endpoint to turn off.
#[derive(InputObject)]
pub(crate) struct DisableWebhookEndpointInput {
    /// Global id of the endpoint.
    id: ID,
    /// Why, in a person's words.
    reason: Option<String>,
}

/// A delivery to send again.
#[derive(InputObject)]
pub(crate) struct ResendWebhookDeliveryInput {
    /// Global id of the delivery.
    delivery_id: ID,
}

/// Events to send again.
#[derive(InputObject)]
pub(crate) struct ReplayWebhookEventsInput {
    /// Global id of the endpoint.
    id: ID,
    /// Every event after this number that the endpoint gets is sent again, with the same `webhook-id`.
    after: EventNumber,
}

/// What came of a new secret.
#[derive(SimpleObject, Default)]
pub(crate) struct WebhookSecretPayload {
    /// The endpoint; null when it was refused.
    webhook_endpoint: Option<WebhookEndpoint>,
    /// What deliveries are signed with, which is shown this once; null when it was refused.
    secret: Option<String>,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

/// What came of a change to an endpoint.
#[derive(SimpleObject, Default)]
pub(crate) struct WebhookEndpointPayload {
    /// The endpoint; null when the change was refused.
    webhook_endpoint: Option<WebhookEndpoint>,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

/// What came of deleting an endpoint.
#[derive(SimpleObject, Default)]
pub(crate) struct DeleteWebhookEndpointPayload {
    /// Global id that the endpoint had; null when it was refused.
    deleted_id: Option<ID>,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

/// What came of sending something to an endpoint.
#[derive(SimpleObject, Default)]
pub(crate) struct WebhookDeliveryPayload {
    /// The delivery, which waits to be sent: ask for it again to see what came of it. Null when it was refused.
    webhook_delivery: Option<WebhookDelivery>,
    /// Why it was refused; empty when it was done.
    user_errors: Vec<UserError>,
}

impl WebhookSecretPayload {
    fn from_result(result: Result<EndpointSecret, Error>) -> Result<Self, ApiError> {
        Ok(match split_user_error(result)? {
            Ok(made) => Self {
                webhook_endpoint: Some(WebhookEndpoint(BatchRow::only(made.row))),
                secret: Some(made.secret),
                user_errors: Vec::new(),
            },
            Err(error) => Self { user_errors: vec![error], ..Self::default() },
        })
    }
}

impl WebhookEndpointPayload {
    fn from_result(result: Result<webhook_endpoint::Model, Error>) -> Result<Self, ApiError> {
        Ok(match split_user_error(result)? {
            Ok(row) => {
                Self { webhook_endpoint: Some(WebhookEndpoint(BatchRow::only(row))), user_errors: Vec::new() }
            }
            Err(error) => Self { webhook_endpoint: None, user_errors: vec![error] },
        })
    }
}

impl WebhookDeliveryPayload {
    fn from_result(result: Result<webhook_delivery::Model, Error>) -> Result<Self, ApiError> {
        Ok(match split_user_error(result)? {
            Ok(row) => {
                Self { webhook_delivery: Some(WebhookDelivery(BatchRow::only(row))), user_errors: Vec::new() }
            }
            Err(error) => Self { webhook_delivery: None, user_errors: vec![error] },
        })
    }
}

/// The key of a global id; one that nothing has for an id of something else.
fn key(kind: NodeType, id: &ID) -> Uuid {
    NodeType::parse(id).filter(|(of, _)| *of == kind).map_or(Uuid::nil(), |(_, key)| key)
}

#[Object]
impl WebhookMutations {
    /// Creates an address that events are sent to, from now on. For administrators.
    async fn create_webhook_endpoint(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The endpoint.")] input: CreateWebhookEndpointInput,
    ) -> Result<WebhookSecretPayload, ApiError> {
        let draft = EndpointDraft {
            url: input.url,
            description: input.description,
            kinds: input.types.map(|types| types.into_iter().map(Into::into).collect()),
            partner: input.partner,
        };
        WebhookSecretPayload::from_result(context.data_unchecked::<Services>().webhook_create(&draft).await)
    }

    /// Changes an endpoint. For administrators.
    async fn update_webhook_endpoint(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which endpoint, and what changes.")] input: UpdateWebhookEndpointInput,
    ) -> Result<WebhookEndpointPayload, ApiError> {
        let types = input.types.map_value(|types| types.into_iter().map(Into::into).collect());
        let change = EndpointChange {
            url: input.url,
            description: input.description,
            kinds: types.into(),
            partner: input.partner.into(),
        };
        let id = key(NodeType::WebhookEndpoint, &input.id);
        WebhookEndpointPayload::from_result(
            context.data_unchecked::<Services>().webhook_update(id, &change).await,
        )
    }

    /// Deletes an endpoint with its log: what waits for it is not sent. For administrators.
    async fn delete_webhook_endpoint(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which endpoint.")] input: WebhookEndpointInput,
    ) -> Result<DeleteWebhookEndpointPayload, ApiError> {
        let id = key(NodeType::WebhookEndpoint, &input.id);
        Ok(match split_user_error(context.data_unchecked::<Services>().webhook_delete(id).await)? {
            Ok(()) => DeleteWebhookEndpointPayload { deleted_id: Some(input.id), user_errors: Vec::new() },
            Err(error) => DeleteWebhookEndpointPayload { deleted_id: None, user_errors: vec![error] },
        })
    }

    /// Turns an endpoint on: it goes on with the first event that was not delivered. For administrators.
    async fn enable_webhook_endpoint(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which endpoint.")] input: EnableWebhookEndpointInput,
    ) -> Result<WebhookEndpointPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let id = key(NodeType::WebhookEndpoint, &input.id);
        WebhookEndpointPayload::from_result(services.webhook_enable(id, input.skip_expired).await)
    }

    /// Turns an endpoint off: events wait for it as long as they are kept. For administrators.
    async fn disable_webhook_endpoint(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which endpoint, and why.")] input: DisableWebhookEndpointInput,
    ) -> Result<WebhookEndpointPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let id = key(NodeType::WebhookEndpoint, &input.id);
        WebhookEndpointPayload::from_result(services.webhook_disable(id, input.reason.as_deref()).await)
    }

    /// Gives an endpoint a new secret. Deliveries carry the signature of the one before as well for 24 hours. For
    /// administrators.
    async fn rotate_webhook_secret(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which endpoint.")] input: WebhookEndpointInput,
    ) -> Result<WebhookSecretPayload, ApiError> {
        let id = key(NodeType::WebhookEndpoint, &input.id);
        WebhookSecretPayload::from_result(context.data_unchecked::<Services>().webhook_rotate(id).await)
    }

    /// Sends a message of type `webhook.test` to an endpoint, enabled or not. It is tried once. For administrators.
    async fn send_test_webhook(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which endpoint.")] input: WebhookEndpointInput,
    ) -> Result<WebhookDeliveryPayload, ApiError> {
        let id = key(NodeType::WebhookEndpoint, &input.id);
        WebhookDeliveryPayload::from_result(context.data_unchecked::<Services>().webhook_test(id).await)
    }

    /// Sends a delivery again, whether it was delivered or not. For administrators.
    async fn resend_webhook_delivery(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which delivery.")] input: ResendWebhookDeliveryInput,
    ) -> Result<WebhookDeliveryPayload, ApiError> {
        let id = key(NodeType::WebhookDelivery, &input.delivery_id);
        WebhookDeliveryPayload::from_result(context.data_unchecked::<Services>().webhook_resend(id).await)
    }

    /// Sends everything after a number again that an endpoint gets. For administrators.
    async fn replay_webhook_events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which endpoint, and after which number.")] input: ReplayWebhookEventsInput,
    ) -> Result<WebhookEndpointPayload, ApiError> {
        let services = context.data_unchecked::<Services>();
        let id = key(NodeType::WebhookEndpoint, &input.id);
        WebhookEndpointPayload::from_result(services.webhook_replay(id, input.after.0).await)
    }
}
