//! Levels that were earned, kept and lost, with what earned them, for partners and professionals.

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, verified};

both! {
    partners_levels_name_their_cause_and_are_lost,
    professionals_levels_name_their_cause_and_are_lost,
    the_day_of_a_professionals_level_is_in_the_standing,
    the_track_that_decides_is_named,
    each_role_sees_its_part,
}

const TODAY: &str = "2026-08-31";

const OF_PARTNER: &str = "query($code: String!, $at: DateTime) { partner(code: $code) { levelHistory(knownAt: $at) { \
    level { code } earnedOn lapsedOn reversed entry { activity { externalId } } edition { effectiveFrom } } } }";
const OF_PROFESSIONAL: &str = "query($code: String!, $at: DateTime) { professional(code: $code) { levelHistory(knownAt: $at) { \
    level { code } membershipYear earnedOn validUntil lapsedOn reversed entry { activity { externalId } } \
    edition { effectiveFrom } } } }";

/// Each level as level, day, day of the lapse, and the activity that reached it; reversed ones in brackets.
fn told(history: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let told = history.as_array().expect("a list").iter().map(|award| {
        assert_eq!(award["edition"]["effectiveFrom"], "2024-05-01");
        let parts = [
            &award["level"]["code"],
            &award["earnedOn"],
            &award["lapsedOn"],
            &award["entry"]["activity"]["externalId"],
        ];
        let words = parts.map(text).join(" ");
        if award["reversed"] == true { format!("({words})") } else { words }
    });
    told.collect()
}

async fn partners_levels_name_their_cause_and_are_lost(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2020-01-01").await;
    let certification = |id: &str, on: &str, quantity| {
        Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", on).quantity(quantity).external_id(id)
    };
    let history = async |at: Value| {
        let data = app.ok(OF_PARTNER, json!({ "code": "nordwind", "at": at })).await;
        told(&data["partner"]["levelHistory"])
    };
    app.record(certification("legacy-1", "2023-03-01", 2)).await;
    app.record(certification("legacy-2", "2023-02-01", 2)).await;
    app.record(certification("a", "2025-03-01", 2)).await;
    app.record(certification("b", "2025-03-01", 1)).await;
    // Recorded later, but dated earlier: with it, the same day is still the one that reaches the level.
    app.record(certification("c", "2025-01-05", 1)).await;
    let top = app.record(certification("top", "2025-05-01", 5)).await;
    let moment = top["recordedAt"].clone();
    let before = [
        "COLLABORATOR 2024-05-01 2026-01-01 legacy-1",
        "COLLABORATOR 2025-03-01 - a",
        "CREATOR 2025-05-01 - top",
    ];
    assert_eq!(history(Value::Null).await, before);
    app.void(&top).await;
    let after = [before[0], before[1], "(CREATOR 2025-05-01 2026-08-31 top)"];
    assert_eq!(history(Value::Null).await, after);
    assert_eq!(history(moment).await, before, "as it was known before the reversal");
    // Reached again by another activity of the same day.
    app.record(certification("again", "2025-05-01", 5)).await;
    let again = [before[0], before[1], after[2], "CREATOR 2025-05-01 - again"];
    assert_eq!(history(Value::Null).await, again);
    verified(app.services()).await;
}

async fn professionals_levels_name_their_cause_and_are_lost(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.professional("ada", "2024-03-01").await;
    let contribution = |id: &str, on: &str, points| {
        Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", on).points(points).external_id(id)
    };
    let history = async |at: Value| {
        let data = app.ok(OF_PROFESSIONAL, json!({ "code": "ada", "at": at })).await;
        data["professional"]["levelHistory"].clone()
    };
    assert_eq!(history(Value::Null).await, json!([]));
    app.record(contribution("a", "2024-04-01", 700)).await;
    app.record(contribution("b", "2024-05-01", 100)).await;
    let c = app.record(contribution("c", "2025-06-01", 1_000)).await;
    for id in ["d", "e", "f", "g"] {
        app.record(contribution(id, "2025-07-01", 1_000)).await;
    }
    let before = ["ADVOCATE 2024-05-01 2026-03-01 b", "ADVOCATE 2025-06-01 - c", "ENABLER 2025-07-01 - g"];
    let found = history(Value::Null).await;
    assert_eq!(told(&found), before);
    let years: Vec<(&Value, &Value)> = found
        .as_array()
        .expect("a list")
        .iter()
        .map(|award| (&award["membershipYear"], &award["validUntil"]))
        .collect();
    assert_eq!(json!(years), json!([[0, "2026-02-28"], [1, "2027-02-28"], [1, "2027-02-28"]]));
    app.void(&c).await;
    let after = [
        before[0],
        "(ADVOCATE 2025-06-01 2026-08-31 c)",
        "ADVOCATE 2025-07-01 - d",
        "(ENABLER 2025-07-01 2026-08-31 g)",
    ];
    assert_eq!(told(&history(Value::Null).await), after);
    let known = app.ok("{ activity(source: \"test\", externalId: \"g\") { recordedAt } }", json!({})).await;
    let known = history(known["activity"]["recordedAt"].clone()).await;
    assert_eq!(told(&known), before, "as it was known before the reversal");
}

async fn the_day_of_a_professionals_level_is_in_the_standing(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.professional("ada", "2024-03-01").await;
    let contribution =
        |on: &str, points| Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", on).points(points);
    app.record(contribution("2024-04-01", 700)).await;
    let late = app.record(contribution("2024-05-01", 100)).await;
    app.record(contribution("2025-06-01", 900)).await;
    let query = "query($on: Date, $at: DateTime) { professional(code: \"ada\") { standing(asOf: $on, knownAt: $at) { \
        level { code } earnedOn validUntil } } }";
    // day, level, day on which it was reached, last day
    let table = [
        ("2024-04-30", None, None, None),
        ("2024-05-01", Some("ADVOCATE"), Some("2024-05-01"), Some("2026-02-28")),
        ("2025-05-31", Some("ADVOCATE"), Some("2024-05-01"), Some("2026-02-28")),
        ("2025-06-01", Some("ADVOCATE"), Some("2025-06-01"), Some("2027-02-28")),
        ("2026-08-31", Some("ADVOCATE"), Some("2025-06-01"), Some("2027-02-28")),
    ];
    for at in [Value::Null, json!("2999-01-01T00:00:00Z")] {
        for (on, level, earned_on, valid_until) in table {
            let data = app.ok(query, json!({ "on": on, "at": at })).await;
            let standing = &data["professional"]["standing"];
            let level = level.map_or(Value::Null, |code| json!({ "code": code }));
            let expected = json!({ "level": level, "earnedOn": earned_on, "validUntil": valid_until });
            assert_eq!(standing, &expected, "{on} at {at}");
        }
    }
    app.void(&late).await;
    let then = json!({ "on": "2025-05-31", "at": late["recordedAt"] });
    assert_eq!(app.ok(query, then).await["professional"]["standing"]["earnedOn"], "2024-05-01");
    let now = app.ok(query, json!({ "on": "2025-05-31" })).await;
    assert_eq!(now["professional"]["standing"]["earnedOn"], Value::Null);
}

async fn the_track_that_decides_is_named(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    let deciding = async || {
        let query = "{ partner(code: \"nordwind\") { standing { overall { code } decidingTracks } } }";
        let standing = app.ok(query, json!({})).await["partner"]["standing"].clone();
        (standing["overall"]["code"].clone(), standing["decidingTracks"].clone())
    };
    let of = |kind: &str, quantity| Activity::of_partner("nordwind", kind, "2026-03-01").quantity(quantity);
    assert_eq!(deciding().await, (json!("MEMBER"), json!(["TECHNICAL", "BUSINESS"])));
    app.record(of("CERTIFICATION_OBTAINED", 3)).await;
    assert_eq!(deciding().await, (json!("COLLABORATOR"), json!(["TECHNICAL"])));
    app.record(of("EVENT_ORGANIZED", 1)).await;
    assert_eq!(deciding().await, (json!("COLLABORATOR"), json!(["TECHNICAL", "BUSINESS"])));
    app.record(of("EVENT_ORGANIZED", 1)).await;
    assert_eq!(deciding().await, (json!("CREATOR"), json!(["BUSINESS"])));
}

async fn each_role_sees_its_part(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.partner("polder", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2024-06-01").await;
    app.done("endAffiliation", json!({ "professional": "ada", "endsOn": "2026-07-31" })).await;
    app.affiliate("ada", "polder", "2026-08-01").await;
    let course = |id: &str, on: &str| {
        Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", on).points(1_000).external_id(id)
    };
    app.record(course("early", "2026-07-01")).await;
    for id in ["a", "b", "c", "d"] {
        app.record(course(id, "2026-08-02")).await;
    }
    let (first, second) = ("ADVOCATE 2026-07-01 - early", "ENABLER 2026-08-02 - d");
    // role, subject, the levels that it sees of the professional
    let table = [
        ("ADMINISTRATOR", None, Some(vec![first, second])),
        ("PROGRAM_STAFF", None, Some(vec![first, second])),
        ("PROFESSIONAL", Some("ada"), Some(vec![first, second])),
        ("PARTNER", Some("nordwind"), Some(vec![first])),
        ("PARTNER", Some("polder"), Some(vec![second])),
        ("INTEGRATOR", Some("community"), None),
    ];
    for (role, subject, expected) in table {
        let key = app.key(role, subject).await;
        let answer = app.send_as(&key, OF_PROFESSIONAL, json!({ "code": "ada" })).await;
        assert!(answer.body["errors"].is_null(), "{role}: {}", answer.text);
        let professional = &answer.body["data"]["professional"];
        let found = (!professional.is_null()).then(|| told(&professional["levelHistory"]));
        let expected = expected.map(|levels| levels.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(found, expected, "{role} {subject:?}");
        // A partner's levels are its own affair.
        let answer = app.send_as(&key, OF_PARTNER, json!({ "code": "nordwind" })).await;
        let is_shown = !answer.body["data"]["partner"].is_null();
        let may = ["ADMINISTRATOR", "PROGRAM_STAFF"].contains(&role) || subject == Some("nordwind");
        assert_eq!(is_shown, may, "{role} {subject:?}: {}", answer.text);
    }
}
