//! Properties of the pure fold.

use std::collections::BTreeMap;

use partner_program::program::fold::{
    Affiliation, Awards, CreditsAward, Fact, Fold, PartnerIndex, PastAward, PointsAward, ProfessionalIndex,
    Reason, Step, Subject,
};
use partner_program::program::totals::TrackTotal;
use partner_program::program::{Editions, KindId};
use proptest::prelude::*;

use super::logs::{
    FIRST_DAY, PARTNERS, SIGNED_UP, day, draws, empty_fold, fold_all, rule_on, steps, two_editions,
};

/// Awards as they can be compared: what happened, without the marks that the caller keeps.
fn plain(awards: &Awards) -> (Vec<PointsAward>, Vec<CreditsAward>) {
    (awards.points.clone(), awards.credits.clone())
}

/// Whose window it is, whether a partner's, and of which kind and first day.
type Window = (u32, bool, KindId, chrono::NaiveDate);

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_fold_in_pieces_is_the_fold_as_a_whole(draws in draws(120), pieces in 1..6_usize) {
        let editions = two_editions();
        let steps = steps(&editions, &draws);
        let whole = fold_all(&editions, &steps);
        let mut awards = Awards::default();
        let mut fold = empty_fold(&editions);
        let mut done = 0;
        for piece in steps.chunks(steps.len() / pieces + 1) {
            for step in piece {
                fold.apply(step, &mut awards).expect("sums of a small log");
            }
            done += piece.len();
            fold = reloaded(&editions, &fold, &steps[..done], &awards);
        }
        prop_assert_eq!(plain(&awards), plain(&whole));
    }

    #[test]
    fn voiding_everything_ends_at_nothing(draws in draws(120), order in any::<u64>()) {
        let editions = two_editions();
        let mut steps = steps(&editions, &draws);
        // The points of a capped window may move to another day, and so to another partner, while its
        // activities are voided: see the next property.
        steps.retain(|step| !is_capped(&editions, step));
        void_all(&mut steps, order);
        let (fold, awards) = folded(&editions, &steps);
        let left: Vec<_> = credits_left(&editions, &awards);
        prop_assert!(left.is_empty(), "{left:?}");
        let left = points_left(&awards);
        prop_assert!(left.is_empty(), "{left:?}");
        let of_partners = (0..PARTNERS).flat_map(|number| fold.partner_tallies(PartnerIndex(number)));
        let of_professionals = professionals().flat_map(|who| fold.professional_tallies(who));
        let tallies: Vec<_> = of_partners.chain(of_professionals).collect();
        prop_assert!(tallies.iter().all(|(_, tally)| (tally.units, tally.awarded) == (0, 0)), "{tallies:?}");
    }

    #[test]
    fn voiding_everything_leaves_no_points_under_caps(draws in draws(120), order in any::<u64>()) {
        let editions = two_editions();
        let mut steps = steps(&editions, &draws);
        void_all(&mut steps, order);
        let (fold, awards) = folded(&editions, &steps);
        let left = points_left(&awards);
        prop_assert!(left.is_empty(), "{left:?}");
        // What partners earn by themselves ends at nothing as well; only units that follow from points
        // may be left in one month and missing in another.
        let derived = editions.at(day(FIRST_DAY)).points_rule().expect("a rule").id;
        let of_partners = (0..PARTNERS).flat_map(|number| fold.partner_tallies(PartnerIndex(number)));
        let of_professionals = professionals().flat_map(|who| fold.professional_tallies(who));
        let tallies: Vec<_> = of_partners.filter(|((kind, _), _)| *kind != derived).chain(of_professionals).collect();
        prop_assert!(tallies.iter().all(|(_, tally)| (tally.units, tally.awarded) == (0, 0)), "{tallies:?}");
    }

    #[test]
    fn a3_sums_are_those_of_the_affiliations_that_were_meant(draws in draws(160)) {
        let editions = Editions::built_in();
        let steps = steps(&editions, &draws);
        // Nobody worked for anybody until all was recorded; then those affiliations are entered that are left.
        let facts = steps.iter().filter(|step| matches!(step, Step::Recorded(_) | Step::Voided(_))).copied();
        let meant = standing_affiliations(&steps).into_iter().map(|((who, _), one)| Step::Affiliated(who, one));
        let expected = fold_all(&editions, &facts.chain(meant).collect::<Vec<_>>());
        prop_assert_eq!(sums_by_window(&fold_all(&editions, &steps)), sums_by_window(&expected));
    }

    #[test]
    fn no_number_of_a_subject_matters(draws in draws(120), before in 0..4_u32) {
        let editions = two_editions();
        let steps = steps(&editions, &draws);
        // The same subjects in reverse order, behind some that do nothing.
        let professionals = u32::try_from(SIGNED_UP.len()).expect("a few");
        let partner = |who: PartnerIndex| PartnerIndex(before + PARTNERS - 1 - who.0);
        let professional = |who: ProfessionalIndex| ProfessionalIndex(before + professionals - 1 - who.0);
        let renamed = |fact: Fact| Fact {
            subject: match fact.subject {
                Subject::Partner(who) => Subject::Partner(partner(who)),
                Subject::Professional(who) => Subject::Professional(professional(who)),
            },
            ..fact
        };
        let mut fold = Fold::new(&editions);
        for _ in 0..before {
            fold.add_partner(0);
            fold.add_professional(day("2024-01-01"), 0);
        }
        for _ in 0..PARTNERS {
            fold.add_partner(0);
        }
        for on in SIGNED_UP.iter().rev() {
            fold.add_professional(day(on), 0);
        }
        let mut awards = Awards::default();
        for step in &steps {
            let step = match *step {
                Step::Recorded(fact) => Step::Recorded(renamed(fact)),
                Step::Voided(fact) => Step::Voided(renamed(fact)),
                Step::Affiliated(who, mut one) => {
                    one.partner = partner(one.partner);
                    Step::Affiliated(professional(who), one)
                }
                Step::AffiliationEnded(who, from, to) => Step::AffiliationEnded(professional(who), from, to),
                Step::AffiliationCorrected(who, from, mut one) => {
                    one.partner = partner(one.partner);
                    Step::AffiliationCorrected(professional(who), from, one)
                }
                Step::AffiliationVoided(who, from) => Step::AffiliationVoided(professional(who), from),
                _ => unreachable!("the logs here hold activities and affiliations"),
            };
            fold.apply(&step, &mut awards).expect("sums of a small log");
        }
        let mut expected = fold_all(&editions, &steps);
        expected.points.iter_mut().for_each(|award| award.professional = professional(award.professional));
        expected.credits.iter_mut().for_each(|award| award.partner = partner(award.partner));
        prop_assert_eq!(plain(&awards), plain(&expected));
    }

    #[test]
    fn no_window_earns_more_than_its_cap_or_less_than_nothing(draws in draws(160)) {
        let editions = two_editions();
        let awards = fold_all(&editions, &steps(&editions, &draws));
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        let mut check = |(who, partner, kind, start): Window, amount: i64| {
            // In a window that spans editions the larger cap is the bound.
            let caps: Vec<Option<i64>> = editions.iter().map(|one| one.rule(kind).and_then(|rule| rule.cap)).collect();
            let most = caps.iter().copied().try_fold(0, |most, cap| cap.map(|cap| cap.max(most)));
            let Some(most) = most else { return Ok(()) };
            let sum = sums.entry(format!("{who} {partner} {kind:?} {start}")).or_default();
            *sum += amount;
            prop_assert!((0..=most).contains(sum), "{sum} of at most {most}");
            Ok(())
        };
        for award in &awards.points {
            let count = award.count.expect("an activity is counted");
            check((award.professional.0, false, count.kind, count.window_start), award.points)?;
        }
        for award in &awards.credits {
            let count = award.count.expect("an activity is counted");
            check((award.partner.0, true, count.kind, count.window_start), award.level_credits)?;
        }
    }

    #[test]
    fn every_award_is_what_the_formula_says(draws in draws(120)) {
        // One edition: there the award is earned(after) - earned(before), as published.
        let editions = Editions::built_in();
        let awards = fold_all(&editions, &steps(&editions, &draws));
        for award in &awards.credits {
            let count = award.count.expect("an activity is counted");
            let rule = rule_on(&editions, count.kind, award.effective_on);
            let earned = rule.earned(count.units_after) - rule.earned(count.units_before);
            prop_assert_eq!(award.level_credits, earned, "{:?}", award);
            prop_assert!(earned != 0);
        }
        for award in &awards.points {
            let count = award.count.expect("an activity is counted");
            let rule = rule_on(&editions, count.kind, award.effective_on);
            let earned = rule.earned(count.units_after) - rule.earned(count.units_before);
            prop_assert_eq!(award.points, earned, "{:?}", award);
            prop_assert_eq!(award.dojo_credits, award.points);
        }
    }

    #[test]
    fn totals_of_days_are_totals_in_order(
        days in prop::collection::btree_map(0..700_u64, prop::collection::vec(-60..90_i64, 1..4), 0..40),
    ) {
        let editions = two_editions();
        let first = day("2024-05-01");
        let on = |number: u64| first + chrono::Days::new(number);
        let sums = days.iter().map(|(number, parts)| (on(*number), parts.iter().sum::<i64>()));
        let whole = TrackTotal::of_days(&editions, sums);
        let mut parts = TrackTotal::default();
        for (number, credits) in &days {
            for credits in credits {
                prop_assert!(parts.can_append(on(*number)));
                parts.add(&editions, on(*number), *credits);
            }
        }
        prop_assert_eq!(&parts, &whole);
        // The changes of level are those of the running sum, day by day.
        let mut sum = 0;
        let mut level = "MEMBER".to_owned();
        let mut reached = Vec::new();
        for (number, credits) in &days {
            sum += credits.iter().sum::<i64>();
            let levels = &editions.at(on(*number)).partner_levels;
            let now = levels.reached(sum.max(0)).expect("the first level has threshold 0").code.clone();
            if now != level {
                reached.push((on(*number), now.clone()));
                level = now;
            }
        }
        let found: Vec<_> = whole.reached.into_iter().map(|one| (one.on, one.level)).collect();
        prop_assert_eq!(found, reached);
        prop_assert_eq!(whole.credits, sum);
    }
}

/// Whether a step is about a professional's activity of a capped kind.
fn is_capped(editions: &Editions, step: &Step) -> bool {
    let (Step::Recorded(fact) | Step::Voided(fact)) = step else { return false };
    let rule = rule_on(editions, fact.kind, fact.occurred_on);
    matches!(fact.subject, Subject::Professional(_)) && rule.cap.is_some()
}

/// Voids what still counts, in any order.
fn void_all(steps: &mut Vec<Step>, order: u64) {
    let mut left: BTreeMap<u32, Fact> = BTreeMap::new();
    for step in &*steps {
        match step {
            Step::Recorded(fact) => drop(left.insert(fact.activity.0, *fact)),
            Step::Voided(fact) => drop(left.remove(&fact.activity.0)),
            _ => {}
        }
    }
    let mut left: Vec<Fact> = left.into_values().collect();
    left.sort_by_key(|fact| (u64::from(fact.activity.0) + 1).wrapping_mul(order | 1));
    steps.extend(left.into_iter().map(Step::Voided));
}

fn folded<'e>(editions: &'e Editions, steps: &[Step]) -> (Fold<'e>, Awards) {
    let mut fold = empty_fold(editions);
    let mut awards = Awards::default();
    for step in steps {
        fold.apply(step, &mut awards).expect("sums of a small log");
    }
    (fold, awards)
}

/// Sums of credits that are not zero, by partner and whether they are of the legacy window.
fn credits_left(editions: &Editions, awards: &Awards) -> Vec<((u32, bool), (i64, i64))> {
    let mut sums: BTreeMap<(u32, bool), (i64, i64)> = BTreeMap::new();
    for award in &awards.credits {
        let legacy = award.effective_on < editions.launch();
        assert_eq!(award.spendable_credits, if legacy { 0 } else { award.level_credits });
        let sum = sums.entry((award.partner.0, legacy)).or_default();
        sum.0 += award.level_credits;
        sum.1 += award.spendable_credits;
    }
    sums.into_iter().filter(|(_, sum)| *sum != (0, 0)).collect()
}

/// Sums of points and Dojo Credits that are not zero, by professional.
fn points_left(awards: &Awards) -> Vec<(u32, (i64, i64))> {
    let mut sums: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    for award in &awards.points {
        let sum = sums.entry(award.professional.0).or_default();
        sum.0 += award.points;
        sum.1 += award.dojo_credits;
    }
    sums.into_iter().filter(|(_, sum)| *sum != (0, 0)).collect()
}

/// The affiliations that steps leave, by professional and first day.
fn standing_affiliations(steps: &[Step]) -> BTreeMap<(ProfessionalIndex, chrono::NaiveDate), Affiliation> {
    let mut affiliations = BTreeMap::new();
    for step in steps {
        match *step {
            Step::Affiliated(who, one) => drop(affiliations.insert((who, one.starts_on), one)),
            Step::AffiliationEnded(who, from, to) => {
                affiliations.get_mut(&(who, from)).expect("it began").ends_on = Some(to);
            }
            Step::AffiliationCorrected(who, from, one) => {
                affiliations.remove(&(who, from)).expect("it began");
                affiliations.insert((who, one.starts_on), one);
            }
            Step::AffiliationVoided(who, from) => {
                affiliations.remove(&(who, from)).expect("it began");
            }
            _ => {}
        }
    }
    affiliations
}

/// Sums of level credits and spendable credits by partner, kind and first day of the window, without those that are
/// zero.
fn sums_by_window(awards: &Awards) -> BTreeMap<String, (i64, i64)> {
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for award in &awards.credits {
        let count = award.count.expect("an activity is counted");
        let window = format!("{:?} {:?} {}", award.partner, count.kind, count.window_start);
        let sum = sums.entry(window).or_default();
        sum.0 += award.level_credits;
        sum.1 += award.spendable_credits;
    }
    sums.retain(|_, sum| *sum != (0, 0));
    sums
}

/// A fold that knows only what is kept between requests: sums, tallies, affiliations and past awards.
fn reloaded<'e>(editions: &'e Editions, fold: &Fold<'e>, steps: &[Step], awards: &Awards) -> Fold<'e> {
    let mut again = Fold::new(editions);
    for number in 0..PARTNERS {
        let mine = awards.credits.iter().filter(|award| award.partner.0 == number);
        again.add_partner(mine.map(|award| award.level_credits).sum());
    }
    for (number, on) in (0..).zip(SIGNED_UP) {
        let mine = awards.points.iter().filter(|award| award.professional.0 == number);
        again.add_professional(day(on), mine.map(|award| award.points).sum());
    }
    for ((who, _), one) in standing_affiliations(steps) {
        again.load_affiliation(who, one);
    }
    let quantities: BTreeMap<u32, i64> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Recorded(fact) => Some((fact.activity.0, fact.quantity)),
            _ => None,
        })
        .collect();
    for award in &awards.points {
        let quantity = quantities[&award.object.0] * if award.reason == Reason::Void { -1 } else { 1 };
        let count = award.count.expect("an activity is counted");
        let rule = rule_on(editions, count.kind, award.effective_on);
        let past = PastAward {
            activity: award.object,
            occurred_on: award.effective_on,
            points: award.points,
            also: rule.counts_as.map(|kind| (kind, quantity)),
        };
        again.load_award(award.professional, past);
    }
    for who in (0..PARTNERS).map(PartnerIndex) {
        fold.partner_tallies(who).for_each(|(key, tally)| again.load_partner_tally(who, key, tally));
    }
    for who in professionals() {
        fold.professional_tallies(who)
            .for_each(|(key, tally)| again.load_professional_tally(who, key, tally));
    }
    again
}

/// The professionals of the logs.
fn professionals() -> impl Iterator<Item = ProfessionalIndex> {
    (0..).zip(SIGNED_UP).map(|(number, _)| ProfessionalIndex(number))
}
