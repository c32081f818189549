//! Dojo Credits of windows in which editions give several for each point.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use proptest::prelude::*;

use super::*;
use crate::program::edition::{BUILT_IN, Editions};
use crate::program::fold::{ObjectIndex, PastFact, Step, Subject};
use crate::program::rule::Program;

const KIND: &str = "LINKEDIN_HEADLINE";
const WHO: ProfessionalIndex = ProfessionalIndex(0);

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// Membership years begin on this day.
fn signed_up() -> NaiveDate {
    day("2025-07-01")
}

/// The published text, where each headline is 100 points and a year at most 150; with each date, another rate.
fn editions(rates: [(&str, i64); 3]) -> Editions {
    let text = BUILT_IN.split("[[example]]").next().expect("a text");
    let at = text.find(&format!("kind = \"{KIND}\"")).expect("a rule");
    let (head, rule) = text.split_at(at);
    let rule = rule.replacen("points = 250", "points = 100", 1).replacen("cap = 250", "cap = 150", 1);
    let first = format!("{head}{rule}");
    // Only the first edition has a legacy window.
    let (head, rest) = first.split_once("[legacy]").expect("a legacy window");
    let (_, rest) = rest.split_once("[[attribute]]").expect("attributes");
    let documents = rates.iter().enumerate().map(|(place, (from, rate))| {
        let text = if place == 0 { first.clone() } else { format!("{head}[[attribute]]{rest}") };
        let text = text.replacen("effective_from = 2024-05-01", &format!("effective_from = {from}"), 1);
        text.replacen("dojo_credits_per_point = 1", &format!("dojo_credits_per_point = {rate}"), 1)
    });
    let documents: Vec<String> = documents.collect();
    Editions::parse(documents.iter().map(String::as_str)).expect("three editions")
}

fn fact(editions: &Editions, number: usize, on: NaiveDate) -> Fact {
    let rule = editions.rule(Program::Professional, KIND, on).expect("a rule");
    Fact {
        activity: ObjectIndex(u32::try_from(number).expect("a few")),
        subject: Subject::Professional(WHO),
        kind: rule.id,
        occurred_on: on,
        quantity: 1,
        units: 100,
    }
}

#[test]
fn dp_dojo_credits_of_a_window_with_several_rates_end_at_nothing() {
    const A: &str = "2025-08-01";
    const B: &str = "2026-02-01";
    // rates of 2025 and 2026, what is voided in turn, entries of that: points and Dojo Credits
    #[expect(clippy::type_complexity, reason = "rows of a table")]
    let table: [((i64, i64), [usize; 2], [(i64, i64); 4]); 6] = [
        ((1, 1), [0, 1], [(100, 100), (50, 50), (-50, -50), (-100, -100)]),
        ((1, 2), [0, 1], [(100, 100), (50, 100), (-50, -50), (-100, -150)]),
        ((1, 2), [1, 0], [(100, 100), (50, 100), (-50, -100), (-100, -100)]),
        ((2, 1), [0, 1], [(100, 200), (50, 50), (-50, -100), (-100, -150)]),
        ((2, 1), [1, 0], [(100, 200), (50, 50), (-50, -50), (-100, -200)]),
        ((2, 0), [0, 1], [(100, 200), (50, 0), (-50, -100), (-100, -100)]),
    ];
    for (rates, voided, expected) in table {
        let editions = editions([("2024-05-01", rates.0), ("2026-01-01", rates.1), ("2027-01-01", 7)]);
        let facts = [fact(&editions, 0, day(A)), fact(&editions, 1, day(B))];
        let mut fold = Fold::new(&editions);
        fold.add_professional(signed_up(), 0);
        let mut awards = Awards::default();
        for step in facts.map(Step::Recorded).into_iter().chain(voided.map(|one| Step::Voided(facts[one]))) {
            fold.apply(&step, &mut awards).expect("small sums");
        }
        let entries: Vec<(i64, i64)> =
            awards.points.iter().map(|award| (award.points, award.dojo_credits)).collect();
        assert_eq!(entries, expected, "{rates:?} {voided:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever is recorded and voided in whatever order, each window's Dojo Credits are between the least and the most
    /// that its points are worth by one of its editions, and another day of sign-up and back changes nothing.
    #[test]
    fn dp_dojo_credits_stay_within_what_the_editions_of_a_window_give(
        rates in [0..4_i64, 0..4_i64, 0..4_i64],
        steps in prop::collection::vec((0..500_u64, prop::option::weighted(0.5, 0..12_usize)), 1..24),
        other in 1..300_u64,
    ) {
        let from = ["2024-05-01", "2026-01-01", "2026-04-01"];
        let editions = editions([0, 1, 2].map(|one| (from[one], rates[one])));
        let mut fold = Fold::new(&editions);
        fold.add_professional(signed_up(), 0);
        let (mut history, mut recorded): (Vec<PastFact>, Vec<Option<Fact>>) = (Vec::new(), Vec::new());
        let mut sums: BTreeMap<NaiveDate, (i64, i64)> = BTreeMap::new();
        let mut by_activity: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
        let mut latest: BTreeMap<NaiveDate, NaiveDate> = BTreeMap::new();
        let mut awards = Awards::default();
        for (on, voids) in steps {
            let standing = voids.and_then(|one| recorded.get_mut(one)?.take());
            let (fact, voided) = standing.map_or_else(
                || (fact(&editions, recorded.len(), signed_up() + Days::new(on)), false),
                |fact| (fact, true),
            );
            if !voided {
                recorded.push(Some(fact));
            }
            history.push(PastFact { fact, voided });
            awards.clear();
            let step = if voided { Step::Voided(fact) } else { Step::Recorded(fact) };
            fold.apply(&step, &mut awards).expect("small sums");
            let window = membership_year(signed_up(), fact.occurred_on).starts_on;
            let latest = latest.entry(window).or_insert(fact.occurred_on);
            *latest = (*latest).max(fact.occurred_on);
            for award in &awards.points {
                let by_activity = by_activity.entry(award.object.0).or_default();
                for sums in [sums.entry(window).or_default(), by_activity] {
                    *sums = (sums.0 + award.points, sums.1 + award.dojo_credits);
                }
            }
            let (points, dojo_credits) = sums.get(&window).copied().unwrap_or_default();
            let of_window = rates[editions.index_at(window)..=editions.index_at(*latest)].iter();
            let (least, most) = (of_window.clone().min().expect("one"), of_window.max().expect("one"));
            prop_assert!(points * least <= dojo_credits && dojo_credits <= points * most, "{points} {dojo_credits}");
        }
        let tallies: Vec<_> = fold.professional_tallies(WHO).collect();
        let mut changed = by_activity.clone();
        awards.clear();
        for on in [signed_up() - Days::new(other), signed_up()] {
            fold.change_sign_up(WHO, on, &history, &mut awards).expect("small sums");
        }
        for award in &awards.points {
            let sums = changed.entry(award.object.0).or_default();
            *sums = (sums.0 + award.points, sums.1 + award.dojo_credits);
        }
        for sums in [&mut changed, &mut by_activity] {
            sums.retain(|_, sums| *sums != (0, 0));
        }
        prop_assert_eq!(changed, by_activity);
        prop_assert_eq!(fold.professional_tallies(WHO).collect::<Vec<_>>(), tallies);
    }
}
