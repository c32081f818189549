//! Tests of differences in words.

use crate::program::edition::{BUILT_IN, Editions};

/// The sentences about a document with these replacements.
fn sentences(replacements: &[(&str, &str)]) -> Vec<String> {
    let mut document = BUILT_IN.to_owned();
    for (from, into) in replacements {
        assert!(document.contains(from), "{from}");
        document = document.replacen(from, into, 1);
    }
    let before = Editions::built_in();
    let checked = before.check(&document, None);
    assert_eq!(checked.problems, Vec::new());
    let launch = before.launch();
    let changes = before.at(launch).changes(checked.edition().expect("no problem"));
    changes.into_iter().map(|change| change.sentence).collect()
}

#[test]
fn the_same_document_changes_nothing() {
    assert_eq!(sentences(&[]), Vec::<String>::new());
    // Neither do comments, worked examples, or what holds anyway.
    let same: &[(&str, &str)] = &[
        ("# The two reward programs", "# Both programs"),
        ("title = \"Kata completed\"", "title = \"Kata completed\"\nreview = \"none\""),
        ("source = \"PP, Earning Credits, Formal knowledge\"", "source = \"PP\""),
    ];
    assert_eq!(sentences(same), Vec::<String>::new());
}

#[test]
fn each_change_is_a_sentence() {
    // Replacements, and the sentences about them.
    type Row<'r> = (&'r [(&'r str, &'r str)], &'r [&'r str]);
    let table: &[Row] = &[
        (
            &[("points = 250\nmax_quantity = 5", "points = 500\nmax_quantity = 5")],
            &["Days of in-person training attended: 250 → 500 points a day."],
        ),
        (&[("threshold = 75", "threshold = 1_000")], &["Creator: 75 → 1,000 credits."]),
        (&[("threshold = 15_000", "threshold = 25_000")], &["Catalyst: 15,000 → 25,000 points."]),
        (
            &[("credits = 10\nper = 5\n", "credits = 15\nper = 5\n")],
            &["Downloads of the partner's Catalog items: 10 → 15 credits per 5."],
        ),
        (
            &[("per = 500", "per = 1_000")],
            &["DevOps Points of the partner's professionals: 5 credits per 500 → 1,000."],
        ),
        (
            &[("window = \"calendar_year\"\ncap = 10", "window = \"calendar_year\"\ncap = 30")],
            &["Demo system or lab: at most 10 → 30 credits a calendar year."],
        ),
        (
            &[("window = \"calendar_year\"\ncap = 10\n", "window = \"calendar_year\"\n")],
            &["Demo system or lab: at most 10 credits a calendar year → no limit."],
        ),
        (
            &[(
                "credits = 10\nper = 5\nwindow = \"month\"\n",
                "credits = 10\nper = 5\nwindow = \"month\"\ncap = 1\n",
            )],
            &["Downloads of the partner's Catalog items: no limit → at most 1 credit a month."],
        ),
        (
            &[("credits = 10\nper = 5\n", "credits = 1\nper = 5\n")],
            &["Downloads of the partner's Catalog items: 10 → 1 credit per 5."],
        ),
        (&[("EUR = \"1.00\"", "EUR = \"1.25\"")], &["Value of one credit in EUR: 1.00 → 1.25."]),
        (
            &[("\"SUPPORT_SERVICE\"]\npercent = \"20\"", "\"SUPPORT_SERVICE\"]\npercent = \"22.5\"")],
            &[
                "Base discount of Creator on license: 20% → 22.5%.",
                "Base discount of Creator on support service: 20% → 22.5%.",
                "Base discount of Creator on usage based service: 20% → 22.5%.",
            ],
        ),
        (
            &[("[\"LICENSE\", \"USAGE_BASED_SERVICE\"]\npercent = \"5\"", "[\"LICENSE\"]\npercent = \"5\"")],
            &["Credits pay of usage based service for end customer: at most 5% → 0%."],
        ),
        (
            &[("points = { min = 25, max = 250 }", "points = 100")],
            &["Enrolled in an online course: 25–250 → 100 points."],
        ),
        (&[("lead_days = 30", "lead_days = 45")], &["Deals, lead days: 30 → 45."]),
        (
            &[("[customers]\n", "[credits]\nexpire_after_months = 24\n\n[customers]\n")],
            &["Credits expire: never → 24 months after the day on which they are earned."],
        ),
        (
            &[("[customers]\n", "[dojo_credits]\nexpire_at_end_of_following_year = 1\n\n[customers]\n")],
            &["Dojo Credits expire: never → at the end of the year after the one in which they are earned."],
        ),
        (&[("[customers]\n", "[credits]\n\n[customers]\n")], &[]),
        (&[("contract = [60, 30, 7]\n", "contract = [90]\n")], &["Notices, contract: 60, 30, 7 → 90."]),
        (&[("contract = [60, 30, 7]\n", "")], &[]),
        (
            &[("dojo_credits_per_point = 1", "dojo_credits_per_point = 2")],
            &["Dojo Credits for each point: 1 → 2."],
        ),
    ];
    for (replacements, expected) in table {
        assert_eq!(sentences(replacements), *expected);
    }
}

#[test]
fn rules_and_levels_come_and_go() {
    let new = "[[partner.level]]\ncode = \"MASTER\"\nname = \"Master\"\nthreshold = 200\n\n\
        [[partner.rule]]\nkind = \"VIRTUAL_EVENT\"\ntitle = \"Virtual event\"\ntrack = \"business\"\ncredits = 20\nper = 1\n\
        window = \"month\"\ncap = 40\nfrom = 2026-06-05\nuntil = 2026-06-25\nsource = \"x\"\n\n[[partner.rule]]\nkind = \"CERTIFICATION_OBTAINED\"";
    let added = sentences(&[("[[partner.rule]]\nkind = \"CERTIFICATION_OBTAINED\"", new)]);
    assert_eq!(
        added,
        [
            "New level Master: from 200 credits.",
            "New: Virtual event, 20 credits a month, at most 40 credits a month, from 2026-06-05, until 2026-06-25.",
        ]
    );
    let start = BUILT_IN.find("[[professional.rule]]\nkind = \"KATA_COMPLETED\"").expect("a rule");
    let end = start + 5 + BUILT_IN[start + 5..].find("[[professional.rule]]\n").expect("another rule");
    let gone = sentences(&[(&BUILT_IN[start..end], "")]);
    assert_eq!(gone, ["Kata completed earns nothing any more; it was 75 points."]);
}
