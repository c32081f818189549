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
    /// Event feed: the events that the caller may see, in commit order. A consumer that stores the number of
    /// the last event that it processed, and continues after it, misses no event and receives none twice.
    async fn events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Returns the events after this number; by default, from the first retained event.")]
        after: Option<EventNumber>,
        #[graphql(desc = "Event types to return; all by default.")] types: Option<Vec<EventType>>,
        #[graphql(
            desc = "Code of a partner: events about it, and about professionals while they work for it."
        )]
        partner: Option<String>,
        #[graphql(desc = "Code of a professional: events about this professional.")] professional: Option<
            String,
        >,
        #[graphql(desc = "Page size, 0 to 100; 20 by default.")] first: Option<i32>,
    ) -> Result<EventConnection, ApiError> {
        let size = page_size("first", first)?;
        let query = events_query(types, partner, professional);
        let services = context.data_unchecked::<Services>();
        let EventsPage { rows, has_more, last } =
            services.events_page(&query, after.map(|number| number.0), size).await?;
        Ok(EventConnection { page: BatchPage::new(Rows { rows, has_more }), after, last })
    }
}

/// Page of the event feed.
pub(crate) struct EventConnection {
    page: BatchPage<entity::event::Model>,
    after: Option<EventNumber>,
    last: i64,
}

/// Position of a page within the event feed.
#[derive(async_graphql::SimpleObject)]
pub(crate) struct EventPageInfo {
    /// Whether further events have already been published after this page.
    has_next_page: bool,
    /// Whether the page starts after a given number, so that earlier events may exist.
    has_previous_page: bool,
    /// Number of the first event as a string; null if the page is empty.
    start_cursor: Option<String>,
    /// Number of the last event as a string; null if the page is empty.
    end_cursor: Option<String>,
}

/// Page of the event feed.
#[Object]
impl EventConnection {
    /// Events of the page, each with its cursor.
    async fn edges(&self) -> Vec<EventEdge> {
        self.page.batch_rows().map(|batch_row| EventEdge(Event(batch_row))).collect()
    }

    /// Events of the page. A node is null only if one of its requested fields failed; see `errors`.
    async fn nodes(&self) -> Vec<Option<Event>> {
        self.page.batch_rows().map(Event).map(Some).collect()
    }

    /// Position of the page within the feed.
    async fn page_info(&self) -> EventPageInfo {
        let cursor = |row: Option<&entity::event::Model>| Some(row?.number?.to_string());
        EventPageInfo {
            has_next_page: self.page.has_more,
            has_previous_page: self.after.is_some_and(|number| number.0 > 0),
            start_cursor: cursor(self.page.rows().first()),
            end_cursor: cursor(self.page.rows().last()),
        }
    }

    /// Number of the latest event, whether or not the caller may see it; 0 before the first event. To start
    /// from the current state, read this number first, then the state, then the events after this number.
    async fn latest_number(&self) -> EventNumber {
        EventNumber(self.last)
    }
}

/// Event of a page, with its cursor.
pub(crate) struct EventEdge(Event);

/// Event of a page, with its cursor.
#[Object]
impl EventEdge {
    /// Number of the event as a string.
    async fn cursor(&self) -> String {
        self.0.0.row().number.unwrap_or_default().to_string()
    }

    /// The event. Null only if one of its requested fields failed; see `errors`.
    async fn node(&self) -> Option<&Event> {
        Some(&self.0)
    }
}
