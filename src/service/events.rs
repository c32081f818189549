//! The event feed. Events are written in the transaction of their change (an outbox) and numbered in
//! commit order; the query, subscriptions and webhooks read them by these numbers.

mod deals;
mod drafts;
mod expiry_notices;
mod live;
mod notices;
mod reads;
mod time_based;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use entity::value::{EventKind, PointsReason};
use entity::{activity, affiliation, deal, event, ledger_entry, order, points_entry, quote, swag_order};
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::posting::column;
use crate::program::level_change::LevelChange;
use crate::store::partner::PartnerRow;
use crate::store::subject;
pub use live::{EventResult, Hub};
pub(super) use reads::event_number;
pub use reads::{EventsPage, EventsQuery};

/// The event of a step, as a use case emits it; the posting adds those of entries and level changes.
#[derive(Clone, Debug)]
pub(super) struct EventDraft {
    kind: EventKind,
    on: NaiveDate,
    partner: Option<Uuid>,
    professional: Option<Uuid>,
    recorded_by: Option<String>,
    activity: Option<Uuid>,
    order: Option<Uuid>,
    deal: Option<Uuid>,
    swag_order: Option<Uuid>,
    import_run: Option<Uuid>,
    /// Field name and value of the object in the event's data.
    object: (&'static str, Value),
    /// Further fields of the data.
    more: Map<String, Value>,
}

impl EventDraft {
    fn new(kind: EventKind, on: NaiveDate, name: &'static str, object: Value) -> Self {
        Self {
            kind,
            on,
            partner: None,
            professional: None,
            recorded_by: None,
            activity: None,
            order: None,
            deal: None,
            swag_order: None,
            import_run: None,
            object: (name, object),
            more: Map::new(),
        }
    }

    /// The same event with a further field in its data, if there is a value.
    pub(super) fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        self.more.extend(value.map(|value| (name.to_owned(), value.into())));
        self
    }

    /// An event of an activity, with its current state.
    pub(super) fn activity(kind: EventKind, row: &activity::Model) -> Self {
        let object = activity_data(row);
        Self {
            partner: row.partner_id,
            professional: row.professional_id,
            recorded_by: row.recorded_by.clone(),
            activity: Some(row.id),
            ..Self::new(kind, row.occurred_on, "activity", object)
        }
    }

    /// An event of a partner itself.
    pub(super) fn of_partner(
        kind: EventKind,
        on: NaiveDate,
        id: Uuid,
        name: &'static str,
        object: Value,
    ) -> Self {
        Self { partner: Some(id), ..Self::new(kind, on, name, object) }
    }

    /// An event of a professional, by herself or himself.
    pub(super) fn of_professional(
        kind: EventKind,
        on: NaiveDate,
        id: Uuid,
        name: &'static str,
        object: Value,
    ) -> Self {
        Self { professional: Some(id), ..Self::new(kind, on, name, object) }
    }

    /// An event of an order, with its current state.
    pub(super) fn order(kind: EventKind, row: &order::Model, on: NaiveDate) -> Self {
        let object = json!({
            "number": row.number, "status": row.status.to_value(), "purpose": row.purpose.to_value(),
            "credits": row.credits,
        });
        Self { partner: Some(row.partner_id), order: Some(row.id), ..Self::new(kind, on, "order", object) }
    }

    /// An event of a deal, with its current state but without the customer's name.
    pub(super) fn deal(kind: EventKind, row: &deal::Model, on: NaiveDate) -> Self {
        let is_expired = kind == EventKind::DealExpired;
        let status = if is_expired { "EXPIRED".to_owned() } else { row.status.to_value() };
        let object = json!({
            "reference": row.reference, "status": status,
            "outcome": row.outcome.map(|outcome| outcome.to_value()),
        });
        Self {
            partner: Some(row.partner_id),
            recorded_by: row.recorded_by.clone(),
            deal: Some(row.id),
            ..Self::new(kind, on, "deal", object)
        }
    }

    /// The same for a deal that has expired by time, which no status of its row says.
    pub(super) fn expired(mut self) -> Self {
        self.object.1["status"] = "EXPIRED".into();
        self
    }

    /// An event of a saved quote, with its current state.
    pub(super) fn quote(kind: EventKind, row: &quote::Model, on: NaiveDate) -> Self {
        let object = json!({
            "number": row.number, "status": row.status.to_value(), "purpose": row.purpose.to_value(),
            "credits": row.credits, "hold": row.hold, "validUntil": row.valid_until,
        });
        Self { partner: Some(row.partner_id), ..Self::new(kind, on, "quote", object) }
    }

    /// Whether two subjects were merged. Those that have to do with one of them need not know the other.
    pub(super) fn is_merge(&self) -> bool {
        matches!(self.kind, EventKind::PartnersMerged | EventKind::ProfessionalsMerged)
    }

    /// Whether the event is about a partner.
    pub(super) fn is_about(&self, partner: Uuid) -> bool {
        self.partner == Some(partner)
    }

    /// Whether the event is about a professional.
    pub(super) fn is_about_somebody(&self) -> bool {
        self.professional.is_some()
    }

    /// An event of a swag order, with its current state.
    pub(super) fn swag_order(kind: EventKind, row: &swag_order::Model, on: NaiveDate) -> Self {
        let object = json!({
            "number": row.number, "status": row.status.to_value(), "quantity": row.quantity,
            "dojoCredits": row.dojo_credits,
        });
        Self {
            professional: Some(row.professional_id),
            swag_order: Some(row.id),
            ..Self::new(kind, on, "swagOrder", object)
        }
    }
}

/// The subjects of a transaction's events, which determine the callers that receive them.
#[derive(Clone, Debug, Default)]
pub(super) struct Audience {
    /// Codes of partners and professionals, by id.
    pub(super) codes: HashMap<Uuid, String>,
    /// Affiliations of the professionals.
    pub(super) employers: Vec<affiliation::Model>,
    /// When the events are recorded.
    pub(super) at: DateTime<Utc>,
    /// Who caused them: the label of the key or the subject of the token; none for time-based events.
    pub(super) actor: Option<String>,
}

impl Audience {
    fn employer(&self, professional: Uuid, on: NaiveDate) -> Option<Uuid> {
        let on_day = |row: &&affiliation::Model| {
            row.professional_id == professional
                && row.starts_on <= on
                && row.ends_on.is_none_or(|end| on <= end)
        };
        self.employers.iter().find(on_day).map(|row| row.partner_id)
    }

    fn row(
        &self,
        kind: EventKind,
        on: NaiveDate,
        [partner, professional]: [Option<Uuid>; 2],
        mut data: Map<String, Value>,
    ) -> event::Model {
        // What time alone changed was done by nobody, also if a mutation is the first to notice.
        let time_based = data.get("level").is_some_and(|level| level["timeBased"] == true);
        if let Some(actor) = self.actor.as_ref().filter(|_| !time_based) {
            data.insert("actor".to_owned(), actor.as_str().into());
        }
        for (name, id) in [("partner", partner), ("professional", professional)] {
            if let Some(code) = id.and_then(|id| self.codes.get(&id)) {
                data.insert(name.to_owned(), code.as_str().into());
            }
        }
        event::Model {
            id: 0,
            number: None,
            recorded_at: self.at,
            kind,
            occurred_on: on,
            partner_id: partner,
            professional_id: professional,
            recorded_by: None,
            entry_id: None,
            activity_id: None,
            order_id: None,
            deal_id: None,
            swag_order_id: None,
            import_run_id: None,
            data: Value::Object(data).to_string(),
        }
    }

    /// The event of a step, with the reason that was given for it.
    pub(super) fn step(&self, draft: &EventDraft, reason: Option<&str>) -> event::Model {
        let employer = draft
            .professional
            .filter(|_| draft.activity.is_some())
            .and_then(|who| self.employer(who, draft.on));
        let subjects = [draft.partner.or(employer), draft.professional];
        let data = with_reason(object_data(draft), reason);
        event::Model {
            recorded_by: draft.recorded_by.clone(),
            activity_id: draft.activity,
            order_id: draft.order,
            deal_id: draft.deal,
            swag_order_id: draft.swag_order,
            import_run_id: draft.import_run,
            ..self.row(draft.kind, draft.on, subjects, data)
        }
    }

    /// The event of a ledger entry; `cause` is the step that caused it, with the reason that was given.
    pub(super) fn credits(
        &self,
        entry: &ledger_entry::Model,
        cause: Option<&EventDraft>,
        reason: Option<&str>,
    ) -> event::Model {
        // A win caused by another partner's deal names the rewarded deal only, which the entry references.
        let cause = cause.filter(|cause| cause.partner.is_none_or(|partner| partner == entry.partner_id));
        let cause = cause.filter(|cause| !cause.is_merge());
        let mut data = with_reason(cause.map(object_data).unwrap_or_default(), reason);
        let entry_data = json!({
            "number": entry.number, "reason": entry.reason.to_value(), "kind": entry.kind,
            "track": entry.track.map(|track| track.to_value()), "levelCredits": entry.level_credits,
            "spendableCredits": entry.spendable_credits, "balanceAfter": entry.balance_after,
        });
        data.insert("entry".to_owned(), entry_data);
        event::Model {
            entry_id: Some(entry.id),
            activity_id: entry.activity_id,
            order_id: entry.order_id,
            deal_id: entry.deal_id,
            ..self.row(EventKind::CreditsChanged, entry.effective_on, [Some(entry.partner_id), None], data)
        }
    }

    /// The event of a points entry. An employer does not receive those of redeemed or expired Dojo Credits.
    pub(super) fn points(
        &self,
        entry: &points_entry::Model,
        cause: Option<&EventDraft>,
        reason: Option<&str>,
    ) -> event::Model {
        let cause = cause.filter(|cause| !cause.is_merge());
        let mut data = with_reason(cause.map(object_data).unwrap_or_default(), reason);
        let mut entry_data = json!({
            "reason": entry.reason.to_value(), "kind": entry.kind, "points": entry.points,
            "dojoCredits": entry.dojo_credits,
        });
        let who = entry.professional_id;
        let is_award = entry.activity_id.is_some() && entry.reason != PointsReason::Expiry;
        let employer = is_award.then(|| self.employer(who, entry.effective_on)).flatten();
        // The employer on that day must not learn the professional's current balance.
        if employer.is_none() {
            entry_data["number"] = entry.number.into();
            entry_data["dojoBalanceAfter"] = entry.dojo_balance_after.into();
        }
        data.insert("entry".to_owned(), entry_data);
        event::Model {
            entry_id: Some(entry.id),
            activity_id: entry.activity_id,
            swag_order_id: entry.swag_order_id,
            ..self.row(EventKind::PointsChanged, entry.effective_on, [employer, Some(who)], data)
        }
    }

    /// The event of a partner's level change.
    pub(super) fn partner_level(
        &self,
        partner: Uuid,
        change: &LevelChange,
        reason: Option<&str>,
    ) -> event::Model {
        self.level(change, [Some(partner), None], reason)
    }

    /// The event of a professional's level change.
    pub(super) fn professional_level(
        &self,
        professional: Uuid,
        change: &LevelChange,
        reason: Option<&str>,
    ) -> event::Model {
        self.level(change, [self.employer(professional, change.on), Some(professional)], reason)
    }

    fn level(&self, change: &LevelChange, subjects: [Option<Uuid>; 2], reason: Option<&str>) -> event::Model {
        let kind = if change.is_rise() { EventKind::LevelReached } else { EventKind::LevelLapsed };
        let level_data = json!({
            "track": change.track.map(|track| column(track).to_value()),
            "from": change.from.as_ref().map(|level| &level.code),
            "to": change.to.as_ref().map(|level| &level.code),
            "timeBased": change.time_based,
        });
        let data = Map::from_iter([("level".to_owned(), level_data)]);
        self.row(kind, change.on, subjects, with_reason(data, reason.filter(|_| !change.time_based)))
    }
}

/// Codes of the partners of affiliations, by id.
pub(super) async fn codes_of_partners(
    connection: &impl ConnectionTrait,
    affiliations: &[affiliation::Model],
) -> Result<HashMap<Uuid, String>, DbErr> {
    let ids = affiliations.iter().map(|row| row.partner_id);
    let partners = subject::by_ids::<PartnerRow>(connection, ids).await?;
    Ok(partners.into_iter().map(|row| (row.id, row.code)).collect())
}

/// An activity in the data of an event.
pub(super) fn activity_data(row: &activity::Model) -> Value {
    json!({
        "source": row.source, "externalId": row.external_id, "kind": row.kind, "quantity": row.quantity,
        "points": row.graded_points.or(row.points), "status": row.status.to_value(),
        "replaces": row.replaces.is_some(),
    })
}

/// Adds a field to the data of an event.
pub(super) fn add_data(row: &mut event::Model, name: &str, value: &Value) {
    let mut data: Map<String, Value> = serde_json::from_str(&row.data).unwrap_or_default();
    data.insert(name.to_owned(), value.clone());
    row.data = Value::Object(data).to_string();
}

/// Takes out of the data of an event who did what it tells of, and why.
pub(super) fn hide_cause(row: &mut event::Model) {
    let mut data: Map<String, Value> = serde_json::from_str(&row.data).unwrap_or_default();
    if data.remove("actor").is_some() | data.remove("reason").is_some() {
        row.data = Value::Object(data).to_string();
    }
}

fn with_reason(mut data: Map<String, Value>, reason: Option<&str>) -> Map<String, Value> {
    data.extend(reason.map(|reason| ("reason".to_owned(), reason.into())));
    data
}

fn object_data(draft: &EventDraft) -> Map<String, Value> {
    let (name, value) = &draft.object;
    let mut data = Map::from_iter([((*name).to_owned(), value.clone())]);
    data.extend(draft.more.clone());
    data
}
