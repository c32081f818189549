//! Sales targets that are reached: by which orders, when, and what it awards (PP, Earning Credits, Sales).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Backend, Order, TestApp, user_errors, verified};

both! {
    only_fulfilled_end_customer_orders_in_the_target_s_currency_count,
    a_sale_counts_in_the_year_of_its_fulfilment,
    a_target_reached_gives_the_level_of_its_credits,
    many_fulfilments_at_once_award_once,
    one_order_is_fulfilled_once,
}

/// A partner, a course without discount and a licence of which a Member pays 90 percent.
pub(crate) async fn shop(backend: Backend, today: &str) -> TestApp {
    let app = TestApp::start(backend, today).await;
    app.partner("nordwind", "2024-06-01").await;
    app.product("course", "TRAINING", &[("100.00", "EUR"), ("110.00", "USD")]).await;
    app.product("license", "LICENSE", &[("1000.00", "EUR")]).await;
    app
}

/// Courses for an end customer.
pub(crate) fn courses(quantity: i64) -> Order {
    Order::for_customer("nordwind").line("course", quantity)
}

/// The partner's target of a year: what was sold, whether and when that reached it.
pub(crate) async fn sales_target(app: &TestApp, year: i32) -> Value {
    let query = "query($year: Int!) { partner(code: \"nordwind\") { salesTarget(year: $year) { year \
        target { amount currency } sold { amount currency } notCounted { amount currency } \
        reached reachedOn } } }";
    app.ok(query, json!({ "year": year })).await["partner"]["salesTarget"].clone()
}

fn euros(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

async fn only_fulfilled_end_customer_orders_in_the_target_s_currency_count(backend: Backend) {
    let app = shop(backend, "2026-01-10").await;
    assert_eq!(sales_target(&app, 2026).await, Value::Null);
    app.target("nordwind", 2026, "1000.00", "EUR").await;
    let license = app.place(&Order::for_customer("nordwind").line("license", 1)).await;
    let course = app.place(&courses(1)).await;
    let cancelled = app.place(&courses(50)).await;
    app.cancel(&cancelled).await;
    app.place(&courses(50)).await;
    let own = app.place(&Order::self_use("nordwind").line("course", 50)).await;
    let dollars = app.place(&courses(10).with("currency", "USD")).await;

    let app = app.restart("2026-06-30").await;
    app.fulfill(&own, "2026-03-01").await;
    app.fulfill(&dollars, "2026-06-01").await;
    app.fulfill(&license, "2026-05-02").await;
    let mut expected = json!({
        "year": 2026, "target": euros("1000.00"), "sold": euros("900.00"),
        "notCounted": [{ "amount": "1100.00", "currency": "USD" }], "reached": false, "reachedOn": null,
    });
    assert_eq!(sales_target(&app, 2026).await, expected, "net amounts count, and only what was sold");
    assert!(app.ledger("nordwind").await.is_empty());

    // The last part that is known happened earlier than another: the target is reached with both.
    app.fulfill(&course, "2026-02-03").await;
    expected["sold"] = euros("1000.00");
    expected["reached"] = json!(true);
    expected["reachedOn"] = json!("2026-05-02");
    assert_eq!(sales_target(&app, 2026).await, expected);
    let ledger = app.ledger("nordwind").await;
    let [entry] = &ledger[..] else { panic!("one entry: {ledger:?}") };
    let words = ["reason", "kind", "track", "effectiveOn"].map(|field| &entry[field]);
    assert_eq!(words, ["ACTIVITY", "SALES_TARGET_ACHIEVED", "BUSINESS", "2026-05-02"]);
    let numbers = ["levelCredits", "spendableCredits", "balanceAfter"].map(|field| &entry[field]);
    assert_eq!(numbers, [50, 50, 50]);
    assert_eq!((&entry["order"]["number"], &entry["activity"]), (&course["number"], &Value::Null));
    assert_eq!(
        entry["explanation"],
        "Yearly sales target achieved, EUR 1000.00 sold of the target of EUR 1000.00 for 2026: the year 2026 went \
         from 0 to 1; 50 for each, at most 50, so 50 - 0 = 50 business credits (PP, Earning Credits, Sales)."
    );

    // More sales of the year award nothing more.
    let more = app.place(&courses(20)).await;
    app.fulfill(&more, "2026-06-30").await;
    expected["sold"] = euros("3000.00");
    assert_eq!(sales_target(&app, 2026).await, expected);
    assert_eq!((app.ledger("nordwind").await.len(), app.balance("nordwind").await), (1, 50));
    verified(app.services()).await;
}

async fn a_sale_counts_in_the_year_of_its_fulfilment(backend: Backend) {
    let app = shop(backend, "2025-12-30").await;
    for year in [2025, 2026, 2027] {
        app.target("nordwind", year, "500.00", "EUR").await;
    }
    let [old, new, later] =
        [app.place(&courses(5)).await, app.place(&courses(4)).await, app.place(&courses(1)).await];
    let app = app.restart("2026-01-02").await;
    app.fulfill(&old, "2025-12-31").await;
    app.fulfill(&new, "2026-01-01").await;
    let sold = async |app: &TestApp, year| {
        let target = sales_target(app, year).await;
        (target["sold"]["amount"].clone(), target["reachedOn"].clone())
    };
    assert_eq!(sold(&app, 2025).await, (json!("500.00"), json!("2025-12-31")));
    assert_eq!(sold(&app, 2026).await, (json!("400.00"), Value::Null));
    app.fulfill(&later, "2026-01-02").await;
    assert_eq!(sold(&app, 2026).await, (json!("500.00"), json!("2026-01-02")));
    assert_eq!(sold(&app, 2027).await, (json!("0.00"), Value::Null));
    // Once a year: both years awarded.
    assert_eq!(app.credits_on("nordwind", "2025-12-31").await, (0, 50));
    assert_eq!(app.credits_on("nordwind", "2026-01-02").await, (0, 50));
    assert_eq!(app.balance("nordwind").await, 100);
    verified(app.services()).await;
}

async fn a_target_reached_gives_the_level_of_its_credits(backend: Backend) {
    let app = shop(backend, "2026-01-10").await;
    app.target("nordwind", 2026, "100.00", "EUR").await;
    let placed = app.place(&courses(1)).await;
    let app = app.restart("2026-06-30").await;
    app.fulfill(&placed, "2026-05-02").await;
    let held = json!("2027-12-31");
    for (day, level, until) in [
        ("2026-05-01", "MEMBER", &Value::Null),
        ("2026-05-02", "COLLABORATOR", &held),
        ("2026-06-30", "COLLABORATOR", &held),
    ] {
        let standing = app.partner_on("nordwind", day).await["standing"].clone();
        assert_eq!(
            (&standing["overall"]["code"], &standing["business"]["validUntil"]),
            (&json!(level), until)
        );
    }
    let quote = app.quoted(&Order::for_customer("nordwind").line("license", 1)).await;
    assert_eq!((&quote["level"]["code"], &quote["balance"]), (&json!("COLLABORATOR"), &json!(50)));
    // What it awards can be spent.
    app.place(&Order::self_use("nordwind").line("course", 1).credits(50)).await;
    assert_eq!(app.balance("nordwind").await, 0);
}

async fn many_fulfilments_at_once_award_once(backend: Backend) {
    let today = "2026-01-10";
    let app = shop(backend, today).await;
    app.target("nordwind", 2026, "1000.00", "EUR").await;
    let mut placed = Vec::new();
    for _ in 0..20 {
        placed.push(app.place(&courses(1)).await);
    }
    join_all(placed.iter().map(|order| app.fulfill(order, today))).await;
    let target = sales_target(&app, 2026).await;
    assert_eq!((&target["sold"], &target["reachedOn"]), (&euros("2000.00"), &json!(today)));
    assert_eq!((app.ledger("nordwind").await.len(), app.balance("nordwind").await), (1, 50));
    verified(app.services()).await;
}

async fn one_order_is_fulfilled_once(backend: Backend) {
    let today = "2026-01-10";
    let app = shop(backend, today).await;
    app.target("nordwind", 2026, "200.00", "EUR").await;
    let placed = app.place(&courses(1)).await;
    let input = json!({ "number": placed["number"], "fulfilledOn": today });
    let payloads = join_all((0..10).map(|_| app.mutate("fulfillOrder", input.clone()))).await;
    assert_eq!(payloads.iter().filter(|payload| user_errors(payload).is_empty()).count(), 1);
    let target = sales_target(&app, 2026).await;
    assert_eq!((&target["sold"], &target["reached"]), (&euros("100.00"), &json!(false)));
    verified(app.services()).await;
}
