//! Sales targets that are set late, raised, lowered or given another currency.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Backend, TestApp, everything, refusal, verified};
use crate::targets::{courses, sales_target, shop};

both! {
    a_target_set_after_the_sales_is_reached_at_once,
    a_raised_target_takes_the_award_back_and_a_lowered_one_gives_it_again,
    a_target_in_another_currency_counts_other_sales,
    a_target_set_while_orders_are_fulfilled,
    targets_that_cannot_be,
}

/// A shop on 30 June 2026 with courses of EUR 600.00 sold on 2 February, and of EUR 400.00 on 3 March.
async fn sold(backend: Backend) -> TestApp {
    let app = shop(backend, "2026-01-10").await;
    let [first, second] = [app.place(&courses(6)).await, app.place(&courses(4)).await];
    let app = app.restart("2026-06-30").await;
    app.fulfill(&first, "2026-02-02").await;
    app.fulfill(&second, "2026-03-03").await;
    assert!(app.ledger("nordwind").await.is_empty());
    app
}

/// Whether the target is reached, the balance, and the business credits of the year.
async fn state(app: &TestApp) -> (bool, i64, i64) {
    let target = sales_target(app, 2026).await;
    assert_eq!(target["reached"], !target["reachedOn"].is_null());
    let credits = app.credits_on("nordwind", "2026-06-30").await;
    assert_eq!(credits.0, 0);
    (target["reached"] == true, app.balance("nordwind").await, credits.1)
}

async fn a_target_set_after_the_sales_is_reached_at_once(backend: Backend) {
    let app = Box::pin(sold(backend)).await;
    app.target("nordwind", 2026, "1000.01", "EUR").await;
    assert_eq!(state(&app).await, (false, 0, 0));
    app.target("nordwind", 2026, "1000.00", "EUR").await;
    assert_eq!(state(&app).await, (true, 50, 50));
    let ledger = app.ledger("nordwind").await;
    let [entry] = &ledger[..] else { panic!("one entry: {ledger:?}") };
    assert_eq!((&entry["effectiveOn"], &entry["reason"]), (&json!("2026-03-03"), &json!("ACTIVITY")));
    assert_eq!([&entry["order"], &entry["activity"]], [&Value::Null; 2], "no order caused it");
    // The same target again changes nothing that anybody sees.
    app.target("nordwind", 2026, "1000.00", "EUR").await;
    assert_eq!((state(&app).await, app.ledger("nordwind").await.len()), ((true, 50, 50), 1));
    verified(app.services()).await;
}

async fn a_raised_target_takes_the_award_back_and_a_lowered_one_gives_it_again(backend: Backend) {
    let app = Box::pin(sold(backend)).await;
    // target, reached, entries of the ledger
    let table = [
        ("900.00", true, 1),
        ("1500.00", false, 2),
        ("2000.00", false, 2),
        ("1000.00", true, 3),
        ("1.00", true, 3),
        ("1000.01", false, 4),
    ];
    for (amount, reached, entries) in table {
        app.target("nordwind", 2026, amount, "EUR").await;
        let credits = if reached { 50 } else { 0 };
        assert_eq!(state(&app).await, (reached, credits, credits), "{amount}");
        assert_eq!(app.ledger("nordwind").await.len(), entries, "{amount}");
    }
    let taken = app.ledger("nordwind").await[1].clone();
    assert_eq!((&taken["reason"], &taken["effectiveOn"]), (&json!("VOID"), &json!("2026-03-03")));
    assert_eq!((&taken["levelCredits"], &taken["spendableCredits"]), (&json!(-50), &json!(-50)));
    assert_eq!(
        taken["explanation"],
        "Yearly sales target achieved, taken back, because EUR 1000.00 sold is below the target of EUR 1500.00 for 2026: \
         the year 2026 went from 1 to 0; 50 for each, at most 50, so 0 - 50 = -50 business credits (PP, Earning \
         Credits, Sales)."
    );
    // One more sale reaches the target again.
    let placed = app.place(&courses(1)).await;
    app.fulfill(&placed, "2026-06-30").await;
    assert_eq!(state(&app).await, (true, 50, 50));
    assert_eq!(sales_target(&app, 2026).await["reachedOn"], "2026-06-30");
    verified(app.services()).await;
}

async fn a_target_in_another_currency_counts_other_sales(backend: Backend) {
    let app = Box::pin(sold(backend)).await;
    let dollars = app.place(&courses(2).with("currency", "USD")).await;
    app.fulfill(&dollars, "2026-06-30").await;
    app.target("nordwind", 2026, "1000.00", "EUR").await;
    assert_eq!(state(&app).await, (true, 50, 50));
    app.target("nordwind", 2026, "500.00", "USD").await;
    assert_eq!(state(&app).await, (false, 0, 0));
    let target = sales_target(&app, 2026).await;
    assert_eq!(target["sold"], json!({ "amount": "220.00", "currency": "USD" }));
    assert_eq!(target["notCounted"], json!([{ "amount": "1000.00", "currency": "EUR" }]));
    // Nothing was sold in yen; there are no decimals in it.
    app.target("nordwind", 2026, "500", "JPY").await;
    let target = sales_target(&app, 2026).await;
    assert_eq!(target["sold"], json!({ "amount": "0", "currency": "JPY" }));
    assert_eq!(target["notCounted"].as_array().map(Vec::len), Some(2));
    app.target("nordwind", 2026, "220.00", "USD").await;
    assert_eq!(state(&app).await, (true, 50, 50));
    verified(app.services()).await;
}

async fn a_target_set_while_orders_are_fulfilled(backend: Backend) {
    let today = "2026-01-10";
    let app = shop(backend, today).await;
    let mut placed = Vec::new();
    for _ in 0..10 {
        placed.push(app.place(&courses(1)).await);
    }
    let fulfilled = join_all(placed.iter().map(|order| app.fulfill(order, today)));
    let set =
        join_all(["300.00", "5000.00", "700.00"].map(|amount| app.target("nordwind", 2026, amount, "EUR")));
    tokio::join!(fulfilled, set);
    app.target("nordwind", 2026, "1000.00", "EUR").await;
    let target = sales_target(&app, 2026).await;
    assert_eq!((&target["sold"]["amount"], &target["reached"]), (&json!("1000.00"), &json!(true)));
    assert_eq!(app.balance("nordwind").await, 50);
    verified(app.services()).await;
}

async fn targets_that_cannot_be(backend: Backend) {
    let app = Box::pin(sold(backend)).await;
    app.target("nordwind", 2026, "900.00", "EUR").await;
    let before = everything(app.reader()).await;
    let long = "x".repeat(100_000);
    let table = [
        ("nobody", 2026, "1.00", "EUR", "NOT_FOUND", "partner"),
        (long.as_str(), 2026, "1.00", "EUR", "NOT_FOUND", "partner"),
        ("nordwind", 1999, "1.00", "EUR", "INVALID", "year"),
        ("nordwind", 2101, "1.00", "EUR", "INVALID", "year"),
        ("nordwind", i32::MIN, "1.00", "EUR", "INVALID", "year"),
        ("nordwind", 2026, "0.00", "EUR", "INVALID", "target.amount"),
        ("nordwind", 2026, "-1.00", "EUR", "INVALID", "target.amount"),
        ("nordwind", 2026, "1.005", "EUR", "INVALID", "target.amount"),
        ("nordwind", 2026, "1.5", "JPY", "INVALID", "target.amount"),
        ("nordwind", 2026, "92233720368547758.08", "EUR", "INVALID", "target.amount"),
        ("nordwind", 2026, "79228162514264337593543950335", "EUR", "INVALID", "target.amount"),
        ("nordwind", 2026, "1.00", "eur", "INVALID", "target.currency"),
        ("nordwind", 2026, "1.00", "ABC", "INVALID", "target.currency"),
        ("nordwind", 2026, "1.00", long.as_str(), "INVALID", "target.currency"),
    ];
    for (partner, year, amount, currency, code, path) in table {
        let target = json!({ "amount": amount, "currency": currency });
        let input = json!({ "partner": partner, "year": year, "target": target });
        let payload = app.mutate("setSalesTarget", input).await;
        assert_eq!(payload["partner"], Value::Null);
        let (found, field, message) = refusal(&payload);
        assert_eq!((found.as_str(), field.as_str()), (code, path), "{year} {amount}: {message}");
        assert!(message.chars().count() < 200, "{message}");
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
    // The largest amount is a target that nobody reaches, and it can be read again.
    app.target("nordwind", 2026, "92233720368547758.07", "EUR").await;
    let target = sales_target(&app, 2026).await;
    assert_eq!(
        (&target["target"]["amount"], &target["reached"]),
        (&json!("92233720368547758.07"), &json!(false))
    );
}
