//! Windows that span editions, and sums at the edge of the range (section 2).

use std::collections::BTreeMap;

use partner_program::program::Editions;
use partner_program::program::Program;
use partner_program::program::edition::BUILT_IN;
use partner_program::program::fold::{
    Affiliation, Awards, Fact, Fold, LimitExceeded, ObjectIndex, PartnerIndex, ProfessionalIndex, Step,
    Subject,
};
use partner_program::program::fold::{PartnerMerge, PastCredit, Reason};

use super::replay::day;
use super::steps::{Deed, Run};

/// The built-in edition, and another one from 2025-06-01 with these lines replaced.
pub(super) fn two(replaced: &[(&str, &str)]) -> Editions {
    let rules = BUILT_IN.split("[[example]]").next().expect("rules");
    let (head, rest) = rules.split_once("[legacy]").expect("the legacy window");
    let (_, rest) = rest.split_once("level_valid_until = 2025-12-31").expect("its end");
    let mut later =
        format!("{head}{rest}").replace("effective_from = 2024-05-01", "effective_from = 2025-06-01");
    for (old, new) in replaced {
        assert!(later.contains(old), "{old}");
        later = later.replace(old, new);
    }
    Editions::parse([BUILT_IN, later.as_str()]).unwrap_or_else(|error| panic!("{error}"))
}

/// What each step of one partner's profiles awards: a day for a recording, the place of one for its voiding.
fn profiles(editions: &Editions, steps: &[&str]) -> Vec<i64> {
    let mut fold = Fold::new(editions);
    let who = fold.add_partner(0);
    let kind = editions.kind(Program::Partner, "DOJO_PROFILE").expect("a kind");
    let mut facts: BTreeMap<usize, Fact> = BTreeMap::new();
    let mut awarded = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let mut awards = Awards::default();
        let step = if let Ok(voided) = step.parse::<usize>() {
            Step::Voided(facts[&voided])
        } else {
            let activity = ObjectIndex(u32::try_from(place).expect("a few"));
            let subject = Subject::Partner(who);
            let fact = Fact { activity, subject, kind, occurred_on: day(step), quantity: 1, units: 1 };
            facts.insert(place, fact);
            Step::Recorded(fact)
        };
        fold.apply(&step, &mut awards).expect("small sums");
        awarded.push(awards.credits.iter().map(|award| award.level_credits).sum());
    }
    awarded
}

#[test]
fn section_2_recording_never_takes_over_editions_and_voiding_everything_ends_at_zero() {
    let (old, new) = ("2025-03-01", "2025-07-01");
    let profile = |credits: i64, cap: &str| {
        let now = format!("title = \"Dojo profile\"\ntrack = \"business\"\ncredits = {credits}");
        two(&[
            ("title = \"Dojo profile\"\ntrack = \"business\"\ncredits = 10", now.as_str()),
            ("# [interpretation] once\ncap = 10", cap),
        ])
    };
    let (less, more, other) = (profile(10, "\ncap = 3"), profile(10, "\ncap = 40"), profile(3, ""));
    // editions, steps, what each awards
    let table: [(&Editions, &[&str], &[i64]); 9] = [
        // Three under a cap of 10, a fourth under a cap of 3: it takes nothing.
        (&less, &[old, old, old, new], &[10, 0, 0, 0]),
        (&less, &[old, old, old, new, "3", "0", "1", "2"], &[10, 0, 0, 0, 0, 0, 0, -10]),
        (&less, &[old, new, "0", "1"], &[10, 0, 0, -10]),
        // A higher cap pays what comes, and not what was missed.
        (&more, &[old, old, old, new], &[10, 0, 0, 10]),
        (&more, &[old, old, old, new, "0", "1", "2", "3"], &[10, 0, 0, 10, 0, 0, -10, -10]),
        (&more, &[new, old, new, "0", "1", "2"], &[10, 0, 10, -10, 0, -10]),
        // Fewer credits for each: nothing is paid twice.
        (&other, &[old, new, new, new, new], &[10, 0, 0, 2, 3]),
        (&other, &[old, new, "1", "0"], &[10, 0, -3, -7]),
        (&other, &[new, old, "0", "1"], &[3, 0, 0, -3]),
    ];
    for (editions, steps, expected) in table {
        assert_eq!(profiles(editions, steps), expected, "{steps:?}");
        let voided = steps.iter().filter(|step| step.len() < 4).count();
        if voided * 2 == steps.len() {
            assert_eq!(expected.iter().sum::<i64>(), 0, "{steps:?}");
        }
    }
}

#[test]
fn the_range_holds_for_catch_up_and_voiding_over_editions() {
    let editions = two(&[("credits = 5\nper = 500", "credits = 1_000_000\nper = 1")]);
    let kind = editions.kind(Program::Professional, "DOCS_LARGE_CONTRIBUTION").expect("a kind");
    let mut fold = Fold::new(&editions);
    let partner = fold.add_partner(i64::from(i32::MAX) - 1_500_000_000);
    let who = fold.add_professional(day("2024-06-01"), 0);
    let mut awards = Awards::default();
    let fact = |number: u32, on: &str| Fact {
        activity: ObjectIndex(number),
        subject: Subject::Professional(ProfessionalIndex(0)),
        kind,
        occurred_on: day(on),
        quantity: 1,
        units: 1_000,
    };
    for (number, on) in (0..).zip(["2025-05-31", "2025-06-01", "2025-06-02"]) {
        fold.apply(&Step::Recorded(fact(number, on)), &mut awards).expect("points alone are small");
    }
    let works =
        |from: &str| Step::Affiliated(who, Affiliation { partner, starts_on: day(from), ends_on: None });
    let before = fold.partner_tallies(PartnerIndex(0)).count();
    assert_eq!(fold.apply(&works("2025-01-01"), &mut awards), Err(LimitExceeded::Awards));
    assert_eq!(fold.partner_tallies(PartnerIndex(0)).count(), before, "nothing has changed");
    fold.apply(&works("2025-06-02"), &mut awards).expect("one of them fits");
    assert_eq!(awards.credits.iter().map(|award| award.level_credits).sum::<i64>(), 1_000_000_000);
}

#[test]
fn section_2_what_is_carried_on_does_not_depend_on_the_order_or_on_merges() {
    let editions =
        two(&[("per = 500\nwindow = \"month\"", "per = 500\nwindow = \"month\"\nrest = \"carry\"")]);
    let kind = editions.kind(Program::Professional, "DOCS_LARGE_CONTRIBUTION").expect("a kind");
    let derived = editions.at(day("2025-06-01")).points_rule().expect("a rule").id;
    let days = ["2025-05-20", "2025-06-10", "2025-07-10", "2025-09-10"];
    let orders: [[usize; 4]; 4] = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]];
    // Of the edition before, nothing is carried on: 450 in June, 900 with July, and 850 with what July leaves in September.
    for order in orders {
        let mut fold = Fold::new(&editions);
        let (partner, other) = (fold.add_partner(0), fold.add_partner(0));
        let who = fold.add_professional(day("2025-01-01"), 0);
        fold.load_affiliation(who, Affiliation { partner, starts_on: day("2025-01-01"), ends_on: None });
        let mut awards = Awards::default();
        let facts = order.map(|place| Fact {
            activity: ObjectIndex(u32::try_from(place).expect("a few")),
            subject: Subject::Professional(who),
            kind,
            occurred_on: day(days[place]),
            quantity: 1,
            units: 450,
        });
        for fact in facts {
            fold.apply(&Step::Recorded(fact), &mut awards).expect("small sums");
        }
        let mut tallies: Vec<_> =
            fold.partner_tallies(partner).filter(|((kind, _), _)| *kind == derived).collect();
        tallies.sort_by_key(|((_, start), _)| *start);
        let awarded: Vec<i64> = tallies.iter().map(|(_, tally)| tally.awarded).collect();
        assert_eq!(awarded, [0, 0, 5, 5], "{order:?}");
        let entries: Vec<PastCredit> = past(&awards);
        let merge = PartnerMerge {
            from: partner,
            into: other,
            entries: &entries,
            facts: &[],
            contributions: &[],
            sales: &[],
            merge: ObjectIndex(9),
        };
        let mut merged = Awards::default();
        fold.merge_partners(&merge, &mut merged).expect("small sums");
        let moved: Vec<_> = merged.credits.iter().filter(|award| award.partner == other).collect();
        assert_eq!(entries.len(), 2, "{order:?}");
        assert!(moved.iter().all(|award| award.reason == Reason::Recalculation));
        assert_eq!(moved.iter().map(|award| award.level_credits).sum::<i64>(), 10, "{order:?}");
        for fact in facts {
            let fact = Fact { subject: Subject::Professional(who), ..fact };
            fold.apply(&Step::Voided(fact), &mut merged).expect("small sums");
        }
        let left: i64 = merged
            .credits
            .iter()
            .filter(|award| award.partner == other)
            .map(|award| award.level_credits)
            .sum();
        assert_eq!(left, 0, "{order:?}");
    }
}

/// The entries of awards, each of a step of its own.
fn past(awards: &Awards) -> Vec<PastCredit> {
    let entry = |(place, award): (usize, &partner_program::program::fold::CreditsAward)| PastCredit {
        partner: award.partner,
        seq: i64::try_from(place).expect("a few"),
        object: award.object,
        effective_on: award.effective_on,
        track: award.track,
        level_credits: award.level_credits,
        spendable_credits: award.spendable_credits,
        count: award.count,
    };
    awards.credits.iter().enumerate().map(entry).collect()
}

const DOWNLOADS: &str = "credits = 10\nper = 5\nwindow = \"month\"";

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn section_2_recording_takes_nothing_where_a_rest_is_carried_on() {
    let carried = |rule: &str| two(&[(DOWNLOADS, rule)]);
    let capped = carried("credits = 10\nper = 5\nwindow = \"month\"\ncap = 10\nrest = \"carry\"");
    let plain = carried("credits = 10\nper = 5\nwindow = \"month\"\nrest = \"carry\"");
    // Two blocks of different size, one edition after the other.
    let (first, second) = (
        BUILT_IN.split("[[example]]").next().expect("rules"),
        "credits = 10\nper = 5\nwindow = \"month\"\nrest = \"carry\"",
    );
    let later = first.split_once("[legacy]").expect("the legacy window");
    let (_, rest) = later.1.split_once("level_valid_until = 2025-12-31").expect("its end");
    let with = |from: &str, rule: &str| {
        let text = format!("{}{rest}", later.0).replace("2024-05-01", from);
        text.replace(DOWNLOADS, rule)
    };
    let sizes = [
        first.to_owned(),
        with("2025-06-01", second),
        with("2026-02-01", "credits = 20\nper = 3\nwindow = \"month\"\nrest = \"carry\""),
    ];
    let sizes = Editions::parse(sizes.iter().map(String::as_str)).unwrap_or_else(|error| panic!("{error}"));
    // editions, steps, what each of them awards
    let table: [(&Editions, &[Deed<'_>], &[i64]); 6] = [
        (
            &capped,
            &[
                (0, "2026-01-10", 9),
                (0, "2026-02-10", 4),
                (0, "2026-01-20", 1),
                (0, "2", 0),
                (0, "0", 0),
                (0, "1", 0),
            ],
            &[10, 10, 0, 0, -20, 0],
        ),
        // What was awarded without the late one is not paid again.
        (
            &capped,
            &[
                (0, "2026-01-10", 9),
                (0, "2026-02-10", 4),
                (0, "2026-01-20", 1),
                (0, "2026-03-10", 1),
                (0, "2026-03-11", 5),
            ],
            &[10, 10, 0, 0, 0],
        ),
        // The block of January is complete, and the one of February was.
        (
            &plain,
            &[
                (0, "2026-01-10", 4),
                (0, "2026-02-10", 1),
                (0, "2026-01-20", 1),
                (0, "2026-02-20", 4),
                (0, "0", 0),
                (0, "2", 0),
            ],
            &[0, 10, 0, 10, -10, 0],
        ),
        (
            &plain,
            &[
                (0, "2026-02-10", 4),
                (0, "2026-01-10", 4),
                (0, "2026-03-10", 2),
                (0, "1", 0),
                (0, "0", 0),
                (0, "2", 0),
            ],
            &[0, 10, 10, -10, -10, 0],
        ),
        // The four that are carried on would be a block of the new size: there is no catch-up for it.
        (
            &sizes,
            &[
                (0, "2026-01-10", 4),
                (0, "2026-02-10", 5),
                (0, "2026-01-20", 1),
                (0, "1", 0),
                (0, "0", 0),
                (0, "2", 0),
            ],
            &[0, 40, 0, -30, -10, 0],
        ),
        (
            &sizes,
            &[
                (0, "2026-01-10", 4),
                (0, "2026-02-10", 2),
                (0, "2026-01-20", 1),
                (0, "0", 0),
                (0, "1", 0),
                (0, "2", 0),
            ],
            &[0, 20, 0, 0, -20, 0],
        ),
    ];
    for (editions, steps, expected) in table {
        let mut run = Run::new(editions, Program::Partner, ["2024-05-01"; 2]);
        for (place, step) in steps.iter().enumerate() {
            run.apply("CATALOG_DOWNLOADS", *step);
            let taken = run.changes[place] < 0;
            assert!(!taken || step.1.len() < 3, "recording takes nothing: {steps:?}, {:?}", run.changes);
        }
        assert_eq!(run.changes, expected, "{steps:?}");
        let sum: i64 = run.changes.iter().sum();
        let left = run.fold.partner_tallies(PartnerIndex(0)).map(|(_, tally)| tally.awarded).sum::<i64>();
        assert_eq!(left, sum, "{steps:?}");
    }
}

#[test]
fn e4_a_merge_judges_what_is_carried_on_by_the_rule_of_each_day() {
    let (head, rest) =
        BUILT_IN.split("[[example]]").next().expect("rules").split_once("[legacy]").expect("legacy");
    let (_, rest) = rest.split_once("level_valid_until = 2025-12-31").expect("its end");
    let with = |from: &str, rule: &str| {
        let text = format!("{head}{rest}").replace("2024-05-01", from);
        assert!(text.contains(DOWNLOADS));
        text.replace(DOWNLOADS, rule)
    };
    let documents = [
        BUILT_IN.to_owned(),
        with("2026-01-01", "credits = 7\nper = 4\nwindow = \"calendar_year\"\nrest = \"carry\""),
        with("2026-07-01", "credits = 20\nper = 2\nwindow = \"calendar_year\"\nrest = \"carry\""),
    ];
    let editions =
        Editions::parse(documents.iter().map(String::as_str)).unwrap_or_else(|error| panic!("{error}"));
    let tables: [&[Deed<'_>]; 4] = [
        &[(0, "2026-03-01", 8), (1, "2026-08-01", 1)],
        &[(1, "2026-03-01", 8), (0, "2026-08-01", 1)],
        &[(0, "2026-03-01", 3), (1, "2026-04-01", 3), (1, "2026-08-01", 1), (0, "2026-09-01", 3)],
        &[(1, "2026-03-01", 7), (0, "2026-02-01", 2), (0, "2026-08-01", 5), (0, "0", 0)],
    ];
    for steps in tables {
        let mut start = Run::new(&editions, Program::Partner, ["2024-05-01"; 2]);
        let mut run = Run::new(&editions, Program::Partner, ["2024-05-01"; 2]);
        for step in steps {
            start.apply("CATALOG_DOWNLOADS", (0, step.1, step.2));
            run.apply("CATALOG_DOWNLOADS", *step);
        }
        let entries = past(&run.awards);
        let (into, from) = (PartnerIndex(0), PartnerIndex(1));
        let merge = PartnerMerge {
            from,
            into,
            entries: &entries,
            facts: &run.facts,
            contributions: &[],
            sales: &[],
            merge: ObjectIndex(99),
        };
        run.fold.merge_partners(&merge, &mut run.awards).expect("small sums");
        let sum = |awards: &Awards, who: PartnerIndex| -> i64 {
            awards.credits.iter().filter(|award| award.partner == who).map(|award| award.level_credits).sum()
        };
        assert_eq!(sum(&run.awards, into), sum(&start.awards, into), "{steps:?}");
        assert_eq!(sum(&run.awards, from), 0, "{steps:?}");
        let tallies = |run: &Run<'_>| run.fold.partner_tallies(into).collect::<Vec<_>>();
        assert_eq!(tallies(&run), tallies(&start), "{steps:?}");
    }
}

#[test]
fn section_2_a_window_of_another_sort_is_another_window() {
    let posts = |window: &str| {
        let rule = format!("credits = 5\nper = 2\nwindow = \"{window}\"");
        two(&[("credits = 5\nper = 2\nwindow = \"month\"", rule.as_str())])
    };
    let headline =
        two(&[("points = 250\nwindow = \"membership_year\"", "points = 250\nwindow = \"lifetime\"")]);
    let (years, lifetime) = (posts("calendar_year"), posts("lifetime"));
    // editions, kind, days of sign-up, steps, what each of them awards: either subject is treated alike
    #[expect(clippy::type_complexity, reason = "rows of a table")]
    let table: [(&Editions, &str, [&str; 2], &[Deed<'_>], &[i64]); 4] = [
        (
            &years,
            "LINKEDIN_POST",
            ["2024-05-01"; 2],
            &[
                (0, "2025-01-10", 2),
                (1, "2025-02-10", 2),
                (0, "2025-07-10", 2),
                (1, "2025-07-10", 2),
                (0, "2025-08-10", 2),
                (0, "2025-01-20", 2),
                (0, "0", 0),
                (0, "5", 0),
                (0, "2", 0),
                (0, "4", 0),
            ],
            &[5, 5, 5, 5, 0, 0, 0, -5, 0, -5],
        ),
        (
            &lifetime,
            "LINKEDIN_POST",
            ["2024-05-01"; 2],
            &[
                (0, "2024-05-10", 2),
                (1, "2024-06-10", 2),
                (0, "2025-07-10", 2),
                (1, "2025-07-10", 2),
                (0, "0", 0),
                (0, "2", 0),
            ],
            &[5, 5, 5, 5, -5, -5],
        ),
        (
            &headline,
            "LINKEDIN_HEADLINE",
            ["2025-01-15", "2024-01-15"],
            &[
                (0, "2025-03-01", 250),
                (1, "2025-03-01", 250),
                (0, "2025-07-01", 250),
                (1, "2025-07-01", 250),
                (0, "2026-07-01", 250),
            ],
            &[250, 250, 250, 250, 0],
        ),
        // Of one sort, a window that spans editions is one.
        (
            &posts("month"),
            "LINKEDIN_POST",
            ["2024-05-01"; 2],
            &[(0, "2025-05-10", 2), (0, "2025-05-11", 2), (0, "2025-06-10", 2)],
            &[5, 0, 5],
        ),
    ];
    for (editions, kind, signed_up, steps, expected) in table {
        let program = if kind == "LINKEDIN_POST" { Program::Partner } else { Program::Professional };
        let mut run = Run::new(editions, program, signed_up);
        for step in steps {
            run.apply(kind, *step);
        }
        assert_eq!(run.changes, expected, "{kind}: {steps:?}");
    }
}
