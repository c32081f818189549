//! Compares the levels that were last emitted with the replayed log.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use entity::{partner_balance, professional_balance};
use uuid::Uuid;

use super::projections::{PartnerRows, ProfessionalRows};
use crate::program::edition::Editions;
use crate::program::level_change::{
    Membership, PartnerTotals, Points, partner_levels, partner_levels_due, professional_level,
    professional_level_due,
};
use crate::program::level_history::Days;
use crate::program::level_override::LevelOverride;
use crate::program::level_reached::raises_for_professionals;
use crate::program::prospects::{partner_prospects, renewal};
use crate::service::posting::{PeriodTotal, partner_totals, points_by_year};
use crate::store::subject::EARLIEST;

/// The last day on which the emitted level is known to hold; none if nothing was emitted yet.
fn last_emitted_day(due: NaiveDate) -> Option<NaiveDate> {
    if due > EARLIEST { due.pred_opt() } else { None }
}

fn copy_prospects(row: &mut partner_balance::Model, found: &partner_balance::Model) {
    (row.technical_to_next, row.business_to_next) = (found.technical_to_next, found.business_to_next);
    (row.technical_lapses_on, row.business_lapses_on) = (found.technical_lapses_on, found.business_lapses_on);
    (row.least_to_next, row.first_lapses_on) = (found.least_to_next, found.first_lapses_on);
}

impl PartnerRows {
    /// Takes the levels of some partners as they are stored.
    pub(super) fn copy_levels(&mut self, found: &[partner_balance::Model], whose: impl Fn(Uuid) -> bool) {
        for row in self.balances.iter_mut().filter(|row| whose(row.partner_id)) {
            let Some(found) = found.iter().find(|found| found.partner_id == row.partner_id) else { continue };
            row.technical_level.clone_from(&found.technical_level);
            row.business_level.clone_from(&found.business_level);
            (row.levels_due, row.expires_on) = (found.levels_due, found.expires_on);
            copy_prospects(row, found);
        }
    }

    /// Computes the levels that must have been emitted by the days of the stored rows.
    pub(super) fn expect_emitted_levels(
        &mut self,
        editions: &Editions,
        found: &[partner_balance::Model],
        overrides: impl Fn(Uuid) -> Vec<LevelOverride>,
    ) {
        let found: HashMap<Uuid, &partner_balance::Model> =
            found.iter().map(|row| (row.partner_id, row)).collect();
        // Totals of the replay can be read: they were just written.
        let totals = self
            .totals
            .iter()
            .filter_map(|row| Some(((row.partner_id, row.period), PeriodTotal::read(row).ok()?)));
        let totals = partner_totals(&totals.collect::<BTreeMap<_, _>>());
        let none = PartnerTotals::new();
        for row in &mut self.balances {
            let Some(found) = found.get(&row.partner_id) else { continue };
            let Some(day) = last_emitted_day(found.levels_due) else {
                row.technical_level.clone_from(&found.technical_level);
                row.business_level.clone_from(&found.business_level);
                copy_prospects(row, found);
                continue;
            };
            let totals = totals.get(&row.partner_id).unwrap_or(&none);
            let overrides = overrides(row.partner_id);
            let [technical, business] = partner_levels(editions, &overrides, totals, day);
            (row.technical_level, row.business_level) = (Some(technical), Some(business));
            row.levels_due = partner_levels_due(editions, &overrides, day);
            let [technical, business] = partner_prospects(editions, &overrides, totals, day);
            (row.technical_to_next, row.business_to_next) = (Some(technical.to_next), Some(business.to_next));
            row.least_to_next = row.technical_to_next.min(row.business_to_next);
            row.technical_lapses_on = Some(technical.lapses_on);
            row.business_lapses_on = Some(business.lapses_on);
            row.first_lapses_on = row.technical_lapses_on.min(row.business_lapses_on);
        }
    }
}

impl ProfessionalRows {
    /// Takes the levels of some professionals as they are stored.
    pub(super) fn copy_levels(
        &mut self,
        found: &[professional_balance::Model],
        whose: impl Fn(Uuid) -> bool,
    ) {
        for row in self.balances.iter_mut().filter(|row| whose(row.professional_id)) {
            let Some(found) = found.iter().find(|found| found.professional_id == row.professional_id) else {
                continue;
            };
            row.level.clone_from(&found.level);
            (row.level_due, row.expires_on) = (found.level_due, found.expires_on);
            (row.renews_on, row.points_to_retain) = (found.renews_on, found.points_to_retain);
        }
    }

    /// Computes the levels that must have been emitted by the days of the stored rows.
    pub(super) fn expect_emitted_levels(
        &mut self,
        editions: &Editions,
        found: &[professional_balance::Model],
        membership: impl Fn(Uuid) -> (NaiveDate, Vec<LevelOverride>),
    ) {
        let found: HashMap<Uuid, &professional_balance::Model> =
            found.iter().map(|row| (row.professional_id, row)).collect();
        let points = points_by_year(&self.totals);
        let mut days: HashMap<Uuid, Days> = HashMap::new();
        if raises_for_professionals(editions, (editions.launch(), NaiveDate::MAX)) {
            for row in &self.days {
                days.entry(row.professional_id).or_default().insert(row.day, row.points);
            }
        }
        let no_days = Days::new();
        let none = Points::new();
        for row in &mut self.balances {
            let Some(found) = found.get(&row.professional_id) else { continue };
            let Some(day) = last_emitted_day(found.level_due) else {
                row.level.clone_from(&found.level);
                (row.renews_on, row.points_to_retain) = (found.renews_on, found.points_to_retain);
                row.lapses_on = found.lapses_on;
                continue;
            };
            let (signed_up_on, overrides) = membership(row.professional_id);
            let of = Membership { signed_up_on, overrides: &overrides };
            let mut points = points.get(&row.professional_id).unwrap_or(&none).clone();
            if points.raised_years(editions, signed_up_on).next().is_some() {
                let days = days.get(&row.professional_id).unwrap_or(&no_days);
                points.add_reached(editions, signed_up_on, days);
            }
            let points = &points;
            let level = professional_level(editions, of, points, day);
            row.level = level.map(|level| level.code.clone());
            row.level_due = professional_level_due(editions, of, day);
            let renewal = renewal(editions, of, points, day);
            (row.renews_on, row.points_to_retain) = (Some(renewal.on), Some(renewal.points_to_retain));
            row.lapses_on = Some(renewal.lapses_on);
        }
    }
}
