//! Rows of a set as JSON: the one parameter of a set-based statement.

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use super::Draft;

/// An id as both engines read it.
pub(super) fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

/// What rows are looked up by; each statement uses the parts that it needs.
#[derive(Default, Serialize)]
pub(super) struct Key {
    id: Option<String>,
    code: Option<String>,
    rule: Option<String>,
    day: Option<NaiveDate>,
    year: Option<i32>,
}

impl Key {
    pub(super) fn id(id: Uuid) -> Self {
        Self { id: Some(hex(id)), ..Self::default() }
    }

    pub(super) fn code(code: &str) -> Self {
        Self { code: Some(code.to_owned()), ..Self::default() }
    }

    pub(super) fn rule(self, rule: &str) -> Self {
        Self { rule: Some(rule.to_owned()), ..self }
    }

    pub(super) fn day(self, day: NaiveDate) -> Self {
        Self { day: Some(day), ..self }
    }

    pub(super) fn year(self, year: i32) -> Self {
        Self { year: Some(year), ..self }
    }
}

/// Keys as one parameter.
pub(super) fn list(keys: impl Iterator<Item = Key>) -> String {
    serde_json::to_string(&keys.collect::<Vec<_>>()).expect("keys are JSON")
}

#[derive(Serialize)]
pub(super) struct ActivityRow {
    pub(super) id: String,
    pub(super) seq: i64,
    pub(super) professional_id: String,
    pub(super) kind: String,
    pub(super) occurred_on: NaiveDate,
    pub(super) quantity: i64,
    pub(super) points: i64,
    pub(super) attributes: &'static str,
    pub(super) source: &'static str,
    pub(super) external_id: String,
    pub(super) recorded_at: String,
    pub(super) status: &'static str,
    pub(super) awarded_points: i64,
}

#[derive(Serialize)]
pub(super) struct LogRow {
    pub(super) seq: i64,
    pub(super) recorded_at: String,
    pub(super) action: &'static str,
    pub(super) activity_id: String,
}

#[derive(Serialize)]
pub(super) struct PointsRow {
    pub(super) id: String,
    pub(super) professional_id: String,
    pub(super) number: i64,
    pub(super) log_seq: i64,
    pub(super) activity_id: String,
    pub(super) effective_on: NaiveDate,
    pub(super) recorded_at: String,
    pub(super) reason: &'static str,
    pub(super) kind: String,
    pub(super) edition_id: String,
    pub(super) window_start: NaiveDate,
    pub(super) units_before: i64,
    pub(super) units_after: i64,
    pub(super) points: i64,
    pub(super) dojo_credits: i64,
    pub(super) dojo_balance_after: i64,
    pub(super) day_after: i64,
}

#[derive(Serialize)]
pub(super) struct EntryRow {
    #[serde(skip)]
    pub(super) partner: Uuid,
    pub(super) id: String,
    pub(super) partner_id: String,
    pub(super) number: i64,
    pub(super) log_seq: i64,
    pub(super) activity_id: String,
    pub(super) effective_on: NaiveDate,
    pub(super) recorded_at: String,
    pub(super) reason: &'static str,
    pub(super) kind: String,
    pub(super) edition_id: String,
    pub(super) window_start: NaiveDate,
    pub(super) units_before: i64,
    pub(super) units_after: i64,
    pub(super) track: &'static str,
    pub(super) level_credits: i64,
    pub(super) spendable_credits: i64,
    pub(super) balance_after: i64,
    pub(super) day_after: i64,
}

#[derive(Serialize)]
pub(super) struct PartnerTally {
    pub(super) partner_id: String,
    pub(super) rule: String,
    pub(super) window_start: NaiveDate,
    pub(super) units: i64,
    pub(super) awarded: i64,
    pub(super) latest_on: NaiveDate,
}

#[derive(Serialize)]
pub(super) struct ProfessionalDay {
    pub(super) professional_id: String,
    pub(super) day: NaiveDate,
    pub(super) points: i64,
}

#[derive(Serialize)]
pub(super) struct PartnerDay {
    pub(super) partner_id: String,
    pub(super) track: &'static str,
    pub(super) day: NaiveDate,
    pub(super) credits: i64,
}

#[derive(Serialize)]
pub(super) struct ProfessionalTotal {
    pub(super) professional_id: String,
    pub(super) membership_year: i32,
    pub(super) points: i64,
    pub(super) last_on: NaiveDate,
}

#[derive(Serialize)]
pub(super) struct PartnerTotal {
    pub(super) partner_id: String,
    pub(super) period: i32,
    pub(super) technical: i64,
    pub(super) technical_last_on: Option<NaiveDate>,
    pub(super) technical_reached: String,
    pub(super) business: i64,
    pub(super) business_reached: String,
    pub(super) total: i64,
}

#[derive(Serialize)]
pub(super) struct ProfessionalBalance {
    pub(super) professional_id: String,
    pub(super) dojo_credits: i64,
    pub(super) points: i64,
    pub(super) entries: i64,
    pub(super) last_recorded_at: String,
}

#[derive(Serialize)]
pub(super) struct PartnerBalance {
    pub(super) partner_id: String,
    pub(super) credits: i64,
    pub(super) level_credits: i64,
    pub(super) entries: i64,
    pub(super) last_recorded_at: String,
}

impl ActivityRow {
    pub(super) fn new(draft: &Draft, professional: Uuid, seq: i64, moment: &str) -> Self {
        Self {
            id: hex(Uuid::now_v7()),
            seq,
            professional_id: hex(professional),
            kind: draft.kind.clone(),
            occurred_on: draft.occurred_on,
            quantity: 1,
            points: draft.points,
            attributes: "{}",
            source: "load",
            external_id: draft.external_id.clone(),
            recorded_at: moment.to_owned(),
            status: "RECORDED",
            awarded_points: draft.points,
        }
    }
}

impl PartnerTotal {
    /// A total of nothing.
    pub(super) fn new(partner: Uuid, period: i32) -> Self {
        Self {
            partner_id: hex(partner),
            period,
            technical: 0,
            technical_last_on: None,
            technical_reached: "[]".to_owned(),
            business: 0,
            business_reached: "[]".to_owned(),
            total: 0,
        }
    }
}
