//! Reads of endpoints, deliveries and attempts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::value::DeliveryState;
use entity::{event, webhook_attempt, webhook_delivery, webhook_endpoint};
use uuid::Uuid;

use crate::access::Operation;
use crate::error::Error;
use crate::service::Services;
use crate::service::access::Visibility;
use crate::store::event as events;
use crate::store::page::{Page, Rows};
use crate::store::webhook::WebhooksStatus;
use crate::store::{webhook as store, webhook_log};

/// Maximum number of attempts that a delivery shows.
const ATTEMPTS_SHOWN: i64 = 50;

/// Progress of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Number of pending deliveries.
    pub waiting: i64,
    /// Sequence numbers between the last one up to which everything was delivered and the last one of the feed.
    pub lag: i64,
}

impl Services {
    /// One page of endpoints, in the order of creation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhooks_page(&self, page: &Page<Uuid>) -> Result<Rows<webhook_endpoint::Model>, Error> {
        self.authorize(Operation::WebhookEndpoints)?;
        Ok(store::page(self.db.reader(), page).await?)
    }

    /// How many endpoints there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhooks_count(&self) -> Result<i64, Error> {
        self.authorize(Operation::WebhookEndpoints)?;
        Ok(i64::try_from(store::count(self.db.reader()).await?).unwrap_or(i64::MAX))
    }

    /// Endpoints by id; what does not exist for the caller is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhooks_by_ids(
        &self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, webhook_endpoint::Model>, Error> {
        if self.visibility(Operation::WebhookEndpoints) != Visibility::All {
            return Ok(HashMap::new());
        }
        let rows = store::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// Progress of endpoints.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhooks_progress(
        &self,
        rows: &[webhook_endpoint::Model],
    ) -> Result<HashMap<Uuid, Progress>, Error> {
        self.authorize(Operation::WebhookEndpoints)?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let waiting = store::pending(self.db.reader(), &ids).await?;
        let last = events::feed(self.db.reader()).await?.last;
        let progress = rows.iter().map(|row| {
            let waiting = waiting.iter().find(|waiting| waiting.id == row.id);
            let done = waiting.map_or(row.position, |waiting| row.position.min(waiting.first - 1));
            let progress = Progress { waiting: waiting.map_or(0, |it| it.count), lag: (last - done).max(0) };
            (row.id, progress)
        });
        Ok(progress.collect())
    }

    /// Expiry of previous secrets that still sign; endpoints without one are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhooks_old_secrets(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, DateTime<Utc>>, Error> {
        self.authorize(Operation::WebhookEndpoints)?;
        let mut ends: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
        for row in store::secrets(self.db.reader(), ids, self.clock.real()).await? {
            if let Some(end) = row.expires_at {
                let known = ends.entry(row.endpoint_id).or_insert(end);
                *known = end.max(*known);
            }
        }
        Ok(ends)
    }

    /// For each endpoint, one page of deliveries in the order of creation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook_delivery_pages(
        &self,
        ids: &[Uuid],
        state: Option<DeliveryState>,
        page: &Page<Uuid>,
    ) -> Result<HashMap<Uuid, Rows<webhook_delivery::Model>>, Error> {
        self.authorize(Operation::WebhookEndpoints)?;
        Ok(webhook_log::pages(self.db.reader(), ids, state, page).await?)
    }

    /// For each endpoint, how many deliveries there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook_delivery_counts(
        &self,
        ids: &[Uuid],
        state: Option<DeliveryState>,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        self.authorize(Operation::WebhookEndpoints)?;
        Ok(webhook_log::counts(self.db.reader(), ids, state).await?)
    }

    /// Deliveries by id; what does not exist for the caller is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook_deliveries_by_ids(
        &self,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, webhook_delivery::Model>, Error> {
        if self.visibility(Operation::WebhookEndpoints) != Visibility::All {
            return Ok(HashMap::new());
        }
        let rows = webhook_log::by_ids(self.db.reader(), ids.iter().copied()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// The attempts of deliveries, the earliest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook_attempts(
        &self,
        deliveries: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<webhook_attempt::Model>>, Error> {
        self.authorize(Operation::WebhookEndpoints)?;
        let mut found: HashMap<Uuid, Vec<webhook_attempt::Model>> = HashMap::new();
        for row in webhook_log::attempts(self.db.reader(), deliveries, ATTEMPTS_SHOWN).await? {
            found.entry(row.delivery_id).or_default().push(row);
        }
        Ok(found)
    }

    /// The events of deliveries by number; deleted events are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook_events(&self, numbers: &[i64]) -> Result<HashMap<i64, event::Model>, Error> {
        self.authorize(Operation::WebhookEndpoints)?;
        let rows = webhook_log::events(self.db.reader(), numbers).await?;
        Ok(rows.into_iter().filter_map(|row| Some((row.number?, row))).collect())
    }

    /// Status of deliveries: how many are pending, since when, and how many endpoints are disabled.
    ///
    /// # Errors
    /// When the caller is not the program itself or an administrator, or the database fails.
    pub async fn webhooks_status(&self) -> Result<WebhooksStatus, Error> {
        self.authorize(Operation::SendWebhooks)?;
        Ok(store::status(self.db.reader()).await?)
    }
}
