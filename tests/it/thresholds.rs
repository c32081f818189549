//! Thresholds that an edition changes: what was reached by the edition of its day stays until its validity ends, and every
//! answer says the same (V2, S3, E3, F1, F2, F4).

use serde_json::{Value, json};

use crate::events::{feed, latest};
use crate::harness::{Activity, Backend, TestApp, verified};
use crate::subject_lists::codes;

both! {
    e3_a_raised_threshold_takes_no_level_and_every_answer_says_so,
    e3_what_was_not_reached_before_needs_the_raised_threshold,
    v2_the_report_counts_the_levels_of_the_standings,
    e5_below_what_was_earned_nothing_is_missing_for_the_next_level,
    f4_the_end_of_a_professionals_override_is_announced,
    s3_who_is_overridden_through_the_renewal_is_not_at_risk,
}

/// Publishes the document in force with other thresholds of Creator and Advocate.
async fn publish(app: &TestApp, from: &str, creator: i64, advocate: i64) {
    let data = app.ok("{ edition { document } }", Value::Null).await;
    let text = data["edition"]["document"].as_str().expect("a document");
    let head = text.split("[[example]]").next().expect("a head");
    let lines = head.lines().map(|line| match line {
        "threshold = 75" => format!("threshold = {creator}\n"),
        "threshold = 750" => format!("threshold = {advocate}\n"),
        line => format!("{line}\n"),
    });
    let document: String = lines.collect();
    app.done("publishEdition", json!({ "document": document, "effectiveFrom": from })).await;
    app.services().emit_time_based_events().await.expect("the rollout");
}

/// A level that staff sets, which the subject is named by.
fn set(subject: &str, code: &str, level: &str, from: &str, until: &str) -> Value {
    let track = if subject == "partner" { json!("BUSINESS") } else { Value::Null };
    json!({ subject: code, "track": track, "level": level, "from": from, "until": until, "reason": "agreed" })
}

async fn with_levels(backend: Backend, today: &str) -> TestApp {
    let app = TestApp::start(backend, today).await;
    app.partner("quill", "2024-06-01").await;
    app.earn("quill", "2026-05-01", 80).await;
    app.professional("ann", "2026-01-20").await;
    app.record(Activity::of_professional("ann", "CERTIFICATION_OBTAINED", "2026-05-01").points(800)).await;
    app
}

/// Business standing and history of the partner; standing and history of the professional.
const LEVELS: &str = "query($ahead: Date!) { partner(code: \"quill\") { \
    standing { business { level { code } earnedOn validUntil creditsToNextLevel creditsToRetain } } \
    outlook(on: $ahead) { business { level { code } validUntil } } \
    levelHistory { level { code threshold } earnedOn validUntil lapsedOn reversed entry { effectiveOn } } } \
    professional(code: \"ann\") { standing { level { code } earnedOn validUntil pointsToRetain securedLevel { code } } \
    outlook(on: $ahead) { level { code } validUntil } \
    levelHistory { level { code threshold } earnedOn validUntil lapsedOn reversed entry { effectiveOn } } } }";

async fn level_events(app: &TestApp, after: i64) -> Vec<Value> {
    app.services().emit_time_based_events().await.expect("levels");
    let events = feed(app, after).await;
    let of_levels =
        events.iter().filter(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("LEVEL_")));
    of_levels.map(|event| json!([event["type"], event["occurredOn"]])).collect()
}

async fn e3_a_raised_threshold_takes_no_level_and_every_answer_says_so(backend: Backend) {
    let app = with_levels(backend, "2026-11-15").await;
    publish(&app, "2026-12-01", 200, 1_000).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    let history = |code: &str, threshold: i64, until: &str| {
        json!([{ "level": { "code": code, "threshold": threshold }, "earnedOn": "2026-05-01", "validUntil": until,
            "lapsedOn": null, "reversed": false, "entry": { "effectiveOn": "2026-05-01" } }])
    };
    let last = latest(&app).await;
    let mut app = app;
    for (today, ahead) in
        [("2026-11-16", "2026-12-01"), ("2026-12-02", "2027-01-01"), ("2027-01-02", "2027-12-31")]
    {
        app = app.restart(today).await;
        assert_eq!(level_events(&app, last).await, [Value::Null; 0], "{today}");
        let found = app.ok(LEVELS, json!({ "ahead": ahead })).await;
        let (partner, professional) = (&found["partner"], &found["professional"]);
        let business = &partner["standing"]["business"];
        assert_eq!(business["level"]["code"], "CREATOR", "{today}");
        assert_eq!(
            json!([business["earnedOn"], business["validUntil"]]),
            json!(["2026-05-01", "2027-12-31"])
        );
        // In the new year, the raised threshold is what keeps the level.
        let missing = if today < "2027" { 0 } else { 200 };
        assert_eq!(business["creditsToRetain"], missing, "{today}");
        assert_eq!(
            partner["outlook"]["business"],
            json!({ "level": { "code": "CREATOR" }, "validUntil": "2027-12-31" })
        );
        assert_eq!(partner["levelHistory"], history("CREATOR", 75, "2027-12-31"), "{today}");
        let standing = &professional["standing"];
        assert_eq!(
            standing,
            &json!({ "level": { "code": "ADVOCATE" }, "earnedOn": "2026-05-01", "validUntil": "2028-01-19",
                "pointsToRetain": 0, "securedLevel": { "code": "ADVOCATE" } }),
            "{today}"
        );
        assert_eq!(
            professional["outlook"],
            json!({ "level": { "code": "ADVOCATE" }, "validUntil": "2028-01-19" })
        );
        assert_eq!(professional["levelHistory"], history("ADVOCATE", 750, "2028-01-19"), "{today}");
        // Nothing lapses before its validity ends.
        let early = "filter: { lapsingTo: \"2027-12-30\" }";
        assert_eq!(codes(&app, &key, "partners", early).await, [""; 0], "{today}");
        let then = "filter: { lapsingFrom: \"2027-12-31\", lapsingTo: \"2028-01-01\" }";
        assert_eq!(codes(&app, &key, "partners", then).await, ["quill"], "{today}");
        assert_eq!(codes(&app, &key, "professionals", "filter: { atRisk: true }").await, [""; 0], "{today}");
        verified(app.services()).await;
    }
    // More of the same year changes nothing about it, and its reversal neither.
    let late = app.record(Activity::of_professional("ann", "DOCS_CORRECTION", "2026-12-10")).await;
    app.void(&late).await;
    app.earn("quill", "2026-12-20", 5).await;
    let found = app.ok(LEVELS, json!({ "ahead": "2027-12-31" })).await;
    assert_eq!(found["partner"]["levelHistory"], history("CREATOR", 75, "2027-12-31"));
    assert_eq!(found["professional"]["standing"]["level"]["code"], "ADVOCATE");
    verified(app.services()).await;
    // The validity ends.
    let last = latest(&app).await;
    let app = app.restart("2028-02-01").await;
    app.services().emit_time_based_events().await.expect("levels");
    let lapses = [json!(["LEVEL_LAPSED", "2028-01-01"]), json!(["LEVEL_LAPSED", "2028-01-20"])];
    let found = level_events(&app, last).await;
    for lapse in lapses {
        assert!(found.contains(&lapse), "{found:?}");
    }
    assert_eq!(found.len(), 2, "{found:?}");
    verified(app.services()).await;
}

async fn e3_what_was_not_reached_before_needs_the_raised_threshold(backend: Backend) {
    let app = TestApp::start(backend, "2026-11-15").await;
    app.partner("quill", "2024-06-01").await;
    app.earn("quill", "2025-05-01", 80).await;
    app.earn("quill", "2026-05-01", 50).await;
    app.professional("ann", "2025-01-20").await;
    for (on, points) in [("2025-05-01", 800), ("2026-05-01", 700)] {
        app.record(Activity::of_professional("ann", "CERTIFICATION_OBTAINED", on).points(points)).await;
    }
    publish(&app, "2026-12-01", 200, 1_000).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    let missing = async |app: &TestApp| {
        let found = app.ok(LEVELS, json!({ "ahead": "2027-02-01" })).await;
        let (partner, professional) = (&found["partner"], &found["professional"]);
        json!([
            partner["standing"]["business"]["level"]["code"],
            partner["standing"]["business"]["creditsToRetain"],
            partner["outlook"]["business"]["level"]["code"],
            professional["standing"]["level"]["code"],
            professional["standing"]["pointsToRetain"],
            professional["outlook"]["level"]["code"],
        ])
    };
    // Until the new edition, what it takes to reach the level is still the old threshold.
    assert_eq!(missing(&app).await, json!(["CREATOR", 25, "COLLABORATOR", "ADVOCATE", 50, null]));
    assert_eq!(codes(&app, &key, "professionals", "filter: { atRisk: true }").await, ["ann"]);
    let app = app.restart("2026-12-05").await;
    app.services().emit_time_based_events().await.expect("levels");
    assert_eq!(missing(&app).await, json!(["CREATOR", 150, "COLLABORATOR", "ADVOCATE", 300, null]));
    verified(app.services()).await;
    // Credits of a day before it reach what they reached then, whenever they are recorded.
    app.earn("quill", "2026-11-30", 25).await;
    let late = Activity::of_professional("ann", "DOCS_CORRECTION", "2026-11-30").quantity(1);
    app.record(late.external_id("one")).await;
    let late = Activity::of_professional("ann", "DOCS_CORRECTION", "2026-11-30").quantity(1);
    app.record(late.external_id("two")).await;
    assert_eq!(missing(&app).await, json!(["CREATOR", 0, "CREATOR", "ADVOCATE", 0, "ADVOCATE"]));
    assert_eq!(codes(&app, &key, "professionals", "filter: { atRisk: true }").await, [""; 0]);
    verified(app.services()).await;
}

async fn v2_the_report_counts_the_levels_of_the_standings(backend: Backend) {
    let app = TestApp::start(backend, "2026-06-15").await;
    for code in ["a", "b", "c", "d"] {
        app.partner(code, "2024-06-01").await;
    }
    publish(&app, "2026-07-01", 200, 1_000).await;
    publish(&app, "2026-10-01", 50, 600).await;
    let app = app.restart("2026-12-15").await;
    for (code, on, credits) in [
        ("a", "2026-03-01", 80),
        ("a", "2026-09-05", 10),
        ("b", "2026-08-05", 90),
        ("c", "2026-03-01", 60),
        ("c", "2026-11-05", 10),
        ("d", "2025-03-01", 30),
        ("d", "2026-07-20", 60),
    ] {
        app.earn(code, on, credits).await;
    }
    let query =
        "{ programReport(from: \"2026-01-01\", to: \"2026-12-15\") { levels { on track level partners } } }";
    let report = app.ok(query, Value::Null).await["programReport"]["levels"].clone();
    let rows: Vec<&Value> =
        report.as_array().expect("a list").iter().filter(|row| row["track"] == "BUSINESS").collect();
    let mut days: Vec<&str> = rows.iter().map(|row| row["on"].as_str().expect("a day")).collect();
    days.dedup();
    assert_eq!(days.len(), 12, "{days:?}");
    for on in days {
        let standings = "query($on: Date!) { partners { nodes { code standing(asOf: $on) { business { level { code } } } } } }";
        let data = app.ok(standings, json!({ "on": on })).await;
        let nodes = data["partners"]["nodes"].as_array().expect("a list");
        for level in ["MEMBER", "COLLABORATOR", "CREATOR"] {
            let expected =
                nodes.iter().filter(|node| node["standing"]["business"]["level"]["code"] == level).count();
            let found = rows.iter().find(|row| row["on"] == on && row["level"] == level);
            let found = found.map_or(0, |row| row["partners"].as_u64().expect("a number"));
            assert_eq!(found, expected as u64, "{level} on {on}: {data}");
        }
    }
    let creators = |on: &str| {
        let row = rows.iter().find(|row| row["on"] == on && row["level"] == "CREATOR");
        row.map_or(0, |row| row["partners"].as_u64().expect("a number"))
    };
    assert_eq!(["2026-02-28", "2026-03-31", "2026-08-31", "2026-10-31"].map(creators), [0, 1, 1, 4]);
    verified(app.services()).await;
}

async fn e5_below_what_was_earned_nothing_is_missing_for_the_next_level(backend: Backend) {
    let app = TestApp::start(backend, "2026-11-15").await;
    for code in ["low", "high", "none"] {
        app.partner(code, "2024-06-01").await;
    }
    app.earn("low", "2026-05-01", 30).await;
    app.earn("high", "2026-05-01", 100).await;
    app.professional("ann", "2026-01-20").await;
    for number in 0..6 {
        let points = Activity::of_professional("ann", "DOCS_LARGE_CONTRIBUTION", "2026-05-01").points(1_000);
        app.record(points.external_id(&number.to_string())).await;
    }
    for (subject, code, level) in [
        ("partner", "low", "MEMBER"),
        ("partner", "high", "MEMBER"),
        ("partner", "none", "COLLABORATOR"),
        ("professional", "ann", "ADVOCATE"),
    ] {
        app.done("overrideLevel", set(subject, code, level, "2026-11-01", "2026-12-31")).await;
    }
    let query = "{ partners { nodes { code standing { business { nextLevel { code } creditsToNextLevel creditsToRetain } } } } \
        professional(code: \"ann\") { standing { nextLevel { code } pointsToNextLevel pointsToRetain } } }";
    let data = app.ok(query, Value::Null).await;
    let of = |code: &str| {
        let nodes = data["partners"]["nodes"].as_array().expect("a list");
        let node = nodes.iter().find(|node| node["code"] == code).expect("one");
        let business = &node["standing"]["business"];
        json!([business["nextLevel"]["code"], business["creditsToNextLevel"], business["creditsToRetain"]])
    };
    // The next level is the one above what would hold without the override.
    assert_eq!(of("low"), json!(["CREATOR", 45, 0]));
    assert_eq!(of("high"), json!([null, null, 0]));
    assert_eq!(of("none"), json!(["CREATOR", 75, 25]));
    assert_eq!(
        data["professional"]["standing"],
        json!({ "nextLevel": { "code": "CATALYST" }, "pointsToNextLevel": 9_000, "pointsToRetain": 0 })
    );
    let key = app.key("PROGRAM_STAFF", None).await;
    let within = "filter: { withinCreditsOfNext: 0, track: BUSINESS }";
    assert_eq!(codes(&app, &key, "partners", within).await, [""; 0]);
    let order = "filter: { track: BUSINESS } orderBy: CREDITS_TO_NEXT";
    assert_eq!(codes(&app, &key, "partners", order).await, ["low", "none", "high"]);
    verified(app.services()).await;
}

/// What is announced or lapses of professionals: type, day, and the last day of a notice.
async fn ends(app: &TestApp, after: i64) -> Vec<Value> {
    for _ in 0..2 {
        app.services().emit_time_based_events().await.expect("what is due");
    }
    let events = feed(app, after).await;
    let ends =
        events.iter().filter(|event| event["type"] == "LEVEL_ENDING" || event["type"] == "LEVEL_LAPSED");
    ends.map(|event| {
        let notice = &event["data"]["notice"];
        json!([event["type"], notice["days"], notice["endsOn"], notice["level"], notice["then"]])
    })
    .collect()
}

async fn f4_the_end_of_a_professionals_override_is_announced(backend: Backend) {
    let mut app = TestApp::start(backend, "2026-11-15").await;
    app.services().emit_time_based_events().await.expect("the first notices");
    app.professional("bob", "2025-01-20").await;
    app.record(Activity::of_professional("bob", "CERTIFICATION_OBTAINED", "2025-05-01").points(800)).await;
    app.done("overrideLevel", set("professional", "bob", "ENABLER", "2026-11-01", "2027-06-30")).await;
    let notice = |days: u32| vec![json!(["LEVEL_ENDING", days, "2027-06-30", "ENABLER", null])];
    // day, what is announced or lapses
    let table = [
        // Advocate ends on this anniversary, but Enabler holds.
        ("2026-11-21", Vec::new()),
        ("2027-01-20", Vec::new()),
        ("2027-05-01", notice(60)),
        ("2027-05-02", Vec::new()),
        ("2027-06-01", notice(30)),
        ("2027-06-10", Vec::new()),
        ("2027-06-23", notice(7)),
        ("2027-07-01", vec![json!(["LEVEL_LAPSED", null, null, null, null])]),
    ];
    for (on, expected) in table {
        let last = latest(&app).await;
        app = app.restart(on).await;
        assert_eq!(ends(&app, last).await, expected, "{on}");
        verified(app.services()).await;
    }
}

async fn s3_who_is_overridden_through_the_renewal_is_not_at_risk(backend: Backend) {
    let mut app = TestApp::start(backend, "2026-11-15").await;
    app.professional("cat", "2025-01-20").await;
    app.done("overrideLevel", set("professional", "cat", "ENABLER", "2026-11-01", "2027-01-31")).await;
    let key = app.key("PROGRAM_STAFF", None).await;
    // day, points to retain, at risk; from the anniversary on, the level is lost before the next one.
    let table = [
        ("2026-11-16", json!(0), [""; 0].as_slice()),
        ("2027-01-19", json!(0), &[]),
        ("2027-01-20", json!(5_000), &["cat"]),
        ("2027-02-01", Value::Null, &[]),
    ];
    for (on, missing, expected) in table {
        app = app.restart(on).await;
        app.services().emit_time_based_events().await.expect("what is due");
        let query = "{ professional(code: \"cat\") { standing { pointsToRetain } } }";
        let found = app.ok(query, Value::Null).await;
        assert_eq!(found["professional"]["standing"]["pointsToRetain"], missing, "{on}");
        assert_eq!(codes(&app, &key, "professionals", "filter: { atRisk: true }").await, expected, "{on}");
        verified(app.services()).await;
    }
}
