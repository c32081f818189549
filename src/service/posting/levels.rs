//! Level changes: those of the steps, and time-based ones that were due before them.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use entity::professional_total;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::period::PeriodTotal;
use super::{PostedRows, Posting};
use crate::program::calendar::{anniversary, membership_year};
use crate::program::edition::Editions;
use crate::program::fold::{PartnerIndex, ProfessionalIndex};
use crate::program::level_change::{
    EmittedLevels, LevelChange, PartnerTotals, Points, partner_changes, professional_change,
    professional_level_since, time_based_partner_changes, time_based_professional_changes,
};
use crate::program::rule::Track;
use crate::program::totals::Period;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject::EARLIEST;
use crate::store::totals;

/// Totals of partners as the core has them.
pub(in crate::service) fn partner_totals(
    stored: &BTreeMap<(Uuid, i32), PeriodTotal>,
) -> HashMap<Uuid, PartnerTotals> {
    let mut totals: HashMap<Uuid, PartnerTotals> = HashMap::new();
    for ((id, period), total) in stored {
        let of_partner = totals.entry(*id).or_default();
        for track in Track::ALL {
            of_partner.insert((Period(*period), track), total.track(track).clone());
        }
    }
    totals
}

/// Points of professionals by membership year.
pub(in crate::service) fn points_by_year(rows: &[professional_total::Model]) -> HashMap<Uuid, Points> {
    let mut points: HashMap<Uuid, Points> = HashMap::new();
    for row in rows {
        points.entry(row.professional_id).or_default().insert(row.membership_year, row.points);
    }
    points
}

/// The time-based changes of a partner's levels through today, which the row then contains.
pub(in crate::service) fn apply_time_based_partner_changes(
    editions: &Editions,
    row: &mut PartnerRow,
    totals: &PartnerTotals,
    today: NaiveDate,
) -> Vec<LevelChange> {
    let levels = row.technical_level.take().zip(row.business_level.take());
    let emitted = levels
        .map(|(technical, business)| EmittedLevels { levels: [technical, business], due: row.levels_due });
    let (emitted, changes) = time_based_partner_changes(editions, emitted, totals, today);
    let [technical, business] = emitted.levels;
    (row.technical_level, row.business_level, row.levels_due) =
        (Some(technical), Some(business), emitted.due);
    changes
}

/// The time-based changes of a professional's level through today, which the row then contains.
pub(in crate::service) fn apply_time_based_professional_changes(
    editions: &Editions,
    row: &mut ProfessionalRow,
    points: &Points,
    today: NaiveDate,
) -> Vec<LevelChange> {
    let known =
        (row.level_due > EARLIEST).then(|| EmittedLevels { levels: row.level.take(), due: row.level_due });
    let (emitted, changes) =
        time_based_professional_changes(editions, row.signed_up_on, known, points, today);
    (row.level, row.level_due) = (emitted.levels, emitted.due);
    changes
}

/// The day as of which levels are compared with the emitted ones: the last one before the next due day. Time
/// alone changes nothing until then, so it is the same as today, unless the clock was set back: then it does
/// not take back what later facts had reached.
fn last_emitted_day(due: NaiveDate, today: NaiveDate) -> NaiveDate {
    due.pred_opt().map_or(today, |last| last.max(today))
}

impl Posting<'_> {
    pub(super) fn partner_levels(
        &mut self,
        who: impl IntoIterator<Item = PartnerIndex>,
        before: &HashMap<Uuid, PartnerTotals>,
        after: &HashMap<Uuid, PartnerTotals>,
        today: NaiveDate,
        posted: &mut PostedRows,
    ) {
        let editions = &self.policy.editions;
        let none = PartnerTotals::new();
        let mut who: Vec<PartnerIndex> = who.into_iter().collect();
        who.sort_unstable_by_key(|who| who.0);
        for who in who {
            let row = &mut self.partners[who.0 as usize];
            let (before, after) = (before.get(&row.id).unwrap_or(&none), after.get(&row.id).unwrap_or(&none));
            let mut changes = apply_time_based_partner_changes(editions, row, before, today);
            let emitted = [row.technical_level.take(), row.business_level.take()];
            let mut emitted = emitted.map(Option::unwrap_or_default);
            let as_of = last_emitted_day(row.levels_due, today);
            changes.extend(partner_changes(editions, &mut emitted, after, as_of, today, false));
            [row.technical_level, row.business_level] = emitted.map(Some);
            posted.partner_levels.extend(changes.into_iter().map(|change| (row.id, change)));
        }
    }

    pub(super) fn professional_levels(
        &mut self,
        who: impl IntoIterator<Item = ProfessionalIndex>,
        before: &HashMap<Uuid, Points>,
        after: &HashMap<Uuid, Points>,
        today: NaiveDate,
        posted: &mut PostedRows,
    ) {
        let editions = &self.policy.editions;
        let none = Points::new();
        for who in who {
            let row = &mut self.professionals[who.0 as usize];
            let (before, after) = (before.get(&row.id).unwrap_or(&none), after.get(&row.id).unwrap_or(&none));
            let mut changes = apply_time_based_professional_changes(editions, row, before, today);
            let signed_up_on = row.signed_up_on;
            let as_of = last_emitted_day(row.level_due, today);
            let level = &mut row.level;
            changes.extend(professional_change(editions, signed_up_on, level, after, as_of, today, false));
            posted.professional_levels.extend(changes.into_iter().map(|change| (row.id, change)));
        }
    }

    /// Dates levels that professionals reached on the days on which they were reached. `sums` are the points of the
    /// days that this posting changes, after it.
    pub(super) async fn date_professional_levels(
        &self,
        connection: &impl ConnectionTrait,
        points: &HashMap<Uuid, Points>,
        sums: &HashMap<(Uuid, NaiveDate), i64>,
        today: NaiveDate,
        posted: &mut PostedRows,
    ) -> Result<(), DbErr> {
        let signed_up: HashMap<Uuid, NaiveDate> =
            self.professionals.iter().map(|row| (row.id, row.signed_up_on)).collect();
        let reached = posted
            .professional_levels
            .iter_mut()
            .filter(|(_, change)| change.is_rise() && !change.time_based);
        let reached: Vec<_> = reached
            .filter_map(|(id, change)| {
                let signed_up_on = *signed_up.get(id)?;
                let year = membership_year(signed_up_on, today).number;
                Some((*id, signed_up_on, anniversary(signed_up_on, (year - 1).max(0)), change))
            })
            .collect();
        if reached.is_empty() {
            return Ok(());
        }
        let spans = reached.iter().map(|(id, _, from, _)| (*id, *from, today));
        let mut days: HashMap<Uuid, BTreeMap<NaiveDate, i64>> = HashMap::new();
        for row in totals::professional_days(connection, spans).await? {
            days.entry(row.professional_id).or_default().insert(row.day, row.points);
        }
        for ((id, day), points) in sums {
            days.entry(*id).or_default().insert(*day, *points);
        }
        let none = Points::new();
        for (id, signed_up_on, _, change) in reached {
            let rank = change.to.as_ref().map_or(0, |level| level.rank);
            let sums = (points.get(&id).unwrap_or(&none), days.entry(id).or_default());
            let sums = (sums.0, &*sums.1);
            change.on = professional_level_since(&self.policy.editions, signed_up_on, sums, rank, today);
        }
        Ok(())
    }

    /// Codes of all subjects of the posting, by id.
    pub(super) fn codes(&self) -> HashMap<Uuid, String> {
        let partners = self.partners.iter().map(|row| (row.id, row.code.clone()));
        partners.chain(self.professionals.iter().map(|row| (row.id, row.code.clone()))).collect()
    }
}
