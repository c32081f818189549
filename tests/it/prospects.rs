//! What is ahead of a level: lists of partners by credits to the next level and by lapse, and of professionals by
//! renewal, against the standings; and what is missing to retain a level.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, verified};
use crate::subject_lists::{codes, enrol};

both! {
    f1_partners_are_found_by_what_they_miss_and_when_they_lapse,
    s3_professionals_are_found_by_renewal_and_risk,
    prospects_of_an_earlier_release_are_completed,
    an_entry_names_its_rule,
}

const TODAY: &str = "2026-08-31";

async fn certify(app: &TestApp, code: &str, times: usize) {
    for index in 0..times {
        let certified = Activity::of_partner(code, "CERTIFICATION_OBTAINED", "2026-03-01");
        app.record(certified.external_id(&format!("{code}-{index}"))).await;
    }
}

/// a: nothing. b: business Collaborator. c: technical Creator. d: Collaborator in both. e: business Collaborator by
/// the credits of last year.
async fn with_partners(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    for code in ["a", "b", "c", "d", "e"] {
        enrol(&app, code, code).await;
    }
    app.earn("b", "2026-03-01", 30).await;
    certify(&app, "c", 8).await;
    certify(&app, "d", 3).await;
    app.earn("d", "2026-03-01", 25).await;
    app.earn("e", "2025-05-01", 30).await;
    app
}

async fn partners(app: &TestApp, key: &str, arguments: &str) -> Vec<String> {
    codes(app, key, "partners", arguments).await
}

/// A track of a partner: credits to the next level, and to retain the level.
async fn track(app: &TestApp, code: &str, track: &str) -> Value {
    let query = format!(
        "{{ partner(code: \"{code}\") {{ standing {{ {track} {{ creditsToNextLevel creditsToRetain }} }} }} }}"
    );
    let found = app.ok(&query, Value::Null).await["partner"]["standing"][track].clone();
    json!([found["creditsToNextLevel"], found["creditsToRetain"]])
}

async fn f1_partners_are_found_by_what_they_miss_and_when_they_lapse(backend: Backend) {
    let app = with_partners(backend).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    // filter, codes
    let table: [(&str, &[&str]); 18] = [
        ("withinCreditsOfNext: 25", &["a", "b", "c", "e"]),
        ("withinCreditsOfNext: 25, track: TECHNICAL", &["a", "b", "e"]),
        ("withinCreditsOfNext: 24", &[]),
        ("withinCreditsOfNext: 45, track: BUSINESS", &["a", "b", "c"]),
        // On the highest level there is no next one.
        ("withinCreditsOfNext: 2147483647, track: TECHNICAL", &["a", "b", "d", "e"]),
        ("lapsingTo: \"2026-12-30\"", &[]),
        // The last day, and the day after.
        ("lapsingFrom: \"2026-12-31\", lapsingTo: \"2026-12-31\"", &["e"]),
        ("lapsingFrom: \"2027-01-01\", lapsingTo: \"2027-01-01\"", &["e"]),
        ("lapsingFrom: \"2027-01-02\", lapsingTo: \"2027-12-30\"", &[]),
        ("lapsingTo: \"2027-12-31\"", &["b", "c", "d", "e"]),
        ("lapsingFrom: \"2027-01-02\"", &["b", "c", "d"]),
        ("lapsingFrom: \"2028-01-02\"", &[]),
        ("lapsingTo: \"2027-12-31\", track: TECHNICAL", &["c", "d"]),
        ("lapsingTo: \"2027-12-31\", track: BUSINESS", &["b", "d", "e"]),
        ("lapsingTo: \"9999-12-31\", track: BUSINESS", &["b", "d", "e"]),
        ("lapsingTo: \"2027-12-31\", levels: [\"CREATOR\"]", &["c"]),
        ("lapsingTo: \"2027-12-31\", withinCreditsOfNext: 25, track: BUSINESS", &[]),
        ("lapsingTo: \"2027-12-31\", withinCreditsOfNext: 25", &["b", "c", "e"]),
    ];
    for (filter, expected) in table {
        let arguments = format!("filter: {{ {filter} }}");
        assert_eq!(partners(&app, &key, &arguments).await, expected, "{filter}");
    }
    // order, track, codes
    let table: [(&str, &str, [&str; 5]); 6] = [
        ("CREDITS_TO_NEXT", "TECHNICAL", ["a", "b", "e", "d", "c"]),
        ("CREDITS_TO_NEXT", "BUSINESS", ["a", "c", "b", "d", "e"]),
        ("CREDITS_TO_NEXT", "null", ["a", "b", "c", "e", "d"]),
        ("LAPSES_ON", "TECHNICAL", ["c", "d", "a", "b", "e"]),
        ("LAPSES_ON", "BUSINESS", ["e", "b", "d", "a", "c"]),
        ("LAPSES_ON", "null", ["e", "b", "c", "d", "a"]),
    ];
    for (order, track, expected) in table {
        let arguments = format!("filter: {{ track: {track} }} orderBy: {order}");
        assert_eq!(partners(&app, &key, &arguments).await, expected, "{order} {track}");
        in_pages(&app, &arguments, expected).await;
    }
    for (code, of, expected) in [
        ("a", "business", json!([25, 0])),
        ("b", "business", json!([45, 0])),
        ("c", "technical", json!([null, 0])),
        ("e", "business", json!([75, 25])),
    ] {
        assert_eq!(track(&app, code, of).await, expected, "{code}");
    }
    let own = app.key("PARTNER", Some("e")).await;
    assert_eq!(partners(&app, &own, "filter: { lapsingTo: \"2030-01-01\" } orderBy: LAPSES_ON").await, ["e"]);
    Box::pin(changed_by_facts_and_by_time(app, &key)).await;
}

/// Pages of one from both ends.
async fn in_pages(app: &TestApp, arguments: &str, expected: [&str; 5]) {
    for (turn, cursor, next) in [("first: 1", "endCursor", "after"), ("last: 1", "startCursor", "before")] {
        let (mut seen, mut bound) = (Vec::new(), String::new());
        for _ in expected {
            let query = format!(
                "{{ partners({arguments} {turn}{bound}) {{ nodes {{ code }} pageInfo {{ {cursor} }} }} }}"
            );
            let page = app.ok(&query, Value::Null).await["partners"].clone();
            seen.push(page["nodes"][0]["code"].as_str().expect("a code").to_owned());
            bound = format!(" {next}: {}", page["pageInfo"][cursor]);
        }
        if next == "before" {
            seen.reverse();
        }
        assert_eq!(seen, expected, "{arguments} {turn}");
    }
}

async fn changed_by_facts_and_by_time(app: TestApp, key: &str) {
    app.earn("e", "2026-06-01", 10).await;
    assert_eq!(track(&app, "e", "business").await, json!([65, 15]));
    let within = "filter: { withinCreditsOfNext: 65, track: BUSINESS } orderBy: CREDITS_TO_NEXT";
    assert_eq!(partners(&app, key, within).await, ["a", "c", "b", "d", "e"]);
    // An override lapses on its own last day, and what it covers is back when it ends.
    let set = json!({ "partner": "a", "track": "TECHNICAL", "level": "COLLABORATOR", "from": "2026-08-01",
        "until": "2026-09-30", "reason": "agreed" });
    app.done("overrideLevel", set).await;
    assert_eq!(track(&app, "a", "technical").await, json!([75, 25]));
    let september = "filter: { lapsingFrom: \"2026-09-01\", lapsingTo: \"2026-09-30\" }";
    assert_eq!(partners(&app, key, september).await, ["a"]);
    let end = json!({ "partner": "a", "track": "TECHNICAL", "on": "2026-08-30", "reason": "a mistake" });
    app.done("endOverride", end).await;
    assert_eq!(partners(&app, key, september).await, [""; 0]);
    let negative = "{ partners(filter: { withinCreditsOfNext: -1 }) { totalCount } }";
    let answer = app.send(negative, Value::Null).await;
    assert!(answer.text.contains("withinCreditsOfNext must be 0 or more; got -1."), "{}", answer.text);
    let apart =
        "{ partners(filter: { lapsingFrom: \"2027-01-02\", lapsingTo: \"2027-01-01\" }) { totalCount } }";
    let answer = app.send(apart, Value::Null).await;
    let message = "lapsingFrom 2027-01-02 is after lapsingTo 2027-01-01, so nothing matches.";
    assert!(answer.text.contains(message), "{}", answer.text);
    verified(app.services()).await;
    // Time alone: a new year begins, and a level lapses.
    let app = app.restart("2027-01-01").await;
    app.services().emit_time_based_events().await.expect("levels that lapsed");
    let within = "filter: { withinCreditsOfNext: 25, track: BUSINESS }";
    assert_eq!(partners(&app, key, within).await, ["a", "c", "e"]);
    assert_eq!(partners(&app, key, "filter: { lapsingTo: \"2027-12-31\" }").await, ["b", "c", "d"]);
    assert_eq!(track(&app, "b", "business").await, json!([75, 25]));
    verified(app.services()).await;
}

async fn with_professionals(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    enrol(&app, "nordwind", "nordwind").await;
    // Ada holds a level by the points of last year, Bram by those of this one, Cleo has none.
    for (code, signed_up_on) in [("ada", "2024-04-12"), ("bram", "2026-01-01"), ("cleo", "2024-09-15")] {
        app.professional(code, signed_up_on).await;
    }
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    for (who, on) in [("ada", "2025-05-01"), ("bram", "2026-03-01")] {
        app.record(Activity::of_professional(who, "CERTIFICATION_OBTAINED", on).points(800)).await;
    }
    app
}

async fn s3_professionals_are_found_by_renewal_and_risk(backend: Backend) {
    let app = with_professionals(backend).await;
    let staff = app.key("PROGRAM_STAFF", None).await;
    let partner = app.key("PARTNER", Some("nordwind")).await;
    // filter, codes that staff sees, and a partner
    let table: [(&str, &[&str], &[&str]); 8] = [
        ("atRisk: true", &["ada"], &["ada"]),
        ("atRisk: false", &["bram", "cleo"], &[]),
        ("renewsTo: \"2026-09-14\"", &[], &[]),
        ("renewsTo: \"2026-12-31\"", &["cleo"], &[]),
        ("renewsFrom: \"2027-01-01\", renewsTo: \"2027-04-12\"", &["ada", "bram"], &["ada"]),
        ("renewsFrom: \"2027-04-13\"", &[], &[]),
        ("renewsTo: \"2027-04-11\", atRisk: true", &[], &[]),
        ("renewsTo: \"2027-04-12\", atRisk: true, levels: [\"ADVOCATE\"]", &["ada"], &["ada"]),
    ];
    for (filter, of_staff, of_partner) in table {
        let arguments = format!("filter: {{ {filter} }}");
        for (key, expected) in [(&staff, of_staff), (&partner, of_partner)] {
            assert_eq!(codes(&app, key, "professionals", &arguments).await, expected, "{filter}");
        }
    }
    let at_risk = "filter: { atRisk: true }";
    let more = Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-08-01").points(750);
    app.record(more.external_id("enough")).await;
    assert_eq!(codes(&app, &staff, "professionals", at_risk).await, [""; 0]);
    // Another day of sign-up is another day of renewal.
    let moved = json!({ "code": "cleo", "signedUpOn": "2024-10-01", "reason": "a typo" });
    app.done("updateProfessional", moved).await;
    let soon = "filter: { renewsTo: \"2026-09-30\" }";
    assert_eq!(codes(&app, &staff, "professionals", soon).await, [""; 0]);
    verified(app.services()).await;
    // Time alone: the years of Bram and Cleo are new.
    let app = app.restart("2027-01-02").await;
    app.services().emit_time_based_events().await.expect("years that began");
    assert_eq!(codes(&app, &staff, "professionals", at_risk).await, ["bram"]);
    let next = "filter: { renewsFrom: \"2027-10-01\", renewsTo: \"2028-01-01\" }";
    assert_eq!(codes(&app, &staff, "professionals", next).await, ["bram", "cleo"]);
    verified(app.services()).await;
}

async fn prospects_of_an_earlier_release_are_completed(backend: Backend) {
    let app = with_partners(backend).await;
    app.professional("ada", "2025-01-01").await;
    let connection = app.database().connect().await;
    for forget in [
        "UPDATE partner_balances SET technical_to_next = NULL, business_to_next = NULL, least_to_next = NULL, \
         technical_lapses_on = NULL, business_lapses_on = NULL, first_lapses_on = NULL",
        "UPDATE professional_balances SET renews_on = NULL, points_to_retain = NULL, lapses_on = NULL",
    ] {
        connection.execute_unprepared(forget).await.expect("the columns as a migration leaves them");
    }
    connection.close().await.expect("a connection closes");
    let app = app.restart(TODAY).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    verified(app.services()).await;
    assert_eq!(partners(&app, &key, "filter: { lapsingTo: \"2026-12-31\" }").await, ["e"]);
    assert_eq!(partners(&app, &key, "orderBy: CREDITS_TO_NEXT").await, ["a", "b", "c", "e", "d"]);
    let renewing = "filter: { renewsTo: \"2027-01-01\" }";
    assert_eq!(codes(&app, &key, "professionals", renewing).await, ["ada"]);
}

async fn an_entry_names_its_rule(backend: Backend) {
    let app = with_professionals(backend).await;
    let query = "{ partner(code: \"nordwind\") { ledger { nodes { kind rule { kind track credits per window source } } } } \
        professional(code: \"ada\") { pointsLedger { nodes { kind rule { kind track points { min max } } } } } }";
    let found = app.ok(query, Value::Null).await;
    let certification = json!({ "kind": "CERTIFICATION_OBTAINED", "track": "TECHNICAL", "credits": 10, "per": 1,
        "window": "EACH", "source": found["partner"]["ledger"]["nodes"][1]["rule"]["source"] });
    assert_eq!(found["partner"]["ledger"]["nodes"][1]["rule"], certification, "{found}");
    assert_eq!(found["partner"]["ledger"]["nodes"][0]["rule"]["kind"], "DEVOPS_POINTS");
    let points =
        json!({ "kind": "CERTIFICATION_OBTAINED", "track": null, "points": { "min": 500, "max": 1000 } });
    assert_eq!(found["professional"]["pointsLedger"]["nodes"][0]["rule"], points, "{found}");
}
