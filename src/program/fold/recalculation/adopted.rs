//! A fold that becomes another one in the midst of a log goes on as that one does, whatever it had before.

use proptest::prelude::*;

use super::*;
use crate::program::edition::{BUILT_IN, Editions};
use crate::program::fold::{Affiliation, Step, Subject};
use crate::program::rule::Program;

const GIVES: &str = "CERTIFICATION_OBTAINED";
const TAKES: &str = "DISLIKED";
const CAPPED: &str = "LINKEDIN_HEADLINE";

/// The published text with a kind that takes points, and other figures.
fn policy(takes: i64, headline: i64, credits: i64) -> String {
    let text = BUILT_IN.split("[[example]]").next().expect("a text");
    let at = text.find("kind = \"LINKEDIN_HEADLINE\"").expect("a rule");
    let (head, rule) = text.split_at(at);
    let points = rule.lines().find(|line| line.starts_with("points = ")).expect("points");
    let rule = rule.replacen(points, &format!("points = {headline}"), 1);
    let text = format!("{head}{rule}").replacen(
        "credits = 5\nper = 500",
        &format!("credits = {credits}\nper = 500"),
        1,
    );
    format!(
        "{text}\n[[professional.rule]]\nkind = \"{TAKES}\"\ntitle = \"Disliked\"\npoints = -{takes}\nwindow = \"each\"\n\
         source = \"test\"\n"
    )
}

/// What a fold was given: the points by day, and the credits of the partner.
type Given = (std::collections::BTreeMap<NaiveDate, i64>, i64);

fn add(given: &mut Given, awards: &Awards, numbers: &mut Vec<(u32, i64)>) {
    for award in &awards.points {
        *given.0.entry(award.effective_on).or_default() += award.points;
        numbers.push((award.object.0, award.points));
    }
    given.1 += awards.credits.iter().map(|award| award.level_credits).sum::<i64>();
}

/// A fold of one professional who works for one partner.
fn begin(editions: &Editions) -> Fold<'_> {
    let mut fold = Fold::new(editions);
    let partner = fold.add_partner(0);
    let who = fold.add_professional("2025-03-01".parse().expect("a date"), 0);
    let affiliation =
        Affiliation { partner, starts_on: "2024-06-01".parse().expect("a date"), ends_on: None };
    fold.apply(&Step::Affiliated(who, affiliation), &mut Awards::default()).expect("small sums");
    fold
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// The first fold numbers activities otherwise than the second one, whose state it takes over after a part of the
    /// log. What is voided later was recorded before or after that.
    #[test]
    fn e4_a_professional_that_became_that_of_another_fold_goes_on_as_it_does(
        steps in prop::collection::vec((0..3_usize, 0..700_i64, 0..400_u64, prop::option::weighted(0.4, 0..12_usize)), 1..24),
        moved_at in 0..24_usize,
        figures in [(1..300_i64, 100..500_i64, 1..9_i64), (1..300_i64, 100..500_i64, 1..9_i64)],
        apart in 1..50_u32,
    ) {
        let policies = figures.map(|(takes, headline, credits)| policy(takes, headline, credits));
        let [before, after] = [0, 1].map(|one: usize| {
            // Both have the same kinds in the same order, so they have the same numbers.
            Editions::parse([policies[one].as_str()]).expect("a document")
        });
        let who = ProfessionalIndex(0);
        let (mut first, mut second) = (begin(&before), begin(&after));
        let (mut of_first, mut of_second) = (Given::default(), Given::default());
        let mut recorded: Vec<Option<(usize, NaiveDate, i64)>> = Vec::new();
        let (mut has_moved, mut is_dated_apart) = (false, false);
        for (place, (kind, points, on, voids)) in steps.iter().enumerate() {
            if place == moved_at {
                let tallies: Vec<_> = second.professional_tallies(who).collect();
                let (sum, days) = second.professional_sums(who);
                let days = days.renumbered(|one| ObjectIndex(one.0 + apart));
                first.use_editions(&after);
                first.adopt_professional(who, &tallies, (sum, &days));
                let partner: Vec<_> = second.partner_tallies(PartnerIndex(0)).collect();
                first.adopt_partner(PartnerIndex(0), &partner, second.partner_credits(PartnerIndex(0)));
                of_first = of_second.clone();
                has_moved = true;
            }
            let fact = |number: u32, editions: &Editions, (kind, on, points): (usize, NaiveDate, i64)| {
                let code = [GIVES, TAKES, CAPPED][kind];
                let rule = editions.rule(Program::Professional, code, on).expect("a rule");
                let units = if kind == 0 { points } else { rule.unit_range().0 };
                Fact {
                    activity: ObjectIndex(number),
                    subject: Subject::Professional(who),
                    kind: rule.id,
                    occurred_on: on,
                    quantity: 1,
                    units,
                }
            };
            let start: NaiveDate = "2025-03-01".parse().expect("a date");
            let standing = voids.and_then(|one| Some((one, (*recorded.get(one)?)?)));
            let (number, of, voided) = if let Some((one, of)) = standing {
                recorded[one] = None;
                // A voiding counts on the day of its own activity, which may be before the one that was awarded.
                is_dated_apart |= of.0 == 2;
                (one, of, true)
            } else {
                let of = (*kind, start + chrono::Days::new(*on), points + 1);
                recorded.push(Some(of));
                (recorded.len() - 1, of, false)
            };
            let number = u32::try_from(number).expect("a few");
            let editions = if has_moved { &after } else { &before };
            let facts = [fact(number + apart, editions, of), fact(number, &after, of)];
            let steps = facts.map(|fact| if voided { Step::Voided(fact) } else { Step::Recorded(fact) });
            let mut awards = [Awards::default(), Awards::default()];
            first.apply(&steps[0], &mut awards[0]).expect("small sums");
            second.apply(&steps[1], &mut awards[1]).expect("small sums");
            let (mut one, mut other) = (Vec::new(), Vec::new());
            add(&mut of_first, &awards[0], &mut one);
            add(&mut of_second, &awards[1], &mut other);
            if has_moved {
                let other: Vec<(u32, i64)> = other.into_iter().map(|(number, points)| (number + apart, points)).collect();
                prop_assert_eq!(one, other);
            }
        }
        if has_moved {
            prop_assert_eq!(&of_first, &of_second);
            prop_assert_eq!(first.professional_sums(who).0, second.professional_sums(who).0);
        }
        // What takes points lowers no sum of a membership year below zero.
        let mut year = 0;
        for (day, points) in &of_second.0 {
            let renewed: NaiveDate = "2026-03-01".parse().expect("a date");
            year = if *day == renewed { *points } else { year + points };
            prop_assert!(year >= 0 || is_dated_apart || *day >= renewed, "{day}: {year}");
        }
    }
}
