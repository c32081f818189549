use super::*;
use crate::program::edition::Editions;
use crate::program::fold::{Fact, Step, Subject};
use crate::program::rule::Program;

const ADA: ProfessionalIndex = ProfessionalIndex(0);
const NORDWIND: PartnerIndex = PartnerIndex(0);
const SUEDWIND: PartnerIndex = PartnerIndex(1);

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// What is left of an affiliation.
enum Fate {
    /// It was with the other partner.
    Moved,
    /// These were its days.
    Days(&'static str, Option<&'static str>),
    /// It never was.
    Voided,
    /// This is its last day.
    Ended(&'static str),
}

/// A partner, an effective date, level credits and spendable credits of an entry.
type Entry = (PartnerIndex, &'static str, i64, i64);

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a3_what_an_affiliation_credited_is_taken_back_and_given_on_the_awards_own_dates() {
    use Fate::{Days, Ended, Moved, Voided};
    // activities of Ada, who works for Nordwind from 2023-01-01 on (kind, date, points, whether voided); what becomes
    // of the affiliation; the entries of that
    type Row = (&'static [(&'static str, &'static str, i64, bool)], Fate, &'static [Entry]);
    const LARGE: &str = "DOCS_LARGE_CONTRIBUTION";
    const CERTIFICATION: &str = "CERTIFICATION_OBTAINED";
    const FEEDBACK: &str = "FEEDBACK_SUBMITTED";
    let table: [Row; 11] = [
        (&[], Moved, &[]),
        (
            &[(LARGE, "2025-03-10", 500, false)],
            Moved,
            &[(NORDWIND, "2025-03-10", -5, -5), (SUEDWIND, "2025-03-10", 5, 5)],
        ),
        // A certification counts twice: for its points, and as itself.
        (
            &[(CERTIFICATION, "2025-03-10", 500, false)],
            Moved,
            &[
                (NORDWIND, "2025-03-10", -5, -5),
                (NORDWIND, "2025-03-10", -10, -10),
                (SUEDWIND, "2025-03-10", 5, 5),
                (SUEDWIND, "2025-03-10", 10, 10),
            ],
        ),
        // A block of 500: the one that completed it is taken back first, as the oldest breaks it.
        (
            &[(LARGE, "2025-03-10", 300, false), (LARGE, "2025-03-20", 300, false)],
            Moved,
            &[(NORDWIND, "2025-03-20", -5, -5), (SUEDWIND, "2025-03-20", 5, 5)],
        ),
        // Half of a block stays where it was.
        (
            &[(LARGE, "2025-03-10", 300, false), (LARGE, "2025-03-20", 300, false)],
            Days("2025-03-15", None),
            &[(NORDWIND, "2025-03-20", -5, -5)],
        ),
        // What was voided is no longer credited, and is not taken back again.
        (&[(LARGE, "2025-03-10", 500, true), (CERTIFICATION, "2025-03-12", 1_000, true)], Moved, &[]),
        // The award of a capped window stays with its day, whichever activity was voided.
        (
            &[
                (FEEDBACK, "2025-03-01", 50, true),
                (FEEDBACK, "2025-03-02", 50, false),
                (FEEDBACK, "2025-03-03", 50, false),
                (LARGE, "2025-03-04", 400, false),
            ],
            Voided,
            &[(NORDWIND, "2025-03-04", -5, -5)],
        ),
        // Before the launch credits count for the level only.
        (
            &[(CERTIFICATION, "2023-06-01", 500, false)],
            Moved,
            &[
                (NORDWIND, "2023-06-01", -5, 0),
                (NORDWIND, "2023-06-01", -10, 0),
                (SUEDWIND, "2023-06-01", 5, 0),
                (SUEDWIND, "2023-06-01", 10, 0),
            ],
        ),
        // Only days that are no longer covered lose their credits, and only added ones gain some.
        (
            &[(LARGE, "2025-03-10", 500, false), (LARGE, "2025-04-10", 500, false)],
            Days("2025-04-01", Some("2025-12-31")),
            &[(NORDWIND, "2025-03-10", -5, -5)],
        ),
        (&[(LARGE, "2025-03-10", 500, false)], Voided, &[(NORDWIND, "2025-03-10", -5, -5)]),
        // An end takes back what stands after it, which the use case refuses, and nothing else.
        (&[(LARGE, "2025-03-10", 500, false), (LARGE, "2025-04-10", 500, true)], Ended("2025-03-31"), &[]),
    ];
    let editions = Editions::built_in();
    for (place, (activities, fate, expected)) in table.into_iter().enumerate() {
        let mut fold = Fold::new(&editions);
        fold.add_partner(0);
        fold.add_partner(0);
        fold.add_professional(day("2022-06-01"), 0);
        let mut awards = Awards::default();
        let starts_on = day("2023-01-01");
        let one = Affiliation { partner: NORDWIND, starts_on, ends_on: None };
        fold.apply(&Step::Affiliated(ADA, one), &mut awards).expect("small sums");
        let fact = |number: usize, kind: &str, on: &str, points: i64| Fact {
            activity: ObjectIndex(u32::try_from(number).expect("a few")),
            subject: Subject::Professional(ADA),
            kind: editions.kind(Program::Professional, kind).expect("a kind"),
            occurred_on: day(on),
            quantity: 1,
            units: points,
        };
        for (number, (kind, on, points, _)) in activities.iter().enumerate() {
            let step = Step::Recorded(fact(number, kind, on, *points));
            fold.apply(&step, &mut awards).expect("small sums");
        }
        for (number, (kind, on, points, voided)) in activities.iter().enumerate() {
            if *voided {
                let step = Step::Voided(fact(number, kind, on, *points));
                fold.apply(&step, &mut awards).expect("small sums");
            }
        }
        awards.clear();
        let meant = |partner, from: &str, to: Option<&str>| {
            let after = Affiliation { partner, starts_on: day(from), ends_on: to.map(day) };
            Step::AffiliationCorrected(ADA, starts_on, after)
        };
        let step = match fate {
            Moved => meant(SUEDWIND, "2023-01-01", None),
            Days(from, to) => meant(NORDWIND, from, to),
            Voided => Step::AffiliationVoided(ADA, starts_on),
            Ended(on) => Step::AffiliationEnded(ADA, starts_on, day(on)),
        };
        fold.apply(&step, &mut awards).expect("small sums");
        let found: Vec<_> = awards
            .credits
            .iter()
            .map(|one| {
                assert_eq!(one.reason, Reason::Correction, "row {place}");
                (one.partner, one.effective_on, one.level_credits, one.spendable_credits)
            })
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(who, on, level, spend)| (*who, day(on), *level, *spend)).collect();
        assert_eq!(found, expected, "row {place}");
        assert!(awards.points.is_empty(), "row {place}: points are the professional's own");
    }
}

#[test]
fn a3_an_award_after_a_correction_is_the_meant_partner_s() {
    let editions = Editions::built_in();
    let mut fold = Fold::new(&editions);
    fold.add_partner(0);
    fold.add_partner(0);
    fold.add_professional(day("2025-01-01"), 0);
    let mut awards = Awards::default();
    let one = |partner, from: &str| Affiliation { partner, starts_on: day(from), ends_on: None };
    for step in [
        Step::Affiliated(ADA, one(NORDWIND, "2025-01-01")),
        Step::AffiliationCorrected(ADA, day("2025-01-01"), one(SUEDWIND, "2025-02-01")),
    ] {
        fold.apply(&step, &mut awards).expect("small sums");
    }
    assert_eq!(fold.partner_on(ADA, day("2025-01-31")), None);
    assert_eq!(fold.partner_on(ADA, day("2025-02-01")), Some(SUEDWIND));
    let step = Step::AffiliationVoided(ADA, day("2025-02-01"));
    fold.apply(&step, &mut awards).expect("small sums");
    assert_eq!(fold.partner_on(ADA, day("2025-02-01")), None);
    assert!(awards.credits.is_empty());
}
