//! The feed of events as a list.

use async_graphql::{Context, Object};

use crate::graphql::batch::BatchPage;
use crate::graphql::connection::page_size;
use crate::graphql::error::ApiError;
use crate::graphql::scalar::EventNumber;
use crate::graphql::types::{Event, EventType};
use crate::service::Services;
use crate::service::events::{EventsPage, EventsQuery};
use crate::store::page::Rows;

/// Queries of the event feed.
#[derive(Debug, Default)]
pub(crate) struct EventQueries;

/// The query of the feed from the arguments of a field.
pub(crate) fn events_query(
    types: Option<Vec<EventType>>,
    partner: Option<String>,
    professional: Option<String>,
) -> EventsQuery {
    let kinds = types.map(|types| types.into_iter().map(Into::into).collect());
    EventsQuery { kinds, partner, professional }
}

#[Object]
impl EventQueries {
    /// What happened, in the order in which it was committed, one page at a time. Who keeps the number of the
    /// last event, and asks for those after it, misses none and sees none twice.
    async fn events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only events after this number; from the first that is kept, when left out.")]
        after: Option<EventNumber>,
        #[graphql(desc = "Only these types; all, when left out.")] types: Option<Vec<EventType>>,
        #[graphql(
            desc = "Only those about the partner with this code, and about people while they work for it."
        )]
        partner: Option<String>,
        #[graphql(desc = "Only those about the professional with this code.")] professional: Option<String>,
        #[graphql(desc = "How many events, 0 to 100; 20 when left out.")] first: Option<i32>,
    ) -> Result<EventConnection, ApiError> {
        let size = page_size("first", first)?;
        let query = events_query(types, partner, professional);
        let services = context.data_unchecked::<Services>();
        let EventsPage { rows, has_more, last } =
            services.events_page(&query, after.map(|number| number.0), size).await?;
        Ok(EventConnection { page: BatchPage::new(Rows { rows, has_more }), after, last })
    }
}

/// One page of the feed.
pub(crate) struct EventConnection {
    page: BatchPage<entity::event::Model>,
    after: Option<EventNumber>,
    last: i64,
}

/// Where a page of the feed lies.
#[derive(async_graphql::SimpleObject)]
pub(crate) struct EventPageInfo {
    /// Whether there are more events after this page already.
    has_next_page: bool,
    /// Whether the page begins after a number: there may be events before it.
    has_previous_page: bool,
    /// Number of the first event as text; null for an empty page.
    start_cursor: Option<String>,
    /// Number of the last event as text; null for an empty page.
    end_cursor: Option<String>,
}

/// One page of the feed.
#[Object]
impl EventConnection {
    /// The events with their cursors.
    async fn edges(&self) -> Vec<EventEdge> {
        self.page.batch_rows().map(|batch_row| EventEdge(Event(batch_row))).collect()
    }

    /// The events. One is null only when something that was asked of it can't be answered; `errors` tells what.
    async fn nodes(&self) -> Vec<Option<Event>> {
        self.page.batch_rows().map(Event).map(Some).collect()
    }

    /// Where the page lies.
    async fn page_info(&self) -> EventPageInfo {
        let cursor = |row: Option<&entity::event::Model>| Some(row?.number?.to_string());
        EventPageInfo {
            has_next_page: self.page.has_more,
            has_previous_page: self.after.is_some_and(|number| number.0 > 0),
            start_cursor: cursor(self.page.rows().first()),
            end_cursor: cursor(self.page.rows().last()),
        }
    }

    /// The last number that any event has, whether it is shown or not; 0 before the first. Whoever reads the
    /// present state first, and then follows, takes it before reading.
    async fn latest_number(&self) -> EventNumber {
        EventNumber(self.last)
    }
}

/// One event of a page, with its cursor.
pub(crate) struct EventEdge(Event);

/// One event of a page, with its cursor.
#[Object]
impl EventEdge {
    /// The number of the event as text.
    async fn cursor(&self) -> String {
        self.0.0.row().number.unwrap_or_default().to_string()
    }

    /// The event. Null only when something that was asked of it can't be answered; `errors` tells what.
    async fn node(&self) -> Option<&Event> {
        Some(&self.0)
    }
}
