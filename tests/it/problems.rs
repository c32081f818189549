//! Every problem of an input is listed, in order, and names what was given and what is accepted.

use serde_json::{Value, json};

use crate::harness::deals::{deal, swag};
use crate::harness::{
    Activity, Backend, Order, TestApp, contract, everything, problems, refusal, user_errors,
};

both! {
    every_problem_of_an_input_is_listed,
    every_problem_of_an_activity_is_listed,
    problems_are_bounded,
    what_is_not_found_is_named,
    a_near_value_is_offered,
}

const TODAY: &str = "2026-08-31";

async fn app(backend: Backend) -> TestApp {
    let app = TestApp::start(backend, TODAY).await;
    app.partner("nordwind", "2024-06-01").await;
    app.professional("ada", "2025-01-01").await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    app.contract("nordwind", "frame", ("2026-03-01", "2026-03-31"), &[("LICENSE", "5")]).await;
    app.deal("nordwind", "D-1", "Acme", "2026-08-01").await;
    app
}

/// A mutation, its input, and code and path of each problem.
type Row = (&'static str, Value, Vec<(&'static str, &'static str)>);

/// Inputs about people and companies.
fn subjects() -> Vec<Row> {
    vec![
        (
            "signUpProfessional",
            json!({ "code": "a b", "name": " ", "email": "ada", "signedUpOn": "2026-09-01" }),
            vec![
                ("INVALID", "code"),
                ("INVALID", "name"),
                ("INVALID", "email"),
                ("DATE_IN_FUTURE", "signedUpOn"),
            ],
        ),
        (
            "signUpProfessional",
            json!({ "code": "ada", "name": "Ada", "email": "ada@", "signedUpOn": "1900-01-01" }),
            vec![("INVALID", "email"), ("INVALID", "signedUpOn"), ("ALREADY_EXISTS", "code")],
        ),
        (
            "createPartner",
            json!({ "code": "-", "name": "a\u{7}b", "enrolledOn": "2026-09-01" }),
            vec![("INVALID", "code"), ("INVALID", "name"), ("DATE_IN_FUTURE", "enrolledOn")],
        ),
        (
            "affiliateProfessional",
            json!({ "professional": "bob", "partner": "polder", "startsOn": "2026-09-02", "endsOn": "2026-09-01" }),
            vec![
                ("NOT_FOUND", "professional"),
                ("NOT_FOUND", "partner"),
                ("DATE_IN_FUTURE", "startsOn"),
                ("INVALID", "endsOn"),
            ],
        ),
        (
            "affiliateProfessional",
            json!({ "professional": "ada", "partner": "nordwind", "startsOn": "2024-01-02", "endsOn": "2024-01-01" }),
            vec![
                ("DATE_BEFORE_ENROLMENT", "startsOn"),
                ("DATE_BEFORE_ENROLMENT", "startsOn"),
                ("INVALID", "endsOn"),
            ],
        ),
        (
            "endAffiliation",
            json!({ "professional": "bob", "endsOn": "2926-09-01" }),
            vec![("NOT_FOUND", "professional"), ("INVALID", "endsOn")],
        ),
    ]
}

/// Inputs about access, personal data and webhooks.
fn administration() -> Vec<Row> {
    vec![
        (
            "createApiKey",
            json!({ "role": "INTEGRATOR", "label": "", "expiresAt": "2020-01-01T00:00:00Z", "sources": ["", "ok", "\u{7}"] }),
            vec![
                ("INVALID", "label"),
                ("INVALID", "sources"),
                ("INVALID", "sources"),
                ("INVALID", "expiresAt"),
                ("INVALID", "subject"),
            ],
        ),
        (
            "createApiKey",
            json!({ "role": "PARTNER", "subject": "polder", "label": "", "sources": ["x"] }),
            vec![("INVALID", "label"), ("INVALID", "sources"), ("NOT_FOUND", "subject")],
        ),
        (
            "eraseProfessional",
            json!({ "professional": "bob", "reason": "a\u{7}b" }),
            vec![("INVALID", "reason"), ("NOT_FOUND", "professional")],
        ),
        (
            "createWebhookEndpoint",
            json!({ "url": "ftp://example.com", "description": "", "types": [], "partner": "polder" }),
            vec![
                ("INVALID", "url"),
                ("INVALID", "description"),
                ("INVALID", "types"),
                ("NOT_FOUND", "partner"),
            ],
        ),
        (
            "updateWebhookEndpoint",
            json!({ "id": "nothing", "url": "", "types": [], "partner": "polder" }),
            vec![("INVALID", "url"), ("INVALID", "types"), ("NOT_FOUND", "id"), ("NOT_FOUND", "partner")],
        ),
    ]
}

/// Inputs about products, contracts and targets.
fn sales() -> Vec<Row> {
    let price = |amount: &str, currency: &str| json!({ "amount": amount, "currency": currency });
    vec![
        (
            "saveProduct",
            json!({ "code": "", "name": "", "category": "LICENSE",
                    "prices": [price("1.005", "EUR"), price("-1.5", "JPY"), price("-1", "eur"), price("1", "USD"), price("2", "USD")] }),
            vec![
                ("INVALID", "code"),
                ("INVALID", "name"),
                ("INVALID", "prices.0.amount"),
                ("INVALID", "prices.1.amount"),
                ("INVALID", "prices.1.amount"),
                ("INVALID", "prices.2.currency"),
                ("INVALID", "prices.2.amount"),
                ("INVALID", "prices.4.currency"),
            ],
        ),
        (
            "recordContract",
            contract(
                "polder",
                "",
                ("1900-01-01", "9999-12-31"),
                &[("LICENSE", "101"), ("TRAINING", "1"), ("TRAINING", "-1")],
            ),
            vec![
                ("INVALID", "reference"),
                ("INVALID", "startsOn"),
                ("INVALID", "endsOn"),
                ("INVALID", "rates.0.percent"),
                ("INVALID", "rates.2.percent"),
                ("INVALID", "rates.2.category"),
                ("NOT_FOUND", "partner"),
            ],
        ),
        (
            "recordContract",
            contract(
                "nordwind",
                "frame",
                ("2026-03-31", "2026-04-30"),
                &[("TRAINING", "101"), ("LICENSE", "5")],
            ),
            vec![
                ("INVALID", "rates.0.percent"),
                ("ALREADY_EXISTS", "reference"),
                ("CONTRACT_OVERLAP", "rates.1.category"),
            ],
        ),
        (
            "setSalesTarget",
            json!({ "partner": "polder", "year": 1999, "target": price("0", "EURO") }),
            vec![
                ("INVALID", "year"),
                ("INVALID", "target.currency"),
                ("INVALID", "target.amount"),
                ("NOT_FOUND", "partner"),
            ],
        ),
    ]
}

/// Inputs about orders and the swag shop.
fn orders() -> Vec<Row> {
    let order = Order::for_customer("polder").with("customer", "").with("currency", "EURO").credits(-1);
    let order = order.line("none", 0).line("course", -1).line("course", 1);
    vec![
        (
            "placeOrder",
            order.keyed(""),
            vec![
                ("INVALID", "idempotencyKey"),
                ("INVALID", "order.currency"),
                ("INVALID", "order.customer"),
                ("INVALID", "order.lines.0.quantity"),
                ("INVALID", "order.lines.1.quantity"),
                ("INVALID", "order.credits"),
                ("NOT_FOUND", "order.partner"),
                ("NOT_FOUND", "order.lines.0.product"),
            ],
        ),
        (
            "placeOrder",
            Order::self_use("nordwind").with("currency", "USD").line("course", 1).line("none", 1).fresh(),
            vec![("NO_PRICE", "order.lines.0.product"), ("NOT_FOUND", "order.lines.1.product")],
        ),
        (
            "fulfillOrder",
            json!({ "number": "O-999999", "fulfilledOn": "2026-09-01" }),
            vec![("DATE_IN_FUTURE", "fulfilledOn"), ("NOT_FOUND", "number")],
        ),
        (
            "cancelOrder",
            json!({ "number": "O-999999", "reason": "a\u{7}b" }),
            vec![("INVALID", "reason"), ("NOT_FOUND", "number")],
        ),
        (
            "saveSwagItem",
            json!({ "code": "", "name": "", "dojoCredits": 0, "stock": -1 }),
            vec![("INVALID", "code"), ("INVALID", "name"), ("INVALID", "dojoCredits"), ("INVALID", "stock")],
        ),
        (
            "placeSwagOrder",
            swag("bob", "none", 0, ""),
            vec![
                ("INVALID", "idempotencyKey"),
                ("INVALID", "quantity"),
                ("NOT_FOUND", "professional"),
                ("NOT_FOUND", "item"),
            ],
        ),
    ]
}

/// Inputs about deals.
fn deals() -> Vec<Row> {
    vec![
        (
            "registerDeal",
            deal("polder", "D-1", "\u{200b}", "2026-09-01"),
            vec![
                ("INVALID", "customer"),
                ("DATE_IN_FUTURE", "registeredOn"),
                ("ALREADY_EXISTS", "reference"),
                ("NOT_FOUND", "partner"),
            ],
        ),
        (
            "updateDeal",
            json!({ "reference": "D-9", "status": "EXPIRED", "on": "2026-09-01", "customer": "", "scope": "a\u{7}b" }),
            vec![
                ("DATE_IN_FUTURE", "on"),
                ("INVALID", "status"),
                ("INVALID", "customer"),
                ("INVALID", "scope"),
                ("NOT_FOUND", "reference"),
            ],
        ),
        (
            "updateDeal",
            json!({ "reference": "D-1", "status": "CLOSED_WON", "on": "2026-07-31" }),
            vec![("INVALID", "on"), ("INVALID", "status")],
        ),
        (
            "updateDeal",
            json!({ "reference": "D-9", "on": "2026-09-01" }),
            vec![("DATE_IN_FUTURE", "on"), ("INVALID", "status"), ("NOT_FOUND", "reference")],
        ),
        (
            "reportDealActivity",
            json!({ "reference": "D-9", "kind": "MEETING", "on": "2026-09-01", "note": "a\u{7}b" }),
            vec![("DATE_IN_FUTURE", "on"), ("INVALID", "note"), ("NOT_FOUND", "reference")],
        ),
        (
            "closeDeal",
            json!({ "reference": "D-9", "outcome": "LOST", "closedOn": "2026-09-01" }),
            vec![("DATE_IN_FUTURE", "closedOn"), ("NOT_FOUND", "reference")],
        ),
    ]
}

async fn every_problem_of_an_input_is_listed(backend: Backend) {
    let app = app(backend).await;
    let before = everything(app.reader()).await;
    for (mutation, input, expected) in [subjects(), administration(), sales(), orders(), deals()].concat() {
        let payload = app.mutate(mutation, input.clone()).await;
        assert_problems(&payload, &expected, &format!("{mutation} {input}"));
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
}

/// Checks codes and paths, and that messages are sentences of a sane length.
fn assert_problems(payload: &Value, expected: &[(&str, &str)], what: &str) {
    let found = problems(payload);
    let found: Vec<(&str, &str)> = found.iter().map(|(code, path)| (code.as_str(), path.as_str())).collect();
    assert_eq!(found, expected, "{what}\n{payload}");
    for error in user_errors(payload) {
        let message = error["message"].as_str().expect("a message");
        assert!((10..300).contains(&message.chars().count()), "{message}");
        assert!(message.ends_with(['.', '?']) && !message.chars().any(char::is_control), "{message:?}");
    }
}

async fn every_problem_of_an_activity_is_listed(backend: Backend) {
    let app = app(backend).await;
    let before = everything(app.reader()).await;
    let kata = || Activity::of_professional("ada", "KATA_COMPLETED", "2026-09-01").quantity(0).points(5);
    let kata = || kata().attributes(json!({ "releasedOn": "soon" }));
    let of_kind = [
        ("DATE_IN_FUTURE", "occurredOn"),
        ("INVALID", "quantity"),
        ("INVALID", "points"),
        ("INVALID", "attributes.releasedOn"),
    ];
    let of_texts = [("INVALID", "source"), ("INVALID", "externalId"), ("NOT_FOUND", "subject.professional")];
    let badly = kata().with("source", "").external_id(" ").with("subject", json!({ "professional": "bob" }));
    let all: Vec<(&str, &str)> = of_texts.into_iter().chain(of_kind).collect();
    for mutation in ["recordActivity", "submitActivity"] {
        assert_problems(&app.mutate(mutation, kata().input()).await, &of_kind, mutation);
        assert_problems(&app.mutate(mutation, badly.input()).await, &all, mutation);
    }
    // What a kind asks for is not guessed where the kind is unknown.
    let unknown = badly.clone().with("kind", "KATAS");
    let expected = [&of_texts[..], &[("UNKNOWN_KIND", "kind"), ("DATE_IN_FUTURE", "occurredOn")]].concat();
    assert_problems(&app.mutate("recordActivity", unknown.input()).await, &expected, "an unknown kind");
    // In a batch, each has its own list.
    let batch = [kata(), unknown].map(|one| one.input());
    let payload = app.mutate("recordActivities", json!({ "activities": batch })).await;
    for (index, expected) in [&of_kind[..], &expected].into_iter().enumerate() {
        let paths: Vec<String> =
            expected.iter().map(|(_, path)| format!("activities.{index}.{path}")).collect();
        let expected: Vec<(&str, &str)> =
            expected.iter().zip(&paths).map(|((code, _), path)| (*code, path.as_str())).collect();
        assert_problems(&payload["results"][index], &expected, "a batch");
    }
    assert!(everything(app.reader()).await == before, "a refusal changed something");
    // A reviewer's reason and the id of the claim are two things.
    let review = json!({ "activityId": "nothing", "decision": "APPROVE", "reason": "a\u{7}b" });
    let expected = [("INVALID", "reason"), ("NOT_FOUND", "activityId")];
    assert_problems(&app.mutate("reviewActivity", review).await, &expected, "a review");
}

async fn problems_are_bounded(backend: Backend) {
    let app = app(backend).await;
    let order = (0..100).fold(Order::self_use("nordwind"), |order, _| order.line("none", 0));
    let payload = app.mutate("placeOrder", order.fresh()).await;
    assert_eq!(problems(&payload).len(), 20);
    let long = "\u{1b}".repeat(10_000);
    let payload = app.mutate("placeOrder", Order::self_use(&long).line(&long, 1).fresh()).await;
    assert_problems(
        &payload,
        &[("NOT_FOUND", "order.partner"), ("NOT_FOUND", "order.lines.0.product")],
        "long",
    );
}

async fn what_is_not_found_is_named(backend: Backend) {
    let app = app(backend).await;
    let cancel = |number: &str| json!({ "number": number });
    // mutation, input, message
    let table = [
        (
            "recordContract",
            contract("nordwindd", "new", ("2026-01-01", "2026-01-31"), &[("TRAINING", "5")]),
            "There is no partner with the code \"nordwindd\".",
        ),
        (
            "endAffiliation",
            json!({ "professional": "adda", "endsOn": TODAY }),
            "There is no professional with the code \"adda\".",
        ),
        ("cancelOrder", cancel("O-9999"), "There is no order with the number \"O-9999\"."),
        ("cancelOrder", cancel("a\0b"), "There is no order with the number \"a\\0b\"."),
        ("cancelSwagOrder", cancel("S-9999"), "There is no order with the number \"S-9999\"."),
        (
            "closeDeal",
            json!({ "reference": "D-9", "outcome": "LOST", "closedOn": TODAY }),
            "There is no deal with the reference \"D-9\".",
        ),
        ("placeSwagOrder", swag("ada", "hat", 1, "k"), "There is no item with the code \"hat\"."),
        ("voidActivity", json!({ "activityId": "QWN0" }), "There is no activity with the id \"QWN0\"."),
        ("revokeApiKey", json!({ "id": "QXBp" }), "There is no API key with the id \"QXBp\"."),
        (
            "deleteWebhookEndpoint",
            json!({ "id": "V2Vi" }),
            "There is no webhook endpoint with the id \"V2Vi\".",
        ),
        (
            "resendWebhookDelivery",
            json!({ "deliveryId": "V2Vi" }),
            "There is no webhook delivery with the id \"V2Vi\".",
        ),
    ];
    for (mutation, input, message) in table {
        let (code, _, found) = refusal(&app.mutate(mutation, input).await);
        assert_eq!((code.as_str(), found.as_str()), ("NOT_FOUND", message));
    }
}

async fn a_near_value_is_offered(backend: Backend) {
    let app = app(backend).await;
    let of_person = |kind: &str| Activity::of_professional("ada", kind, "2026-05-01").input();
    let price = json!([{ "amount": "1", "currency": "eur" }]);
    let product = json!({ "code": "new", "name": "New", "category": "LICENSE", "prices": price });
    // mutation, input, message
    let table = [
        (
            "recordActivity",
            of_person("DOC_CORRECTION"),
            "DOC_CORRECTION is not an activity kind for professionals. Did you mean DOCS_CORRECTION?",
        ),
        (
            "recordActivity",
            of_person("EVENT_ORGANIZED"),
            "EVENT_ORGANIZED is not an activity kind for professionals; name the subject in subject.partner.",
        ),
        ("saveProduct", product, "eur is not an ISO 4217 currency code. Did you mean EUR?"),
    ];
    for (mutation, input, message) in table {
        assert_eq!(refusal(&app.mutate(mutation, input).await).2, message);
    }
}
