//! Endpoints of webhooks, and the log of what was sent to them.

use async_graphql::{Context, Enum, ID, Object};
use entity::{value, webhook_attempt, webhook_delivery, webhook_endpoint};
use uuid::Uuid;

use super::enums::map_enum;
use super::event_type::EventType;
use super::{Event, Partner};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchPages, BatchRow};
use crate::graphql::connection::{
    Connection, ConnectionNode, ListOrder, PageArguments, Total, WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS,
};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{EventNumber, Moment, int};
use crate::service::Services;
use crate::service::webhooks::{event_type, kinds};

/// Status of a webhook endpoint.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebhookEndpointStatus {
    /// Events are delivered.
    Enabled,
    /// Events remain pending until an administrator enables the endpoint.
    Disabled,
}

map_enum!(WebhookEndpointStatus = value::WebhookStatus { Enabled, Disabled });

/// State of a webhook delivery.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebhookDeliveryState {
    /// Waiting for its first attempt or for a retry.
    Pending,
    /// Acknowledged: the receiver responded with a status from 200 to 299.
    Delivered,
    /// Every attempt failed. Unless it was a test, the endpoint was disabled.
    Failed,
}

map_enum!(WebhookDeliveryState = value::DeliveryState { Pending, Delivered, Failed });
map_enum!(value::DeliveryState = WebhookDeliveryState { Pending, Delivered, Failed });

/// Webhook endpoint: a URL to which events are delivered as described by the Standard Webhooks specification.
/// Its signing secret is returned only when the endpoint is created or the secret is rotated.
pub(crate) struct WebhookEndpoint(pub(crate) BatchRow<webhook_endpoint::Model>);

impl WebhookEndpoint {
    fn ids(&self) -> Vec<Uuid> {
        self.0.batch_rows().iter().map(|row| row.id).collect()
    }

    async fn progress(&self, context: &Context<'_>) -> Result<crate::service::webhooks::Progress, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.webhooks_progress(self.0.batch_rows()).await };
        let progress = self.0.load(Relation::DeliveryProgress, load).await?;
        Ok(progress.get(&self.0.row().id).copied().unwrap_or_default())
    }
}

/// Webhook endpoint: a URL to which events are delivered as described by the Standard Webhooks specification.
/// Its signing secret is returned only when the endpoint is created or the secret is rotated.
#[Object]
impl WebhookEndpoint {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::WebhookEndpoint.id(self.0.row().id)
    }

    /// URL of the receiver.
    async fn url(&self) -> &str {
        &self.0.row().url
    }

    /// Purpose of the endpoint.
    async fn description(&self) -> &str {
        &self.0.row().description
    }

    /// Event types that are delivered; null for all.
    async fn types(&self) -> Result<Option<Vec<EventType>>, ApiError> {
        Ok(kinds(self.0.row())?.map(|kinds| kinds.into_iter().map(Into::into).collect()))
    }

    /// Partner whose events are delivered, including those about professionals on days on which they work for
    /// it; null for the events of all partners and professionals.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        let id = self.0.row().partner_id?;
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.partner_id).collect();
            services.partners_by_ids(&ids).await.map(BatchById::new)
        };
        let found = self.0.load(Relation::Partner, load).await;
        or_null(context, found.map(|found| found.get(id).map(Partner)))
    }

    /// Whether events are delivered.
    async fn status(&self) -> WebhookEndpointStatus {
        self.0.row().status.into()
    }

    /// Human-readable reason why the endpoint is disabled; null while it is enabled.
    async fn disabled_reason(&self) -> Option<&str> {
        self.0.row().reason.as_deref()
    }

    /// Time of the last change of status.
    async fn status_since(&self) -> Moment {
        Moment(self.0.row().since)
    }

    /// Number of the last event that was processed into deliveries.
    async fn position(&self) -> EventNumber {
        EventNumber(self.0.row().position)
    }

    /// Number of events between the last one up to which everything was delivered and the latest of the feed;
    /// 0 if the endpoint is up to date. Includes events that the endpoint does not receive, until it has
    /// passed them.
    async fn lag(&self, context: &Context<'_>) -> Result<i32, ApiError> {
        Ok(int(self.progress(context).await?.lag))
    }

    /// Number of pending deliveries.
    async fn pending_count(&self, context: &Context<'_>) -> Result<i32, ApiError> {
        Ok(int(self.progress(context).await?.waiting))
    }

    /// Time until which deliveries are also signed with the previous secret; null if there is none.
    async fn previous_secret_expires_at(&self, context: &Context<'_>) -> Option<Moment> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.webhooks_old_secrets(&self.ids()).await };
        let ends = self.0.load(Relation::RetiredSecrets, load).await;
        or_null(context, ends.map(|ends| ends.get(&self.0.row().id).copied().map(Moment)))
    }

    /// Time of creation.
    async fn created_at(&self) -> Moment {
        Moment(self.0.row().created_at)
    }

    /// Actor that created the endpoint, in the format of `AuditEntry.actor`.
    async fn created_by(&self) -> &str {
        &self.0.row().created_by
    }

    /// Delivery log in the order of creation, including pending deliveries. Retained for as long as events
    /// are.
    async fn deliveries(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Returns only deliveries in this state.")] state: Option<WebhookDeliveryState>,
        #[graphql(desc = "Page size from the start of the list, 0 to 100; 20 by default. Excludes `last`.")]
        first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Page size from the end of the list, 0 to 100. Excludes `first`.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<WebhookDelivery>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&WEBHOOK_DELIVERIES)?;
        let services = context.data_unchecked::<Services>();
        let state = state.map(Into::into);
        let load = || async {
            services.webhook_delivery_pages(&self.ids(), state, &page).await.map(BatchPages::new)
        };
        let pages = self.0.load(Relation::Deliveries(state, page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        let total = Total::WebhookDeliveries(self.0.clone(), state);
        Ok(Connection::new(found, &page, ListOrder::Natural, total))
    }
}

/// Delivery of an event, or of a test message, to a webhook endpoint. Delivery is at least once.
pub(crate) struct WebhookDelivery(pub(crate) BatchRow<webhook_delivery::Model>);

/// Delivery of an event, or of a test message, to a webhook endpoint. Delivery is at least once.
#[Object]
impl WebhookDelivery {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::WebhookDelivery.id(self.0.row().id)
    }

    /// Endpoint that receives the delivery.
    async fn endpoint(&self, context: &Context<'_>) -> Result<WebhookEndpoint, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.endpoint_id).collect();
            services.webhooks_by_ids(&ids).await.map(BatchById::new)
        };
        let endpoints = self.0.load(Relation::Endpoint, load).await?;
        let found = endpoints.get(self.0.row().endpoint_id).map(WebhookEndpoint);
        found.ok_or_else(|| Error::Damaged("a delivery without its endpoint".to_owned()).into())
    }

    /// Value of the header `webhook-id`: the same for every attempt, resend and replay. Receivers use it as
    /// the idempotency key.
    async fn webhook_id(&self, context: &Context<'_>) -> String {
        context.data_unchecked::<Services>().webhook_message_id(self.0.row())
    }

    /// Value of `type` in the request body, such as `level.lapsed`; `webhook.test` for a test.
    #[graphql(name = "type")]
    async fn kind(&self) -> String {
        event_type(self.0.row().kind)
    }

    /// Number of the event; null for a test.
    async fn event_number(&self) -> Option<EventNumber> {
        self.0.row().number.map(EventNumber)
    }

    /// The event; null for a test, or if the event is no longer retained.
    async fn event(&self, context: &Context<'_>) -> Option<Event> {
        let number = self.0.row().number?;
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let numbers: Vec<i64> = self.0.batch_rows().iter().filter_map(|row| row.number).collect();
            services.webhook_events(&numbers).await
        };
        let events = self.0.load(Relation::Event, load).await;
        or_null(
            context,
            events.map(|events| events.get(&number).cloned().map(|row| Event(BatchRow::only(row)))),
        )
    }

    /// State of the delivery.
    async fn state(&self) -> WebhookDeliveryState {
        self.0.row().state.into()
    }

    /// Earliest time of the next attempt, which also waits for earlier events about the same subject; null
    /// unless the delivery is pending.
    async fn next_attempt_at(&self) -> Option<Moment> {
        let row = self.0.row();
        (row.state == value::DeliveryState::Pending).then_some(Moment(row.next_attempt_at))
    }

    /// Time of creation.
    async fn created_at(&self) -> Moment {
        Moment(self.0.row().created_at)
    }

    /// Time at which the receiver acknowledged the delivery; null until then.
    async fn delivered_at(&self) -> Option<Moment> {
        self.0.row().delivered_at.map(Moment)
    }

    /// The latest 50 attempts, oldest first.
    async fn attempts(&self, context: &Context<'_>) -> Result<Vec<WebhookAttempt>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.id).collect();
            services.webhook_attempts(&ids).await
        };
        let found = self.0.load(Relation::Attempts, load).await?;
        let attempts = found.get(&self.0.row().id).map_or(&[][..], Vec::as_slice);
        Ok(attempts.iter().cloned().map(WebhookAttempt).collect())
    }
}

/// Attempt to deliver to a webhook endpoint: one HTTP request and its outcome.
pub(crate) struct WebhookAttempt(webhook_attempt::Model);

/// Attempt to deliver to a webhook endpoint: one HTTP request and its outcome.
#[Object]
impl WebhookAttempt {
    /// Start time of the attempt.
    async fn at(&self) -> Moment {
        Moment(self.0.at)
    }

    /// Duration of the attempt in milliseconds.
    async fn duration_ms(&self) -> i32 {
        int(self.0.duration_ms)
    }

    /// HTTP status code of the response; null if there was no response.
    async fn status_code(&self) -> Option<i32> {
        self.0.status_code
    }

    /// Human-readable reason why the attempt failed; null if the receiver acknowledged the delivery.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// Beginning of the response body, at most 1 kB; null if it was empty.
    async fn response(&self) -> Option<&str> {
        self.0.response.as_deref()
    }
}

impl ConnectionNode for WebhookEndpoint {
    type Row = webhook_endpoint::Model;

    fn from_row(batch_row: BatchRow<Self::Row>) -> Self {
        Self(batch_row)
    }

    fn cursor_key(row: &Self::Row, _: ListOrder) -> String {
        format!("{WEBHOOK_ENDPOINTS}:{}", row.id)
    }
}

impl ConnectionNode for WebhookDelivery {
    type Row = webhook_delivery::Model;

    fn from_row(batch_row: BatchRow<Self::Row>) -> Self {
        Self(batch_row)
    }

    fn cursor_key(row: &Self::Row, _: ListOrder) -> String {
        format!("{WEBHOOK_DELIVERIES}:{}", row.id)
    }
}
