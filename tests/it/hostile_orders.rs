//! Orders and products that no honest client sends: each gets a code, a message and a path, and changes nothing.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Backend, Order, TestApp, amount, everything, refusal, user_errors, verified};

both! {
    orders_that_cannot_be,
    amounts_that_no_order_can_have,
    requests_that_are_no_orders,
    changes_that_cannot_be,
    products_that_cannot_be,
    sales_beyond_the_largest_amount,
    a_product_saved_at_once_is_one_product,
}

const TODAY: &str = "2026-08-31";
/// The largest amount of a currency with two decimals.
const MOST: &str = "92233720368547758.07";

async fn shop(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner_with("nordwind", 100).await;
    app.product("course", "TRAINING", &[("100.00", "EUR"), ("95.00", "CHF")]).await;
    app.product("dear", "TRAINING", &[(MOST, "EUR")]).await;
    app.product("half", "TRAINING", &[("46116860184273879.04", "EUR")]).await;
    app.product("secret", "TRAINING", &[]).await;
    app
}

/// Sends an order as a quote and to be placed; both must be refused alike.
async fn refused(app: &TestApp, what: &str, order: &Order, expected: (&str, &str)) {
    let (code, field, message) = refusal(&app.quote(order).await);
    assert_eq!((code.as_str(), field.as_str()), expected, "{what}: {message}");
    assert!((10..200).contains(&message.chars().count()), "{what}: {message}");
    let placed = app.mutate("placeOrder", order.fresh()).await;
    assert_eq!((&placed["order"], &placed["duplicate"]), (&Value::Null, &json!(false)), "{what}");
    assert_eq!(refusal(&placed), (code, format!("order.{field}"), message), "{what}");
}

async fn orders_that_cannot_be(backend: Backend) {
    let app = shop(backend).await;
    let before = everything(app.reader()).await;
    let own = || Order::self_use("nordwind");
    let sale = || Order::for_customer("nordwind").line("course", 1);
    let long = "x".repeat(100_000);
    let lines = |count| (0..count).fold(own(), |order, _| order.line("course", 1));
    let of = |product: &str| own().line("course", 1).line(product, 1);
    let table = [
        ("no product", of("nothing"), ("NOT_FOUND", "lines.1.product")),
        ("a product in capitals", of("COURSE"), ("NOT_FOUND", "lines.1.product")),
        ("a product with a blank", of("course "), ("NOT_FOUND", "lines.1.product")),
        ("an empty product", of(""), ("NOT_FOUND", "lines.1.product")),
        ("a NUL", of("a\0b"), ("NOT_FOUND", "lines.1.product")),
        ("a long product", of(&long), ("NOT_FOUND", "lines.1.product")),
        ("no price at all", of("secret"), ("NO_PRICE", "lines.1.product")),
        ("no price in USD", own().line("course", 1).with("currency", "USD"), ("NO_PRICE", "lines.0.product")),
        ("none", own().line("course", 1).line("course", 0), ("INVALID", "lines.1.quantity")),
        ("less than none", own().line("course", -1), ("INVALID", "lines.0.quantity")),
        ("the least", own().line("course", i32::MIN.into()), ("INVALID", "lines.0.quantity")),
        ("no lines", own(), ("INVALID", "lines")),
        ("101 lines", lines(101), ("TOO_MANY", "lines")),
        ("no customer", sale().with("customer", Value::Null), ("INVALID", "customer")),
        ("a blank customer", sale().with("customer", " \n "), ("INVALID", "customer")),
        ("a long customer", sale().with("customer", long.as_str()), ("INVALID", "customer")),
        ("an escape", sale().with("customer", "a\u{1b}[31mb"), ("INVALID", "customer")),
        ("a NUL as customer", sale().with("customer", "a\0b"), ("INVALID", "customer")),
        ("self-use for somebody", own().line("course", 1).with("customer", "Acme"), ("INVALID", "customer")),
        ("an unknown currency", sale().with("currency", "ABC"), ("INVALID", "currency")),
        ("a small currency", sale().with("currency", "eur"), ("INVALID", "currency")),
        ("no currency", sale().with("currency", ""), ("INVALID", "currency")),
        ("a long currency", sale().with("currency", long.as_str()), ("INVALID", "currency")),
        ("credits below none", sale().credits(-1), ("INVALID", "credits")),
        ("the least credits", sale().credits(i32::MIN.into()), ("INVALID", "credits")),
        ("an unknown partner", sale().with("partner", "nobody"), ("NOT_FOUND", "partner")),
        ("a long partner", sale().with("partner", long.as_str()), ("NOT_FOUND", "partner")),
        ("a partner with a NUL", sale().with("partner", "a\0b"), ("NOT_FOUND", "partner")),
    ];
    for (what, order, expected) in table {
        refused(&app, what, &order, expected).await;
    }
    // The key is looked at too, and so is the message of a missing price.
    let (_, _, message) = refusal(&app.quote(&own().line("course", 1).with("currency", "USD")).await);
    assert!(message.contains("CHF, EUR"), "{message}");
    for key in ["", " ", "a\nb", long.as_str()] {
        let payload = app.mutate("placeOrder", sale().keyed(key)).await;
        let (code, field, _) = refusal(&payload);
        assert_eq!((code.as_str(), field.as_str()), ("INVALID", "idempotencyKey"), "{key:.20}");
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
    // A hundred lines are taken; a blank customer of the partner's own use is none.
    app.place(&lines(100).with("customer", "  ")).await;
}

async fn amounts_that_no_order_can_have(backend: Backend) {
    let app = shop(backend).await;
    let before = everything(app.reader()).await;
    let own = || Order::self_use("nordwind");
    let table = [
        (own().line("dear", 2), "lines.0.quantity"),
        (own().line("dear", i32::MAX.into()), "lines.0.quantity"),
        (own().line("course", 1).line("dear", 1), "lines.1.quantity"),
        (own().line("half", 1).line("half", 1), "lines.1.quantity"),
        (own().line("half", 4), "lines.0.quantity"),
    ];
    for (order, path) in table {
        refused(&app, &order.input().to_string(), &order, ("INVALID", path)).await;
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
    // The largest amount itself is an order like any other; caps on it are more than credits can be.
    let placed = app.place(&own().line("dear", 1).credits(100)).await;
    assert_eq!((amount(&placed, "list"), amount(&placed, "net")), (MOST, MOST));
    assert_eq!(amount(&placed, "total"), "92233720368547658.07");
    assert_eq!(placed["maxCredits"], i32::MAX);
    app.cancel(&placed).await;
    verified(app.services()).await;
}

async fn requests_that_are_no_orders(backend: Backend) {
    let app = shop(backend).await;
    let before = everything(app.reader()).await;
    let order = || Order::for_customer("nordwind").line("course", 1);
    let line = |product: Value, quantity: Value| json!([{ "product": product, "quantity": quantity }]);
    let others = [
        order().with("lines", line(json!("course"), json!(2_147_483_648_i64))),
        order().with("lines", line(json!("course"), json!(1.5))),
        order().with("lines", line(json!("course"), json!("1"))),
        order().with("lines", line(json!("course"), Value::Null)),
        order().with("lines", line(Value::Null, json!(1))),
        order().with("lines", Value::Null),
        order().with("credits", Value::Null),
        order().with("credits", 2_147_483_648_i64),
        order().with("purpose", "GIFT"),
        order().with("purpose", "end_customer"),
        order().with("total", "1.00"),
    ];
    let quote = "query($input: OrderInput!) { quote(input: $input) { userErrors { code } } }";
    let place = "mutation($input: PlaceOrderInput!) { placeOrder(input: $input) { userErrors { code } } }";
    for other in others {
        for (query, input) in [(quote, other.input()), (place, other.fresh())] {
            let answer = app.send(query, json!({ "input": input })).await;
            assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{input}: {}", answer.text);
        }
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
}

async fn changes_that_cannot_be(backend: Backend) {
    let app = shop(backend).await;
    let placed = app.place(&Order::self_use("nordwind").line("course", 1).credits(50)).await;
    let number = placed["number"].as_str().expect("a number");
    let before = everything(app.reader()).await;
    let long = "x".repeat(100_000);
    let fulfill = |number: &str, on: &str| ("fulfillOrder", json!({ "number": number, "fulfilledOn": on }));
    let cancel = |number: &str, reason: &str| ("cancelOrder", json!({ "number": number, "reason": reason }));
    let table = [
        (fulfill(number, "2026-09-01"), "DATE_IN_FUTURE", "fulfilledOn"),
        (fulfill(number, "9999-12-31"), "DATE_IN_FUTURE", "fulfilledOn"),
        (fulfill(number, "2026-08-30"), "INVALID", "fulfilledOn"),
        (fulfill(number, "0001-01-01"), "INVALID", "fulfilledOn"),
        (fulfill("O-0", TODAY), "NOT_FOUND", "number"),
        (fulfill("", TODAY), "NOT_FOUND", "number"),
        (fulfill(&long, TODAY), "NOT_FOUND", "number"),
        (fulfill("a\0b", TODAY), "NOT_FOUND", "number"),
        (cancel("O-0", "why not"), "NOT_FOUND", "number"),
        (cancel("O-0\0", "why not"), "NOT_FOUND", "number"),
        (cancel(number, &long), "INVALID", "reason"),
        (cancel(number, "a\0b"), "INVALID", "reason"),
    ];
    for ((mutation, input), code, path) in table {
        let payload = app.mutate(mutation, input.clone()).await;
        assert_eq!(payload["order"], Value::Null);
        let (found, field, message) = refusal(&payload);
        assert_eq!((found.as_str(), field.as_str()), (code, path), "{input:.100}: {message}");
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
    app.fulfill(&placed, TODAY).await;
}

async fn products_that_cannot_be(backend: Backend) {
    let app = shop(backend).await;
    let before = everything(app.reader()).await;
    let long = "x".repeat(100_000);
    let price = |amount: &str, currency: &str| json!({ "amount": amount, "currency": currency });
    let priced = |amount: &str, currency: &str| {
        json!({ "code": "course", "name": "New", "category": "LICENSE",
                "prices": [price("1.00", "USD"), price(amount, currency)] })
    };
    let named = |code: &str, name: &str| json!({ "code": code, "name": name, "category": "LICENSE", "prices": [price("1.00", "EUR")] });
    let many = json!({ "code": "course", "name": "New", "category": "LICENSE",
                       "prices": vec![price("1.00", "EUR"); 51] });
    let table = [
        (named("", "New"), "INVALID", "code"),
        (named("a b", "New"), "INVALID", "code"),
        (named(&long, "New"), "INVALID", "code"),
        (named("a\0b", "New"), "INVALID", "code"),
        (named("new", " "), "INVALID", "name"),
        (named("new", "a\u{1b}b"), "INVALID", "name"),
        (named("new", &long), "INVALID", "name"),
        (priced("-0.01", "EUR"), "INVALID", "prices.1.amount"),
        (priced("1.005", "EUR"), "INVALID", "prices.1.amount"),
        (priced("1.5", "JPY"), "INVALID", "prices.1.amount"),
        (priced("1.2345", "KWD"), "INVALID", "prices.1.amount"),
        (priced("0.0000000000000000000000000001", "EUR"), "INVALID", "prices.1.amount"),
        (priced("92233720368547758.08", "EUR"), "INVALID", "prices.1.amount"),
        (priced("79228162514264337593543950335", "EUR"), "INVALID", "prices.1.amount"),
        (priced("1.00", "eur"), "INVALID", "prices.1.currency"),
        (priced("1.00", "EURO"), "INVALID", "prices.1.currency"),
        (priced("1.00", ""), "INVALID", "prices.1.currency"),
        (priced("1.00", &long), "INVALID", "prices.1.currency"),
        (priced("2.00", "USD"), "INVALID", "prices.1.currency"),
        (many, "TOO_MANY", "prices"),
    ];
    for (input, code, path) in table {
        let payload = app.mutate("saveProduct", input.clone()).await;
        assert_eq!(payload["product"], Value::Null);
        let (found, field, message) = refusal(&payload);
        assert_eq!((found.as_str(), field.as_str()), (code, path), "{input:.200}: {message}");
        assert!((10..200).contains(&message.chars().count()), "{message}");
    }
    // More digits than a decimal holds are never rounded away.
    let mutation =
        "mutation($input: SaveProductInput!) { saveProduct(input: $input) { userErrors { code } } }";
    for digits in ["1.00000000000000000000000000001", "0.00000000000000000000000000000000000001"] {
        let answer = app.send(mutation, json!({ "input": priced(digits, "EUR") })).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{digits}: {}", answer.text);
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
    // What is free is a price, in as many decimals as the currency has.
    app.product("free", "LICENSE", &[("0", "EUR"), ("1.2340", "KWD"), ("7", "JPY")]).await;
    let query = "{ product(code: \"free\") { prices { amount currency } } }";
    let found = app.ok(query, Value::Null).await["product"]["prices"].clone();
    assert_eq!(found, json!([price("0.00", "EUR"), price("7", "JPY"), price("1.234", "KWD")]));
    let placed = app.place(&Order::for_customer("nordwind").line("free", 3)).await;
    assert_eq!((amount(&placed, "total"), &placed["maxCredits"]), ("0.00", &json!(0)));
}

async fn sales_beyond_the_largest_amount(backend: Backend) {
    let app = shop(backend).await;
    app.target("nordwind", 2026, MOST, "EUR").await;
    let [first, second] = [
        app.place(&Order::for_customer("nordwind").line("dear", 1)).await,
        app.place(&Order::for_customer("nordwind").line("course", 1)).await,
    ];
    app.fulfill(&first, TODAY).await;
    let before = everything(app.reader()).await;
    let input = json!({ "number": second["number"], "fulfilledOn": TODAY });
    let (code, field, message) = refusal(&app.mutate("fulfillOrder", input).await);
    assert_eq!((code.as_str(), field.as_str()), ("INVALID", "number"));
    assert!(message.contains("sales") && !message.contains("credits"), "{message}");
    assert!(everything(app.reader()).await == before, "a refusal changed something");
    assert_eq!(app.balance("nordwind").await, 150, "the target was reached before");
    verified(app.services()).await;
}

async fn a_product_saved_at_once_is_one_product(backend: Backend) {
    let app = shop(backend).await;
    let input = |n: i64| {
        json!({ "code": "new", "name": format!("New {n}"), "category": "LICENSE",
                "prices": [{ "amount": format!("{n}.00"), "currency": "EUR" }] })
    };
    let payloads = join_all((1..=20).map(|n| app.mutate("saveProduct", input(n)))).await;
    for payload in &payloads {
        assert!(user_errors(payload).is_empty(), "{payload}");
        assert_eq!(payload["product"]["id"], payloads[0]["product"]["id"]);
    }
    let query = "{ product(code: \"new\") { name prices { amount } } }";
    let product = app.ok(query, Value::Null).await["product"].clone();
    let number = product["name"].as_str().and_then(|name| name.strip_prefix("New ")).expect("a name");
    assert_eq!(
        product["prices"],
        json!([{ "amount": format!("{number}.00") }]),
        "name and price of one save"
    );
}
