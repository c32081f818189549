//! Quotes and orders: the published examples, one price for both, and orders that keep what they were
//! priced with (PP, Rewards; O1 to O7).

use serde_json::{Value, json};

use crate::harness::{Activity, Backend, Order, TestApp, amount, everything, refusal, verified};

both! {
    pp_rewards_an_order_has_the_base_discount_of_the_higher_track,
    pp_rewards_5_percent_of_licenses_for_an_end_customer,
    pp_rewards_25_percent_of_usage_based_services_for_self_use,
    pp_rewards_50_percent_of_training_for_self_use,
    an_order_has_every_number_of_its_quote,
    a_quote_changes_nothing,
    an_order_keeps_what_it_was_priced_with,
    a_fulfilled_order_is_final,
    a_cancelled_order_is_final,
    orders_are_listed_in_the_order_of_placing,
}

const TODAY: &str = "2026-08-31";

/// Golden 2: technical Creator, business Collaborator: an order has the base discount of Creator.
async fn pp_rewards_an_order_has_the_base_discount_of_the_higher_track(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.product("license", "LICENSE", &[("1000.00", "EUR")]).await;
    let order = Order::for_customer("nordwind").line("license", 1);
    let steps = [
        ("", 0, "MEMBER", "900.00"),
        ("CUSTOMER_MEETING", 25, "COLLABORATOR", "850.00"),
        ("CERTIFICATION_OBTAINED", 8, "CREATOR", "800.00"),
    ];
    for (kind, quantity, level, net) in steps {
        if quantity > 0 {
            app.record(Activity::of_partner("nordwind", kind, "2026-02-03").quantity(quantity)).await;
        }
        let placed = app.place(&order).await;
        assert_eq!((&placed["level"]["code"], amount(&placed, "net")), (&json!(level), net));
    }
    let standing = app.partner_on("nordwind", TODAY).await["standing"].clone();
    assert_eq!(standing["technical"]["level"]["code"], "CREATOR");
    assert_eq!(standing["business"]["level"]["code"], "COLLABORATOR");
}

/// Golden 11, first part: EUR 10,000 net of licences, EUR 1.00 a credit: at most 500 credits.
async fn pp_rewards_5_percent_of_licenses_for_an_end_customer(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner_with("nordwind", 2_000).await;
    app.product("license", "LICENSE", &[("10000.00", "EUR")]).await;
    app.contract("nordwind", "list prices", (TODAY, TODAY), &[("LICENSE", "0")]).await;
    golden(&app, Order::for_customer("nordwind").line("license", 1), "10000.00", 500).await;
    verified(app.services()).await;
}

/// Golden 11, second part: 1,000 `DataMiner` credits at 1.00 net for self-use: at most 250.
async fn pp_rewards_25_percent_of_usage_based_services_for_self_use(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner_with("nordwind", 2_000).await;
    app.product("dataminer-credit", "USAGE_BASED_SERVICE", &[("1.25", "EUR")]).await;
    app.contract("nordwind", "a fifth off", (TODAY, TODAY), &[("USAGE_BASED_SERVICE", "20")]).await;
    golden(&app, Order::self_use("nordwind").line("dataminer-credit", 1_000), "1000.00", 250).await;
}

/// Golden 11, third part: EUR 2,000 of training for self-use: at most 1,000 credits.
async fn pp_rewards_50_percent_of_training_for_self_use(backend: Backend) {
    let app = TestApp::start(backend, TODAY).await;
    app.partner_with("nordwind", 2_000).await;
    app.product("course", "TRAINING", &[("400.00", "EUR")]).await;
    golden(&app, Order::self_use("nordwind").line("course", 5), "2000.00", 1_000).await;
}

/// Redeems the most that the published caps allow, and sees that one more is refused.
async fn golden(app: &TestApp, order: Order, net: &str, most: i64) {
    let quote = app.quoted(&order).await;
    assert_eq!((amount(&quote, "net"), amount(&quote, "creditValue")), (net, "1.00"));
    assert_eq!((&quote["maxCredits"], &quote["usableCredits"]), (&json!(most), &json!(most)));
    let (code, field, message) = refusal(&app.quote(&order.clone().credits(most + 1)).await);
    assert_eq!((code.as_str(), field.as_str()), ("CREDITS_OVER_CAP", "credits"));
    assert!(message.starts_with(&format!("At most {most} credits")), "{message}");
    let placed = app.place(&order.credits(most)).await;
    assert_eq!(amount(&placed, "redeemed"), format!("{most}.00"));
    assert_eq!(app.balance("nordwind").await, 2_000 - most);
}

/// A partner with a level, a contract and products of every category, in three currencies.
async fn shop(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner_with("nordwind", 5_000).await;
    app.earn("nordwind", "2026-03-01", 30).await;
    let categories = ["LICENSE", "USAGE_BASED_SERVICE", "SUPPORT_SERVICE", "TRAINING", "CERTIFICATION"];
    for (category, price) in categories.into_iter().zip(["333.33", "1.15", "77.77", "412.50", "99.99"]) {
        let prices = [(price, "EUR"), (price, "USD"), ("1001", "JPY")];
        app.product(&category.to_lowercase(), category, &prices).await;
    }
    let rates = [("LICENSE", "12.345"), ("CERTIFICATION", "2.5")];
    app.contract("nordwind", "frame", ("2026-01-01", "2026-12-31"), &rates).await;
    app
}

/// An order of one line of each category.
fn mixed(order: Order) -> Order {
    let order = order.line("license", 3).line("usage_based_service", 777).line("support_service", 1);
    order.line("training", 2).line("certification", 5)
}

/// Fields of both a quote and an order.
fn common(object: &Value) -> Value {
    let mut object = object.clone();
    let fields = object.as_object_mut().expect("an object");
    let of_orders = ["id", "number", "status", "fulfilledOn", "cancelledOn", "returnedOn", "recordedAt"];
    for only in of_orders.into_iter().chain(["balance", "usableCredits"]) {
        fields.remove(only);
    }
    object
}

async fn an_order_has_every_number_of_its_quote(backend: Backend) {
    let app = shop(backend).await;
    for currency in ["EUR", "USD", "JPY"] {
        for order in [Order::for_customer("nordwind"), Order::self_use("nordwind")] {
            let order = mixed(order).with("currency", currency);
            let most = app.quoted(&order).await["maxCredits"].as_i64().expect("a number");
            assert_eq!(most == 0, currency == "JPY", "only JPY has no credit value: {most}");
            for credits in [0, most / 3, most] {
                let order = order.clone().credits(credits);
                let quote = app.quoted(&order).await;
                let placed = app.place(&order).await;
                assert_eq!(common(&placed), common(&quote), "{currency} {credits}");
                assert_eq!(common(&app.order(&placed["number"]).await), common(&quote));
                adds_up(&quote);
                app.cancel(&placed).await;
            }
        }
    }
}

/// Every amount of the order is the sum over its lines, and no line is paid beyond its cap.
fn adds_up(quote: &Value) {
    let lines = quote["lines"].as_array().expect("lines");
    let minor = |object: &Value, field: &str| -> i64 {
        amount(object, field).replace('.', "").parse().expect("an amount")
    };
    for field in ["list", "baseDiscount", "net", "cap", "redeemed", "total"] {
        let sum: i64 = lines.iter().map(|line| minor(line, field)).sum();
        assert_eq!(sum, minor(quote, field), "{field} of {quote}");
    }
    for object in lines.iter().chain([quote]) {
        let of = |field| minor(object, field);
        assert_eq!(of("list") - of("baseDiscount"), of("net"), "{object}");
        assert_eq!(of("net") - of("redeemed"), of("total"), "{object}");
        assert!(of("redeemed") <= of("cap") && of("cap") <= of("net"), "{object}");
    }
}

async fn a_quote_changes_nothing(backend: Backend) {
    let app = shop(backend).await;
    let before = everything(app.reader()).await;
    for credits in [0, 1, 1_000_000] {
        app.quote(&mixed(Order::self_use("nordwind")).credits(credits)).await;
        app.quote(&mixed(Order::for_customer("nordwind")).credits(credits)).await;
    }
    assert!(everything(app.reader()).await == before, "a quote changed something");
    // What is compared does see an order.
    app.place(&mixed(Order::self_use("nordwind")).credits(1)).await;
    assert!(everything(app.reader()).await != before);
}

async fn an_order_keeps_what_it_was_priced_with(backend: Backend) {
    let app = shop(backend).await;
    let order = mixed(Order::self_use("nordwind")).credits(300);
    let key = order.keyed("first");
    let placed = app.done("placeOrder", key.clone()).await["order"].clone();
    assert_eq!(placed["level"]["code"], "COLLABORATOR");
    assert_eq!(placed["lines"][0]["contract"]["reference"], "frame");

    for code in ["license", "usage_based_service", "support_service", "training"] {
        let prices = json!([{ "amount": "7.00", "currency": "EUR" }]);
        let input = json!({ "code": code, "name": "Renamed", "category": "CERTIFICATION", "prices": prices });
        app.done("saveProduct", input).await;
    }
    app.product("certification", "LICENSE", &[]).await;
    app.earn("nordwind", "2026-08-01", 60).await;
    let rates = [("SUPPORT_SERVICE", "50"), ("TRAINING", "50")];
    app.contract("nordwind", "later", ("2026-01-01", "2026-12-31"), &rates).await;
    let again = Order::self_use("nordwind").line("license", 3).line("training", 2);
    let now = app.quoted(&again).await;
    assert_eq!((&now["level"]["code"], amount(&now, "list")), (&json!("CREATOR"), "35.00"));

    assert_eq!(app.order(&placed["number"]).await, placed);
    // The price in EUR that the fifth line needs is gone: a repeat is answered, not priced again.
    let repeat = app.done("placeOrder", key).await;
    assert_eq!((&repeat["order"], &repeat["duplicate"]), (&placed, &json!(true)));
    // Two years on, contract and level are gone too.
    let app = app.restart("2028-08-31").await;
    assert_eq!(app.quoted(&again).await["level"]["code"], "MEMBER");
    assert_eq!(app.order(&placed["number"]).await, placed);
    let fulfilled = app.fulfill(&placed, "2027-05-01").await;
    assert_eq!(common(&fulfilled), common(&placed));
    verified(app.services()).await;
}

/// Checks that an order can't be fulfilled or cancelled any more, and that trying changes nothing.
async fn final_state(app: &TestApp, order: &Value, word: &str) {
    let before = everything(app.reader()).await;
    for (mutation, input) in [
        ("fulfillOrder", json!({ "number": order["number"], "fulfilledOn": TODAY })),
        ("cancelOrder", json!({ "number": order["number"], "reason": "once more" })),
    ] {
        let payload = app.mutate(mutation, input).await;
        assert_eq!(payload["order"], Value::Null);
        let (code, field, message) = refusal(&payload);
        assert_eq!((code.as_str(), field.as_str()), ("WRONG_STATE", "number"), "{mutation}");
        assert!(message.contains(&format!("{word} on {TODAY}")), "{message}");
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
}

async fn a_fulfilled_order_is_final(backend: Backend) {
    let app = shop(backend).await;
    for order in [Order::for_customer("nordwind"), Order::self_use("nordwind")] {
        let placed = app.place(&mixed(order).credits(10)).await;
        assert_eq!((&placed["status"], &placed["fulfilledOn"]), (&json!("PLACED"), &Value::Null));
        let fulfilled = app.fulfill(&placed, TODAY).await;
        assert_eq!((&fulfilled["status"], &fulfilled["fulfilledOn"]), (&json!("FULFILLED"), &json!(TODAY)));
        assert_eq!(app.order(&placed["number"]).await, fulfilled);
        final_state(&app, &placed, "fulfilled").await;
    }
    assert_eq!(app.balance("nordwind").await, 5_010, "what was redeemed stays spent");
    verified(app.services()).await;
}

async fn a_cancelled_order_is_final(backend: Backend) {
    let app = shop(backend).await;
    let placed = app.place(&mixed(Order::self_use("nordwind")).credits(10)).await;
    let plain = app.place(&mixed(Order::self_use("nordwind"))).await;
    for order in [&placed, &plain] {
        let cancelled = app.cancel(order).await;
        assert_eq!((&cancelled["status"], &cancelled["cancelledOn"]), (&json!("CANCELLED"), &json!(TODAY)));
        assert_eq!(app.order(&order["number"]).await, cancelled);
        final_state(&app, order, "cancelled").await;
    }
    let returned = app.ledger("nordwind").await;
    let returned = returned.iter().filter(|entry| entry["reason"] == "REDEMPTION_RETURNED").count();
    assert_eq!((returned, app.balance("nordwind").await), (1, 5_030), "credits come back once");
    verified(app.services()).await;
}

async fn orders_are_listed_in_the_order_of_placing(backend: Backend) {
    let app = shop(backend).await;
    app.partner("suedwind", "2024-06-01").await;
    let mut numbers = Vec::new();
    for partner in ["nordwind", "suedwind", "nordwind", "nordwind", "nordwind"] {
        let placed = app.place(&Order::self_use(partner).line("training", 1)).await;
        numbers.push((partner, placed["number"].clone(), placed["id"].clone()));
    }
    app.cancel(&json!({ "number": numbers[2].1 })).await;
    let all = "query($code: String!, $first: Int, $after: String, $last: Int) { partner(code: $code) { \
        orders(first: $first, after: $after, last: $last) { totalCount pageInfo { endCursor hasNextPage } \
        nodes { number } } } }";
    let page = async |variables: Value| app.ok(all, variables).await["partner"]["orders"].clone();
    let expect = |of: &str| -> Vec<Value> {
        let of = numbers.iter().filter(|(partner, ..)| *partner == of);
        of.map(|(_, number, _)| json!({ "number": number })).collect()
    };
    let north = expect("nordwind");
    assert_eq!(page(json!({ "code": "nordwind" })).await["nodes"], json!(north));
    assert_eq!(page(json!({ "code": "suedwind" })).await["nodes"], json!(expect("suedwind")));
    let first = page(json!({ "code": "nordwind", "first": 3 })).await;
    assert_eq!((&first["nodes"], &first["totalCount"]), (&json!(north[..3]), &json!(4)));
    let after = first["pageInfo"]["endCursor"].clone();
    let rest = page(json!({ "code": "nordwind", "first": 3, "after": after })).await;
    assert_eq!((&rest["nodes"], &rest["pageInfo"]["hasNextPage"]), (&json!(north[3..]), &json!(false)));
    assert_eq!(page(json!({ "code": "nordwind", "last": 2 })).await["nodes"], json!(north[2..]));
    let by_id = app.ok(
        "query($id: ID!) { node(id: $id) { ... on Order { number } } order(number: \"O-0\") { id } }",
        json!({ "id": numbers[1].2 }),
    );
    let by_id = by_id.await;
    assert_eq!((&by_id["node"]["number"], &by_id["order"]), (&numbers[1].1, &Value::Null));
}
