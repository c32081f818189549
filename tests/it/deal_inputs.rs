//! Deals that can't be taken, and deals that come at once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::deals::{close, deal, report, status};
use crate::harness::{Backend, TestApp, user_errors, verified};

both! {
    invalid_input_is_refused,
    invisible_names_are_refused,
    texts_have_their_bounds,
    days_have_their_order,
    twenty_claims_at_once,
    two_closings_of_a_new_customer_at_once,
    the_same_reference_at_once,
    closing_and_reporting_at_once,
}

const TODAY: &str = "2026-08-31";

async fn app(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app
}

/// The code and the field with which a mutation is refused, which changes nothing.
async fn refused(app: &TestApp, mutation: &str, input: Value) -> (String, String) {
    let payload = app.mutate(mutation, input.clone()).await;
    let [error] = user_errors(&payload)[..] else { panic!("{mutation} {input}: not one error in {payload}") };
    assert_eq!(payload["deal"], Value::Null, "{mutation} {input}");
    let field = error["field"].as_array().and_then(|path| path.last()).and_then(Value::as_str);
    (error["code"].as_str().expect("a code").to_owned(), field.unwrap_or_default().to_owned())
}

async fn invalid_input_is_refused(backend: Backend) {
    let app = app(backend).await;
    app.deal("nordwind", "N-1", "Acme", "2026-08-20").await;
    let before = app.deal_now("N-1").await;
    let update = |fields: Value| {
        let mut input = json!({ "reference": "N-1", "on": "2026-08-25" });
        input.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
        input
    };
    let table = [
        ("registerDeal", deal("nobody", "N-2", "Acme", "2026-08-20"), "NOT_FOUND", "partner"),
        ("registerDeal", deal("no body", "N-2", "Acme", "2026-08-20"), "NOT_FOUND", "partner"),
        ("registerDeal", deal("nordwind", "N-1", "Bolt", "2026-08-21"), "ALREADY_EXISTS", "reference"),
        ("registerDeal", deal("nordwind", " N-1 ", "Bolt", "2026-08-21"), "ALREADY_EXISTS", "reference"),
        ("registerDeal", deal("nordwind", "N-2", "Acme", "2026-09-01"), "DATE_IN_FUTURE", "registeredOn"),
        (
            "registerDeal",
            deal("nordwind", "N-2", "Acme", "2024-05-31"),
            "DATE_BEFORE_ENROLMENT",
            "registeredOn",
        ),
        ("registerDeal", deal("nordwind", "", "Acme", "2026-08-20"), "INVALID", "reference"),
        ("registerDeal", deal("nordwind", "N-2", "", "2026-08-20"), "INVALID", "customer"),
        ("registerDeal", deal("nordwind", "N-2", " \u{a0}\u{3000} ", "2026-08-20"), "INVALID", "customer"),
        ("updateDeal", update(json!({})), "INVALID", "status"),
        ("updateDeal", update(json!({ "description": "Early", "on": "2026-08-19" })), "INVALID", "on"),
        ("updateDeal", update(json!({ "customer": "Early", "on": "1990-01-01" })), "INVALID", "on"),
        ("updateDeal", update(json!({ "description": "Late", "on": "2026-09-01" })), "DATE_IN_FUTURE", "on"),
        ("updateDeal", update(json!({ "status": "LEAD" })), "WRONG_STATE", "status"),
        ("updateDeal", update(json!({ "status": "EXPIRED" })), "INVALID", "status"),
        ("updateDeal", update(json!({ "status": "CLOSED_LOST" })), "INVALID", "status"),
        ("updateDeal", update(json!({ "customer": " " })), "INVALID", "customer"),
        ("updateDeal", update(json!({ "scope": "" })), "INVALID", "scope"),
        ("updateDeal", status("N-9", "ENGAGED", "2026-08-25"), "NOT_FOUND", "reference"),
        ("updateDeal", status("", "ENGAGED", "2026-08-25"), "NOT_FOUND", "reference"),
        ("updateDeal", status("N-1", "ENGAGED", "2026-09-01"), "DATE_IN_FUTURE", "on"),
        ("updateDeal", status("N-1", "ENGAGED", "2026-08-19"), "INVALID", "on"),
        ("reportDealActivity", report("N-9", "MEETING", "2026-08-25"), "NOT_FOUND", "reference"),
        ("reportDealActivity", report("N-1", "MEETING", "2026-09-01"), "DATE_IN_FUTURE", "on"),
        ("reportDealActivity", report("N-1", "MEETING", "2026-08-19"), "INVALID", "on"),
        ("closeDeal", close("N-9", "LOST", "2026-08-25"), "NOT_FOUND", "reference"),
        ("closeDeal", close("N-1", "LOST", "2026-09-01"), "DATE_IN_FUTURE", "closedOn"),
        ("closeDeal", close("N-1", "LOST", "2026-08-19"), "INVALID", "closedOn"),
    ];
    for (mutation, input, code, field) in table {
        let found = refused(&app, mutation, input.clone()).await;
        assert_eq!(found, (code.to_owned(), field.to_owned()), "{mutation} {input}");
    }
    assert_eq!(app.deal_now("N-1").await, before, "what is refused changes nothing");
    assert_eq!(app.deal_now("N-2").await, Value::Null);
    verified(app.services()).await;
}

async fn invisible_names_are_refused(backend: Backend) {
    let app = app(backend).await;
    for name in
        ["\u{200b}", "\u{200d}\u{2060}\u{feff}", "\u{ad}", "\u{200e}\u{202e}", "\u{3164}", "a\0b", "a\u{1b}b"]
    {
        let found = refused(&app, "registerDeal", deal("nordwind", "N-1", name, "2026-08-20")).await;
        assert_eq!(found, ("INVALID".to_owned(), "customer".to_owned()), "{name:?}");
        let mut input = deal("nordwind", "N-1", "Acme", "2026-08-20");
        input["scope"] = json!(name);
        let found = refused(&app, "registerDeal", input).await;
        assert_eq!(found, ("INVALID".to_owned(), "scope".to_owned()), "{name:?}");
    }
}

async fn texts_have_their_bounds(backend: Backend) {
    let app = app(backend).await;
    // field, most characters
    for (field, most) in [("reference", 200), ("customer", 200), ("scope", 200), ("description", 2_000)] {
        for length in [most, most + 1, 100_000] {
            let mut input = deal("nordwind", &format!("N-{field}"), "Acme", "2026-08-20");
            // Characters of several bytes; one of them becomes 18 when names are compared.
            input[field] = json!("ﷺ".repeat(length));
            let found = app.refusals("registerDeal", input).await;
            assert_eq!(found.is_empty(), length == most, "{field} of {length}: {found:?}");
        }
    }
    app.deal("nordwind", "N-1", "Acme", "2026-08-20").await;
    for (length, taken) in [(2_000, true), (2_001, false)] {
        let mut input = report("N-1", "OTHER", "2026-08-20");
        input["note"] = json!("é".repeat(length));
        assert_eq!(app.refusals("reportDealActivity", input).await.is_empty(), taken, "{length}");
    }
    verified(app.services()).await;
}

async fn days_have_their_order(backend: Backend) {
    let app = app(backend).await;
    app.engaged("nordwind", "N-1", "Acme", "2026-08-10").await;
    for (mutation, input, field) in [
        ("updateDeal", status("N-1", "QUOTED", "2026-08-09"), "on"),
        ("closeDeal", close("N-1", "WON_BY_PARTNER", "2026-08-09"), "closedOn"),
        ("reportDealActivity", report("N-1", "MEETING", "2026-08-09"), "on"),
    ] {
        let found = refused(&app, mutation, input).await;
        assert_eq!(found, ("INVALID".to_owned(), field.to_owned()), "{mutation}");
    }
    // On one day everything may happen.
    app.done("updateDeal", status("N-1", "QUOTED", "2026-08-10")).await;
    app.close("N-1", "WON_BY_PARTNER", "2026-08-10").await;
    assert_eq!(app.balance("nordwind").await, 150);
}

async fn twenty_claims_at_once(backend: Backend) {
    let app = app(backend).await;
    for n in 0..20 {
        app.partner(&format!("p{n}"), "2024-06-01").await;
        app.deal(
            &format!("p{n}"),
            &format!("D-{n}"),
            if n % 2 == 0 { "Acme" } else { "ACME " },
            "2026-08-20",
        )
        .await;
    }
    let claims = (0..20).map(|n| {
        let app = &app;
        async move { app.refusals("updateDeal", status(&format!("D-{n}"), "ENGAGED", "2026-08-21")).await }
    });
    let answers = join_all(claims).await;
    let done = answers.iter().filter(|codes| codes.is_empty()).count();
    let protected = answers.iter().filter(|codes| codes[..] == ["DEAL_PROTECTED"]).count();
    assert_eq!((done, protected), (1, 19), "{answers:?}");
    let mut held = 0;
    for (n, codes) in answers.iter().enumerate() {
        let deal = app.deal_now(&format!("D-{n}")).await;
        assert_eq!(deal["holdsOpportunity"], codes.is_empty(), "{deal}");
        assert_eq!(deal["conflict"], !codes.is_empty(), "{deal}");
        held += i32::from(deal["holdsOpportunity"] == true);
    }
    assert_eq!(held, 1);
    verified(app.services()).await;
}

async fn two_closings_of_a_new_customer_at_once(backend: Backend) {
    let app = app(backend).await;
    for n in 0..6 {
        app.partner(&format!("p{n}"), "2024-06-01").await;
        let mut input = deal(&format!("p{n}"), &format!("D-{n}"), "Acme", "2026-08-20");
        // Scopes of their own: all six are won, and one of them is the customer's first.
        input["scope"] = json!(format!("Site {n}"));
        app.done("registerDeal", input).await;
    }
    let closings = (0..6).map(|n| {
        let app = &app;
        async move { app.close(&format!("D-{n}"), "WON_BY_PARTNER", "2026-08-21").await }
    });
    join_all(closings).await;
    let mut balances = Vec::new();
    for n in 0..6 {
        balances.push(app.balance(&format!("p{n}")).await);
    }
    balances.sort_unstable();
    assert_eq!(balances, [50, 50, 50, 50, 50, 150]);
    verified(app.services()).await;
}

async fn the_same_reference_at_once(backend: Backend) {
    let app = app(backend).await;
    let rivals = (0..10).map(|n| {
        let app = &app;
        let input = deal("nordwind", "N-1", &format!("Customer {n}"), "2026-08-20");
        async move { app.refusals("registerDeal", input).await }
    });
    let answers = join_all(rivals).await;
    let done = answers.iter().filter(|codes| codes.is_empty()).count();
    let refused = answers.iter().filter(|codes| codes[..] == ["ALREADY_EXISTS"]).count();
    assert_eq!((done, refused), (1, 9), "{answers:?}");
    verified(app.services()).await;
}

async fn closing_and_reporting_at_once(backend: Backend) {
    let app = app(backend).await;
    app.engaged("nordwind", "N-1", "Acme", "2026-08-20").await;
    app.deal("nordwind", "N-2", "Bolt", "2026-08-20").await;
    let closings = (0..8).map(|_| app.refusals("closeDeal", close("N-1", "WON_BY_PARTNER", "2026-08-21")));
    let reports = (0..8).map(|_| app.refusals("reportDealActivity", report("N-1", "MEETING", "2026-08-21")));
    // A lead that moves between both customers while the other deal is ended.
    let changes = (0..8).map(|n| {
        let input = json!({ "reference": "N-2", "on": "2026-08-21", "customer": (if n % 2 == 0 { "Acme" } else { "Bolt" }) });
        app.refusals("updateDeal", input)
    });
    let (ended, reported, moved) = tokio::join!(join_all(closings), join_all(reports), join_all(changes));
    assert_eq!(ended.iter().filter(|codes| codes.is_empty()).count(), 1, "{ended:?}");
    let fine = |codes: &Vec<String>| codes.is_empty() || codes[..] == ["WRONG_STATE"];
    assert!(reported.iter().chain(&ended).all(fine), "{reported:?} {ended:?}");
    assert!(moved.iter().all(Vec::is_empty), "{moved:?}");
    assert_eq!(app.balance("nordwind").await, 150);
    verified(app.services()).await;
}
