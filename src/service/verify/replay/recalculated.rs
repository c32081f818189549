//! Recalculations: what the log comes to by one policy beside what it comes to by another one (E4).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::NaiveDate;
use entity::value::LogAction;
use uuid::Uuid;

use super::{Expected, Replay};
use crate::program::expiry::{Accounts, Expired, Following, Returning};
use crate::program::fold::{
    ObjectIndex, PartnerIndex, PastAward, ProfessionalIndex, Reason, Tally, TallyKey,
};
use crate::program::rule::Track;
use crate::service::policy::Policy;
use crate::service::posting::{CreditsNet, Object, PointsNet, RecalculatedSubject, has_expiry};
use crate::store::log::LoggedStep;

/// Whether a step is one of a recalculation, which says nothing about facts.
pub(in crate::service) fn is_of_recalculation(action: LogAction) -> bool {
    matches!(
        action,
        LogAction::RecalculationApplied | LogAction::RecalculationReverted | LogAction::Recalculated
    )
}

/// How far a recalculation is whose subjects are not all done.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct OpenMove {
    /// The professionals through this id are done.
    pub(in crate::service) professionals_through: Option<Uuid>,
    /// The partners through this id are done.
    pub(in crate::service) partners_through: Option<Uuid>,
}

/// What something was earned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::service::verify) enum Cause {
    Object(Object),
    /// A recorded activity that is known by its number only, which is the same in all replays.
    Recorded(ObjectIndex),
}

impl Cause {
    fn of(replay: &Replay<'_>, index: ObjectIndex) -> Self {
        replay.objects.get(index).map_or(Self::Recorded(index), Self::Object)
    }

    /// Orders those of one replay.
    fn id(&self) -> Uuid {
        match self {
            Self::Object(object) => object.id(),
            Self::Recorded(index) => Uuid::from_u128(index.0.into()),
        }
    }
}

/// What a recalculation makes of a subject, before recorded activities are looked up.
pub(in crate::service::verify) type Change = RecalculatedSubject<Cause>;

type CreditsKey = (NaiveDate, Option<Track>, Option<TallyKey>, Cause);
type PointsKey = (NaiveDate, Option<TallyKey>, Cause);
/// The day on which it was earned, and that on which it expired.
type ExpiredKey = (NaiveDate, NaiveDate);

/// What one replay gave more than another one, by subject and by what it was earned with: credits for levels and for the
/// balance, points and Dojo Credits, and what expired of them. What is the same in both is not kept.
#[derive(Default)]
pub(in crate::service::verify) struct Differences {
    credits: HashMap<PartnerIndex, HashMap<CreditsKey, (i64, i64)>>,
    points: HashMap<ProfessionalIndex, HashMap<PointsKey, (i64, i64)>>,
    expired_credits: HashMap<PartnerIndex, HashMap<ExpiredKey, (i64, i64)>>,
    expired_dojo_credits: HashMap<ProfessionalIndex, HashMap<ExpiredKey, (i64, i64)>>,
}

fn change<K: std::hash::Hash + Eq>(nets: &mut HashMap<K, (i64, i64)>, key: K, by: (i64, i64)) {
    match nets.entry(key) {
        Entry::Vacant(vacant) => {
            if by != (0, 0) {
                vacant.insert(by);
            }
        }
        Entry::Occupied(mut occupied) => {
            let net = occupied.get_mut();
            *net = (net.0 + by.0, net.1 + by.1);
            if *net == (0, 0) {
                occupied.remove();
            }
        }
    }
}

impl Differences {
    /// Adds what the last step of a replay gave, or with a negative sign takes it away.
    pub(in crate::service::verify) fn add(&mut self, replay: &Replay<'_>, sign: i64) {
        for award in &replay.awards.credits {
            if let Reason::Expiry { earned_on } = award.reason {
                let nets = self.expired_credits.entry(award.partner).or_default();
                change(nets, (earned_on, award.effective_on), (-sign * award.spendable_credits, 0));
                continue;
            }
            let window = award.count.map(|count| (count.kind, count.window_start));
            let key = (award.effective_on, award.track, window, Cause::of(replay, award.object));
            let by = (sign * award.level_credits, sign * award.spendable_credits);
            change(self.credits.entry(award.partner).or_default(), key, by);
        }
        for award in &replay.awards.points {
            if let Reason::Expiry { earned_on } = award.reason {
                let nets = self.expired_dojo_credits.entry(award.professional).or_default();
                change(nets, (earned_on, award.effective_on), (-sign * award.dojo_credits, 0));
                continue;
            }
            let window = award.count.map(|count| (count.kind, count.window_start));
            let key = (award.effective_on, window, Cause::of(replay, award.object));
            let by = (sign * award.points, sign * award.dojo_credits);
            change(self.points.entry(award.professional).or_default(), key, by);
        }
    }

    fn credits_of(&self, who: PartnerIndex) -> Vec<CreditsNet<Cause>> {
        let nets = self.credits.get(&who).into_iter().flatten();
        nets.map(|(&(effective_on, track, window, object), &(level, spendable))| CreditsNet {
            object,
            effective_on,
            track,
            window,
            level,
            spendable,
        })
        .collect()
    }

    fn points_of(&self, who: ProfessionalIndex) -> Vec<PointsNet<Cause>> {
        let nets = self.points.get(&who).into_iter().flatten();
        nets.map(|(&(effective_on, window, object), &(points, dojo_credits))| PointsNet {
            object,
            effective_on,
            window,
            points,
            dojo_credits,
        })
        .collect()
    }
}

/// In the order of days.
fn expired(nets: Option<&HashMap<ExpiredKey, (i64, i64)>>) -> Vec<Expired> {
    let nets = nets.into_iter().flatten();
    let mut nets: Vec<Expired> =
        nets.map(|(&(earned_on, on), &(credits, _))| Expired { earned_on, on, credits }).collect();
    nets.sort_by_key(|one| (one.earned_on, one.on));
    nets
}

fn sorted(tallies: impl Iterator<Item = (TallyKey, Tally)>) -> Vec<(TallyKey, Tally)> {
    let mut tallies: Vec<(TallyKey, Tally)> = tallies.collect();
    tallies.sort_unstable_by_key(|(key, _)| *key);
    tallies
}

impl<'a> Replay<'a> {
    /// Judges the next steps by another policy, whose kinds have the same numbers.
    pub(in crate::service::verify) fn use_policy(&mut self, policy: &'a Policy) {
        self.policy = policy;
        self.fold.use_editions(&policy.editions);
        self.accounts.use_editions(&policy.editions);
    }

    /// Counts a step that changes nothing of this replay.
    pub(in crate::service::verify) fn skip(&mut self, logged: &LoggedStep) {
        self.report.steps += 1;
        self.seq = logged.seq;
        self.awards.clear();
    }

    /// Keeps the entries of the partners that are part of a merge, for the merge.
    pub(in crate::service::verify) fn keep_entries_of_merges(&mut self) {
        for index in 0..self.partners.len() {
            let Some(into) = self.partners[index].stored_merged_into else { continue };
            let into = self.partner_indexes.get(&into).copied();
            let from = self.partner_indexes.get(&self.partners[index].id).copied();
            for who in into.into_iter().chain(from) {
                self.kept.entry(who).or_default();
            }
        }
    }

    /// What makes a partner of this replay what it is in the other one, in no order.
    pub(in crate::service::verify) fn partner_change(
        &self,
        who: PartnerIndex,
        (other, differences): (&Replay<'_>, &Differences),
    ) -> Change {
        let tallies = sorted(other.fold.partner_tallies(who));
        RecalculatedSubject {
            credits: differences.credits_of(who),
            points: Vec::new(),
            expired: expired(differences.expired_credits.get(&who)),
            has_other_tallies: tallies != sorted(self.fold.partner_tallies(who)),
            tallies,
        }
    }

    /// What makes a professional of this replay what the person is in the other one, in no order.
    pub(in crate::service::verify) fn professional_change(
        &self,
        who: ProfessionalIndex,
        (other, differences): (&Replay<'_>, &Differences),
    ) -> Change {
        let tallies = sorted(other.fold.professional_tallies(who));
        RecalculatedSubject {
            credits: Vec::new(),
            points: differences.points_of(who),
            expired: expired(differences.expired_dojo_credits.get(&who)),
            has_other_tallies: tallies != sorted(self.fold.professional_tallies(who)),
            tallies,
        }
    }

    /// A change with its differences in the order of the entries.
    fn ordered(&self, change: Change) -> Change {
        change.with_objects(self.policy, Some, Cause::id)
    }

    /// Makes the subject of a step what it is in the other replay.
    pub(in crate::service::verify) fn recalculate(
        &mut self,
        logged: &LoggedStep,
        (other, differences): (&Replay<'_>, &mut Differences),
        expected: &mut Expected,
    ) {
        self.skip(logged);
        // Without the mark, only what was taken back after it had expired came back.
        let is_whole = has_expiry(logged.data.as_deref());
        if let Some(who) = logged.partner_id.and_then(|id| self.partner_indexes.get(&id).copied()) {
            let change = self.ordered(self.partner_change(who, (other, differences)));
            for net in &change.credits {
                let object = self.number(net.object);
                self.awards.credits.push(net.award(&self.policy.editions, who, object));
            }
            if is_whole {
                let object = self.add(Object::Partner(self.partners[who.0 as usize].id));
                self.awards.credits.extend(Accounts::of_partner(who, object, &change.expired));
                differences.expired_credits.remove(&who);
            }
            self.fold.adopt_partner(who, &change.tallies, other.fold.partner_credits(who));
            differences.credits.remove(&who);
        } else if let Some(who) =
            logged.professional_id.and_then(|id| self.professional_indexes.get(&id).copied())
        {
            let change = self.ordered(self.professional_change(who, (other, differences)));
            for net in &change.points {
                let object = self.number(net.object);
                self.awards.points.push(net.award(&self.policy.editions, who, object));
                self.keep_past_award(who, net, object);
            }
            if is_whole {
                let object = self.add(Object::Professional(self.professionals[who.0 as usize].id));
                self.awards.points.extend(Accounts::of_professional(who, object, &change.expired));
                differences.expired_dojo_credits.remove(&who);
            }
            let (points, days) = other.fold.professional_sums(who);
            // Each replay numbers objects itself.
            let days = days.renumbered(|activity| {
                other.objects.get(activity).map_or(activity, |object| self.number(Cause::Object(object)))
            });
            self.fold.adopt_professional(who, &change.tallies, (points, &days));
            differences.points.remove(&who);
        } else {
            let seq = logged.seq;
            self.report.add_difference(|| format!("step {seq} of the log: nobody was recalculated"));
        }
        let objects = &self.objects;
        let following = if is_whole { Following::Nothing } else { Following::Own(Returning::Free) };
        self.accounts.settle(&mut self.awards, following, &|index| objects.key(index));
        self.points_entries(logged, expected);
        self.ledger_entries(logged, expected);
    }

    /// Keeps an award for affiliations that are entered later, as the live path finds it among the entries.
    fn keep_past_award(&mut self, who: ProfessionalIndex, net: &PointsNet<Cause>, object: ObjectIndex) {
        let quantity = match net.object {
            Cause::Recorded(index) => self.objects.quantity(index),
            Cause::Object(Object::Activity(id)) => self.activities.get(&id).map_or(0, |state| state.quantity),
            Cause::Object(_) => return,
        };
        let rule = net.window.and_then(|(kind, _)| self.policy.editions.at(net.effective_on).rule(kind));
        let also = rule.and_then(|rule| rule.counts_as).map(|kind| (kind, quantity));
        let also = also.filter(|_| !self.fold.has_award(who, object));
        let award = PastAward { activity: object, occurred_on: net.effective_on, points: net.points, also };
        self.fold.load_award(who, award);
    }

    /// The number of what something was earned with, the one that it has already if it is one of a fact.
    fn number(&mut self, cause: Cause) -> ObjectIndex {
        let object = match cause {
            Cause::Recorded(index) => return index,
            Cause::Object(object) => object,
        };
        let known = match object {
            Object::Activity(id) => self.activities.get(&id).map(|state| state.number),
            Object::Order(id) => self.commerce.order_number(id),
            Object::Deal(id) => self.commerce.deals.get(&id).map(|(number, _)| *number),
            _ => None,
        };
        known.unwrap_or_else(|| self.add(object))
    }

    /// Whether a partner may not have followed the last recalculation yet.
    pub(in crate::service::verify) fn is_open_partner(&self, id: Uuid) -> bool {
        self.open.is_some_and(|open| open.partners_through.is_none_or(|through| id > through))
    }

    /// Whether a professional may not have followed the last recalculation yet.
    pub(in crate::service::verify) fn is_open_professional(&self, id: Uuid) -> bool {
        self.open.is_some_and(|open| open.professionals_through.is_none_or(|through| id > through))
    }
}
