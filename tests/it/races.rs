//! A hundred at once: of what excludes each other one comes to pass, and one key is one run.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::deals::{close, report, swag};
use crate::harness::history::document;
use crate::harness::{Activity, Backend, Order, TestApp, user_errors, verified};

both! {
    an_end_and_what_is_recorded_after_it_exclude_each_other,
    one_key_a_hundred_times_is_one_run,
}

const TODAY: &str = "2026-08-31";

async fn an_end_and_what_is_recorded_after_it_exclude_each_other(backend: Backend) {
    let later = "2026-07-15";
    // who leaves, with which input, and what is recorded meanwhile on a day after the end
    #[expect(clippy::type_complexity, reason = "rows of a table")]
    let table: [(&str, Value, &[fn(&str) -> Activity]); 3] = [
        (
            "endPartnership",
            json!({ "partner": "nordwind", "on": "2026-06-30", "reason": "a test" }),
            &[|on| Activity::of_partner("nordwind", "CUSTOMER_MEETING", on)],
        ),
        (
            "endMembership",
            json!({ "professional": "ada", "on": "2026-06-30", "reason": "a test" }),
            &[|on| Activity::of_professional("ada", "CERTIFICATION_OBTAINED", on).points(600)],
        ),
        // What a professional does after the end of the partnership is recorded, and credits nobody.
        (
            "endPartnership",
            json!({ "partner": "nordwind", "on": "2026-06-30", "reason": "a test" }),
            &[
                |on| Activity::of_professional("ada", "CERTIFICATION_OBTAINED", on).points(600),
                |on| Activity::of_partner("nordwind", "CUSTOMER_MEETING", on),
            ],
        ),
    ];
    for (end, input, recorded) in table {
        let app = TestApp::start(backend, TODAY).await;
        app.partner("nordwind", "2024-06-01").await;
        app.professional("ada", "2024-06-01").await;
        app.affiliate("ada", "nordwind", "2024-06-01").await;
        let rivals = (0..100).map(|place| {
            let (app, input) = (&app, input.clone());
            async move {
                if place % 2 == 0 {
                    return (end, app.refusals(end, input).await);
                }
                let activity = recorded[place / 2 % recorded.len()](later);
                ("recordActivity", app.refusals("recordActivity", activity.input()).await)
            }
        });
        let answers = join_all(rivals).await;
        let codes = |name: &str| -> Vec<&Vec<String>> {
            answers.iter().filter(|(of, _)| *of == name).map(|(_, codes)| codes).collect()
        };
        let has_ended = codes(end)[0].is_empty();
        // The same end again is no change.
        assert!(codes(end).iter().all(|codes| codes.is_empty() == has_ended), "{answers:?}");
        assert!(codes(end).iter().all(|codes| codes.is_empty() || codes[..] == ["INVALID"]), "{answers:?}");
        let refused = codes("recordActivity").iter().filter(|codes| codes[..] == ["DATE_AFTER_END"]).count();
        let taken = codes("recordActivity").iter().filter(|codes| codes.is_empty()).count();
        assert_eq!(refused + taken, 50, "{answers:?}");
        let of_the_one_who_left = if recorded.len() == 1 { 50 } else { 25 };
        assert_eq!(refused, if has_ended { of_the_one_who_left } else { 0 }, "{answers:?}");
        // Points of a professional are credited by 500 a month, a certification by itself, a meeting with one.
        let credits = app.balance("nordwind").await;
        assert_eq!(credits == 0, has_ended, "{end}: {credits}");
        verified(app.services()).await;
    }
}

/// What can be done once, with what it is done to.
async fn once(app: &TestApp) -> Vec<(&'static str, Value, usize)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    for code in ["ada", "bram", "cleo", "dora"] {
        app.professional(code, "2025-01-01").await;
    }
    for code in ["ada", "bram", "cleo"] {
        app.affiliate(code, "nordwind", "2025-01-01").await;
    }
    let affiliation = async |code: &str| {
        let query = "query($code: String!) { professional(code: $code) { affiliations { nodes { id } } } }";
        let data = app.ok(query, json!({ "code": code })).await;
        text(&data["professional"]["affiliations"]["nodes"][0]["id"])
    };
    let recorded = app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-01")).await;
    let others = [
        app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-02")).await["id"].clone(),
        app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2026-03-03")).await["id"].clone(),
    ];
    let claim = Activity::of_professional("dora", "BLOG_POST_PUBLISHED", "2026-03-01").points(600);
    let claim = app.done("submitActivity", claim.input()).await["activity"]["id"].clone();
    app.earn("nordwind", "2026-02-02", 100).await;
    app.record(Activity::of_professional("dora", "CERTIFICATION_OBTAINED", "2026-03-01").points(900)).await;
    let course = || Order::self_use("nordwind").line("course", 1).credits(5);
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(app.place(&course()).await);
    }
    app.fulfill(&orders[2], TODAY).await;
    let hold = json!({ "order": course().input(), "validUntil": "2026-12-31", "hold": true });
    let document = document("saveQuote", false);
    let saved = app.ok(&document, json!({ "input": hold })).await;
    let quote = saved["saveQuote"]["savedQuote"]["number"].clone();
    let mut swags = Vec::new();
    for key in ["one", "two"] {
        let bought = app.done("placeSwagOrder", swag("dora", "mug", 1, key)).await;
        swags.push(bought["swagOrder"]["number"].clone());
    }
    for reference in ["D-1", "D-2", "D-3", "D-4"] {
        app.engaged("nordwind", reference, reference, "2026-08-01").await;
    }
    app.close("D-4", "WON_BY_PARTNER", "2026-08-10").await;
    app.contract("nordwind", "early", ("2026-01-01", "2026-12-31"), &[("TRAINING", "5")]).await;
    app.contract("nordwind", "wrong", ("2027-01-01", "2027-12-31"), &[("TRAINING", "5")]).await;
    let set = json!({ "partner": "nordwind", "track": "BUSINESS", "level": "CREATOR", "from": "2026-01-01",
        "until": "2026-12-31", "reason": "a test" });
    app.done("overrideLevel", set).await;
    // mutation, input, rows of the audit log
    vec![
        (
            "affiliateProfessional",
            json!({ "professional": "dora", "partner": "nordwind", "startsOn": "2025-01-01" }),
            1,
        ),
        ("endAffiliation", json!({ "professional": "ada", "endsOn": "2026-08-01" }), 1),
        (
            "correctAffiliation",
            json!({ "affiliation": affiliation("bram").await, "startsOn": "2025-02-01", "reason": "x" }),
            2,
        ),
        ("voidAffiliation", json!({ "affiliation": affiliation("cleo").await, "reason": "x" }), 1),
        ("voidActivity", json!({ "activityId": recorded["id"], "reason": "x" }), 1),
        ("voidActivities", json!({ "ids": others, "reason": "x" }), 2),
        ("reviewActivity", json!({ "activityId": claim, "decision": "APPROVE" }), 1),
        ("saveQuote", hold, 1),
        ("withdrawQuote", json!({ "number": quote, "reason": "x" }), 1),
        ("placeOrder", json!({ "order": course().input() }), 1),
        ("cancelOrder", json!({ "number": orders[0]["number"], "reason": "x" }), 1),
        ("fulfillOrder", json!({ "number": orders[1]["number"], "fulfilledOn": TODAY }), 1),
        ("returnOrder", json!({ "number": orders[2]["number"], "returnedOn": TODAY, "reason": "x" }), 1),
        ("placeSwagOrder", json!({ "professional": "dora", "item": "mug", "quantity": 1 }), 1),
        ("cancelSwagOrder", json!({ "number": swags[0], "reason": "x" }), 1),
        ("fulfillSwagOrder", json!({ "number": swags[1] }), 1),
        ("reportDealActivity", report("D-1", "MEETING", "2026-08-05"), 1),
        ("closeDeal", close("D-2", "WON_BY_PARTNER", "2026-08-06"), 1),
        ("withdrawDeal", json!({ "reference": "D-3", "on": "2026-08-06", "reason": "x" }), 1),
        ("reopenDeal", json!({ "reference": "D-4", "reason": "x" }), 1),
        ("endContract", json!({ "partner": "nordwind", "reference": "early", "endsOn": "2026-10-31" }), 1),
        ("voidContract", json!({ "partner": "nordwind", "reference": "wrong", "reason": "x" }), 1),
        ("endOverride", json!({ "partner": "nordwind", "track": "BUSINESS", "reason": "a test" }), 1),
    ]
}

async fn one_key_a_hundred_times_is_one_run(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.product("course", "TRAINING", &[("100", "EUR")]).await;
    app.item("mug", 10, 50).await;
    let mutations = once(&app).await;
    let rows = async |operation: &str| {
        let query = "query($filter: AuditFilter) { auditLog(filter: $filter) { totalCount } }";
        let data = app.ok(query, json!({ "filter": { "operation": operation } })).await;
        data["auditLog"]["totalCount"].as_u64().expect("a count")
    };
    for (mutation, mut input, changes) in mutations {
        input["idempotencyKey"] = format!("once {mutation}").into();
        // A batch is logged as the single ones.
        let operation = if mutation == "voidActivities" { "voidActivity" } else { mutation };
        let before = rows(operation).await;
        let document = document(mutation, false);
        let all = (0..100).map(|_| app.send(&document, json!({ "input": input })));
        let answers = join_all(all).await;
        for answer in &answers {
            assert!(answer.body["errors"].is_null(), "{mutation}: {}", answer.text);
            assert!(user_errors(&answer.body).is_empty(), "{mutation}: {}", answer.text);
            assert_eq!(answer.text, answers[0].text, "{mutation}");
        }
        assert_eq!(rows(operation).await - before, changes as u64, "{mutation}");
        // Other content under the key is refused.
        for (field, value) in [("reason", json!("y")), ("note", json!("y")), ("quantity", json!(2))] {
            if input.get(field).is_some() || (mutation == "reportDealActivity" && field == "note") {
                let mut other = input.clone();
                other[field] = value;
                let answer = app.send(&document, json!({ "input": other })).await;
                let codes: Vec<&Value> =
                    user_errors(&answer.body).into_iter().map(|error| &error["code"]).collect();
                assert_eq!(codes, ["CONFLICTING_DUPLICATE"], "{mutation}: {}", answer.text);
            }
        }
    }
    verified(app.services()).await;
}
