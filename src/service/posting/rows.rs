//! Rows of awards, shared by the live path and `verify`.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use entity::value::{LedgerReason, PointsReason};
use entity::{ledger_entry, points_entry};
use uuid::Uuid;

use super::{Object, Posting, column, track};
use crate::error::Error;
use crate::program::fold::{Count, CreditsAward, ObjectIndex, PartnerIndex, PastCredit, PointsAward, Reason};
use crate::program::rule::Program;
use crate::service::policy::Policy;

/// The position of an entry in the ledger and in the log, with the running sums after it.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct EntryPosition {
    /// Id of the entry.
    pub(in crate::service) id: Uuid,
    /// Id of the partner or professional.
    pub(in crate::service) owner: Uuid,
    /// Number among the owner's entries.
    pub(in crate::service) number: i64,
    /// Sequence number of the step of the log.
    pub(in crate::service) log_seq: i64,
    /// When the step was recorded.
    pub(in crate::service) recorded_at: DateTime<Utc>,
    /// The balance after the entry.
    pub(in crate::service) balance_after: i64,
    /// The sum of its day after the entry.
    pub(in crate::service) day_after: i64,
}

/// The ledger entry of a change of credits.
pub(in crate::service) fn ledger_row(
    policy: &Policy,
    award: &CreditsAward,
    object: Object,
    position: EntryPosition,
) -> ledger_entry::Model {
    let quote_id = if let Object::Quote(id) = object { Some(id) } else { None };
    let (activity_id, order_id, deal_id) = match object {
        Object::Activity(id) => (Some(id), None, None),
        Object::Order(id) => (None, Some(id), None),
        Object::Deal(id) => (None, None, Some(id)),
        Object::Affiliation(_)
        | Object::SalesTarget(_)
        | Object::SwagOrder(_)
        | Object::Contract(_)
        | Object::Quote(_)
        | Object::Customers
        | Object::Partner(_)
        | Object::Professional(_) => (None, None, None),
    };
    let count = award.count.as_ref();
    ledger_entry::Model {
        id: position.id,
        partner_id: position.owner,
        number: position.number,
        log_seq: position.log_seq,
        activity_id,
        order_id,
        deal_id,
        quote_id,
        effective_on: award.effective_on,
        recorded_at: position.recorded_at,
        reason: reason(award.reason),
        kind: count.map(|count| policy.editions.kind_code(count.kind).to_owned()),
        edition_id: count.and_then(|count| policy.id(count.edition)),
        window_start: window_start(award.reason, count),
        units_before: count.map(|count| count.units_before),
        units_after: count.map(|count| count.units_after),
        track: award.track.map(column),
        level_credits: award.level_credits,
        spendable_credits: award.spendable_credits,
        balance_after: position.balance_after,
        day_after: position.day_after,
    }
}

/// The points entry of a change of points or Dojo Credits.
pub(in crate::service) fn points_row(
    policy: &Policy,
    award: &PointsAward,
    object: Object,
    position: EntryPosition,
) -> points_entry::Model {
    let (activity_id, swag_order_id) = match object {
        Object::Activity(id) => (Some(id), None),
        Object::SwagOrder(id) => (None, Some(id)),
        _ => (None, None),
    };
    let count = award.count.as_ref();
    points_entry::Model {
        id: position.id,
        professional_id: position.owner,
        number: position.number,
        log_seq: position.log_seq,
        activity_id,
        swag_order_id,
        effective_on: award.effective_on,
        recorded_at: position.recorded_at,
        reason: points_reason(award.reason),
        kind: count.map(|count| policy.editions.kind_code(count.kind).to_owned()),
        edition_id: count.and_then(|count| policy.id(count.edition)),
        window_start: window_start(award.reason, count),
        units_before: count.map(|count| count.units_before),
        units_after: count.map(|count| count.units_after),
        points: award.points,
        dojo_credits: award.dojo_credits,
        dojo_balance_after: position.balance_after,
        day_after: position.day_after,
    }
}

/// An entry of a partner's ledger as the fold takes it.
fn past_credit(
    policy: &Policy,
    row: &ledger_entry::Model,
    partner: PartnerIndex,
    object: ObjectIndex,
) -> Result<PastCredit, Error> {
    let damaged = || Error::Damaged(format!("the rule of ledger entry {}", row.id));
    let count = match (&row.kind, row.edition_id, row.window_start, row.units_before, row.units_after) {
        (Some(kind), Some(edition), Some(window_start), Some(units_before), Some(units_after)) => {
            let kind = policy.editions.kind(Program::Partner, kind).ok_or_else(damaged)?;
            let edition = policy.index(edition).ok_or_else(damaged)?;
            Some(Count { kind, edition, window_start, units_before, units_after })
        }
        _ => None,
    };
    Ok(PastCredit {
        partner,
        seq: row.log_seq,
        object,
        effective_on: row.effective_on,
        track: row.track.map(track),
        level_credits: row.level_credits,
        spendable_credits: row.spendable_credits,
        count,
    })
}

/// What an entry of a partner's ledger is about.
fn entry_object(row: &ledger_entry::Model) -> Option<Object> {
    let activity = row.activity_id.map(Object::Activity);
    let order = activity.or(row.order_id.map(Object::Order));
    order.or(row.deal_id.map(Object::Deal)).or(row.quote_id.map(Object::Quote))
}

/// Entries of partners' ledgers as the fold takes them; `merge` is the cause of those that are about nothing, and
/// `indexes` has the objects that are known already.
pub(in crate::service) fn past_credits(
    policy: &Policy,
    rows: &[ledger_entry::Model],
    posting: &mut Posting<'_>,
    merge: ObjectIndex,
    mut indexes: HashMap<Uuid, ObjectIndex>,
) -> Result<Vec<PastCredit>, Error> {
    let mut credits = Vec::with_capacity(rows.len());
    // What has expired comes back with what was earned, and expires again with it.
    for row in rows.iter().filter(|row| row.reason != LedgerReason::Expiry) {
        let Some(partner) = posting.partner(row.partner_id) else { continue };
        let object = entry_object(row)
            .map_or(merge, |object| *indexes.entry(object.id()).or_insert_with(|| posting.add(object)));
        credits.push(past_credit(policy, row, partner, object)?);
    }
    Ok(credits)
}

fn reason(reason: Reason) -> LedgerReason {
    match reason {
        Reason::Activity => LedgerReason::Activity,
        Reason::Void => LedgerReason::Void,
        Reason::Affiliation => LedgerReason::Affiliation,
        Reason::Legacy => LedgerReason::Legacy,
        Reason::Redemption => LedgerReason::Redemption,
        Reason::RedemptionReturned => LedgerReason::RedemptionReturned,
        Reason::Recalculation => LedgerReason::Recalculation,
        Reason::Correction => LedgerReason::Correction,
        Reason::Hold => LedgerReason::Hold,
        Reason::HoldReleased => LedgerReason::HoldReleased,
        Reason::Expiry { .. } => LedgerReason::Expiry,
    }
}

/// The first day of the window that was counted; of what expired, the day on which it was earned.
fn window_start(reason: Reason, count: Option<&Count>) -> Option<NaiveDate> {
    match reason {
        Reason::Expiry { earned_on } => Some(earned_on),
        _ => count.map(|count| count.window_start),
    }
}

/// Affiliations and their corrections credit no points, and there is no legacy window for points.
fn points_reason(reason: Reason) -> PointsReason {
    match reason {
        Reason::Void => PointsReason::Void,
        Reason::Redemption | Reason::Hold => PointsReason::Redemption,
        Reason::RedemptionReturned | Reason::HoldReleased => PointsReason::RedemptionReturned,
        Reason::Recalculation => PointsReason::Recalculation,
        Reason::Expiry { .. } => PointsReason::Expiry,
        Reason::Activity | Reason::Affiliation | Reason::Legacy | Reason::Correction => {
            PointsReason::Activity
        }
    }
}
