//! Overrides of levels (E5).

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, verified};

both! {
    e5_an_override_sets_level_and_discount_and_what_was_earned_stays_visible,
    e5_an_override_begins_and_ends_by_time_and_is_announced_once,
    e5_what_was_known_before_an_override_stays_known,
    e5_what_is_no_override,
}

const TODAY: &str = "2026-08-31";

async fn app_with_subjects(backend: Backend, today: &str) -> TestApp {
    let app = TestApp::start(backend, today).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-04-12").await;
    app
}

fn of_partner(level: &str, from: &str, until: &str) -> Value {
    json!({ "partner": "nordwind", "track": "TECHNICAL", "level": level, "from": from, "until": until, "reason": "agreed" })
}

fn of_professional(level: &str, from: &str, until: &str) -> Value {
    json!({ "professional": "ada", "level": level, "from": from, "until": until, "reason": "a test" })
}

/// Technical level, the earned one, the override's first day, the overall level, and the discount on licences.
async fn partner(app: &TestApp, day: &str, known: Value) -> Value {
    let query = "query($day: Date, $known: DateTime) { partner(code: \"nordwind\") { standing(asOf: $day, knownAt: $known) { overall { code } \
                 technical { level { code } earnedLevel { code } override { level { code } from until reason by } } \
                 baseDiscounts { category percent } } } }";
    let data = app.ok(query, json!({ "day": day, "known": known })).await;
    let standing = &data["partner"]["standing"];
    let technical = &standing["technical"];
    json!([
        technical["level"]["code"],
        technical["earnedLevel"]["code"],
        technical["override"]["from"],
        standing["overall"]["code"],
        standing["baseDiscounts"][0]["percent"],
    ])
}

/// Level, the earned one, and the override's first day.
async fn professional(app: &TestApp, day: &str) -> Value {
    let query = "query($day: Date) { professional(code: \"ada\") { standing(asOf: $day) { level { code } earnedLevel { code } override { from reason } } } }";
    let standing = app.ok(query, json!({ "day": day })).await["professional"]["standing"].clone();
    json!([standing["level"]["code"], standing["earnedLevel"]["code"], standing["override"]["from"]])
}

/// Level changes so far: track, from, to, day, whether time made them.
async fn changes(app: &TestApp) -> Vec<Value> {
    let query = "{ events(first: 100) { nodes { type occurredOn data } } }";
    let data = app.ok(query, json!({})).await;
    let nodes = data["events"]["nodes"].as_array().expect("a list").iter();
    let levels = nodes.filter(|node| !node["data"]["level"].is_null());
    levels
        .map(|node| {
            let level = &node["data"]["level"];
            json!([level["track"], level["from"], level["to"], node["occurredOn"], level["timeBased"]])
        })
        .collect()
}

async fn e5_an_override_sets_level_and_discount_and_what_was_earned_stays_visible(backend: Backend) {
    let app = app_with_subjects(backend, TODAY).await;
    let downloads = Activity::of_partner("nordwind", "CATALOG_DOWNLOADS", "2026-02-02").quantity(15);
    app.record(downloads).await;
    let earned = partner(&app, TODAY, Value::Null).await;
    assert_eq!(earned, json!(["COLLABORATOR", "COLLABORATOR", null, "COLLABORATOR", earned[4]]));
    for _ in 0..2 {
        app.done("overrideLevel", of_partner("CREATOR", "2026-08-01", "2026-09-30")).await;
    }
    let overridden = partner(&app, TODAY, Value::Null).await;
    assert_eq!(overridden, json!(["CREATOR", "COLLABORATOR", "2026-08-01", "CREATOR", overridden[4]]));
    assert_ne!(overridden[4], earned[4], "the discount is that of the level");
    assert_eq!(partner(&app, "2026-07-31", Value::Null).await, earned);
    // What is earned meanwhile counts, and announces no level below the one that was set.
    app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2026-08-02").points(800)).await;
    app.done("overrideLevel", of_professional("CATALYST", "2026-08-10", "2026-12-31")).await;
    assert_eq!(professional(&app, TODAY).await, json!(["CATALYST", "ADVOCATE", "2026-08-10"]));
    assert_eq!(professional(&app, "2026-08-09").await, json!(["ADVOCATE", "ADVOCATE", null]));
    verified(app.services()).await;
    app.done("endOverride", json!({ "professional": "ada", "reason": "over" })).await;
    app.done(
        "endOverride",
        json!({ "partner": "nordwind", "track": "TECHNICAL", "on": "2026-08-15", "reason": "a test" }),
    )
    .await;
    assert_eq!(professional(&app, TODAY).await, json!(["ADVOCATE", "ADVOCATE", null]));
    assert_eq!(partner(&app, TODAY, Value::Null).await, earned, "what was earned holds again");
    assert_eq!(partner(&app, "2026-08-15", Value::Null).await, overridden);
    let expected = [
        json!(["TECHNICAL", "MEMBER", "COLLABORATOR", "2026-02-02", false]),
        json!(["TECHNICAL", "COLLABORATOR", "CREATOR", "2026-08-01", false]),
        json!([null, null, "ADVOCATE"]),
        json!([null, "ADVOCATE", "CATALYST"]),
        json!([null, "CATALYST", "ADVOCATE"]),
        json!(["TECHNICAL", "CREATOR", "COLLABORATOR", TODAY, false]),
    ];
    let found = changes(&app).await;
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(&expected) {
        let fields = expected.as_array().expect("a list").len();
        assert_eq!(found.as_array().map(|all| &all[..fields]), expected.as_array().map(Vec::as_slice));
    }
    verified(app.services()).await;
}

async fn e5_an_override_begins_and_ends_by_time_and_is_announced_once(backend: Backend) {
    let app = app_with_subjects(backend, TODAY).await;
    app.done("overrideLevel", of_partner("CREATOR", "2026-10-01", "2026-10-31")).await;
    app.done("overrideLevel", of_professional("ENABLER", "2026-10-05", "2026-11-15")).await;
    assert_eq!(changes(&app).await, [Value::Null; 0]);
    verified(app.services()).await;
    // Nobody looked while the first of them held.
    let app = app.restart("2026-11-10").await;
    let expected = [
        json!([null, null, "ENABLER", "2026-10-05", true]),
        json!(["TECHNICAL", "MEMBER", "CREATOR", "2026-10-01", true]),
        json!(["TECHNICAL", "CREATOR", "MEMBER", "2026-11-01", true]),
    ];
    for _ in 0..2 {
        app.services().emit_time_based_events().await.expect("events");
        assert_eq!(changes(&app).await, expected);
    }
    verified(app.services()).await;
    let app = app.restart("2026-11-20").await;
    app.services().emit_time_based_events().await.expect("events");
    assert_eq!(changes(&app).await[3..], [json!([null, "ENABLER", null, "2026-11-16", true])]);
    assert_eq!(professional(&app, "2026-11-15").await, json!(["ENABLER", null, "2026-10-05"]));
    verified(app.services()).await;
}

async fn e5_what_was_known_before_an_override_stays_known(backend: Backend) {
    let app = app_with_subjects(backend, TODAY).await;
    let now = |app: &TestApp| json!(app.services().clock().now().to_rfc3339());
    let before = now(&app);
    app.done("overrideLevel", of_partner("CREATOR", "2026-08-01", "2026-08-31")).await;
    let between = now(&app);
    app.done(
        "endOverride",
        json!({ "partner": "nordwind", "track": "TECHNICAL", "on": "2026-07-01", "reason": "a test" }),
    )
    .await;
    for (known, level) in [(before, "MEMBER"), (between, "CREATOR"), (Value::Null, "MEMBER")] {
        assert_eq!(partner(&app, "2026-08-10", known.clone()).await[0], level, "{known}");
    }
    verified(app.services()).await;
}

async fn e5_what_is_no_override(backend: Backend) {
    let app = app_with_subjects(backend, TODAY).await;
    app.done("overrideLevel", of_partner("CREATOR", "2026-08-01", "2026-08-31")).await;
    let mut no_track = of_partner("CREATOR", "2026-09-01", "2026-09-02");
    no_track["track"] = Value::Null;
    let mut both = of_partner("CREATOR", "2026-09-01", "2026-09-02");
    both["professional"] = json!("ada");
    let mut no_reason = of_partner("CREATOR", "2026-09-01", "2026-09-02");
    no_reason["reason"] = json!(" ");
    let mut nobody = of_partner("CREATOR", TODAY, TODAY);
    nobody["partner"] = json!("nobody");
    let refused = [
        (of_partner("CREATOR", "2026-08-31", "2026-09-02"), "WRONG_STATE"),
        (of_partner("Creator", "2026-09-01", "2026-09-02"), "INVALID"),
        (of_partner("CATALYST", "2026-09-01", "2026-09-02"), "INVALID"),
        (of_partner("CREATOR", "2026-09-02", "2026-09-01"), "INVALID"),
        (of_partner("CREATOR", "2024-05-31", "2024-06-01"), "DATE_BEFORE_ENROLMENT"),
        (of_professional("CREATOR", "2026-09-01", "2026-09-02"), "INVALID"),
        (no_track, "INVALID"),
        (both, "INVALID"),
        (no_reason, "INVALID"),
        (nobody, "NOT_FOUND"),
    ];
    for (input, code) in refused {
        assert_eq!(app.refusals("overrideLevel", input.clone()).await, [code], "{input}");
    }
    let end = |track: &str, on: &str| json!({ "partner": "nordwind", "track": track, "on": on, "reason": "a test" });
    assert_eq!(app.refusals("endOverride", end("BUSINESS", TODAY)).await, ["WRONG_STATE"]);
    assert_eq!(
        app.refusals("endOverride", end("TECHNICAL", TODAY)).await,
        ["INVALID"],
        "it ends then anyway"
    );
    // Of many at once, one holds.
    let rivals = (0..8).map(|n| {
        app.refusals("overrideLevel", of_partner("CREATOR", "2027-01-01", &format!("2027-02-1{n}")))
    });
    let answers = futures_util::future::join_all(rivals).await;
    assert_eq!(answers.iter().filter(|codes| codes.is_empty()).count(), 1, "{answers:?}");
    verified(app.services()).await;
}
