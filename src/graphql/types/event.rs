//! Events, and the changes that subscriptions to a partner or professional emit.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use entity::event::Model;
use serde_json::{Map, Value};

use super::enums::{EventType, Track};
use super::standing::Level;
use super::{Activity, Deal, LedgerEntry, Order, Partner, Professional, SwagOrder};
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, EventNumber, JsonObject, Moment};
use crate::service::Services;

/// Something that happened. Events are numbered in the order in which changes were committed, without a gap.
pub(crate) struct Event(pub(crate) BatchRow<Model>);

/// A level that is another one than before.
#[derive(SimpleObject)]
pub(crate) struct LevelChange {
    /// The track; null for a professional's level.
    track: Option<Track>,
    /// The level before; null below the first one.
    from: Option<Level>,
    /// The level now; null below the first one.
    to: Option<Level>,
    /// Whether it came by the calendar, on a first of January or an anniversary, and by no fact.
    time_based: bool,
}

fn number(row: &Model) -> EventNumber {
    EventNumber(row.number.unwrap_or_default())
}

fn data(row: &Model) -> Map<String, Value> {
    serde_json::from_str(&row.data).unwrap_or_default()
}

fn level_change(context: &Context<'_>, row: &Model) -> Option<LevelChange> {
    let data = data(row);
    let level_data = data.get("level")?;
    let edition = context.data_unchecked::<Services>().policy().editions.at(row.occurred_on);
    let levels =
        if row.professional_id.is_some() { &edition.professional_levels } else { &edition.partner_levels };
    let level = |name: &str| {
        let code = level_data.get(name)?.as_str()?;
        levels.by_code(code).map(|level| Level(Arc::clone(level)))
    };
    let track = match level_data.get("track").and_then(Value::as_str) {
        Some("TECHNICAL") => Some(Track::Technical),
        Some("BUSINESS") => Some(Track::Business),
        _ => None,
    };
    let time_based = level_data.get("timeBased").and_then(Value::as_bool).unwrap_or(false);
    Some(LevelChange { track, from: level("from"), to: level("to"), time_based })
}

/// Loads the object that an event refers to, for its whole batch.
macro_rules! load_related {
    ($event:expr, $context:ident, $relation:ident, $column:ident, $load:ident, $node:ident) => {{
        let batch_row = &$event.0;
        let id = batch_row.row().$column?;
        let services = $context.data_unchecked::<Services>();
        let ids: Vec<_> = batch_row.batch_rows().iter().filter_map(|row| row.$column).collect();
        let load = async { services.$load(&ids).await.map(BatchById::new) };
        let found = batch_row.load(Relation::$relation, load).await;
        or_null($context, found.map(|found| found.get(id).map($node)))
    }};
}

/// Something that happened. Events are numbered in the order in which changes were committed, without a gap.
#[Object]
impl Event {
    /// Its number: keep the last one that you have read, and go on after it.
    async fn number(&self) -> EventNumber {
        number(self.0.row())
    }

    /// What happened.
    #[graphql(name = "type")]
    async fn kind(&self) -> EventType {
        self.0.row().kind.into()
    }

    /// When the system recorded it.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// The day of what happened, which may lie long before it was recorded.
    async fn occurred_on(&self) -> Date {
        Date(self.0.row().occurred_on)
    }

    /// The partner that it is about, or that the professional worked for on that day.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        load_related!(self, context, Partner, partner_id, partners_by_ids, Partner)
    }

    /// The professional whom it is about; null when it is about a partner.
    async fn professional(&self, context: &Context<'_>) -> Option<Professional> {
        load_related!(self, context, Professional, professional_id, professionals_by_ids, Professional)
    }

    /// The entry of the partner's ledger; null for other events.
    async fn ledger_entry(&self, context: &Context<'_>) -> Option<LedgerEntry> {
        if self.0.row().kind != entity::value::EventKind::CreditsChanged {
            return None;
        }
        load_related!(self, context, LedgerEntry, entry_id, ledger_entries_by_ids, LedgerEntry)
    }

    /// The activity, as it now is; null when it is about none.
    async fn activity(&self, context: &Context<'_>) -> Option<Activity> {
        load_related!(self, context, Activity, activity_id, activities_by_ids, Activity)
    }

    /// The order, as it now is; null when it is about none.
    async fn order(&self, context: &Context<'_>) -> Option<Order> {
        load_related!(self, context, Order, order_id, orders_by_ids, Order)
    }

    /// The deal, as it now is; null when it is about none.
    async fn deal(&self, context: &Context<'_>) -> Option<Deal> {
        load_related!(self, context, Deal, deal_id, deals_by_ids, Deal)
    }

    /// The order of swag, as it now is; null when it is about none.
    async fn swag_order(&self, context: &Context<'_>) -> Option<SwagOrder> {
        load_related!(self, context, SwagOrder, swag_order_id, swag_orders_by_ids, SwagOrder)
    }

    /// How a level changed; null for other events.
    async fn level_change(&self, context: &Context<'_>) -> Option<LevelChange> {
        level_change(context, self.0.row())
    }

    /// What was so when it happened: codes and numbers, as webhooks carry them.
    async fn data(&self) -> JsonObject {
        JsonObject(data(self.0.row()))
    }
}

/// An entry of a partner's ledger, or a change of one of its levels.
pub(crate) struct PartnerChange(pub(crate) Event);

/// An entry of a partner's ledger, or a change of one of its levels.
#[Object]
impl PartnerChange {
    /// Number of the event: keep the last one that you have read, and go on after it.
    async fn number(&self) -> EventNumber {
        number(self.0.0.row())
    }

    /// What changed.
    #[graphql(name = "type")]
    async fn kind(&self) -> EventType {
        self.0.0.row().kind.into()
    }

    /// When the system recorded it.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.0.row().recorded_at)
    }

    /// The partner, as it now is.
    async fn partner(&self, context: &Context<'_>) -> Result<Partner, ApiError> {
        let gone = || crate::error::Error::Damaged("an event without its partner".to_owned());
        let id = self.0.0.row().partner_id.ok_or_else(gone)?;
        let found = context.data_unchecked::<Services>().partners_by_ids(&[id]).await?;
        Ok(BatchById::new(found).get(id).map(Partner).ok_or_else(gone)?)
    }

    /// The entry; null for a change of level.
    async fn ledger_entry(&self, context: &Context<'_>) -> Option<LedgerEntry> {
        load_related!(self.0, context, LedgerEntry, entry_id, ledger_entries_by_ids, LedgerEntry)
    }

    /// How a level changed; null for an entry.
    async fn level_change(&self, context: &Context<'_>) -> Option<LevelChange> {
        level_change(context, self.0.0.row())
    }

    /// The event as the feed has it.
    async fn event(&self) -> &Event {
        &self.0
    }
}

/// A change of a professional's points, Dojo Credits or level.
pub(crate) struct ProfessionalChange(pub(crate) Event);

/// A change of a professional's points, Dojo Credits or level.
#[Object]
impl ProfessionalChange {
    /// Number of the event: keep the last one that you have read, and go on after it.
    async fn number(&self) -> EventNumber {
        number(self.0.0.row())
    }

    /// What changed.
    #[graphql(name = "type")]
    async fn kind(&self) -> EventType {
        self.0.0.row().kind.into()
    }

    /// When the system recorded it.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.0.row().recorded_at)
    }

    /// The professional, as the person now is.
    async fn professional(&self, context: &Context<'_>) -> Result<Professional, ApiError> {
        let gone = || crate::error::Error::Damaged("an event without its professional".to_owned());
        let id = self.0.0.row().professional_id.ok_or_else(gone)?;
        let found = context.data_unchecked::<Services>().professionals_by_ids(&[id]).await?;
        Ok(BatchById::new(found).get(id).map(Professional).ok_or_else(gone)?)
    }

    /// Points that were added, or taken back where negative; null for a change of level.
    async fn points(&self) -> Option<i32> {
        entry_field(self.0.0.row(), "points")
    }

    /// Dojo Credits that were added, or spent where negative; null for a change of level.
    async fn dojo_credits(&self) -> Option<i32> {
        entry_field(self.0.0.row(), "dojoCredits")
    }

    /// The activity, as it now is; null for swag and for a change of level.
    async fn activity(&self, context: &Context<'_>) -> Option<Activity> {
        load_related!(self.0, context, Activity, activity_id, activities_by_ids, Activity)
    }

    /// How the level changed; null for points.
    async fn level_change(&self, context: &Context<'_>) -> Option<LevelChange> {
        level_change(context, self.0.0.row())
    }

    /// The event as the feed has it.
    async fn event(&self) -> &Event {
        &self.0
    }
}

fn entry_field(row: &Model, name: &str) -> Option<i32> {
    let data = data(row);
    data.get("entry")?.get(name)?.as_i64().map(crate::graphql::scalar::int)
}
