//! Every number that the ledgers come to, by codes: the same in every application with the same facts.

use std::collections::HashMap;

use entity::{
    activity, partner, partner_balance, partner_day, partner_tally, partner_total, professional,
    professional_balance, professional_day, professional_tally, professional_total,
};
use sea_orm::EntityTrait;
use uuid::Uuid;

use crate::harness::TestApp;

/// Days, tallies, totals, balances and levels, and what activities were awarded. A day on which everything was taken back is
/// like one without entries.
pub(super) async fn sums(app: &TestApp) -> Vec<String> {
    macro_rules! rows {
        ($module:ident) => {
            $module::Entity::find().all(app.reader()).await.expect("rows")
        };
    }
    let mut codes: HashMap<Uuid, String> = HashMap::new();
    codes.extend(rows!(partner).into_iter().map(|row| (row.id, row.code)));
    codes.extend(rows!(professional).into_iter().map(|row| (row.id, row.code)));
    let of = |id: Uuid| codes[&id].as_str();
    let mut all = Vec::new();
    for row in rows!(partner_day).into_iter().filter(|row| row.credits != 0) {
        all.push(format!("day {} {:?} {}: {}", of(row.partner_id), row.track, row.day, row.credits));
    }
    for row in rows!(professional_day).into_iter().filter(|row| row.points != 0) {
        all.push(format!("day {} {}: {}", of(row.professional_id), row.day, row.points));
    }
    for row in rows!(partner_tally).into_iter().filter(|row| (row.units, row.awarded) != (0, 0)) {
        let who = of(row.partner_id);
        all.push(format!("tally {who} {} {}: {} {}", row.rule, row.window_start, row.units, row.awarded));
    }
    for row in rows!(professional_tally).into_iter().filter(|row| (row.units, row.awarded) != (0, 0)) {
        let who = of(row.professional_id);
        all.push(format!("tally {who} {} {}: {} {}", row.rule, row.window_start, row.units, row.awarded));
    }
    for row in rows!(partner_total).into_iter().filter(|row| (row.technical, row.business) != (0, 0)) {
        all.push(format!(
            "total {} {}: {} {} {} {}",
            of(row.partner_id),
            row.period,
            row.technical,
            row.technical_reached,
            row.business,
            row.business_reached
        ));
    }
    for row in rows!(professional_total).into_iter().filter(|row| row.points != 0) {
        all.push(format!("total {} {}: {}", of(row.professional_id), row.membership_year, row.points));
    }
    for row in rows!(partner_balance) {
        let who = of(row.partner_id);
        let row = partner_balance::Model {
            partner_id: Uuid::nil(),
            entries: 0,
            last_recorded_at: None,
            // It may be too early.
            expires_on: None,
            ..row
        };
        all.push(format!("balance {who}: {row:?}"));
    }
    for row in rows!(professional_balance) {
        let who = of(row.professional_id);
        let row = professional_balance::Model {
            professional_id: Uuid::nil(),
            entries: 0,
            last_recorded_at: None,
            expires_on: None,
            ..row
        };
        all.push(format!("balance {who}: {row:?}"));
    }
    for row in rows!(activity) {
        let key = format!("{} {}", row.source, row.external_id);
        all.push(format!("activity {key} {:?}: {} {}", row.status, row.awarded_points, row.awarded_credits));
    }
    all.sort_unstable();
    all
}
