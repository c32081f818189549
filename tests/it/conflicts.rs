//! A key that was used for something else: what differs, what became of the first, and advice that works.

use serde_json::{Value, json};

use crate::harness::deals::swag;
use crate::harness::{Activity, Backend, Order, TestApp, refusal, user_errors, verified};

both! {
    activities_in_each_state,
    activities_of_one_request,
    orders_in_each_state,
    swag_orders_in_each_state,
}

const TODAY: &str = "2026-08-31";

async fn app(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner_with("nordwind", 100).await;
    app.professional("ada", "2025-01-01").await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    app
}

/// Checks a conflict's path and the words of its message.
fn assert_conflict(payload: &Value, path: &str, words: &[&str]) {
    let (code, field, message) = refusal(payload);
    assert_eq!((code.as_str(), field.as_str()), ("CONFLICTING_DUPLICATE", path), "{message}");
    for word in words {
        assert!(message.contains(word), "{word}: {message}");
    }
}

async fn activities_in_each_state(backend: Backend) {
    let app = app(backend).await;
    let blog = || Activity::of_professional("ada", "BLOG_POST_PUBLISHED", "2025-05-01").points(600);
    let review = async |activity: &Value, decision: &str| {
        app.done("reviewActivity", json!({ "activityId": activity["id"], "decision": decision })).await;
    };
    let other = |key: &str| blog().points(700).with("occurredOn", "2025-05-02").external_id(key);
    let differs = "differs in occurredOn, points.";
    let new_key = "with a new externalId.";

    // It awaits review: rejecting it, and sending the other with a new key, leaves the other alone.
    let first = app.done("submitActivity", blog().external_id("a").input()).await["activity"].clone();
    let payload = app.mutate("submitActivity", other("a").input()).await;
    assert_conflict(&payload, "occurredOn", &[differs, "It awaits review", "have it rejected", new_key]);
    review(&first, "REJECT").await;
    let payload = app.mutate("submitActivity", other("a").input()).await;
    assert_conflict(&payload, "occurredOn", &[differs, "It was rejected;", new_key]);
    let second = app.done("submitActivity", other("b").input()).await["activity"].clone();
    review(&second, "APPROVE").await;
    assert_eq!(app.professional_on("ada", TODAY).await["dojoCredits"], 700);

    // It is recorded: voiding it, and sending the other with a new key, leaves the other alone.
    let third = || blog().points(800).external_id("b");
    let payload = app.mutate("recordActivity", third().input()).await;
    assert_conflict(&payload, "occurredOn", &[differs, "It is recorded", "have it voided", new_key]);
    app.void(&second).await;
    let payload = app.mutate("recordActivity", third().input()).await;
    assert_conflict(&payload, "occurredOn", &[differs, "It was voided;", new_key]);
    app.record(third().external_id("c")).await;
    assert_eq!(app.professional_on("ada", TODAY).await["dojoCredits"], 800);
    verified(app.services()).await;
}

async fn activities_of_one_request(backend: Backend) {
    let app = app(backend).await;
    let post = |id: &str| Activity::of_partner("nordwind", "LINKEDIN_POST", "2025-05-01").external_id(id);
    let inputs = [post("a"), post("b"), post("b").quantity(2), post("a")].map(|one| one.input());
    let payload = app.mutate("recordActivities", json!({ "activities": inputs })).await;
    let refused: Vec<bool> = payload["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|result| !user_errors(result).is_empty())
        .collect();
    assert_eq!(refused, [false, false, true, false]);
    let words = ["Activity 1 of this request", "differs in quantity", "an externalId of its own"];
    assert_conflict(&payload["results"][2], "activities.2.quantity", &words);
}

async fn orders_in_each_state(backend: Backend) {
    let app = app(backend).await;
    let order = |quantity| Order::for_customer("nordwind").line("course", quantity);
    let other = || order(2).with("customer", "Bolt");
    for state in ["placed", "fulfilled", "cancelled"] {
        let placed = app.done("placeOrder", order(1).keyed(state)).await["order"].clone();
        match state {
            "fulfilled" => drop(app.fulfill(&placed, TODAY).await),
            "cancelled" => drop(app.cancel(&placed).await),
            _ => {}
        }
        let number = placed["number"].as_str().expect("a number");
        let payload = app.mutate("placeOrder", other().keyed(state)).await;
        let words = [
            &format!("used for order {number}, which differs in customer, lines."),
            &format!("{number} is {state}"),
            "send a new idempotencyKey.",
        ];
        assert_conflict(&payload, "idempotencyKey", &words);
        let message = refusal(&payload).2;
        assert_eq!(message.contains("cancel it if this order replaces it"), state == "placed", "{message}");
        // What the message advises works.
        if state == "placed" {
            app.cancel(&placed).await;
        }
        app.done("placeOrder", other().keyed(&format!("{state} again"))).await;
    }
    verified(app.services()).await;
}

async fn swag_orders_in_each_state(backend: Backend) {
    let app = app(backend).await;
    app.record(Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", "2025-05-01").points(500)).await;
    for (code, price) in [("mug", 10), ("cap", 20)] {
        app.item(code, price, 100).await;
    }
    for state in ["placed", "cancelled"] {
        let placed = app.done("placeSwagOrder", swag("ada", "mug", 1, state)).await["swagOrder"].clone();
        if state == "cancelled" {
            app.done("cancelSwagOrder", json!({ "number": placed["number"] })).await;
        }
        let number = placed["number"].as_str().expect("a number");
        for (item, quantity, fields) in
            [("mug", 2, "quantity"), ("cap", 1, "item"), ("cap", 2, "item, quantity")]
        {
            let payload = app.mutate("placeSwagOrder", swag("ada", item, quantity, state)).await;
            let words = [
                &format!("used for order {number}, which differs in {fields}."),
                &format!("{number} is {state}"),
                "send a new idempotencyKey.",
            ];
            assert_conflict(&payload, "idempotencyKey", &words);
        }
        app.done("placeSwagOrder", swag("ada", "cap", 2, &format!("{state} again"))).await;
    }
    verified(app.services()).await;
}
