//! What an activity of a professional awards, and what others give back that took of it.

use super::{
    Awards, Cause, Count, Fact, Fold, PastAward, PointsAward, ProfessionalIndex, Reason, TakenPoints,
    dojo_credits_of, earn, professional_window,
};
use crate::program::calendar::membership_year;
use crate::program::rule::Rule;

impl<'e> Fold<'e> {
    pub(super) fn award_points(
        &mut self,
        who: ProfessionalIndex,
        rule: &'e Rule,
        edition_index: usize,
        fact: &Fact,
        sign: i64,
        out: &mut Awards,
    ) {
        let date = fact.occurred_on;
        let state = &mut self.professionals[who.0 as usize];
        let window_start = professional_window(rule, state.signed_up_on, date);
        let units = sign * fact.units;
        let (mut earned, changed) = earn(self.editions, rule, &mut state.tallies, window_start, units, date);
        let mut given = Vec::new();
        if self.can_take {
            let year = membership_year(state.signed_up_on, date);
            match (fact.units < 0, sign > 0) {
                (true, true) => {
                    let (activity, kind) = (fact.activity, fact.kind);
                    let wanted = TakenPoints { activity, kind, on: date, points: fact.units };
                    earned.award = state.days.take(&year, wanted);
                }
                (true, false) => earned.award = state.days.untake(fact.activity),
                (false, _) => {
                    state.days.add(earned.effective_on, earned.award);
                    if earned.award < 0 {
                        given = state.days.give_back(&year, earned.effective_on);
                    }
                }
            }
        }
        // What takes points of days has no part in what its window was given.
        let counted = changed.filter(|_| fact.units >= 0);
        let dojo_credits = dojo_credits_of(self.editions, &mut state.tallies, counted, (earned.award, date));
        out.professional_tallies.extend(changed.map(|key| (who, key)));
        let also = rule.counts_as.map(|kind| (kind, sign * fact.quantity));
        if earned.is_nothing() && also.is_none() {
            return;
        }
        state.points += earned.award;
        let award = PastAward { activity: fact.activity, occurred_on: date, points: earned.award, also };
        state.keep(award, &mut self.awards);
        out.points.push(PointsAward {
            professional: who,
            object: fact.activity,
            effective_on: earned.effective_on,
            points: earned.award,
            dojo_credits,
            reason: if sign < 0 { Reason::Void } else { Reason::Activity },
            count: Some(earned.count(rule, edition_index, window_start)),
        });
        if let Some(partner) = self.partner_on(who, date) {
            let reason = if sign < 0 { Reason::Void } else { Reason::Activity };
            let cause = Cause { object: fact.activity, date, reason };
            self.credit_award(partner, earned.award, also, cause, out);
        }
        for taken in given {
            self.give_back(who, taken, out);
        }
    }

    /// Posts what an activity gives back that took points which were voided since.
    fn give_back(&mut self, who: ProfessionalIndex, given: TakenPoints, out: &mut Awards) {
        let TakenPoints { activity, kind, on, points } = given;
        let edition = self.editions.index_at(on);
        let state = &mut self.professionals[who.0 as usize];
        state.points += points;
        let award = PastAward { activity, occurred_on: on, points, also: None };
        state.keep(award, &mut self.awards);
        out.points.push(PointsAward {
            professional: who,
            object: activity,
            effective_on: on,
            points,
            dojo_credits: points * self.edition(edition).dojo_credits_per_point,
            reason: Reason::Void,
            count: Some(Count { kind, edition, window_start: on, units_before: 0, units_after: points }),
        });
        if let Some(partner) = self.partner_on(who, on) {
            let cause = Cause { object: activity, date: on, reason: Reason::Void };
            self.credit_award(partner, points, None, cause, out);
        }
    }
}

#[cfg(test)]
mod tests;
