//! Notices before something ends (F4): each once, also after downtime, by the nearest that is due.

use serde_json::{Value, json};

use crate::events::{feed, latest};
use crate::harness::deals::report;
use crate::harness::{Activity, Backend, Order, TestApp, verified};

both! {
    f4_levels_and_contracts_are_announced_before_they_end,
    f4_a_deal_an_opportunity_and_a_held_quote_are_announced,
    f4_two_processes_announce_more_than_one_transaction_takes_once,
    f4_a_level_that_remains_is_not_announced,
    f4_a_partner_gets_its_own_notices,
}

/// Notices after an event: type, whose or which, days, last day.
async fn notices(app: &TestApp, after: i64) -> Vec<String> {
    for _ in 0..2 {
        app.services().emit_time_based_events().await.expect("what is due");
    }
    let events = feed(app, after).await;
    let notices =
        events.iter().filter(|event| event["type"].as_str().is_some_and(|kind| kind.ends_with("_ENDING")));
    let shown = notices.map(|event| {
        let data = &event["data"];
        assert!(data["actor"].is_null() && data["reason"].is_null(), "{event}");
        let which = [
            &data["notice"]["track"],
            &data["contract"]["reference"],
            &data["deal"]["reference"],
            &data["quote"]["credits"],
            &data["professional"],
        ];
        let which = which.into_iter().find(|one| !one.is_null()).map(Value::to_string).unwrap_or_default();
        let kind = event["type"].as_str().expect("a type");
        format!(
            "{kind} {} {} {}",
            which.trim_matches('"'),
            data["notice"]["days"],
            data["notice"]["endsOn"].as_str().expect("a day")
        )
    });
    let mut shown: Vec<String> = shown.collect();
    shown.sort_unstable();
    shown
}

fn contract(reference: &str, ends_on: &str) -> Value {
    json!({ "partner": "nordwind", "reference": reference, "startsOn": "2026-01-01", "endsOn": ends_on,
        "rates": [{ "category": "LICENSE", "percent": "33" }] })
}

async fn f4_levels_and_contracts_are_announced_before_they_end(backend: Backend) {
    let mut app = TestApp::start(backend, "2026-10-30").await;
    assert!(notices(&app, 0).await.is_empty());
    app.partner("nordwind", "2024-06-01").await;
    app.earn("nordwind", "2025-05-01", 30).await;
    app.professional("ada", "2024-01-01").await;
    app.record(Activity::of_professional("ada", "CERTIFICATION_OBTAINED", "2025-05-01").points(800)).await;
    app.done("recordContract", contract("C-1", "2026-12-31")).await;
    assert!(notices(&app, 0).await.is_empty());
    // 60 days before; on the days after it, nothing more.
    let mut last = latest(&app).await;
    app = app.restart("2026-11-01").await;
    let all = |days: u32| {
        ["CONTRACT_ENDING C-1", "LEVEL_ENDING BUSINESS", "LEVEL_ENDING ada"]
            .map(|one| format!("{one} {days} 2026-12-31"))
    };
    assert_eq!(notices(&app, last).await, all(60));
    let events = feed(&app, last).await;
    let of = |who: &str| {
        events.iter().find(|event| !event[who].is_null() && event["type"] == "LEVEL_ENDING").expect("one")
    };
    assert_eq!(
        of("partner")["data"]["notice"],
        json!({ "track": "BUSINESS", "level": "COLLABORATOR", "then": "MEMBER", "days": 60, "endsOn": "2026-12-31" })
    );
    assert_eq!(
        of("professional")["data"]["notice"],
        json!({ "track": null, "level": "ADVOCATE", "then": null, "days": 60, "endsOn": "2026-12-31" })
    );
    assert_eq!(of("partner")["occurredOn"], "2026-11-01");
    last = latest(&app).await;
    app = app.restart("2026-11-30").await;
    assert!(notices(&app, last).await.is_empty());
    // The day was missed.
    app = app.restart("2026-12-03").await;
    assert_eq!(notices(&app, last).await, all(30));
    // What is extended has another end, and what is shortened again was announced already.
    last = latest(&app).await;
    let end = |ends_on: &str| json!({ "partner": "nordwind", "reference": "C-1", "endsOn": ends_on });
    app.done("endContract", end("2027-06-30")).await;
    app.done("endContract", end("2026-12-31")).await;
    assert!(notices(&app, last).await.is_empty());
    app.done("endContract", end("2027-02-15")).await;
    app = app.restart("2026-12-20").await;
    assert_eq!(notices(&app, last).await, ["CONTRACT_ENDING C-1 60 2027-02-15"]);
    // The last day: the nearest one that was missed.
    last = latest(&app).await;
    app = app.restart("2026-12-31").await;
    assert_eq!(
        notices(&app, last).await,
        ["LEVEL_ENDING BUSINESS 7 2026-12-31", "LEVEL_ENDING ada 7 2026-12-31"]
    );
    // Nothing after the end, and nothing about a voided one.
    last = latest(&app).await;
    app.done("voidContract", json!({ "partner": "nordwind", "reference": "C-1", "reason": "a mistake" }))
        .await;
    app = app.restart("2027-02-10").await;
    assert!(notices(&app, last).await.is_empty());
    verified(app.services()).await;
}

async fn f4_a_deal_an_opportunity_and_a_held_quote_are_announced(backend: Backend) {
    let mut app = TestApp::start(backend, "2026-09-01").await;
    assert!(notices(&app, 0).await.is_empty());
    app.partner_with("nordwind", 100).await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    let order = Order::self_use("nordwind").line("course", 2);
    for (credits, hold) in [(10, true), (20, false)] {
        let input = json!({ "order": order.clone().credits(credits).input(), "validUntil": "2026-10-15", "hold": hold });
        let document =
            "mutation($input: SaveQuoteInput!) { saveQuote(input: $input) { userErrors { message } } }";
        app.ok(document, json!({ "input": input })).await;
    }
    app.engaged("nordwind", "N-1", "Acme", "2026-09-01").await;
    app.deal("nordwind", "N-2", "Bolt", "2026-09-01").await;
    let deal = app.deal_now("N-1").await;
    assert_eq!(
        (&deal["validUntil"], &deal["opportunityUntil"]),
        (&json!("2026-11-30"), &json!("2026-10-01"))
    );
    let lead = app.deal_now("N-2").await["validUntil"].clone();
    assert_eq!(lead, "2026-10-01");
    // day, notices
    let table: [(&str, &[&str]); 6] = [
        ("2026-09-02", &[]),
        ("2026-09-15", &["QUOTE_ENDING 10 30 2026-10-15"]),
        ("2026-09-24", &["DEAL_ENDING N-2 7 2026-10-01", "OPPORTUNITY_ENDING N-1 7 2026-10-01"]),
        ("2026-10-01", &["DEAL_ENDING N-1 60 2026-11-30"]),
        ("2026-10-07", &[]),
        ("2026-10-15", &["QUOTE_ENDING 10 7 2026-10-15"]),
    ];
    for (on, expected) in table {
        let last = latest(&app).await;
        app = app.restart(on).await;
        assert_eq!(notices(&app, last).await, expected, "{on}");
    }
    // A report moves the end of the deal.
    app.done("reportDealActivity", report("N-1", "MEETING", "2026-10-15")).await;
    let last = latest(&app).await;
    app = app.restart("2026-11-28").await;
    assert_eq!(notices(&app, last).await, ["DEAL_ENDING N-1 60 2027-01-13"]);
    verified(app.services()).await;
}

async fn f4_two_processes_announce_more_than_one_transaction_takes_once(backend: Backend) {
    let app = TestApp::start(backend, "2026-10-30").await;
    assert!(notices(&app, 0).await.is_empty());
    app.partner_with("nordwind", 300).await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    let order = Order::self_use("nordwind").line("course", 2).credits(1);
    for _ in 0..205 {
        let input = json!({ "order": order.input(), "validUntil": "2026-12-31", "hold": true });
        let document =
            "mutation($input: SaveQuoteInput!) { saveQuote(input: $input) { userErrors { message } } }";
        app.ok(document, json!({ "input": input })).await;
    }
    notices(&app, 0).await;
    let app = app.restart("2026-11-01").await;
    let other = app.another("2026-11-01").await;
    let (one, two) =
        tokio::join!(app.services().emit_time_based_events(), other.services().emit_time_based_events());
    one.expect("what is due");
    two.expect("what is due");
    assert_eq!(notices(&app, 0).await, vec!["QUOTE_ENDING 1 60 2026-12-31"; 205]);
    drop(other);
}

async fn f4_a_level_that_remains_is_not_announced(backend: Backend) {
    let mut app = TestApp::start(backend, "2026-10-30").await;
    assert!(notices(&app, 0).await.is_empty());
    app.partner("nordwind", "2024-06-01").await;
    app.earn("nordwind", "2025-05-01", 30).await;
    // The override ends, and the level is earned until later.
    let set = json!({ "partner": "nordwind", "track": "BUSINESS", "level": "COLLABORATOR", "from": "2026-10-01", "until": "2026-11-05", "reason": "a test" });
    app.done("overrideLevel", set).await;
    notices(&app, 0).await;
    app = app.restart("2026-10-31").await;
    assert!(notices(&app, 0).await.is_empty());
    // What is earned meanwhile keeps it.
    app.earn("nordwind", "2026-10-31", 25).await;
    app = app.restart("2026-12-30").await;
    assert!(notices(&app, 0).await.is_empty());
}

async fn f4_a_partner_gets_its_own_notices(backend: Backend) {
    let mut app = TestApp::start(backend, "2026-10-30").await;
    assert!(notices(&app, 0).await.is_empty());
    for code in ["nordwind", "polder"] {
        app.partner(code, "2024-06-01").await;
        app.earn(code, "2025-05-01", 30).await;
    }
    notices(&app, 0).await;
    app = app.restart("2026-11-01").await;
    assert_eq!(notices(&app, 0).await.len(), 2);
    let key = app.key("PARTNER", Some("polder")).await;
    let query = "{ events(types: [LEVEL_ENDING]) { nodes { partner { code } data } } }";
    let answer = app.send_as(&key, query, Value::Null).await;
    let nodes = answer.body["data"]["events"]["nodes"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", answer.text))
        .clone();
    assert_eq!(nodes.len(), 1, "{nodes:?}");
    assert_eq!(nodes[0]["partner"]["code"], "polder");
}
