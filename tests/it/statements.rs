//! Statements of partners: opening + movements = closing by effective date, also when things come late.

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, Order, TestApp};

both! {
    opening_and_movements_come_to_closing,
    what_comes_late_is_shown_apart_and_moves_the_opening_balance,
    a_statement_has_the_levels_and_orders_of_its_period,
    a_statement_is_seen_by_its_partner,
    periods_that_are_none,
}

const STATEMENT: &str = "query($code: String!, $from: Date!, $to: Date!) { statement(partner: $code, from: $from, to: $to) { \
    partner { code } from to opening closing sums { track reason entries levelCredits spendableCredits } \
    kinds { track kind entries levelCredits spendableCredits } \
    movements(first: 100) { nodes { effectiveOn spendableCredits explanation } totalCount } \
    late(first: 100) { nodes { effectiveOn spendableCredits } totalCount } lateCredits \
    openingStanding { overall { code } } closingStanding { overall { code } } \
    levels { track level { code } earnedOn lapsedOn } orders { nodes { number credits } totalCount } } }";

async fn statement(app: &TestApp, from: &str, to: &str) -> Value {
    let variables = json!({ "code": "nordwind", "from": from, "to": to });
    app.ok(STATEMENT, variables).await["statement"].clone()
}

/// Opening, sum of the movements, closing; checked against each other.
fn balances(statement: &Value) -> [i64; 3] {
    let number = |value: &Value| value.as_i64().expect("a number");
    let nodes = statement["movements"]["nodes"].as_array().expect("a list");
    let moved: i64 = nodes.iter().map(|node| number(&node["spendableCredits"])).sum();
    let sums = statement["sums"].as_array().expect("a list");
    let summed: i64 = sums.iter().map(|sum| number(&sum["spendableCredits"])).sum();
    let entries: i64 = sums.iter().map(|sum| number(&sum["entries"])).sum();
    let [opening, closing] = ["opening", "closing"].map(|name| number(&statement[name]));
    assert_eq!((moved, entries), (summed, number(&statement["movements"]["totalCount"])), "{statement}");
    assert_eq!(opening + moved, closing, "{statement}");
    [opening, moved, closing]
}

async fn shop(backend: Backend, today: &str) -> TestApp {
    let app = TestApp::start(backend, today).await;
    app.partner("nordwind", "2024-06-01").await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    app
}

async fn opening_and_movements_come_to_closing(backend: Backend) {
    let app = shop(backend, "2026-08-31").await;
    for (on, credits) in
        [("2025-11-30", 20), ("2025-12-31", 5), ("2026-01-01", 7), ("2026-03-31", 11), ("2026-04-01", 13)]
    {
        app.earn("nordwind", on, credits).await;
    }
    let certified =
        app.record(Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", "2026-02-02")).await;
    app.void(&certified).await;
    app.place(&Order::self_use("nordwind").line("course", 2).credits(30)).await;
    // period; opening, movements, closing
    let table = [
        ("2026-01-01", "2026-03-31", [25, 18, 43]),
        ("2025-12-31", "2025-12-31", [20, 5, 25]),
        ("2026-04-01", "2026-08-31", [43, -17, 26]),
        ("2026-08-31", "2026-08-31", [56, -30, 26]),
        ("2024-06-01", "2026-08-31", [0, 26, 26]),
        ("2024-06-01", "2025-06-30", [0, 0, 0]),
    ];
    for (from, to, expected) in table {
        assert_eq!(balances(&statement(&app, from, to).await), expected, "{from} {to}");
    }
    let first = statement(&app, "2026-01-01", "2026-03-31").await;
    let sums: Vec<Value> = first["sums"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|sum| {
            json!([sum["track"], sum["reason"], sum["entries"], sum["levelCredits"], sum["spendableCredits"]])
        })
        .collect();
    assert_eq!(
        sums,
        [
            json!(["TECHNICAL", "ACTIVITY", 1, 10, 10]),
            json!(["TECHNICAL", "VOID", 1, -10, -10]),
            json!(["BUSINESS", "ACTIVITY", 2, 18, 18]),
        ]
    );
    let kinds: Vec<Value> = first["kinds"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|sum| {
            json!([sum["track"], sum["kind"], sum["entries"], sum["levelCredits"], sum["spendableCredits"]])
        })
        .collect();
    assert_eq!(
        kinds,
        [
            json!(["TECHNICAL", "CERTIFICATION_OBTAINED", 2, 0, 0]),
            json!(["BUSINESS", "CUSTOMER_MEETING", 2, 18, 18]),
        ]
    );
    // An order has no kind.
    let last = statement(&app, "2026-08-31", "2026-08-31").await;
    assert_eq!((&last["kinds"], &last["sums"][0]["spendableCredits"]), (&json!([]), &json!(-30)));
    let sentence = first["movements"]["nodes"][0]["explanation"].as_str().expect("a sentence");
    assert!(sentence.ends_with('.'), "{sentence}");
}

async fn what_comes_late_is_shown_apart_and_moves_the_opening_balance(backend: Backend) {
    let app = shop(backend, "2026-03-31").await;
    app.earn("nordwind", "2026-02-01", 10).await;
    let before = statement(&app, "2026-01-01", "2026-03-31").await;
    assert_eq!((balances(&before), &before["lateCredits"]), ([0, 10, 10], &json!(0)));
    let app = app.restart("2026-04-15").await;
    app.earn("nordwind", "2026-04-02", 3).await;
    app.earn("nordwind", "2026-03-30", 5).await;
    app.earn("nordwind", "2025-12-30", 2).await;
    let april = statement(&app, "2026-04-01", "2026-04-15").await;
    assert_eq!(balances(&april), [17, 3, 20]);
    let late: Vec<Value> = april["late"]["nodes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|node| json!([node["effectiveOn"], node["spendableCredits"]]))
        .collect();
    assert_eq!(late, [json!(["2026-03-30", 5]), json!(["2025-12-30", 2])]);
    assert_eq!((&april["lateCredits"], &april["late"]["totalCount"]), (&json!(7), &json!(2)));
    // The earlier period as it is known now.
    let again = statement(&app, "2026-01-01", "2026-03-31").await;
    assert_eq!((balances(&again), &again["lateCredits"]), ([2, 15, 17], &json!(0)));
    // A day later, nothing of it is late.
    let app = app.restart("2026-04-16").await;
    assert_eq!(statement(&app, "2026-04-16", "2026-04-16").await["lateCredits"], 0);
}

async fn a_statement_has_the_levels_and_orders_of_its_period(backend: Backend) {
    let app = shop(backend, "2026-02-01").await;
    app.earn("nordwind", "2024-07-01", 80).await;
    app.earn("nordwind", "2025-05-01", 30).await;
    let placed = app.place(&Order::self_use("nordwind").line("course", 2).credits(30)).await;
    let app = app.restart("2026-03-01").await;
    let whole = statement(&app, "2025-01-01", "2026-02-28").await;
    assert_eq!(whole["openingStanding"]["overall"]["code"], "CREATOR");
    assert_eq!(whole["closingStanding"]["overall"]["code"], "COLLABORATOR");
    let levels: Vec<Value> = whole["levels"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| json!([one["track"], one["level"]["code"], one["earnedOn"], one["lapsedOn"]]))
        .collect();
    assert_eq!(
        levels,
        [
            json!(["BUSINESS", "CREATOR", "2024-07-01", "2026-01-01"]),
            json!(["BUSINESS", "COLLABORATOR", "2025-05-01", null]),
        ]
    );
    assert_eq!(whole["orders"]["nodes"], json!([{ "number": placed["number"], "credits": 30 }]));
    let march = statement(&app, "2026-03-01", "2026-03-01").await;
    assert_eq!((&march["levels"], &march["orders"]["totalCount"]), (&json!([]), &json!(0)));
    // Before enrolment, there is no standing.
    assert!(statement(&app, "2024-05-15", "2024-05-31").await["closingStanding"].is_null());
}

async fn a_statement_is_seen_by_its_partner(backend: Backend) {
    let app = shop(backend, "2026-08-31").await;
    app.partner("polder", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    let variables = json!({ "code": "nordwind", "from": "2026-01-01", "to": "2026-03-31" });
    for (role, subject, seen) in [
        ("PROGRAM_STAFF", None, true),
        ("PARTNER", Some("nordwind"), true),
        ("PARTNER", Some("polder"), false),
        ("PROFESSIONAL", Some("ada"), false),
        ("INTEGRATOR", Some("crm"), false),
    ] {
        let key = app.key(role, subject).await;
        let answer = app.send_as(&key, STATEMENT, variables.clone()).await;
        let found = answer.body["data"]["statement"]["partner"]["code"] == "nordwind";
        assert_eq!(found, seen, "{role} {subject:?}: {}", answer.text);
        let missing = json!({ "code": "nobody", "from": "2026-01-01", "to": "2026-03-31" });
        let other = app.send_as(&key, STATEMENT, missing).await;
        if !seen {
            // Like one that does not exist.
            let message = |answer: &Value| {
                answer["errors"][0]["message"].as_str().unwrap_or_default().replace("nordwind", "nobody")
            };
            assert_eq!(message(&answer.body), message(&other.body));
        }
    }
}

async fn periods_that_are_none(backend: Backend) {
    let app = shop(backend, "2026-08-31").await;
    for (from, to, words) in [
        ("2026-08-01", "2026-09-01", "2026-09-01 is in the future"),
        ("2026-08-02", "2026-08-01", "from 2026-08-02 is after to 2026-08-01."),
    ] {
        let variables = json!({ "code": "nordwind", "from": from, "to": to });
        let answer = app.send(STATEMENT, variables).await;
        let message = answer.body["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{}", answer.text);
    }
}
