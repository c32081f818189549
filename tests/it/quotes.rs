//! Quotes that are saved: at their own prices through their last day, with credits held if that is asked for (O9).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Backend, Order, TestApp, amount, everything, refusal, verified};

both! {
    o9_a_quote_is_placed_at_its_own_prices_through_its_last_day,
    o9_a_quote_that_holds_takes_the_credits_until_it_ends,
    o9_a_quote_expires_once_also_after_downtime,
    quotes_that_cannot_be,
    quotes_are_seen_by_their_partner,
    a_hundred_that_hold_and_place_at_once_spend_no_more_than_there_is,
    one_quote_is_placed_or_withdrawn_once,
}

const TODAY: &str = "2026-08-31";
const QUOTE: &str = "id number status pricedOn validUntil hold closedOn credits maxCredits level { code } \
    net { amount currency } total { amount currency } order { number } \
    lines { productName quantity discountPercent levelPercent contract { reference } net { amount currency } }";

impl TestApp {
    async fn save_quote(&self, order: &Order, valid_until: &str, hold: bool) -> Value {
        let payload = self.save_quote_with(order, valid_until, hold).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        payload["savedQuote"].clone()
    }

    async fn save_quote_with(&self, order: &Order, valid_until: &str, hold: bool) -> Value {
        let input = json!({ "order": order.input(), "validUntil": valid_until, "hold": hold });
        let document = format!(
            "mutation($input: SaveQuoteInput!) {{ saveQuote(input: $input) {{ savedQuote {{ {QUOTE} }} \
             userErrors {{ code message field }} }} }}"
        );
        let answer = self.send(&document, json!({ "input": input })).await;
        assert!(answer.body["errors"].is_null(), "{}", answer.text);
        answer.body["data"]["saveQuote"].clone()
    }

    async fn place_quote(&self, quote: &Value, key: &str) -> Value {
        self.mutate("placeOrder", json!({ "quote": quote["number"], "idempotencyKey": key })).await
    }

    async fn saved_quote(&self, quote: &Value) -> Value {
        let query = format!("query($number: String!) {{ savedQuote(number: $number) {{ {QUOTE} }} }}");
        self.ok(&query, json!({ "number": quote["number"] })).await["savedQuote"].clone()
    }

    async fn withdraw(&self, quote: &Value) -> Vec<String> {
        let document = "mutation($number: String!) { withdrawQuote(input: { number: $number, reason: \"no budget\" }) \
            { savedQuote { status } userErrors { code } } }";
        let answer = self.send(document, json!({ "number": quote["number"] })).await;
        let errors = answer.body["data"]["withdrawQuote"]["userErrors"].as_array().cloned();
        let errors = errors.unwrap_or_else(|| panic!("{}", answer.text));
        errors.iter().map(|error| error["code"].as_str().expect("a code").to_owned()).collect()
    }
}

async fn shop(backend: Backend, credits: i64) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner_with("nordwind", credits).await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    app.product("license", "LICENSE", &[("1000.00", "EUR")]).await;
    app
}

fn courses(quantity: i64) -> Order {
    Order::self_use("nordwind").line("course", quantity)
}

async fn o9_a_quote_is_placed_at_its_own_prices_through_its_last_day(backend: Backend) {
    let app = shop(backend, 100).await;
    let order = Order::for_customer("nordwind").line("license", 1).credits(20);
    let quote = app.save_quote(&order, "2026-09-30", false).await;
    assert!(quote["number"].as_str().expect("a number").starts_with("Q-"), "{quote}");
    assert_eq!((&quote["status"], &quote["closedOn"]), (&json!("OPEN"), &Value::Null));
    assert_eq!((amount(&quote, "net"), amount(&quote, "total")), ("900.00", "880.00"));
    assert_eq!(app.balance("nordwind").await, 100, "it holds nothing");
    // The price, the level and a contract change meanwhile.
    app.product("license", "LICENSE", &[("2000.00", "EUR")]).await;
    app.earn("nordwind", "2026-08-31", 80).await;
    app.contract("nordwind", "frame", ("2026-08-01", "2026-12-31"), &[("LICENSE", "1")]).await;
    assert_eq!(amount(&app.quoted(&order).await, "net"), "1980.00");
    let app = app.restart("2026-09-30").await;
    let payload = app.place_quote(&quote, "k1").await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    let placed = &payload["order"];
    assert_eq!((amount(placed, "net"), amount(placed, "total")), ("900.00", "880.00"));
    assert_eq!((&placed["level"], &placed["credits"]), (&quote["level"], &quote["credits"]));
    assert_eq!(placed["placedOn"], "2026-09-30");
    assert_eq!(placed["lines"][0]["discountPercent"], "10");
    assert_eq!(app.balance("nordwind").await, 160);
    let found = app.saved_quote(&quote).await;
    assert_eq!((&found["status"], &found["closedOn"]), (&json!("PLACED"), &json!("2026-09-30")));
    assert_eq!(found["order"]["number"], placed["number"]);
    let query = "query($number: String!) { order(number: $number) { quote { number } } }";
    let data = app.ok(query, json!({ "number": placed["number"] })).await;
    assert_eq!(data["order"]["quote"]["number"], quote["number"]);
    // The key again is the same order; another key is refused, as a quote is placed once.
    let again = app.place_quote(&quote, "k1").await;
    assert_eq!((&again["duplicate"], &again["order"]["number"]), (&json!(true), &placed["number"]));
    assert_eq!(refusal(&app.place_quote(&quote, "k2").await).0, "WRONG_STATE");
    let other = app.save_quote(&courses(1), "2026-09-30", false).await;
    assert_eq!(refusal(&app.place_quote(&other, "k1").await).0, "CONFLICTING_DUPLICATE");
    verified(app.services()).await;
    let app = app.restart("2026-10-01").await;
    let (code, field, message) = refusal(&app.place_quote(&other, "k3").await);
    assert_eq!((code.as_str(), field.as_str()), ("WRONG_STATE", "quote"));
    assert!(message.contains("through 2026-09-30"), "{message}");
}

async fn o9_a_quote_that_holds_takes_the_credits_until_it_ends(backend: Backend) {
    let app = shop(backend, 100).await;
    let quote = app.save_quote(&courses(2).credits(70), "2026-09-30", true).await;
    assert_eq!(app.balance("nordwind").await, 30);
    // What is held cannot be held or spent again.
    for payload in [
        app.save_quote_with(&courses(1).credits(31), "2026-09-30", true).await,
        app.mutate("placeOrder", courses(1).credits(31).fresh()).await,
    ] {
        let (code, field, message) = refusal(&payload);
        assert_eq!((code.as_str(), field.as_str()), ("CREDITS_OVER_BALANCE", "order.credits"));
        assert!(message.contains("at most 30"), "{message}");
    }
    let withdrawn = app.save_quote(&courses(1).credits(30), "2026-09-30", true).await;
    assert_eq!(app.balance("nordwind").await, 0);
    assert!(app.withdraw(&withdrawn).await.is_empty());
    assert_eq!(app.withdraw(&withdrawn).await, ["WRONG_STATE"]);
    assert_eq!(app.balance("nordwind").await, 30);
    let placed = app.place_quote(&quote, "k1").await["order"].clone();
    assert_eq!((&placed["credits"], app.balance("nordwind").await), (&json!(70), 30));
    app.cancel(&placed).await;
    assert_eq!(app.balance("nordwind").await, 100);
    let ledger = app.ledger("nordwind").await;
    let entries = ledger.iter().skip(1).map(|entry| {
        (entry["reason"].as_str().expect("a reason"), entry["spendableCredits"].as_i64().expect("credits"))
    });
    let expected = [
        ("HOLD", -70),
        ("HOLD", -30),
        ("HOLD_RELEASED", 30),
        ("HOLD_RELEASED", 70),
        ("REDEMPTION", -70),
        ("REDEMPTION_RETURNED", 70),
    ];
    assert_eq!(entries.collect::<Vec<_>>(), expected);
    let held = ledger[1]["explanation"].as_str().expect("a sentence");
    assert!(held.contains(quote["number"].as_str().expect("a number")), "{held}");
    assert!(held.contains("100 - 70 = 30"), "{held}");
    verified(app.services()).await;
}

async fn o9_a_quote_expires_once_also_after_downtime(backend: Backend) {
    let app = shop(backend, 100).await;
    let first = app.save_quote(&courses(1).credits(40), "2026-09-01", true).await;
    let second = app.save_quote(&courses(1).credits(50), "2026-09-02", true).await;
    let plain = app.save_quote(&courses(1), "2026-09-03", false).await;
    let app = app.restart("2026-09-02").await;
    app.services().emit_time_based_events().await.expect("events");
    assert_eq!(app.balance("nordwind").await, 50);
    assert_eq!(app.saved_quote(&first).await["status"], "EXPIRED");
    assert_eq!(app.saved_quote(&second).await["status"], "OPEN");
    // Nothing ran on the days in between; two processes start at once.
    let app = app.restart("2026-09-20").await;
    let other = app.another("2026-09-20").await;
    let both = join_all([&app, &other].map(|one| one.services().emit_time_based_events())).await;
    assert!(both.iter().all(Result::is_ok));
    assert_eq!(app.balance("nordwind").await, 100);
    let query = "{ events(types: [QUOTE_EXPIRED], first: 10) { nodes { occurredOn data } } }";
    let events = app.ok(query, Value::Null).await["events"]["nodes"].clone();
    let events = events.as_array().expect("a list").iter().map(|one| {
        (one["data"]["quote"]["number"].clone(), one["occurredOn"].as_str().expect("a date").to_owned())
    });
    let expected = [(&first, "2026-09-02"), (&second, "2026-09-03"), (&plain, "2026-09-04")]
        .map(|(quote, on)| (quote["number"].clone(), on.to_owned()));
    assert_eq!(events.collect::<Vec<_>>(), expected);
    let released: Vec<_> = app.ledger("nordwind").await;
    let released = released.iter().filter(|entry| entry["reason"] == "HOLD_RELEASED");
    assert_eq!(released.count(), 2, "each once");
    verified(app.services()).await;
}

async fn quotes_that_cannot_be(backend: Backend) {
    let app = shop(backend, 10).await;
    let quote = app.save_quote(&courses(1), "2026-09-30", false).await;
    let before = everything(app.reader()).await;
    let table = [
        (courses(1), "2026-08-30", "INVALID", "validUntil"),
        (courses(1), "2101-01-01", "INVALID", "validUntil"),
        (courses(1).credits(51), "2026-09-30", "CREDITS_OVER_CAP", "order.credits"),
        (courses(1).credits(11), "2026-09-30", "CREDITS_OVER_BALANCE", "order.credits"),
        (Order::self_use("nobody").line("course", 1), "2026-09-30", "NOT_FOUND", "order.partner"),
    ];
    for (order, until, code, field) in table {
        let (found, path, message) = refusal(&app.save_quote_with(&order, until, true).await);
        assert_eq!((found.as_str(), path.as_str()), (code, field), "{message}");
    }
    let input = |quote: Value, order: Value| json!({ "quote": quote, "order": order, "idempotencyKey": "k" });
    let table = [
        (input(json!("Q-0"), Value::Null), "NOT_FOUND", "quote"),
        (input(Value::Null, Value::Null), "INVALID", "order"),
        (input(quote["number"].clone(), courses(1).input()), "INVALID", "quote"),
    ];
    for (input, code, field) in table {
        let (found, path, message) = refusal(&app.mutate("placeOrder", input).await);
        assert_eq!((found.as_str(), path.as_str()), (code, field), "{message}");
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
}

async fn quotes_are_seen_by_their_partner(backend: Backend) {
    let app = shop(backend, 10).await;
    app.partner("suedwind", "2024-06-01").await;
    let quote = app.save_quote(&courses(1).credits(5), "2026-09-30", true).await;
    let query = "query($number: String!, $id: ID!) { savedQuote(number: $number) { number } node(id: $id) { id } \
        partner(code: \"nordwind\") { quotes(first: 5) { totalCount nodes { number } } } }";
    for (role, subject, sees) in [
        ("PROGRAM_STAFF", None, true),
        ("PARTNER", Some("nordwind"), true),
        ("PARTNER", Some("suedwind"), false),
        ("INTEGRATOR", Some("portal"), false),
    ] {
        let key = app.key(role, subject).await;
        let variables = json!({ "number": quote["number"], "id": quote["id"] });
        let data = app.send_as(&key, query, variables).await.body["data"].clone();
        assert_eq!(!data["savedQuote"].is_null(), sees, "{role} {subject:?}");
        assert_eq!(!data["node"].is_null(), sees, "{role} {subject:?}");
        if sees {
            assert_eq!(data["partner"]["quotes"]["totalCount"], 1);
        }
    }
}

async fn a_hundred_that_hold_and_place_at_once_spend_no_more_than_there_is(backend: Backend) {
    let app = shop(backend, 95).await;
    let rivals = (0..100).map(|place| {
        let app = &app;
        async move {
            let order = courses(1).credits(10);
            if place % 2 == 0 {
                app.save_quote_with(&order, "2026-09-30", true).await["userErrors"] == json!([])
            } else {
                app.mutate("placeOrder", order.fresh()).await["userErrors"] == json!([])
            }
        }
    });
    let done = join_all(rivals).await.into_iter().filter(|done| *done).count();
    assert_eq!((done, app.balance("nordwind").await), (9, 5));
    verified(app.services()).await;
}

async fn one_quote_is_placed_or_withdrawn_once(backend: Backend) {
    let app = shop(backend, 50).await;
    let quote = app.save_quote(&courses(1).credits(50), "2026-09-30", true).await;
    let rivals = (0..100).map(|place| {
        let (app, quote) = (&app, &quote);
        async move {
            if place % 2 == 0 {
                let placed = app.place_quote(quote, &format!("k{place}")).await;
                (true, placed["userErrors"] == json!([]))
            } else {
                (false, app.withdraw(quote).await.is_empty())
            }
        }
    });
    let done: Vec<_> = join_all(rivals).await.into_iter().filter(|(_, done)| *done).collect();
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!(app.balance("nordwind").await, if done[0].0 { 0 } else { 50 });
    verified(app.services()).await;
}
