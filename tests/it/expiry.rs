//! Credits and Dojo Credits expire where an edition says so (PROGRAM.md, section 2 and E6), with notices before (F4).

use partner_program::program::edition::BUILT_IN;
use serde_json::{Value, json};

use crate::editions::live::with_editions;
use crate::events::{feed, latest};
use crate::harness::deals::swag;
use crate::harness::{Activity, Backend, Order, TestApp, refusal, verified};
use crate::publishing::published;
use crate::trials::tried;

both! {
    pp_e6_credits_expire_once_each_on_its_own_day_also_after_downtime,
    pp_e6_an_order_never_spends_what_has_expired,
    pp_e6_an_order_and_the_task_at_once_let_expire_once,
    pp_e6_what_comes_back_after_it_has_expired_expires_then,
    pp_e6_what_a_quote_holds_does_not_expire_before_its_order,
    pp_e6_dojo_credits_expire_and_are_not_spent,
    pp_e6_lots_say_what_is_left_and_what_paid_an_order,
    pp_e6_a_merged_partner_has_what_has_not_expired,
    e2_a_trial_of_another_expiry_differs,
    e3_an_edition_that_is_published_later_leaves_what_was_promised,
    f4_credits_are_announced_before_they_expire,
}

/// The built-in document with expiry.
fn expiring(credits: &str, dojo_credits: &str) -> String {
    format!("{BUILT_IN}\n[credits]\n{credits}\n\n[dojo_credits]\n{dojo_credits}\n")
}

/// Credits expire after a year, Dojo Credits at the end of the next one.
fn yearly() -> String {
    expiring("expire_after_months = 12", "expire_at_end_of_following_year = 1")
}

async fn app(backend: Backend, today: &str) -> TestApp {
    let app = with_editions(backend, &[yearly()], today).await;
    app.partner("nordwind", "2024-06-01").await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    app
}

/// Lets happen what is due; twice, to see that it happens once.
async fn due(app: &TestApp) {
    for _ in 0..2 {
        app.services().emit_time_based_events().await.expect("what is due");
    }
}

fn course(credits: i64) -> Order {
    Order::self_use("nordwind").line("course", 10).credits(credits)
}

/// Day, credits and balance of the entries by which something expired or came back from that.
async fn expired(app: &TestApp, code: &str) -> Vec<(String, i64, i64)> {
    let mut found = Vec::new();
    for entry in app.ledger(code).await.iter().filter(|entry| entry["reason"] == "EXPIRY") {
        assert!(entry["track"].is_null() && entry["kind"].is_null(), "{entry}");
        assert_eq!(entry["levelCredits"], 0, "{entry}");
        let on = entry["effectiveOn"].as_str().expect("a day").to_owned();
        let number = |name: &str| entry[name].as_i64().expect("a number");
        found.push((on, number("spendableCredits"), number("balanceAfter")));
    }
    found
}

fn entries(expected: &[(&str, i64, i64)]) -> Vec<(String, i64, i64)> {
    expected.iter().map(|(on, credits, after)| ((*on).to_owned(), *credits, *after)).collect()
}

/// Days and credits of the events after one.
async fn events(app: &TestApp, after: i64, kind: &str) -> Vec<Value> {
    let found = feed(app, after).await.into_iter().filter(|event| event["type"] == kind);
    found
        .map(|event| {
            assert!(event["data"]["reason"].is_null(), "{event}");
            json!([event["occurredOn"], event["data"]])
        })
        .collect()
}

async fn pp_e6_credits_expire_once_each_on_its_own_day_also_after_downtime(backend: Backend) {
    let mut app = app(backend, "2024-09-01").await;
    app.earn("nordwind", "2024-06-10", 30).await;
    app.earn("nordwind", "2024-08-01", 20).await;
    app.place(&course(10)).await;
    let levels = app.credits_on("nordwind", "2024-09-01").await;
    app = app.restart("2025-06-09").await;
    due(&app).await;
    assert_eq!((app.balance("nordwind").await, expired(&app, "nordwind").await), (40, Vec::new()));
    // The first day on which they can't be spent.
    let last = latest(&app).await;
    app = app.restart("2025-06-10").await;
    due(&app).await;
    let first = entries(&[("2025-06-10", -20, 20)]);
    assert_eq!(expired(&app, "nordwind").await, first);
    let told = json!({
        "actor": "server", "partner": "nordwind",
        "expired": { "credits": 20, "lots": [{ "earnedOn": "2024-06-10", "credits": 20 }], "balanceAfter": 20 },
    });
    assert_eq!(events(&app, last, "CREDITS_EXPIRED").await, [json!(["2025-06-10", told])]);
    let sentence = app.ledger("nordwind").await.pop().expect("an entry")["explanation"].clone();
    assert_eq!(
        sentence,
        "20 credits earned on 2024-06-10 could be spent for 12 months, through 2025-06-09: balance 40 - 20 = 20."
    );
    verified(app.services()).await;
    // Months without a server: what was due on several days, each on its own.
    app.earn("nordwind", "2025-02-01", 7).await;
    app.earn("nordwind", "2025-03-01", 5).await;
    let last = latest(&app).await;
    app = app.restart("2026-02-15").await;
    due(&app).await;
    let all = entries(&[("2025-06-10", -20, 20), ("2025-08-01", -20, 12), ("2026-02-01", -7, 5)]);
    assert_eq!(expired(&app, "nordwind").await, all);
    let days: Vec<Value> =
        events(&app, last, "CREDITS_EXPIRED").await.iter().map(|one| one[0].clone()).collect();
    assert_eq!(days, ["2025-08-01", "2026-02-01"]);
    assert_eq!(app.credits_on("nordwind", "2024-09-01").await, levels);
    // What is reported late for a day whose credits have expired does so at once, on that day.
    app.earn("nordwind", "2024-12-24", 9).await;
    due(&app).await;
    let late = expired(&app, "nordwind").await.pop().expect("an entry");
    assert_eq!(late, ("2025-12-24".to_owned(), -9, 5));
    // Opening, movements and closing of a year with expiries.
    let query = "{ statement(partner: \"nordwind\", from: \"2025-01-01\", to: \"2025-12-31\") { opening closing \
        sums { reason spendableCredits } } programReport(from: \"2025-01-01\", to: \"2025-12-31\") { \
        credits { reason spendableCredits } unspent { year credits } } }";
    let found = app.ok(query, json!({})).await;
    let statement = &found["statement"];
    assert_eq!((&statement["opening"], &statement["closing"]), (&json!(49), &json!(12)), "{statement}");
    let is_expiry = |sum: &&Value| sum["reason"] == "EXPIRY";
    for sums in [&statement["sums"], &found["programReport"]["credits"]] {
        let sums: Vec<&Value> = sums.as_array().expect("a list").iter().filter(is_expiry).collect();
        assert_eq!(sums.len(), 1, "{found}");
        assert_eq!(sums[0]["spendableCredits"], -49, "{found}");
    }
    assert_eq!(found["programReport"]["unspent"], json!([{ "year": 2025, "credits": 5 }]));
    verified(app.services()).await;
}

async fn pp_e6_an_order_never_spends_what_has_expired(backend: Backend) {
    let mut app = app(backend, "2024-09-01").await;
    app.earn("nordwind", "2024-06-10", 30).await;
    app.earn("nordwind", "2024-08-01", 20).await;
    app = app.restart("2025-06-10").await;
    // Whether or not the task was first: a quote, a saved one, and an order.
    assert_eq!(app.quoted(&course(0)).await["usableCredits"], 20);
    let refused = refusal(&app.quote(&course(21)).await);
    assert_eq!(refused.0, "CREDITS_OVER_BALANCE", "{refused:?}");
    let refused = refusal(&app.mutate("placeOrder", course(21).fresh()).await);
    assert_eq!(refused.0, "CREDITS_OVER_BALANCE", "{refused:?}");
    app.place(&course(20)).await;
    assert_eq!(app.balance("nordwind").await, 0);
    due(&app).await;
    assert_eq!(expired(&app, "nordwind").await, entries(&[("2025-06-10", -30, 20)]));
    verified(app.services()).await;
}

async fn pp_e6_an_order_and_the_task_at_once_let_expire_once(backend: Backend) {
    let mut app = app(backend, "2024-09-01").await;
    let days = ["2025-06-10", "2025-06-11", "2025-06-12"];
    for on in days {
        app.partner(on, "2024-06-01").await;
        app.earn(on, &on.replace("2025", "2024"), 10).await;
        app.earn(on, "2024-08-31", 5).await;
    }
    for on in days {
        app = app.restart(on).await;
        let other = app.another(on).await;
        let order = |credits: i64| Order::self_use(on).line("course", 10).credits(credits).fresh();
        let (task, order, too_much) = tokio::join!(
            other.services().emit_time_based_events(),
            app.mutate("placeOrder", order(5)),
            app.mutate("placeOrder", order(6)),
        );
        task.expect("what is due");
        assert_eq!(order["userErrors"], json!([]), "{on}");
        assert_eq!(refusal(&too_much).0, "CREDITS_OVER_BALANCE", "{on}");
        other.stop().await;
        let found = expired(&app, on).await;
        assert!(found == entries(&[(on, -10, 5)]), "{on}: {found:?}");
        verified(app.services()).await;
    }
}

async fn pp_e6_what_comes_back_after_it_has_expired_expires_then(backend: Backend) {
    let mut app = app(backend, "2024-09-01").await;
    let meetings =
        app.record(Activity::of_partner("nordwind", "CUSTOMER_MEETING", "2024-06-10").quantity(30)).await;
    app.earn("nordwind", "2024-08-01", 20).await;
    let first = app.place(&course(10)).await;
    let second = app.place(&course(5)).await;
    app.fulfill(&second, "2024-09-01").await;
    app = app.restart("2025-06-20").await;
    due(&app).await;
    assert_eq!(expired(&app, "nordwind").await, entries(&[("2025-06-10", -15, 20)]));
    // Cancelled and returned: they come back, and expire on that day.
    app.cancel(&first).await;
    app.give_back(&second, "2025-06-15").await;
    let all = entries(&[("2025-06-10", -15, 20), ("2025-06-20", -10, 20), ("2025-06-15", -5, 20)]);
    assert_eq!(expired(&app, "nordwind").await, all);
    verified(app.services()).await;
    // What was taken back after it had expired was not there to expire.
    app.void(&meetings).await;
    assert_eq!(app.balance("nordwind").await, 20);
    let back = expired(&app, "nordwind").await.pop().expect("an entry");
    assert_eq!(back, ("2025-06-10".to_owned(), 30, 20));
    let sentence = app.ledger("nordwind").await.pop().expect("an entry")["explanation"].clone();
    assert_eq!(
        sentence,
        "Expired credits of 2024-06-10 come back, since their award was taken back: balance -10 + 30 = 20."
    );
    due(&app).await;
    assert_eq!(app.balance("nordwind").await, 20);
    verified(app.services()).await;
}

async fn pp_e6_what_a_quote_holds_does_not_expire_before_its_order(backend: Backend) {
    let mut app = app(backend, "2024-09-01").await;
    app.earn("nordwind", "2024-06-10", 30).await;
    let document = "mutation($input: SaveQuoteInput!) { saveQuote(input: $input) { savedQuote { number } userErrors { message } } }";
    let mut numbers = Vec::new();
    for (credits, until) in [(8, "2025-07-31"), (6, "2025-06-30")] {
        let input = json!({ "order": course(credits).input(), "validUntil": until, "hold": true });
        numbers.push(
            app.ok(document, json!({ "input": input })).await["saveQuote"]["savedQuote"]["number"].clone(),
        );
    }
    // The rest expires on its day, and what the second quote held after its last day.
    app = app.restart("2025-07-15").await;
    due(&app).await;
    let all = entries(&[("2025-06-10", -16, 0), ("2025-07-01", -6, 0)]);
    assert_eq!(expired(&app, "nordwind").await, all);
    let place = "mutation($quote: String!) { placeOrder(input: { quote: $quote, idempotencyKey: \"k\" }) { \
        order { credits } userErrors { message } } }";
    let placed = app.ok(place, json!({ "quote": numbers[0] })).await;
    assert_eq!(placed["placeOrder"]["order"]["credits"], 8, "{placed}");
    due(&app).await;
    assert_eq!((app.balance("nordwind").await, expired(&app, "nordwind").await), (0, all));
    verified(app.services()).await;
    // With the editions in force, a trial differs in nothing.
    let trial = tried(&app, &yearly(), "2024-05-01", "2025-07-15").await;
    assert_eq!(trial["subjects"]["totalCount"], 0, "{trial}");
}

async fn dojo_credits(app: &TestApp) -> i64 {
    app.professional_on("ada", "2024-12-31").await["dojoCredits"].as_i64().expect("Dojo Credits")
}

async fn pp_e6_dojo_credits_expire_and_are_not_spent(backend: Backend) {
    let mut app = app(backend, "2024-12-31").await;
    app.professional("ada", "2024-06-01").await;
    let recorded = async |app: &TestApp, on: &str, points: i64| {
        app.record(Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", on).points(points)).await
    };
    let first = recorded(&app, "2024-06-10", 500).await;
    recorded(&app, "2024-12-31", 300).await;
    app.item("mug", 200, 10).await;
    let ordered = app.done("placeSwagOrder", swag("ada", "mug", 1, "k1")).await["swagOrder"].clone();
    app = app.restart("2025-02-01").await;
    recorded(&app, "2025-02-01", 250).await;
    app = app.restart("2025-12-31").await;
    due(&app).await;
    assert_eq!(dojo_credits(&app).await, 850);
    let last = latest(&app).await;
    app = app.restart("2026-01-01").await;
    let refused = refusal(&app.mutate("placeSwagOrder", swag("ada", "mug", 2, "k2")).await);
    assert_eq!(refused.0, "CREDITS_OVER_BALANCE", "{refused:?}");
    due(&app).await;
    assert_eq!(dojo_credits(&app).await, 250);
    let told = events(&app, last, "CREDITS_EXPIRED").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0][0], &told[0][1]["expired"]["credits"]), (&json!("2026-01-01"), &json!(600)));
    // The order of 2024 comes back, and expires; so does what was voided after it had expired.
    app.done("cancelSwagOrder", json!({ "number": ordered["number"] })).await;
    assert_eq!(dojo_credits(&app).await, 250);
    app.done("placeSwagOrder", swag("ada", "mug", 1, "k3")).await;
    app.void(&first).await;
    assert_eq!(dojo_credits(&app).await, 50);
    let points = app.professional_on("ada", "2025-02-01").await["standing"]["points"].clone();
    assert_eq!(points, 550);
    verified(app.services()).await;
}

async fn pp_e6_lots_say_what_is_left_and_what_paid_an_order(backend: Backend) {
    let mut app = app(backend, "2024-09-01").await;
    app.professional("ada", "2024-06-01").await;
    app.record(Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", "2024-06-10").points(500)).await;
    app.item("mug", 200, 10).await;
    app.done("placeSwagOrder", swag("ada", "mug", 1, "k1")).await;
    app.earn("nordwind", "2024-06-10", 30).await;
    app.earn("nordwind", "2024-08-01", 20).await;
    let first = app.place(&course(25)).await;
    let lots = async |app: &TestApp| {
        let lot = "{ earnedOn credits expiresOn }";
        let query = format!(
            "{{ partner(code: \"nordwind\") {{ creditLots {lot} orders(first: 10) {{ nodes {{ credits paidWith {lot} }} }} }} \
             professional(code: \"ada\") {{ dojoCreditLots {lot} swagOrders(first: 10) {{ nodes {{ paidWith {lot} }} }} }} }}"
        );
        app.ok(&query, json!({})).await
    };
    let lot = |on: &str, credits: i64, expires_on: &str| json!({ "earnedOn": on, "credits": credits, "expiresOn": expires_on });
    let found = lots(&app).await;
    let june = |credits: i64| lot("2024-06-10", credits, "2025-06-10");
    let august = |credits: i64| lot("2024-08-01", credits, "2025-08-01");
    assert_eq!(found["partner"]["creditLots"], json!([june(5), august(20)]));
    assert_eq!(found["partner"]["orders"]["nodes"], json!([{ "credits": 25, "paidWith": [june(25)] }]));
    let of_ada = |credits: i64| lot("2024-06-10", credits, "2026-01-01");
    assert_eq!(found["professional"]["dojoCreditLots"], json!([of_ada(300)]));
    assert_eq!(found["professional"]["swagOrders"]["nodes"], json!([{ "paidWith": [of_ada(200)] }]));
    // After the rest of June has expired, August pays; the first order gives back what it was paid with, which expires.
    app = app.restart("2025-06-20").await;
    app.place(&course(15)).await;
    app.cancel(&first).await;
    let found = lots(&app).await;
    assert_eq!(found["partner"]["creditLots"], json!([august(5)]));
    let orders = json!([
        { "credits": 25, "paidWith": [june(25)] },
        { "credits": 15, "paidWith": [august(15)] },
    ]);
    assert_eq!(found["partner"]["orders"]["nodes"], orders);
    let all = entries(&[("2025-06-10", -5, 20), ("2025-06-20", -25, 5)]);
    assert_eq!(expired(&app, "nordwind").await, all);
    verified(app.services()).await;
    // Where nothing expires, lots have no end.
    let app = TestApp::start(backend, "2026-08-31").await;
    app.partner_with("nordwind", 40).await;
    let query = "{ partner(code: \"nordwind\") { creditLots { earnedOn credits expiresOn } } }";
    let found = app.ok(query, json!({})).await;
    let forever = json!([{ "earnedOn": "2024-06-10", "credits": 40, "expiresOn": null }]);
    assert_eq!(found["partner"]["creditLots"], forever);
}

async fn pp_e6_a_merged_partner_has_what_has_not_expired(backend: Backend) {
    let mut app = app(backend, "2024-09-01").await;
    app.partner("nord-wind", "2024-06-01").await;
    for (code, credits) in [("nordwind", 30), ("nord-wind", 12)] {
        app.earn(code, "2024-06-10", credits).await;
        app.earn(code, "2024-08-01", 20).await;
    }
    app.place(&course(10)).await;
    app = app.restart("2025-06-20").await;
    due(&app).await;
    let balances = (app.balance("nordwind").await, app.balance("nord-wind").await);
    assert_eq!(balances, (20, 20));
    let merge = json!({ "from": "nord-wind", "into": "nordwind", "reason": "enrolled twice" });
    app.done("mergePartners", merge).await;
    due(&app).await;
    assert_eq!(app.balance("nordwind").await, 40);
    verified(app.services()).await;
    app = app.restart("2025-08-01").await;
    due(&app).await;
    assert_eq!(app.balance("nordwind").await, 0);
    verified(app.services()).await;
}

async fn e2_a_trial_of_another_expiry_differs(backend: Backend) {
    let mut app = app(backend, "2024-09-01").await;
    app.earn("nordwind", "2024-06-10", 30).await;
    app.place(&course(10)).await;
    app.earn("nordwind", "2024-08-01", 20).await;
    app = app.restart("2025-07-01").await;
    due(&app).await;
    assert_eq!(app.balance("nordwind").await, 20);
    // document, balance by it
    let table = [
        (expiring("", ""), 40),
        (expiring("expire_after_months = 11", ""), 0),
        (expiring("expire_at_end_of_following_year = 1", ""), 40),
        // Before the order, 30 had expired already: what is earned later pays for it.
        (expiring("expire_after_months = 2", ""), 0),
    ];
    for (document, balance) in table {
        let trial = tried(&app, &document, "2024-05-01", "2025-07-01").await;
        let subjects = &trial["subjects"]["nodes"];
        assert_eq!(subjects.as_array().map(Vec::len), Some(1), "{trial}");
        assert_eq!(subjects[0]["difference"], balance - 20, "{trial}");
        let balances = (&subjects[0]["before"]["balance"], &subjects[0]["after"]["balance"]);
        assert_eq!(balances, (&json!(20), &json!(balance)), "{trial}");
    }
}

async fn e3_an_edition_that_is_published_later_leaves_what_was_promised(backend: Backend) {
    let mut app = TestApp::start(backend, "2024-09-10").await;
    app.partner("nordwind", "2024-06-01").await;
    app.earn("nordwind", "2024-06-10", 30).await;
    let legacy = BUILT_IN.find("[legacy]").expect("a section");
    let rest = legacy + BUILT_IN[legacy..].find("\n\n").expect("its end");
    let document = |months: u32| {
        let document = format!("{}{}", &BUILT_IN[..legacy], &BUILT_IN[rest..]);
        format!("{document}\n[credits]\nexpire_after_months = {months}\n")
    };
    published(&app, &document(3), "2024-10-01").await;
    app = app.restart("2024-10-05").await;
    due(&app).await;
    app.earn("nordwind", "2024-10-05", 20).await;
    published(&app, &document(1), "2024-11-01").await;
    app = app.restart("2024-11-02").await;
    app.earn("nordwind", "2024-11-02", 7).await;
    app = app.restart("2025-06-30").await;
    due(&app).await;
    let all = entries(&[("2024-12-02", -7, 50), ("2025-01-05", -20, 30)]);
    assert_eq!(expired(&app, "nordwind").await, all);
    let query = "query($on: Date!) { edition(asOf: $on) { creditExpiry { afterMonths atEndOfFollowingYear } \
        dojoCreditExpiry { afterMonths atEndOfFollowingYear } } }";
    for (on, months) in [("2024-09-01", Value::Null), ("2024-10-01", json!(3)), ("2024-11-01", json!(1))] {
        let edition = app.ok(query, json!({ "on": on })).await["edition"].clone();
        assert_eq!(edition["creditExpiry"], json!({ "afterMonths": months, "atEndOfFollowingYear": null }));
        assert_eq!(edition["dojoCreditExpiry"], json!({ "afterMonths": null, "atEndOfFollowingYear": null }));
    }
    verified(app.services()).await;
}

/// Credits that end, in how many days, and their last day.
type Ending = (i64, i64, &'static str);

async fn f4_credits_are_announced_before_they_expire(backend: Backend) {
    let mut app = app(backend, "2024-09-01").await;
    app.professional("ada", "2024-06-01").await;
    app.record(Activity::of_professional("ada", "DOCS_LARGE_CONTRIBUTION", "2024-06-10").points(500)).await;
    app.earn("nordwind", "2024-06-10", 30).await;
    app.earn("nordwind", "2024-06-20", 5).await;
    due(&app).await;
    let mut last = latest(&app).await;
    let notices = async |app: &TestApp, last: i64| {
        due(app).await;
        let found = events(app, last, "CREDITS_ENDING").await;
        let shown = found.iter().map(|one| {
            let notice = &one[1]["notice"];
            json!([notice["credits"], notice["days"], notice["endsOn"]])
        });
        shown.collect::<Vec<Value>>()
    };
    // day, credits spent on it before, notices: credits, days, last day
    let table: [(&str, i64, &[Ending]); 8] = [
        ("2025-04-09", 0, &[]),
        ("2025-04-10", 0, &[(30, 60, "2025-06-09")]),
        ("2025-04-11", 0, &[]),
        ("2025-04-20", 0, &[(5, 60, "2025-06-19")]),
        // What is spent meanwhile does not expire.
        ("2025-05-10", 28, &[(2, 30, "2025-06-09")]),
        // After downtime, the nearest one.
        ("2025-06-15", 0, &[(5, 7, "2025-06-19")]),
        ("2025-06-20", 0, &[]),
        ("2026-12-24", 0, &[]),
    ];
    for (on, spent, expected) in table {
        if spent > 0 {
            app.place(&course(spent)).await;
        }
        app = app.restart(on).await;
        let expected: Vec<Value> =
            expected.iter().map(|(credits, days, ends)| json!([credits, days, ends])).collect();
        // Dojo Credits ended while no server ran.
        assert_eq!(notices(&app, last).await, expected, "{on}");
        last = latest(&app).await;
    }
    verified(app.services()).await;
}
