//! Creating, updating, enabling and disabling endpoints, and resending and replaying events.

use chrono::{DateTime, TimeDelta, Utc};
use entity::value::{DeliveryState, EventKind, WebhookStatus};
use entity::{webhook_delivery, webhook_endpoint, webhook_secret};
use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::message::secret;
use super::{EndpointChange, EndpointDraft, EndpointSecret, audit_state, change, lock_endpoint};
use crate::access::Operation;
use crate::error::Error;
use crate::program::refusal::{Code, Refusal, all};
use crate::service::audit::Change;
use crate::service::events::event_number;
use crate::service::{ObjectId, Services, input, transact};
use crate::store::partner::PartnerRow;
use crate::store::subject;
use crate::store::{event, webhook as store};

/// Maximum number of endpoints.
const ENDPOINTS_MAX: u64 = 100;
/// How long a previous secret also signs after a rotation.
const SECRET_OVERLAP: TimeDelta = TimeDelta::hours(24);
/// Maximum number of secrets that sign at once, including the newest.
const SECRETS_MAX: usize = 5;

impl Services {
    /// Creates an endpoint; it gets the events from now on.
    ///
    /// # Errors
    /// When the URL is invalid, the partner does not exist, there are too many endpoints, or the
    /// database fails.
    pub async fn webhook_create(&self, draft: &EndpointDraft) -> Result<EndpointSecret, Error> {
        self.authorize(Operation::CreateWebhookEndpoint)?;
        let checked = all((
            self.check_url(&draft.url),
            input::name("description", &draft.description),
            kinds_json(draft.kinds.as_deref()),
        ));
        event::assign_numbers(&self.db).await?;
        let now = self.clock.real();
        let secret = secret()?;
        let row = transact!(self, Operation::CreateWebhookEndpoint, transaction, changes => {
            let partner = partner_of(transaction, draft.partner.as_deref()).await?;
            let has_room = if store::count(transaction).await? < ENDPOINTS_MAX {
                Ok(())
            } else {
                let message = format!("There are {ENDPOINTS_MAX} endpoints, the maximum; delete one first.");
                Err(Refusal::new(Code::TooMany, "url", message))
            };
            let ((url, description, kinds), (), partner_id) = all((checked.as_ref(), has_room, partner))?;
            let row = webhook_endpoint::Model {
                id: Uuid::now_v7(),
                url: url.clone(),
                description: description.clone(),
                kinds: kinds.clone(),
                partner_id,
                status: WebhookStatus::Enabled,
                reason: None,
                since: now,
                position: event::feed(transaction).await?.last,
                created_at: now,
                created_by: self.caller().actor.name(),
            };
            changes.add(change(&row).after(audit_state(&row)?));
            store::insert(transaction, row.clone()).await?;
            store::add_secret(transaction, secret_row(row.id, &secret, now)).await?;
            Ok(row)
        })?;
        self.webhook_sender.changed.notify_one();
        Ok(EndpointSecret { row, secret })
    }

    /// Changes an endpoint. Events that wait for it already go to the new address, unless the endpoint no
    /// longer wants them.
    ///
    /// # Errors
    /// As [`Services::webhook_create`], or when there is no such endpoint.
    pub async fn webhook_update(
        &self,
        id: ObjectId<'_>,
        asked: &EndpointChange,
    ) -> Result<webhook_endpoint::Model, Error> {
        self.authorize(Operation::UpdateWebhookEndpoint)?;
        let checked = all((
            asked.url.as_deref().map(|url| self.check_url(url)).transpose(),
            asked.description.as_deref().map(|text| input::name("description", text)).transpose(),
            asked.kinds.as_ref().map(|kinds| kinds_json(kinds.as_deref())).transpose(),
        ));
        transact!(self, Operation::UpdateWebhookEndpoint, transaction, changes => {
            let before = lock_endpoint(transaction, id).await?;
            let partner = partner_of(transaction, asked.partner.as_ref().and_then(Option::as_deref)).await?;
            let ((url, description, kinds), before, partner_id) = all((checked.as_ref(), before, partner))?;
            let mut row = before.clone();
            if let Some(url) = url {
                row.url.clone_from(url);
            }
            if let Some(description) = description {
                row.description.clone_from(description);
            }
            if let Some(kinds) = kinds {
                row.kinds.clone_from(kinds);
            }
            if asked.partner.is_some() {
                row.partner_id = partner_id;
            }
            if row != before {
                changes.add(change(&row).before(audit_state(&before)?).after(audit_state(&row)?));
                store::update(transaction, row.clone()).await?;
            }
            Ok(row)
        })
    }

    /// Deletes an endpoint with its log.
    ///
    /// # Errors
    /// When there is no such endpoint, or the database fails.
    pub async fn webhook_delete(&self, id: ObjectId<'_>) -> Result<(), Error> {
        transact!(self, Operation::DeleteWebhookEndpoint, transaction, changes => {
            let row = lock_endpoint(transaction, id).await??;
            changes.add(change(&row).before(audit_state(&row)?));
            Ok(store::delete(transaction, row.id).await?)
        })
    }

    /// Disables an endpoint: its events remain pending. Idempotent.
    ///
    /// # Errors
    /// As [`Services::webhook_delete`].
    pub async fn webhook_disable(
        &self,
        id: ObjectId<'_>,
        reason: Option<&str>,
    ) -> Result<webhook_endpoint::Model, Error> {
        let reason = input::reason("reason", reason);
        transact!(self, Operation::DisableWebhookEndpoint, transaction, changes => {
            let (reason, mut row) = all((reason.as_ref(), lock_endpoint(transaction, id).await?))?;
            if row.status == WebhookStatus::Enabled {
                let before = audit_state(&row)?;
                (row.status, row.since) = (WebhookStatus::Disabled, self.clock.real());
                row.reason = Some(reason.clone().unwrap_or_else(|| "An administrator disabled it.".to_owned()));
                changes.add(change(&row).before(before).after(audit_state(&row)?));
                store::update(transaction, row.clone()).await?;
            }
            Ok(row)
        })
    }

    /// Enables an endpoint, which continues from its position. `skip` skips events that were deleted after their
    /// retention. Idempotent.
    ///
    /// # Errors
    /// As [`Services::webhook_delete`], or when events that it did not receive were deleted.
    pub async fn webhook_enable(
        &self,
        id: ObjectId<'_>,
        skip: bool,
    ) -> Result<webhook_endpoint::Model, Error> {
        let row = transact!(self, Operation::EnableWebhookEndpoint, transaction, changes => {
            let mut row = lock_endpoint(transaction, id).await??;
            if row.status == WebhookStatus::Enabled {
                return Ok(row);
            }
            let before = audit_state(&row)?;
            let removed = event::feed(transaction).await?.removed;
            let waiting = store::pending(transaction, &[row.id]).await?;
            let is_gone = waiting.first().is_some_and(|waiting| waiting.first <= removed);
            if is_gone || row.position < removed {
                if !skip {
                    let message = format!(
                        "Events up to {removed} are no longer retained, and some of them were not delivered. Set skipExpired \
                         to continue after them."
                    );
                    return Err(Refusal::new(Code::WrongState, "id", message).into());
                }
                store::delete_pending(transaction, row.id, removed).await?;
                row.position = row.position.max(removed);
            }
            let now = self.clock.real();
            (row.status, row.reason, row.since) = (WebhookStatus::Enabled, None, now);
            store::reset_pending(transaction, row.id, now).await?;
            changes.add(change(&row).before(before).after(audit_state(&row)?));
            store::update(transaction, row.clone()).await?;
            Ok(row)
        })?;
        self.webhook_sender.changed.notify_one();
        Ok(row)
    }

    /// Rotates the secret of an endpoint. The previous one also signs for a day.
    ///
    /// # Errors
    /// As [`Services::webhook_delete`].
    pub async fn webhook_rotate(&self, id: ObjectId<'_>) -> Result<EndpointSecret, Error> {
        self.authorize(Operation::RotateWebhookSecret)?;
        let secret = secret()?;
        let row = transact!(self, Operation::RotateWebhookSecret, transaction, changes => {
            let row = lock_endpoint(transaction, id).await??;
            let id = row.id;
            let now = self.clock.real();
            store::expire_secret(transaction, id, now + SECRET_OVERLAP).await?;
            let new = secret_row(id, &secret, now);
            let kept = store::secrets(transaction, &[id], now).await?;
            let kept = kept.iter().take(SECRETS_MAX - 1).map(|row| row.id).chain([new.id]);
            store::add_secret(transaction, new.clone()).await?;
            store::retain_secrets(transaction, id, &kept.collect::<Vec<_>>()).await?;
            changes.add(change(&row).after(json!({ "previousSecretExpiresAt": now + SECRET_OVERLAP })));
            Ok(row)
        })?;
        Ok(EndpointSecret { row, secret })
    }

    /// Sends a test message to an endpoint, enabled or not, without retries.
    ///
    /// # Errors
    /// As [`Services::webhook_delete`].
    pub async fn webhook_test(&self, id: ObjectId<'_>) -> Result<webhook_delivery::Model, Error> {
        let sent = transact!(self, Operation::SendTestWebhook, transaction, changes => {
            let endpoint = lock_endpoint(transaction, id).await??;
            let now = self.clock.real();
            let row = webhook_delivery::Model {
                id: Uuid::now_v7(),
                endpoint_id: endpoint.id,
                number: None,
                kind: None,
                subject: None,
                state: DeliveryState::Pending,
                attempts: 0,
                next_attempt_at: now,
                lease: None,
                leased_until: None,
                created_at: now,
                delivered_at: None,
            };
            store::upsert_delivery(transaction, row.clone()).await?;
            let about = Change::of("WebhookDelivery", row.id).about(endpoint.partner_id, None);
            changes.add(about.after(json!({ "type": "webhook.test" })));
            Ok(row)
        })?;
        self.webhook_sender.changed.notify_one();
        Ok(sent)
    }

    /// Resends a delivery with the same message id, regardless of its state; test messages too.
    ///
    /// # Errors
    /// When there is no such delivery, its endpoint is disabled, its event was deleted, or the
    /// database fails.
    pub async fn webhook_resend(&self, id: ObjectId<'_>) -> Result<webhook_delivery::Model, Error> {
        let field = "deliveryId";
        let missing = || input::not_found(field, ("webhook delivery", "id"), id.text);
        let wrong = |message: String| Error::from(Refusal::new(Code::WrongState, field, message));
        let sent = transact!(self, Operation::ResendWebhookDelivery, transaction, changes => {
            let found = crate::store::webhook_log::by_ids(transaction, id.key).await?.pop().ok_or_else(missing)?;
            let endpoint = store::lock(transaction, found.endpoint_id).await?.ok_or_else(missing)?;
            let mut row = store::lock_delivery(transaction, found.id).await?.ok_or_else(missing)?;
            if endpoint.status == WebhookStatus::Disabled && row.number.is_some() {
                let message = "The endpoint is disabled; enable it first. Delivery then continues where it stopped.";
                return Err(wrong(message.to_owned()));
            }
            let removed = event::feed(transaction).await?.removed;
            if row.number.is_some_and(|number| number <= removed) {
                let message = format!("Events up to {removed} are no longer retained; the delivery's event is one of them.");
                return Err(wrong(message));
            }
            let before = json!({ "state": row.state.to_value() });
            (row.state, row.attempts, row.next_attempt_at) = (DeliveryState::Pending, 0, self.clock.real());
            (row.lease, row.leased_until, row.delivered_at) = (None, None, None);
            let about = Change::of("WebhookDelivery", row.id).about(endpoint.partner_id, None);
            changes.add(about.before(before).after(json!({ "state": "PENDING", "number": row.number })));
            store::upsert_delivery(transaction, row.clone()).await?;
            Ok(row)
        })?;
        self.webhook_sender.changed.notify_one();
        Ok(sent)
    }

    /// Replays the events after a number that match the endpoint's filter, with the same message ids.
    ///
    /// # Errors
    /// When there is no such endpoint, events after the number were deleted, the number was not assigned
    /// yet, or the database fails.
    pub async fn webhook_replay(
        &self,
        id: ObjectId<'_>,
        after: i64,
    ) -> Result<webhook_endpoint::Model, Error> {
        let row = transact!(self, Operation::ReplayWebhookEvents, transaction, changes => {
            let endpoint = lock_endpoint(transaction, id).await?;
            let (mut row, ()) = all((endpoint, check_after(transaction, after).await?))?;
            let before = json!({ "position": row.position });
            // Later events are enqueued again, in order.
            row.position = row.position.min(after);
            changes.add(change(&row).before(before).after(json!({ "position": row.position })));
            store::update(transaction, row.clone()).await?;
            Ok(row)
        })?;
        self.webhook_sender.changed.notify_one();
        Ok(row)
    }

    fn check_url(&self, text: &str) -> Result<String, Refusal> {
        let checked = self.webhook_sender.webhook_client.check_url(text.trim());
        checked.map(Into::into).map_err(|message| Refusal::new(Code::Invalid, "url", message))
    }
}

async fn check_after(transaction: &DatabaseTransaction, after: i64) -> Result<Result<(), Refusal>, Error> {
    let feed = event::feed(transaction).await?;
    Ok(event_number(after, feed.removed, feed.last))
}

fn secret_row(endpoint: Uuid, secret: &str, now: DateTime<Utc>) -> webhook_secret::Model {
    webhook_secret::Model {
        id: Uuid::now_v7(),
        endpoint_id: endpoint,
        secret: secret.to_owned(),
        created_at: now,
        expires_at: None,
    }
}

/// Kinds as stored: without duplicates, in the given order.
fn kinds_json(kinds: Option<&[EventKind]>) -> Result<Option<String>, Refusal> {
    let Some(kinds) = kinds else { return Ok(None) };
    if kinds.is_empty() {
        let message = "The list of types is empty; give at least one type, or leave the list out for all.";
        return Err(Refusal::new(Code::Invalid, "types", message));
    }
    let mut words: Vec<String> = Vec::new();
    for word in kinds.iter().map(ActiveEnum::to_value) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    Ok(Some(serde_json::Value::from(words).to_string()))
}

async fn partner_of(
    connection: &impl ConnectionTrait,
    code: Option<&str>,
) -> Result<Result<Option<Uuid>, Refusal>, Error> {
    let Some(code) = code else { return Ok(Ok(None)) };
    let found = match input::code("partner", code) {
        Ok(code) => subject::by_code::<PartnerRow>(connection, &code).await?,
        Err(_) => None,
    };
    Ok(found.map(|row| Some(row.id)).ok_or_else(|| input::no_partner(code)))
}
