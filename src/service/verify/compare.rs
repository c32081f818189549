//! Rows against rows: which is missing, which is too many, and which columns differ.

use std::cmp::Ordering;
use std::fmt::Debug;

use entity::{
    activity, affiliation, contract, customer, customer_name, deal, ledger_entry, opportunity, order,
    partner_balance, partner_day, partner_sales, partner_tally, partner_total, points_entry,
    professional_balance, professional_day, professional_tally, professional_total, quote, sales_target,
    swag_order,
};
use uuid::Uuid;

use super::Report;

/// A stored row that can be compared with an expected one and described in a report.
pub(super) trait Row: PartialEq {
    /// The key that identifies the row in its table.
    type Key: Ord;

    /// The key that identifies the row in its table.
    fn key(&self) -> Self::Key;

    /// A readable name of the row.
    fn label(&self) -> String;

    /// Names and values of the compared columns.
    fn columns(&self) -> Vec<(&'static str, String)>;

    /// Copies from the stored row the columns that the log does not determine.
    fn copy_unlogged(&mut self, _found: &Self) {}
}

/// Compares rows in any order; `whose` names the subject of a row in the report.
pub(super) fn compare<R: Row>(
    report: &mut Report,
    mut expected: Vec<R>,
    mut found: Vec<R>,
    whose: impl Fn(&R) -> String,
) {
    expected.sort_by_key(Row::key);
    found.sort_by_key(Row::key);
    let (mut expected, mut found) = (expected.into_iter().peekable(), found.into_iter().peekable());
    loop {
        let order = match (expected.peek(), found.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.key().cmp(&other.key()),
        };
        let (wanted, stored) = match order {
            Ordering::Less => (expected.next(), None),
            Ordering::Greater => (None, found.next()),
            Ordering::Equal => (expected.next(), found.next()),
        };
        match (wanted, stored) {
            (Some(mut wanted), Some(stored)) => {
                wanted.copy_unlogged(&stored);
                if wanted != stored {
                    compare_columns(report, &wanted, &stored, &whose(&wanted));
                }
            }
            (Some(wanted), None) => {
                report.add_difference(|| format!("{}: {} is missing", whose(&wanted), wanted.label()));
            }
            (None, Some(stored)) => {
                let line = || format!("{}: {} does not follow from the log", whose(&stored), stored.label());
                report.add_difference(line);
            }
            (None, None) => {}
        }
    }
}

fn compare_columns<R: Row>(report: &mut Report, wanted: &R, stored: &R, whose: &str) {
    for ((column, wanted_value), (_, stored_value)) in wanted.columns().into_iter().zip(stored.columns()) {
        if wanted_value != stored_value {
            report.add_difference(|| {
                format!("{whose}: {}: {column} is {stored_value}, expected {wanted_value}", wanted.label())
            });
        }
    }
}

/// A readable value.
fn display(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    match text.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => inner.to_owned(),
        None if text == "None" => "nothing".to_owned(),
        None => text,
    }
}

macro_rules! row {
    ($model:ty, $key:ty, |$row:ident| $key_of:expr, |$named:ident| $label:expr, [$($column:ident),+ $(,)?] $(, $complete:item)?) => {
        impl Row for $model {
            type Key = $key;

            fn key(&self) -> Self::Key {
                let $row = self;
                $key_of
            }

            fn label(&self) -> String {
                let $named = self;
                $label
            }

            fn columns(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($column), display(&self.$column))),+]
            }

            $($complete)?
        }
    };
}

row!(
    ledger_entry::Model,
    (Uuid, i64),
    |row| (row.partner_id, row.number),
    |row| format!("ledger entry {}", row.number),
    [
        log_seq,
        activity_id,
        order_id,
        deal_id,
        quote_id,
        effective_on,
        recorded_at,
        reason,
        kind,
        edition_id,
        window_start,
        units_before,
        units_after,
        track,
        level_credits,
        spendable_credits,
        balance_after,
        day_after,
    ],
    fn copy_unlogged(&mut self, found: &Self) {
        self.id = found.id;
    }
);

row!(
    points_entry::Model,
    (Uuid, i64),
    |row| (row.professional_id, row.number),
    |row| format!("points entry {}", row.number),
    [
        log_seq,
        activity_id,
        swag_order_id,
        effective_on,
        recorded_at,
        reason,
        kind,
        edition_id,
        window_start,
        units_before,
        units_after,
        points,
        dojo_credits,
        dojo_balance_after,
        day_after,
    ],
    fn copy_unlogged(&mut self, found: &Self) {
        self.id = found.id;
    }
);

row!(
    activity::Model,
    i64,
    |row| row.seq,
    |_row| "what it came to".to_owned(),
    [status, graded_points, awarded_points, awarded_credits, recorded_at]
);

row!(
    affiliation::Model,
    Uuid,
    |row| row.id,
    |row| format!("affiliation from {}", row.starts_on),
    [ends_on, voided]
);

row!(contract::Model, Uuid, |row| row.id, |row| format!("contract {}", row.reference), [ends_on, voided]);

row!(
    partner_balance::Model,
    Uuid,
    |row| row.partner_id,
    |_row| "balance".to_owned(),
    [
        credits,
        level_credits,
        entries,
        last_recorded_at,
        technical_level,
        business_level,
        levels_due,
        technical_to_next,
        business_to_next,
        least_to_next,
        technical_lapses_on,
        business_lapses_on,
        first_lapses_on,
        expires_on
    ],
    // A step may be about a partner without changing its credits.
    fn copy_unlogged(&mut self, found: &Self) {
        self.last_recorded_at = self.last_recorded_at.max(found.last_recorded_at);
        self.expires_on = recomputed(self.expires_on, found.expires_on);
    }
);

row!(
    professional_balance::Model,
    Uuid,
    |row| row.professional_id,
    |_row| "balance".to_owned(),
    [
        dojo_credits,
        points,
        entries,
        last_recorded_at,
        level,
        level_due,
        renews_on,
        points_to_retain,
        expires_on,
        lapses_on
    ],
    fn copy_unlogged(&mut self, found: &Self) {
        self.last_recorded_at = self.last_recorded_at.max(found.last_recorded_at);
        self.expires_on = recomputed(self.expires_on, found.expires_on);
    }
);

row!(
    partner_tally::Model,
    (Uuid, String, chrono::NaiveDate),
    |row| (row.partner_id, row.rule.clone(), row.window_start),
    |row| format!("units of {} from {}", row.rule, row.window_start),
    [units, awarded, latest_on]
);

row!(
    professional_tally::Model,
    (Uuid, String, chrono::NaiveDate),
    |row| (row.professional_id, row.rule.clone(), row.window_start),
    |row| format!("units of {} from {}", row.rule, row.window_start),
    [units, awarded, latest_on, extra_dojo_credits]
);

row!(
    partner_day::Model,
    (Uuid, chrono::NaiveDate, bool),
    |row| (row.partner_id, row.day, row.track == entity::value::Track::Business),
    |row| format!("{:?} credits of {}", row.track, row.day),
    [credits]
);

row!(
    professional_day::Model,
    (Uuid, chrono::NaiveDate),
    |row| (row.professional_id, row.day),
    |row| format!("points of {}", row.day),
    [points]
);

row!(
    partner_total::Model,
    (Uuid, i32),
    |row| (row.partner_id, row.period),
    |row| if row.period == 0 {
        "total of the legacy window".to_owned()
    } else {
        format!("total of {}", row.period)
    },
    [technical, technical_last_on, technical_reached, business, business_last_on, business_reached, total,]
);

row!(
    professional_total::Model,
    (Uuid, i32),
    |row| (row.professional_id, row.membership_year),
    |row| format!("total of membership year {}", row.membership_year),
    [points, last_on]
);

row!(
    order::Model,
    i64,
    |row| row.seq,
    |_row| "where it stands".to_owned(),
    [seq, recorded_at, status, fulfilled_on, cancelled_on, returned_on, redeemed]
);

row!(
    quote::Model,
    i64,
    |row| row.seq,
    |_row| "where it stands".to_owned(),
    [seq, recorded_at, status, closed_on, redeemed]
);

row!(
    swag_order::Model,
    i64,
    |row| row.seq,
    |_row| "where it stands".to_owned(),
    [seq, recorded_at, status, cancelled_on, fulfilled_on, dojo_credits]
);

row!(
    deal::Model,
    i64,
    |row| row.seq,
    |_row| "where it stands".to_owned(),
    [
        seq,
        recorded_at,
        customer,
        customer_key,
        scope,
        scope_key,
        description,
        status,
        status_on,
        outcome,
        lead_proof_on,
        proof_on,
        activity_on,
        claimed_on,
        rewarded_on,
        before_status,
        before_on,
        won_seq,
        rewarded_deal_id,
        customer_added,
        unawarded,
        repeats_deal_id,
    ]
);

row!(
    customer::Model,
    String,
    |row| row.key.clone(),
    |_row| "first won deal".to_owned(),
    [won_deal_id, won_on, joined_into],
    fn copy_unlogged(&mut self, found: &Self) {
        self.id = found.id;
        self.name.clone_from(&found.name);
    }
);

row!(
    customer_name::Model,
    String,
    |row| row.spelling.clone(),
    |_row| "which customer it means".to_owned(),
    [customer_key],
    fn copy_unlogged(&mut self, found: &Self) {
        *self = Self { customer_key: std::mem::take(&mut self.customer_key), ..found.clone() };
    }
);

row!(
    opportunity::Model,
    (String, String),
    |row| (row.customer_key.clone(), row.scope_key.clone()),
    |_row| "who holds it".to_owned(),
    [deal_id, held_since, held_until]
);

row!(
    sales_target::Model,
    (Uuid, i32),
    |row| (row.partner_id, row.year),
    |row| format!("sales target of {}", row.year),
    [currency, amount, reached_on],
    fn copy_unlogged(&mut self, found: &Self) {
        self.id = found.id;
    }
);

row!(
    partner_sales::Model,
    (Uuid, i32, String),
    |row| (row.partner_id, row.year, row.currency.clone()),
    |row| format!("sales of {} in {}", row.year, row.currency),
    [net, orders, latest_on]
);

/// The stored day of the next expiry if it is not too late: on an earlier day than the expected one, it is computed again.
fn recomputed(
    expected: Option<chrono::NaiveDate>,
    found: Option<chrono::NaiveDate>,
) -> Option<chrono::NaiveDate> {
    found.filter(|found| expected.is_none_or(|expected| *found <= expected)).or(expected)
}
