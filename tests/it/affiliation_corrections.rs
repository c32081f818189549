//! Affiliations that were entered wrongly, that never were, or whose end is planned (A3, A4).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, everything, refusal, verified};

both! {
    a3_a_corrected_affiliation_credits_the_partner_that_was_meant,
    a3_a_voided_affiliation_credited_nobody,
    a3_only_awards_that_stand_keep_an_affiliation_from_ending,
    a4_a_planned_end_is_over_the_day_after_and_can_be_moved_until_then,
    corrections_that_cannot_be,
    affiliations_are_seen_by_whom_they_concern,
    a_hundred_corrections_and_voidings_at_once_are_one_after_the_other,
}

const TODAY: &str = "2026-08-31";

async fn app_with_subjects(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2022-06-01").await;
    app.partner("suedwind", "2022-06-01").await;
    app.professional("ada", "2022-06-01").await;
    app.professional("bob", "2022-06-01").await;
    app
}

/// Affiliations of a professional as staff sees them, in the order of recording.
async fn affiliations(app: &TestApp, professional: &str) -> Vec<Value> {
    let query = "query($code: String!) { professional(code: $code) { affiliations { totalCount nodes { id \
        partner { code } startsOn endsOn voided { by reason } replaces { id } } } } }";
    let page = app.ok(query, json!({ "code": professional })).await["professional"]["affiliations"].clone();
    let nodes = page["nodes"].as_array().expect("a list").clone();
    assert_eq!(page["totalCount"], nodes.len());
    nodes
}

async fn affiliation_of(app: &TestApp, professional: &str) -> Value {
    let all = affiliations(app, professional).await;
    all.into_iter().find(|one| one["voided"].is_null()).expect("one that stands")["id"].clone()
}

/// What both partners came to: credits of the years, balances, levels.
async fn sums(app: &TestApp) -> Value {
    let mut sums = Vec::new();
    for partner in ["nordwind", "suedwind"] {
        for day in ["2024-05-01", "2024-12-31", "2025-12-31", TODAY] {
            sums.push(app.partner_on(partner, day).await);
        }
    }
    Value::Array(sums)
}

/// What Ada did: before the launch, points of capped kinds, a certification, half a block, and what was voided.
async fn work(app: &TestApp) {
    let one = |kind: &str, on: &str, points: i64| Activity::of_professional("ada", kind, on).points(points);
    app.record(one("CERTIFICATION_OBTAINED", "2023-03-03", 700)).await;
    app.record(one("DOCS_LARGE_CONTRIBUTION", "2025-03-10", 300)).await;
    app.record(one("CERTIFICATION_OBTAINED", "2025-03-20", 500)).await;
    let voided = app.record(one("CERTIFICATION_OBTAINED", "2025-03-22", 1_000)).await;
    app.void(&voided).await;
    for day in ["2025-04-01", "2025-04-02", "2025-04-03"] {
        app.record(Activity::of_professional("ada", "FEEDBACK_SUBMITTED", day)).await;
    }
    app.record(one("DOCS_LARGE_CONTRIBUTION", "2026-02-02", 900)).await;
    // Somebody else of each partner fills the rest of the blocks.
    for (who, partner) in [("bob", "nordwind"), ("eve", "suedwind")] {
        let activity = Activity::of_professional(who, "DOCS_LARGE_CONTRIBUTION", "2025-03-15");
        app.record(activity.points(350)).await;
        assert!(!partner.is_empty());
    }
}

async fn team(app: &TestApp) {
    app.professional("eve", "2022-06-01").await;
    app.affiliate("bob", "nordwind", "2022-06-01").await;
    app.affiliate("eve", "suedwind", "2022-06-01").await;
}

async fn a3_a_corrected_affiliation_credits_the_partner_that_was_meant(backend: Backend) {
    // The same, entered right from the start.
    let meant = app_with_subjects(backend).await;
    team(&meant).await;
    meant.affiliate("ada", "suedwind", "2023-01-01").await;
    work(&meant).await;
    let expected = sums(&meant).await;

    let app = app_with_subjects(backend).await;
    team(&app).await;
    app.affiliate("ada", "nordwind", "2023-01-01").await;
    work(&app).await;
    assert_ne!(sums(&app).await, expected);
    let id = affiliation_of(&app, "ada").await;
    let input = json!({ "affiliation": id, "partner": "suedwind", "reason": "mixed up with her sister" });
    app.done("correctAffiliation", input).await;
    assert_eq!(sums(&app).await, expected);
    let found = affiliations(&app, "ada").await;
    let [wrong, right] = &found[..] else { panic!("two: {found:?}") };
    assert_eq!(wrong["voided"], json!({ "by": "bootstrap", "reason": "mixed up with her sister" }));
    assert_eq!(
        (&wrong["partner"]["code"], &right["partner"]["code"]),
        (&json!("nordwind"), &json!("suedwind"))
    );
    assert_eq!((&right["voided"], &right["replaces"]["id"]), (&Value::Null, &wrong["id"]));
    let taken = app.ledger("nordwind").await;
    let last = taken.last().expect("an entry");
    assert_eq!((&last["reason"], &last["effectiveOn"]), (&json!("CORRECTION"), &json!("2026-02-02")));
    assert!(last["explanation"].as_str().expect("a text").contains("a corrected affiliation"), "{last}");
    verified(app.services()).await;
    // Each partner learns of its own part.
    for (partner, kind) in [("nordwind", "AFFILIATION_VOIDED"), ("suedwind", "AFFILIATION_CORRECTED")] {
        let query = "query($partner: String!) { events(partner: $partner, first: 100, \
            types: [AFFILIATION_VOIDED, AFFILIATION_CORRECTED]) { nodes { type occurredOn data } } }";
        let events = app.ok(query, json!({ "partner": partner })).await["events"]["nodes"].clone();
        assert_eq!((&events[0]["type"], &events[1]), (&json!(kind), &Value::Null), "{partner}");
        assert_eq!(events[0]["data"]["affiliation"]["startsOn"], "2023-01-01");
    }
    // And back again, with other days: what no longer lies in them is nobody's.
    let id = affiliation_of(&app, "ada").await;
    let input = json!({ "affiliation": id, "partner": "nordwind", "startsOn": "2025-03-15", "endsOn": "2025-12-31",
        "reason": "no, it was her" });
    app.done("correctAffiliation", input).await;
    let meant = app_with_subjects(backend).await;
    team(&meant).await;
    let input = json!({ "professional": "ada", "partner": "nordwind", "startsOn": "2025-03-15", "endsOn": "2025-12-31" });
    meant.done("affiliateProfessional", input).await;
    work(&meant).await;
    assert_eq!(sums(&app).await, sums(&meant).await);
    verified(app.services()).await;
}

async fn a3_a_voided_affiliation_credited_nobody(backend: Backend) {
    let app = app_with_subjects(backend).await;
    team(&app).await;
    work(&app).await;
    let before = sums(&app).await;
    app.affiliate("ada", "nordwind", "2023-01-01").await;
    assert_ne!(sums(&app).await, before);
    let id = affiliation_of(&app, "ada").await;
    app.done("voidAffiliation", json!({ "affiliation": id, "reason": "never worked there" })).await;
    assert_eq!(sums(&app).await, before);
    verified(app.services()).await;
    // What is done on its days is nobody's, and the days are free for another.
    let late = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-03-13").points(500);
    assert_eq!(app.record(late).await["awardedCredits"], 0);
    app.affiliate("ada", "suedwind", "2023-01-01").await;
    let refused = app.refusals("voidAffiliation", json!({ "affiliation": id, "reason": "again" })).await;
    assert_eq!(refused, ["WRONG_STATE"]);
    verified(app.services()).await;
}

async fn a3_only_awards_that_stand_keep_an_affiliation_from_ending(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let one = |on: &str| Activity::of_professional("ada", "CERTIFICATION_OBTAINED", on).points(500);
    app.record(one("2025-03-10")).await;
    let voided = app.record(one("2025-06-10")).await;
    app.void(&voided).await;
    let end = |on: &str| json!({ "professional": "ada", "endsOn": on });
    let (code, _, message) = refusal(&app.mutate("endAffiliation", end("2025-03-09")).await);
    assert_eq!(code, "INVALID");
    assert!(message.contains("2025-03-10") && !message.contains("2025-06-10"), "{message}");
    app.done("endAffiliation", end("2025-03-10")).await;
    assert_eq!(app.balance("nordwind").await, 15);
    verified(app.services()).await;
}

async fn a4_a_planned_end_is_over_the_day_after_and_can_be_moved_until_then(backend: Backend) {
    let app = app_with_subjects(backend).await;
    let input = json!({ "professional": "ada", "partner": "nordwind", "startsOn": "2025-01-01", "endsOn": "2026-12-31" });
    app.done("affiliateProfessional", input).await;
    app.affiliate("bob", "nordwind", "2025-01-01").await;
    let end = |who: &str, on: &str| json!({ "professional": who, "endsOn": on });
    app.done("endAffiliation", end("bob", "2026-09-30")).await;
    app.done("endAffiliation", end("ada", "2026-09-02")).await;
    assert_eq!(app.refusals("endAffiliation", end("ada", "2101-01-01")).await, ["INVALID"]);
    assert_eq!(app.refusals("endAffiliation", end("ada", "2024-12-31")).await, ["INVALID"]);
    let partner = "{ professional(code: \"ada\") { partner { code } } }";
    let team = "{ partner(code: \"nordwind\") { professionals { totalCount } } }";
    // day, whether Ada works for the partner, and how many do
    let mut app = app;
    for (day, works, count) in [("2026-09-01", true, 2), ("2026-09-02", true, 2), ("2026-09-03", false, 1)] {
        app = app.restart(day).await;
        let found = app.ok(partner, Value::Null).await["professional"]["partner"]["code"].clone();
        assert_eq!(found, if works { json!("nordwind") } else { Value::Null }, "{day}");
        assert_eq!(app.ok(team, Value::Null).await["partner"]["professionals"]["totalCount"], count, "{day}");
        let on_day = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", day).points(500);
        let credits = app.record(on_day).await["awardedCredits"].clone();
        // Ten for the certification; five for each 500 points of the month.
        assert_eq!(credits, if works { json!(15) } else { json!(0) }, "{day}");
    }
    // It has come, and is no longer changed by ending it again.
    assert_eq!(app.refusals("endAffiliation", end("ada", "2026-12-31")).await, ["WRONG_STATE"]);
    app.done("endAffiliation", end("bob", "2026-10-31")).await;
    app.affiliate("ada", "suedwind", "2026-09-03").await;
    assert_eq!(app.balance("suedwind").await, 15);
    verified(app.services()).await;
}

async fn corrections_that_cannot_be(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.partner("neu", "2026-01-01").await;
    let input = json!({ "professional": "ada", "partner": "nordwind", "startsOn": "2025-01-01", "endsOn": "2025-06-30" });
    app.done("affiliateProfessional", input).await;
    let id = affiliation_of(&app, "ada").await;
    app.affiliate("ada", "suedwind", "2025-07-01").await;
    let with = |field: &str, value: Value| {
        let mut input = json!({ "affiliation": id, "reason": "x" });
        input[field] = value;
        input
    };
    let partner = app.ok("{ partner(code: \"neu\") { id } }", Value::Null).await["partner"]["id"].clone();
    // input, code, field
    let table = [
        (with("startsOn", Value::Null), "INVALID", "affiliation"),
        (with("partner", json!("nordwind")), "INVALID", "affiliation"),
        (with("partner", json!("nobody")), "NOT_FOUND", "partner"),
        (with("partner", json!("")), "NOT_FOUND", "partner"),
        (with("partner", json!("neu")), "DATE_BEFORE_ENROLMENT", "startsOn"),
        (with("startsOn", json!("2022-05-31")), "DATE_BEFORE_ENROLMENT", "startsOn"),
        (with("startsOn", json!("2026-09-01")), "DATE_IN_FUTURE", "startsOn"),
        (with("endsOn", Value::Null), "AFFILIATION_OVERLAP", "endsOn"),
        (with("endsOn", json!("2025-07-01")), "AFFILIATION_OVERLAP", "endsOn"),
        (with("endsOn", json!("2024-12-31")), "INVALID", "endsOn"),
        (with("reason", json!(" ")), "INVALID", "reason"),
        (with("affiliation", partner), "NOT_FOUND", "affiliation"),
        (with("affiliation", json!("x")), "NOT_FOUND", "affiliation"),
    ];
    let before = everything(app.reader()).await;
    for (input, code, field) in table {
        let payload = app.mutate("correctAffiliation", input.clone()).await;
        let found = &payload["userErrors"][0];
        assert_eq!((&found["code"], &found["field"]), (&json!(code), &json!([field])), "{input}: {payload}");
        assert!(everything(app.reader()).await == before, "{input} changed something");
    }
    // The one in its place is the one to correct.
    app.done("correctAffiliation", with("startsOn", json!("2025-02-01"))).await;
    let (code, _, message) =
        refusal(&app.mutate("correctAffiliation", with("startsOn", json!("2025-03-01"))).await);
    assert_eq!(code, "WRONG_STATE");
    assert!(message.contains("2025-02-01"), "{message}");
}

/// Role, subject, days on which affiliations of Ada begin, with their partners; of Nordwind; whether the voided one
/// is seen.
type Row = (&'static str, Option<&'static str>, &'static [(&'static str, Option<&'static str>)], i64, bool);

async fn affiliations_are_seen_by_whom_they_concern(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let wrong = affiliation_of(&app, "ada").await;
    app.done("voidAffiliation", json!({ "affiliation": wrong, "reason": "x" })).await;
    let input = json!({ "professional": "ada", "partner": "nordwind", "startsOn": "2025-02-01", "endsOn": "2025-02-28" });
    app.done("affiliateProfessional", input).await;
    app.affiliate("ada", "suedwind", "2025-03-01").await;
    let query =
        "{ professional(code: \"ada\") { affiliations { totalCount nodes { partner { code } startsOn } } } }";
    let by_partner = "{ partner(code: \"nordwind\") { affiliations(first: 1) { totalCount pageInfo { hasNextPage } \
        nodes { professional { code } startsOn } } } }";
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let (january, february, march) = ("2025-01-01", "2025-02-01", "2025-03-01");
    let table: [Row; 4] = [
        (
            "PROGRAM_STAFF",
            None,
            &[
                ("2025-01-01", Some("nordwind")),
                ("2025-02-01", Some("nordwind")),
                ("2025-03-01", Some("suedwind")),
            ],
            2,
            true,
        ),
        ("PARTNER", Some("nordwind"), &[("2025-02-01", Some("nordwind"))], 1, false),
        ("PARTNER", Some("suedwind"), &[("2025-03-01", Some("suedwind"))], 0, false),
        (
            "PROFESSIONAL",
            Some("ada"),
            &[("2025-01-01", None), ("2025-02-01", None), ("2025-03-01", None)],
            0,
            true,
        ),
    ];
    assert!(january < february && february < march);
    for (role, subject, expected, of_nordwind, sees_voided) in table {
        let key = app.key(role, subject).await;
        let answer = app.send_as(&key, query, Value::Null).await;
        let page = &answer.body["data"]["professional"]["affiliations"];
        let expected: Vec<Value> = expected
            .iter()
            .map(|(day, partner)| json!({ "startsOn": day, "partner": partner.map(|code| json!({ "code": code })) }))
            .collect();
        assert_eq!(
            page,
            &json!({ "totalCount": expected.len(), "nodes": expected }),
            "{role}: {}",
            answer.text
        );
        let answer = app.send_as(&key, by_partner, Value::Null).await;
        let page = &answer.body["data"]["partner"]["affiliations"];
        if of_nordwind == 0 {
            assert!(answer.body["data"]["partner"].is_null(), "{role}: {}", answer.text);
        } else {
            assert_eq!(page["totalCount"], of_nordwind, "{role}: {}", answer.text);
            assert_eq!(page["pageInfo"]["hasNextPage"], of_nordwind > 1, "{role}");
        }
        let answer = app.send_as(&key, node, json!({ "id": wrong })).await;
        assert_eq!(answer.body["data"]["node"].is_null(), !sees_voided, "{role}: {}", answer.text);
    }
}

async fn a_hundred_corrections_and_voidings_at_once_are_one_after_the_other(backend: Backend) {
    let app = app_with_subjects(backend).await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let one = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-03-10").points(500);
    app.record(one).await;
    let id = affiliation_of(&app, "ada").await;
    let rivals = (0..100).map(|place| {
        let (app, id) = (&app, &id);
        async move {
            let (mutation, input) = if place % 2 == 0 {
                ("correctAffiliation", json!({ "affiliation": id, "partner": "suedwind", "reason": "x" }))
            } else {
                ("voidAffiliation", json!({ "affiliation": id, "reason": "x" }))
            };
            (mutation, app.refusals(mutation, input).await)
        }
    });
    let answers = join_all(rivals).await;
    let done: Vec<_> = answers.iter().filter(|(_, codes)| codes.is_empty()).collect();
    assert_eq!(done.len(), 1, "{answers:?}");
    let others = answers.iter().filter(|(_, codes)| codes[..] == ["WRONG_STATE"]).count();
    assert_eq!(others, 99, "{answers:?}");
    let given = if done[0].0 == "correctAffiliation" { 15 } else { 0 };
    assert_eq!((app.balance("nordwind").await, app.balance("suedwind").await), (0, given));
    verified(app.services()).await;
}
