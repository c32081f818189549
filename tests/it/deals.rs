//! Who is rewarded for deals (PP, Sales; golden case 8).

use serde_json::{Value, json};

use crate::harness::deals::{close, report, status};
use crate::harness::{Backend, TestApp, verified};

both! {
    pp_sales_a_registered_opportunity_won_by_someone_else,
    won_through_another_partners_deal,
    what_ends_without_a_transaction_awards_nothing,
    a_lapsed_opportunity_decides_nothing,
    an_unrewarded_transaction_makes_the_customer_known,
    scopes_are_opportunities_of_their_own,
    the_entries_explain_themselves,
    deals_before_the_launch_earn_legacy_credits,
}

const TODAY: &str = "2026-08-31";

async fn app(backend: Backend, today: &str) -> TestApp {
    let app = TestApp::start(backend, today).await;
    for partner in ["nordwind", "suedwind", "westwind"] {
        app.partner(partner, "2024-06-01").await;
    }
    app
}

fn entry(kind: &str, deal: &str, credits: i64, on: &str) -> (String, String, i64, String) {
    (kind.to_owned(), deal.to_owned(), credits, on.to_owned())
}

async fn pp_sales_a_registered_opportunity_won_by_someone_else(backend: Backend) {
    let app = app(backend, TODAY).await;
    // A customer that is known already: the transaction alone.
    app.engaged("westwind", "W-1", "Acme Telecom", "2026-01-10").await;
    app.close("W-1", "WON_BY_PARTNER", "2026-01-20").await;
    assert_eq!(app.balance("westwind").await, 150);

    app.engaged("nordwind", "N-1", "  acme\u{a0}TELECOM ", "2026-02-10").await;
    let won = app.close("N-1", "WON_BY_OTHER", "2026-02-20").await;
    assert_eq!((&won["status"], &won["outcome"]), (&json!("CLOSED_WON"), &json!("WON_BY_OTHER")));
    assert_eq!(app.earned_by_deals("nordwind").await, [entry("DEAL_WON", "N-1", 50, "2026-02-20")]);
    assert_eq!(app.balance("nordwind").await, 50);

    // A new customer: 100 more.
    app.engaged("suedwind", "S-1", "Straßenfunk", "2026-02-10").await;
    app.close("S-1", "WON_BY_OTHER", "2026-02-21").await;
    let first =
        [entry("DEAL_WON", "S-1", 50, "2026-02-21"), entry("CUSTOMER_ADDED", "S-1", 100, "2026-02-21")];
    let mut earned = app.earned_by_deals("suedwind").await;
    earned.sort_by_key(|entry| entry.2);
    assert_eq!(earned, first);

    // The second deal of that customer, written otherwise: 50 only.
    app.engaged("suedwind", "S-2", "STRASSEN  Funk", "2026-03-10").await;
    app.close("S-2", "WON_BY_PARTNER", "2026-03-11").await;
    assert_eq!(app.earned_by_deals("suedwind").await[2..], [entry("DEAL_WON", "S-2", 50, "2026-03-11")]);
    assert_eq!(app.balance("suedwind").await, 200);
    assert_eq!(app.credits_on("suedwind", "2026-03-11").await, (0, 200));
    verified(app.services()).await;
}

async fn won_through_another_partners_deal(backend: Backend) {
    let app = app(backend, "2026-03-22").await;
    app.engaged("nordwind", "N-1", "Acme", "2026-03-01").await;
    app.deal("suedwind", "S-1", "Acme", "2026-03-02").await;
    let won = app.close("S-1", "WON_BY_PARTNER", "2026-03-20").await;
    assert_eq!((&won["status"], &won["partner"]["code"]), (&json!("CLOSED_WON"), &json!("suedwind")));
    assert_eq!(app.balance("suedwind").await, 0);
    assert_eq!(app.balance("nordwind").await, 150, "it holds the opportunity, and the customer is new");
    let kinds: Vec<_> = app.earned_by_deals("nordwind").await.into_iter().map(|entry| entry.0).collect();
    assert!(kinds.contains(&"DEAL_WON".to_owned()) && kinds.contains(&"CUSTOMER_ADDED".to_owned()));

    // The holder's own deal goes on, without the opportunity, and is not rewarded again.
    let open = app.deal_now("N-1").await;
    assert_eq!((&open["status"], &open["holdsOpportunity"]), (&json!("ENGAGED"), &json!(false)));
    app.done("reportDealActivity", report("N-1", "MEETING", "2026-03-21")).await;
    assert_eq!(app.deal_now("N-1").await["holdsOpportunity"], false);
    app.close("N-1", "WON_BY_OTHER", "2026-03-22").await;
    assert_eq!((app.balance("nordwind").await, app.balance("suedwind").await), (150, 0));
    verified(app.services()).await;
}

async fn what_ends_without_a_transaction_awards_nothing(backend: Backend) {
    let app = app(backend, TODAY).await;
    for (reference, outcome, left) in [("N-1", "LOST", "CLOSED_LOST"), ("N-2", "DROPPED", "CLOSED_DROPPED")] {
        app.engaged("nordwind", reference, "Acme", "2026-03-01").await;
        let closed = app.close(reference, outcome, "2026-03-20").await;
        assert_eq!((&closed["status"], &closed["closedOn"]), (&json!(left), &json!("2026-03-20")));
        assert_eq!(closed["holdsOpportunity"], false);
    }
    app.engaged("nordwind", "N-3", "Acme", "2026-03-01").await;
    assert_eq!(app.deal_now("N-3").await["status"], "EXPIRED");
    let late = close("N-3", "WON_BY_PARTNER", "2026-08-31");
    assert_eq!(app.refusals("closeDeal", late).await, ["WRONG_STATE"]);
    assert_eq!((app.balance("nordwind").await, app.ledger("nordwind").await.len()), (0, 0));
    // Nor was the customer added by any of them.
    app.engaged("suedwind", "S-1", "Acme", "2026-08-01").await;
    app.close("S-1", "WON_BY_PARTNER", "2026-08-02").await;
    assert_eq!(app.balance("suedwind").await, 150);
    verified(app.services()).await;
}

async fn a_lapsed_opportunity_decides_nothing(backend: Backend) {
    let app = app(backend, TODAY).await;
    app.engaged("nordwind", "N-1", "Acme", "2026-03-01").await;
    app.deal("suedwind", "S-1", "Acme", "2026-03-10").await;
    // A month after the last activity the opportunity is free.
    let early = status("S-1", "ENGAGED", "2026-04-01");
    assert_eq!(app.refusals("updateDeal", early).await, ["DEAL_PROTECTED"]);
    app.done("updateDeal", status("S-1", "ENGAGED", "2026-04-02")).await;
    app.close("N-1", "WON_BY_PARTNER", "2026-04-10").await;
    assert_eq!((app.balance("nordwind").await, app.balance("suedwind").await), (0, 150));
    verified(app.services()).await;
}

async fn an_unrewarded_transaction_makes_the_customer_known(backend: Backend) {
    let app = app(backend, TODAY).await;
    app.deal("nordwind", "N-1", "Acme", "2026-03-01").await;
    app.close("N-1", "WON_BY_OTHER", "2026-03-02").await;
    assert_eq!(app.balance("nordwind").await, 0, "a lead holds no opportunity, and somebody else sold");
    app.engaged("suedwind", "S-1", "Acme", "2026-03-03").await;
    app.close("S-1", "WON_BY_PARTNER", "2026-03-04").await;
    assert_eq!(app.balance("suedwind").await, 50, "the customer had a won deal before, with any partner");
    verified(app.services()).await;
}

async fn scopes_are_opportunities_of_their_own(backend: Backend) {
    let app = app(backend, "2026-03-02").await;
    app.engaged("nordwind", "N-1", "Acme", "2026-03-01").await;
    let mut other = crate::harness::deals::deal("suedwind", "S-1", "Acme", "2026-03-01");
    other["scope"] = json!("Support");
    let lead = app.done("registerDeal", other).await["deal"].clone();
    assert_eq!(lead["conflict"], false);
    let held = app.done("updateDeal", status("S-1", "ENGAGED", "2026-03-01")).await["deal"].clone();
    assert_eq!(held["holdsOpportunity"], true);
    // A lead that turns to the scope of another has a conflict, and can't be in contact there.
    app.done("updateDeal", status("S-1", "LEAD", "2026-03-02")).await;
    let turn = json!({ "reference": "S-1", "on": "2026-03-02", "scope": "LICENCES", "status": "ENGAGED" });
    assert_eq!(app.refusals("updateDeal", turn.clone()).await, ["DEAL_PROTECTED"]);
    assert_eq!(app.deal_now("S-1").await["scope"], "Support", "a refusal changes nothing");
    let turn = json!({ "reference": "S-1", "on": "2026-03-02", "scope": "LICENCES" });
    let turned = app.done("updateDeal", turn).await["deal"].clone();
    assert_eq!((&turned["scope"], &turned["status"]), (&json!("LICENCES"), &json!("LEAD")));
    verified(app.services()).await;
}

async fn the_entries_explain_themselves(backend: Backend) {
    let app = app(backend, TODAY).await;
    app.engaged("nordwind", "N-1", "Acme", "2026-03-01").await;
    app.close("N-1", "WON_BY_OTHER", "2026-03-20").await;
    let ledger = app.ledger("nordwind").await;
    let find = |kind: &str| {
        ledger.iter().find(|entry| entry["kind"] == kind).unwrap_or_else(|| panic!("no {kind}: {ledger:?}"))
    };
    for (kind, credits) in [("DEAL_WON", 50), ("CUSTOMER_ADDED", 100)] {
        let entry = find(kind);
        assert_eq!((&entry["track"], &entry["levelCredits"]), (&json!("BUSINESS"), &json!(credits)));
        assert_eq!((&entry["reason"], &entry["activity"]), (&json!("ACTIVITY"), &Value::Null));
        let text = entry["explanation"].as_str().expect("a sentence");
        assert!(text.contains(&credits.to_string()) && text.contains("PP") && text.ends_with('.'), "{text}");
    }
}

async fn deals_before_the_launch_earn_legacy_credits(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2020-01-01").await;
    app.engaged("nordwind", "N-1", "Acme", "2024-04-01").await;
    app.close("N-1", "WON_BY_PARTNER", "2024-04-30").await;
    let ledger = app.ledger("nordwind").await;
    let sums = ["levelCredits", "spendableCredits"]
        .map(|name| ledger.iter().filter_map(|entry| entry[name].as_i64()).sum::<i64>());
    assert_eq!(sums, [150, 0]);
    assert_eq!(app.partner_on("nordwind", "2024-05-01").await["standing"]["overall"]["code"], "CREATOR");
    verified(app.services()).await;
}
