//! What a deal is on a day, and what may be done with it (R1 to R4).

use serde_json::{Value, json};

use crate::harness::deals::{close, report, status};
use crate::harness::{Backend, TestApp, user_errors, verified};

both! {
    what_may_be_done_in_each_status,
    time_runs_without_anybody_watching,
    a_proof_extends_a_lead_once,
    a_conflict_does_not_name_the_other_partner,
    an_opportunity_lapses_and_is_claimed_again,
    history_contains_every_step,
    deals_are_listed_in_the_order_of_registering,
}

async fn app(backend: Backend, today: &str) -> TestApp {
    let app = TestApp::start(backend, today).await;
    for partner in ["nordwind", "suedwind"] {
        app.partner(partner, "2024-06-01").await;
    }
    app
}

async fn what_may_be_done_in_each_status(backend: Backend) {
    let app = app(backend, "2026-03-20").await;
    let active = ["LEAD", "ENGAGED", "CONFIRMED", "QUOTED", "NEGOTIATING", "WAITING_PO", "COLD"];
    let lead = ["customer", "scope", "description", "status"].as_slice();
    let later = ["description", "status"].as_slice();
    let all = ["WON_BY_PARTNER", "WON_BY_OTHER", "LOST", "DROPPED"].as_slice();
    for now in active {
        let reference = format!("N-{now}");
        app.deal("nordwind", &reference, now, "2026-03-01").await;
        if now != "LEAD" {
            app.done("updateDeal", status(&reference, now, "2026-03-02")).await;
        }
        let deal = app.deal_now(&reference).await;
        assert_eq!(deal["status"], now);
        assert_eq!(deal["editableFields"], json!(if now == "LEAD" { lead } else { later }), "{now}");
        let next: Vec<&str> = active.into_iter().filter(|status| *status != now).collect();
        assert_eq!(deal["nextStatuses"], json!(next), "{now}");
        let outcomes = if now == "COLD" { &all[2..] } else { all };
        assert_eq!(deal["possibleOutcomes"], json!(outcomes), "{now}");
        let held = !matches!(now, "LEAD" | "COLD");
        let until = if held { json!("2026-04-02") } else { Value::Null };
        assert_eq!((&deal["holdsOpportunity"], &deal["opportunityUntil"]), (&json!(held), &until), "{now}");
        let until = match now {
            "LEAD" => json!("2026-03-31"),
            "ENGAGED" => json!("2026-05-31"),
            _ => Value::Null,
        };
        assert_eq!(deal["validUntil"], until, "{now}");
        // What is listed is taken, and nothing else is.
        for customer in ["Another", now] {
            let input = json!({ "reference": reference, "on": "2026-03-03", "customer": customer });
            let refused = app.refusals("updateDeal", input).await;
            assert_eq!(refused.is_empty(), now == "LEAD", "{now}: {refused:?}");
        }
        let words = json!({ "reference": reference, "on": "2026-03-03", "description": "In short" });
        assert_eq!(app.done("updateDeal", words).await["deal"]["description"], "In short");
        let refused = app.refusals("updateDeal", status(&reference, "CLOSED_WON", "2026-03-03")).await;
        assert_eq!(refused, ["INVALID"]);
        let refused = app.refusals("updateDeal", status(&reference, "EXPIRED", "2026-03-03")).await;
        assert_eq!(refused, ["INVALID"]);
        let refused = app.refusals("closeDeal", close(&reference, "WON_BY_OTHER", "2026-03-04")).await;
        assert_eq!(refused.is_empty(), now != "COLD", "{now}: {refused:?}");
        let closed = match now {
            "COLD" => app.close(&reference, "LOST", "2026-03-04").await,
            _ => app.deal_now(&reference).await,
        };
        for list in ["editableFields", "nextStatuses", "possibleOutcomes"] {
            assert_eq!(closed[list], json!([]), "{now}, closed");
        }
        assert_eq!((&closed["validUntil"], &closed["closedOn"]), (&Value::Null, &json!("2026-03-04")));
        let words = json!({ "reference": reference, "on": "2026-03-04", "description": "Too late" });
        assert_eq!(app.refusals("updateDeal", words).await, ["WRONG_STATE"]);
        for (mutation, input) in [
            ("updateDeal", status(&reference, "ENGAGED", "2026-03-05")),
            ("reportDealActivity", report(&reference, "MEETING", "2026-03-05")),
            ("closeDeal", close(&reference, "LOST", "2026-03-05")),
        ] {
            assert_eq!(app.refusals(mutation, input).await, ["WRONG_STATE"], "{now} {mutation}");
        }
        assert_eq!(app.deal_now(&reference).await, closed);
    }
    verified(app.services()).await;
}

async fn time_runs_without_anybody_watching(backend: Backend) {
    let mut app = app(backend, "2026-01-01").await;
    app.deal("nordwind", "N-1", "Acme", "2026-01-01").await;
    app.engaged("nordwind", "N-2", "Bolt", "2026-01-01").await;
    // today, what the lead is, what the engaged deal is
    for (today, lead, engaged) in [
        ("2026-01-31", "LEAD", "ENGAGED"),
        ("2026-02-01", "EXPIRED", "ENGAGED"),
        ("2026-04-01", "EXPIRED", "ENGAGED"),
        ("2026-04-02", "EXPIRED", "EXPIRED"),
    ] {
        app = app.restart(today).await;
        for (reference, expected) in [("N-1", lead), ("N-2", engaged)] {
            let deal = app.deal_now(reference).await;
            assert_eq!(deal["status"], expected, "{reference} on {today}");
            for list in ["editableFields", "nextStatuses", "possibleOutcomes"] {
                let empty = deal[list].as_array().is_some_and(Vec::is_empty);
                assert_eq!(empty, expected == "EXPIRED", "{list} of {reference} on {today}");
            }
        }
        assert_eq!(app.deal_now("N-2").await["holdsOpportunity"], today <= "2026-02-01", "{today}");
    }
    let expired = app.mutate("updateDeal", status("N-1", "ENGAGED", "2026-04-02")).await;
    assert_eq!(expired["userErrors"][0]["code"], "WRONG_STATE");
    let message = expired["userErrors"][0]["message"].as_str().expect("a message");
    assert!(message.contains("2026-01-31"), "the last day is reported: {message}");
    // What happened in time may be reported late: then it had not expired.
    let reported = app.done("reportDealActivity", report("N-2", "MEETING", "2026-04-01")).await;
    assert_eq!(
        (&reported["deal"]["status"], &reported["deal"]["validUntil"]),
        (&json!("ENGAGED"), &json!("2026-06-30"))
    );
    verified(app.services()).await;
}

async fn a_proof_extends_a_lead_once(backend: Backend) {
    let app = app(backend, "2026-03-10").await;
    app.deal("nordwind", "N-1", "Acme", "2026-01-01").await;
    assert_eq!(app.deal_now("N-1").await["status"], "EXPIRED");
    // kind, day, the last day of the lead
    for (kind, on, until) in [
        ("OTHER", "2026-01-20", "2026-01-31"),
        ("MEETING", "2026-01-31", "2026-03-02"),
        ("WEBINAR", "2026-03-02", "2026-03-02"),
    ] {
        let deal = app.done("reportDealActivity", report("N-1", kind, on)).await["deal"].clone();
        assert_eq!((&deal["status"], &deal["validUntil"]), (&json!("EXPIRED"), &json!(until)), "{kind} {on}");
    }
    let late = report("N-1", "MEETING", "2026-03-03");
    assert_eq!(app.refusals("reportDealActivity", late).await, ["WRONG_STATE"]);
    app.done("updateDeal", status("N-1", "ENGAGED", "2026-03-02")).await;
    assert_eq!(app.deal_now("N-1").await["status"], "ENGAGED", "reported late, but it was in time");
    verified(app.services()).await;
}

async fn a_conflict_does_not_name_the_other_partner(backend: Backend) {
    let app = app(backend, "2026-03-20").await;
    app.engaged("nordwind", "SECRET-1", "Acme", "2026-03-01").await;
    let lead = app.deal("suedwind", "S-1", "ACME", "2026-03-04").await;
    assert_eq!(lead["conflict"], true);
    assert_eq!(lead["nextStatuses"], json!(["COLD"]), "what would be refused is not offered");
    let refused = app.mutate("updateDeal", status("S-1", "ENGAGED", "2026-03-04")).await;
    let [error] = user_errors(&refused)[..] else { panic!("one error: {refused}") };
    assert_eq!((&error["code"], &error["field"]), (&json!("DEAL_PROTECTED"), &json!(["status"])));
    assert_eq!(refused["deal"], Value::Null);
    let found = app.deal_now("S-1").await;
    assert_eq!((&found["conflict"], &found["holdsOpportunity"]), (&json!(true), &json!(false)));
    assert_eq!((&found["status"], &found["opportunityUntil"]), (&json!("LEAD"), &Value::Null));
    for answer in [refused, lead, found] {
        let text = answer.to_string().to_lowercase();
        for secret in ["nordwind", "secret", "2026-04-01"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let own = app.deal_now("SECRET-1").await;
    assert_eq!((&own["conflict"], &own["holdsOpportunity"]), (&json!(false), &json!(true)));
    // Lists say the same as each deal by itself, whoever is on the page.
    let query = "{ partner(code: \"suedwind\") { deals { nodes { reference conflict holdsOpportunity } } } }";
    let page = app.ok(query, Value::Null).await;
    let expected = json!([{ "reference": "S-1", "conflict": true, "holdsOpportunity": false }]);
    assert_eq!(page["partner"]["deals"]["nodes"], expected);
    // The conflict ends with the other deal.
    app.close("SECRET-1", "LOST", "2026-03-04").await;
    assert_eq!(app.deal_now("S-1").await["conflict"], false);
    let held = app.done("updateDeal", status("S-1", "QUOTED", "2026-03-05")).await["deal"].clone();
    assert_eq!(held["holdsOpportunity"], true);
}

async fn an_opportunity_lapses_and_is_claimed_again(backend: Backend) {
    let mut app = app(backend, "2026-01-10").await;
    app.deal("nordwind", "N-1", "Acme", "2026-01-10").await;
    app.done("updateDeal", status("N-1", "CONFIRMED", "2026-01-10")).await;
    app = app.restart("2026-02-11").await;
    let lapsed = app.deal_now("N-1").await;
    assert_eq!((&lapsed["status"], &lapsed["holdsOpportunity"]), (&json!("CONFIRMED"), &json!(false)));
    app.deal("suedwind", "S-1", "Acme", "2026-02-11").await;
    assert_eq!(app.deal_now("S-1").await["conflict"], false);
    // The first partner reports again, and is before the second one in contact.
    app.done("reportDealActivity", report("N-1", "OTHER", "2026-02-11")).await;
    let refused = app.refusals("updateDeal", status("S-1", "ENGAGED", "2026-02-11")).await;
    assert_eq!(refused, ["DEAL_PROTECTED"]);
    // When it lapses the next time, the second one takes it, and a late report displaces it no more.
    app = app.restart("2026-03-12").await;
    app.done("updateDeal", status("S-1", "ENGAGED", "2026-03-12")).await;
    app.done("reportDealActivity", report("N-1", "MEETING", "2026-03-11")).await;
    let both = [app.deal_now("N-1").await, app.deal_now("S-1").await];
    assert_eq!(both.each_ref().map(|deal| &deal["holdsOpportunity"]), [&json!(false), &json!(true)]);
    assert_eq!(both.each_ref().map(|deal| &deal["conflict"]), [&json!(true), &json!(false)]);
    app.close("S-1", "WON_BY_OTHER", "2026-03-12").await;
    assert_eq!((app.balance("nordwind").await, app.balance("suedwind").await), (0, 150));
    verified(app.services()).await;
}

async fn history_contains_every_step(backend: Backend) {
    let app = app(backend, "2026-03-20").await;
    let mut input = crate::harness::deals::deal("nordwind", "N-1", "Acme", "2026-03-01");
    input["description"] = json!("Two sites");
    app.done("registerDeal", input).await;
    let change =
        json!({ "reference": "N-1", "on": "2026-03-02", "scope": "Support", "description": "One site" });
    app.done("updateDeal", change).await;
    app.done("updateDeal", status("N-1", "ENGAGED", "2026-03-03")).await;
    let mut meeting = report("N-1", "MEETING", "2026-03-02");
    meeting["note"] = json!("In Ghent,\nwith their CTO");
    app.done("reportDealActivity", meeting).await;
    app.close("N-1", "WON_BY_PARTNER", "2026-03-10").await;
    let history = app.deal_now("N-1").await["history"].clone();
    let steps = history.as_array().expect("a list");
    let reported: Vec<Value> = steps
        .iter()
        .map(|step| {
            let fields = step.as_object().expect("a step");
            fields.iter().filter(|(_, value)| !value.is_null()).map(|(n, v)| (n.clone(), v.clone())).collect()
        })
        .collect();
    let expected = [
        json!({ "on": "2026-03-01", "status": "LEAD", "customer": "Acme", "scope": "Licences",
                "description": "Two sites" }),
        json!({ "on": "2026-03-02", "scope": "Support", "description": "One site" }),
        json!({ "on": "2026-03-03", "status": "ENGAGED" }),
        json!({ "on": "2026-03-02", "activity": "MEETING", "note": "In Ghent,\nwith their CTO" }),
        json!({ "on": "2026-03-10", "outcome": "WON_BY_PARTNER" }),
    ];
    assert_eq!(reported, expected);
}

async fn deals_are_listed_in_the_order_of_registering(backend: Backend) {
    let app = app(backend, "2026-03-20").await;
    for place in 0..5 {
        let on = format!("2026-03-{:02}", 10 - place);
        app.deal("nordwind", &format!("N-{place}"), &format!("Customer {place}"), &on).await;
    }
    let query = "query($after: String) { partner(code: \"nordwind\") { deals(first: 2, after: $after) { \
        totalCount pageInfo { hasNextPage endCursor } nodes { id reference partner { code } } } } }";
    let (mut after, mut found) = (Value::Null, Vec::new());
    loop {
        let page = app.ok(query, json!({ "after": after })).await["partner"]["deals"].clone();
        assert_eq!(page["totalCount"], 5);
        found.extend(page["nodes"].as_array().expect("a list").clone());
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    let references: Vec<_> = found.iter().map(|deal| deal["reference"].clone()).collect();
    assert_eq!(references, ["N-0", "N-1", "N-2", "N-3", "N-4"]);
    let query = "query($id: ID!) { node(id: $id) { ... on Deal { reference partner { code } } } }";
    let node = app.ok(query, json!({ "id": found[3]["id"] })).await["node"].clone();
    assert_eq!(node, json!({ "reference": "N-3", "partner": { "code": "nordwind" } }));
    assert_eq!(app.deal_now("N-9").await, Value::Null);
    assert_eq!(app.deal_now(&"x".repeat(10_000)).await, Value::Null);
}
