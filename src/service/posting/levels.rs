//! Level changes: those of the steps, and time-based ones that were due before them.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use entity::professional_total;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::period::PeriodTotal;
use super::{PostedRows, Posting};
use crate::error::Error;
use crate::program::calendar::{anniversary, membership_year};
use crate::program::edition::Editions;
use crate::program::fold::{PartnerIndex, ProfessionalIndex};
use crate::program::level_change::{
    EmittedLevels, LevelChange, Membership, PartnerTotals, Points, partner_changes, partner_levels_due,
    professional_change, professional_level_due, professional_level_since, time_based_partner_changes,
    time_based_professional_changes,
};
use crate::program::level_history::Days;
use crate::program::level_override::LevelOverride;
use crate::program::prospects::{partner_prospects, renewal};
use crate::program::rule::Track;
use crate::program::totals::Period;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject::EARLIEST;
use crate::store::totals;

/// Net points of a professional and day.
pub(super) type PointDays = BTreeMap<(Uuid, NaiveDate), i64>;

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
        points.entry(row.professional_id).or_default().add(row.membership_year, row.points);
    }
    points
}

/// Points of professionals by membership year, with what their days reached in years in which an edition asks for more.
/// Days are read for these years only.
pub(in crate::service) async fn points_of(
    connection: &impl ConnectionTrait,
    editions: &Editions,
    rows: &[professional_total::Model],
    signed_up: &HashMap<Uuid, NaiveDate>,
) -> Result<HashMap<Uuid, Points>, DbErr> {
    points_after(connection, editions, rows, signed_up, &PointDays::new()).await
}

/// The same after changes of days that are not stored yet.
pub(super) async fn points_after(
    connection: &impl ConnectionTrait,
    editions: &Editions,
    rows: &[professional_total::Model],
    signed_up: &HashMap<Uuid, NaiveDate>,
    changed: &PointDays,
) -> Result<HashMap<Uuid, Points>, DbErr> {
    let mut points = points_by_year(rows);
    let mut spans = Vec::new();
    for (id, points) in &points {
        let Some(signed_up_on) = signed_up.get(id) else { continue };
        let years = points.raised_years(editions, *signed_up_on);
        spans.extend(years.map(|(_, (from, last))| (*id, from, last)));
    }
    if spans.is_empty() {
        return Ok(points);
    }
    let mut days: HashMap<Uuid, Days> = HashMap::new();
    for row in totals::professional_days(connection, spans).await? {
        days.entry(row.professional_id).or_default().insert(row.day, row.points);
    }
    for ((id, day), sum) in changed {
        days.entry(*id).or_default().insert(*day, *sum);
    }
    for (id, days) in days {
        if let (Some(points), Some(signed_up_on)) = (points.get_mut(&id), signed_up.get(&id)) {
            points.add_reached(editions, *signed_up_on, &days);
        }
    }
    Ok(points)
}

/// The overrides that a subject's row stores.
pub(in crate::service) fn read_overrides(text: Option<&str>) -> Result<Vec<LevelOverride>, Error> {
    let overrides = text.map_or(Ok(Vec::new()), serde_json::from_str);
    overrides.map_err(|error| Error::Damaged(format!("overrides of levels: {error}")))
}

/// Overrides as a subject's row stores them.
pub(in crate::service) fn write_overrides(overrides: &[LevelOverride]) -> String {
    serde_json::to_string(overrides).expect("dates and codes are JSON")
}

/// The overrides of a row; `verify` reports what can't be read.
fn overrides(text: Option<&str>) -> Vec<LevelOverride> {
    read_overrides(text).unwrap_or_default()
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
    let overrides = overrides(row.level_overrides.as_deref());
    let (emitted, changes) = time_based_partner_changes(editions, &overrides, emitted, totals, today);
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
    let overrides = overrides(row.level_overrides.as_deref());
    let of = Membership { signed_up_on: row.signed_up_on, overrides: &overrides };
    let (emitted, changes) = time_based_professional_changes(editions, of, known, points, today);
    (row.level, row.level_due) = (emitted.levels, emitted.due);
    changes
}

/// Stores what is ahead of a partner, as of the last day on which the levels of its row are known to hold.
pub(in crate::service) fn set_partner_prospects(
    editions: &Editions,
    row: &mut PartnerRow,
    totals: &PartnerTotals,
) {
    let overrides = overrides(row.level_overrides.as_deref());
    let day = row.levels_due.pred_opt().unwrap_or(row.levels_due);
    let ahead = partner_prospects(editions, &overrides, totals, day);
    row.set_prospects(ahead.map(|track| track.to_next), ahead.map(|track| track.lapses_on));
}

/// Stores what is ahead of a professional, as of the last day on which the level of its row is known to hold.
pub(in crate::service) fn set_renewal(editions: &Editions, row: &mut ProfessionalRow, points: &Points) {
    let overrides = overrides(row.level_overrides.as_deref());
    let day = row.level_due.pred_opt().unwrap_or(row.level_due);
    let of = Membership { signed_up_on: row.signed_up_on, overrides: &overrides };
    let renewal = renewal(editions, of, points, day);
    (row.renews_on, row.points_to_retain) = (Some(renewal.on), Some(renewal.points_to_retain));
    row.lapses_on = Some(renewal.lapses_on);
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
            if let Some(new) = self.overridden.get(&row.id) {
                row.level_overrides = Some(write_overrides(new));
                row.levels_due = partner_levels_due(editions, new, today);
            }
            let overrides = overrides(row.level_overrides.as_deref());
            let days = (last_emitted_day(row.levels_due, today), today);
            changes.extend(partner_changes(editions, &overrides, &mut emitted, after, days, false));
            [row.technical_level, row.business_level] = emitted.map(Some);
            set_partner_prospects(editions, row, after);
            posted.partner_levels.extend(changes.into_iter().map(|change| (row.id, change)));
        }
    }

    /// Gives professionals their new days of sign-up, after what time alone had changed by the old ones.
    pub(super) fn change_sign_ups(
        &mut self,
        sign_ups: &HashMap<ProfessionalIndex, NaiveDate>,
        before: &HashMap<Uuid, Points>,
        today: NaiveDate,
        posted: &mut PostedRows,
    ) {
        let editions = &self.policy.editions;
        let none = Points::new();
        let mut sign_ups: Vec<_> = sign_ups.iter().collect();
        sign_ups.sort_unstable_by_key(|(who, _)| who.0);
        for (who, signed_up_on) in sign_ups {
            let row = &mut self.professionals[who.0 as usize];
            let points = before.get(&row.id).unwrap_or(&none);
            let changes = apply_time_based_professional_changes(editions, row, points, today);
            posted.professional_levels.extend(changes.into_iter().map(|change| (row.id, change)));
            row.signed_up_on = *signed_up_on;
            let overrides = overrides(row.level_overrides.as_deref());
            let of = Membership { signed_up_on: *signed_up_on, overrides: &overrides };
            row.level_due = professional_level_due(editions, of, today);
            posted.rebuilt.push(row.id);
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
            if let Some(new) = self.overridden.get(&row.id) {
                row.level_overrides = Some(write_overrides(new));
                let of = Membership { signed_up_on: row.signed_up_on, overrides: new };
                row.level_due = professional_level_due(editions, of, today);
            }
            let overrides = overrides(row.level_overrides.as_deref());
            let of = Membership { signed_up_on: row.signed_up_on, overrides: &overrides };
            let as_of = last_emitted_day(row.level_due, today);
            let level = &mut row.level;
            changes.extend(professional_change(editions, of, level, after, as_of, today, false));
            set_renewal(editions, row, after);
            posted.professional_levels.extend(changes.into_iter().map(|change| (row.id, change)));
        }
    }

    /// Dates levels that professionals reached on the days on which they were reached. `sums` are the points of the
    /// days that this posting changes, after it.
    pub(super) async fn date_professional_levels(
        &self,
        connection: &impl ConnectionTrait,
        points: &HashMap<Uuid, Points>,
        sums: &PointDays,
        today: NaiveDate,
        posted: &mut PostedRows,
    ) -> Result<(), DbErr> {
        let members: HashMap<Uuid, (NaiveDate, Vec<LevelOverride>)> = self
            .professionals
            .iter()
            .map(|row| (row.id, (row.signed_up_on, overrides(row.level_overrides.as_deref()))))
            .collect();
        let reached = posted
            .professional_levels
            .iter_mut()
            .filter(|(_, change)| change.is_rise() && !change.time_based);
        let reached: Vec<_> = reached
            .filter_map(|(id, change)| {
                let (signed_up_on, overrides) = members.get(id)?;
                let year = membership_year(*signed_up_on, today).number;
                let of = Membership { signed_up_on: *signed_up_on, overrides };
                Some((*id, of, anniversary(*signed_up_on, (year - 1).max(0)), change))
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
        for (id, of, _, change) in reached {
            let rank = change.to.as_ref().map_or(0, |level| level.rank);
            let sums = (points.get(&id).unwrap_or(&none), days.entry(id).or_default());
            let sums = (sums.0, &*sums.1);
            change.on = professional_level_since(&self.policy.editions, of, sums, rank, today);
        }
        Ok(())
    }

    /// Codes of all subjects of the posting, by id.
    pub(super) fn codes(&self) -> HashMap<Uuid, String> {
        let partners = self.partners.iter().map(|row| (row.id, row.code.clone()));
        partners.chain(self.professionals.iter().map(|row| (row.id, row.code.clone()))).collect()
    }
}
