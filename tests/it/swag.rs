//! The swag shop: Dojo Credits are spent, points never change (DP; S5).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::deals::swag;
use crate::harness::{Activity, Backend, TestApp, user_errors, verified};

both! {
    an_order_is_paid_with_dojo_credits,
    the_same_key_is_the_same_order,
    a_cancelled_order_gives_everything_back_once,
    a_shipped_order_is_final,
    of_a_hundred_that_ship_or_cancel_one_does,
    invalid_input_is_refused,
    below_zero_after_a_voiding_nothing_is_ordered,
    an_affiliation_ends_whatever_was_ordered,
    a_hundred_orders_of_the_last_ten,
    a_hundred_orders_of_one_balance,
    items_change_and_are_listed,
}

const TODAY: &str = "2026-08-31";

/// An application with a professional who has so many Dojo Credits.
async fn app(backend: Backend, dojo_credits: i64) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.professional("ada", "2025-09-01").await;
    app.earn_points("ada", dojo_credits).await;
    app
}

impl TestApp {
    /// Gives a professional points, and as many Dojo Credits; the activities that gave them.
    async fn earn_points(&self, code: &str, points: i64) -> Vec<Value> {
        let mut given = Vec::new();
        let mut left = points;
        while left > 0 {
            let part = left.min(1_000);
            let activity = Activity::of_professional(code, "DOCS_LARGE_CONTRIBUTION", "2026-05-01");
            given.push(self.record(activity.points(part)).await);
            left -= part;
        }
        given
    }

    /// Points, level and Dojo Credits.
    async fn wealth(&self, code: &str) -> (i64, Value, i64) {
        let found = self.professional_on(code, TODAY).await;
        let points = found["standing"]["points"].as_i64().expect("points");
        let dojo_credits = found["dojoCredits"].as_i64().expect("Dojo Credits");
        (points, found["standing"]["level"]["code"].clone(), dojo_credits)
    }
}

async fn an_order_is_paid_with_dojo_credits(backend: Backend) {
    let app = app(backend, 1_000).await;
    app.item("hoodie", 300, 5).await;
    let query = "query($at: DateTime) { professional(code: \"ada\") { dojoCredits(knownAt: $at) } }";
    let payload = app.done("placeSwagOrder", swag("ada", "hoodie", 2, "k1")).await;
    let order = &payload["swagOrder"];
    assert_eq!(payload["duplicate"], false);
    assert_eq!((&order["quantity"], &order["dojoCredits"]), (&json!(2), &json!(600)));
    assert_eq!((&order["status"], &order["placedOn"]), (&json!("PLACED"), &json!(TODAY)));
    assert!(order["number"].as_str().is_some_and(|number| number.starts_with("S-")), "{order}");
    assert_eq!(order["item"], json!({ "code": "hoodie", "stock": 3 }));
    assert_eq!(app.wealth("ada").await, (1_000, json!("ADVOCATE"), 400), "points stay");
    // What was known before it.
    let data = app.ok("{ professional(code: \"ada\") { swagOrders { nodes { recordedAt } } } }", Value::Null);
    let at = data.await["professional"]["swagOrders"]["nodes"][0]["recordedAt"].clone();
    assert_eq!(app.ok(query, json!({ "at": at })).await["professional"]["dojoCredits"], 400);
    let before = chrono::DateTime::parse_from_rfc3339(at.as_str().expect("a moment")).expect("a moment")
        - chrono::Duration::microseconds(1);
    let data = app.ok(query, json!({ "at": before.to_rfc3339() })).await;
    assert_eq!(data["professional"]["dojoCredits"], 1_000);
    // The price of the order is that of its day.
    app.item("hoodie", 999, 3).await;
    let query = "query($number: String!) { swagOrder(number: $number) { dojoCredits item { dojoCredits } } }";
    let found = app.ok(query, json!({ "number": order["number"] })).await["swagOrder"].clone();
    assert_eq!(found, json!({ "dojoCredits": 600, "item": { "dojoCredits": 999 } }));
    verified(app.services()).await;
}

async fn the_same_key_is_the_same_order(backend: Backend) {
    let app = app(backend, 1_000).await;
    app.item("hoodie", 300, 5).await;
    app.item("mug", 300, 5).await;
    let first = app.done("placeSwagOrder", swag("ada", "hoodie", 1, "k1")).await;
    let again = app.done("placeSwagOrder", swag("ada", "hoodie", 1, " k1 ")).await;
    assert_eq!(again["duplicate"], true);
    assert_eq!(again["swagOrder"], first["swagOrder"]);
    for other in [swag("ada", "hoodie", 2, "k1"), swag("ada", "mug", 1, "k1")] {
        assert_eq!(app.refusals("placeSwagOrder", other).await, ["CONFLICTING_DUPLICATE"]);
    }
    // Also when it could not be placed any more: nothing is left, and nothing can be paid.
    app.item("hoodie", 9_999, 0).await;
    let again = app.done("placeSwagOrder", swag("ada", "hoodie", 1, "k1")).await;
    assert_eq!((&again["duplicate"], &again["swagOrder"]["dojoCredits"]), (&json!(true), &json!(300)));
    // Another person has keys of their own.
    app.professional("bob", "2025-09-01").await;
    app.earn_points("bob", 500).await;
    assert_eq!(app.done("placeSwagOrder", swag("bob", "mug", 1, "k1")).await["duplicate"], false);
    assert_eq!(app.wealth("ada").await.2, 700);
    // The same key many times at once is one order.
    let rivals = (0..10).map(|_| app.done("placeSwagOrder", swag("ada", "mug", 1, "k2")));
    let answers = join_all(rivals).await;
    assert_eq!(answers.iter().filter(|answer| answer["duplicate"] == false).count(), 1);
    assert!(answers.iter().all(|answer| answer["swagOrder"]["number"] == answers[0]["swagOrder"]["number"]));
    assert_eq!((app.wealth("ada").await.2, app.stock("mug").await), (400, 3));
    verified(app.services()).await;
}

async fn a_cancelled_order_gives_everything_back_once(backend: Backend) {
    let app = app(backend, 1_000).await;
    app.item("hoodie", 300, 5).await;
    let order = app.done("placeSwagOrder", swag("ada", "hoodie", 3, "k1")).await["swagOrder"].clone();
    assert_eq!((app.stock("hoodie").await, app.wealth("ada").await.2), (2, 100));
    // The item costs something else by then, and has another stock.
    app.item("hoodie", 500, 10).await;
    let cancel = || json!({ "number": order["number"], "reason": "Wrong size" });
    let answers = join_all((0..5).map(|_| app.refusals("cancelSwagOrder", cancel()))).await;
    assert_eq!(answers.iter().filter(|codes| codes.is_empty()).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|codes| codes[..] == ["WRONG_STATE"]).count(), 4, "{answers:?}");
    assert_eq!((app.stock("hoodie").await, app.wealth("ada").await.2), (13, 1_000));
    assert_eq!(app.wealth("ada").await, (1_000, json!("ADVOCATE"), 1_000));
    let again = app.done("placeSwagOrder", swag("ada", "hoodie", 3, "k1")).await;
    assert_eq!(again["duplicate"], true);
    assert_eq!(
        (&again["swagOrder"]["status"], &again["swagOrder"]["cancelledOn"]),
        (&json!("CANCELLED"), &json!(TODAY))
    );
    verified(app.services()).await;
}

async fn invalid_input_is_refused(backend: Backend) {
    let app = app(backend, 1_000).await;
    app.item("hoodie", 300, 5).await;
    app.item("badge", 1, 5).await;
    app.item("yacht", 2_147_483_647, 2_147_483_647).await;
    let item = |code: &str, price: i64, stock: i64| json!({ "code": code, "name": "An item", "dojoCredits": price, "stock": stock });
    let table = [
        ("placeSwagOrder", swag("bob", "hoodie", 1, "k1"), "NOT_FOUND", "professional"),
        ("placeSwagOrder", swag("ada", "cap", 1, "k1"), "NOT_FOUND", "item"),
        ("placeSwagOrder", swag("ada", "c ap", 1, "k1"), "NOT_FOUND", "item"),
        ("placeSwagOrder", swag("ada", "hoodie", 0, "k1"), "INVALID", "quantity"),
        ("placeSwagOrder", swag("ada", "hoodie", -1, "k1"), "INVALID", "quantity"),
        ("placeSwagOrder", swag("ada", "hoodie", 1, " "), "INVALID", "idempotencyKey"),
        ("placeSwagOrder", swag("ada", "badge", 6, "k1"), "OUT_OF_STOCK", "quantity"),
        ("placeSwagOrder", swag("ada", "hoodie", 4, "k1"), "CREDITS_OVER_BALANCE", "quantity"),
        ("placeSwagOrder", swag("ada", "yacht", 2_147_483_647, "k1"), "CREDITS_OVER_BALANCE", "quantity"),
        ("cancelSwagOrder", json!({ "number": "S-999" }), "NOT_FOUND", "number"),
        ("cancelSwagOrder", json!({ "number": "" }), "NOT_FOUND", "number"),
        ("saveSwagItem", item("-", 1, 1), "INVALID", "code"),
        ("saveSwagItem", item("cap", 0, 1), "INVALID", "dojoCredits"),
        ("saveSwagItem", item("cap", -1, 1), "INVALID", "dojoCredits"),
        ("saveSwagItem", item("cap", 1, -1), "INVALID", "stock"),
    ];
    for (mutation, input, code, field) in table {
        let payload = app.mutate(mutation, input.clone()).await;
        let [error] = user_errors(&payload)[..] else { panic!("{mutation} {input}: {payload}") };
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!([field])), "{mutation} {input}");
    }
    // Stock and balance are two problems.
    for quantity in [6, 2_147_483_647] {
        let refusals = app.refusals("placeSwagOrder", swag("ada", "hoodie", quantity, "k1")).await;
        assert_eq!(refusals, ["OUT_OF_STOCK", "CREDITS_OVER_BALANCE"], "{quantity}");
    }
    let most = app.mutate("placeSwagOrder", swag("ada", "hoodie", 4, "k1")).await;
    let message = most["userErrors"][0]["message"].as_str().expect("a message").to_owned();
    assert!(message.contains("1200") && message.contains("at most 3"), "{message}");
    // The very last one: neither stock nor balance is left.
    app.item("last", 1_000, 1).await;
    app.done("placeSwagOrder", swag("ada", "last", 1, "k1")).await;
    assert_eq!((app.stock("last").await, app.wealth("ada").await.2), (0, 0));
    verified(app.services()).await;
}

async fn below_zero_after_a_voiding_nothing_is_ordered(backend: Backend) {
    let app = app(backend, 0).await;
    let given = app.earn_points("ada", 1_500).await;
    app.item("hoodie", 1, 500).await;
    app.item("bag", 1_200, 5).await;
    let order = app.done("placeSwagOrder", swag("ada", "bag", 1, "k1")).await["swagOrder"].clone();
    app.void(&given[0]).await;
    assert_eq!(app.wealth("ada").await, (500, Value::Null, -700));
    let refused = app.mutate("placeSwagOrder", swag("ada", "hoodie", 1, "k2")).await;
    assert_eq!(refused["userErrors"][0]["code"], "CREDITS_OVER_BALANCE");
    let message = refused["userErrors"][0]["message"].as_str().expect("a message");
    assert!(message.contains("-700") && message.contains("at most 0"), "{message}");
    app.earn_points("ada", 700).await;
    assert_eq!(
        app.refusals("placeSwagOrder", swag("ada", "hoodie", 1, "k2")).await,
        ["CREDITS_OVER_BALANCE"]
    );
    app.earn_points("ada", 1).await;
    app.done("placeSwagOrder", swag("ada", "hoodie", 1, "k2")).await;
    assert_eq!(app.wealth("ada").await, (1_201, json!("ADVOCATE"), 0));
    app.done("cancelSwagOrder", json!({ "number": order["number"] })).await;
    assert_eq!(app.wealth("ada").await.2, 1_200);
    verified(app.services()).await;
}

async fn an_affiliation_ends_whatever_was_ordered(backend: Backend) {
    let app = app(backend, 0).await;
    app.partner("nordwind", "2024-06-01").await;
    app.affiliate("ada", "nordwind", "2025-09-01").await;
    app.earn_points("ada", 500).await;
    app.item("hoodie", 300, 5).await;
    let order = app.done("placeSwagOrder", swag("ada", "hoodie", 1, "k1")).await["swagOrder"].clone();
    let credits = app.credits_on("nordwind", TODAY).await;
    assert_eq!(credits, (5, 0), "orders take no DevOps Points from the partner");
    app.done("cancelSwagOrder", json!({ "number": order["number"] })).await;
    app.done("placeSwagOrder", swag("ada", "hoodie", 1, "k2")).await;
    // The last award was on 1 May; the orders are of today.
    let early = json!({ "professional": "ada", "endsOn": "2026-04-30" });
    assert_eq!(app.refusals("endAffiliation", early).await, ["INVALID"]);
    app.done("endAffiliation", json!({ "professional": "ada", "endsOn": "2026-05-01" })).await;
    assert_eq!(app.credits_on("nordwind", TODAY).await, credits);
    verified(app.services()).await;
}

async fn a_hundred_orders_of_the_last_ten(backend: Backend) {
    let app = app(backend, 0).await;
    app.item("hoodie", 10, 10).await;
    for n in 0..10 {
        app.professional(&format!("p{n}"), "2025-09-01").await;
        app.earn_points(&format!("p{n}"), 500).await;
    }
    let orders = (0..100).map(|n| {
        let app = &app;
        async move {
            let input = swag(&format!("p{}", n % 10), "hoodie", 1, &format!("k{n}"));
            app.refusals("placeSwagOrder", input).await
        }
    });
    let answers = join_all(orders).await;
    assert_eq!(answers.iter().filter(|codes| codes.is_empty()).count(), 10, "{answers:?}");
    assert_eq!(answers.iter().filter(|codes| codes[..] == ["OUT_OF_STOCK"]).count(), 90, "{answers:?}");
    assert_eq!(app.stock("hoodie").await, 0);
    let mut left = 0;
    for n in 0..10 {
        left += app.wealth(&format!("p{n}")).await.2;
    }
    assert_eq!(left, 5_000 - 100);
    verified(app.services()).await;
}

async fn a_hundred_orders_of_one_balance(backend: Backend) {
    let app = app(backend, 175).await;
    app.item("hoodie", 10, 1_000).await;
    let orders = (0..100).map(|n| {
        let app = &app;
        async move { app.refusals("placeSwagOrder", swag("ada", "hoodie", 1, &format!("k{n}"))).await }
    });
    let answers = join_all(orders).await;
    let refused = |codes: &&Vec<String>| codes[..] == ["CREDITS_OVER_BALANCE"];
    assert_eq!(answers.iter().filter(|codes| codes.is_empty()).count(), 17, "{answers:?}");
    assert_eq!(answers.iter().filter(refused).count(), 83, "{answers:?}");
    assert_eq!((app.wealth("ada").await.2, app.stock("hoodie").await), (5, 983));
    let query = "{ professional(code: \"ada\") { swagOrders(first: 100) { totalCount nodes { number } } } }";
    assert_eq!(app.ok(query, Value::Null).await["professional"]["swagOrders"]["totalCount"], 17);
    verified(app.services()).await;
}

async fn items_change_and_are_listed(backend: Backend) {
    let app = app(backend, 5_000).await;
    // Many enter the same item at once: it is one.
    let saves = (0..10).map(|n| {
        let app = &app;
        async move { app.item("mug", 100 + n, 10).await }
    });
    join_all(saves).await;
    for (code, price) in [("cap", 20), ("hoodie", 300), ("bag", 150)] {
        app.item(code, price, 4).await;
    }
    app.item("cap", 25, 4).await;
    let query = "{ swagItems(first: 3) { totalCount pageInfo { hasNextPage } nodes { code dojoCredits } } }";
    let page = app.ok(query, Value::Null).await["swagItems"].clone();
    assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(4), &json!(true)));
    let codes: Vec<_> = page["nodes"].as_array().expect("a list").iter().map(|item| &item["code"]).collect();
    assert_eq!(codes, ["bag", "cap", "hoodie"]);
    assert_eq!(page["nodes"][1]["dojoCredits"], 25);
    // A cancelled order does not bring the stock beyond what can be reported.
    let order = app.done("placeSwagOrder", swag("ada", "bag", 1, "k1")).await["swagOrder"].clone();
    app.item("bag", 150, 2_147_483_647).await;
    app.done("cancelSwagOrder", json!({ "number": order["number"] })).await;
    assert_eq!(app.stock("bag").await, 2_147_483_647);
}

async fn a_shipped_order_is_final(backend: Backend) {
    let app = app(backend, 1_000).await;
    app.item("hoodie", 300, 5).await;
    let order = app.done("placeSwagOrder", swag("ada", "hoodie", 1, "k1")).await["swagOrder"].clone();
    assert_eq!(order["fulfilledOn"], Value::Null);
    let number = json!({ "number": order["number"] });
    let shipped = app.done("fulfillSwagOrder", number.clone()).await["swagOrder"].clone();
    assert_eq!((&shipped["status"], &shipped["fulfilledOn"]), (&json!("FULFILLED"), &json!(TODAY)));
    for mutation in ["fulfillSwagOrder", "cancelSwagOrder"] {
        let payload = app.mutate(mutation, number.clone()).await;
        assert_eq!(payload["userErrors"][0]["code"], "WRONG_STATE", "{mutation}");
        let message = payload["userErrors"][0]["message"].as_str().expect("a message");
        assert!(message.contains("was shipped on 2026-08-31"), "{message}");
    }
    assert_eq!((app.wealth("ada").await.2, app.stock("hoodie").await), (700, 4));
    let cancelled = app.done("placeSwagOrder", swag("ada", "hoodie", 1, "k2")).await["swagOrder"].clone();
    app.done("cancelSwagOrder", json!({ "number": cancelled["number"] })).await;
    let number = json!({ "number": cancelled["number"] });
    assert_eq!(app.refusals("fulfillSwagOrder", number).await, ["WRONG_STATE"]);
    assert_eq!(app.refusals("fulfillSwagOrder", json!({ "number": "S-0" })).await, ["NOT_FOUND"]);
    let events =
        "{ events(types: [SWAG_ORDER_FULFILLED], first: 10) { nodes { data swagOrder { number } } } }";
    let events = app.ok(events, Value::Null).await["events"]["nodes"].clone();
    assert_eq!((&events[0]["swagOrder"]["number"], &events[1]), (&order["number"], &Value::Null));
    assert_eq!(events[0]["data"]["swagOrder"]["status"], "FULFILLED");
    verified(app.services()).await;
}

async fn of_a_hundred_that_ship_or_cancel_one_does(backend: Backend) {
    let app = app(backend, 1_000).await;
    app.item("hoodie", 300, 5).await;
    let order = app.done("placeSwagOrder", swag("ada", "hoodie", 1, "k1")).await["swagOrder"].clone();
    let rivals = (0..100).map(|place| {
        let (app, number) = (&app, json!({ "number": order["number"] }));
        let mutation = if place % 2 == 0 { "fulfillSwagOrder" } else { "cancelSwagOrder" };
        async move { (mutation, app.refusals(mutation, number).await) }
    });
    let answers = join_all(rivals).await;
    let done: Vec<_> = answers.iter().filter(|(_, codes)| codes.is_empty()).collect();
    assert_eq!(done.len(), 1, "{answers:?}");
    let left = if done[0].0 == "cancelSwagOrder" { (1_000, 5) } else { (700, 4) };
    assert_eq!((app.wealth("ada").await.2, app.stock("hoodie").await), left);
    verified(app.services()).await;
}
