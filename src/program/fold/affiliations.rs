//! What an affiliation credits its partner with, and what happens when it turns out to be another one
//! (A1 to A3).

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{
    Affiliation, Awards, Cause, Fold, LimitExceeded, ObjectIndex, PartnerIndex, PastAward, ProfessionalIndex,
    Reason, SUM_MAX,
};
use crate::program::rule::Rule;

impl Fold<'_> {
    pub(super) fn check_limit_for_past(
        &self,
        who: ProfessionalIndex,
        affiliation: Affiliation,
    ) -> Result<(), LimitExceeded> {
        let past = self.awards.latest_first(self.professionals[who.0 as usize].last_award);
        let covered = past.filter(|award| affiliation.covers(award.occurred_on));
        let most = covered.fold(self.partners[affiliation.partner.0 as usize].credits, |sum, award| {
            let edition = self.editions.at(award.occurred_on);
            let day = award.occurred_on;
            let most = |rule: &Rule, units: i64| self.most(affiliation.partner, rule, units, day);
            let also = award.also.and_then(|(kind, units)| Some(most(edition.rule_on(kind, day)?, units)));
            let derived = edition.points_rule_on(day).map_or(0, |rule| most(rule, award.points));
            sum.saturating_add(derived).saturating_add(also.unwrap_or(0))
        });
        if most > SUM_MAX { Err(LimitExceeded::Awards) } else { Ok(()) }
    }

    /// Points that were taken are given back with an affiliation that no longer credits them.
    pub(super) fn check_limit_for_taken(
        &self,
        who: ProfessionalIndex,
        starts_on: NaiveDate,
    ) -> Result<(), LimitExceeded> {
        let state = &self.professionals[who.0 as usize];
        let Some(before) = state.affiliations.all().find(|one| one.starts_on == starts_on) else {
            return Ok(());
        };
        let past = self.awards.latest_first(state.last_award);
        let taken = past.filter(|award| award.points < 0 && before.covers(award.occurred_on));
        let most = taken.fold(self.partners[before.partner.0 as usize].credits, |sum, award| {
            let day = award.occurred_on;
            let rule = self.editions.at(day).points_rule_on(day);
            sum.saturating_add(rule.map_or(0, |rule| self.most(before.partner, rule, -award.points, day)))
        });
        if most > SUM_MAX { Err(LimitExceeded::Awards) } else { Ok(()) }
    }

    pub(super) fn affiliate(&mut self, who: ProfessionalIndex, affiliation: Affiliation, out: &mut Awards) {
        let state = &mut self.professionals[who.0 as usize];
        state.affiliations.push(affiliation);
        let past = self.awards.latest_first(state.last_award);
        let covered = past.filter(|award| affiliation.covers(award.occurred_on));
        let mut covered: Vec<PastAward> = covered.collect();
        covered.reverse();
        covered.sort_by_key(|award| award.occurred_on);
        for award in covered {
            let cause =
                Cause { object: award.activity, date: award.occurred_on, reason: Reason::Affiliation };
            self.credit_award(affiliation.partner, award.points, award.also, cause, out);
        }
    }

    /// Sets the last day of the affiliation that started on a day.
    pub(super) fn end_affiliation(
        &mut self,
        who: ProfessionalIndex,
        starts_on: NaiveDate,
        ends_on: NaiveDate,
        out: &mut Awards,
    ) {
        let Some(found) = self.professional(who).affiliations.started_on(starts_on) else { return };
        let before = *found;
        found.ends_on = Some(ends_on);
        let after = *found;
        self.credit_difference(who, before, Some(after), out);
    }

    /// Puts another affiliation, or none, in the place of the one that started on a day.
    pub(super) fn replace_affiliation(
        &mut self,
        who: ProfessionalIndex,
        starts_on: NaiveDate,
        after: Option<Affiliation>,
        out: &mut Awards,
    ) {
        let Some(before) = self.professional(who).affiliations.take(starts_on) else { return };
        if let Some(after) = after {
            self.professional(who).affiliations.push(after);
        }
        self.credit_difference(who, before, after, out);
    }

    /// Takes back what an affiliation credited and no longer does, and credits what it does now, each oldest
    /// first. What it credited before and still does stays untouched.
    fn credit_difference(
        &mut self,
        who: ProfessionalIndex,
        before: Affiliation,
        after: Option<Affiliation>,
        out: &mut Awards,
    ) {
        let credits =
            |one: &Affiliation, partner: PartnerIndex, day| one.partner == partner && one.covers(day);
        let standing = self.standing_awards(who);
        for award in &standing {
            let day = award.occurred_on;
            let stays = after.is_some_and(|after| credits(&after, before.partner, day));
            if before.covers(day) && !stays {
                self.correct(before.partner, award, -1, out);
            }
        }
        let Some(after) = after else { return };
        for award in &standing {
            let day = award.occurred_on;
            if after.covers(day) && !credits(&before, after.partner, day) {
                self.correct(after.partner, award, 1, out);
            }
        }
    }

    fn correct(&mut self, partner: PartnerIndex, award: &PastAward, sign: i64, out: &mut Awards) {
        let also = award.also.map(|(kind, units)| (kind, sign * units));
        let cause = Cause { object: award.activity, date: award.occurred_on, reason: Reason::Correction };
        self.credit_award(partner, sign * award.points, also, cause, out);
    }

    /// What each activity of a professional comes to with its reversals, oldest first; those that come to
    /// nothing are left out.
    fn standing_awards(&self, who: ProfessionalIndex) -> Vec<PastAward> {
        let past = self.awards.latest_first(self.professionals[who.0 as usize].last_award);
        let mut past: Vec<PastAward> = past.collect();
        past.reverse();
        let mut places: HashMap<(ObjectIndex, NaiveDate), usize> = HashMap::new();
        let mut standing: Vec<PastAward> = Vec::new();
        for award in past {
            match places.get(&(award.activity, award.occurred_on)) {
                None => {
                    places.insert((award.activity, award.occurred_on), standing.len());
                    standing.push(award);
                }
                Some(&place) => {
                    let one = &mut standing[place];
                    one.points += award.points;
                    one.also = match (one.also, award.also) {
                        (Some((kind, units)), Some((_, more))) => Some((kind, units + more)),
                        (one, more) => one.or(more),
                    };
                }
            }
        }
        standing.retain(|one| one.points != 0 || one.also.is_some_and(|(_, units)| units != 0));
        standing.sort_by_key(|award| award.occurred_on);
        standing
    }
}

#[cfg(test)]
mod tests;
