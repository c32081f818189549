//! Webhooks by the Standard Webhooks specification: the events of the feed, delivered at least once.
//!
//! An endpoint's events are enqueued as deliveries in the order of their numbers. A delivery is retried with
//! backoff until the receiver acknowledges it; the deliveries of one subject are sent in order. When every
//! attempt failed, the endpoint is disabled; once enabled again, it continues from its position.

mod attempt;
mod changes;
mod dispatch;
mod message;
mod reads;
pub mod schedule;

use entity::value::EventKind;
use entity::webhook_endpoint;
use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseTransaction};
use serde_json::json;
use tokio::sync::Notify;

use super::audit::Change;
use super::{ObjectId, input};
use crate::error::Error;
use crate::program::refusal::Refusal;
use crate::store::event::EventFilter;
use crate::store::partner::PartnerRow;
use crate::store::{subject, webhook as store};
use crate::webhook_client::WebhookClient;
pub(crate) use message::event_type;
pub use reads::Progress;

/// How webhooks are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Whether this process sends them.
    pub send: bool,
    /// Whether they go to private addresses too, and by http.
    pub allow_private: bool,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { send: true, allow_private: false }
    }
}

/// What sending needs beside the database; one for a process.
#[derive(Debug, Default)]
pub(super) struct WebhookSender {
    webhook_client: WebhookClient,
    changed: Notify,
}

impl WebhookSender {
    pub(super) fn new(webhook_client: WebhookClient) -> Self {
        Self { webhook_client, changed: Notify::new() }
    }
}

/// The draft of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointDraft {
    /// Where events are sent.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// The kinds of events that it gets; none means every one.
    pub kinds: Option<Vec<EventKind>>,
    /// Code of the only partner whose events it gets.
    pub partner: Option<String>,
}

/// What changes about an endpoint. A part that is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointChange {
    /// Where events are sent.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The kinds of events that it gets; none means every one.
    pub kinds: Option<Option<Vec<EventKind>>>,
    /// Code of the only partner whose events it gets, or none.
    pub partner: Option<Option<String>>,
}

/// An endpoint with a new secret, which is returned only once.
#[derive(Clone)]
pub struct EndpointSecret {
    /// The endpoint.
    pub row: webhook_endpoint::Model,
    /// The secret.
    pub secret: String,
}

impl std::fmt::Debug for EndpointSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EndpointSecret({})", self.row.id)
    }
}

/// The kinds of events that an endpoint gets; none means every one.
pub(crate) fn kinds(row: &webhook_endpoint::Model) -> Result<Option<Vec<EventKind>>, Error> {
    let Some(text) = &row.kinds else { return Ok(None) };
    let damaged = || Error::Damaged(format!("the kinds of the webhook endpoint {}", row.id));
    let words: Vec<String> = serde_json::from_str(text).map_err(|_| damaged())?;
    let kinds = words.iter().map(|word| EventKind::try_from_value(word).map_err(|_| damaged()));
    kinds.collect::<Result<_, _>>().map(Some)
}

/// The events of an endpoint: those of a partner include what accounts did that were merged into it.
async fn filter(
    connection: &impl ConnectionTrait,
    row: &webhook_endpoint::Model,
) -> Result<EventFilter, Error> {
    let merged = match row.partner_id {
        Some(id) => subject::merged::<PartnerRow>(connection, id).await?,
        None => Vec::new(),
    };
    Ok(EventFilter { kinds: kinds(row)?, partner: row.partner_id, merged, ..EventFilter::default() })
}

fn change(row: &webhook_endpoint::Model) -> Change {
    Change::of("WebhookEndpoint", row.id).about(row.partner_id, None)
}

/// An endpoint as the audit log keeps it.
fn audit_state(row: &webhook_endpoint::Model) -> Result<serde_json::Value, Error> {
    let words = kinds(row)?.map(|kinds| kinds.iter().map(ActiveEnum::to_value).collect::<Vec<_>>());
    Ok(json!({
        "url": row.url, "description": row.description, "types": words, "status": row.status.to_value(),
        "reason": row.reason,
    }))
}

/// Locks the endpoint with an id.
async fn lock_endpoint(
    transaction: &DatabaseTransaction,
    id: ObjectId<'_>,
) -> Result<Result<webhook_endpoint::Model, Refusal>, Error> {
    let found = match id.key {
        Some(key) => store::lock(transaction, key).await?,
        None => None,
    };
    Ok(found.ok_or_else(|| input::not_found("id", ("webhook endpoint", "id"), id.text)))
}
