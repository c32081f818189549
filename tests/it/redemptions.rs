//! Credits as money: caps, balances, keys, cancelling, reversals, and many at once (PP, Rewards; O3 to O8).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Activity, Backend, Order, TestApp, amount, everything, refusal, user_errors, verified};

both! {
    o6_more_than_cap_or_balance_is_refused_with_the_maximum,
    o4_a_currency_without_credit_value_redeems_nothing,
    a_key_again_is_the_same_order,
    a_key_with_other_content_is_refused,
    o7_credits_come_back_by_a_new_entry,
    ledger_filters_keep_entries_of_no_track,
    o8_spent_credits_that_are_reversed,
    a_hundred_at_once_spend_no_more_than_there_is,
    fifty_at_once_with_one_key_are_one_order,
    cancelling_at_once_gives_back_once,
}

const TODAY: &str = "2026-08-31";

/// A partner with credits, and a course of EUR 100.00: half of it can be paid with credits.
async fn shop(backend: Backend, credits: i64) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner_with("nordwind", credits).await;
    app.product("course", "TRAINING", &[("100.00", "EUR"), ("110.00", "USD"), ("95", "CHF")]).await;
    app
}

/// Courses for the partner itself; each lets 50 credits be redeemed.
fn courses(quantity: i64) -> Order {
    Order::self_use("nordwind").line("course", quantity)
}

async fn o6_more_than_cap_or_balance_is_refused_with_the_maximum(backend: Backend) {
    let app = shop(backend, 120).await;
    // courses, credits, code, what the message holds
    let table = [
        (1, 51, "CREDITS_OVER_CAP", "at most 50 credits"),
        (1, 50, "", ""),
        (10, 121, "CREDITS_OVER_BALANCE", "at most 120 credits"),
        (10, 120, "", ""),
        // Over both: the cap of 50 is the smaller one.
        (1, 121, "CREDITS_OVER_CAP", "at most 50 credits"),
        (10, 501, "CREDITS_OVER_CAP", "the balance is 120"),
        (10, i64::from(i32::MAX), "CREDITS_OVER_CAP", "at most 120 credits"),
    ];
    let before = everything(app.reader()).await;
    for (quantity, credits, expected, words) in table {
        let order = courses(quantity).credits(credits);
        let quote = app.quote(&order).await;
        if expected.is_empty() {
            assert_eq!(quote["quote"]["credits"], credits);
            continue;
        }
        let placed = app.mutate("placeOrder", order.fresh()).await;
        assert_eq!((&quote["quote"], &placed["order"]), (&Value::Null, &Value::Null));
        let (code, field, message) = refusal(&quote);
        assert_eq!((code.as_str(), field.as_str()), (expected, "credits"), "{credits}: {message}");
        assert!(message.to_lowercase().contains(words), "{credits}: {message}");
        assert_eq!(refusal(&placed), (code, "order.credits".to_owned(), message));
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
    let quote = app.quoted(&courses(10)).await;
    let numbers = ["balance", "maxCredits", "usableCredits", "credits"].map(|name| &quote[name]);
    assert_eq!(numbers, [&json!(120), &json!(500), &json!(120), &json!(0)]);

    // Exactly the most, by balance and by cap; then nothing is left but orders without credits.
    let placed = app.place(&courses(10).credits(70)).await;
    assert_eq!((amount(&placed, "redeemed"), amount(&placed, "total")), ("70.00", "930.00"));
    app.place(&courses(1).credits(50)).await;
    assert_eq!(app.balance("nordwind").await, 0);
    let (code, _, message) = refusal(&app.quote(&courses(1).credits(1)).await);
    assert_eq!(code, "CREDITS_OVER_BALANCE");
    assert!(message.contains("at most 0 credits"), "{message}");
    let entries = app.ledger("nordwind").await.len();
    app.place(&courses(1).credits(0)).await;
    assert_eq!(app.ledger("nordwind").await.len(), entries, "no credits, no entry");
    verified(app.services()).await;
}

async fn o4_a_currency_without_credit_value_redeems_nothing(backend: Backend) {
    let app = shop(backend, 120).await;
    let order = courses(1).with("currency", "CHF");
    let quote = app.quoted(&order).await;
    let numbers = ["maxCredits", "usableCredits", "creditValue"].map(|name| &quote[name]);
    assert_eq!(numbers, [&json!(0), &json!(0), &Value::Null]);
    assert_eq!((amount(&quote, "cap"), amount(&quote, "total")), ("47.50", "95.00"));
    let (code, field, message) = refusal(&app.quote(&order.clone().credits(1)).await);
    assert_eq!((code.as_str(), field.as_str()), ("CREDITS_OVER_CAP", "credits"));
    assert!(message.contains("no value in CHF"), "{message}");
    app.place(&order).await;
    // USD 110.00: half of it at USD 1.10 a credit is 50 credits.
    let quote = app.quoted(&courses(1).with("currency", "USD").credits(50)).await;
    assert_eq!((amount(&quote, "redeemed"), &quote["maxCredits"]), ("55.00", &json!(50)));
}

async fn a_key_again_is_the_same_order(backend: Backend) {
    let app = shop(backend, 120).await;
    let order = Order::for_customer("nordwind").line("course", 2).line("course", 1);
    let first = app.done("placeOrder", order.keyed("key")).await;
    assert_eq!(first["duplicate"], false);
    let again = [
        order.keyed("key"),
        order.keyed("  key "),
        order.clone().with("customer", "  Acme ").keyed("key"),
        order.clone().credits(0).keyed("key"),
    ];
    for input in again {
        let repeat = app.done("placeOrder", input).await;
        assert_eq!((&repeat["order"], &repeat["duplicate"]), (&first["order"], &json!(true)));
    }
    // The same key of another partner is another order.
    app.partner("suedwind", "2024-06-01").await;
    let other = app.done("placeOrder", order.clone().with("partner", "suedwind").keyed("key")).await;
    assert_eq!(other["duplicate"], false);
    assert_ne!(other["order"]["number"], first["order"]["number"]);
    // So is another key of the same partner; keys differ by case.
    assert_eq!(app.done("placeOrder", order.keyed("Key")).await["duplicate"], false);

    // A cancelled order keeps its key, and spends nothing again.
    let paid = courses(1).credits(50).keyed("paid");
    let placed = app.done("placeOrder", paid.clone()).await;
    let cancelled = app.cancel(&placed["order"]).await;
    let before = everything(app.reader()).await;
    let repeat = app.done("placeOrder", paid).await;
    assert_eq!((&repeat["order"], &repeat["duplicate"]), (&cancelled, &json!(true)));
    assert!(everything(app.reader()).await == before, "a repeat changed something");
    assert_eq!(app.balance("nordwind").await, 120);
}

async fn a_key_with_other_content_is_refused(backend: Backend) {
    let app = shop(backend, 120).await;
    app.product("exam", "CERTIFICATION", &[("100.00", "EUR")]).await;
    let first = || Order::for_customer("nordwind");
    let placed = app.done("placeOrder", first().line("course", 2).line("exam", 1).keyed("key")).await;
    let lines = || first().line("course", 2).line("exam", 1);
    let others = [
        ("purpose", Order::self_use("nordwind").line("course", 2).line("exam", 1)),
        ("customer", lines().with("customer", "Acme Ltd")),
        ("customer", lines().with("customer", "acme")),
        ("currency", lines().with("currency", "USD")),
        ("lines", first().line("exam", 1).line("course", 2)),
        ("lines", first().line("course", 2)),
        ("lines", lines().line("exam", 1)),
        ("lines", first().line("course", 3).line("exam", 1)),
        ("lines", first().line("course", 2).line("course", 1)),
        ("lines", first().line("course", 2).line("no-such-product", 1)),
        ("credits", lines().credits(1)),
    ];
    let before = everything(app.reader()).await;
    for (what, other) in others {
        let payload = app.mutate("placeOrder", other.keyed("key")).await;
        assert_eq!((&payload["order"], &payload["duplicate"]), (&Value::Null, &json!(false)));
        let (code, field, message) = refusal(&payload);
        assert_eq!((code.as_str(), field.as_str()), ("CONFLICTING_DUPLICATE", "idempotencyKey"), "{what}");
        let number = placed["order"]["number"].as_str().expect("a number");
        assert!(message.contains(number) && message.contains(what), "{message}");
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
}

async fn o7_credits_come_back_by_a_new_entry(backend: Backend) {
    let app = shop(backend, 120).await;
    let placed = app.place(&courses(1).credits(50)).await;
    let number = placed["number"].as_str().expect("a number");
    app.cancel(&placed).await;
    let ledger = app.ledger("nordwind").await;
    let [earned, spent, back] = &ledger[..] else { panic!("three entries: {ledger:?}") };
    let spent_words = format!(
        "Redeemed on order {number}: 50 × EUR 1.00 = EUR 50.00; balance 120 - 50 = 70 (PP, Rewards)."
    );
    let back_words = format!(
        "Given back from cancelled order {number}: 50 × EUR 1.00 = EUR 50.00; balance 70 + 50 = 120 (PP, Rewards)."
    );
    // entry, reason, credits, balance after it, explanation
    let table =
        [(spent, "REDEMPTION", -50, 70, spent_words), (back, "REDEMPTION_RETURNED", 50, 120, back_words)];
    for (entry, reason, credits, balance, words) in table {
        assert_eq!((&entry["reason"], &entry["effectiveOn"]), (&json!(reason), &json!(TODAY)));
        assert_eq!((&entry["spendableCredits"], &entry["levelCredits"]), (&json!(credits), &json!(0)));
        assert_eq!(entry["balanceAfter"], balance);
        assert_eq!(entry["explanation"], words);
        assert_eq!(
            (&entry["order"]["number"], &entry["order"]["status"]),
            (&json!(number), &json!("CANCELLED"))
        );
        assert_eq!([&entry["track"], &entry["kind"], &entry["activity"]], [&Value::Null; 3]);
    }
    // At the moment of each entry its balance was known, and the levels never moved.
    let query = "query($at: DateTime!) { partner(code: \"nordwind\") { balance(knownAt: $at) \
        credits(year: 2024, knownAt: $at) { business } } }";
    for (entry, balance) in [(earned, 120), (spent, 70), (back, 120)] {
        let known = app.ok(query, json!({ "at": entry["recordedAt"] })).await["partner"].clone();
        assert_eq!((&known["balance"], &known["credits"]["business"]), (&json!(balance), &json!(120)));
    }
    let before = json!({ "at": "2024-06-01T00:00:00Z" });
    assert_eq!(app.ok(query, before).await["partner"]["balance"], 0);
    verified(app.services()).await;
}

async fn ledger_filters_keep_entries_of_no_track(backend: Backend) {
    let app = shop(backend, 120).await;
    app.record(Activity::of_partner("nordwind", "CERTIFICATION_OBTAINED", "2025-05-01")).await;
    let placed = app.place(&courses(1).credits(50)).await;
    app.cancel(&placed).await;
    let all = ["ACTIVITY", "ACTIVITY", "REDEMPTION", "REDEMPTION_RETURNED"];
    // arguments, reasons of the entries
    let table: [(&str, &[&str]); 12] = [
        ("first: 50", &all),
        ("last: 50", &all),
        ("first: 50, from: \"2024-06-10\", to: \"2026-08-31\"", &all),
        ("first: 50, from: \"2024-06-10\"", &all),
        ("first: 50, to: \"2026-08-31\"", &all),
        ("first: 50, from: \"2026-08-31\"", &all[2..]),
        ("last: 50, from: \"2025-05-02\"", &all[2..]),
        ("first: 50, to: \"2026-08-30\"", &all[..2]),
        ("first: 50, track: BUSINESS", &all[..1]),
        ("first: 50, track: TECHNICAL", &all[1..2]),
        ("first: 50, track: BUSINESS, from: \"2024-06-10\", to: \"2026-08-31\"", &all[..1]),
        ("first: 50, track: BUSINESS, from: \"2026-08-31\"", &[]),
    ];
    for (arguments, expected) in table {
        let (entries, total) = app.ledger_where("nordwind", arguments).await;
        let reasons: Vec<&str> = entries.iter().filter_map(|entry| entry["reason"].as_str()).collect();
        assert_eq!(reasons, expected, "{arguments}");
        assert_eq!(usize::try_from(total), Ok(expected.len()), "{arguments}");
    }
}

async fn o8_spent_credits_that_are_reversed(backend: Backend) {
    let app = shop(backend, 0).await;
    let event = app.record(Activity::of_partner("nordwind", "EVENT_ORGANIZED", "2026-05-01")).await;
    let placed = app.place(&courses(1).credits(40)).await;
    app.void(&event).await;
    assert_eq!(app.balance("nordwind").await, -40);
    let quote = app.quoted(&courses(1)).await;
    assert_eq!((&quote["balance"], &quote["usableCredits"]), (&json!(-40), &json!(0)));
    assert_eq!(quote["level"]["code"], "MEMBER", "the level went with the credits");
    let refused = async |words: &str| {
        for payload in [
            app.quote(&courses(1).credits(1)).await,
            app.mutate("placeOrder", courses(1).credits(1).fresh()).await,
        ] {
            let (code, field, message) = refusal(&payload);
            assert_eq!(code, "CREDITS_OVER_BALANCE", "{message}");
            assert!(field.ends_with("credits") && message.contains(words), "{field}: {message}");
        }
    };
    refused("The balance is -40, so no credits can be redeemed until it is positive again").await;
    app.place(&courses(1)).await;
    app.earn("nordwind", "2026-06-01", 40).await;
    refused("The balance is 0, so at most 0 credits").await;
    app.earn("nordwind", "2026-06-02", 1).await;
    app.place(&courses(1).credits(1)).await;
    // Cancelling the first order gives back what its reversal had left open.
    app.cancel(&placed).await;
    assert_eq!(app.balance("nordwind").await, 40);
    verified(app.services()).await;
}

async fn a_hundred_at_once_spend_no_more_than_there_is(backend: Backend) {
    let app = shop(backend, 305).await;
    // 43 times 7 is 301: the 44th finds 4 left.
    let inputs: Vec<Value> = (0..100).map(|_| courses(1).credits(7).fresh()).collect();
    let payloads = join_all(inputs.into_iter().map(|input| app.mutate("placeOrder", input))).await;
    let (refused, placed): (Vec<&Value>, Vec<&Value>) =
        payloads.iter().partition(|payload| payload["order"].is_null());
    assert_eq!((placed.len(), refused.len()), (43, 57));
    for payload in refused {
        let (code, field, message) = refusal(payload);
        assert_eq!((code.as_str(), field.as_str()), ("CREDITS_OVER_BALANCE", "order.credits"), "{message}");
    }
    let mut numbers: Vec<&str> =
        placed.iter().filter_map(|payload| payload["order"]["number"].as_str()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 43, "every order has a number of its own");
    let ledger = app.ledger("nordwind").await;
    let balances: Vec<i64> =
        ledger.iter().map(|entry| entry["balanceAfter"].as_i64().expect("a number")).collect();
    let expected: Vec<i64> = (0..44).map(|spent| 305 - 7 * spent).collect();
    assert_eq!(balances, expected);
    assert_eq!(app.balance("nordwind").await, 4);
    verified(app.services()).await;
}

async fn fifty_at_once_with_one_key_are_one_order(backend: Backend) {
    let app = shop(backend, 100).await;
    let input = courses(1).credits(7).keyed("once");
    let payloads = join_all((0..50).map(|_| app.done("placeOrder", input.clone()))).await;
    let new = payloads.iter().filter(|payload| payload["duplicate"] == false).count();
    assert_eq!(new, 1);
    assert!(payloads.iter().all(|payload| payload["order"] == payloads[0]["order"]));
    assert_eq!((app.balance("nordwind").await, app.ledger("nordwind").await.len()), (93, 2));
    verified(app.services()).await;
}

async fn cancelling_at_once_gives_back_once(backend: Backend) {
    let app = shop(backend, 100).await;
    let placed = app.place(&courses(1).credits(7)).await;
    let number = json!({ "number": placed["number"] });
    let fulfil = json!({ "number": placed["number"], "fulfilledOn": TODAY });
    let cancelled = join_all((0..10).map(|_| app.mutate("cancelOrder", number.clone())));
    let fulfilled = join_all((0..10).map(|_| app.mutate("fulfillOrder", fulfil.clone())));
    let (cancelled, fulfilled) = tokio::join!(cancelled, fulfilled);
    let done = |payloads: &[Value]| payloads.iter().filter(|one| user_errors(one).is_empty()).count();
    let (cancelled, fulfilled) = (done(&cancelled), done(&fulfilled));
    assert_eq!(cancelled + fulfilled, 1, "one of them came first");
    let expected = if cancelled == 1 { (100, 3) } else { (93, 2) };
    assert_eq!(
        (app.balance("nordwind").await, i64::try_from(app.ledger("nordwind").await.len()).expect("few")),
        expected
    );
    verified(app.services()).await;
}
