//! Merges: what was recorded of one subject becomes the other's, as if it had been so from the start (E4).
//!
//! Everything that the merged subject was awarded is taken back from it, and the remaining one is given what the facts of
//! both come to together: windows and caps are counted over all of them, in the order of the log.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::recalculation::{Folded, Net, differences};
use super::state::{Affiliations, Tallies};
use super::{
    Affiliation, Awards, Cause, Count, DayPoints, Fold, LimitExceeded, ObjectIndex, PartnerIndex, PastAward,
    PastFact, PointsAward, ProfessionalIndex, Reason, SUM_MAX, Subject,
};
use crate::program::rule::KindId;

/// Days in which a professional works for a partner, with what identifies them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AffiliationSpan<K, P> {
    /// The caller's key of it.
    pub key: K,
    /// The partner.
    pub partner: P,
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day, if it has one.
    pub ends_on: Option<NaiveDate>,
}

impl<K, P> AffiliationSpan<K, P> {
    fn meets(&self, other: &Self) -> bool {
        let begins_before_end =
            |one: &Self, other: &Self| other.ends_on.is_none_or(|end| one.starts_on <= end);
        begins_before_end(self, other) && begins_before_end(other, self)
    }
}

/// The first two that have a day in common and are with different partners.
#[must_use]
pub fn conflicting_spans<K: Copy, P: Copy + PartialEq>(
    spans: &[AffiliationSpan<K, P>],
) -> Option<(AffiliationSpan<K, P>, AffiliationSpan<K, P>)> {
    let pairs =
        spans.iter().enumerate().flat_map(|(at, one)| spans[at + 1..].iter().map(move |other| (one, other)));
    let mut pairs = pairs.filter(|(one, other)| one.partner != other.partner && one.meets(other));
    pairs.next().map(|(one, other)| (*one, *other))
}

/// Joins those that have a day in common and are with one partner: the one that starts first lasts until the end of both,
/// and the other one is dropped. Each is returned with whether it remains, in the order of the first days.
#[must_use]
pub fn join_spans<K: Copy, P: Copy + PartialEq>(
    mut spans: Vec<AffiliationSpan<K, P>>,
) -> Vec<(AffiliationSpan<K, P>, bool)> {
    spans.sort_by_key(|one| one.starts_on);
    let mut joined: Vec<(AffiliationSpan<K, P>, bool)> = Vec::with_capacity(spans.len());
    let mut last: Option<usize> = None;
    for one in spans {
        let before = last.map(|place| &mut joined[place].0);
        let met = before.filter(|before| before.partner == one.partner && before.meets(&one));
        if let Some(before) = met {
            before.ends_on = before.ends_on.zip(one.ends_on).map(|(end, other)| end.max(other));
            joined.push((one, false));
        } else {
            last = Some(joined.len());
            joined.push((one, true));
        }
    }
    joined
}

/// Dojo Credits that an order spent, or returned if positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpentCredits {
    /// The caller's number for the order.
    pub order: ObjectIndex,
    /// When.
    pub on: NaiveDate,
    /// Dojo Credits: negative if they were spent.
    pub credits: i64,
}

/// A merge of two professionals.
#[derive(Clone, Copy, Debug)]
pub struct ProfessionalMerge<'h> {
    /// The one whose facts become the other's.
    pub from: ProfessionalIndex,
    /// The one that remains.
    pub into: ProfessionalIndex,
    /// Every fact of both so far that counted, in the order of the log.
    pub facts: &'h [PastFact],
    /// What the merged one spent in the swag shop, and got back.
    pub spent: &'h [SpentCredits],
}

/// Units of a partner that an activity of a professional counts for, or no longer does.
#[derive(Clone, Copy)]
struct Moved {
    partner: PartnerIndex,
    activity: ObjectIndex,
    on: NaiveDate,
    points: i64,
    also: Option<(KindId, i64)>,
}

impl Fold<'_> {
    /// Merges a professional into another one.
    ///
    /// # Errors
    /// When sums would leave the range of the API; the fold is then of no further use.
    pub fn merge_professionals(
        &mut self,
        merge: &ProfessionalMerge<'_>,
        out: &mut Awards,
    ) -> Result<(), LimitExceeded> {
        let ProfessionalMerge { from, into, facts, spent } = *merge;
        let own = |who| {
            let of = facts.iter().filter(move |past| past.fact.subject == Subject::Professional(who));
            of.copied().collect::<Vec<PastFact>>()
        };
        let signed_up_on = |who: ProfessionalIndex| self.professionals[who.0 as usize].signed_up_on;
        let [left, kept] = [from, into].map(|who| self.folded(signed_up_on(who), &own(who)));
        let after = self.folded(signed_up_on(into), facts);
        let mut moved = MovedUnits::default();
        moved.add(&left, |day| self.partner_on(from, day), -1);
        moved.add(&kept, |day| self.partner_on(into, day), -1);
        self.join_affiliations(from, into);
        moved.add(&after, |day| self.partner_on(into, day), 1);
        for who in [from, into] {
            out.sign_ups.push((who, self.professionals[who.0 as usize].signed_up_on));
        }
        for net in left.nets.iter().filter(|net| (net.points, net.dojo_credits) != (0, 0)) {
            self.award_net(from, &taken_back(net), None, out);
        }
        self.professional(from).last_award = None;
        let known: HashSet<ObjectIndex> = kept.nets.iter().map(|net| net.activity).collect();
        for net in changes(&kept, &after, &known) {
            // What was not this professional's before comes with the units that it also counts for.
            let also = net.also.filter(|(_, units)| *units != 0 && !known.contains(&net.activity));
            self.award_net(into, &net, also, out);
        }
        for one in spent {
            out.points.push(spent_award(from, one, -1));
            out.points.push(spent_award(into, one, 1));
        }
        out.professional_tallies.extend(after.keys.iter().map(|key| (into, *key)));
        self.professional(from).tallies = Tallies::default();
        self.professional(into).tallies = after.tallies;
        self.professional(from).days = DayPoints::default();
        self.professional(into).days = after.days;
        self.credit_moved(moved, out);
        let points = self.professionals[into.0 as usize].points;
        let credits = self.partners.iter().map(|partner| partner.credits);
        if credits.chain([points]).any(|sum| sum > SUM_MAX) { Err(LimitExceeded::Awards) } else { Ok(()) }
    }

    fn join_affiliations(&mut self, from: ProfessionalIndex, into: ProfessionalIndex) {
        let left = std::mem::take(&mut self.professional(from).affiliations);
        let kept = std::mem::take(&mut self.professional(into).affiliations);
        let span = |one: &Affiliation| AffiliationSpan {
            key: (),
            partner: one.partner,
            starts_on: one.starts_on,
            ends_on: one.ends_on,
        };
        let joined = join_spans(kept.all().chain(left.all()).map(span).collect());
        let mut affiliations = Affiliations::default();
        for (one, _) in joined.into_iter().filter(|(_, remains)| *remains) {
            let AffiliationSpan { partner, starts_on, ends_on, .. } = one;
            affiliations.push(Affiliation { partner, starts_on, ends_on });
        }
        self.professional(into).affiliations = affiliations;
    }

    fn award_net(
        &mut self,
        who: ProfessionalIndex,
        net: &Net,
        also: Option<(KindId, i64)>,
        out: &mut Awards,
    ) {
        let state = &mut self.professionals[who.0 as usize];
        state.points += net.points;
        let award =
            PastAward { activity: net.activity, occurred_on: net.occurred_on, points: net.points, also };
        state.keep(award, &mut self.awards);
        out.points.push(PointsAward {
            professional: who,
            object: net.activity,
            effective_on: net.effective_on,
            points: net.points,
            dojo_credits: net.dojo_credits,
            reason: Reason::Recalculation,
            count: Some(net.count),
        });
    }

    /// Takes units back from partners, and then gives others, each oldest first.
    fn credit_moved(&mut self, moved: MovedUnits, out: &mut Awards) {
        let units = |one: &Moved| (one.points, one.also.map_or(0, |(_, units)| units));
        let mut moved = moved.units;
        moved.retain(|one| units(one) != (0, 0));
        moved.sort_by_key(|one| (units(one) > (0, 0), one.on));
        for one in moved {
            let cause = Cause { object: one.activity, date: one.on, reason: Reason::Recalculation };
            let also = one.also.filter(|(_, units)| *units != 0);
            self.credit_award(one.partner, one.points, also, cause, out);
        }
    }
}

/// What the nets after are beside those before, with those that only bring units of another rule.
fn changes(before: &Folded, after: &Folded, known: &HashSet<ObjectIndex>) -> Vec<Net> {
    let mut changes = differences(before, after);
    let only_also = after.nets.iter().filter(|net| {
        (net.points, net.dojo_credits) == (0, 0)
            && net.also.is_some_and(|(_, units)| units != 0)
            && !known.contains(&net.activity)
    });
    changes.extend(only_also);
    changes
}

/// What takes a net back: its units count no longer.
fn taken_back(net: &Net) -> Net {
    let count = Count { units_after: net.count.units_before, ..net.count };
    Net { points: -net.points, dojo_credits: -net.dojo_credits, count, ..*net }
}

fn spent_award(who: ProfessionalIndex, spent: &SpentCredits, sign: i64) -> PointsAward {
    PointsAward {
        professional: who,
        object: spent.order,
        effective_on: spent.on,
        points: 0,
        dojo_credits: sign * spent.credits,
        reason: Reason::Recalculation,
        count: None,
    }
}

/// Units by partner, activity and day.
#[derive(Default)]
struct MovedUnits {
    units: Vec<Moved>,
    places: HashMap<(PartnerIndex, ObjectIndex, NaiveDate), usize>,
}

impl MovedUnits {
    fn add(&mut self, folded: &Folded, partner_on: impl Fn(NaiveDate) -> Option<PartnerIndex>, sign: i64) {
        for net in &folded.nets {
            let Some(partner) = partner_on(net.occurred_on) else { continue };
            let (activity, on) = (net.activity, net.occurred_on);
            let place = *self.places.entry((partner, activity, on)).or_insert_with(|| {
                self.units.push(Moved { partner, activity, on, points: 0, also: None });
                self.units.len() - 1
            });
            let one = &mut self.units[place];
            one.points += sign * net.points;
            let before = one.also.map_or(0, |(_, units)| units);
            one.also = net.also.map(|(kind, units)| (kind, before + sign * units)).or(one.also);
        }
    }
}
