//! Turns awards into rows: ledger entries in order, and the projections that sum them up.

mod events;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::{
    activity, affiliation, ledger_entry, log, partner_balance, partner_day, partner_tally, partner_total,
    points_entry, professional_balance, professional_day, professional_tally, professional_total,
};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::levels::{PointDays, partner_totals, points_after, points_of};
use super::period::{PeriodTotal, column, track};
use super::{AppliedStep, EntryPosition, Object, Posting, award_metrics, ledger_row, points_row};
use crate::error::Error;
use crate::program::fold::{PartnerIndex, ProfessionalIndex};
use crate::program::level_change::LevelChange;
use crate::program::rule::Track;
use crate::program::totals::{Period, TrackTotal, membership_year_number};
use crate::service::Services;
use crate::service::events::{Audience, EventDraft, codes_of_partners};
use crate::service::run::{SubjectId, record_effects};
use crate::store::event::Numbering;
use crate::store::posted::PostedSets;
use crate::store::subject::{EARLIEST, LATEST};
use crate::store::{log as log_store, totals};

/// The rows of a posting, to be written in one transaction.
#[derive(Debug, Default)]
pub(in crate::service) struct PostedRows {
    /// When the steps are recorded.
    pub(in crate::service) recorded_at: DateTime<Utc>,
    /// Sequence numbers of the steps in the log.
    pub(in crate::service) seqs: Vec<i64>,
    /// Points and level credits that these steps awarded, by activity.
    pub(in crate::service) awarded: HashMap<Uuid, (i64, i64)>,
    /// Professionals whose tallies and totals are written anew, as their membership years have changed.
    pub(super) rebuilt: Vec<Uuid>,
    /// Partners whose tallies and totals are written anew, as another policy judges them.
    pub(super) rebuilt_partners: Vec<Uuid>,
    /// Those of them whose totals are other ones than before.
    pub(super) other_totals: HashSet<Uuid>,
    /// Activities that the steps record.
    pub(in crate::service) new_activities: Vec<activity::Model>,
    numbering: Numbering,
    pub(super) log: Vec<log::Model>,
    pub(super) ledger: Vec<ledger_entry::Model>,
    pub(super) points: Vec<points_entry::Model>,
    pub(super) partner_tallies: Vec<partner_tally::Model>,
    pub(super) professional_tallies: Vec<professional_tally::Model>,
    pub(super) partner_days: Vec<partner_day::Model>,
    pub(super) partner_totals: Vec<partner_total::Model>,
    pub(super) partner_balances: Vec<partner_balance::Model>,
    pub(super) professional_days: Vec<professional_day::Model>,
    pub(super) professional_totals: Vec<professional_total::Model>,
    pub(super) professional_balances: Vec<professional_balance::Model>,
    /// The events of steps, by sequence number.
    drafts: HashMap<i64, Vec<EventDraft>>,
    pub(super) partner_levels: Vec<(Uuid, LevelChange)>,
    pub(super) professional_levels: Vec<(Uuid, LevelChange)>,
    audience: Audience,
    /// Activities as the events of other objects name them.
    activities: HashMap<Uuid, serde_json::Value>,
}

impl PostedRows {
    /// Makes entries and level changes known as effects of the mutation.
    fn record_effects(&self) {
        record_effects(|effects| {
            effects.ledger.extend_from_slice(&self.ledger);
            effects.points.extend_from_slice(&self.points);
            let people = self.professional_levels.iter();
            effects.levels.extend(people.map(|(id, one)| (SubjectId::Professional(*id), one.clone())));
            let partners = self.partner_levels.iter();
            effects.levels.extend(partners.map(|(id, one)| (SubjectId::Partner(*id), one.clone())));
        });
    }

    /// Writes new activities, the log, the entries, the projections and the events. Other rows that the log
    /// references must exist.
    pub(in crate::service) async fn write(self, connection: &impl ConnectionTrait) -> Result<(), Error> {
        award_metrics::record(&self.ledger, &self.points);
        let events = self.events();
        self.record_effects();
        if !self.rebuilt.is_empty() {
            totals::delete_windows_of_professionals(connection, &self.rebuilt).await?;
        }
        if !self.rebuilt_partners.is_empty() {
            totals::delete_windows_of_partners(connection, &self.rebuilt_partners).await?;
        }
        let sets = PostedSets {
            activities: self.new_activities,
            log: self.log,
            points: self.points,
            ledger: self.ledger,
            professional_tallies: self.professional_tallies,
            partner_tallies: self.partner_tallies,
            professional_days: self.professional_days,
            partner_days: self.partner_days,
            professional_totals: self.professional_totals,
            partner_totals: self.partner_totals,
            professional_balances: self.professional_balances,
            partner_balances: self.partner_balances,
            events,
        };
        Ok(sets.write(connection, self.numbering).await?)
    }
}

/// Names the employers of professionals whose levels change today: they need not be partners of the steps, which count for
/// the employers of their own days.
async fn name_employers(connection: &impl ConnectionTrait, posted: &mut PostedRows) -> Result<(), DbErr> {
    if posted.professional_levels.is_empty() {
        return Ok(());
    }
    let known = &posted.audience.codes;
    let unknown = posted.audience.employers.iter().filter(|row| !known.contains_key(&row.partner_id));
    let unknown: Vec<affiliation::Model> = unknown.cloned().collect();
    if !unknown.is_empty() {
        posted.name_partners(codes_of_partners(connection, &unknown).await?);
    }
    Ok(())
}

/// Net change of each day, by key.
type NetChanges<K> = BTreeMap<K, BTreeMap<NaiveDate, i64>>;

impl Posting<'_> {
    /// Turns the applied steps into rows.
    pub(in crate::service) async fn post(
        mut self,
        connection: &impl ConnectionTrait,
        services: &Services,
    ) -> Result<PostedRows, Error> {
        let clock = &services.clock;
        let today = clock.today();
        let mut applied = std::mem::take(&mut self.applied);
        let expiries = self.settle_expiry(connection, &mut applied, today).await?;
        let places = log_store::reserve_seqs(connection, applied.len(), services.is_preview()).await?;
        if places.editions.is_some_and(|version| version != self.policy.version()) {
            return Err(Error::PolicyChanged);
        }
        let seqs = places.seqs;
        let recorded_at = self.recorded_at(clock.now());
        let audience = Audience {
            codes: self.codes(),
            employers: std::mem::take(&mut self.employers),
            at: recorded_at,
            actor: Some(services.caller().actor.label().to_owned()),
        };
        let mut posted = PostedRows {
            recorded_at,
            seqs,
            audience,
            numbering: services.numbering(),
            ..PostedRows::default()
        };
        posted.log = applied
            .iter()
            .zip(&posted.seqs)
            .map(|(step, seq)| step.row(*seq, recorded_at, services.caller()))
            .collect();
        self.points_rows(connection, &applied, today, &mut posted).await?;
        self.ledger_rows(connection, &applied, today, &mut posted).await?;
        self.tally_rows(&mut posted);
        self.balance_rows(&mut posted);
        for (step, draft) in expiries {
            posted.emit(step, draft);
        }
        name_employers(connection, &mut posted).await?;
        Ok(posted)
    }

    /// Strictly later than any recorded step of the same subjects, so that a point in time separates the
    /// steps before it from those after it even if the system clock was set back.
    fn recorded_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let partners = self.partners.iter().filter_map(|row| row.last_recorded_at);
        let professionals = self.professionals.iter().filter_map(|row| row.last_recorded_at);
        let latest = partners.chain(professionals).max();
        latest.map_or(now, |latest| now.max(latest + TimeDelta::microseconds(1)))
    }

    async fn points_rows(
        &mut self,
        connection: &impl ConnectionTrait,
        applied: &[AppliedStep],
        today: NaiveDate,
        posted: &mut PostedRows,
    ) -> Result<(), Error> {
        let sign_ups: HashMap<ProfessionalIndex, NaiveDate> = self.awards.sign_ups.iter().copied().collect();
        let overridden = self.overridden.keys().filter_map(|id| self.professional(*id));
        let mut nets: NetChanges<ProfessionalIndex> =
            sign_ups.keys().copied().chain(overridden).map(|who| (who, BTreeMap::new())).collect();
        if self.awards.points.is_empty() && nets.is_empty() {
            return Ok(());
        }
        for award in &self.awards.points {
            *nets.entry(award.professional).or_default().entry(award.effective_on).or_default() +=
                award.points;
        }
        let ids = nets.keys().map(|who| self.professionals[who.0 as usize].id);
        let stored = totals::of_professionals(connection, ids).await?;
        let spans = nets.iter().filter_map(|(who, days)| {
            let id = self.professionals[who.0 as usize].id;
            if sign_ups.contains_key(who) {
                return Some((id, EARLIEST, LATEST));
            }
            Some((id, *days.first_key_value()?.0, *days.last_key_value()?.0))
        });
        let mut sums = PointDays::new();
        for row in totals::professional_days(connection, spans).await? {
            sums.insert((row.professional_id, row.day), row.points);
        }
        let mut first = 0;
        for (step, seq) in applied.iter().zip(&posted.seqs) {
            for award in &self.awards.points[first..step.points] {
                let object = self.objects[award.object.0 as usize];
                let row = &mut self.professionals[award.professional.0 as usize];
                let sum = sums.entry((row.id, award.effective_on)).or_default();
                *sum += award.points;
                row.entries += 1;
                row.points += award.points;
                row.dojo_credits += award.dojo_credits;
                if let Object::Activity(id) = object {
                    posted.awarded.entry(id).or_default().0 += award.points;
                }
                let position = EntryPosition {
                    id: Uuid::now_v7(),
                    owner: row.id,
                    number: row.entries,
                    log_seq: *seq,
                    recorded_at: posted.recorded_at,
                    balance_after: row.dojo_credits,
                    day_after: *sum,
                };
                posted.points.push(points_row(self.policy, award, object, position));
            }
            first = step.points;
        }
        let who: Vec<ProfessionalIndex> = nets.keys().copied().collect();
        let editions = &self.policy.editions;
        let signed_up = |posting: &Self| -> HashMap<Uuid, NaiveDate> {
            posting.professionals.iter().map(|row| (row.id, row.signed_up_on)).collect()
        };
        let before = points_of(connection, editions, &stored, &signed_up(self)).await?;
        self.change_sign_ups(&sign_ups, &before, today, posted);
        let totals = self.professional_total_rows(&nets, &sums, stored, posted);
        let after = points_after(connection, editions, &totals, &signed_up(self), &sums).await?;
        self.professional_levels(who, &before, &after, today, posted);
        self.date_professional_levels(connection, &after, &sums, today, posted).await?;
        let rebuilt: HashSet<Uuid> = posted.rebuilt.iter().copied().collect();
        let changed: HashSet<(Uuid, i32)> = nets
            .iter()
            .flat_map(|(who, days)| {
                let row = &self.professionals[who.0 as usize];
                days.keys().map(|day| (row.id, membership_year_number(row.signed_up_on, *day)))
            })
            .collect();
        posted.professional_totals = totals;
        posted.professional_totals.retain(|row| {
            rebuilt.contains(&row.professional_id)
                || changed.contains(&(row.professional_id, row.membership_year))
        });
        Ok(())
    }

    fn professional_total_rows(
        &self,
        nets: &NetChanges<ProfessionalIndex>,
        sums: &PointDays,
        stored: Vec<professional_total::Model>,
        posted: &mut PostedRows,
    ) -> Vec<professional_total::Model> {
        let rebuilt: HashSet<Uuid> = posted.rebuilt.iter().copied().collect();
        let stored = stored.into_iter().filter(|row| !rebuilt.contains(&row.professional_id));
        let mut rows: BTreeMap<(Uuid, i32), professional_total::Model> =
            stored.map(|row| ((row.professional_id, row.membership_year), row)).collect();
        for (who, days) in nets {
            let professional = &self.professionals[who.0 as usize];
            let professional_id = professional.id;
            // Where membership years have changed, every day is summed again.
            let all: BTreeMap<NaiveDate, i64> = if rebuilt.contains(&professional_id) {
                let of = sums.range((professional_id, NaiveDate::MIN)..=(professional_id, NaiveDate::MAX));
                of.map(|((_, day), points)| (*day, *points)).collect()
            } else {
                days.clone()
            };
            for (day, net) in all {
                let membership_year = membership_year_number(professional.signed_up_on, day);
                let row =
                    rows.entry((professional_id, membership_year)).or_insert(professional_total::Model {
                        professional_id,
                        membership_year,
                        points: 0,
                        last_on: day,
                    });
                row.points += net;
                row.last_on = row.last_on.max(day);
            }
            for (&day, net) in days {
                let points = sums.get(&(professional_id, day)).copied().unwrap_or(*net);
                posted.professional_days.push(professional_day::Model { professional_id, day, points });
            }
        }
        rows.into_values().collect()
    }

    async fn ledger_rows(
        &mut self,
        connection: &impl ConnectionTrait,
        applied: &[AppliedStep],
        today: NaiveDate,
        posted: &mut PostedRows,
    ) -> Result<(), Error> {
        let overridden: Vec<PartnerIndex> =
            self.overridden.keys().filter_map(|id| self.partner(*id)).collect();
        if self.awards.credits.is_empty() && overridden.is_empty() {
            return Ok(());
        }
        let editions = &self.policy.editions;
        let mut nets: NetChanges<(PartnerIndex, Period, Track)> = BTreeMap::new();
        for award in &self.awards.credits {
            // Redemptions and their returns do not count for levels.
            let Some(track) = award.track else { continue };
            let key = (award.partner, Period::of(editions, award.effective_on), track);
            *nets.entry(key).or_default().entry(award.effective_on).or_default() += award.level_credits;
        }
        let who: BTreeSet<PartnerIndex> = nets.keys().map(|(who, _, _)| *who).chain(overridden).collect();
        let ids = who.iter().map(|who| self.partners[who.0 as usize].id);
        let mut stored: BTreeMap<(Uuid, i32), PeriodTotal> = BTreeMap::new();
        for row in totals::of_partners(connection, ids).await? {
            stored.insert((row.partner_id, row.period), PeriodTotal::read(&row)?);
        }
        let sums = self.load_days(connection, &nets, &stored).await?;
        let day_after = self.entry_rows(applied, &sums, posted);
        let before = partner_totals(&stored);
        let known = if self.rebuilt.is_empty() { BTreeMap::new() } else { stored.clone() };
        let mut changed = self.partner_total_rows(&nets, &sums, &day_after, &mut stored, posted);
        if !self.rebuilt.is_empty() {
            stored.clone_from(&known);
            changed = self.rebuild_totals((&sums, &day_after), &mut stored, posted);
        }
        self.partner_levels(who, &before, &partner_totals(&stored), today, posted);
        stored.retain(|key, _| changed.contains(key));
        posted.partner_totals =
            stored.into_iter().map(|((id, period), total)| total.row(id, period)).collect();
        Ok(())
    }

    /// Days of the ledger that the awards affect; all days of a period if an award precedes its last day,
    /// because levels are then reached on other days.
    async fn load_days(
        &self,
        connection: &impl ConnectionTrait,
        nets: &NetChanges<(PartnerIndex, Period, Track)>,
        stored: &BTreeMap<(Uuid, i32), PeriodTotal>,
    ) -> Result<Days, Error> {
        let spans = nets.iter().filter_map(|((who, period, track), days)| {
            let id = self.partners[who.0 as usize].id;
            let (from, to) = (*days.first_key_value()?.0, *days.last_key_value()?.0);
            let total = stored.get(&(id, period.0)).map(|total| total.track(*track));
            let appends = total.is_none_or(|total| total.can_append(from));
            let (from, to) = if appends { (from, to) } else { period.days(&self.policy.editions) };
            Some((id, column(*track), from, to))
        });
        let rebuilt = self.rebuilt.iter().map(|who| self.partners[who.0 as usize].id);
        let all = rebuilt.flat_map(|id| Track::ALL.map(|track| (id, column(track), EARLIEST, LATEST)));
        let spans = spans.chain(all);
        let mut sums = Days::new();
        for row in totals::partner_days(connection, spans).await? {
            sums.insert((row.partner_id, track(row.track), row.day), row.credits);
        }
        Ok(sums)
    }

    fn entry_rows(&mut self, applied: &[AppliedStep], before: &Days, posted: &mut PostedRows) -> Days {
        let mut sums = Days::new();
        let mut first = 0;
        for (step, seq) in applied.iter().zip(&posted.seqs) {
            for award in &self.awards.credits[first..step.credits] {
                let object = self.objects[award.object.0 as usize];
                let row = &mut self.partners[award.partner.0 as usize];
                let day_after = award.track.map_or(0, |track| {
                    let key = (row.id, track, award.effective_on);
                    let sum = sums.entry(key).or_insert_with(|| before.get(&key).copied().unwrap_or(0));
                    *sum += award.level_credits;
                    *sum
                });
                row.entries += 1;
                row.level_credits += award.level_credits;
                row.credits += award.spendable_credits;
                if let Object::Activity(id) = object {
                    posted.awarded.entry(id).or_default().1 += award.level_credits;
                }
                let position = EntryPosition {
                    id: Uuid::now_v7(),
                    owner: row.id,
                    number: row.entries,
                    log_seq: *seq,
                    recorded_at: posted.recorded_at,
                    balance_after: row.credits,
                    day_after,
                };
                posted.ledger.push(ledger_row(self.policy, award, object, position));
            }
            first = step.credits;
        }
        sums
    }

    fn partner_total_rows(
        &self,
        nets: &NetChanges<(PartnerIndex, Period, Track)>,
        before: &Days,
        after: &Days,
        stored: &mut BTreeMap<(Uuid, i32), PeriodTotal>,
        posted: &mut PostedRows,
    ) -> HashSet<(Uuid, i32)> {
        let editions = &self.policy.editions;
        let mut changed: HashSet<(Uuid, i32)> = HashSet::new();
        for ((who, period, track), days) in nets {
            let id = self.partners[who.0 as usize].id;
            changed.insert((id, period.0));
            let total = stored.entry((id, period.0)).or_default().track_mut(*track);
            if days.keys().next().is_some_and(|first| total.can_append(*first)) {
                for (day, net) in days {
                    total.add(editions, *day, *net);
                }
            } else {
                let (from, to) = period.days(editions);
                let span = (id, *track, from)..=(id, *track, to);
                let mut all: BTreeMap<NaiveDate, i64> =
                    before.range(span).map(|((_, _, day), sum)| (*day, *sum)).collect();
                for (day, net) in days {
                    *all.entry(*day).or_default() += net;
                }
                *total = TrackTotal::of_days(editions, all);
            }
        }
        posted.partner_days = after
            .iter()
            .map(|(&(partner_id, track, day), &credits)| partner_day::Model {
                partner_id,
                track: column(track),
                day,
                credits,
            })
            .collect();
        changed
    }

    fn tally_rows(&self, posted: &mut PostedRows) {
        let editions = &self.policy.editions;
        let partners: HashSet<_> = self.awards.partner_tallies.iter().copied().collect();
        posted.partner_tallies = partners
            .into_iter()
            .filter_map(|(who, key)| {
                let tally = self.fold.partner_tally(who, key)?;
                Some(partner_tally::Model {
                    partner_id: self.partners[who.0 as usize].id,
                    rule: editions.kind_code(key.0).to_owned(),
                    window_start: key.1,
                    units: tally.units,
                    awarded: tally.awarded,
                    latest_on: tally.latest_on,
                })
            })
            .collect();
        let professionals: HashSet<_> = self.awards.professional_tallies.iter().copied().collect();
        posted.professional_tallies = professionals
            .into_iter()
            .filter_map(|(who, key)| {
                let tally = self.fold.professional_tally(who, key)?;
                Some(professional_tally::Model {
                    professional_id: self.professionals[who.0 as usize].id,
                    rule: editions.kind_code(key.0).to_owned(),
                    window_start: key.1,
                    units: tally.units,
                    awarded: tally.awarded,
                    latest_on: tally.latest_on,
                    extra_dojo_credits: Some(tally.extra_dojo_credits).filter(|extra| *extra != 0),
                })
            })
            .collect();
    }

    fn balance_rows(&self, posted: &mut PostedRows) {
        let last_recorded_at = Some(posted.recorded_at);
        posted.partner_balances = self.partners.iter().map(|row| row.balance(last_recorded_at)).collect();
        posted.professional_balances =
            self.professionals.iter().map(|row| row.balance(last_recorded_at)).collect();
    }
}

/// Net level credits of a partner, track and day.
pub(super) type Days = BTreeMap<(Uuid, Track, NaiveDate), i64>;
