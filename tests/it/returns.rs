//! Orders that come back: credits, sales, targets and levels are what they are without them (O7).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Backend, Order, TestApp, everything, refusal, verified};
use crate::targets::{courses, sales_target, shop};

both! {
    o7_a_return_takes_the_order_out_of_sales_target_level_and_balance,
    o7_a_return_moves_the_target_to_the_day_without_the_order,
    o7_a_return_moves_no_target_beyond_the_end_of_a_partnership,
    o7_an_order_for_own_use_gives_its_credits_back,
    returns_that_cannot_be,
    a_hundred_returns_and_cancellations_at_once_are_one,
}

/// What a partner came to on a day, and its sales: without what tells entries apart.
async fn sums(app: &TestApp, day: &str) -> Value {
    json!({ "partner": app.partner_on("nordwind", day).await, "target": sales_target(app, 2026).await })
}

async fn o7_a_return_takes_the_order_out_of_sales_target_level_and_balance(backend: Backend) {
    let app = shop(backend, "2026-01-10").await;
    app.target("nordwind", 2026, "1000.00", "EUR").await;
    let [first, second] = [app.place(&courses(6)).await, app.place(&courses(5)).await];
    let app = app.restart("2026-06-30").await;
    app.fulfill(&first, "2026-02-02").await;
    let before = sums(&app, "2026-06-30").await;
    app.fulfill(&second, "2026-03-03").await;
    assert_eq!(sales_target(&app, 2026).await["reachedOn"], "2026-03-03");
    assert_eq!(app.partner_on("nordwind", "2026-03-03").await["standing"]["overall"]["code"], "COLLABORATOR");
    let returned = app.give_back(&second, "2026-05-05").await;
    assert_eq!((&returned["status"], &returned["returnedOn"]), (&json!("RETURNED"), &json!("2026-05-05")));
    assert_eq!(returned["fulfilledOn"], "2026-03-03", "it was fulfilled all the same");
    assert_eq!(sums(&app, "2026-06-30").await, before);
    assert_eq!(app.partner_on("nordwind", "2026-03-03").await["standing"]["overall"]["code"], "MEMBER");
    let ledger = app.ledger("nordwind").await;
    let [award, reversal] = &ledger[..] else { panic!("two entries: {ledger:?}") };
    let said = |entry: &Value| {
        let words = ["effectiveOn", "reason", "kind"].map(|field| entry[field].clone());
        (words, entry["levelCredits"].clone(), entry["order"]["number"].clone())
    };
    let words = |reason: &str| ["2026-03-03", reason, "SALES_TARGET_ACHIEVED"].map(|word| json!(word));
    assert_eq!(said(award), (words("ACTIVITY"), json!(50), second["number"].clone()));
    assert_eq!(said(reversal), (words("VOID"), json!(-50), second["number"].clone()));
    let sentence = reversal["explanation"].as_str().expect("a sentence");
    assert!(
        sentence.contains("taken back, because EUR 600.00 sold is below the target of EUR 1000.00"),
        "{sentence}"
    );
    // Who, when and why is on the order.
    let query = "query($number: String!) { order(number: $number) { returned { on at by reason } cancelled { on } } }";
    let found = app.ok(query, json!({ "number": second["number"] })).await["order"].clone();
    assert_eq!((&found["returned"]["on"], &found["cancelled"]), (&json!("2026-05-05"), &Value::Null));
    assert_eq!(found["returned"]["reason"], "never installed");
    assert_eq!(found["returned"]["by"], "bootstrap");
    // And in the feed.
    let events =
        "{ events(types: [ORDER_RETURNED], first: 10) { nodes { occurredOn data order { number } } } }";
    let events = app.ok(events, Value::Null).await["events"]["nodes"].clone();
    assert_eq!(events[0]["data"]["order"]["status"], "RETURNED");
    assert_eq!((&events[0]["occurredOn"], &events[1]), (&json!("2026-05-05"), &Value::Null));
    verified(app.services()).await;
    // The whole of the year comes back: nothing is left of its sales.
    app.give_back(&first, "2026-06-30").await;
    let target = sales_target(&app, 2026).await;
    assert_eq!((&target["sold"]["amount"], &target["reached"]), (&json!("0.00"), &json!(false)));
    verified(app.services()).await;
}

async fn o7_a_return_moves_the_target_to_the_day_without_the_order(backend: Backend) {
    let app = shop(backend, "2026-01-10").await;
    let orders = [app.place(&courses(6)).await, app.place(&courses(5)).await, app.place(&courses(7)).await];
    let app = app.restart("2026-06-30").await;
    app.target("nordwind", 2026, "1000.00", "EUR").await;
    for (order, on) in orders.iter().zip(["2026-02-02", "2026-03-03", "2026-05-05"]) {
        app.fulfill(order, on).await;
    }
    assert_eq!(sales_target(&app, 2026).await["reachedOn"], "2026-03-03");
    app.give_back(&orders[1], "2026-06-30").await;
    assert_eq!(sales_target(&app, 2026).await["reachedOn"], "2026-05-05");
    // day, business credits of the year so far
    for (day, credits) in [("2026-03-03", 0), ("2026-05-04", 0), ("2026-05-05", 50), ("2026-06-30", 50)] {
        assert_eq!(app.credits_on("nordwind", day).await, (0, credits), "{day}");
    }
    let ledger = app.ledger("nordwind").await;
    let last = ledger.last().expect("an entry");
    assert_eq!((&last["reason"], &last["effectiveOn"]), (&json!("CORRECTION"), &json!("2026-05-05")));
    let sentence = ledger[1]["explanation"].as_str().expect("a sentence");
    assert!(sentence.contains("because without a returned order"), "{sentence}");
    assert_eq!(app.balance("nordwind").await, 50);
    verified(app.services()).await;
}

async fn o7_a_return_moves_no_target_beyond_the_end_of_a_partnership(backend: Backend) {
    let app = shop(backend, "2026-01-10").await;
    let orders = [app.place(&courses(9)).await, app.place(&courses(9)).await];
    let app = app.restart("2026-06-30").await;
    app.target("nordwind", 2026, "500.00", "EUR").await;
    app.fulfill(&orders[0], "2026-02-02").await;
    app.done("endPartnership", json!({ "partner": "nordwind", "on": "2026-02-28", "reason": "it left" }))
        .await;
    app.fulfill(&orders[1], "2026-05-05").await;
    assert_eq!(app.balance("nordwind").await, 50);
    app.give_back(&orders[0], "2026-06-30").await;
    assert_eq!(sales_target(&app, 2026).await["reached"], json!(false));
    let ledger = app.ledger("nordwind").await;
    let [_, reversal] = &ledger[..] else { panic!("an award and its reversal: {ledger:?}") };
    assert_eq!((&reversal["levelCredits"], &reversal["effectiveOn"]), (&json!(-50), &json!("2026-02-02")));
    verified(app.services()).await;
}

async fn o7_an_order_for_own_use_gives_its_credits_back(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner_with("nordwind", 120).await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    let order = app.place(&Order::self_use("nordwind").line("course", 4).credits(70)).await;
    app.fulfill(&order, "2026-08-31").await;
    assert_eq!(app.balance("nordwind").await, 50);
    app.give_back(&order, "2026-08-31").await;
    assert_eq!(app.balance("nordwind").await, 120);
    let ledger = app.ledger("nordwind").await;
    let last = ledger.last().expect("an entry");
    assert_eq!((&last["reason"], &last["track"]), (&json!("REDEMPTION_RETURNED"), &Value::Null));
    let sentence = last["explanation"].as_str().expect("a text");
    assert!(sentence.contains("from returned order") && sentence.contains("50 + 70 = 120"), "{sentence}");
    // The key belongs to the order still.
    verified(app.services()).await;
}

async fn returns_that_cannot_be(backend: Backend) {
    let app = shop(backend, "2026-01-10").await;
    let [placed, cancelled, fulfilled] =
        [app.place(&courses(1)).await, app.place(&courses(1)).await, app.place(&courses(1)).await];
    app.cancel(&cancelled).await;
    let app = app.restart("2026-06-30").await;
    app.fulfill(&fulfilled, "2026-03-03").await;
    let input = |order: &Value, on: &str, reason: &str| json!({ "number": order["number"], "returnedOn": on, "reason": reason });
    let day = "2026-06-30";
    // input, code, field, what the message holds
    let table = [
        (input(&placed, day, "x"), "WRONG_STATE", "number", "cancel it instead"),
        (input(&cancelled, day, "x"), "WRONG_STATE", "number", "was cancelled on 2026-01-10"),
        (json!({ "number": "O-0", "returnedOn": day, "reason": "x" }), "NOT_FOUND", "number", "O-0"),
        (input(&fulfilled, "2026-03-02", "x"), "INVALID", "returnedOn", "2026-03-03"),
        (input(&fulfilled, "2026-07-01", "x"), "DATE_IN_FUTURE", "returnedOn", "2026-06-30"),
        (input(&fulfilled, day, "  "), "INVALID", "reason", "1 to 2000"),
    ];
    let before = everything(app.reader()).await;
    for (input, code, field, words) in table {
        let payload = app.mutate("returnOrder", input.clone()).await;
        let (found, path, message) = refusal(&payload);
        assert_eq!((found.as_str(), path.as_str()), (code, field), "{input}: {message}");
        assert!(message.contains(words), "{message}");
        assert!(everything(app.reader()).await == before, "{input} changed something");
    }
    app.give_back(&fulfilled, "2026-03-03").await;
    for (mutation, input) in [
        ("returnOrder", input(&fulfilled, day, "x")),
        ("cancelOrder", json!({ "number": fulfilled["number"] })),
        ("fulfillOrder", json!({ "number": fulfilled["number"], "fulfilledOn": day })),
    ] {
        let (code, _, message) = refusal(&app.mutate(mutation, input).await);
        assert_eq!(code, "WRONG_STATE", "{mutation}");
        assert!(message.contains("was returned on 2026-03-03"), "{message}");
    }
}

async fn a_hundred_returns_and_cancellations_at_once_are_one(backend: Backend) {
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner_with("nordwind", 500).await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    let order = app.place(&Order::self_use("nordwind").line("course", 4).credits(70)).await;
    let number = &order["number"];
    // While it is fulfilled, it is cancelled or returned: one of the two comes to pass, after or instead of it.
    let rivals = (0..100).map(|place| {
        let app = &app;
        async move {
            let (mutation, input) = match place % 3 {
                0 => ("cancelOrder", json!({ "number": number })),
                1 => ("returnOrder", json!({ "number": number, "reason": "x", "returnedOn": "2026-08-31" })),
                _ => ("fulfillOrder", json!({ "number": number, "fulfilledOn": "2026-08-31" })),
            };
            (mutation, app.refusals(mutation, input).await)
        }
    });
    let answers = join_all(rivals).await;
    let done = |name: &str| answers.iter().filter(|(of, codes)| *of == name && codes.is_empty()).count();
    let (cancelled, fulfilled, mut returned) =
        (done("cancelOrder"), done("fulfillOrder"), done("returnOrder"));
    assert_eq!(cancelled + fulfilled, 1, "{answers:?}");
    assert!(returned <= fulfilled, "{answers:?}");
    assert!(answers.iter().all(|(_, codes)| codes.is_empty() || codes[..] == ["WRONG_STATE"]), "{answers:?}");
    if fulfilled == 1 && returned == 0 {
        app.give_back(&order, "2026-08-31").await;
        returned = 1;
    }
    assert_eq!(cancelled + returned, 1);
    assert_eq!(app.balance("nordwind").await, 500, "the credits came back once");
    verified(app.services()).await;
}
