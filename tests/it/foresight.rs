//! Days ahead: outlooks (F2) and paths to a level (F3).

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp};

both! {
    f2_an_outlook_is_the_standing_of_that_day_if_nothing_more_is_earned,
    f2_a_professional_passes_membership_years,
    f2_an_outlook_sees_what_begins_and_ends,
    f2_an_outlook_is_for_days_ahead,
    f2_an_outlook_is_seen_like_a_standing,
    f3_a_path_that_is_taken_reaches_the_level,
    f3_paths_that_are_none,
}

const TODAY: &str = "2026-08-31";

async fn outlook(app: &TestApp, on: &str) -> Value {
    let query = "query($on: Date!) { partner(code: \"nordwind\") { outlook(on: $on) { asOf overall { code } \
                 technical { level { code } validUntil credits override { level { code } } } \
                 business { level { code } validUntil credits } baseDiscounts { category percent contract { reference } } } } }";
    app.ok(query, json!({ "on": on })).await["partner"]["outlook"].clone()
}

async fn f2_an_outlook_is_the_standing_of_that_day_if_nothing_more_is_earned(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.earn("nordwind", "2025-05-01", 80).await;
    app.earn("nordwind", "2026-03-01", 30).await;
    let days = ["2026-09-01", "2026-12-31", "2027-01-01", "2027-12-31", "2028-01-01", "2036-08-31"];
    let mut seen = Vec::new();
    for on in days {
        let ahead = outlook(&app, on).await;
        assert_eq!(ahead["asOf"], on);
        seen.push((on, ahead));
    }
    let levels: Vec<&str> =
        seen.iter().map(|(_, one)| one["business"]["level"]["code"].as_str().expect("a code")).collect();
    assert_eq!(levels, ["CREATOR", "CREATOR", "COLLABORATOR", "COLLABORATOR", "MEMBER", "MEMBER"]);
    let credits: Vec<&Value> = seen.iter().map(|(_, one)| &one["business"]["credits"]).collect();
    assert_eq!(credits, [30, 30, 0, 0, 0, 0]);
    // On that day, it is the standing.
    let app = app.restart("2027-01-01").await;
    let query = "{ partner(code: \"nordwind\") { standing { overall { code } business { level { code } validUntil credits } } } }";
    let standing = app.ok(query, Value::Null).await["partner"]["standing"].clone();
    assert_eq!(standing["business"], seen[2].1["business"]);
    assert_eq!(standing["overall"], seen[2].1["overall"]);
}

async fn f2_a_professional_passes_membership_years(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.professional("ada", "2024-04-12").await;
    for (on, points) in [
        ("2026-05-01", 900),
        ("2025-05-01", 1000),
        ("2025-06-01", 1000),
        ("2025-07-01", 1000),
        ("2025-08-01", 1000),
        ("2025-09-01", 1000),
    ] {
        app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", on).points(points)).await;
    }
    let query = "query($on: Date!) { professional(code: \"ada\") { outlook(on: $on) { membershipYear points level { code } earnedOn validUntil } } }";
    let table = [
        ("2027-04-11", json!([2, 900, "ENABLER", "2025-09-01", "2027-04-11"])),
        ("2027-04-12", json!([3, 0, "ADVOCATE", "2026-05-01", "2028-04-11"])),
        ("2028-04-12", json!([4, 0, null, null, null])),
    ];
    for (on, expected) in table {
        let ahead = app.ok(query, json!({ "on": on })).await["professional"]["outlook"].clone();
        let found = json!([
            ahead["membershipYear"],
            ahead["points"],
            ahead["level"]["code"],
            ahead["earnedOn"],
            ahead["validUntil"]
        ]);
        assert_eq!(found, expected, "{on}");
    }
}

async fn f2_an_outlook_sees_what_begins_and_ends(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    let set = json!({ "partner": "nordwind", "track": "TECHNICAL", "level": "CREATOR", "from": "2026-10-01", "until": "2026-11-30", "reason": "a test" });
    app.done("overrideLevel", set).await;
    let contract = json!({ "partner": "nordwind", "reference": "C-1", "startsOn": "2026-10-15", "endsOn": "2026-11-15",
        "rates": [{ "category": "LICENSE", "percent": "33" }] });
    app.done("recordContract", contract).await;
    // day, level, override, contract
    let table = [
        ("2026-09-30", json!(["MEMBER", null, null])),
        ("2026-10-01", json!(["CREATOR", "CREATOR", null])),
        ("2026-10-15", json!(["CREATOR", "CREATOR", "C-1"])),
        ("2026-11-30", json!(["CREATOR", "CREATOR", null])),
        ("2026-12-01", json!(["MEMBER", null, null])),
    ];
    for (on, expected) in table {
        let ahead = outlook(&app, on).await;
        let found = json!([
            ahead["overall"]["code"],
            ahead["technical"]["override"]["level"]["code"],
            ahead["baseDiscounts"][0]["contract"]["reference"]
        ]);
        assert_eq!(found, expected, "{on}");
    }
}

async fn f2_an_outlook_is_for_days_ahead(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-04-12").await;
    for (on, words) in [
        ("2026-08-30", "an outlook is for 2026-09-01 to 2036-08-31. For that day, use standing(asOf:)."),
        (TODAY, "an outlook is for 2026-09-01 to 2036-08-31. For that day, use standing(asOf:)."),
        ("2036-09-01", "an outlook is for 2026-09-01 to 2036-08-31."),
    ] {
        for subject in ["partner(code: \"nordwind\")", "professional(code: \"ada\")"] {
            let query = format!("{{ {subject} {{ outlook(on: \"{on}\") {{ asOf }} }} }}");
            let answer = app.send(&query, Value::Null).await;
            assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{}", answer.text);
            let message = answer.body["errors"][0]["message"].as_str().expect("a message");
            assert!(message.ends_with(words), "{message}");
        }
    }
}

async fn f2_an_outlook_is_seen_like_a_standing(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-04-12").await;
    app.professional("bo", "2024-04-12").await;
    app.affiliate("ada", "nordwind", "2025-01-01").await;
    let key = app.key("PARTNER", Some("nordwind")).await;
    let query = "{ partner(code: \"nordwind\") { outlook(on: \"2027-01-01\") { overall { code } } \
                 professionals { nodes { outlook(on: \"2027-06-01\") { points earnedOn } } } } }";
    let answer = app.send_as(&key, query, Value::Null).await;
    assert!(answer.body["errors"].is_null(), "{}", answer.text);
    assert_eq!(answer.body["data"]["partner"]["professionals"]["nodes"][0]["outlook"]["points"], 0);
    // Who worked for it only later sees nothing.
    let end = json!({ "professional": "ada", "endsOn": "2026-08-30" });
    app.done("endAffiliation", end).await;
    let query = "{ professional(code: \"ada\") { outlook(on: \"2027-06-01\") { points } } }";
    let answer = app.send_as(&key, query, Value::Null).await;
    assert!(
        !answer.body["errors"].is_null() || answer.body["data"]["professional"].is_null(),
        "{}",
        answer.text
    );
}

const PATHS: &str = "query($track: Track!, $level: String, $by: Date, $first: Int, $more: Boolean) { \
    partner(code: \"nordwind\") { paths(track: $track, level: $level, by: $by, first: $first, includeDependent: $more) { \
    level { code } by activities steps { kind title month quantity credits } } } }";

async fn found(app: &TestApp, variables: Value) -> Vec<Value> {
    let data = app.ok(PATHS, variables).await;
    data["partner"]["paths"].as_array().expect("a list").clone()
}

/// What is recorded as a path says reaches the level, and nothing less does.
async fn f3_a_path_that_is_taken_reaches_the_level(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.record(Activity::of_partner("nordwind", "LINKEDIN_POST", "2026-08-03")).await;
    app.record(Activity::of_partner("nordwind", "CATALOG_DOWNLOADS", "2026-08-03").quantity(3)).await;
    for (track, number) in [("TECHNICAL", 7), ("BUSINESS", 10)] {
        let all = found(&app, json!({ "track": track, "by": TODAY, "first": 10 })).await;
        assert_eq!(all.len(), number, "{track}: {all:?}");
        for path in &all {
            assert_eq!((&path["level"]["code"], &path["by"]), (&json!("COLLABORATOR"), &json!(TODAY)));
            assert_eq!(taken(&app, track, path, false).await, "COLLABORATOR", "{path}");
            assert_eq!(taken(&app, track, path, true).await, "MEMBER", "{path}");
        }
        let numbers: Vec<i64> =
            all.iter().map(|path| path["activities"].as_i64().expect("a number")).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
    let with = found(
        &app,
        json!({ "track": "BUSINESS", "level": "CREATOR", "by": TODAY, "first": 1, "more": true }),
    )
    .await;
    assert_eq!(with[0]["activities"], 1, "a won deal with a new customer: {with:?}");
    let kinds: Vec<&Value> =
        with[0]["steps"].as_array().expect("a list").iter().map(|step| &step["kind"]).collect();
    assert_eq!(kinds, ["DEAL_WON", "CUSTOMER_ADDED"]);
}

/// The level of a new partner like the first one that did what a path says, perhaps all but one activity.
async fn taken(app: &TestApp, track: &str, path: &Value, all_but_one: bool) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let code = format!("copy-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    app.partner(&code, "2024-06-01").await;
    app.record(Activity::of_partner(&code, "LINKEDIN_POST", "2026-08-03")).await;
    app.record(Activity::of_partner(&code, "CATALOG_DOWNLOADS", "2026-08-03").quantity(3)).await;
    let mut skip = i64::from(all_but_one);
    for step in path["steps"].as_array().expect("a list") {
        assert_eq!(step["month"], "2026-08-01");
        let quantity = step["quantity"].as_i64().expect("a number") - skip;
        skip = 0;
        let kind = step["kind"].as_str().expect("a kind");
        if quantity > 0 {
            let activity = Activity::of_partner(&code, kind, TODAY).quantity(quantity);
            let activity = match kind {
                "DEMO_SYSTEM" => activity.attributes(json!({ "dataminerServicesEnabled": true })),
                _ => activity,
            };
            app.record(activity).await;
        }
    }
    let query = "query($code: String!) { partner(code: $code) { standing { technical { level { code } } business { level { code } } } } }";
    let data = app.ok(query, json!({ "code": code })).await;
    data["partner"]["standing"][track.to_lowercase()]["level"]["code"].as_str().expect("a code").to_owned()
}

async fn f3_paths_that_are_none(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.earn("nordwind", "2025-05-01", 80).await;
    // Held until the end of this year: nothing to do by then, and everything afterwards.
    let held = found(&app, json!({ "track": "BUSINESS" })).await;
    assert_eq!(
        held,
        [json!({ "level": { "code": "CREATOR" }, "by": "2026-12-31", "activities": 0, "steps": [] })]
    );
    let next = found(&app, json!({ "track": "BUSINESS", "by": "2027-01-01", "first": 1 })).await;
    assert_eq!(
        (&next[0]["level"]["code"], &next[0]["activities"]),
        (&json!("CREATOR"), &json!(2)),
        "{next:?}"
    );
    for (arguments, words) in [
        (json!({ "track": "BUSINESS", "level": "CREATER" }), "Did you mean CREATOR?"),
        (json!({ "track": "BUSINESS", "by": "2026-08-30" }), "paths are for 2026-08-31 to 2036-08-31."),
        (json!({ "track": "BUSINESS", "by": "2036-09-01" }), "paths are for 2026-08-31 to 2036-08-31."),
        (json!({ "track": "BUSINESS", "first": 0 }), "first must be from 1 to 10; got 0."),
        (json!({ "track": "BUSINESS", "first": 11 }), "first must be from 1 to 10; got 11."),
    ] {
        let answer = app.send(PATHS, arguments).await;
        let message = answer.body["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{words}: {}", answer.text);
    }
    // Who has left records nothing any more.
    app.done("endPartnership", json!({ "partner": "nordwind", "on": "2026-08-30", "reason": "a test" }))
        .await;
    assert!(found(&app, json!({ "track": "TECHNICAL" })).await.is_empty());
}
