//! What takes points lowers no sum below zero (section 2).

use std::collections::BTreeMap;

use partner_program::program::Program;
use partner_program::program::fold::{
    Affiliation, PartnerIndex, PastFact, ProfessionalIndex, ProfessionalMerge,
};

use super::replay::day;
use super::steps::{Deed, Run, nets};
use super::windows::two;

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn section_2_what_takes_points_lowers_no_sum_below_zero() {
    let rule = "[[professional.rule]]\nkind = \"VOTE_AGAINST\"\ntitle = \"Vote against\"\npoints = -10\n\
                max_quantity = 100\nwindow = \"each\"\nsource = \"DP\"\n\n[[professional.rule]]\nkind = \"DOCS_CORRECTION\"";
    let editions = two(&[("[[professional.rule]]\nkind = \"DOCS_CORRECTION\"", rule)]);
    // Points are of DOCS_LARGE_CONTRIBUTION, what takes them of VOTE_AGAINST.
    let (from, last) = ("2025-06-01", "2026-05-31");
    // steps, what each of them changes
    let table: [(&[Deed<'_>], &[i64]); 7] = [
        // On its day there was nothing to take.
        (&[(0, "2025-09-01", 300), (0, "2025-08-01", -200), (0, "2025-09-02", -200)], &[300, 0, -200]),
        (
            &[(0, "2025-08-01", 300), (0, "2025-09-01", -200), (0, "2025-08-15", -200), (0, "1", 0)],
            &[300, -200, -100, 200],
        ),
        // What it took is gone: it gives that back.
        (
            &[
                (0, "2025-08-01", 1_000),
                (0, "2025-08-02", -500),
                (0, "0", 0),
                (0, "2025-08-03", 400),
                (0, "1", 0),
                (0, "3", 0),
            ],
            &[1_000, -500, -500, 400, 0, -400],
        ),
        (
            &[
                (0, "2025-08-01", 100),
                (0, "2025-08-02", -60),
                (0, "2025-08-03", -40),
                (0, "2025-08-04", 30),
                (0, "0", 0),
                (0, "2", 0),
                (0, "1", 0),
            ],
            &[100, -60, -40, 30, 0, 0, 0],
        ),
        // Only what is short is given back, by the latest.
        (
            &[
                (0, "2025-08-01", 100),
                (0, "2025-08-01", 50),
                (0, "2025-08-02", -60),
                (0, "2025-08-03", -70),
                (0, "1", 0),
                (0, "2", 0),
                (0, "3", 0),
                (0, "0", 0),
            ],
            &[100, 50, -60, -70, -20, 60, 40, -100],
        ),
        (
            &[
                (0, "2025-08-01", 100),
                (0, "2025-08-01", -60),
                (0, "2025-09-01", 100),
                (0, "0", 0),
                (0, "1", 0),
            ],
            &[100, -60, 100, -40, 0],
        ),
        // The next membership year is another one.
        (&[(0, "2026-05-31", 100), (0, "2026-06-01", -50), (0, "2026-06-01", 30)], &[100, 0, 30]),
    ];
    for (steps, expected) in table {
        let mut run = Run::new(&editions, Program::Professional, ["2025-06-01"; 2]);
        let affiliation = Affiliation { partner: PartnerIndex(0), starts_on: day(from), ends_on: None };
        run.fold.load_affiliation(ProfessionalIndex(0), affiliation);
        for step in steps {
            run.apply(if step.2 < 0 { "VOTE_AGAINST" } else { "DOCS_LARGE_CONTRIBUTION" }, *step);
            for on in ["2025-08-01", "2025-08-02", "2025-08-15", "2025-09-01", last] {
                let sum = run.points_through(0, from, on);
                assert!(sum >= 0, "{sum} on {on}: {steps:?}");
            }
        }
        assert_eq!(run.changes, expected, "{steps:?}");
        let of_partner = run.fold.partner_tallies(PartnerIndex(0)).map(|(_, tally)| tally.units).sum::<i64>();
        assert_eq!(of_partner, expected.iter().sum::<i64>(), "{steps:?}");
        let dojo: i64 = run.awards.points.iter().map(|award| award.dojo_credits).sum();
        assert_eq!(dojo, expected.iter().sum::<i64>(), "{steps:?}");
        // Two accounts that did it in turn, and were merged, come to the same.
        let mut split = Run::new(&editions, Program::Professional, ["2025-06-01"; 2]);
        for (place, step) in (0_u32..).zip(steps) {
            split.apply(
                if step.2 < 0 { "VOTE_AGAINST" } else { "DOCS_LARGE_CONTRIBUTION" },
                (place % 2, step.1, step.2),
            );
        }
        let facts: Vec<PastFact> = split.facts.iter().map(|(_, past)| *past).collect();
        let (from, into) = (ProfessionalIndex(1), ProfessionalIndex(0));
        let merge = ProfessionalMerge { from, into, facts: &facts, spent: &[] };
        split.fold.merge_professionals(&merge, &mut split.awards).expect("small sums");
        assert_eq!(nets(&split.awards, into), nets(&run.awards, into), "{steps:?}");
        assert_eq!(nets(&split.awards, from), BTreeMap::new(), "{steps:?}");
    }
}
