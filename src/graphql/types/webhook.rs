//! Endpoints of webhooks, and the log of what was sent to them.

use async_graphql::{Context, Enum, ID, Object};
use entity::{value, webhook_attempt, webhook_delivery, webhook_endpoint};
use uuid::Uuid;

use super::enums::{EventType, map_enum};
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
use crate::service::webhooks::{event_type, kinds, message_id};

/// Whether events are sent to an endpoint.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebhookEndpointStatus {
    /// They are sent.
    Enabled,
    /// They wait until an administrator enables the endpoint.
    Disabled,
}

map_enum!(WebhookEndpointStatus = value::WebhookStatus { Enabled, Disabled });

/// Where a delivery stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebhookDeliveryState {
    /// It waits for its turn, or for its next try.
    Pending,
    /// The receiver took it: it answered with a status from 200 to 299.
    Delivered,
    /// Every try failed. The endpoint was disabled, unless it was a test.
    Failed,
}

map_enum!(WebhookDeliveryState = value::DeliveryState { Pending, Delivered, Failed });
map_enum!(value::DeliveryState = WebhookDeliveryState { Pending, Delivered, Failed });

/// An address that events are sent to, by the Standard Webhooks specification. What signs them is told once, when the
/// endpoint is created or its secret is rotated.
pub(crate) struct WebhookEndpoint(pub(crate) BatchRow<webhook_endpoint::Model>);

impl WebhookEndpoint {
    fn ids(&self) -> Vec<Uuid> {
        self.0.batch_rows().iter().map(|row| row.id).collect()
    }

    async fn progress(&self, context: &Context<'_>) -> Result<crate::service::webhooks::Progress, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = async { services.webhooks_progress(self.0.batch_rows()).await };
        let progress = self.0.load(Relation::DeliveryProgress, load).await?;
        Ok(progress.get(&self.0.row().id).copied().unwrap_or_default())
    }
}

/// An address that events are sent to, by the Standard Webhooks specification. What signs them is told once, when the
/// endpoint is created or its secret is rotated.
#[Object]
impl WebhookEndpoint {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::WebhookEndpoint.id(self.0.row().id)
    }

    /// Where events are sent.
    async fn url(&self) -> &str {
        &self.0.row().url
    }

    /// What it is for.
    async fn description(&self) -> &str {
        &self.0.row().description
    }

    /// The types of events that it gets; null for all.
    async fn types(&self) -> Result<Option<Vec<EventType>>, ApiError> {
        Ok(kinds(self.0.row())?.map(|kinds| kinds.into_iter().map(Into::into).collect()))
    }

    /// The only partner whose events it gets, those of people while they work for it among them; null for everybody's.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        let id = self.0.row().partner_id?;
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.partner_id).collect();
        let load = async { services.partners_by_ids(&ids).await.map(BatchById::new) };
        let found = self.0.load(Relation::Partner, load).await;
        or_null(context, found.map(|found| found.get(id).map(Partner)))
    }

    /// Whether events are sent.
    async fn status(&self) -> WebhookEndpointStatus {
        self.0.row().status.into()
    }

    /// Why none are, for people; null while they are.
    async fn disabled_reason(&self) -> Option<&str> {
        self.0.row().reason.as_deref()
    }

    /// Since when it has its status.
    async fn status_since(&self) -> Moment {
        Moment(self.0.row().since)
    }

    /// Events up to this number were turned into deliveries.
    async fn position(&self) -> EventNumber {
        EventNumber(self.0.row().position)
    }

    /// How many numbers of the feed lie between the last event up to which everything was delivered and the latest. 0 when
    /// it has all. Events that it does not get count as well until it is past them.
    async fn lag(&self, context: &Context<'_>) -> Result<i32, ApiError> {
        Ok(int(self.progress(context).await?.lag))
    }

    /// How many deliveries wait.
    async fn pending_count(&self, context: &Context<'_>) -> Result<i32, ApiError> {
        Ok(int(self.progress(context).await?.waiting))
    }

    /// Until when the secret that was replaced last signs as well; null when none does.
    async fn previous_secret_expires_at(&self, context: &Context<'_>) -> Option<Moment> {
        let services = context.data_unchecked::<Services>();
        let load = async { services.webhooks_old_secrets(&self.ids()).await };
        let ends = self.0.load(Relation::RetiredSecrets, load).await;
        or_null(context, ends.map(|ends| ends.get(&self.0.row().id).copied().map(Moment)))
    }

    /// When it was created.
    async fn created_at(&self) -> Moment {
        Moment(self.0.row().created_at)
    }

    /// Who created it, as the audit log names actors.
    async fn created_by(&self) -> &str {
        &self.0.row().created_by
    }

    /// What was sent to it and what waits, in the order in which it came to be. Kept as long as events are.
    async fn deliveries(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only deliveries in this state; all, when left out.")] state: Option<
            WebhookDeliveryState,
        >,
        #[graphql(desc = "How many deliveries from the start, 0 to 100; 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only deliveries after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many deliveries from the end, 0 to 100: the latest ones.")] last: Option<i32>,
        #[graphql(desc = "Only deliveries before this cursor.")] before: Option<String>,
    ) -> Result<Connection<WebhookDelivery>, ApiError> {
        let page = PageArguments { first, after, last, before }.page(&WEBHOOK_DELIVERIES)?;
        let services = context.data_unchecked::<Services>();
        let state = state.map(Into::into);
        let load =
            async { services.webhook_delivery_pages(&self.ids(), state, &page).await.map(BatchPages::new) };
        let pages = self.0.load(Relation::Deliveries(state, page.clone()), load).await?;
        let found = pages.of(self.0.row().id);
        let total = Total::WebhookDeliveries(self.0.clone(), state);
        Ok(Connection::new(found, &page, ListOrder::Natural, total))
    }
}

/// An event on its way to an endpoint, or a test.
pub(crate) struct WebhookDelivery(pub(crate) BatchRow<webhook_delivery::Model>);

/// An event on its way to an endpoint, or a test.
#[Object]
impl WebhookDelivery {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::WebhookDelivery.id(self.0.row().id)
    }

    /// The endpoint.
    async fn endpoint(&self, context: &Context<'_>) -> Result<WebhookEndpoint, ApiError> {
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.endpoint_id).collect();
        let load = async { services.webhooks_by_ids(&ids).await.map(BatchById::new) };
        let endpoints = self.0.load(Relation::Endpoint, load).await?;
        let found = endpoints.get(self.0.row().endpoint_id).map(WebhookEndpoint);
        found.ok_or_else(|| Error::Damaged("a delivery without its endpoint".to_owned()).into())
    }

    /// What receivers get as `webhook-id`: the same for every attempt, resend and replay.
    async fn webhook_id(&self) -> String {
        message_id(self.0.row())
    }

    /// What receivers get as `type`, such as `level.lapsed`; `webhook.test` for a test.
    #[graphql(name = "type")]
    async fn kind(&self) -> String {
        event_type(self.0.row().kind)
    }

    /// Number of the event; null for a test.
    async fn event_number(&self) -> Option<EventNumber> {
        self.0.row().number.map(EventNumber)
    }

    /// The event; null for a test, and when it is no longer kept.
    async fn event(&self, context: &Context<'_>) -> Option<Event> {
        let number = self.0.row().number?;
        let services = context.data_unchecked::<Services>();
        let numbers: Vec<i64> = self.0.batch_rows().iter().filter_map(|row| row.number).collect();
        let load = async { services.webhook_events(&numbers).await };
        let events = self.0.load(Relation::Event, load).await;
        or_null(
            context,
            events.map(|events| events.get(&number).cloned().map(|row| Event(BatchRow::only(row)))),
        )
    }

    /// Where it stands.
    async fn state(&self) -> WebhookDeliveryState {
        self.0.row().state.into()
    }

    /// When it is tried next, at the earliest, once earlier events about its subject were taken; null when it waits no more.
    async fn next_attempt_at(&self) -> Option<Moment> {
        let row = self.0.row();
        (row.state == value::DeliveryState::Pending).then_some(Moment(row.next_attempt_at))
    }

    /// When it came to be.
    async fn created_at(&self) -> Moment {
        Moment(self.0.row().created_at)
    }

    /// When the receiver took it; null while it has not.
    async fn delivered_at(&self) -> Option<Moment> {
        self.0.row().delivered_at.map(Moment)
    }

    /// What came of each attempt, the earliest first; the latest 50 of them.
    async fn attempts(&self, context: &Context<'_>) -> Result<Vec<WebhookAttempt>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.id).collect();
        let load = async { services.webhook_attempts(&ids).await };
        let found = self.0.load(Relation::Attempts, load).await?;
        let attempts = found.get(&self.0.row().id).map_or(&[][..], Vec::as_slice);
        Ok(attempts.iter().cloned().map(WebhookAttempt).collect())
    }
}

/// One request to an endpoint, and what came of it.
pub(crate) struct WebhookAttempt(webhook_attempt::Model);

/// One request to an endpoint, and what came of it.
#[Object]
impl WebhookAttempt {
    /// When it began.
    async fn at(&self) -> Moment {
        Moment(self.0.at)
    }

    /// How long it took, in milliseconds.
    async fn duration_ms(&self) -> i32 {
        int(self.0.duration_ms)
    }

    /// The HTTP status that the receiver answered; null when there was no answer.
    async fn status_code(&self) -> Option<i32> {
        self.0.status_code
    }

    /// Why it failed, for people; null when the receiver took it.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// How the receiver's answer began: 1 kB at most; null for an empty one.
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
