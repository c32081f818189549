//! Events, and the changes that subscriptions to a partner or professional emit.

use std::sync::Arc;

use async_graphql::{Context, Object};
use chrono::NaiveDate;
use entity::event::Model;
use serde_json::{Map, Value};

use super::enums::Track;
use super::event_type::EventType;
use super::standing::Level;
use super::{Activity, Deal, ImportRun, LedgerEntry, Order, Partner, Professional, SwagOrder};
use crate::graphql::batch::{BatchById, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, EventNumber, JsonObject, Moment};
use crate::program;
use crate::service::Services;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;

/// Loads the object that an event refers to, for its whole batch.
macro_rules! load_related {
    ($event:expr, $context:ident, $relation:ident, $column:ident, $load:ident, $node:ident) => {{
        let batch_row = &$event.0;
        let id = batch_row.row().$column?;
        let services = $context.data_unchecked::<Services>();
        let load = || async {
            let ids: Vec<_> = batch_row.batch_rows().iter().filter_map(|row| row.$column).collect();
            services.$load(&ids).await.map(BatchById::new)
        };
        let found = batch_row.load(Relation::$relation, load).await;
        or_null($context, found.map(|found| found.get(id).map($node)))
    }};
}

/// Event: a committed change. Event numbers form one sequence without gaps, in commit order.
pub(crate) struct Event(pub(crate) BatchRow<Model>);

/// Change of a level.
pub(crate) struct LevelChange {
    pub(crate) subject: LevelSubject,
    pub(crate) track: Option<Track>,
    pub(crate) from: Option<Arc<program::Level>>,
    pub(crate) to: Option<Arc<program::Level>>,
    pub(crate) on: NaiveDate,
    pub(crate) time_based: bool,
}

/// Whose level changed.
pub(crate) enum LevelSubject {
    /// The subject of an event.
    Event(Event),
    /// A partner; none if it is not visible.
    Partner(Option<BatchRow<PartnerRow>>),
    /// A professional; none if it is not visible.
    Professional(Option<BatchRow<ProfessionalRow>>),
}

/// Change of a level.
#[Object]
impl LevelChange {
    /// Partner whose level changed; null for the level of a professional.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        match &self.subject {
            LevelSubject::Event(event) if event.0.row().professional_id.is_none() => {
                load_related!(event, context, Partner, partner_id, partners_by_ids, Partner)
            }
            LevelSubject::Partner(row) => row.clone().map(Partner),
            _ => None,
        }
    }

    /// Professional whose level changed; null for the level of a partner.
    async fn professional(&self, context: &Context<'_>) -> Option<Professional> {
        match &self.subject {
            LevelSubject::Event(event) => {
                load_related!(
                    event,
                    context,
                    Professional,
                    professional_id,
                    professionals_by_ids,
                    Professional
                )
            }
            LevelSubject::Professional(row) => row.clone().map(Professional),
            LevelSubject::Partner(_) => None,
        }
    }

    /// Track whose level changed; null for the level of a professional.
    async fn track(&self) -> Option<Track> {
        self.track
    }

    /// Level before the change; null if there was none.
    async fn from(&self) -> Option<Level> {
        self.from.as_ref().map(|level| Level(Arc::clone(level)))
    }

    /// Level after the change; null if there is none.
    async fn to(&self) -> Option<Level> {
        self.to.as_ref().map(|level| Level(Arc::clone(level)))
    }

    /// First day of the new level, or the day on which the level was lost.
    async fn on(&self) -> Date {
        Date(self.on)
    }

    /// Whether the date caused the change (such as 1 January or an anniversary) rather than an activity, a
    /// voiding or another correction.
    async fn time_based(&self) -> bool {
        self.time_based
    }
}

fn number(row: &Model) -> EventNumber {
    EventNumber(row.number.unwrap_or_default())
}

fn data(row: &Model) -> Map<String, Value> {
    serde_json::from_str(&row.data).unwrap_or_default()
}

fn level_change(context: &Context<'_>, event: &Event) -> Option<LevelChange> {
    let row = event.0.row();
    let data = data(row);
    let level_data = data.get("level")?;
    let edition = context.data_unchecked::<Services>().policy().editions.at(row.occurred_on);
    let levels =
        if row.professional_id.is_some() { &edition.professional_levels } else { &edition.partner_levels };
    let level = |name: &str| {
        let code = level_data.get(name)?.as_str()?;
        levels.by_code(code).cloned()
    };
    let track = match level_data.get("track").and_then(Value::as_str) {
        Some("TECHNICAL") => Some(Track::Technical),
        Some("BUSINESS") => Some(Track::Business),
        _ => None,
    };
    let time_based = level_data.get("timeBased").and_then(Value::as_bool).unwrap_or(false);
    let subject = LevelSubject::Event(Event(event.0.clone()));
    Some(LevelChange {
        subject,
        track,
        from: level("from"),
        to: level("to"),
        on: row.occurred_on,
        time_based,
    })
}

/// Event: a committed change. Event numbers form one sequence without gaps, in commit order.
#[Object]
impl Event {
    /// Number of the event, from 1. Store the number of the last event that you processed, and continue after
    /// it.
    async fn number(&self) -> EventNumber {
        number(self.0.row())
    }

    /// Type of the event.
    #[graphql(name = "type")]
    async fn kind(&self) -> EventType {
        self.0.row().kind.into()
    }

    /// Time at which the event was recorded.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// Effective date of the change, which can be long before `recordedAt`.
    async fn occurred_on(&self) -> Date {
        Date(self.0.row().occurred_on)
    }

    /// Partner that the event concerns, or for which the professional worked on `occurredOn`; null if there
    /// is none.
    async fn partner(&self, context: &Context<'_>) -> Option<Partner> {
        load_related!(self, context, Partner, partner_id, partners_by_ids, Partner)
    }

    /// Professional that the event concerns; null if it concerns a partner only.
    async fn professional(&self, context: &Context<'_>) -> Option<Professional> {
        load_related!(self, context, Professional, professional_id, professionals_by_ids, Professional)
    }

    /// New entry of the partner's ledger; null unless `type` is `CREDITS_CHANGED`.
    async fn ledger_entry(&self, context: &Context<'_>) -> Option<LedgerEntry> {
        if self.0.row().kind != entity::value::EventKind::CreditsChanged {
            return None;
        }
        load_related!(self, context, LedgerEntry, entry_id, ledger_entries_by_ids, LedgerEntry)
    }

    /// Current state of the activity that the event concerns; null if there is none.
    async fn activity(&self, context: &Context<'_>) -> Option<Activity> {
        load_related!(self, context, Activity, activity_id, activities_by_ids, Activity)
    }

    /// Current state of the order that the event concerns; null if there is none.
    async fn order(&self, context: &Context<'_>) -> Option<Order> {
        load_related!(self, context, Order, order_id, orders_by_ids, Order)
    }

    /// Current state of the deal that the event concerns; null if there is none.
    async fn deal(&self, context: &Context<'_>) -> Option<Deal> {
        load_related!(self, context, Deal, deal_id, deals_by_ids, Deal)
    }

    /// Current state of the swag shop order that the event concerns; null if there is none.
    async fn swag_order(&self, context: &Context<'_>) -> Option<SwagOrder> {
        load_related!(self, context, SwagOrder, swag_order_id, swag_orders_by_ids, SwagOrder)
    }

    /// Import that the event concerns; null if there is none.
    async fn import_run(&self, context: &Context<'_>) -> Option<ImportRun> {
        load_related!(self, context, ImportRun, import_run_id, import_runs_by_ids, ImportRun)
    }

    /// Change of level; null unless `type` is `LEVEL_REACHED` or `LEVEL_LAPSED`.
    async fn level_change(&self, context: &Context<'_>) -> Option<LevelChange> {
        level_change(context, self)
    }

    /// Immutable snapshot of the values at the time of the event, with codes and numbers but no names.
    /// Webhooks deliver the same data.
    async fn data(&self, context: &Context<'_>) -> JsonObject {
        let mut data = data(self.0.row());
        if !context.data_unchecked::<Services>().can_see_some_partner() {
            data.remove("partner");
        }
        JsonObject(data)
    }
}

/// Change of a partner: a new ledger entry, a change of level, or a registered opportunity that was won or lapsed.
pub(crate) struct PartnerChange(pub(crate) Event);

/// Change of a partner: a new ledger entry, a change of level, or a registered opportunity that was won or lapsed.
#[Object]
impl PartnerChange {
    /// Number of the event. Store the last one that you processed, and resubscribe after it.
    async fn number(&self) -> EventNumber {
        number(self.0.0.row())
    }

    /// Type of the event.
    #[graphql(name = "type")]
    async fn kind(&self) -> EventType {
        self.0.0.row().kind.into()
    }

    /// Time at which the event was recorded.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.0.row().recorded_at)
    }

    /// Current state of the partner.
    async fn partner(&self, context: &Context<'_>) -> Result<Partner, ApiError> {
        let gone = || crate::error::Error::Damaged("an event without its partner".to_owned());
        let id = self.0.0.row().partner_id.ok_or_else(gone)?;
        let found = context.data_unchecked::<Services>().partners_by_ids(&[id]).await?;
        Ok(BatchById::new(found).get(id).map(Partner).ok_or_else(gone)?)
    }

    /// Deal that held the registered opportunity which was won or lapsed; null for other changes.
    async fn opportunity(&self, context: &Context<'_>) -> Option<Deal> {
        use entity::value::EventKind::{OpportunityLapsed, OpportunityWon};
        if !matches!(self.0.0.row().kind, OpportunityWon | OpportunityLapsed) {
            return None;
        }
        load_related!(self.0, context, Deal, deal_id, deals_by_ids, Deal)
    }

    /// New ledger entry; null for other changes.
    async fn ledger_entry(&self, context: &Context<'_>) -> Option<LedgerEntry> {
        load_related!(self.0, context, LedgerEntry, entry_id, ledger_entries_by_ids, LedgerEntry)
    }

    /// Change of level; null for other changes.
    async fn level_change(&self, context: &Context<'_>) -> Option<LevelChange> {
        level_change(context, &self.0)
    }

    /// Event of the feed from which this change is derived.
    async fn event(&self) -> &Event {
        &self.0
    }
}

/// Change of a professional: points, Dojo Credits or level.
pub(crate) struct ProfessionalChange(pub(crate) Event);

/// Change of a professional: points, Dojo Credits or level.
#[Object]
impl ProfessionalChange {
    /// Number of the event. Store the last one that you processed, and resubscribe after it.
    async fn number(&self) -> EventNumber {
        number(self.0.0.row())
    }

    /// Type of the event.
    #[graphql(name = "type")]
    async fn kind(&self) -> EventType {
        self.0.0.row().kind.into()
    }

    /// Time at which the event was recorded.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.0.row().recorded_at)
    }

    /// Current state of the professional.
    async fn professional(&self, context: &Context<'_>) -> Result<Professional, ApiError> {
        let gone = || crate::error::Error::Damaged("an event without its professional".to_owned());
        let id = self.0.0.row().professional_id.ok_or_else(gone)?;
        let found = context.data_unchecked::<Services>().professionals_by_ids(&[id]).await?;
        Ok(BatchById::new(found).get(id).map(Professional).ok_or_else(gone)?)
    }

    /// Points awarded, or reversed if negative; null for a change of level.
    async fn points(&self) -> Option<i32> {
        entry_field(self.0.0.row(), "points")
    }

    /// Dojo Credits awarded or returned, or spent or reversed if negative; null for a change of level.
    async fn dojo_credits(&self) -> Option<i32> {
        entry_field(self.0.0.row(), "dojoCredits")
    }

    /// Current state of the activity that caused the change; null for swag shop orders and changes of level.
    async fn activity(&self, context: &Context<'_>) -> Option<Activity> {
        load_related!(self.0, context, Activity, activity_id, activities_by_ids, Activity)
    }

    /// Change of level; null for a change of points.
    async fn level_change(&self, context: &Context<'_>) -> Option<LevelChange> {
        level_change(context, &self.0)
    }

    /// Event of the feed from which this change is derived.
    async fn event(&self) -> &Event {
        &self.0
    }
}

fn entry_field(row: &Model, name: &str) -> Option<i32> {
    let data = data(row);
    data.get("entry")?.get(name)?.as_i64().map(crate::graphql::scalar::int)
}
