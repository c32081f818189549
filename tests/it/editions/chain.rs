//! What vendors have really changed (E6), as a chain of editions: each is the one before it with some lines replaced, and
//! with an example of what it changes. Dates and figures are the vendor's public ones; a change of a value within a month
//! comes into force on the first day of the next one, and a kind that begins or ends within a month names its days.

use partner_program::program::Editions;
use partner_program::program::edition::BUILT_IN;
use partner_program::program::examples::check;

/// First day, what is replaced and by what, rules that are added, and the example.
struct Change {
    from: &'static str,
    replaced: &'static [(&'static str, &'static str)],
    added: &'static str,
    example: &'static str,
}

/// The changes after the first edition, oldest first.
const CHANGES: [Change; 20] = [
    // Points for solutions (2024-01-03) and recipes (2024-01-22).
    Change {
        from: "2024-01-01",
        replaced: &[],
        added: r#"
[[professional.rule]]
kind = "SOLUTION_PUBLISHED"
title = "Solution published"
points = { min = 250, max = 2_500 }
window = "each"
from = 2024-01-03
review = "acceptance"
source = "Announcement of 2024-01-03"

[[professional.rule]]
kind = "RETRO_RECIPE_PUBLISHED"
title = "Retro recipe published"
points = { min = 500, max = 1_000 }
window = "each"
from = 2024-01-22
review = "acceptance"
source = "Announcement of 2024-01-22"
"#,
        example: r#"
  { on = 2024-01-02, professional = "a", kind = "SOLUTION_PUBLISHED", points = 1_000, refused = "UnknownKind" },
  { on = 2024-01-03, professional = "a", kind = "SOLUTION_PUBLISHED", points = 1_000 },
  { on = 2024-01-22, professional = "a", kind = "RETRO_RECIPE_PUBLISHED", points = 500 },
] expect = [ { on = 2024-01-31, professional = "a", points = 1_500 } ]"#,
    },
    // The top level from 25,000 to 15,000 points (2024-01-25).
    Change {
        from: "2024-02-01",
        replaced: &[("threshold = 25_000", "threshold = 15_000")],
        added: "",
        example: r#"
  { on = 2024-01-10, professional = "a", kind = "SOLUTION_PUBLISHED", points = 2_500 },
  { on = 2024-01-11, professional = "a", kind = "SOLUTION_PUBLISHED", points = 2_500 },
  { on = 2024-01-12, professional = "a", kind = "SOLUTION_PUBLISHED", points = 2_500 },
  { on = 2024-01-13, professional = "a", kind = "SOLUTION_PUBLISHED", points = 2_500 },
  { on = 2024-01-14, professional = "a", kind = "SOLUTION_PUBLISHED", points = 2_500 },
  { on = 2024-01-15, professional = "a", kind = "SOLUTION_PUBLISHED", points = 2_500 },
] expect = [ { on = 2024-01-31, professional = "a", level = "ENABLER" }, { on = 2024-02-01, professional = "a", level = "CATALYST" } ]"#,
    },
    // E-learning from 10 to 50 to 25 to 250, training 250 a day (2024-02-23).
    Change {
        from: "2024-03-01",
        replaced: &[
            ("points = { min = 10, max = 50 }", "points = { min = 25, max = 250 }"),
            ("points = 100\nmax_quantity = 5", "points = 250\nunit = \"day\"\nmax_quantity = 5"),
        ],
        added: "",
        example: r#"
  { on = 2024-02-29, professional = "a", kind = "COURSE_COMPLETED", points = 250, refused = "PointsOutOfRange" },
  { on = 2024-02-29, professional = "a", kind = "TRAINING_DAY_ATTENDED", quantity = 2 },
  { on = 2024-03-01, professional = "a", kind = "COURSE_COMPLETED", points = 250 },
  { on = 2024-03-01, professional = "a", kind = "TRAINING_DAY_ATTENDED", quantity = 2 },
] expect = [ { on = 2024-02-29, professional = "a", points = 200 }, { on = 2024-03-01, professional = "a", points = 950 } ]"#,
    },
    // From fiscal to calendar years (2024-06-05): a level held through the fiscal year that ends in June of the following
    // year, and holds through the whole following calendar year from now on.
    Change {
        from: "2024-07-01",
        replaced: &[("[partner.validity]\nuntil = \"06-30\"\n\n", "")],
        added: "",
        example: r#"
  { on = 2023-12-10, partner = "p", kind = "CERTIFICATION_OBTAINED", quantity = 3 },
  { on = 2024-12-10, partner = "p", kind = "CERTIFICATION_OBTAINED", quantity = 3 },
] expect = [ { on = 2024-06-30, partner = "p", level = "COLLABORATOR" }, { on = 2024-07-01, partner = "p", level = "MEMBER" }, { on = 2025-12-31, partner = "p", level = "COLLABORATOR" } ]"#,
    },
    // A documentation issue 100 (2025-03-11).
    Change {
        from: "2025-03-01",
        replaced: &[],
        added: r#"
[[professional.rule]]
kind = "DOCS_ISSUE_REPORTED"
title = "Issue of the documentation reported"
points = 100
window = "each"
from = 2025-03-11
source = "Announcement of 2025-03-11"
"#,
        example: r#"
  { on = 2025-03-10, professional = "a", kind = "DOCS_ISSUE_REPORTED", refused = "UnknownKind" },
  { on = 2025-03-11, professional = "a", kind = "DOCS_ISSUE_REPORTED" },
] expect = [ { on = 2025-03-11, professional = "a", points = 100 } ]"#,
    },
    // A use case up to 5,000 (2025-04-15).
    Change {
        from: "2025-05-01",
        replaced: &[(
            "title = \"Use case published\"\npoints = { min = 250, max = 2_500 }",
            "title = \"Use case published\"\npoints = { min = 250, max = 5_000 }",
        )],
        added: "",
        example: r#"
  { on = 2025-04-30, professional = "a", kind = "USE_CASE_PUBLISHED", points = 5_000, refused = "PointsOutOfRange" },
  { on = 2025-05-01, professional = "a", kind = "USE_CASE_PUBLISHED", points = 5_000 },
] expect = [ { on = 2025-05-01, professional = "a", level = "ENABLER" } ]"#,
    },
    // A typo 25 to 50 and missing information up to 5,000 (2025-05-02), and a kind of twenty days.
    Change {
        from: "2025-06-01",
        replaced: &[
            ("corrected\"\npoints = 25\n", "corrected\"\npoints = { min = 25, max = 50 }\n"),
            ("points = { min = 1, max = 300 }", "points = { min = 1, max = 5_000 }"),
        ],
        added: r#"
[[professional.rule]]
kind = "SUMMER_CHALLENGE"
title = "Summer challenge solved"
points = 150
max_quantity = 3
window = "month"
cap = 300
from = 2025-06-05
until = 2025-06-25
source = "Announcement of 2025-06-05"

[[professional.rule]]
kind = "TAGGED_POST"
title = "Post that tags the vendor"
points = 100
window = "month"
cap = 200
source = "Announcement of 2025-05-02"
"#,
        example: r#"
  { on = 2025-06-04, professional = "a", kind = "SUMMER_CHALLENGE", refused = "UnknownKind" },
  { on = 2025-06-05, professional = "a", kind = "SUMMER_CHALLENGE" },
  { on = 2025-06-25, professional = "a", kind = "SUMMER_CHALLENGE", quantity = 3 },
  { on = 2025-06-26, professional = "a", kind = "SUMMER_CHALLENGE", refused = "UnknownKind" },
  { on = 2025-06-26, professional = "a", kind = "DOCS_CORRECTION", points = 50 },
] expect = [ { on = 2025-06-30, professional = "a", points = 350 } ]"#,
    },
    // A tagged post replaced by sharing an attestation (2025-07-08).
    Change {
        from: "2025-07-01",
        replaced: &[(
            "cap = 200\nsource = \"Announcement of 2025-05-02\"",
            "cap = 200\nuntil = 2025-07-07\nsource = \"Announcement of 2025-05-02\"",
        )],
        added: r#"
[[professional.rule]]
kind = "ATTESTATION_SHARED"
title = "Attestation shared"
points = 100
window = "month"
cap = 200
from = 2025-07-08
source = "Announcement of 2025-07-08"
"#,
        example: r#"
  { on = 2025-07-07, professional = "a", kind = "TAGGED_POST" },
  { on = 2025-07-08, professional = "a", kind = "TAGGED_POST", refused = "UnknownKind" },
  { on = 2025-07-07, professional = "a", kind = "ATTESTATION_SHARED", refused = "UnknownKind" },
  { on = 2025-07-08, professional = "a", kind = "ATTESTATION_SHARED" },
] expect = [ { on = 2025-07-31, professional = "a", points = 200 } ]"#,
    },
    // Fixed values in place of ranges, and certifications by track (2025-07-10).
    Change {
        from: "2025-08-01",
        replaced: &[
            (
                "title = \"Comment on a question on Dojo\"\npoints = { min = 10, max = 75 }",
                "title = \"Comment on a question on Dojo\"\npoints = 15",
            ),
            (
                "points = { min = 500, max = 1_000 }\nwindow = \"each\"\ncounts_as = \"CERTIFICATION_OBTAINED\"",
                "points = { by = \"track\", values = { Fundamentals = 500, Advanced = 750, Expert = 1_500 } }\nwindow = \"each\"\ncounts_as = \"CERTIFICATION_OBTAINED\"",
            ),
            (
                "source = \"DP, Formal certification\"\n",
                "source = \"DP, Formal certification\"\n\n[[professional.rule.attribute]]\nname = \"track\"\ntype = \"text\"\none_of = [\"Fundamentals\", \"Advanced\", \"Expert\"]\n",
            ),
        ],
        added: "",
        example: r#"
  { on = 2025-07-31, professional = "a", kind = "CERTIFICATION_OBTAINED", points = 1_000 },
  { on = 2025-08-01, professional = "a", kind = "CERTIFICATION_OBTAINED", attributes = { track = "Expert" } },
  { on = 2025-08-02, professional = "a", kind = "CERTIFICATION_OBTAINED", attributes = { track = "Advanced" } },
  { on = 2025-08-03, professional = "a", kind = "CERTIFICATION_OBTAINED", attributes = { track = "Fundamentals" } },
  { on = 2025-08-03, professional = "a", kind = "CERTIFICATION_OBTAINED", refused = "Invalid" },
  { on = 2025-08-03, professional = "a", kind = "CERTIFICATION_OBTAINED", points = 700, attributes = { track = "Expert" }, refused = "Invalid" },
] expect = [ { on = 2025-08-31, professional = "a", points = 3_750 } ]"#,
    },
    // Training 500 a day (2025-08-26).
    Change {
        from: "2025-09-01",
        replaced: &[("points = 250\nunit = \"day\"", "points = 500\nunit = \"day\"")],
        added: "",
        example: r#"
  { on = 2025-08-31, professional = "a", kind = "TRAINING_DAY_ATTENDED", quantity = 2 },
  { on = 2025-09-01, professional = "a", kind = "TRAINING_DAY_ATTENDED", quantity = 2 },
] expect = [ { on = 2025-09-01, professional = "a", points = 1_500 } ]"#,
    },
    // A vote against -10.
    Change {
        from: "2025-10-01",
        replaced: &[],
        added: r#"
[[professional.rule]]
kind = "VOTE_AGAINST"
title = "Vote against on Dojo"
points = -10
max_quantity = 20
window = "each"
source = "DP, Being active in the Q&A section"
"#,
        example: r#"
  { on = 2025-10-01, professional = "a", kind = "DOCS_CORRECTION", points = 35 },
  { on = 2025-10-02, professional = "a", kind = "VOTE_AGAINST" },
  { id = "votes", on = 2025-10-03, professional = "a", kind = "VOTE_AGAINST", quantity = 5 },
  { on = 2025-10-04, professional = "a", kind = "DOCS_CORRECTION", points = 30 },
] expect = [ { on = 2025-10-02, professional = "a", points = 25 }, { on = 2025-10-03, professional = "a", points = 0, dojo_credits = 30 }, { on = 2025-10-04, professional = "a", points = 30 } ]"#,
    },
    // A booth meeting 500 and a virtual meeting 100, divided by attendees.
    Change {
        from: "2025-11-01",
        replaced: &[],
        added: r#"
[[professional.rule]]
kind = "BOOTH_MEETING"
title = "Meeting at the booth"
points = 500
max_quantity = 10
window = "each"
divided_by = "attendees"
source = "Announcement of 2025-11-01"

[[professional.rule.attribute]]
name = "attendees"
type = "integer"
min = 1
max = 50

[[professional.rule]]
kind = "VIRTUAL_MEETING"
title = "Virtual meeting"
points = 100
window = "each"
divided_by = "attendees"
source = "Announcement of 2025-11-01"

[[professional.rule.attribute]]
name = "attendees"
type = "integer"
min = 1
"#,
        example: r#"
  { on = 2025-11-03, professional = "a", kind = "BOOTH_MEETING", attributes = { attendees = 3 } },
  { on = 2025-11-04, professional = "a", kind = "VIRTUAL_MEETING", attributes = { attendees = 7 } },
  { on = 2025-11-05, professional = "a", kind = "BOOTH_MEETING", attributes = { attendees = 0 }, refused = "Invalid" },
  { on = 2025-11-05, professional = "a", kind = "BOOTH_MEETING", attributes = { attendees = 2.5 }, refused = "Invalid" },
  { on = 2025-11-05, professional = "a", kind = "BOOTH_MEETING", refused = "Invalid" },
] expect = [ { on = 2025-11-03, professional = "a", points = 166 }, { on = 2025-11-04, professional = "a", points = 180 } ]"#,
    },
    // Hosting up to 1,000 a day.
    Change {
        from: "2025-12-01",
        replaced: &[],
        added: r#"
[[professional.rule]]
kind = "EVENT_HOSTED"
title = "Event hosted"
points = { min = 100, max = 1_000 }
unit = "day"
max_quantity = 5
window = "each"
source = "Announcement of 2025-12-01"
"#,
        example: r#"
  { on = 2025-12-03, professional = "a", kind = "EVENT_HOSTED", points = 800, quantity = 3 },
  { on = 2025-12-04, professional = "a", kind = "EVENT_HOSTED", points = 1_001, quantity = 3, refused = "PointsOutOfRange" },
  { on = 2025-12-04, professional = "a", kind = "EVENT_HOSTED", points = 100, quantity = 6, refused = "Invalid" },
] expect = [ { on = 2025-12-03, professional = "a", points = 2_400 } ]"#,
    },
    // The profile earns 3 in all: nothing is taken from those that have 10.
    Change {
        from: "2026-01-01",
        replaced: &[
            (
                "title = \"Dojo profile\"\ntrack = \"business\"\ncredits = 10",
                "title = \"Dojo profile\"\ntrack = \"business\"\ncredits = 3",
            ),
            (
                "cap = 10\nclaimable = true\nsource = \"PP, Earning Credits, Digital presence\"\n\n[[partner.rule]]\nkind = \"BLOG",
                "cap = 3\nclaimable = true\nsource = \"PP, Earning Credits, Digital presence\"\n\n[[partner.rule]]\nkind = \"BLOG",
            ),
        ],
        added: "",
        example: r#"
  { on = 2025-02-01, partner = "p", kind = "DOJO_PROFILE", quantity = 3 },
  { id = "fourth", on = 2026-01-01, partner = "p", kind = "DOJO_PROFILE" },
  { void = "fourth" },
] expect = [ { on = 2026-01-01, partner = "p", business = 0, balance = 10 } ]"#,
    },
    // Points that fill no block of 500 by the end of a month count in the next one.
    Change {
        from: "2026-02-01",
        replaced: &[("per = 500\nwindow = \"month\"", "per = 500\nwindow = \"month\"\nrest = \"carry\"")],
        added: "",
        example: r#"
  { on = 2026-01-20, professional = "a", kind = "DOCS_MISSING_INFORMATION", points = 450 },
  { on = 2026-02-20, professional = "a", kind = "DOCS_MISSING_INFORMATION", points = 450 },
  { on = 2026-03-02, professional = "a", kind = "DOCS_MISSING_INFORMATION", points = 50 },
  { on = 2026-03-03, professional = "a", kind = "DOCS_MISSING_INFORMATION", points = 499 },
] expect = [ { on = 2026-03-01, partner = "p", technical = 0 }, { on = 2026-03-03, partner = "p", technical = 5 } ]"#,
    },
    // Certifications of a partner by track.
    Change {
        from: "2026-03-01",
        replaced: &[
            (
                "kind = \"EVENT_ORGANIZED\"\ntitle = \"Event organized\"\ntrack = \"business\"\ncredits = 50",
                "kind = \"EVENT_ORGANIZED\"\ntitle = \"Event organized\"\ntrack = \"business\"\ncredits = { by = \"size\", values = { small = 20, large = 80 } }",
            ),
            (
                "source = \"PP, Earning Credits, Events\"\n\n[[partner.rule]]\nkind = \"CUSTOMER_MEETING\"",
                "source = \"PP, Earning Credits, Events\"\n\n[[partner.rule.attribute]]\nname = \"size\"\ntype = \"text\"\n\n[[partner.rule]]\nkind = \"CUSTOMER_MEETING\"",
            ),
        ],
        added: "",
        example: r#"
  { on = 2026-03-01, partner = "p", kind = "EVENT_ORGANIZED", attributes = { size = "large" } },
  { on = 2026-03-02, partner = "p", kind = "EVENT_ORGANIZED", quantity = 2, attributes = { size = "small" } },
  { on = 2026-03-02, partner = "p", kind = "EVENT_ORGANIZED", attributes = { size = "medium" }, refused = "Invalid" },
] expect = [ { on = 2026-03-02, partner = "p", business = 120 } ]"#,
    },
    // A kind that counts as another one: a webinar is a post as well, and earns nothing itself.
    Change {
        from: "2026-04-01",
        replaced: &[(
            "[[partner.rule]]\nkind = \"SALES_TARGET_ACHIEVED\"",
            "[[partner.rule]]\nkind = \"WEBINAR_ANNOUNCED\"\ntitle = \"Webinar announced\"\ntrack = \"business\"\ncredits = 0\nper = 1\nwindow = \"each\"\ncounts_as = \"LINKEDIN_POST\"\nsource = \"Announcement of 2026-04-01\"\n\n[[partner.rule]]\nkind = \"SALES_TARGET_ACHIEVED\"",
        )],
        added: "",
        example: r#"
  { on = 2026-04-01, partner = "p", kind = "WEBINAR_ANNOUNCED" },
  { on = 2026-04-02, partner = "p", kind = "LINKEDIN_POST" },
  { on = 2026-04-03, partner = "p", kind = "WEBINAR_ANNOUNCED", quantity = 4 },
] expect = [ { on = 2026-04-01, partner = "p", business = 0 }, { on = 2026-04-30, partner = "p", business = 5 } ]"#,
    },
    // A headline is worth less in the membership year that runs: nobody loses, nobody is paid twice.
    Change {
        from: "2026-05-01",
        replaced: &[(
            "points = 250\nwindow = \"membership_year\"\ncap = 250",
            "points = 100\nwindow = \"membership_year\"\ncap = 200",
        )],
        added: "",
        example: r#"
  { on = 2026-04-10, professional = "a", kind = "LINKEDIN_HEADLINE" },
  { on = 2026-05-10, professional = "a", kind = "LINKEDIN_HEADLINE" },
  { on = 2026-05-11, professional = "a", kind = "LINKEDIN_HEADLINE" },
] expect = [ { on = 2026-05-10, professional = "a", points = 250 }, { on = 2026-05-11, professional = "a", points = 250 } ]"#,
    },
    // Two Dojo Credits for each point, and a demo system with evidence.
    Change {
        from: "2026-06-01",
        replaced: &[
            ("dojo_credits_per_point = 1", "dojo_credits_per_point = 2"),
            (
                "[[partner.rule.attribute]]\nname = \"dataminerServicesEnabled\"",
                "[[partner.rule.attribute]]\nname = \"evidenceUrl\"\ntype = \"text\"\n\n[[partner.rule.attribute]]\nname = \"dataminerServicesEnabled\"",
            ),
        ],
        added: "",
        example: r#"
  { on = 2026-06-01, professional = "a", kind = "DOCS_LARGE_CONTRIBUTION", points = 60 },
  { on = 2026-06-01, partner = "p", kind = "DEMO_SYSTEM", attributes = { dataminerServicesEnabled = true }, refused = "Invalid" },
  { on = 2026-06-01, partner = "p", kind = "DEMO_SYSTEM", attributes = { dataminerServicesEnabled = true, evidenceUrl = " " }, refused = "Invalid" },
  { on = 2026-06-01, partner = "p", kind = "DEMO_SYSTEM", attributes = { dataminerServicesEnabled = true, evidenceUrl = "https://demo.example" } },
] expect = [ { on = 2026-06-01, professional = "a", dojo_credits = 120 }, { on = 2026-06-01, partner = "p", technical = 10 } ]"#,
    },
    // Downloads are counted over the year.
    Change {
        from: "2026-07-01",
        replaced: &[(
            "credits = 10\nper = 5\nwindow = \"month\"",
            "credits = 10\nper = 5\nwindow = \"calendar_year\"\nrest = \"carry\"\ncap = 100",
        )],
        added: "",
        example: r#"
  { on = 2026-07-01, partner = "p", kind = "CATALOG_DOWNLOADS", quantity = 3 },
  { on = 2026-09-01, partner = "p", kind = "CATALOG_DOWNLOADS", quantity = 3 },
] expect = [ { on = 2026-08-31, partner = "p", technical = 0 }, { on = 2026-09-01, partner = "p", technical = 10 } ]"#,
    },
];

/// The first edition: the built-in one as it was before what changed since, without comments and examples.
fn first() -> String {
    let lines = BUILT_IN.lines().map(|line| match line.find('#') {
        Some(at) if !line[..at].contains('"') || line[..at].matches('"').count() % 2 == 0 => {
            line[..at].trim_end()
        }
        _ => line,
    });
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let text = text.split("[[example]]").next().expect("rules").trim_end().to_owned() + "\n";
    let without = |text: String, kind: &str| {
        let at = text.find(&format!("[[professional.rule]]\nkind = \"{kind}\"")).expect("a rule");
        let rest = &text[at + 1..];
        let end = rest.find("[[professional.rule]]").expect("another rule");
        format!("{}{}", &text[..at], &rest[end..])
    };
    let mut text = without(without(text, "SOLUTION_PUBLISHED"), "RETRO_RECIPE_PUBLISHED");
    for (old, new) in [
        ("effective_from = 2024-05-01", "effective_from = 2023-12-01"),
        ("until = 2024-04-30", "until = 2023-11-30"),
        ("level_valid_until = 2025-12-31", "level_valid_until = 2024-12-31"),
        ("threshold = 15_000", "threshold = 25_000"),
        ("[rewards]\n", "[partner.validity]\nuntil = \"06-30\"\n\n[rewards]\n"),
        ("points = 250\nmax_quantity = 5", "points = 100\nmax_quantity = 5"),
        ("points = { min = 25, max = 250 }", "points = { min = 10, max = 50 }"),
    ] {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    text
}

/// The documents of the chain, oldest first.
pub(super) fn documents() -> Vec<String> {
    let mut documents = vec![first()];
    for change in &CHANGES {
        let before = documents.last().expect("the first");
        let (rules, _) = before.split_once("\n[[example]]").unwrap_or((before, ""));
        let (head, rest) = rules.split_once("effective_from = ").expect("a first day");
        let rest = &rest[rest.find('\n').expect("more lines")..];
        let mut text = format!("{head}effective_from = {}{rest}", change.from);
        // Only the first edition has the window of before the launch.
        if let Some((head, rest)) = text.split_once("[legacy]") {
            text = format!("{head}{}", &rest[rest.find("[[attribute]]").expect("attributes")..]);
        }
        for (old, new) in change.replaced {
            assert!(text.contains(old), "{} has no {old}", change.from);
            text = text.replace(old, new);
        }
        let example = change.example.replace("] expect", "]\nexpect");
        let subjects = "partners = { p = 2023-01-01 }\nprofessionals = { a = { signed_up_on = 2023-12-01, partner = \"p\" } }";
        let name = format!("What changed on {}", change.from);
        documents.push(format!(
            "{text}{}\n[[example]]\nname = \"{name}\"\n{subjects}\nfacts = [{example}\n",
            change.added
        ));
    }
    documents
}

/// All editions of the chain.
pub(super) fn editions() -> Editions {
    let documents = documents();
    let parsed = Editions::parse(documents.iter().map(String::as_str));
    parsed.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn e6_every_change_of_the_vendor_has_an_example() {
    let editions = editions();
    assert_eq!(editions.iter().count(), 21);
    for (edition, change) in editions.iter().skip(1).zip(&CHANGES) {
        assert_eq!(edition.effective_from.to_string(), change.from);
        assert_eq!(edition.examples.len(), 1, "{}", change.from);
        for example in &edition.examples {
            assert_eq!(check(example, &editions), Ok(()), "{}", change.from);
        }
    }
}
