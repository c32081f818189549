//! Steps of small tables, folded one after the other.

use std::collections::BTreeMap;

use partner_program::program::Editions;
use partner_program::program::Program;
use partner_program::program::fold::{
    Awards, Fact, Fold, ObjectIndex, PartnerIndex, PastFact, ProfessionalIndex, Step, Subject,
};

use super::replay::day;

/// A step of a table: whose, the day or the place of the step that is voided, and the quantity.
pub(super) type Deed<'a> = (u32, &'a str, i64);

/// Facts of a kind by the place of their step, and the changes of a subject's sum by each step.
pub(super) struct Run<'e> {
    editions: &'e Editions,
    pub(super) fold: Fold<'e>,
    program: Program,
    pub(super) facts: Vec<(i64, PastFact)>,
    pub(super) awards: Awards,
    pub(super) changes: Vec<i64>,
}

impl<'e> Run<'e> {
    /// Two subjects without anything; professionals have these days of sign-up.
    pub(super) fn new(editions: &'e Editions, program: Program, signed_up: [&str; 2]) -> Self {
        let mut fold = Fold::new(editions);
        for on in signed_up {
            fold.add_partner(0);
            fold.add_professional(day(on), 0);
        }
        Self { editions, fold, program, facts: Vec::new(), awards: Awards::default(), changes: Vec::new() }
    }

    pub(super) fn apply(&mut self, kind: &str, (who, what, units): Deed<'_>) {
        let kind = self.editions.kind(self.program, kind).expect("a kind");
        let place = u32::try_from(self.facts.len()).expect("a few");
        let subject = match self.program {
            Program::Partner => Subject::Partner(PartnerIndex(who)),
            Program::Professional => Subject::Professional(ProfessionalIndex(who)),
        };
        let (fact, voided) = if let Ok(voided) = what.parse::<usize>() {
            (self.facts[voided].1.fact, true)
        } else {
            let (activity, occurred_on) = (ObjectIndex(place), day(what));
            (Fact { activity, subject, kind, occurred_on, quantity: units.abs(), units }, false)
        };
        self.facts.push((i64::from(place), PastFact { fact, voided }));
        let (credits, points) = (self.awards.credits.len(), self.awards.points.len());
        let step = if voided { Step::Voided(fact) } else { Step::Recorded(fact) };
        self.fold.apply(&step, &mut self.awards).expect("small sums");
        self.changes.push(match self.program {
            Program::Partner => self.awards.credits[credits..].iter().map(|award| award.level_credits).sum(),
            Program::Professional => self.awards.points[points..].iter().map(|award| award.points).sum(),
        });
    }

    /// The points of a day's membership year through it.
    pub(super) fn points_through(&self, who: u32, from: &str, on: &str) -> i64 {
        let own = self.awards.points.iter().filter(|award| award.professional == ProfessionalIndex(who));
        own.filter(|award| day(from) <= award.effective_on && award.effective_on <= day(on))
            .map(|award| award.points)
            .sum()
    }
}

/// What activities come to for a professional.
pub(super) fn nets(awards: &Awards, who: ProfessionalIndex) -> BTreeMap<u32, i64> {
    let mut nets = BTreeMap::new();
    for award in awards.points.iter().filter(|award| award.professional == who) {
        *nets.entry(award.object.0).or_default() += award.points;
    }
    nets.retain(|_, points| *points != 0);
    nets
}
