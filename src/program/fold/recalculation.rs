//! Recalculation: of a professional, the same facts in other windows (E4), or of a subject, the state of another fold.
//!
//! Membership years run from the day of sign-up, so another day moves the windows of caps. The facts are folded once
//! with the windows as they were and once as they are now; where an activity's award differs, an entry of the
//! award's own date compensates, and the partner of that day gets what follows from it (A1).

use std::collections::HashMap;

use chrono::NaiveDate;

use super::state::Tallies;
use super::{
    Awards, Cause, DayPoints, Fold, LimitExceeded, SUM_MAX, TakenPoints, dojo_credits_of, earn,
    professional_window,
};
use super::{
    Count, Fact, KindId, ObjectIndex, PartnerIndex, PastAward, PointsAward, ProfessionalIndex, Reason, Tally,
    TallyKey,
};
use crate::program::calendar::membership_year;

/// A fact of a professional's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastFact {
    /// What was recorded.
    pub fact: Fact,
    /// Whether this is its voiding.
    pub voided: bool,
}

/// What the entries of one activity and day come to.
#[derive(Clone, Copy)]
pub(super) struct Net {
    pub(super) activity: ObjectIndex,
    pub(super) occurred_on: NaiveDate,
    pub(super) effective_on: NaiveDate,
    pub(super) points: i64,
    pub(super) dojo_credits: i64,
    /// Partner rule that it also counts for, and the units.
    pub(super) also: Option<(KindId, i64)>,
    pub(super) count: Count,
}

/// A professional's facts folded by themselves.
pub(super) struct Folded {
    pub(super) tallies: Tallies,
    pub(super) keys: Vec<TallyKey>,
    pub(super) nets: Vec<Net>,
    pub(super) days: DayPoints,
    places: HashMap<(ObjectIndex, NaiveDate), usize>,
}

impl Fold<'_> {
    /// Gives a partner the tallies that it has in another fold, and the sum of its level credits.
    pub fn adopt_partner(&mut self, who: PartnerIndex, tallies: &[(TallyKey, Tally)], credits: i64) {
        let state = self.partner(who);
        state.tallies = Tallies::default();
        for (key, tally) in tallies {
            state.tallies.insert(*key, *tally);
        }
        state.credits = credits;
    }

    /// Gives a professional the tallies that the person has in another fold, and the sums of points; the activities of
    /// these have the numbers of this fold.
    pub fn adopt_professional(
        &mut self,
        who: ProfessionalIndex,
        tallies: &[(TallyKey, Tally)],
        (points, days): (i64, &DayPoints),
    ) {
        let state = self.professional(who);
        state.tallies = Tallies::default();
        for (key, tally) in tallies {
            state.tallies.insert(*key, *tally);
        }
        state.points = points;
        state.days = days.clone();
    }

    /// The sums of a professional: of all points, and of days where some kind takes points.
    #[must_use]
    pub fn professional_sums(&self, who: ProfessionalIndex) -> (i64, DayPoints) {
        let state = self.professionals.get(who.0 as usize);
        state.map_or_else(Default::default, |state| (state.points, state.days.clone()))
    }

    /// The sum of a partner's level credits.
    #[must_use]
    pub fn partner_credits(&self, who: PartnerIndex) -> i64 {
        self.partners.get(who.0 as usize).map_or(0, |state| state.credits)
    }

    /// Whether a professional has an award of an activity, even one of nothing.
    #[must_use]
    pub fn has_award(&self, who: ProfessionalIndex, activity: ObjectIndex) -> bool {
        let last = self.professionals.get(who.0 as usize).and_then(|state| state.last_award);
        self.awards.latest_first(last).any(|award| award.activity == activity)
    }

    /// Changes a professional's day of sign-up: membership years, and with them windows, run from the new day.
    /// `history` has every fact of the professional so far that counted, in the order of the log.
    ///
    /// # Errors
    /// When sums would leave the range of the API; then nothing has changed.
    pub fn change_sign_up(
        &mut self,
        who: ProfessionalIndex,
        signed_up_on: NaiveDate,
        history: &[PastFact],
        out: &mut Awards,
    ) -> Result<(), LimitExceeded> {
        let before = self.folded(self.professionals[who.0 as usize].signed_up_on, history);
        let after = self.folded(signed_up_on, history);
        let changes = differences(&before, &after);
        self.check_changes(who, &changes)?;
        for (_, key) in after.keys.iter().map(|key| (who, *key)) {
            out.professional_tallies.push((who, key));
        }
        out.sign_ups.push((who, signed_up_on));
        let state = self.professional(who);
        (state.signed_up_on, state.tallies, state.days) = (signed_up_on, after.tallies, after.days);
        self.compensate(who, &changes, out);
        Ok(())
    }

    /// Folds facts of one professional as if they were the first.
    pub(super) fn folded(&self, signed_up_on: NaiveDate, history: &[PastFact]) -> Folded {
        let mut folded = Folded {
            tallies: Tallies::default(),
            keys: Vec::new(),
            nets: Vec::new(),
            days: DayPoints::default(),
            places: HashMap::new(),
        };
        for PastFact { fact, voided } in history {
            let edition_index = self.editions.index_at(fact.occurred_on);
            let edition = self.edition(edition_index);
            let Some(rule) = edition.rule_on(fact.kind, fact.occurred_on) else { continue };
            let window_start = professional_window(rule, signed_up_on, fact.occurred_on);
            let units = if *voided { -fact.units } else { fact.units };
            let date = fact.occurred_on;
            let (mut earned, changed) =
                earn(self.editions, rule, &mut folded.tallies, window_start, units, date);
            folded.keys.extend(changed);
            let count = earned.count(rule, edition_index, window_start);
            let mut given = Vec::new();
            if self.can_take {
                let year = membership_year(signed_up_on, date);
                match (fact.units < 0, *voided) {
                    (true, false) => {
                        let (activity, kind) = (fact.activity, fact.kind);
                        let wanted = TakenPoints { activity, kind, on: date, points: fact.units };
                        earned.award = folded.days.take(&year, wanted);
                    }
                    (true, true) => earned.award = folded.days.untake(fact.activity),
                    (false, _) => {
                        folded.days.add(earned.effective_on, earned.award);
                        if earned.award < 0 {
                            given = folded.days.give_back(&year, earned.effective_on);
                        }
                    }
                }
            }
            let counted = changed.filter(|_| fact.units >= 0);
            let dojo_credits =
                dojo_credits_of(self.editions, &mut folded.tallies, counted, (earned.award, date));
            let net = folded.net(fact, earned.effective_on, count);
            net.points += earned.award;
            net.dojo_credits += dojo_credits;
            let quantity = if *voided { -fact.quantity } else { fact.quantity };
            let before = net.also.map_or(0, |(_, units)| units);
            net.also = rule.counts_as.map(|kind| (kind, before + quantity));
            for TakenPoints { activity, on, points, .. } in given {
                // What it took is a net already.
                let Some(place) = folded.places.get(&(activity, on)).copied() else { continue };
                let rate = self.editions.at(on).dojo_credits_per_point;
                folded.nets[place].points += points;
                folded.nets[place].dojo_credits += points * rate;
            }
        }
        folded
    }

    fn check_changes(&self, who: ProfessionalIndex, changes: &[Net]) -> Result<(), LimitExceeded> {
        let rises = changes.iter().filter(|change| change.points > 0);
        let most = rises.clone().fold(self.professionals[who.0 as usize].points, |sum, change| {
            sum.saturating_add(change.points.max(change.dojo_credits))
        });
        if most > SUM_MAX {
            return Err(LimitExceeded::Awards);
        }
        let mut partners: HashMap<PartnerIndex, i64> = HashMap::new();
        for change in rises {
            let Some(partner) = self.partner_on(who, change.occurred_on) else { continue };
            let day = change.occurred_on;
            let rule = self.editions.at(day).points_rule_on(day);
            let most = rule.map_or(0, |rule| self.most(partner, rule, change.points, day));
            let sum = partners.entry(partner).or_insert(self.partners[partner.0 as usize].credits);
            *sum = sum.saturating_add(most);
        }
        if partners.values().any(|sum| *sum > SUM_MAX) { Err(LimitExceeded::Awards) } else { Ok(()) }
    }

    fn compensate(&mut self, who: ProfessionalIndex, changes: &[Net], out: &mut Awards) {
        for change in changes {
            let state = &mut self.professionals[who.0 as usize];
            state.points += change.points;
            let award = PastAward {
                activity: change.activity,
                occurred_on: change.occurred_on,
                points: change.points,
                also: None,
            };
            state.keep(award, &mut self.awards);
            out.points.push(PointsAward {
                professional: who,
                object: change.activity,
                effective_on: change.effective_on,
                points: change.points,
                dojo_credits: change.dojo_credits,
                reason: Reason::Recalculation,
                count: Some(change.count),
            });
            if let Some(partner) = self.partner_on(who, change.occurred_on) {
                let (object, date) = (change.activity, change.occurred_on);
                let cause = Cause { object, date, reason: Reason::Recalculation };
                self.credit_award(partner, change.points, None, cause, out);
            }
        }
    }
}

impl Folded {
    /// What an activity comes to on a day; its count is that of the first entry.
    fn net(&mut self, fact: &Fact, effective_on: NaiveDate, count: Count) -> &mut Net {
        let place = *self.places.entry((fact.activity, effective_on)).or_insert_with(|| {
            self.nets.push(Net {
                activity: fact.activity,
                occurred_on: fact.occurred_on,
                effective_on,
                points: 0,
                dojo_credits: 0,
                also: None,
                count,
            });
            self.nets.len() - 1
        });
        &mut self.nets[place]
    }

    pub(super) fn find(&self, net: &Net) -> Option<&Net> {
        self.places.get(&(net.activity, net.effective_on)).map(|place| &self.nets[*place])
    }
}

/// What makes the nets before those after, in the order in which the activities were recorded.
pub(super) fn differences(before: &Folded, after: &Folded) -> Vec<Net> {
    let gone = before.nets.iter().filter(|net| after.find(net).is_none());
    let gone = gone.map(|net| Net { points: -net.points, dojo_credits: -net.dojo_credits, ..*net });
    let now = after.nets.iter().map(|net| {
        let (points, dojo_credits) = before.find(net).map_or((0, 0), |old| (old.points, old.dojo_credits));
        Net { points: net.points - points, dojo_credits: net.dojo_credits - dojo_credits, ..*net }
    });
    gone.chain(now).filter(|net| (net.points, net.dojo_credits) != (0, 0)).collect()
}

#[cfg(test)]
mod adopted;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::edition::Editions;
    use crate::program::fold::{Affiliation, Step, Subject};
    use crate::program::rule::Program;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// Facts of the only professional, with their units, and then what voids the first of them.
    fn history(editions: &Editions, facts: &[(&str, &str, i64)], void_first: bool) -> Vec<PastFact> {
        let fact = |(number, (kind, on, units)): (usize, &(&str, &str, i64))| Fact {
            activity: ObjectIndex(u32::try_from(number).expect("a few")),
            subject: Subject::Professional(ProfessionalIndex(0)),
            kind: editions.kind(Program::Professional, kind).expect("a kind"),
            occurred_on: day(on),
            quantity: 1,
            units: *units,
        };
        let facts: Vec<Fact> = facts.iter().enumerate().map(fact).collect();
        let voided = facts.first().filter(|_| void_first).map(|fact| PastFact { fact: *fact, voided: true });
        facts.iter().map(|fact| PastFact { fact: *fact, voided: false }).chain(voided).collect()
    }

    /// A professional of one partner with this history.
    fn fold<'e>(editions: &'e Editions, signed_up_on: &str, history: &[PastFact]) -> (Fold<'e>, Awards) {
        let mut fold = Fold::new(editions);
        let partner = fold.add_partner(0);
        let who = fold.add_professional(day(signed_up_on), 0);
        let affiliation = Affiliation { partner, starts_on: day("2022-01-01"), ends_on: None };
        let mut awards = Awards::default();
        let mut apply = |step| fold.apply(&step, &mut awards).expect("small sums");
        apply(Step::Affiliated(who, affiliation));
        for PastFact { fact, voided } in history {
            apply(if *voided { Step::Voided(*fact) } else { Step::Recorded(*fact) });
        }
        (fold, awards)
    }

    /// Points by activity and day, and credits by window.
    #[expect(clippy::type_complexity, reason = "rows of a table")]
    fn sums(awards: &Awards) -> (Vec<(u32, NaiveDate, i64, i64)>, Vec<(NaiveDate, i64)>) {
        let mut points: Vec<(u32, NaiveDate, i64, i64)> = Vec::new();
        for award in &awards.points {
            let place = points.iter().position(|one| (one.0, one.1) == (award.object.0, award.effective_on));
            let place = place.unwrap_or_else(|| {
                points.push((award.object.0, award.effective_on, 0, 0));
                points.len() - 1
            });
            points[place].2 += award.points;
            points[place].3 += award.dojo_credits;
        }
        let mut credits: std::collections::BTreeMap<NaiveDate, i64> = std::collections::BTreeMap::new();
        for award in &awards.credits {
            *credits.entry(award.count.expect("units").window_start).or_default() += award.level_credits;
        }
        points.retain(|one| (one.2, one.3) != (0, 0));
        points.sort_unstable();
        (points, credits.into_iter().filter(|(_, sum)| *sum != 0).collect())
    }

    #[test]
    fn e4_a_changed_sign_up_is_as_if_it_had_been_so_from_the_start() {
        let editions = Editions::built_in();
        let headline = |on| ("LINKEDIN_HEADLINE", on, 250);
        let facts = [
            headline("2025-03-01"),
            headline("2025-06-01"),
            ("CERTIFICATION_OBTAINED", "2025-06-02", 700),
            headline("2026-03-15"),
        ];
        // before, after, whether the first is voided, the compensating entries: activity, points
        #[expect(clippy::type_complexity, reason = "rows of a table")]
        let table: [(&str, &str, bool, &[(u32, i64)]); 5] = [
            // The anniversary lies between the last two instead of the first two headlines.
            ("2024-04-12", "2024-01-01", false, &[(1, -250), (3, 250)]),
            ("2024-01-01", "2024-04-12", false, &[(1, 250), (3, -250)]),
            ("2024-04-12", "2024-04-20", false, &[]),
            ("2024-04-12", "2024-01-01", true, &[(0, 250), (1, -250), (3, 250)]),
            // The last two come into one year.
            ("2024-01-01", "2024-05-01", false, &[(1, 250), (3, -250)]),
        ];
        for (before, after, void_first, expected) in table {
            let history = history(&editions, &facts, void_first);
            let (mut moved, mut awards) = fold(&editions, before, &history);
            let earlier = awards.points.len();
            moved
                .change_sign_up(ProfessionalIndex(0), day(after), &history, &mut awards)
                .expect("small sums");
            let entries = &awards.points[earlier..];
            assert!(entries.iter().all(|one| one.reason == Reason::Recalculation));
            let entries: Vec<_> = entries.iter().map(|one| (one.object.0, one.points)).collect();
            assert_eq!(entries, expected, "{before} to {after}");
            let (from_start, of_start) = fold(&editions, after, &history);
            assert_eq!(sums(&awards), sums(&of_start), "{before} to {after}");
            let tallies = |fold: &Fold<'_>| {
                let mut tallies: Vec<_> = fold.professional_tallies(ProfessionalIndex(0)).collect();
                tallies.sort_unstable_by_key(|(key, _)| *key);
                tallies
            };
            assert_eq!(tallies(&moved), tallies(&from_start), "{before} to {after}");
        }
    }
}
