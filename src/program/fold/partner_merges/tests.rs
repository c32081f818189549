use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::program::fold::{
    Affiliation, Contributed, ContributionDays, Fact, PastAward, ProfessionalIndex, Step, Subject,
};
use crate::program::rule::Program;

const KEPT: PartnerIndex = PartnerIndex(0);
const LEFT: PartnerIndex = PartnerIndex(1);
const MERGE: ObjectIndex = ObjectIndex(u32::MAX);
const PEOPLE: u32 = 3;

/// What may happen; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Draw {
    OfPartner { kept: bool, kind: usize, day: u32, units: i64 },
    OfPerson { who: u32, kind: usize, day: u32, points: i64 },
    Voided(usize),
    Affiliated { who: u32, partner: u32, day: u32, ends: bool },
    Corrected { which: usize, partner: u32, day: u32, ends: bool },
    AffiliationVoided(usize),
}

const OF_PARTNERS: [&str; 4] = ["CUSTOMER_MEETING", "LINKEDIN_POST", "CATALOG_DOWNLOADS", "EVENT_ORGANIZED"];
const OF_PEOPLE: [&str; 3] = ["DOCS_LARGE_CONTRIBUTION", "CERTIFICATION_OBTAINED", "FEEDBACK_SUBMITTED"];
const DAYS: u32 = 75;

fn draw() -> impl Strategy<Value = Draw> {
    let (day, ends) = (|| 0..DAYS, any::<bool>);
    prop_oneof![
        3 => (any::<bool>(), 0..OF_PARTNERS.len(), day(), 1..5_i64)
            .prop_map(|(kept, kind, day, units)| Draw::OfPartner { kept, kind, day, units }),
        6 => (0..PEOPLE, 0..OF_PEOPLE.len(), day(), 1..8_i64)
            .prop_map(|(who, kind, day, points)| Draw::OfPerson { who, kind, day, points: points * 100 }),
        2 => any::<usize>().prop_map(Draw::Voided),
        4 => (0..PEOPLE, 0..3_u32, day(), ends())
            .prop_map(|(who, partner, day, ends)| Draw::Affiliated { who, partner, day, ends }),
        2 => (any::<usize>(), 0..3_u32, day(), ends())
            .prop_map(|(which, partner, day, ends)| Draw::Corrected { which, partner, day, ends }),
        1 => any::<usize>().prop_map(Draw::AffiliationVoided),
    ]
}

fn on(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 10).expect("a date") + chrono::Days::new(u64::from(day))
}

fn days(partner: u32, day: u32, ends: bool) -> Affiliation {
    let ends_on = ends.then(|| on(day + 20));
    Affiliation { partner: PartnerIndex(partner), starts_on: on(day), ends_on }
}

fn meet(one: &Affiliation, other: &Affiliation) -> bool {
    let end = |one: &Affiliation| one.ends_on.unwrap_or(NaiveDate::MAX);
    one.starts_on <= end(other) && other.starts_on <= end(one)
}

/// The steps of draws that can happen, each at its place in the log.
fn steps(editions: &Editions, draws: &[Draw]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut facts, mut standing): (Vec<Fact>, Vec<(u32, Affiliation)>) = (Vec::new(), Vec::new());
    let kind = |program, code: &str| editions.kind(program, code).expect("a kind");
    let free = |standing: &[(u32, Affiliation)], who: u32, new: &Affiliation| {
        standing.iter().all(|(other, one)| *other != who || !meet(one, new))
    };
    for (place, draw) in draws.iter().enumerate() {
        let activity = ObjectIndex(u32::try_from(place).expect("a small number"));
        match *draw {
            Draw::OfPartner { kept, kind: of, day, units } => {
                let subject = Subject::Partner(if kept { KEPT } else { LEFT });
                let kind = kind(Program::Partner, OF_PARTNERS[of]);
                let fact = Fact { activity, subject, kind, occurred_on: on(day), quantity: units, units };
                facts.push(fact);
                steps.push(Step::Recorded(fact));
            }
            Draw::OfPerson { who, kind: of, day, points } => {
                let subject = Subject::Professional(ProfessionalIndex(who));
                let kind = kind(Program::Professional, OF_PEOPLE[of]);
                let fact = Fact { activity, subject, kind, occurred_on: on(day), quantity: 1, units: points };
                facts.push(fact);
                steps.push(Step::Recorded(fact));
            }
            Draw::Voided(which) if !facts.is_empty() => {
                steps.push(Step::Voided(facts.remove(which % facts.len())));
            }
            Draw::Affiliated { who, partner, day, ends } => {
                let new = days(partner, day, ends);
                if free(&standing, who, &new) {
                    standing.push((who, new));
                    steps.push(Step::Affiliated(ProfessionalIndex(who), new));
                }
            }
            Draw::Corrected { which, partner, day, ends } if !standing.is_empty() => {
                let (who, old) = standing.remove(which % standing.len());
                let new = days(partner, day, ends);
                if old != new && free(&standing, who, &new) {
                    standing.push((who, new));
                    steps.push(Step::AffiliationCorrected(ProfessionalIndex(who), old.starts_on, new));
                } else {
                    standing.push((who, old));
                }
            }
            Draw::AffiliationVoided(which) if !standing.is_empty() => {
                let (who, old) = standing.remove(which % standing.len());
                steps.push(Step::AffiliationVoided(ProfessionalIndex(who), old.starts_on));
            }
            _ => {}
        }
    }
    steps
}

/// The same step, if the partner that is merged was the other one from the start.
fn as_of_kept(step: &Step) -> Step {
    let one = |partner| if partner == LEFT { KEPT } else { partner };
    let fact = |fact: Fact| match fact.subject {
        Subject::Partner(who) => Fact { subject: Subject::Partner(one(who)), ..fact },
        Subject::Professional(_) => fact,
    };
    let with = |affiliation: Affiliation| Affiliation { partner: one(affiliation.partner), ..affiliation };
    match *step {
        Step::Recorded(of) => Step::Recorded(fact(of)),
        Step::Voided(of) => Step::Voided(fact(of)),
        Step::Affiliated(who, new) => Step::Affiliated(who, with(new)),
        Step::AffiliationCorrected(who, starts_on, new) => {
            Step::AffiliationCorrected(who, starts_on, with(new))
        }
        other => other,
    }
}

fn empty(editions: &Editions) -> Fold<'_> {
    let mut fold = Fold::new(editions);
    for _ in 0..3 {
        fold.add_partner(0);
    }
    for _ in 0..PEOPLE {
        fold.add_professional(NaiveDate::from_ymd_opt(2024, 6, 1).expect("a date"), 0);
    }
    fold
}

/// Net credits by cause, kind and day.
fn nets(out: &Awards, whose: PartnerIndex) -> BTreeMap<(ObjectIndex, Option<KindId>, NaiveDate), (i64, i64)> {
    let mut nets = BTreeMap::new();
    for one in out.credits.iter().filter(|one| one.partner == whose) {
        let key = (one.object, one.count.map(|count| count.kind), one.effective_on);
        let net: &mut (i64, i64) = nets.entry(key).or_default();
        *net = (net.0 + one.level_credits, net.1 + one.spendable_credits);
    }
    nets.retain(|_, net| *net != (0, 0));
    nets
}

fn tallies(fold: &Fold<'_>, whose: PartnerIndex) -> BTreeMap<TallyKey, (i64, i64)> {
    fold.partner_tallies(whose).map(|(key, tally)| (key, (tally.units, tally.awarded))).collect()
}

/// What a step did, as a merge is told of it.
#[derive(Default)]
struct History {
    facts: Vec<(i64, PastFact)>,
    contributions: Vec<Contribution>,
    entries: Vec<PastCredit>,
}

impl History {
    fn note(&mut self, editions: &Editions, seq: i64, step: &Step, out: &Awards) {
        let span = |one: Affiliation| ContributionDays {
            counts: [KEPT, LEFT].contains(&one.partner),
            starts_on: one.starts_on,
            ends_on: one.ends_on,
        };
        let (fact, voided) = match *step {
            Step::Recorded(fact) => (Some(fact), false),
            Step::Voided(fact) => (Some(fact), true),
            _ => (None, false),
        };
        if let Some(fact) = fact.filter(|fact| matches!(fact.subject, Subject::Partner(_))) {
            self.facts.push((seq, PastFact { fact, voided }));
        }
        let changed = match *step {
            Step::Affiliated(who, new) => Some((who, Contributed::Affiliated(span(new)))),
            Step::AffiliationCorrected(who, starts_on, new) => {
                Some((who, Contributed::Corrected(starts_on, span(new))))
            }
            Step::AffiliationVoided(who, starts_on) => Some((who, Contributed::Voided(starts_on))),
            _ => None,
        };
        if let Some((who, what)) = changed {
            self.contributions.push(Contribution { seq, professional: who.0, what });
        }
        for award in &out.points {
            let sign = if award.reason == Reason::Void { -1 } else { 1 };
            let rule = award.count.and_then(|count| editions.at(award.effective_on).rule(count.kind));
            let also = rule.and_then(|rule| rule.counts_as).map(|kind| (kind, sign));
            let award_of = PastAward {
                activity: award.object,
                occurred_on: award.effective_on,
                points: award.points,
                also,
            };
            let what = Contributed::Awarded(award_of);
            self.contributions.push(Contribution { seq, professional: award.professional.0, what });
        }
        self.entries.extend(out.credits.iter().filter(|one| [KEPT, LEFT].contains(&one.partner)).map(
            |one| PastCredit {
                partner: one.partner,
                seq,
                object: one.object,
                effective_on: one.effective_on,
                track: one.track,
                level_credits: one.level_credits,
                spendable_credits: one.spendable_credits,
                count: one.count,
            },
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn e4_a_merge_is_as_if_everything_had_been_recorded_of_one_partner(
        draws in prop::collection::vec(draw(), 0..40)
    ) {
        let editions = Editions::built_in();
        let steps = steps(&editions, &draws);
        let (mut fold, mut all) = (empty(&editions), Awards::default());
        let (mut from_start, mut expected) = (empty(&editions), Awards::default());
        let mut history = History::default();
        for (seq, step) in (1..).zip(&steps) {
            let mut out = Awards::default();
            fold.apply(step, &mut out).expect("small sums");
            history.note(&editions, seq, step, &out);
            all.credits.extend(out.credits);
            from_start.apply(&as_of_kept(step), &mut expected).expect("small sums");
        }
        let merge = PartnerMerge {
            from: LEFT,
            into: KEPT,
            entries: &history.entries,
            facts: &history.facts,
            contributions: &history.contributions,
            sales: &[],
            merge: MERGE,
        };
        fold.merge_partners(&merge, &mut all).expect("small sums");
        prop_assert_eq!(nets(&all, LEFT), BTreeMap::new());
        prop_assert_eq!(nets(&all, KEPT), nets(&expected, KEPT));
        prop_assert_eq!(tallies(&fold, KEPT), tallies(&from_start, KEPT));
    }
}
