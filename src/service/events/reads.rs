//! Pages of the event feed, and subscriptions within the visibility of the caller.

use entity::event;
use entity::value::EventKind;
use futures_util::Stream;
use sea_orm::Iterable;
use uuid::Uuid;

use super::EventResult;
use crate::access::Operation;
use crate::error::{Error, refused};
use crate::program::refusal::{Code, Problems, Refusal, Refusals, all};
use crate::service::access::Visibility;
use crate::service::{Services, input};
use crate::store::event::{self as store, EventFilter};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;

/// Kinds of events in a subscription to a partner.
const PARTNER_KINDS: [EventKind; 5] = [
    EventKind::CreditsChanged,
    EventKind::LevelReached,
    EventKind::LevelLapsed,
    EventKind::OpportunityWon,
    EventKind::OpportunityLapsed,
];
/// Kinds of events in a subscription to a professional.
const PROFESSIONAL_KINDS: [EventKind; 3] =
    [EventKind::PointsChanged, EventKind::LevelReached, EventKind::LevelLapsed];

/// Kinds of events that concern no subject, each with the operation that reads its object.
const GENERAL_KINDS: [(EventKind, Operation); 8] = [
    (EventKind::ProductSaved, Operation::Product),
    (EventKind::SwagItemSaved, Operation::SwagItem),
    (EventKind::CustomersJoined, Operation::Customers),
    (EventKind::CustomersSeparated, Operation::Customers),
    (EventKind::EditionPublished, Operation::Edition),
    (EventKind::RecalculationApplied, Operation::Edition),
    (EventKind::RecalculationReverted, Operation::Edition),
    (EventKind::RecalculationFinished, Operation::Edition),
];

/// Kinds of events that only administrators see.
const ADMINISTRATIVE_KINDS: [EventKind; 3] =
    [EventKind::EditionDraftSaved, EventKind::EditionDraftApproved, EventKind::EditionDraftWithdrawn];

/// A query of the event feed. An event matches if it satisfies every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventsQuery {
    /// Only these kinds.
    pub kinds: Option<Vec<EventKind>>,
    /// Only those about the partner with this code and the professionals affiliated with it.
    pub partner: Option<String>,
    /// Only those about the professional with this code.
    pub professional: Option<String>,
}

/// A page of the feed.
#[derive(Clone, Debug, Default)]
pub struct EventsPage {
    /// The events, in order.
    pub rows: Vec<event::Model>,
    /// Whether more events match already.
    pub has_more: bool,
    /// The last number of the feed, including events that are not visible to the caller.
    pub last: i64,
}

/// Refuses a cursor whose next events were deleted after their retention.
pub(super) fn events_deleted(removed: i64) -> Refusal {
    let message = format!(
        "Events up to {removed} are no longer retained. Read the current state again, and continue with after: {removed}."
    );
    Refusal::new(Code::Invalid, "after", message)
}

/// Checks a number that events are read after: those behind it must be retained, and it must have been assigned.
pub(in crate::service) fn event_number(number: i64, removed: i64, last: i64) -> Result<(), Refusal> {
    if number < removed {
        return Err(events_deleted(removed));
    }
    if number > last {
        let message = format!("No event has the number {number} yet; the last one is {last}.");
        return Err(Refusal::new(Code::Invalid, "after", message));
    }
    Ok(())
}

impl Services {
    /// The events after a number, or from the first retained one. Includes every committed event, unless so many
    /// wait for their numbers, as after a large import, that it would take long.
    ///
    /// # Errors
    /// When the caller has no right to the feed, events after the number were deleted, the number was not
    /// assigned yet, or the database fails.
    pub async fn events_page(
        &self,
        query: &EventsQuery,
        after: Option<i64>,
        size: u64,
    ) -> Result<EventsPage, Error> {
        self.authorize(Operation::Events)?;
        store::assign_numbers_for_reader(&self.db).await?;
        let after = self.check_after(after).await?;
        let feed = store::feed(self.db.reader()).await?;
        let Ok(filter) = self.event_filter(query).await? else {
            return Ok(EventsPage { last: feed.last, ..EventsPage::default() });
        };
        let after = after.unwrap_or(feed.removed);
        let mut rows = store::between(self.db.reader(), &filter, after, feed.last, size + 1).await?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let has_more = rows.len() > size;
        rows.truncate(size);
        Ok(EventsPage { rows, has_more, last: feed.last })
    }

    /// A subscription to events after a number, or from now on.
    ///
    /// # Errors
    /// As [`Services::events_page`]; also when a code does not exist.
    pub async fn events_subscribe(
        &self,
        query: &EventsQuery,
        after: Option<i64>,
    ) -> Result<impl Stream<Item = EventResult> + Send + use<>, Error> {
        let after = refused(self.check_after(after).await)?;
        let (after, filter) = all((after, self.event_filter(query).await?))?;
        self.subscribe(filter, after).await
    }

    /// A subscription to a partner's ledger entries and level changes, after a number or from now on.
    ///
    /// # Errors
    /// As [`Services::events_subscribe`].
    pub async fn partner_events_subscribe(
        &self,
        code: &str,
        after: Option<i64>,
    ) -> Result<(PartnerRow, impl Stream<Item = EventResult> + Send + use<>), Error> {
        self.authorize(Operation::Events)?;
        let row = self.partner_by_code(code).await?;
        let row = row.ok_or_else(|| input::not_found("code", ("partner", "code"), code));
        let (row, after) = all((row, refused(self.check_after(after).await)?))?;
        self.authorize_accounts([row.id].into_iter())?;
        let filter = EventFilter {
            kinds: Some(PARTNER_KINDS.to_vec()),
            partner: Some(row.id),
            partners_only: true,
            ..EventFilter::default()
        };
        let filter = self.with_merged(filter).await?;
        Ok((row, self.subscribe(filter, after).await?))
    }

    /// A subscription to a professional's points entries and level changes, after a number or from now on. A
    /// partner receives those of days on which the professional is affiliated with it.
    ///
    /// # Errors
    /// As [`Services::events_subscribe`].
    pub async fn professional_events_subscribe(
        &self,
        code: &str,
        after: Option<i64>,
    ) -> Result<(ProfessionalRow, impl Stream<Item = EventResult> + Send + use<>), Error> {
        let visibility = self.authorize(Operation::Events)?;
        let row = self.professional_by_code(code).await?;
        let row = row.ok_or_else(|| input::not_found("code", ("professional", "code"), code));
        let (row, after) = all((row, refused(self.check_after(after).await)?))?;
        self.authorize(Operation::ProfessionalPoints)?;
        let filter = EventFilter {
            kinds: Some(PROFESSIONAL_KINDS.to_vec()),
            professional: Some(row.id),
            partner: if let Visibility::Partner(id) = visibility { Some(id) } else { None },
            ..EventFilter::default()
        };
        let filter = self.with_merged(filter).await?;
        Ok((row, self.subscribe(filter, after).await?))
    }

    /// Refuses a number after which events were deleted, or that was not assigned yet.
    async fn check_after(&self, after: Option<i64>) -> Result<Option<i64>, Error> {
        self.authorize(Operation::Events)?;
        let Some(number) = after else { return Ok(None) };
        let mut feed = store::feed(self.db.reader()).await?;
        if number > feed.last {
            store::assign_numbers_for_reader(&self.db).await?;
            feed = store::feed(self.db.reader()).await?;
        }
        event_number(number, feed.removed, feed.last)?;
        Ok(after)
    }

    /// Kinds of events that concern no subject and are visible to a caller who does not see all events: those of
    /// objects that it sees.
    fn visible_general_kinds(&self) -> Vec<EventKind> {
        if self.visibility(Operation::Events) == Visibility::All {
            return Vec::new();
        }
        GENERAL_KINDS.into_iter().filter(|(_, read)| self.can_see(*read)).map(|(kind, _)| kind).collect()
    }

    /// The filter with ids in place of codes, limited to what is visible to the caller; a refusal of each code that
    /// does not exist for it.
    async fn event_filter(&self, query: &EventsQuery) -> Result<Result<EventFilter, Refusals>, Error> {
        let mut filter = EventFilter { kinds: query.kinds.clone(), ..EventFilter::default() };
        match self.authorize(Operation::Events)? {
            Visibility::All => {}
            Visibility::Partner(id) => filter.partner = Some(id),
            Visibility::Professional(id) => filter.professional = Some(id),
            Visibility::Integration(name) => filter.recorded_by = Some(name.to_string()),
            Visibility::Nothing => return Err(Error::Forbidden(Operation::Events.name())),
        }
        if !self.can_see(Operation::EditionDrafts) {
            let kinds = filter.kinds.take().unwrap_or_else(|| EventKind::iter().collect());
            let seen = kinds.into_iter().filter(|kind| !ADMINISTRATIVE_KINDS.contains(kind));
            filter.kinds = Some(seen.collect());
        }
        if query.partner.is_none() && query.professional.is_none() {
            filter.general = self.visible_general_kinds();
        }
        let mut problems = Problems::default();
        if let Some(code) = &query.partner {
            let found = self.partner_by_code(code).await?.map(|row| row.id);
            if !narrow(&mut filter.partner, found) {
                problems.add(input::no_partner(code));
            }
        }
        if let Some(code) = &query.professional {
            let found = self.professional_by_code(code).await?.map(|row| row.id);
            if !narrow(&mut filter.professional, found) {
                problems.add(input::no_professional(code));
            }
        }
        match problems.finish() {
            Ok(()) => Ok(Ok(self.with_merged(filter).await?)),
            Err(refusals) => Ok(Err(refusals)),
        }
    }

    /// The filter with the subjects that were merged into those that it names.
    async fn with_merged(&self, mut filter: EventFilter) -> Result<EventFilter, Error> {
        let reader = self.db.reader();
        if let Some(id) = filter.partner {
            filter.merged.extend(subject::merged::<PartnerRow>(reader, id).await?);
        }
        if let Some(id) = filter.professional {
            filter.merged.extend(subject::merged::<ProfessionalRow>(reader, id).await?);
        }
        Ok(filter)
    }
}

/// Restricts a field of a filter to a subject; false if there is none or the filter excludes it.
fn narrow(field: &mut Option<Uuid>, subject: Option<Uuid>) -> bool {
    let matches = subject.is_some() && field.is_none_or(|own| Some(own) == subject);
    *field = subject;
    matches
}
