//! Random logs, as steps that the rules allow.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use partner_program::program::fold::{
    Affiliation, Awards, Fact, Fold, ObjectIndex, PartnerIndex, ProfessionalIndex, Step, Subject,
};
use partner_program::program::rule::{Rule, UnitSource};
use partner_program::program::{Editions, KindId, Program};
use proptest::prelude::*;

/// Partners of a log.
pub(super) const PARTNERS: u32 = 3;
/// Days on which the professionals of a log signed up; one of them on 29 February.
pub(super) const SIGNED_UP: [&str; 4] = ["2022-01-01", "2023-04-12", "2024-02-29", "2025-07-31"];
/// The first day of a log: some months before anything earns credits.
pub(super) const FIRST_DAY: &str = "2022-01-01";
/// Today, as the logs see it.
pub(super) const TODAY: &str = "2026-08-31";
/// Days of a log, up to the day before.
const DAYS: u64 = 1_703;

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// A step as it is drawn: numbers that [`steps`] maps to what is possible.
#[derive(Clone, Debug)]
pub(super) enum Draw {
    Record { subject: u32, kind: usize, day: u64, quantity: i64, points: u32 },
    Void { activity: usize },
    Affiliate { professional: u32, partner: u32, day: u64, length: Option<u64> },
    End { professional: u32, length: u64 },
    Correct { professional: u32, which: usize, partner: u32, day: u64, length: Option<u64> },
    Unaffiliate { professional: u32, which: usize },
}

/// A random log of at most `most` steps.
pub(super) fn draws(most: usize) -> impl Strategy<Value = Vec<Draw>> {
    // Few days lie close together, so that windows are shared.
    let days =
        || prop_oneof![1 => 0..DAYS, 3 => (0..DAYS / 200).prop_map(|n| n * 200 + 150), 3 => 1_200..1_260_u64];
    let subjects = PARTNERS + u32::try_from(SIGNED_UP.len()).expect("a few");
    let record = (0..subjects, 0..64_usize, days(), 1..8_i64, 0..=1_000_u32).prop_map(
        |(subject, kind, day, quantity, points)| Draw::Record { subject, kind, day, quantity, points },
    );
    let void = any::<prop::sample::Index>().prop_map(|index| Draw::Void { activity: index.index(1_000) });
    let affiliate = (0..4_u32, 0..PARTNERS, days(), prop::option::of(0..400_u64)).prop_map(
        |(professional, partner, day, length)| Draw::Affiliate { professional, partner, day, length },
    );
    let end = (0..4_u32, 0..400_u64).prop_map(|(professional, length)| Draw::End { professional, length });
    let correct = (0..4_u32, 0..8_usize, 0..PARTNERS, days(), prop::option::of(0..400_u64)).prop_map(
        |(professional, which, partner, day, length)| Draw::Correct {
            professional,
            which,
            partner,
            day,
            length,
        },
    );
    let unaffiliate =
        (0..4_u32, 0..8_usize).prop_map(|(professional, which)| Draw::Unaffiliate { professional, which });
    let affiliations = prop_oneof![4 => affiliate, 2 => end, 2 => correct, 1 => unaffiliate];
    prop::collection::vec(prop_oneof![8 => record, 2 => void, 4 => affiliations], 0..=most)
}

/// Both editions of the properties: the published one, and a later one that earns otherwise, so that
/// windows span editions.
pub(super) fn two_editions() -> Editions {
    use partner_program::program::edition::BUILT_IN;
    let (head, rest) = BUILT_IN.split_once("[legacy]").expect("the legacy window");
    let (_, rest) = rest.split_once("# ------").expect("the next section");
    let (rest, _) = rest.split_once("[[example]]").expect("the examples");
    let later = format!("{head}# ------{rest}")
        .replace("effective_from = 2024-05-01", "effective_from = 2025-05-01")
        .replace("credits = 10\nper = 5\n", "credits = 7\nper = 3\n")
        .replace("cap = 100\n", "cap = 70\n")
        .replace("cap = 10\n", "cap = 25\n")
        .replace("per = 500\n", "per = 300\n");
    Editions::parse([BUILT_IN, &later]).expect("both editions parse")
}

/// Kinds of a program that somebody can record, in the order of the document.
fn recorded(editions: &Editions, program: Program) -> Vec<&Rule> {
    let rules = editions.iter().next().expect("an edition").rules.iter();
    rules.filter(|rule| rule.program == program && rule.derived.is_none()).collect()
}

/// A log under way: what can happen next.
#[derive(Default)]
struct Progress {
    steps: Vec<Step>,
    facts: Vec<(Fact, bool)>,
    affiliations: BTreeMap<u32, Vec<Affiliation>>,
    /// Days of a professional's activities; voided ones included.
    days: BTreeMap<u32, Vec<NaiveDate>>,
}

/// The steps of a log: what is not possible when its turn comes is left out.
pub(super) fn steps(editions: &Editions, draws: &[Draw]) -> Vec<Step> {
    let mut progress = Progress::default();
    for draw in draws {
        if let Some(step) = progress.step(editions, draw) {
            progress.steps.push(step);
        }
    }
    progress.steps
}

impl Progress {
    fn step(&mut self, editions: &Editions, draw: &Draw) -> Option<Step> {
        match *draw {
            Draw::Record { subject, kind, day, quantity, points } => {
                self.record(editions, subject, kind, day_at(day), quantity, points)
            }
            Draw::Void { activity } => {
                let place = activity.checked_rem(self.facts.len())?;
                let (fact, voided) = &mut self.facts[place];
                (!std::mem::replace(voided, true)).then_some(Step::Voided(*fact))
            }
            Draw::Affiliate { professional, partner, day: number, length } => {
                let one = drawn(professional, partner, number, length);
                let others = self.affiliations.entry(professional).or_default();
                if others.iter().any(|other| overlap(&one, other)) {
                    return None; // A0
                }
                others.push(one);
                Some(Step::Affiliated(ProfessionalIndex(professional), one))
            }
            Draw::Correct { professional, which, partner, day: number, length } => {
                let one = drawn(professional, partner, number, length);
                let all = self.affiliations.get_mut(&professional)?;
                let which = which.checked_rem(all.len())?;
                let meets = |(place, other): (usize, &Affiliation)| place != which && overlap(&one, other);
                if all[which] == one || all.iter().enumerate().any(meets) {
                    return None; // A0
                }
                let before = std::mem::replace(&mut all[which], one);
                Some(Step::AffiliationCorrected(ProfessionalIndex(professional), before.starts_on, one))
            }
            Draw::Unaffiliate { professional, which } => {
                let all = self.affiliations.get_mut(&professional)?;
                let which = which.checked_rem(all.len())?;
                let before = all.remove(which);
                Some(Step::AffiliationVoided(ProfessionalIndex(professional), before.starts_on))
            }
            Draw::End { professional, length } => {
                let others = self.affiliations.get_mut(&professional)?;
                let open = others.iter_mut().find(|one| one.ends_on.is_none())?;
                let last = self.days.get(&professional).into_iter().flatten().max().copied();
                let ends_on = open.starts_on + Days::new(length);
                let ends_on = ends_on.min(day(TODAY)); // when it has come
                let ends_on = last.map_or(ends_on, |last| ends_on.max(last)); // A3
                open.ends_on = Some(ends_on);
                Some(Step::AffiliationEnded(ProfessionalIndex(professional), open.starts_on, ends_on))
            }
        }
    }

    fn record(
        &mut self,
        editions: &Editions,
        subject: u32,
        kind: usize,
        on: NaiveDate,
        quantity: i64,
        points: u32,
    ) -> Option<Step> {
        let (program, subject) = match subject.checked_sub(PARTNERS) {
            None => (Program::Partner, Subject::Partner(PartnerIndex(subject))),
            Some(number) => (Program::Professional, Subject::Professional(ProfessionalIndex(number))),
        };
        let rules = recorded(editions, program);
        let rule = rules[kind % rules.len()];
        let quantity = if matches!(rule.unit_source, UnitSource::Graded { .. }) {
            1
        } else {
            quantity.min(rule.max_quantity)
        };
        let units = match &rule.unit_source {
            UnitSource::Fixed { per_unit } => per_unit * quantity,
            UnitSource::Graded { min, max } => *min + i64::from(points) % (max - min + 1),
            UnitSource::ByAttribute { .. } => unreachable!("the editions of these logs have none"),
        };
        if let Subject::Professional(ProfessionalIndex(number)) = subject {
            if on < signed_up(number) {
                return None; // V6
            }
            self.days.entry(number).or_default().push(on);
        }
        let activity = ObjectIndex(u32::try_from(self.facts.len()).expect("a few"));
        let fact = Fact { activity, subject, kind: rule.id, occurred_on: on, quantity, units };
        self.facts.push((fact, false));
        Some(Step::Recorded(fact))
    }
}

/// An affiliation from a day on; an end is entered when it has come.
fn drawn(professional: u32, partner: u32, number: u64, length: Option<u64>) -> Affiliation {
    let starts_on = day_at(number).max(signed_up(professional));
    let ends_on = length.map(|days| starts_on + Days::new(days)).filter(|end| *end <= day(TODAY));
    Affiliation { partner: PartnerIndex(partner), starts_on, ends_on }
}

fn overlap(one: &Affiliation, other: &Affiliation) -> bool {
    let end = |one: &Affiliation| one.ends_on.unwrap_or(NaiveDate::MAX);
    other.starts_on <= end(one) && one.starts_on <= end(other)
}

fn day_at(number: u64) -> NaiveDate {
    day(FIRST_DAY) + Days::new(number)
}

fn signed_up(professional: u32) -> NaiveDate {
    day(SIGNED_UP[usize::try_from(professional).expect("a small number")])
}

/// A fold with the subjects of the logs, and nothing else.
pub(super) fn empty_fold(editions: &Editions) -> Fold<'_> {
    let mut fold = Fold::new(editions);
    for _ in 0..PARTNERS {
        fold.add_partner(0);
    }
    for on in SIGNED_UP {
        fold.add_professional(day(on), 0);
    }
    fold
}

/// All awards of a log.
pub(super) fn fold_all(editions: &Editions, steps: &[Step]) -> Awards {
    let mut fold = empty_fold(editions);
    let mut awards = Awards::default();
    for step in steps {
        fold.apply(step, &mut awards).expect("sums of a small log");
    }
    awards
}

/// The rule that scored a kind on a day.
pub(super) fn rule_on(editions: &Editions, kind: KindId, on: NaiveDate) -> &Rule {
    editions.at(on).rule(kind).expect("a rule")
}
