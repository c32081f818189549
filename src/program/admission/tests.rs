use super::*;
use crate::program::edition::BUILT_IN;
use serde_json::json;

/// kind, quantity, points, attributes, units or code and field of the only problem
type Row = (&'static str, i64, Option<i64>, Value, Result<i64, (Code, &'static str)>);

/// Code and field of each problem.
fn fields(refusals: Refusals) -> Vec<(Code, String)> {
    refusals.into_iter().map(|refusal| (refusal.code, refusal.field.join("."))).collect()
}

fn check(program: Program, rows: Vec<Row>) {
    let editions = Editions::built_in();
    let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
    for (kind, quantity, points, attributes, expected) in rows {
        let attributes = attributes.as_object().expect("an object");
        let claim = Claim {
            program,
            member_since: Some(day("2025-01-01")),
            member_until: None,
            kind,
            occurred_on: day("2025-06-09"),
            quantity,
            points,
            attributes,
        };
        let answer = admit(&editions, &claim, day("2025-06-30"));
        let answer = answer.map(|admitted| admitted.units).map_err(fields);
        let expected = expected.map_err(|(code, field)| vec![(code, field.to_owned())]);
        assert_eq!(answer, expected, "{kind} {attributes:?}");
    }
}

#[test]
fn pp_earning_credits_admission() {
    check(
        Program::Partner,
        vec![
            ("EVENT_ORGANIZED", 1, None, json!({}), Ok(1)),
            ("EVENT_ORGANIZED", 0, None, json!({}), Err((Code::Invalid, "quantity"))),
            ("EVENT_ORGANIZED", -1, None, json!({}), Err((Code::Invalid, "quantity"))),
            ("EVENT_ORGANIZED", 2_147_483_648, None, json!({}), Err((Code::Invalid, "quantity"))),
            ("EVENT_ORGANIZED", 1, Some(50), json!({}), Err((Code::Invalid, "points"))),
            ("CATALOG_DOWNLOADS", 23, None, json!({}), Ok(23)),
            ("CATALOG_DOWNLOADS", 23, None, json!({"itemType": "AUTOMATION_SCRIPT"}), Ok(23)),
            (
                "CATALOG_DOWNLOADS",
                23,
                None,
                json!({"itemType": "song"}),
                Err((Code::Invalid, "attributes.itemType")),
            ),
            ("DEMO_SYSTEM", 1, None, json!({"dataminerServicesEnabled": true}), Ok(1)),
            (
                "DEMO_SYSTEM",
                1,
                None,
                json!({}),
                Err((Code::NotEligible, "attributes.dataminerServicesEnabled")),
            ),
            (
                "DEMO_SYSTEM",
                1,
                None,
                json!({"dataminerServicesEnabled": false}),
                Err((Code::NotEligible, "attributes.dataminerServicesEnabled")),
            ),
            (
                "DEMO_SYSTEM",
                1,
                None,
                json!({"dataminerServicesEnabled": "yes"}),
                Err((Code::Invalid, "attributes.dataminerServicesEnabled")),
            ),
            ("LINKEDIN_POST", 1, None, json!({}), Ok(1)),
            ("LINKEDIN_POST", 1, None, json!({"note": "any text", "url": "https://example.com/1"}), Ok(1)),
            ("LINKEDIN_POST", 1, None, json!({"note": {"a": 1}}), Err((Code::Invalid, "attributes.note"))),
            (
                "LINKEDIN_POST",
                1,
                None,
                json!({"isRepost": true}),
                Err((Code::Invalid, "attributes.isRepost")),
            ),
            (
                "LINKEDIN_POST",
                1,
                None,
                json!({"itemType": null}),
                Err((Code::Invalid, "attributes.itemType")),
            ),
            ("LINKEDIN_POST", 1, None, json!({"a\u{7}b": 1}), Err((Code::Invalid, "attributes"))),
            (
                "LINKEDIN_POST",
                1,
                None,
                json!({"repost": true}),
                Err((Code::NotEligible, "attributes.repost")),
            ),
            ("DEVOPS_POINTS", 500, None, json!({}), Err((Code::NotEligible, "kind"))),
            ("BLOG_POST_PUBLISHED", 1, None, json!({}), Err((Code::UnknownKind, "kind"))),
            ("NO_SUCH_KIND", 1, None, json!({}), Err((Code::UnknownKind, "kind"))),
        ],
    );
}

#[test]
fn s6_points_of_professionals() {
    check(
        Program::Professional,
        vec![
            ("VOTE_CAST", 1, Some(10), json!({}), Ok(10)),
            ("VOTE_CAST", 1, Some(75), json!({}), Ok(75)),
            ("VOTE_CAST", 1, Some(9), json!({}), Err((Code::PointsOutOfRange, "points"))),
            ("VOTE_CAST", 1, Some(76), json!({}), Err((Code::PointsOutOfRange, "points"))),
            ("VOTE_CAST", 1, None, json!({}), Err((Code::PointsRequired, "points"))),
            ("VOTE_CAST", 2, Some(20), json!({}), Err((Code::Invalid, "quantity"))),
            ("TRAINING_DAY_ATTENDED", 5, None, json!({}), Ok(1250)),
            ("TRAINING_DAY_ATTENDED", 6, None, json!({}), Err((Code::Invalid, "quantity"))),
            ("KATA_COMPLETED", 1, None, json!({}), Ok(75)),
            ("KATA_COMPLETED", 1, None, json!({"releasedOn": "2025-06-02"}), Ok(150)),
            ("KATA_COMPLETED", 1, None, json!({"releasedOn": "2025-06-01"}), Ok(75)),
            (
                "KATA_COMPLETED",
                1,
                None,
                json!({"releasedOn": "2025-06-10"}),
                Err((Code::Invalid, "attributes.releasedOn")),
            ),
            (
                "KATA_COMPLETED",
                1,
                None,
                json!({"releasedOn": "2025-02-30"}),
                Err((Code::Invalid, "attributes.releasedOn")),
            ),
            (
                "KATA_COMPLETED",
                1,
                None,
                json!({"released_on": "2025-06-02"}),
                Err((Code::Invalid, "attributes.released_on")),
            ),
            ("EVENT_ORGANIZED", 1, None, json!({}), Err((Code::UnknownKind, "kind"))),
        ],
    );
}

#[test]
fn v6_dates_outside_membership() {
    let editions = Editions::built_in();
    let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
    let table = [
        ("2024-12-31", Some(Code::DateBeforeEnrolment)),
        ("2025-01-01", None),
        ("2025-06-30", None),
        ("2025-07-01", Some(Code::DateInFuture)),
        ("9999-12-31", Some(Code::DateInFuture)),
        ("0000-01-01", Some(Code::DateBeforeEnrolment)),
    ];
    for (on, expected) in table {
        let claim = Claim {
            program: Program::Partner,
            member_since: Some(day("2025-01-01")),
            member_until: None,
            kind: "EVENT_ORGANIZED",
            occurred_on: day(on),
            quantity: 1,
            points: None,
            attributes: &Attributes::new(),
        };
        let answer = admit(&editions, &claim, day("2025-06-30"));
        assert_eq!(answer.err().map(|refusals| refusals.first().code), expected, "{on}");
    }
}

/// What a table gives of a claim beside the kind: date, quantity, points, attributes.
fn claim<'a>(
    kind: &'a str,
    on: &str,
    quantity: i64,
    points: Option<i64>,
    attributes: &'a Attributes,
) -> Claim<'a> {
    Claim {
        program: Program::Professional,
        member_since: Some("2025-01-01".parse().expect("a date")),
        member_until: None,
        kind,
        occurred_on: on.parse().expect("a date"),
        quantity,
        points,
        attributes,
    }
}

/// kind, date, quantity, points, attributes, code and field of each problem
type ClaimRow = (&'static str, &'static str, i64, Option<i64>, Value, Vec<(Code, &'static str)>);

#[test]
fn every_problem_of_a_claim_is_listed_in_order() {
    let editions = Editions::built_in();
    let today = "2025-06-30".parse().expect("a date");
    let table: Vec<ClaimRow> = vec![
        (
            "VOTE_CAST",
            "2025-06-01",
            0,
            Some(9),
            json!({}),
            vec![(Code::Invalid, "quantity"), (Code::PointsOutOfRange, "points")],
        ),
        (
            "KATA_COMPLETED",
            "2025-07-01",
            0,
            Some(5),
            json!({ "releasedOn": "soon" }),
            vec![
                (Code::DateInFuture, "occurredOn"),
                (Code::Invalid, "quantity"),
                (Code::Invalid, "points"),
                (Code::Invalid, "attributes.releasedOn"),
            ],
        ),
        (
            "KATA_COMPLETED",
            "2025-06-01",
            0,
            None,
            json!({ "releasedOn": "2025-06-02" }),
            vec![(Code::Invalid, "quantity"), (Code::Invalid, "attributes.releasedOn")],
        ),
        // What an unknown kind would ask for is not guessed; the date is wrong all the same.
        (
            "DOC_CORRECTION",
            "2024-12-31",
            0,
            Some(-1),
            json!({ "releasedOn": 7 }),
            vec![(Code::UnknownKind, "kind"), (Code::DateBeforeEnrolment, "occurredOn")],
        ),
    ];
    for (kind, on, quantity, points, attributes, expected) in table {
        let attributes = attributes.as_object().expect("an object");
        let found = admit(&editions, &claim(kind, on, quantity, points, attributes), today);
        let expected: Vec<_> = expected.into_iter().map(|(code, field)| (code, field.to_owned())).collect();
        assert_eq!(found.map_err(fields), Err(expected), "{kind}");
        // Where the subject is not known, everything is checked but the day of its sign-up.
        let unknown = Claim { member_since: None, ..claim(kind, on, quantity, points, attributes) };
        let found = admit(&editions, &unknown, today).map_err(fields).expect_err(kind);
        assert!(found.iter().all(|(code, _)| *code != Code::DateBeforeEnrolment), "{kind}");
    }
}

/// program, kind, quantity, points, attributes, message
type MessageRow = (Program, &'static str, i64, Option<i64>, Value, &'static str);

fn assert_messages(table: Vec<MessageRow>) {
    let editions = Editions::built_in();
    for (program, kind, quantity, points, attributes, message) in table {
        let attributes = attributes.as_object().expect("an object");
        let claim = Claim { program, ..claim(kind, "2025-06-09", quantity, points, attributes) };
        let refusals = admit(&editions, &claim, "2025-06-30".parse().expect("a date")).expect_err(kind);
        assert_eq!(refusals.to_string(), message);
    }
}

#[test]
fn an_unknown_kind_is_named_with_the_nearest_one() {
    let table = vec![
        (
            Program::Professional,
            "DOC_CORRECTION",
            1,
            None,
            json!({}),
            "DOC_CORRECTION is not an activity kind for professionals. Did you mean DOCS_CORRECTION?",
        ),
        (
            Program::Partner,
            "customer_meeting",
            1,
            None,
            json!({}),
            "customer_meeting is not an activity kind for partners. Did you mean CUSTOMER_MEETING?",
        ),
        (
            Program::Partner,
            "VOTE_CAST",
            1,
            None,
            json!({}),
            "VOTE_CAST is not an activity kind for partners; name the subject in subject.professional.",
        ),
        (
            Program::Partner,
            "a\0b",
            1,
            None,
            json!({}),
            "\"a\\0b\" is not an activity kind for partners. The edition in force on 2025-06-09 lists the kinds \
             that count.",
        ),
        (
            Program::Partner,
            "DEVOPS_POINTS",
            1,
            None,
            json!({}),
            "DEVOPS_POINTS cannot be recorded: it is derived from the points of the partner's professionals; \
             record their activities instead.",
        ),
    ];
    assert_messages(table);
}

#[test]
fn messages_name_what_was_given_and_what_is_accepted() {
    let table = vec![
        (
            Program::Professional,
            "TRAINING_DAY_ATTENDED",
            6,
            None,
            json!({}),
            "TRAINING_DAY_ATTENDED accepts a quantity of 1 to 5; got 6.",
        ),
        (
            Program::Professional,
            "VOTE_CAST",
            2,
            Some(20),
            json!({}),
            "VOTE_CAST is graded as a whole, so its quantity is 1; got 2.",
        ),
        (
            Program::Professional,
            "VOTE_CAST",
            1,
            Some(76),
            json!({}),
            "VOTE_CAST accepts 10 to 75 points; got 76.",
        ),
        (
            Program::Partner,
            "CATALOG_DOWNLOADS",
            1,
            None,
            json!({ "itemType": "conector" }),
            "itemType is one of automation script, application, connector, dashboard, Visio; got \"conector\". \
             Did you mean connector?",
        ),
        (
            Program::Professional,
            "KATA_COMPLETED",
            1,
            None,
            json!({ "releasedOn": "2025-02-30" }),
            "releasedOn: 2025-02-30 is not a date; write YYYY-MM-DD, such as 2026-06-30.",
        ),
        (
            Program::Professional,
            "KATA_COMPLETED",
            1,
            None,
            json!({ "releasedOn": "1025-06-01" }),
            "releasedOn: 1025-06-01 is out of range; dates are from 1990-01-01 to 2100-12-31.",
        ),
        (
            Program::Professional,
            "KATA_COMPLETED",
            1,
            None,
            json!({ "releasedOn": 20_250_601 }),
            "releasedOn is a date, such as \"2026-06-30\"; got the number 20250601.",
        ),
        (
            Program::Professional,
            "KATA_COMPLETED",
            1,
            None,
            json!({ "releasedOn": "2025-06-10" }),
            "releasedOn 2025-06-10 is after occurredOn 2025-06-09; it is that day or an earlier one.",
        ),
    ];
    assert_messages(table);
}

#[test]
fn attributes_are_refused_with_what_was_meant() {
    let table = vec![
        (
            Program::Professional,
            "KATA_COMPLETED",
            1,
            None,
            json!({ "releasedOn": "1.6.2025" }),
            "releasedOn: 1.6.2025 is not a date; write 2025-06-01.",
        ),
        (
            Program::Professional,
            "KATA_COMPLETED",
            1,
            None,
            json!({ "released_on": "2025-06-08" }),
            "KATA_COMPLETED has no attribute released_on. Did you mean releasedOn?",
        ),
        (
            Program::Partner,
            "CUSTOMER_MEETING",
            1,
            None,
            json!({ "Quantity": 10 }),
            "CUSTOMER_MEETING has no attribute Quantity. Did you mean the field quantity beside the attributes?",
        ),
        (
            Program::Partner,
            "LINKEDIN_POST",
            1,
            None,
            json!({ "Owner": "ada" }),
            "LINKEDIN_POST has no attribute Owner. It accepts repost, evidenceUrl, url, title, description, note; note \
             takes any other text.",
        ),
    ];
    assert_messages(table);
}

#[test]
fn a_kind_of_another_edition_names_its_days() {
    let next = BUILT_IN.replacen("effective_from = 2024-05-01", "effective_from = 2025-03-01", 1);
    let next = next.split("[legacy]").next().expect("a head").to_owned()
        + next.split("level_valid_until = 2025-12-31").nth(1).expect("a rest");
    let next = next.replace("\"KATA_COMPLETED\"", "\"KATA_FINISHED\"");
    let next = next.split("[[example]]").next().expect("rules");
    let editions = Editions::parse([BUILT_IN, next]).expect("both parse");
    let attributes = Attributes::new();
    for (kind, on, message) in [
        (
            "KATA_COMPLETED",
            "2025-03-01",
            "KATA_COMPLETED is an activity kind for professionals until 2025-02-28 only, not on 2025-03-01.",
        ),
        (
            "KATA_FINISHED",
            "2025-02-28",
            "KATA_FINISHED is an activity kind for professionals from 2025-03-01 on, not on 2025-02-28.",
        ),
    ] {
        let claim = claim(kind, on, 1, None, &attributes);
        let refusals = admit(&editions, &claim, "2025-06-30".parse().expect("a date")).expect_err(kind);
        assert_eq!((refusals.first().code, refusals.to_string().as_str()), (Code::UnknownKind, message));
    }
}

#[test]
fn a_stored_claim_keeps_what_its_kind_does_not_know() {
    let editions = Editions::built_in();
    let today = "2025-06-30".parse().expect("a date");
    // attributes, whether they are admitted when they are new, and when they are stored
    let table = [
        (json!({}), true, true),
        (json!({ "colour": "red", "evidenceUrl": 7 }), false, true),
        (json!({ "releasedOn": "soon" }), false, false),
    ];
    for (attributes, new, stored) in table {
        let attributes = attributes.as_object().expect("an object");
        let claim = claim("KATA_COMPLETED", "2025-06-09", 1, None, attributes);
        assert_eq!(admit(&editions, &claim, today).is_ok(), new, "{attributes:?}");
        assert_eq!(admit_stored(&editions, &claim, today).is_ok(), stored, "{attributes:?}");
    }
}
