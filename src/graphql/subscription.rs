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

/// What can be followed. A stream that begins after a number gives first what happened since, and then
/// what happens; without one it begins now.
#[Subscription(name = "Subscription")]
impl SubscriptionRoot {
    /// Every entry of a partner's ledger and every change of its levels, after it was committed.
    async fn partner_changed(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Unique code of the partner.")] code: String,
        #[graphql(desc = "Begin after the event with this number; now, when left out.")] after: Option<
            EventNumber,
        >,
    ) -> Result<impl Stream<Item = Result<PartnerChange, ApiError>> + use<>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let (_, changes) = services.partner_events_subscribe(&code, after.map(|number| number.0)).await?;
        Ok(changes.map(|followed| event(followed).map(PartnerChange)))
    }

    /// Every change of a professional's points, Dojo Credits and level, after it was committed.
    async fn professional_changed(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Unique code of the professional.")] code: String,
        #[graphql(desc = "Begin after the event with this number; now, when left out.")] after: Option<
            EventNumber,
        >,
    ) -> Result<impl Stream<Item = Result<ProfessionalChange, ApiError>> + use<>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let (_, changes) =
            services.professional_events_subscribe(&code, after.map(|number| number.0)).await?;
        Ok(changes.map(|followed| event(followed).map(ProfessionalChange)))
    }

    /// Everything that happens and that the caller may see, in the order in which it was committed.
    async fn events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Begin after the event with this number; now, when left out.")] after: Option<
            EventNumber,
        >,
        #[graphql(desc = "Only these types; all, when left out.")] types: Option<Vec<EventType>>,
        #[graphql(
            desc = "Only those about the partner with this code, and about people while they work for it."
        )]
        partner: Option<String>,
        #[graphql(desc = "Only those about the professional with this code.")] professional: Option<String>,
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
