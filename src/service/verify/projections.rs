//! What entries sum up to, against the tables that hold the sums.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use entity::{
    partner_balance, partner_day, partner_sales, partner_tally, partner_total, professional_balance,
    professional_day, professional_tally, professional_total, sales_target,
};
use sea_orm::{DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::compare::compare;
use super::replay::{PartnerState, ProfessionalState, Replay};
use super::{DIFFERENCES_MAX, SUBJECTS_PER_PAGE};
use crate::program::edition::Editions;
use crate::program::fold::{PartnerIndex, ProfessionalIndex, YearSales};
use crate::program::totals::{Period, membership_year_number};
use crate::service::posting::{PeriodTotal, column};
use crate::store::subject::EARLIEST;
use crate::store::{ledger, sales, totals};

/// What partners' entries sum up to.
#[derive(Default)]
pub(super) struct PartnerRows {
    pub(super) balances: Vec<partner_balance::Model>,
    tallies: Vec<partner_tally::Model>,
    days: Vec<partner_day::Model>,
    pub(super) totals: Vec<partner_total::Model>,
    targets: Vec<sales_target::Model>,
    sold: Vec<partner_sales::Model>,
}

/// What professionals' entries sum up to.
#[derive(Default)]
pub(super) struct ProfessionalRows {
    pub(super) balances: Vec<professional_balance::Model>,
    tallies: Vec<professional_tally::Model>,
    pub(super) days: Vec<professional_day::Model>,
    pub(super) totals: Vec<professional_total::Model>,
}

/// Compares every partner's balance, tallies, days and totals, and finds surplus entries.
pub(super) async fn compare_partners(
    snapshot: &DatabaseTransaction,
    replay: &mut Replay<'_>,
) -> Result<(), DbErr> {
    let editions = &replay.policy.editions;
    let indexes: Vec<PartnerIndex> = (0..).take(replay.partners.len()).map(PartnerIndex).collect();
    for chunk in indexes.chunks(SUBJECTS_PER_PAGE) {
        let mut expected = PartnerRows::default();
        for &who in chunk {
            let state = &replay.partners[who.0 as usize];
            expected.sum_up(editions, state, replay.credits_expire_next(who));
            for (year, sales) in replay.fold.sales(who) {
                expected.add_sales(state.id, year, sales);
            }
            expected.tallies.extend(replay.fold.partner_tallies(who).map(|((kind, window_start), tally)| {
                partner_tally::Model {
                    partner_id: state.id,
                    rule: editions.kind_code(kind).to_owned(),
                    window_start,
                    units: tally.units,
                    awarded: tally.awarded,
                    latest_on: tally.latest_on,
                }
            }));
        }
        let states = || chunk.iter().map(|who| &replay.partners[who.0 as usize]);
        let ids: Vec<Uuid> = states().map(|state| state.id).collect();
        let beyond = states().map(|state| (state.id, state.entries + 1, i64::MAX));
        let beyond = ledger::in_ranges(snapshot, beyond, differences_max()).await?;
        let balances =
            totals::all_of::<partner_balance::Entity>(snapshot, partner_balance::Column::PartnerId, &ids);
        let balances = balances.await?;
        let tallies =
            totals::all_of::<partner_tally::Entity>(snapshot, partner_tally::Column::PartnerId, &ids);
        let tallies = tallies.await?;
        let days = totals::all_of::<partner_day::Entity>(snapshot, partner_day::Column::PartnerId, &ids);
        let days = days.await?;
        let overrides = |id: Uuid| replay.partners[replay.partner_indexes[&id].0 as usize].overrides.clone();
        expected.expect_emitted_levels(editions, &balances, overrides);
        let (targets, sold) = sales::all_of(snapshot, &ids).await?;
        let mut stored = totals::of_partners(snapshot, ids).await?;
        // Whoever has not followed a recalculation yet has totals and levels of both policies.
        expected.copy_levels(&balances, |id| replay.is_open_partner(id));
        expected.totals.retain(|row| !replay.is_open_partner(row.partner_id));
        stored.retain(|row| !replay.is_open_partner(row.partner_id));
        let name = |id: Uuid| replay.partners[replay.partner_indexes[&id].0 as usize].name();
        let report = &mut replay.report;
        compare(report, Vec::new(), beyond, |row| name(row.partner_id));
        compare(report, expected.balances, balances, |row| name(row.partner_id));
        compare(report, expected.tallies, tallies, |row| name(row.partner_id));
        compare(report, expected.days, days, |row| name(row.partner_id));
        compare(report, expected.totals, stored, |row| name(row.partner_id));
        compare(report, expected.targets, targets, |row| name(row.partner_id));
        compare(report, expected.sold, sold, |row| name(row.partner_id));
    }
    Ok(())
}

/// Compares every professional's balance, tallies, days and totals, and finds surplus entries.
pub(super) async fn compare_professionals(
    snapshot: &DatabaseTransaction,
    replay: &mut Replay<'_>,
) -> Result<(), DbErr> {
    use entity::professional_balance::Column as Balance;
    use entity::professional_day::Column as Day;
    use entity::professional_tally::Column as Tally;
    let editions = &replay.policy.editions;
    let indexes: Vec<ProfessionalIndex> =
        (0..).take(replay.professionals.len()).map(ProfessionalIndex).collect();
    for chunk in indexes.chunks(SUBJECTS_PER_PAGE) {
        let mut expected = ProfessionalRows::default();
        for &who in chunk {
            let state = &replay.professionals[who.0 as usize];
            expected.sum_up(state, replay.dojo_credits_expire_next(who));
            let tallies = replay.fold.professional_tallies(who);
            expected.tallies.extend(tallies.map(|((kind, window_start), tally)| professional_tally::Model {
                professional_id: state.id,
                rule: editions.kind_code(kind).to_owned(),
                window_start,
                units: tally.units,
                awarded: tally.awarded,
                latest_on: tally.latest_on,
                extra_dojo_credits: Some(tally.extra_dojo_credits).filter(|extra| *extra != 0),
            }));
        }
        let states = || chunk.iter().map(|who| &replay.professionals[who.0 as usize]);
        let ids: Vec<Uuid> = states().map(|state| state.id).collect();
        let beyond = states().map(|state| (state.id, state.entries + 1, i64::MAX));
        let beyond = ledger::points_in_ranges(snapshot, beyond, differences_max()).await?;
        let id = Balance::ProfessionalId;
        let balances = totals::all_of::<professional_balance::Entity>(snapshot, id, &ids).await?;
        let id = Tally::ProfessionalId;
        let tallies = totals::all_of::<professional_tally::Entity>(snapshot, id, &ids).await?;
        let days = totals::all_of::<professional_day::Entity>(snapshot, Day::ProfessionalId, &ids).await?;
        let membership = |id: Uuid| {
            let state = &replay.professionals[replay.professional_indexes[&id].0 as usize];
            (state.signed_up_on, state.overrides.clone())
        };
        expected.expect_emitted_levels(editions, &balances, membership);
        expected.copy_levels(&balances, |id| replay.is_open_professional(id));
        let stored = totals::of_professionals(snapshot, ids).await?;
        let name = |id: Uuid| replay.professionals[replay.professional_indexes[&id].0 as usize].name();
        let report = &mut replay.report;
        compare(report, Vec::new(), beyond, |row| name(row.professional_id));
        compare(report, expected.balances, balances, |row| name(row.professional_id));
        compare(report, expected.tallies, tallies, |row| name(row.professional_id));
        compare(report, expected.days, days, |row| name(row.professional_id));
        compare(report, expected.totals, stored, |row| name(row.professional_id));
    }
    Ok(())
}

fn differences_max() -> i64 {
    i64::try_from(DIFFERENCES_MAX).unwrap_or(i64::MAX)
}

impl PartnerRows {
    fn add_sales(&mut self, partner_id: Uuid, year: i32, sales: &YearSales) {
        self.targets.extend(sales.target.map(|target| sales_target::Model {
            id: Uuid::nil(),
            partner_id,
            year,
            currency: target.currency.code().to_owned(),
            amount: target.minor,
            reached_on: sales.reached_on,
        }));
        self.sold.extend(sales.sold.iter().map(|(currency, sold)| partner_sales::Model {
            partner_id,
            year,
            currency: currency.code().to_owned(),
            net: sold.net,
            orders: sold.orders,
            latest_on: sold.latest_on,
        }));
    }

    fn sum_up(&mut self, editions: &Editions, state: &PartnerState, expires_on: Option<NaiveDate>) {
        let partner_id = state.id;
        self.balances.push(partner_balance::Model {
            partner_id,
            credits: state.credits,
            level_credits: state.level_credits,
            entries: state.entries,
            last_recorded_at: state.last_recorded_at,
            technical_level: None,
            business_level: None,
            levels_due: EARLIEST,
            technical_to_next: None,
            business_to_next: None,
            least_to_next: None,
            technical_lapses_on: None,
            business_lapses_on: None,
            first_lapses_on: None,
            expires_on,
        });
        let mut periods: BTreeMap<Period, PeriodTotal> = BTreeMap::new();
        for ((track, day), credits) in state.days.iter() {
            self.days.push(partner_day::Model { partner_id, track: column(track), day, credits });
            let total = periods.entry(Period::of(editions, day)).or_default();
            total.track_mut(track).add(editions, day, credits);
        }
        self.totals.extend(periods.into_iter().map(|(period, total)| total.row(partner_id, period.0)));
    }
}

impl ProfessionalRows {
    fn sum_up(&mut self, state: &ProfessionalState, expires_on: Option<NaiveDate>) {
        let professional_id = state.id;
        self.balances.push(professional_balance::Model {
            professional_id,
            dojo_credits: state.dojo_credits,
            points: state.points,
            entries: state.entries,
            last_recorded_at: state.last_recorded_at,
            level: None,
            level_due: EARLIEST,
            renews_on: None,
            points_to_retain: None,
            expires_on,
            lapses_on: None,
        });
        let mut years: BTreeMap<i32, professional_total::Model> = BTreeMap::new();
        for (day, points) in state.days.iter() {
            self.days.push(professional_day::Model { professional_id, day, points });
            let membership_year = membership_year_number(state.signed_up_on, day);
            let year = years.entry(membership_year).or_insert(professional_total::Model {
                professional_id,
                membership_year,
                points: 0,
                last_on: day,
            });
            year.points += points;
            year.last_on = day;
        }
        self.totals.extend(years.into_values());
    }
}
