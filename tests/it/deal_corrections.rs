//! What is corrected of deals is what was awarded: after a partner has left, where two closings are of one transaction, and
//! where customers were joined and separated in between (R7, R8, R10).

use serde_json::{Value, json};

use crate::harness::deals::{deal, status};
use crate::harness::{Backend, TestApp, verified};

both! {
    r8_what_was_awarded_to_nobody_is_taken_from_nobody,
    r8_a_partner_that_had_left_adds_no_customer,
    r10_a_join_takes_no_award_that_was_not_given,
    r10_of_two_claims_of_one_day_the_first_in_the_log_remains,
    r8_a_win_is_rewarded_once_the_closing_before_it_is_reopened,
    r8_the_new_customer_is_that_of_the_first_win_that_stands,
    r8_a_separated_deal_holds_again,
}

const TODAY: &str = "2026-11-27";

async fn program(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    for partner in ["a", "b", "d"] {
        app.partner(partner, "2024-06-01").await;
    }
    app
}

/// Registers a deal in a scope.
async fn registered(app: &TestApp, partner: &str, reference: &str, customer: &str, scope: &str, on: &str) {
    let mut input = deal(partner, reference, customer, on);
    input["scope"] = json!(scope);
    app.done("registerDeal", input).await;
}

async fn won(app: &TestApp, reference: &str, on: &str) {
    app.close(reference, "WON_BY_PARTNER", on).await;
}

/// Ends a partnership, or takes its end back.
async fn leave(app: &TestApp, partner: &str, on: Option<&str>) {
    let input = json!({ "partner": partner, "on": on, "reason": "no longer a partner" });
    app.done("endPartnership", input).await;
}

/// Reopens a deal, and gives the entries of that: kind, credits and day.
async fn reopen(app: &TestApp, reference: &str) -> Vec<(String, i64, String)> {
    let input = json!({ "reference": reference, "reason": "it fell through" });
    entries(&app.done("reopenDeal", input).await)
}

fn entries(payload: &Value) -> Vec<(String, i64, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let entries = payload["effects"]["ledgerEntries"].as_array().expect("entries");
    let entry = |entry: &Value| {
        let credits = entry["levelCredits"].as_i64().expect("credits");
        (text(&entry["kind"]), credits, text(&entry["effectiveOn"]))
    };
    entries.iter().map(entry).collect()
}

fn entry(kind: &str, credits: i64, on: &str) -> (String, i64, String) {
    (kind.to_owned(), credits, on.to_owned())
}

async fn id(app: &TestApp, name: &str) -> Value {
    let query = "query($name: String!) { customers(filter: { search: $name }) { nodes { id spellings } } }";
    let data = app.ok(query, json!({ "name": name })).await;
    let nodes = data["customers"]["nodes"].as_array().expect("a list").clone();
    let is_meant =
        |one: &&Value| one["spellings"].as_array().expect("a list").iter().any(|spelling| spelling == name);
    nodes.iter().find(is_meant).unwrap_or_else(|| panic!("{name}: {data}"))["id"].clone()
}

async fn join(app: &TestApp, from: &str, into: &str) -> Vec<(String, i64, String)> {
    let input = json!({ "from": id(app, from).await, "into": id(app, into).await, "reason": "one company" });
    entries(&app.done("joinCustomers", input).await)
}

async fn separate(app: &TestApp, name: &str) {
    let input = json!({ "customer": id(app, name).await, "names": [name], "reason": "two companies" });
    app.done("separateCustomers", input).await;
}

async fn balances(app: &TestApp) -> [i64; 3] {
    [app.balance("a").await, app.balance("b").await, app.balance("d").await]
}

async fn holds(app: &TestApp, reference: &str) -> bool {
    app.deal_now(reference).await["holdsOpportunity"].as_bool().expect("a truth value")
}

async fn r8_what_was_awarded_to_nobody_is_taken_from_nobody(backend: Backend) {
    let app = program(backend).await;
    // The partner's own deal, and one that another partner closes while the deal of the one that has left holds.
    registered(&app, "d", "own", "Quid", "Licences", "2026-11-01").await;
    app.engaged("d", "held", "Ruby", "2026-11-01").await;
    app.deal("b", "sold", "Ruby", "2026-11-02").await;
    for (reference, customer) in [("resumed", "Sand"), ("merged", "Tuff")] {
        app.deal("d", reference, customer, "2026-11-01").await;
    }
    leave(&app, "d", Some("2026-11-20")).await;
    for reference in ["own", "sold", "resumed", "merged"] {
        won(&app, reference, "2026-11-22").await;
    }
    assert_eq!(balances(&app).await, [0, 0, 0]);
    for reference in ["own", "sold"] {
        assert_eq!(reopen(&app, reference).await, [], "{reference}");
    }
    assert!(holds(&app, "held").await, "as if there had been no closing");
    leave(&app, "d", None).await;
    assert_eq!(reopen(&app, "resumed").await, [], "whatever became of the end since");
    app.done("mergePartners", json!({ "from": "d", "into": "a", "reason": "one company" })).await;
    assert_eq!(reopen(&app, "merged").await, [], "whose deal it is now");
    assert_eq!(balances(&app).await, [0, 0, 0]);
    // Closed again by somebody who takes part, it is awarded and can be taken back.
    won(&app, "resumed", "2026-11-25").await;
    assert_eq!(balances(&app).await, [150, 0, 150], "one account by both codes");
    assert_eq!(reopen(&app, "resumed").await.len(), 2);
    assert_eq!(balances(&app).await, [0, 0, 0]);
    verified(app.services()).await;
}

async fn r8_a_partner_that_had_left_adds_no_customer(backend: Backend) {
    let app = program(backend).await;
    registered(&app, "a", "A1", "Acme", "Licences", "2026-11-01").await;
    registered(&app, "d", "D1", "Acme", "Support", "2026-11-01").await;
    registered(&app, "b", "B1", "Acme", "Training", "2026-11-01").await;
    won(&app, "A1", "2026-11-10").await;
    leave(&app, "d", Some("2026-11-20")).await;
    won(&app, "D1", "2026-11-22").await;
    won(&app, "B1", "2026-11-23").await;
    assert_eq!(balances(&app).await, [150, 50, 0]);
    let back = [entry("DEAL_WON", -50, "2026-11-10"), entry("CUSTOMER_ADDED", -100, "2026-11-10")];
    assert_eq!(reopen(&app, "A1").await, back, "nothing is given to a partner that had left");
    assert_eq!(balances(&app).await, [0, 50, 0]);
    // The next one has it only once it is the first.
    assert_eq!(reopen(&app, "D1").await, [entry("CUSTOMER_ADDED", 100, "2026-11-23")]);
    assert_eq!(balances(&app).await, [0, 150, 0]);
    verified(app.services()).await;
}

async fn r10_a_join_takes_no_award_that_was_not_given(backend: Backend) {
    let app = program(backend).await;
    registered(&app, "a", "A1", "Acme", "Licences", "2026-11-01").await;
    registered(&app, "d", "D1", "Bolt", "Support", "2026-11-01").await;
    won(&app, "A1", "2026-11-10").await;
    leave(&app, "d", Some("2026-11-20")).await;
    won(&app, "D1", "2026-11-22").await;
    assert_eq!(balances(&app).await, [150, 0, 0]);
    assert_eq!(join(&app, "Bolt", "Acme").await, []);
    separate(&app, "Bolt").await;
    assert_eq!(balances(&app).await, [150, 0, 0]);
    assert_eq!(join(&app, "Acme", "Bolt").await, []);
    assert_eq!(balances(&app).await, [150, 0, 0]);
    verified(app.services()).await;
}

async fn r10_of_two_claims_of_one_day_the_first_in_the_log_remains(backend: Backend) {
    let app = program(backend).await;
    let on = "2026-11-19";
    let contact = |reference: String| status(&reference, "ENGAGED", on);
    for (case, first) in [(0, "A"), (1, "B"), (2, "A"), (3, "B")] {
        let [one, other] = ["A", "B"].map(|of| format!("{of}{case}"));
        let [acme, bolt] = ["Acme", "Bolt"].map(|name| format!("{name} {case}"));
        app.deal("a", &one, &acme, on).await;
        app.deal("b", &other, &bolt, on).await;
        // A report of that day makes no claim of a lead.
        let report = json!({ "reference": one, "kind": "MEETING", "on": on });
        app.done("reportDealActivity", report).await;
        let second = if first == "A" { "B" } else { "A" };
        for of in [first, second] {
            app.done("updateDeal", contact(format!("{of}{case}"))).await;
        }
        let (from, into) = if case < 2 { (&acme, &bolt) } else { (&bolt, &acme) };
        join(&app, from, into).await;
        let held =
            (holds(&app, &format!("{first}{case}")).await, holds(&app, &format!("{second}{case}")).await);
        assert_eq!(held, (true, false), "{case}");
    }
    verified(app.services()).await;
}

async fn r8_a_win_is_rewarded_once_the_closing_before_it_is_reopened(backend: Backend) {
    let app = program(backend).await;
    // Two partners close the same transaction; the first closing is a mistake.
    app.engaged("a", "A1", "Gamma", "2026-10-28").await;
    app.deal("b", "B1", "Gamma", "2026-10-28").await;
    won(&app, "A1", "2026-11-03").await;
    won(&app, "B1", "2026-11-02").await;
    assert_eq!(balances(&app).await, [150, 0, 0], "the same transaction");
    let back = [entry("DEAL_WON", -50, "2026-11-03"), entry("CUSTOMER_ADDED", -100, "2026-11-03")];
    let given = [entry("DEAL_WON", 50, "2026-11-02"), entry("CUSTOMER_ADDED", 100, "2026-11-02")];
    assert_eq!(reopen(&app, "A1").await, [back, given].concat(), "as without the first closing");
    let now = app.deal_now("A1").await;
    assert_eq!((&now["status"], &now["holdsOpportunity"]), (&json!("ENGAGED"), &json!(false)));
    let ledger = app.ledger("a").await;
    let sentence = ledger.iter().find(|entry| entry["effectiveOn"] == "2026-11-02").expect("an entry");
    let sentence = sentence["explanation"].as_str().expect("a sentence");
    assert!(sentence.contains("A1") && !sentence.contains("itself"), "{sentence}");
    // What the reopened deal comes to is rewarded no more (R7), until that win falls through as well.
    won(&app, "A1", "2026-11-05").await;
    assert_eq!(balances(&app).await, [150, 0, 0]);
    reopen(&app, "B1").await;
    assert_eq!(balances(&app).await, [150, 0, 0]);
    let added = |day: &str| ("CUSTOMER_ADDED".to_owned(), "A1".to_owned(), 100, day.to_owned());
    assert_eq!(app.earned_by_deals("a").await.last(), Some(&added("2026-11-05")));
    reopen(&app, "A1").await;
    assert_eq!(balances(&app).await, [0, 0, 0]);
    assert!(holds(&app, "A1").await);
    verified(app.services()).await;
    // A deal that was rewarded through another one before it was won itself, of another partner and of the same one.
    for (partner, customer, expected) in [("b", "Delta", [150, 0, 0]), ("a", "Epsilon", [300, 0, 0])] {
        let [held, sold] = ["held", "sold"].map(|of| format!("{of} {customer}"));
        app.engaged("a", &held, customer, "2026-11-01").await;
        app.deal(partner, &sold, customer, "2026-11-02").await;
        won(&app, &sold, "2026-11-10").await;
        won(&app, &held, "2026-11-11").await;
        assert_eq!(balances(&app).await, expected, "{customer}");
        let entries = reopen(&app, &sold).await;
        assert_eq!(
            entries[2..],
            [entry("DEAL_WON", 50, "2026-11-11"), entry("CUSTOMER_ADDED", 100, "2026-11-11")]
        );
        assert_eq!(balances(&app).await, expected, "{customer}");
        // The same transaction, reported again, is rewarded no more.
        won(&app, &sold, "2026-11-11").await;
        let again = if partner == "a" { 50 } else { 0 };
        assert_eq!(balances(&app).await[0], expected[0] + again, "another deal of one partner is its own");
        if again > 0 {
            reopen(&app, &sold).await;
        }
    }
    verified(app.services()).await;
}

async fn r8_the_new_customer_is_that_of_the_first_win_that_stands(backend: Backend) {
    let app = program(backend).await;
    app.engaged("a", "A1", "Gamma", "2026-10-28").await;
    app.deal("b", "B1", "Gamma", "2026-10-28").await;
    registered(&app, "d", "D1", "Gamma", "Support", "2026-10-27").await;
    won(&app, "A1", "2026-11-03").await;
    won(&app, "D1", "2026-11-04").await;
    won(&app, "B1", "2026-11-02").await;
    assert_eq!(balances(&app).await, [150, 0, 50]);
    reopen(&app, "A1").await;
    assert_eq!(balances(&app).await, [50, 0, 150], "D1 was won before B1, in the order of the log");
    reopen(&app, "D1").await;
    assert_eq!(balances(&app).await, [150, 0, 0]);
    // A sale by somebody else, after the opportunity was consumed, was nobody's: without that closing it is the holder's.
    app.engaged("a", "A2", "Zeta", "2026-11-01").await;
    app.deal("b", "B2", "Zeta", "2026-11-02").await;
    won(&app, "A2", "2026-11-10").await;
    app.close("B2", "WON_BY_OTHER", "2026-11-12").await;
    assert_eq!(balances(&app).await, [300, 0, 0]);
    reopen(&app, "A2").await;
    assert_eq!(balances(&app).await, [300, 0, 0]);
    assert_eq!(app.credits_on("a", "2026-11-11").await, (0, 150));
    // Where the holder has given up since, a sale by somebody else stays nobody's.
    app.engaged("a", "A3", "Eta", "2026-11-01").await;
    app.deal("b", "B3", "Eta", "2026-11-02").await;
    app.deal("d", "D3", "Eta", "2026-11-02").await;
    won(&app, "B3", "2026-11-10").await;
    app.close("D3", "WON_BY_OTHER", "2026-11-10").await;
    app.close("A3", "LOST", "2026-11-11").await;
    reopen(&app, "B3").await;
    assert_eq!(balances(&app).await, [300, 0, 0]);
    verified(app.services()).await;
}

async fn r8_a_separated_deal_holds_again(backend: Backend) {
    let app = program(backend).await;
    app.engaged("a", "A1", "Cirk", "2026-11-05").await;
    app.engaged("b", "B1", "Dorn", "2026-11-03").await;
    join(&app, "Dorn", "Cirk").await;
    assert!(holds(&app, "B1").await);
    won(&app, "A1", "2026-11-20").await;
    assert_eq!(balances(&app).await, [0, 150, 0]);
    separate(&app, "Dorn").await;
    assert_eq!((holds(&app, "A1").await, holds(&app, "B1").await), (false, false));
    reopen(&app, "A1").await;
    assert_eq!(balances(&app).await, [0, 0, 0]);
    assert_eq!((holds(&app, "A1").await, holds(&app, "B1").await), (true, true), "each holds its own");
    assert_eq!(app.deal_now("B1").await["opportunityUntil"], "2026-12-03");
    // What is sold to the separated customer is rewarded through it.
    app.deal("d", "D1", "Dorn", "2026-11-21").await;
    won(&app, "D1", "2026-11-25").await;
    assert_eq!(balances(&app).await, [0, 150, 0]);
    verified(app.services()).await;
}
