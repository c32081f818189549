//! What a rule can say: every mistake in a document is named with its line, and a claim outside of a rule with what is
//! accepted.

use partner_program::program::admission::{Claim, admit};
use partner_program::program::edition::BUILT_IN;
use partner_program::program::{Editions, Program};
use serde_json::json;

use super::chain;
use super::replay::day;

/// The built-in document with one more rule of professionals at its end, whose first line is the returned one.
fn with_rule(rule: &str) -> (String, usize) {
    let document = BUILT_IN.split("[[example]]").next().expect("rules").to_owned();
    let line = document.lines().count() + 1;
    let kind = "[[professional.rule]]\nkind = \"X\"\ntitle = \"X\"\nsource = \"test\"\nwindow = \"each\"\n";
    (format!("{document}{kind}{rule}\n"), line + 5)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn section_2_a_mistake_in_a_rule_is_named_with_its_line() {
    let attribute = |more: &str| format!("\n[[professional.rule.attribute]]\nname = \"n\"\n{more}");
    // the rule after its window, the line of the problem in it, words of the message
    let table = [
        ("points = 0".to_owned(), 0, "points are -1000000 to 1000000 and not 0"),
        ("points = { min = 5, max = 1 }".to_owned(), 0, "`min` is not above `max`"),
        ("points = \"many\"".to_owned(), 0, "points are a number, { min = …, max = … }, or { by = …, values"),
        ("points = 1\nunit = \"hour\"".to_owned(), 1, "`hour` is not a value here"),
        (
            "points = 1\nfrom = 2025-02-02\nuntil = 2025-02-01".to_owned(),
            2,
            "`until` 2025-02-01 is before `from` 2025-02-02",
        ),
        ("points = 1\nrest = \"carry\"".to_owned(), 1, "`rest` is not a key here"),
        (
            "points = 1\ndivided_by = \"n\"".to_owned(),
            1,
            "needs an attribute n of the rule with type \"integer\"",
        ),
        (
            format!("points = 1\ndivided_by = \"n\"{}", attribute("type = \"integer\"\nmin = 0")),
            1,
            "`min` of 1 or more",
        ),
        (
            format!(
                "points = 1\ndivided_by = \"n\"{}",
                attribute("type = \"integer\"\nmin = 1\noptional = true")
            ),
            1,
            "not optional",
        ),
        (
            format!("points = 1{}", attribute("type = \"integer\"\nmin = 3\nmax = 2")),
            2,
            "`min` 3 is above `max` 2",
        ),
        (
            format!("points = 1{}", attribute("type = \"text\"\nmin = 3")),
            2,
            "`min` and `max` with \"integer\"",
        ),
        (
            "points = { by = \"n\", values = { a = 1 } }".to_owned(),
            0,
            "`by` needs an attribute n of the rule",
        ),
        (
            format!("points = {{ by = \"n\", values = {{ a = 1 }} }}{}", attribute("type = \"integer\"")),
            0,
            "must have type \"text\"",
        ),
        (
            format!(
                "points = {{ by = \"n\", values = {{ a = 1 }} }}{}",
                attribute("type = \"text\"\none_of = [\"a\", \"b\"]")
            ),
            0,
            "n can be b, which has no value here",
        ),
        (
            format!(
                "points = {{ by = \"n\", values = {{ a = 1, exprt = 2 }} }}{}",
                attribute("type = \"text\"\none_of = [\"a\"]")
            ),
            0,
            "n is one of a, not exprt.",
        ),
        (
            format!(
                "points = {{ by = \"n\", values = {{ a = 1 }} }}{}",
                attribute("type = \"text\"\noptional = true")
            ),
            0,
            "cannot be optional",
        ),
        ("points = 1\ncounts_as = \"DEAL_WON\"".to_owned(), 1, "DEAL_WON is derived: nothing counts as it"),
        ("points = 1\ncounts_as = \"LINKEDIN_POSTS\"".to_owned(), 1, "Did you mean LINKEDIN_POST?"),
    ];
    for (rule, offset, words) in table {
        let (document, line) = with_rule(&rule);
        let error = Editions::parse([document.as_str()]).expect_err(&rule);
        assert!(error.message.contains(words), "{rule}: {error}");
        assert_eq!(error.line, line + offset, "{rule}: {error}");
    }
    // what to change in the built-in document, into what, words of the error
    let table = [
        ("window = \"lifetime\"", "window = \"lifetime\"\nrest = \"carry\"", "window that has a next one"),
        ("per = 500\nwindow = \"month\"", "per = 1\nwindow = \"month\"\nrest = \"carry\"", "`per` above 1"),
        (
            "credits = 10\nper = 5",
            "credits = { by = \"itemType\", values = { a = 1 } }\nper = 5",
            "`per = 1`",
        ),
        (
            "credits = 50\nper = 1\nwindow = \"each\"\nclaimable",
            "credits = 0\nper = 1\nwindow = \"each\"\nclaimable",
            "`credits` must be 1 or more, not 0",
        ),
        (
            "credits = 10\nper = 5",
            "counts_as = \"CATALOG_DOWNLOADS\"\ncredits = 10\nper = 5",
            "cannot count as itself",
        ),
        (
            "points = 250\nwindow = \"membership_year\"",
            "points = -250\nwindow = \"membership_year\"",
            "need `window = \"each\"`",
        ),
    ];
    for (from, into, words) in table {
        assert!(BUILT_IN.contains(from), "{from}");
        let error = Editions::parse([BUILT_IN.replacen(from, into, 1).as_str()]).expect_err(into);
        assert!(error.message.contains(words), "{into}: {error}");
        assert!(error.line > 1, "{into}: {error}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn section_2_a_claim_outside_of_a_rule_is_refused_with_what_is_accepted() {
    let editions = chain::editions();
    // kind, day, quantity, points, attributes, the first message
    let table = [
        (
            "SUMMER_CHALLENGE",
            "2025-06-04",
            1,
            None,
            json!({}),
            "SUMMER_CHALLENGE is an activity kind for professionals from 2025-06-05 on, not on 2025-06-04.",
        ),
        (
            "SUMMER_CHALLENGE",
            "2025-06-26",
            1,
            None,
            json!({}),
            "SUMMER_CHALLENGE is an activity kind for professionals until 2025-06-25 only, not on 2025-06-26.",
        ),
        (
            "SUMMER_CHALLENGE",
            "2026-06-10",
            1,
            None,
            json!({}),
            "SUMMER_CHALLENGE is an activity kind for professionals until 2025-06-25 only, not on 2026-06-10.",
        ),
        (
            "TAGGED_POST",
            "2025-07-08",
            1,
            None,
            json!({}),
            "TAGGED_POST is an activity kind for professionals until 2025-07-07 only, not on 2025-07-08.",
        ),
        (
            "BOOTH_MEETING",
            "2026-01-10",
            1,
            None,
            json!({}),
            "BOOTH_MEETING requires the attribute attendees, a whole number from 1 to 50.",
        ),
        (
            "BOOTH_MEETING",
            "2026-01-10",
            1,
            None,
            json!({ "attendees": "three" }),
            "attendees is a whole number from 1 to 50; got \"three\".",
        ),
        (
            "BOOTH_MEETING",
            "2026-01-10",
            1,
            None,
            json!({ "attendees": 51 }),
            "attendees is a whole number from 1 to 50; got the number 51.",
        ),
        (
            "VIRTUAL_MEETING",
            "2026-01-10",
            1,
            None,
            json!({ "attendees": 0 }),
            "attendees is a whole number, 1 or more; got the number 0.",
        ),
        (
            "CERTIFICATION_OBTAINED",
            "2026-01-10",
            1,
            None,
            json!({ "track": "Expret" }),
            "track is one of Fundamentals, Advanced, Expert; got \"Expret\". Did you mean Expert?",
        ),
        (
            "CERTIFICATION_OBTAINED",
            "2026-01-10",
            1,
            Some(700),
            json!({ "track": "Expert" }),
            "CERTIFICATION_OBTAINED has points by its attribute track; leave points out, got 700.",
        ),
        (
            "EVENT_HOSTED",
            "2026-01-10",
            1,
            None,
            json!({}),
            "EVENT_HOSTED requires points from 100 to 1000 a day; got none.",
        ),
        (
            "EVENT_HOSTED",
            "2026-01-10",
            1,
            Some(2_000),
            json!({}),
            "EVENT_HOSTED accepts 100 to 1000 points a day; got 2000.",
        ),
        (
            "EVENT_HOSTED",
            "2026-01-10",
            6,
            Some(500),
            json!({}),
            "EVENT_HOSTED accepts a quantity of 1 to 5 days; got 6.",
        ),
    ];
    for (kind, on, quantity, points, attributes, message) in table {
        let claim = Claim {
            program: Program::Professional,
            member_since: None,
            member_until: None,
            kind,
            occurred_on: day(on),
            quantity,
            points,
            attributes: attributes.as_object().expect("attributes"),
        };
        let refused = admit(&editions, &claim, day("2026-09-30")).expect_err(message);
        assert_eq!(refused.first().message, message);
    }
}
