//! What a recalculation changes of a subject: the entries that make up the difference, and the tallies after it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use entity::{partner_balance, professional_balance};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::post::Days;
use super::{LogEntry, Object, PeriodTotal, PostedRows, Posting, read_overrides};
use crate::error::Error;
use crate::program::edition::Editions;
use crate::program::expiry::{Accounts, Expired};
use crate::program::fold::{
    Count, CreditsAward, ObjectIndex, PartnerIndex, PointsAward, ProfessionalIndex, Reason, Tally, TallyKey,
};
use crate::program::rule::{KindId, Track};
use crate::program::totals::{Period, TrackTotal};
use crate::service::policy::Policy;
use crate::store::upsert_all;

/// Credits of a partner that are more or less after a recalculation, by what they were earned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) struct CreditsNet<O = Object> {
    /// What caused them.
    pub(in crate::service) object: O,
    /// When they count.
    pub(in crate::service) effective_on: NaiveDate,
    /// The track that they count for.
    pub(in crate::service) track: Option<Track>,
    /// Rule and window.
    pub(in crate::service) window: Option<TallyKey>,
    /// Level credits more, or less.
    pub(in crate::service) level: i64,
    /// Spendable credits more, or less.
    pub(in crate::service) spendable: i64,
}

/// Points of a professional that are more or less after a recalculation, by what they were earned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) struct PointsNet<O = Object> {
    /// What caused them.
    pub(in crate::service) object: O,
    /// When they count.
    pub(in crate::service) effective_on: NaiveDate,
    /// Rule and window.
    pub(in crate::service) window: Option<TallyKey>,
    /// Points more, or less.
    pub(in crate::service) points: i64,
    /// Dojo Credits more, or less.
    pub(in crate::service) dojo_credits: i64,
}

/// What a recalculation makes of a subject.
#[derive(Clone, Debug)]
pub(in crate::service) struct RecalculatedSubject<O = Object> {
    /// Differences of a partner's ledger, in the order of the entries.
    pub(in crate::service) credits: Vec<CreditsNet<O>>,
    /// Differences of a professional's points, in the order of the entries.
    pub(in crate::service) points: Vec<PointsNet<O>>,
    /// What expires by the other policy and has not, and what comes back since it does not, in the order of the entries.
    pub(in crate::service) expired: Vec<Expired>,
    /// Every tally after it.
    pub(in crate::service) tallies: Vec<(TallyKey, Tally)>,
    /// Whether some tally is another one than before.
    pub(in crate::service) has_other_tallies: bool,
}

impl RecalculatedSubject {
    /// Whether neither entries nor tallies change.
    pub(in crate::service) fn is_the_same(&self) -> bool {
        self.credits.is_empty()
            && self.points.is_empty()
            && self.expired.is_empty()
            && !self.has_other_tallies
    }
}

impl<O: Copy> RecalculatedSubject<O> {
    /// The same with other objects; what has none is left out. Differences are in the order of days and ids.
    pub(in crate::service) fn with_objects<P>(
        self,
        policy: &Policy,
        object: impl Fn(O) -> Option<P>,
        id: impl Fn(&P) -> Uuid,
    ) -> RecalculatedSubject<P> {
        let Self { credits, points, expired, tallies, has_other_tallies } = self;
        let credits = credits.into_iter().filter_map(|net| net.of(object(net.object)));
        let points = points.into_iter().filter_map(|net| net.of(object(net.object)));
        let (mut credits, mut points): (Vec<_>, Vec<_>) = (credits.collect(), points.collect());
        // The same order in every process, which may number kinds in another order.
        let rule = |window: Option<TallyKey>| {
            window.map(|(kind, start)| (policy.editions.kind_code(kind).to_owned(), start))
        };
        credits.sort_by_key(|net| (net.effective_on, id(&net.object), rule(net.window), net.track));
        points.sort_by_key(|net| (net.effective_on, id(&net.object), rule(net.window)));
        RecalculatedSubject { credits, points, expired, tallies, has_other_tallies }
    }
}

/// The values of the step of a subject. Its entries have all of what expires and comes back, which those of steps without
/// the mark do not.
pub(in crate::service) fn recalculated_data(recalculation: Uuid) -> Value {
    json!({ "recalculation": recalculation, "expiry": true })
}

/// Whether the entries of a subject's step have all of what expires and comes back.
pub(in crate::service) fn has_expiry(data: Option<&str>) -> bool {
    let data = data.and_then(|data| serde_json::from_str::<Value>(data).ok());
    data.is_some_and(|data| data["expiry"] == true)
}

fn count(editions: &Editions, (kind, window_start): (KindId, NaiveDate), effective_on: NaiveDate) -> Count {
    // The units are those of before: only what they are awarded changes.
    Count { kind, edition: editions.index_at(effective_on), window_start, units_before: 0, units_after: 0 }
}

impl<O> CreditsNet<O> {
    /// The same of another object, if it has one.
    fn of<P>(self, object: Option<P>) -> Option<CreditsNet<P>> {
        let Self { effective_on, track, window, level, spendable, .. } = self;
        Some(CreditsNet { object: object?, effective_on, track, window, level, spendable })
    }

    /// The award that makes up the difference.
    pub(in crate::service) fn award(
        &self,
        editions: &Editions,
        partner: PartnerIndex,
        object: ObjectIndex,
    ) -> CreditsAward {
        CreditsAward {
            partner,
            object,
            track: self.track,
            effective_on: self.effective_on,
            level_credits: self.level,
            spendable_credits: self.spendable,
            reason: Reason::Recalculation,
            count: self.window.map(|window| count(editions, window, self.effective_on)),
        }
    }
}

impl<O> PointsNet<O> {
    /// The same of another object, if it has one.
    fn of<P>(self, object: Option<P>) -> Option<PointsNet<P>> {
        let Self { effective_on, window, points, dojo_credits, .. } = self;
        Some(PointsNet { object: object?, effective_on, window, points, dojo_credits })
    }

    /// The award that makes up the difference.
    pub(in crate::service) fn award(
        &self,
        editions: &Editions,
        professional: ProfessionalIndex,
        object: ObjectIndex,
    ) -> PointsAward {
        PointsAward {
            professional,
            object,
            effective_on: self.effective_on,
            points: self.points,
            dojo_credits: self.dojo_credits,
            reason: Reason::Recalculation,
            count: self.window.map(|window| count(editions, window, self.effective_on)),
        }
    }
}

impl Posting<'_> {
    /// Recalculates a subject of this posting, the object of the step: its entries, tallies and totals are those of another
    /// policy, and its levels are looked at again.
    pub(in crate::service) fn apply_recalculation(
        &mut self,
        entry: LogEntry,
        subject: &RecalculatedSubject,
    ) -> Result<(), Error> {
        let editions = &self.policy.editions;
        let id = entry.object.id();
        let overrides = if let Some(who) = self.partner(id) {
            for net in &subject.credits {
                let object = self.add(net.object);
                self.awards.credits.push(net.award(editions, who, object));
            }
            let object = self.add(entry.object);
            self.awards.credits.extend(Accounts::of_partner(who, object, &subject.expired));
            let credits = self.fold.partner_credits(who);
            self.fold.adopt_partner(who, &subject.tallies, credits);
            self.awards.partner_tallies.extend(subject.tallies.iter().map(|(key, _)| (who, *key)));
            self.rebuilt.push(who);
            read_overrides(self.partners[who.0 as usize].level_overrides.as_deref())?
        } else if let Some(who) = self.professional(id) {
            for net in &subject.points {
                let object = self.add(net.object);
                self.awards.points.push(net.award(editions, who, object));
            }
            let object = self.add(entry.object);
            self.awards.points.extend(Accounts::of_professional(who, object, &subject.expired));
            self.recalculated.push(who);
            let sums = self.fold.professional_sums(who);
            self.fold.adopt_professional(who, &subject.tallies, (sums.0, &sums.1));
            self.awards.professional_tallies.extend(subject.tallies.iter().map(|(key, _)| (who, *key)));
            let row = &self.professionals[who.0 as usize];
            // Totals and the next day on which the level can change are computed again as for another day of sign-up.
            self.awards.sign_ups.push((who, row.signed_up_on));
            read_overrides(row.level_overrides.as_deref())?
        } else {
            return Err(Error::Damaged("a recalculated subject is not in its posting".to_owned()));
        };
        self.override_levels(id, &overrides);
        self.applied_as(entry);
        Ok(())
    }
}

impl Posting<'_> {
    /// Sums the totals of recalculated partners up again from all of their days: `before` has the days as they are stored,
    /// `after` those that the posting changes.
    pub(super) fn rebuild_totals(
        &self,
        (before, after): (&Days, &Days),
        stored: &mut BTreeMap<(Uuid, i32), PeriodTotal>,
        posted: &mut PostedRows,
    ) -> HashSet<(Uuid, i32)> {
        let editions = &self.policy.editions;
        let mut changed = HashSet::new();
        for id in self.rebuilt.iter().map(|who| self.partners[who.0 as usize].id) {
            let mut days: BTreeMap<(i32, Track), BTreeMap<NaiveDate, i64>> = BTreeMap::new();
            for track in Track::ALL {
                let own = (id, track, NaiveDate::MIN)..=(id, track, NaiveDate::MAX);
                for ((.., day), credits) in before.range(own.clone()).chain(after.range(own)) {
                    days.entry((Period::of(editions, *day).0, track)).or_default().insert(*day, *credits);
                }
            }
            let mut totals: BTreeMap<(Uuid, i32), PeriodTotal> = BTreeMap::new();
            for ((period, track), days) in days {
                *totals.entry((id, period)).or_default().track_mut(track) =
                    TrackTotal::of_days(editions, days);
            }
            changed.extend(totals.keys().copied());
            let known = stored.range((id, i32::MIN)..=(id, i32::MAX));
            let known: BTreeMap<(Uuid, i32), PeriodTotal> =
                known.map(|(key, total)| (*key, total.clone())).collect();
            if known != totals {
                posted.other_totals.insert(id);
            }
            for key in known.keys() {
                stored.remove(key);
            }
            stored.extend(totals);
            posted.rebuilt_partners.push(id);
        }
        changed
    }
}

impl PostedRows {
    /// Leaves out the steps of those of these subjects whose entries, levels and totals stay as they are, and returns how many
    /// subjects are left out. Of them, only what is ahead is written; each comes with when it was last part of a step.
    pub(in crate::service) fn leave_unchanged(
        &mut self,
        mut subjects: HashMap<Uuid, Option<DateTime<Utc>>>,
    ) -> usize {
        let entries = self.ledger.iter().map(|entry| entry.partner_id);
        let entries = entries.chain(self.points.iter().map(|entry| entry.professional_id));
        let levels = self.partner_levels.iter().chain(&self.professional_levels).map(|(id, _)| *id);
        for id in entries.chain(levels).chain(self.other_totals.iter().copied()) {
            subjects.remove(&id);
        }
        let stays = |id: Uuid| !subjects.contains_key(&id);
        self.log.retain(|row| row.partner_id.or(row.professional_id).is_none_or(stays));
        self.seqs = self.log.iter().map(|row| row.seq).collect();
        self.rebuilt.retain(|id| stays(*id));
        self.rebuilt_partners.retain(|id| stays(*id));
        self.partner_tallies.retain(|row| stays(row.partner_id));
        self.partner_days.retain(|row| stays(row.partner_id));
        self.partner_totals.retain(|row| stays(row.partner_id));
        self.professional_tallies.retain(|row| stays(row.professional_id));
        self.professional_days.retain(|row| stays(row.professional_id));
        self.professional_totals.retain(|row| stays(row.professional_id));
        for row in &mut self.partner_balances {
            row.last_recorded_at = subjects.get(&row.partner_id).copied().unwrap_or(row.last_recorded_at);
        }
        for row in &mut self.professional_balances {
            row.last_recorded_at =
                subjects.get(&row.professional_id).copied().unwrap_or(row.last_recorded_at);
        }
        subjects.len()
    }

    /// Writes nothing but what is ahead of the subjects, which no step of the log tells of.
    pub(in crate::service) async fn write_prospects(
        self,
        connection: &impl ConnectionTrait,
        last_recorded_at: Option<DateTime<Utc>>,
    ) -> Result<(), Error> {
        let partners = self.partner_balances.into_iter();
        let partners = partners.map(|row| partner_balance::Model { last_recorded_at, ..row });
        upsert_all(connection, partners.collect()).await?;
        let people = self.professional_balances.into_iter();
        let people = people.map(|row| professional_balance::Model { last_recorded_at, ..row });
        Ok(upsert_all(connection, people.collect()).await?)
    }
}
