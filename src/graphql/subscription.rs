//! Subscriptions to the event feed.

use async_graphql::{Context, Subscription};
use futures_util::{Stream, StreamExt};

use super::batch::BatchRow;
use super::error::ApiError;
use super::query::events_query;
use super::scalar::EventNumber;
use super::types::{Event, EventType, PartnerChange, ProfessionalChange};
use crate::service::Services;
use crate::service::events::EventResult;

/// What can be followed. A stream that begins after a number gives first what happened since, and then
/// what happens; without one it begins now.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubscriptionRoot;

/// Root of the subscriptions. Each delivers committed events in order. With `after`, it first delivers the
/// retained events after that number, and then new ones; without, it starts with the next event.
#[Subscription(name = "Subscription")]
impl SubscriptionRoot {
    /// Ledger entries and changes of level of one partner, once they are committed.
    async fn partner_changed(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Code of the partner.")] code: String,
        #[graphql(desc = "Starts after the event with this number; by default, with the next event.")] after: Option<
            EventNumber,
        >,
    ) -> Result<impl Stream<Item = Result<PartnerChange, ApiError>> + use<>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let (_, changes) = services.partner_events_subscribe(&code, after.map(|number| number.0)).await?;
        Ok(changes.map(|followed| event(followed).map(PartnerChange)))
    }

    /// Changes of the points, Dojo Credits and level of one professional, once they are committed.
    async fn professional_changed(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Code of the professional.")] code: String,
        #[graphql(desc = "Starts after the event with this number; by default, with the next event.")] after: Option<
            EventNumber,
        >,
    ) -> Result<impl Stream<Item = Result<ProfessionalChange, ApiError>> + use<>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let (_, changes) =
            services.professional_events_subscribe(&code, after.map(|number| number.0)).await?;
        Ok(changes.map(|followed| event(followed).map(ProfessionalChange)))
    }

    /// Event feed: the events that the caller may see, once they are committed.
    async fn events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Starts after the event with this number; by default, with the next event.")] after: Option<
            EventNumber,
        >,
        #[graphql(desc = "Event types to deliver; all by default.")] types: Option<Vec<EventType>>,
        #[graphql(
            desc = "Code of a partner: events about it, and about professionals while they work for it."
        )]
        partner: Option<String>,
        #[graphql(desc = "Code of a professional: events about this professional.")] professional: Option<
            String,
        >,
    ) -> Result<impl Stream<Item = Result<Event, ApiError>> + use<>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let query = events_query(types, partner, professional);
        let events = services.events_subscribe(&query, after.map(|number| number.0)).await?;
        Ok(events.map(event))
    }
}

fn event(followed: EventResult) -> Result<Event, ApiError> {
    let row = followed?;
    Ok(Event(BatchRow::only((*row).clone())))
}
