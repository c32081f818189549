//! A changed day of sign-up comes to what would have been recorded with it from the start (E4).

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use partner_program::program::fold::{
    Awards, Fold, PartnerIndex, PastFact, ProfessionalIndex, Step, Subject, TallyKey,
};
use partner_program::program::{Editions, KindId, Track};
use proptest::prelude::*;

use super::logs::{PARTNERS, SIGNED_UP, day, draws, steps, two_editions};

/// What awards came to: points by professional, activity and day; credits by partner, track, kind and window.
type Sums = (
    BTreeMap<(u32, u32, NaiveDate), (i64, i64)>,
    BTreeMap<(u32, Option<Track>, KindId, NaiveDate), (i64, i64)>,
);

fn sums(awards: &Awards) -> Sums {
    let mut sums = Sums::default();
    for award in &awards.points {
        let sum = sums.0.entry((award.professional.0, award.object.0, award.effective_on)).or_default();
        *sum = (sum.0 + award.points, sum.1 + award.dojo_credits);
    }
    for award in &awards.credits {
        let count = award.count.expect("units");
        let sum = sums.1.entry((award.partner.0, award.track, count.kind, count.window_start)).or_default();
        *sum = (sum.0 + award.level_credits, sum.1 + award.spendable_credits);
    }
    sums.0.retain(|_, sum| *sum != (0, 0));
    sums.1.retain(|_, sum| *sum != (0, 0));
    sums
}

/// The units of every window that has any.
fn units(fold: &Fold<'_>, who: ProfessionalIndex) -> BTreeMap<TallyKey, (i64, i64)> {
    let tallies = fold.professional_tallies(who).map(|(key, tally)| (key, (tally.units, tally.awarded)));
    tallies.collect()
}

fn folded<'e>(editions: &'e Editions, signed_up: &[NaiveDate]) -> Fold<'e> {
    let mut fold = Fold::new(editions);
    for _ in 0..PARTNERS {
        fold.add_partner(0);
    }
    for on in signed_up {
        fold.add_professional(*on, 0);
    }
    fold
}

/// What counted of a professional, in the order of the log.
fn history(steps: &[Step], who: ProfessionalIndex) -> Vec<PastFact> {
    let past = steps.iter().filter_map(|step| match *step {
        Step::Recorded(fact) => Some(PastFact { fact, voided: false }),
        Step::Voided(fact) => Some(PastFact { fact, voided: true }),
        _ => None,
    });
    past.filter(|past| past.fact.subject == Subject::Professional(who)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_sign_up_is_as_if_it_had_been_so_from_the_start(
        draws in draws(120),
        who in 0..4_usize,
        back in 0..700_u64,
        place in any::<prop::sample::Index>(),
    ) {
        let editions = two_editions();
        let steps = steps(&editions, &draws);
        let before: Vec<NaiveDate> = SIGNED_UP.iter().map(|on| day(on)).collect();
        let mut after = before.clone();
        after[who] = after[who] - Days::new(back);
        let index = ProfessionalIndex(u32::try_from(who).expect("a few"));
        // The change comes at any place of the log.
        let (first, rest) = steps.split_at(place.index(steps.len() + 1));
        let (mut moved, mut moved_awards) = (folded(&editions, &before), Awards::default());
        let (mut from_start, mut awards) = (folded(&editions, &after), Awards::default());
        for step in first {
            moved.apply(step, &mut moved_awards).expect("sums of a small log");
        }
        moved.change_sign_up(index, after[who], &history(first, index), &mut moved_awards).expect("small sums");
        for step in rest {
            moved.apply(step, &mut moved_awards).expect("sums of a small log");
        }
        for step in &steps {
            from_start.apply(step, &mut awards).expect("sums of a small log");
        }
        prop_assert_eq!(sums(&moved_awards), sums(&awards));
        prop_assert_eq!(units(&moved, index), units(&from_start, index));
        for partner in (0..PARTNERS).map(PartnerIndex) {
            let units = |fold: &Fold<'_>| {
                let tallies = fold.partner_tallies(partner).filter(|(_, tally)| (tally.units, tally.awarded) != (0, 0));
                tallies.map(|(key, tally)| (key, (tally.units, tally.awarded))).collect::<BTreeMap<_, _>>()
            };
            prop_assert_eq!(units(&moved), units(&from_start));
        }
    }
}
