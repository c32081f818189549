//! What the audit log keeps of products, orders and the swag shop.

use serde_json::{Value, json};

use super::audit::{ADA, Case, NORDWIND, case, row};
use super::world::TODAY;

pub(super) fn shop_cases() -> Vec<Case> {
    let product = |name: &str, amount: &str| {
        json!({ "code": "dmc", "name": name, "category": "USAGE_BASED_SERVICE",
            "prices": [{ "amount": amount, "currency": "EUR" }] })
    };
    let contract = |reference: &str| {
        json!({ "partner": "nordwind", "reference": reference, "startsOn": "2026-01-01", "endsOn": "2026-12-31",
            "rates": [{ "category": "LICENSE", "percent": "7" }] })
    };
    let target = |amount: &str| json!({ "partner": "nordwind", "year": 2026, "target": { "amount": amount, "currency": "EUR" } });
    let item = |stock: i32| json!({ "code": "hoodie", "name": "Hoodie", "dojoCredits": 5, "stock": stock });
    vec![
        case(
            "saveProduct",
            product("DataMiner credit", "1"),
            product("DataMiner credit", "-1"),
            vec![row(
                "saveProduct",
                "Product",
                (None, None),
                Value::Null,
                json!({ "name": "DataMiner credit", "category": "USAGE_BASED_SERVICE", "prices": { "EUR": 100 } }),
            )],
        ),
        case(
            "recordContract",
            contract("k-1"),
            contract("k-1"),
            vec![row(
                "recordContract",
                "Contract",
                NORDWIND,
                Value::Null,
                json!({ "reference": "k-1", "startsOn": "2026-01-01", "endsOn": "2026-12-31" }),
            )],
        ),
        case(
            "setSalesTarget",
            target("1000"),
            target("0"),
            vec![row(
                "setSalesTarget",
                "SalesTarget",
                NORDWIND,
                Value::Null,
                json!({ "year": 2026, "currency": "EUR", "amount": 100_000 }),
            )],
        ),
        case(
            "saveSwagItem",
            item(10),
            item(-1),
            vec![row(
                "saveSwagItem",
                "SwagItem",
                (None, None),
                Value::Null,
                json!({ "name": "Hoodie", "dojoCredits": 5, "stock": 10 }),
            )],
        ),
    ]
}

pub(super) fn order_cases() -> Vec<Case> {
    let order = |key: &str, quantity: i32| {
        json!({ "order": { "partner": "nordwind", "purpose": "SELF_USE", "currency": "EUR",
            "lines": [{ "product": "dmc", "quantity": quantity }] }, "idempotencyKey": key })
    };
    let swag = |key: &str, quantity: i32| json!({ "professional": "ada", "item": "hoodie", "quantity": quantity, "idempotencyKey": key });
    let placed = |operation: &str| {
        row(operation, "Order", NORDWIND, Value::Null, json!({ "status": "PLACED", "credits": 0 }))
    };
    let open = json!({ "status": "PLACED", "fulfilledOn": null, "cancelledOn": null, "returnedOn": null });
    vec![
        case("placeOrder", order("first", 1), order("first", 2), vec![placed("placeOrder")]),
        case(
            "fulfillOrder",
            json!({ "number": "LAST", "fulfilledOn": TODAY }),
            json!({ "number": "LAST", "fulfilledOn": TODAY }),
            vec![row(
                "fulfillOrder",
                "Order",
                NORDWIND,
                open.clone(),
                json!({ "status": "FULFILLED", "fulfilledOn": TODAY, "cancelledOn": null, "returnedOn": null }),
            )],
        ),
        case("placeOrder", order("second", 1), order("second", 2), vec![placed("placeOrder")]),
        case(
            "cancelOrder",
            json!({ "number": "LAST" }),
            json!({ "number": "LAST" }),
            vec![row(
                "cancelOrder",
                "Order",
                NORDWIND,
                open,
                json!({ "status": "CANCELLED", "fulfilledOn": null, "cancelledOn": TODAY, "returnedOn": null }),
            )],
        ),
        case(
            "placeSwagOrder",
            swag("first", 1),
            swag("first", 2),
            vec![row("placeSwagOrder", "SwagOrder", ADA, Value::Null, json!({ "status": "PLACED" }))],
        ),
        case(
            "cancelSwagOrder",
            json!({ "number": "LAST" }),
            json!({ "number": "LAST" }),
            vec![row(
                "cancelSwagOrder",
                "SwagOrder",
                ADA,
                json!({ "status": "PLACED" }),
                json!({ "status": "CANCELLED" }),
            )],
        ),
    ]
}
