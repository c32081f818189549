//! Entries say in a sentence what caused them, to those who may know.

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, TestApp, verified};

both! {
    a_deals_award_names_customer_and_why_this_partner,
    what_an_affiliation_credits_says_whether_it_stays,
    entries_name_their_edition,
}

const TODAY: &str = "2026-08-31";

/// The sentences of a partner's ledger by kind, in order.
async fn sentences(app: &TestApp, partner: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let entries = app.ledger(partner).await;
    entries.iter().map(|entry| (text(&entry["kind"]), text(&entry["explanation"]))).collect()
}

async fn a_deals_award_names_customer_and_why_this_partner(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.partner("polder", "2024-06-01").await;
    // Held and won; held, and sold by nobody of the program; held, and sold by another partner; never held.
    app.engaged("nordwind", "N-1", "Acme", "2026-03-01").await;
    app.close("N-1", "WON_BY_PARTNER", "2026-03-20").await;
    app.engaged("nordwind", "N-2", "Borealis", "2026-03-01").await;
    app.close("N-2", "WON_BY_OTHER", "2026-03-20").await;
    app.engaged("nordwind", "N-3", "Acme Nord", "2026-08-10").await;
    app.deal("polder", "P-3", "Acme Nord", "2026-08-11").await;
    app.close("P-3", "WON_BY_PARTNER", "2026-08-20").await;
    app.deal("polder", "P-4", "Acme", "2026-08-11").await;
    app.close("P-4", "WON_BY_PARTNER", "2026-08-20").await;
    let won = |deal: &str, why: &str| {
        let words = format!(
            "Registered deal that ended in a transaction, deal {deal}, {why}: 1 × 50 = 50 business credits \
             (PP, Earning Credits, Sales)."
        );
        ("DEAL_WON".to_owned(), words)
    };
    let new = |customer: &str, why: &str| {
        let words = format!(
            "New customer added, {customer}, {why}: 1 × 100 = 100 business credits (PP, Earning Credits, Sales)."
        );
        ("CUSTOMER_ADDED".to_owned(), words)
    };
    let itself = "won by the partner itself";
    let held = "sold by another party while the partner held the registered opportunity";
    let expected = [
        won("N-1 with Acme", itself),
        new("Acme, whose first won deal is N-1", itself),
        won("N-2 with Borealis", held),
        new("Borealis, whose first won deal is N-2", held),
        won("N-3 with Acme Nord", held),
        new("Acme Nord, whose first won deal is N-3", held),
    ];
    assert_eq!(sentences(&app, "nordwind").await, expected);
    assert_eq!(sentences(&app, "polder").await, [won("P-4 with Acme", itself)]);

    // The partner reads the same about its own, and nothing about others.
    let key = app.key("PARTNER", Some("nordwind")).await;
    let query = "query($code: String!) { partner(code: $code) { ledger { nodes { explanation deal { reference } } } } }";
    let own = app.send_as(&key, query, json!({ "code": "nordwind" })).await;
    let nodes = own.body["data"]["partner"]["ledger"]["nodes"].as_array().expect("a list");
    let read: Vec<&Value> = nodes.iter().map(|entry| &entry["explanation"]).collect();
    assert_eq!(json!(read), json!(expected.map(|(_, sentence)| sentence)));
    let foreign = app.send_as(&key, query, json!({ "code": "polder" })).await;
    assert_eq!(foreign.body["data"]["partner"], Value::Null);
    verified(app.services()).await;
}

async fn what_an_affiliation_credits_says_whether_it_stays(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2024-06-01").await;
    let certification = |on: &str| Activity::of_professional("ada", "CERTIFICATION_OBTAINED", on).points(600);
    let voided = app.record(certification("2026-03-01")).await;
    let stays = app.record(certification("2026-04-01")).await;
    app.void(&voided).await;
    app.affiliate("ada", "nordwind", "2026-01-01").await;
    // Voided after the affiliation: that is another entry, and this one stays as it was written.
    app.void(&stays).await;
    let points = |cause: &str, month: &str, what: &str| {
        format!(
            "DevOps Points of the partner's professionals, {cause}: {month} 2026 {what} technical credits \
             (PP, Earning Credits, Community engagement)."
        )
    };
    let certified = |cause: &str, what: &str| {
        format!(
            "Certification obtained, {cause}: {what} technical credits (PP, Earning Credits, Formal knowledge)."
        )
    };
    let comes = "credited with the affiliation and taken back with it, because the activity had been voided";
    let goes = "taken back with the affiliation, because the activity had been voided";
    let credited = "credited with the affiliation";
    let up = "went from 0 to 600; 5 for every full 500, so 5 - 0 = 5";
    let down = "went from 600 to 0; 5 for every full 500, so 0 - 5 = -5";
    let expected = [
        points(comes, "March", up),
        certified(comes, "1 × 10 = 10"),
        points(goes, "March", down),
        certified(goes, "-1 × 10 = -10"),
        points(credited, "April", up),
        certified(credited, "1 × 10 = 10"),
        points("an activity voided", "April", down),
        certified("an activity voided", "-1 × 10 = -10"),
    ];
    let found: Vec<String> =
        sentences(&app, "nordwind").await.into_iter().map(|(_, sentence)| sentence).collect();
    assert_eq!(found, expected);
}

async fn entries_name_their_edition(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner_with("nordwind", 100).await;
    app.product("dmc", "USAGE_BASED_SERVICE", &[("1", "EUR")]).await;
    let order = crate::harness::Order::self_use("nordwind").line("dmc", 100).credits(10).fresh();
    app.done("placeOrder", order).await;
    let query = "{ partner(code: \"nordwind\") { ledger { nodes { reason edition { effectiveFrom } } } } }";
    let data = app.ok(query, json!({})).await;
    let edition = json!({ "effectiveFrom": "2024-05-01" });
    let expected = [("ACTIVITY", &edition), ("REDEMPTION", &edition)];
    let expected = expected.map(|(reason, edition)| json!({ "reason": reason, "edition": edition }));
    assert_eq!(data["partner"]["ledger"]["nodes"], json!(expected));
}
