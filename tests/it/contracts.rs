//! Contracts: they govern their categories for their days, whatever the level (L2, K1).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{
    Backend, Order, TestApp, amount, contract, everything, problems, refusal, user_errors, verified,
};

both! {
    l2_a_contract_governs_from_its_first_through_its_last_day,
    l2_base_discounts_of_a_day_and_of_a_moment,
    contracts_never_overlap_in_a_category,
    contracts_that_cannot_be,
    contracts_are_listed_by_their_first_days,
    of_contracts_at_once_that_overlap_one_is_recorded,
    l2_a_contract_ends_on_another_day_or_never_was,
    l2_both_rates_are_shown,
    ends_of_contracts_that_cannot_be,
}

const TODAY: &str = "2026-08-31";

/// First and last day.
type Days = (&'static str, &'static str);

async fn creator(backend: Backend, today: &str) -> TestApp {
    let app = TestApp::start(backend, today).await;
    app.partner("nordwind", "2024-06-01").await;
    app.earn("nordwind", "2026-02-01", 80).await;
    app
}

async fn l2_a_contract_governs_from_its_first_through_its_last_day(backend: Backend) {
    let mut app = creator(backend, "2026-03-09").await;
    app.product("license", "LICENSE", &[("100.00", "EUR")]).await;
    app.product("support", "SUPPORT_SERVICE", &[("100.00", "EUR")]).await;
    // The level's 20 percent is better; the contract governs all the same.
    app.contract("nordwind", "frame", ("2026-03-10", "2026-03-11"), &[("LICENSE", "12.5")]).await;
    app.contract("nordwind", "next", ("2026-03-12", "2026-03-12"), &[("LICENSE", "1")]).await;
    // day, net amount of the licence, the contract
    let table = [
        ("2026-03-09", "80.00", None),
        ("2026-03-10", "87.50", Some("frame")),
        ("2026-03-11", "87.50", Some("frame")),
        ("2026-03-12", "99.00", Some("next")),
        ("2026-03-13", "80.00", None),
    ];
    for (day, net, reference) in table {
        app = app.restart(day).await;
        let order = Order::for_customer("nordwind").line("license", 1).line("support", 1);
        for priced in [app.quoted(&order).await, app.place(&order).await] {
            let [license, support] = [&priced["lines"][0], &priced["lines"][1]];
            assert_eq!(priced["placedOn"], day);
            assert_eq!((amount(license, "net"), amount(support, "net")), (net, "80.00"), "{day}");
            assert_eq!(license["contract"]["reference"].as_str(), reference, "{day}");
            assert_eq!(support["discountSource"], "LEVEL", "{day}");
        }
    }
}

/// Percent and contract of each category, as in the standing of a day.
async fn discounts(app: &TestApp, day: &str, known_at: &Value) -> Vec<(String, String, Option<String>)> {
    let query = "query($day: Date, $at: DateTime) { partner(code: \"nordwind\") { \
        standing(asOf: $day, knownAt: $at) { baseDiscounts { category percent contract { reference } } } } }";
    let data = app.ok(query, json!({ "day": day, "at": known_at })).await;
    let rows = data["partner"]["standing"]["baseDiscounts"].as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let row = |row: &Value| {
        let (category, percent) = (text(&row["category"]), text(&row["percent"]));
        (category.expect("one"), percent.expect("one"), text(&row["contract"]["reference"]))
    };
    rows.iter().map(row).collect()
}

/// The discounts that a level alone gives.
fn by_level(percent: &str) -> Vec<(String, String, Option<String>)> {
    let row = |category: &str, percent: &str| (category.to_owned(), percent.to_owned(), None);
    vec![
        row("LICENSE", percent),
        row("USAGE_BASED_SERVICE", percent),
        row("SUPPORT_SERVICE", percent),
        row("TRAINING", "0"),
        row("CERTIFICATION", "0"),
    ]
}

async fn l2_base_discounts_of_a_day_and_of_a_moment(backend: Backend) {
    let app = creator(backend, TODAY).await;
    let before = app.ledger("nordwind").await[0]["recordedAt"].clone();
    let rates = [("LICENSE", "12.50"), ("TRAINING", "0.0001")];
    app.contract("nordwind", "frame", ("2026-02-10", "2026-03-10"), &rates).await;
    let mut governed = by_level("20");
    governed[0] = ("LICENSE".to_owned(), "12.5".to_owned(), Some("frame".to_owned()));
    governed[3] = ("TRAINING".to_owned(), "0.0001".to_owned(), Some("frame".to_owned()));
    // day, what holds that day
    let table = [
        ("2026-01-31", by_level("10")),
        ("2026-02-09", by_level("20")),
        ("2026-02-10", governed.clone()),
        ("2026-03-10", governed.clone()),
        ("2026-03-11", by_level("20")),
        (TODAY, by_level("20")),
    ];
    for (day, expected) in table {
        assert_eq!(discounts(&app, day, &Value::Null).await, expected, "{day}");
    }
    // Before it was recorded, the level's rate was all that was known.
    assert_eq!(discounts(&app, "2026-02-10", &before).await, by_level("20"));
    let later = json!("2026-09-01T00:00:00Z");
    assert_eq!(discounts(&app, "2026-02-10", &later).await, governed);
    // A contract of days to come shows when they have come.
    app.contract("nordwind", "to come", ("2026-09-01", "2026-09-30"), &[("LICENSE", "33")]).await;
    assert_eq!(discounts(&app, TODAY, &Value::Null).await, by_level("20"));
    let app = app.restart("2026-09-01").await;
    let now = discounts(&app, "2026-09-01", &Value::Null).await;
    assert_eq!((now[0].1.as_str(), now[0].2.as_deref()), ("33", Some("to come")));
}

async fn contracts_never_overlap_in_a_category(backend: Backend) {
    let app = creator(backend, TODAY).await;
    let rates = [("LICENSE", "30"), ("TRAINING", "5")];
    app.contract("nordwind", "frame", ("2026-03-10", "2026-03-20"), &rates).await;
    // first and last day, categories, where it overlaps
    let table: [(Days, &[&str], &[&str]); 9] = [
        (("2026-03-20", "2026-03-30"), &["LICENSE"], &["rates.0.category"]),
        (("2026-03-01", "2026-03-10"), &["CERTIFICATION", "TRAINING"], &["rates.1.category"]),
        (("2026-03-12", "2026-03-12"), &["SUPPORT_SERVICE", "LICENSE"], &["rates.1.category"]),
        (("2026-01-01", "2026-12-31"), &["TRAINING", "LICENSE"], &["rates.0.category", "rates.1.category"]),
        (("2026-03-10", "2026-03-20"), &["LICENSE"], &["rates.0.category"]),
        (("2026-03-01", "2026-03-09"), &["LICENSE", "TRAINING"], &[]),
        (("2026-03-21", "2026-03-31"), &["LICENSE", "TRAINING"], &[]),
        (("2026-03-01", "2026-03-31"), &["SUPPORT_SERVICE", "CERTIFICATION"], &[]),
        (("2026-03-21", "2026-03-21"), &["LICENSE"], &["rates.0.category"]),
    ];
    for (place, (days, categories, overlap)) in table.into_iter().enumerate() {
        let rates: Vec<(&str, &str)> = categories.iter().map(|category| (*category, "1")).collect();
        let input = contract("nordwind", &format!("other {place}"), days, &rates);
        let before = everything(app.reader()).await;
        let payload = app.mutate("recordContract", input).await;
        let expected = overlap.iter().map(|path| ("CONTRACT_OVERLAP".to_owned(), (*path).to_owned()));
        assert_eq!(problems(&payload), expected.collect::<Vec<_>>(), "{place}: {payload}");
        for error in user_errors(&payload) {
            let message = error["message"].as_str().expect("a message");
            let (other, days) = match place {
                8 => ("other 6", "from 2026-03-21 through 2026-03-31"),
                _ => ("frame", "from 2026-03-10 through 2026-03-20"),
            };
            let named = message.contains(&format!("Contract {other} ")) && message.contains(days);
            assert!(named, "{place}: {message}");
            assert!(everything(app.reader()).await == before, "{place} changed something");
        }
    }
    // Another partner's contracts are no matter.
    app.partner("suedwind", "2024-06-01").await;
    app.contract("suedwind", "frame", ("2026-03-10", "2026-03-20"), &rates).await;
}

async fn contracts_that_cannot_be(backend: Backend) {
    let app = creator(backend, TODAY).await;
    let days = ("2026-03-10", "2026-03-20");
    app.contract("nordwind", "frame", days, &[("LICENSE", "30")]).await;
    let good = [("TRAINING", "5")];
    let of = |reference: &str, days, rates: &[(&str, &str)]| contract("nordwind", reference, days, rates);
    let percent = |percent: &str| of("new", days, &[("TRAINING", percent)]);
    let table = [
        ("ALREADY_EXISTS", "reference", of("frame", ("2020-01-01", "2020-01-01"), &good)),
        ("ALREADY_EXISTS", "reference", of("  frame ", ("2020-01-01", "2020-01-01"), &good)),
        ("INVALID", "reference", of(" ", days, &good)),
        ("INVALID", "reference", of("a\u{7}b", days, &good)),
        ("INVALID", "reference", of(&"x".repeat(201), days, &good)),
        ("NOT_FOUND", "partner", contract("nobody", "new", days, &good)),
        ("NOT_FOUND", "partner", contract("", "new", days, &good)),
        ("INVALID", "endsOn", of("new", ("2026-03-10", "2026-03-09"), &good)),
        ("INVALID", "startsOn", of("new", ("1900-01-01", "2026-03-09"), &good)),
        ("INVALID", "endsOn", of("new", ("2026-01-01", "9999-12-31"), &good)),
        ("INVALID", "rates", of("new", days, &[])),
        ("INVALID", "rates.1.category", of("new", days, &[("TRAINING", "5"), ("TRAINING", "6")])),
        ("INVALID", "rates.0.percent", percent("-0.0001")),
        ("INVALID", "rates.0.percent", percent("100.0001")),
        ("INVALID", "rates.0.percent", percent("1.00001")),
        ("INVALID", "rates.0.percent", percent("79228162514264337593543950335")),
    ];
    let before = everything(app.reader()).await;
    for (code, path, input) in table {
        let payload = app.mutate("recordContract", input.clone()).await;
        assert_eq!(payload["partner"], Value::Null);
        let (found, field, message) = refusal(&payload);
        assert_eq!((found.as_str(), field.as_str()), (code, path), "{input}: {message}");
    }
    // More digits than a decimal holds are no request at all: they are never rounded away.
    let mutation =
        "mutation($input: RecordContractInput!) { recordContract(input: $input) { userErrors { code } } }";
    for digits in
        ["1e1", "5.", ".5", "NaN", "", "5.00000000000000000000000000001", "99999999999999999999999999999999"]
    {
        let answer = app.send(mutation, json!({ "input": percent(digits) })).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{digits}: {}", answer.text);
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
    // The ends of the range are rates.
    for (reference, category, percent) in
        [("a", "TRAINING", "0"), ("b", "SUPPORT_SERVICE", "100.0000"), ("c", "CERTIFICATION", "-0")]
    {
        app.contract("nordwind", reference, days, &[(category, percent)]).await;
    }
}

async fn contracts_are_listed_by_their_first_days(backend: Backend) {
    let app = creator(backend, TODAY).await;
    let rates = [("TRAINING", "7.50"), ("LICENSE", "30"), ("CERTIFICATION", "-0.0")];
    app.contract("nordwind", " later ", ("2030-01-01", "2030-12-31"), &rates).await;
    app.contract("nordwind", "earlier", ("2020-01-01", "2020-12-31"), &rates[..1]).await;
    let query = "{ partner(code: \"nordwind\") { contracts { reference startsOn endsOn rates { category percent } } } }";
    let contracts = app.ok(query, Value::Null).await["partner"]["contracts"].clone();
    let rate = |category: &str, percent: &str| json!({ "category": category, "percent": percent });
    let expected = json!([
        { "reference": "earlier", "startsOn": "2020-01-01", "endsOn": "2020-12-31",
          "rates": [rate("TRAINING", "7.5")] },
        { "reference": "later", "startsOn": "2030-01-01", "endsOn": "2030-12-31",
          "rates": [rate("LICENSE", "30"), rate("TRAINING", "7.5"), rate("CERTIFICATION", "0")] },
    ]);
    assert_eq!(contracts, expected);
}

async fn of_contracts_at_once_that_overlap_one_is_recorded(backend: Backend) {
    let app = creator(backend, TODAY).await;
    let inputs = (0..20).map(|n| {
        let rates = [("LICENSE", "30")];
        contract("nordwind", &format!("rival {n}"), ("2026-03-10", "2026-03-20"), &rates)
    });
    let payloads = join_all(inputs.map(|input| app.mutate("recordContract", input))).await;
    let recorded = payloads.iter().filter(|payload| user_errors(payload).is_empty()).count();
    assert_eq!(recorded, 1);
    let refused = payloads.iter().filter(|payload| !user_errors(payload).is_empty());
    for payload in refused {
        assert_eq!(refusal(payload).0, "CONTRACT_OVERLAP");
    }
}

fn end(reference: &str, on: &str) -> Value {
    json!({ "partner": "nordwind", "reference": reference, "endsOn": on, "reason": "renegotiated" })
}

async fn l2_a_contract_ends_on_another_day_or_never_was(backend: Backend) {
    let app = creator(backend, TODAY).await;
    app.product("license", "LICENSE", &[("100.00", "EUR")]).await;
    app.contract("nordwind", "frame", ("2026-03-10", "2026-12-31"), &[("LICENSE", "12.5")]).await;
    let order = Order::for_customer("nordwind").line("license", 1);
    let placed = app.place(&order).await;
    assert_eq!(amount(&placed, "net"), "87.50");
    let license = async |day: &str, at: &Value| discounts(&app, day, at).await[0].1.clone();
    let recorded = placed["recordedAt"].clone();
    app.done("endContract", end("frame", "2026-06-30")).await;
    assert_eq!(license("2026-06-30", &Value::Null).await, "12.5");
    assert_eq!(license("2026-07-01", &Value::Null).await, "20");
    assert_eq!(amount(&app.quoted(&order).await, "net"), "80.00");
    // What was known before stays known.
    assert_eq!(license("2026-07-01", &recorded).await, "12.5");
    let shortened = app.place(&order).await["recordedAt"].clone();
    // The days that it lost are free for another, and it does not get them back then.
    app.contract("nordwind", "next", ("2026-08-01", "2026-08-31"), &[("LICENSE", "1")]).await;
    let (code, field, message) = refusal(&app.mutate("endContract", end("frame", "2026-08-01")).await);
    assert_eq!((code.as_str(), field.as_str()), ("CONTRACT_OVERLAP", "endsOn"));
    assert!(message.contains("Contract next governs LICENSE from 2026-08-01"), "{message}");
    app.done("endContract", end("frame", "2026-07-31")).await;
    assert_eq!(license("2026-07-31", &Value::Null).await, "12.5");
    assert_eq!(license("2026-07-31", &shortened).await, "20");
    let void = json!({ "partner": "nordwind", "reference": "next", "reason": "never signed" });
    app.done("voidContract", void).await;
    assert_eq!(license("2026-08-01", &Value::Null).await, "20");
    app.done("endContract", end("frame", "2026-08-01")).await;
    let query =
        "{ partner(code: \"nordwind\") { contracts { reference endsOn agreedUntil voided { by reason } } } }";
    assert_eq!(
        app.ok(query, Value::Null).await["partner"]["contracts"],
        json!([
            { "reference": "frame", "endsOn": "2026-08-01", "agreedUntil": "2026-12-31", "voided": null },
            { "reference": "next", "endsOn": "2026-08-31", "agreedUntil": "2026-08-31",
              "voided": { "by": "bootstrap", "reason": "never signed" } },
        ])
    );
    // The order keeps its price and its contract.
    let kept = app.order(&placed["number"]).await;
    assert_eq!((amount(&kept, "net"), &kept["lines"]), ("87.50", &placed["lines"]));
    let events = "{ events(types: [CONTRACT_ENDED, CONTRACT_VOIDED], first: 10) { nodes { type data } } }";
    let events = app.ok(events, Value::Null).await["events"]["nodes"].clone();
    let kinds: Vec<_> = events.as_array().expect("a list").iter().map(|one| one["type"].clone()).collect();
    assert_eq!(kinds, ["CONTRACT_ENDED", "CONTRACT_ENDED", "CONTRACT_VOIDED", "CONTRACT_ENDED"]);
    assert_eq!(events[0]["data"]["contract"]["endsOn"], "2026-06-30");
    verified(app.services()).await;
}

async fn l2_both_rates_are_shown(backend: Backend) {
    let app = creator(backend, TODAY).await;
    app.product("license", "LICENSE", &[("100.00", "EUR")]).await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    app.contract(
        "nordwind",
        "frame",
        ("2026-03-10", "2026-12-31"),
        &[("LICENSE", "12.5"), ("TRAINING", "5")],
    )
    .await;
    let query = "{ partner(code: \"nordwind\") { standing { baseDiscounts { category percent levelPercent \
        contract { reference } } } } }";
    let data = app.ok(query, Value::Null).await;
    let rows = &data["partner"]["standing"]["baseDiscounts"];
    let row = |category: &str, percent: &str, level: &str, contract: Option<&str>| {
        json!({ "category": category, "percent": percent, "levelPercent": level,
            "contract": contract.map(|reference| json!({ "reference": reference })) })
    };
    assert_eq!(rows[0], row("LICENSE", "12.5", "20", Some("frame")));
    assert_eq!(rows[1], row("USAGE_BASED_SERVICE", "20", "20", None));
    assert_eq!(rows[3], row("TRAINING", "5", "0", Some("frame")));
    let order = Order::for_customer("nordwind").line("license", 1).line("course", 1);
    let placed = app.place(&order).await;
    for priced in [app.quoted(&order).await, placed.clone()] {
        let rates = |line: &Value| [line["discountPercent"].clone(), line["levelPercent"].clone()];
        assert_eq!(rates(&priced["lines"][0]), ["12.5", "20"]);
        assert_eq!(rates(&priced["lines"][1]), ["5", "0"]);
        assert_eq!(priced["level"]["code"], "CREATOR");
    }
    // The level falls: the order shows what held when it was placed.
    let app = app.restart("2028-01-01").await;
    let later = app.order(&placed["number"]).await;
    assert_eq!((&later["level"], &later["edition"]), (&placed["level"], &placed["edition"]));
    assert_eq!(later["lines"][0]["levelPercent"], "20");
    assert_eq!(app.quoted(&order).await["lines"][0]["levelPercent"], "10");
}

async fn ends_of_contracts_that_cannot_be(backend: Backend) {
    let app = creator(backend, TODAY).await;
    app.contract("nordwind", "frame", ("2026-03-10", "2026-12-31"), &[("LICENSE", "12.5")]).await;
    app.contract("nordwind", "void", ("2026-03-10", "2026-12-31"), &[("TRAINING", "1")]).await;
    let void = |reference: &str, reason: &str| json!({ "partner": "nordwind", "reference": reference, "reason": reason });
    app.done("voidContract", void("void", "x")).await;
    let table = [
        ("endContract", end("frame", "2026-12-31"), "INVALID", "endsOn"),
        ("endContract", end("frame", "2026-03-09"), "INVALID", "endsOn"),
        ("endContract", end("frame", "2101-01-01"), "INVALID", "endsOn"),
        ("endContract", end("nothing", "2026-06-30"), "NOT_FOUND", "reference"),
        ("endContract", end("void", "2026-06-30"), "WRONG_STATE", "reference"),
        ("voidContract", void("void", "x"), "WRONG_STATE", "reference"),
        ("voidContract", void("frame", " "), "INVALID", "reason"),
        // The reference of a voided contract is taken still.
        (
            "recordContract",
            contract("nordwind", "void", ("2027-01-01", "2027-01-01"), &[("TRAINING", "1")]),
            "ALREADY_EXISTS",
            "reference",
        ),
    ];
    let before = everything(app.reader()).await;
    for (mutation, input, code, field) in table {
        let (found, path, message) = refusal(&app.mutate(mutation, input.clone()).await);
        assert_eq!((found.as_str(), path.as_str()), (code, field), "{mutation} {input}: {message}");
        assert!(everything(app.reader()).await == before, "{mutation} {input} changed something");
    }
}
