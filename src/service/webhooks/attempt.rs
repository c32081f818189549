//! One attempt of a delivery, and what follows from it.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use entity::value::{DeliveryState, WebhookStatus};
use entity::{webhook_attempt, webhook_delivery, webhook_endpoint};
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::message::{body, event_type, test_body};
use super::schedule::{JITTER_MAX, next_attempt_at, parse_retry_after};
use super::{change, filter};
use crate::access::Operation;
use crate::error::Error;
use crate::service::audit::Changes;
use crate::service::{Services, transact};
use crate::store::event::EventFilter;
use crate::store::{event, webhook as store, webhook_log};
use crate::webhook_client::{AttemptOutcome, WebhookRequest};

/// The request of an attempt.
struct Request {
    url: String,
    body: String,
    secrets: Vec<String>,
}

/// Result of preparing a delivery.
enum Prepared {
    /// It can be sent.
    Request(Request),
    /// The event was deleted after its retention.
    EventDeleted,
    /// The endpoint no longer subscribes to the event.
    Discarded,
}

impl Services {
    /// Attempts a leased delivery once and records the outcome. Delays count from `now`.
    pub(super) async fn webhook_attempt(
        &self,
        delivery: &webhook_delivery::Model,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let outcome = match self.prepare(delivery, now).await? {
            Prepared::Discarded => return Ok(()),
            Prepared::EventDeleted => None,
            Prepared::Request(request) => {
                let message = WebhookRequest {
                    url: &request.url,
                    id: &self.webhook_message_id(delivery),
                    // Receivers compare it with their own clocks.
                    timestamp: self.clock.real().timestamp(),
                    body: &request.body,
                    secrets: &request.secrets,
                };
                Some(self.webhook_sender.webhook_client.send(&message).await)
            }
        };
        self.record_outcome(delivery, outcome, now).await
    }

    async fn prepare(
        &self,
        delivery: &webhook_delivery::Model,
        now: DateTime<Utc>,
    ) -> Result<Prepared, Error> {
        let reader = self.db.reader();
        let Some(endpoint) = store::by_ids(reader, [delivery.endpoint_id]).await?.pop() else {
            return Ok(Prepared::Discarded);
        };
        let body = match delivery.number {
            None => test_body(delivery, self.sandbox_id()),
            Some(number) => {
                let any = EventFilter::default();
                let Some(row) = event::between(reader, &any, number - 1, number, 1).await?.pop() else {
                    return Ok(Prepared::EventDeleted);
                };
                // The endpoint's filter may have changed since the delivery was created.
                if !filter(reader, &endpoint).await?.matches(&row) {
                    self.discard_delivery(delivery.id).await?;
                    return Ok(Prepared::Discarded);
                }
                body(&row, self.sandbox_id())
            }
        };
        let secrets = store::secrets(reader, &[endpoint.id], now).await?;
        let secrets = secrets.into_iter().map(|row| row.secret).collect();
        Ok(Prepared::Request(Request { url: endpoint.url, body, secrets }))
    }

    async fn discard_delivery(&self, id: Uuid) -> Result<(), Error> {
        transact!(self, Operation::SendWebhooks, transaction, _changes => {
            Ok(store::delete_delivery(transaction, id).await?)
        })
    }

    /// Records the outcome of an attempt; none means that the event was deleted.
    async fn record_outcome(
        &self,
        delivery: &webhook_delivery::Model,
        outcome: Option<AttemptOutcome>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let disabled: Option<String> = transact!(self, Operation::SendWebhooks, transaction, changes => {
            // Every transaction locks an endpoint before its deliveries.
            let endpoint = store::lock(transaction, delivery.endpoint_id).await?;
            let row = store::lock_delivery(transaction, delivery.id).await?;
            let (Some(endpoint), Some(mut row)) = (endpoint, row) else { return Ok(None) };
            if let Some(outcome) = &outcome {
                webhook_log::insert_attempt(transaction, attempt(&row, outcome, now)).await?;
            }
            if row.lease.is_none() || row.lease != delivery.lease {
                // A resend was requested meanwhile, or another process holds the lease.
                return Ok(None);
            }
            let disable_reason = apply_outcome(&mut row, outcome.as_ref(), now);
            store::upsert_delivery(transaction, row).await?;
            match disable_reason {
                Some(reason) => disable(transaction, changes, &endpoint, reason, now).await,
                None => Ok(None),
            }
        })?;
        if let Some(reason) = disabled {
            tracing::warn!(endpoint = %delivery.endpoint_id, reason, "webhook endpoint disabled");
        }
        Ok(())
    }
}

/// Applies the outcome of an attempt to a delivery; returns the reason if the endpoint must be disabled.
fn apply_outcome(
    row: &mut webhook_delivery::Model,
    outcome: Option<&AttemptOutcome>,
    now: DateTime<Utc>,
) -> Option<String> {
    (row.lease, row.leased_until) = (None, None);
    let number = row.number.unwrap_or_default();
    let Some(outcome) = outcome else {
        row.state = DeliveryState::Failed;
        return Some(format!("Event {number} was not delivered in time: it is no longer kept."));
    };
    let ended = (now + TimeDelta::from_std(outcome.duration).unwrap_or_default()).trunc_subsecs(6);
    row.attempts += 1;
    let Some(error) = &outcome.error else {
        (row.state, row.delivered_at) = (DeliveryState::Delivered, Some(ended));
        return None;
    };
    if row.number.is_none() {
        // A test message is not retried.
        row.state = DeliveryState::Failed;
        return None;
    }
    let what = format!("event {number} ({})", event_type(row.kind));
    let day = ended.format("%Y-%m-%d %H:%M UTC");
    if outcome.status == Some(410) {
        row.state = DeliveryState::Failed;
        return Some(format!("The receiver answered 410 Gone to {what} on {day}: it wants no more."));
    }
    let not_before = outcome.retry_after.as_deref().filter(|_| matches!(outcome.status, Some(429 | 503)));
    let not_before = not_before.and_then(|text| parse_retry_after(text, ended));
    if let Some(next) = next_attempt_at(row.attempts, ended, jitter(), not_before) {
        row.next_attempt_at = next;
        return None;
    }
    row.state = DeliveryState::Failed;
    Some(format!("All {} attempts to deliver {what} failed, the last on {day}: {error}", row.attempts))
}

fn jitter() -> i64 {
    // Without random bytes there is no jitter, which is acceptable.
    getrandom::u32().map_or(0, |number| i64::from(number) % (JITTER_MAX + 1))
}

fn attempt(
    row: &webhook_delivery::Model,
    outcome: &AttemptOutcome,
    at: DateTime<Utc>,
) -> webhook_attempt::Model {
    webhook_attempt::Model {
        id: Uuid::now_v7(),
        delivery_id: row.id,
        endpoint_id: row.endpoint_id,
        at,
        duration_ms: i64::try_from(outcome.duration.as_millis()).unwrap_or(i64::MAX),
        status_code: outcome.status.map(i32::from),
        error: outcome.error.clone(),
        response: outcome.response.clone(),
    }
}

/// Disables an endpoint and returns the reason, if it was enabled.
pub(super) async fn disable(
    transaction: &DatabaseTransaction,
    changes: &mut Changes,
    endpoint: &webhook_endpoint::Model,
    reason: String,
    at: DateTime<Utc>,
) -> Result<Option<String>, Error> {
    if endpoint.status == WebhookStatus::Disabled
        || !store::disable(transaction, endpoint.id, &reason, at).await?
    {
        return Ok(None);
    }
    let after = json!({ "status": "DISABLED", "reason": reason });
    changes.add(change(endpoint).before(json!({ "status": "ENABLED" })).after(after));
    Ok(Some(reason))
}
