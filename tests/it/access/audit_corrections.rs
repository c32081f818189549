//! What the audit log keeps of reviews and corrections: each with its reason.

use serde_json::{Value, json};

use super::audit::{Case, because, case, row};
use super::world::TODAY;
use crate::harness::deals::{close, swag};
use crate::harness::{Activity, Order, TestApp, document, history, user_errors};

const VELD: (Option<&str>, Option<&str>) = (Some("veld"), None);
const REASON: &str = "looked into it";

/// A mutation with a reason, which cannot be done twice.
fn once(mutation: &'static str, input: Value, rows: Vec<Value>) -> Case {
    let mut input = input;
    input["reason"] = REASON.into();
    case(mutation, input.clone(), input, rows.into_iter().map(|row| because(row, REASON)).collect())
}

pub(super) async fn cases(app: &TestApp) -> Vec<Case> {
    app.partner("veld", "2025-01-01").await;
    for code in ["cleo", "dora"] {
        app.professional(code, "2025-01-01").await;
        app.record(Activity::of_professional(code, "CERTIFICATION_OBTAINED", "2025-01-02").points(600)).await;
        app.affiliate(code, "veld", "2025-01-01").await;
    }
    app.product("course", "TRAINING", &[("100", "EUR")]).await;
    let mut cases = deal_cases(app).await;
    cases.extend(contract_cases(app).await);
    cases.extend(order_cases(app).await);
    cases.extend(affiliation_cases(app).await);
    cases
}

async fn deal_cases(app: &TestApp) -> Vec<Case> {
    let key = app.key("PARTNER", Some("veld")).await;
    for reference in ["won", "lost", "idle"] {
        app.engaged("veld", reference, reference, "2026-08-01").await;
    }
    let report = json!({ "input": close("won", "WON_BY_PARTNER", "2026-08-04") });
    let answer = app.send_as(&key, &document("closeDeal"), report).await;
    assert!(user_errors(&answer.body).is_empty(), "{}", answer.text);
    app.close("lost", "LOST", "2026-08-04").await;
    let state = |reference: &str, status: &str, on: &str, outcome: Option<&str>| {
        json!({ "reference": reference, "status": status, "statusOn": on, "outcome": outcome,
            "activityOn": "2026-08-01" })
    };
    let change = |mutation: &'static str, input: Value, before: Value, after: Value| {
        once(mutation, input, vec![row(mutation, "Deal", VELD, before, after)])
    };
    vec![
        change(
            "reviewDeal",
            json!({ "reference": "won", "decision": "APPROVE" }),
            state("won", "WON_REPORTED", "2026-08-04", Some("WON_BY_PARTNER")),
            state("won", "CLOSED_WON", "2026-08-04", Some("WON_BY_PARTNER")),
        ),
        change(
            "reopenDeal",
            json!({ "reference": "lost" }),
            state("lost", "CLOSED_LOST", "2026-08-04", Some("LOST")),
            state("lost", "ENGAGED", "2026-08-01", None),
        ),
        change(
            "withdrawDeal",
            json!({ "reference": "idle", "on": "2026-08-05" }),
            state("idle", "ENGAGED", "2026-08-01", None),
            state("idle", "CLOSED_WITHDRAWN", "2026-08-05", None),
        ),
    ]
}

async fn contract_cases(app: &TestApp) -> Vec<Case> {
    app.contract("veld", "early", ("2026-01-01", "2026-12-31"), &[("TRAINING", "5")]).await;
    app.contract("veld", "wrong", ("2027-01-01", "2027-12-31"), &[("TRAINING", "5")]).await;
    let change = |mutation: &'static str, input: Value, before: Value, after: Value| {
        once(mutation, input, vec![row(mutation, "Contract", VELD, before, after)])
    };
    vec![
        change(
            "endContract",
            json!({ "partner": "veld", "reference": "early", "endsOn": "2026-10-31" }),
            json!({ "endsOn": "2026-12-31" }),
            json!({ "endsOn": "2026-10-31" }),
        ),
        change(
            "voidContract",
            json!({ "partner": "veld", "reference": "wrong" }),
            json!({ "voided": false }),
            json!({ "voided": true }),
        ),
    ]
}

async fn order_cases(app: &TestApp) -> Vec<Case> {
    let order = Order::self_use("veld").line("course", 1);
    let placed = app.place(&order).await;
    app.fulfill(&placed, TODAY).await;
    let quote = |key: &str, until: &str| json!({ "order": order.input(), "validUntil": until, "hold": true, "idempotencyKey": key });
    let save = history::document("saveQuote", false);
    let saved = app.ok(&save, json!({ "input": quote("first", "2026-09-30") })).await;
    let saved = saved["saveQuote"]["savedQuote"]["number"].clone();
    app.item("cap", 10, 5).await;
    let bought = app.done("placeSwagOrder", swag("cleo", "cap", 1, "cap")).await;
    let shipped = json!({ "number": bought["swagOrder"]["number"] });
    let swag_status = |status: &str| json!({ "status": status });
    vec![
        once(
            "returnOrder",
            json!({ "number": placed["number"], "returnedOn": TODAY }),
            vec![row(
                "returnOrder",
                "Order",
                VELD,
                json!({ "status": "FULFILLED", "fulfilledOn": TODAY, "cancelledOn": null, "returnedOn": null }),
                json!({ "status": "RETURNED", "fulfilledOn": TODAY, "cancelledOn": null, "returnedOn": TODAY }),
            )],
        ),
        case(
            "saveQuote",
            quote("second", "2026-09-30"),
            quote("second", "2026-10-01"),
            vec![row(
                "saveQuote",
                "SavedQuote",
                VELD,
                Value::Null,
                json!({ "status": "OPEN", "validUntil": "2026-09-30", "credits": 0, "hold": true }),
            )],
        ),
        once(
            "withdrawQuote",
            json!({ "number": saved }),
            vec![row(
                "withdrawQuote",
                "SavedQuote",
                VELD,
                json!({ "status": "OPEN", "closedOn": null }),
                json!({ "status": "WITHDRAWN", "closedOn": TODAY }),
            )],
        ),
        case(
            "fulfillSwagOrder",
            shipped.clone(),
            shipped,
            vec![row(
                "fulfillSwagOrder",
                "SwagOrder",
                (None, Some("cleo")),
                swag_status("PLACED"),
                swag_status("FULFILLED"),
            )],
        ),
    ]
}

async fn affiliation_cases(app: &TestApp) -> Vec<Case> {
    let id = async |code: &str| {
        let query = "query($code: String!) { professional(code: $code) { affiliations { nodes { id } } } }";
        let data = app.ok(query, json!({ "code": code })).await;
        data["professional"]["affiliations"]["nodes"][0]["id"].clone()
    };
    let state = |from: &str, voided: bool| json!({ "startsOn": from, "endsOn": null, "voided": voided });
    let of = |mutation: &str, code: &str, before: Value, after: Value| {
        row(mutation, "Affiliation", (Some("veld"), Some(code)), before, after)
    };
    let (correct, void) = ("correctAffiliation", "voidAffiliation");
    vec![
        once(
            correct,
            json!({ "affiliation": id("cleo").await, "startsOn": "2025-01-02" }),
            vec![
                of(correct, "cleo", state("2025-01-01", false), state("2025-01-01", true)),
                of(correct, "cleo", Value::Null, state("2025-01-02", false)),
            ],
        ),
        once(
            void,
            json!({ "affiliation": id("dora").await }),
            vec![of(void, "dora", state("2025-01-01", false), state("2025-01-01", true))],
        ),
    ]
}
