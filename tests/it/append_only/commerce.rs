//! Orders, contracts, deals and swag in the database: a row of each, and what of it never changes.

use serde_json::{Value, json};

use crate::harness::{Order, TestApp};

/// A table, a column and another value for it, for every column that never changes.
pub(super) const TABLES: [(&str, &[(&str, &str)]); 10] = [
    (
        "orders",
        &[
            ("id", "id"),
            ("seq", "seq + 100"),
            ("number", "'O-0'"),
            ("partner_id", "partner_id"),
            ("purpose", "'END_CUSTOMER'"),
            ("customer", "'x'"),
            ("currency", "'USD'"),
            ("placed_on", "'2025-01-01'"),
            ("edition_id", "edition_id"),
            ("level", "'CREATOR'"),
            ("credits", "0"),
            ("max_credits", "0"),
            ("credit_value", "1"),
            ("idempotency_key", "'x'"),
            ("recorded_at", "recorded_at"),
            ("list", "list + 1"),
            ("net", "net + 1"),
            ("cap", "cap + 1"),
            ("redeemed", "0"),
        ],
    ),
    (
        "order_lines",
        &[
            ("product_id", "product_id"),
            ("product_code", "'x'"),
            ("product_name", "'x'"),
            ("category", "'LICENSE'"),
            ("quantity", "quantity + 1"),
            ("unit_price", "unit_price + 1"),
            ("discount_percent", "'100'"),
            ("contract_id", "NULL"),
            ("cap_percent", "'100'"),
            ("list", "list + 1"),
            ("net", "net + 1"),
            ("cap", "cap + 1"),
            ("redeemed", "0"),
        ],
    ),
    (
        "contracts",
        &[
            ("partner_id", "partner_id"),
            ("reference", "'x'"),
            ("starts_on", "'2025-01-01'"),
            ("agreed_until", "'2035-01-01'"),
            ("recorded_at", "recorded_at"),
        ],
    ),
    ("contract_rates", &[("category", "'TRAINING'"), ("percent", "'100'")]),
    (
        "deals",
        &[
            ("id", "id"),
            ("seq", "seq + 100"),
            ("partner_id", "partner_id"),
            ("reference", "'x'"),
            ("registered_on", "'2025-01-01'"),
            ("recorded_at", "recorded_at"),
        ],
    ),
    ("deal_steps", &[("deal_id", "deal_id"), ("log_seq", "log_seq")]),
    (
        "swag_orders",
        &[
            ("id", "id"),
            ("seq", "seq + 100"),
            ("number", "'S-0'"),
            ("professional_id", "professional_id"),
            ("item_id", "item_id"),
            ("item_name", "'x'"),
            ("quantity", "quantity + 1"),
            ("unit_price", "unit_price + 1"),
            ("dojo_credits", "0"),
            ("placed_on", "'2025-01-01'"),
            ("idempotency_key", "'x'"),
            ("recorded_at", "recorded_at"),
        ],
    ),
    (
        "quotes",
        &[
            ("id", "id"),
            ("seq", "seq + 100"),
            ("number", "'Q-0'"),
            ("partner_id", "partner_id"),
            ("purpose", "'END_CUSTOMER'"),
            ("customer", "'x'"),
            ("currency", "'USD'"),
            ("priced_on", "'2025-01-01'"),
            ("valid_until", "'2035-01-01'"),
            ("hold", "false"),
            ("edition_id", "edition_id"),
            ("level", "'CREATOR'"),
            ("credits", "0"),
            ("max_credits", "max_credits + 1"),
            ("credit_value", "1"),
            ("recorded_at", "recorded_at"),
            ("list", "list + 1"),
            ("net", "net + 1"),
            ("cap", "cap + 1"),
            ("redeemed", "0"),
        ],
    ),
    (
        "quote_lines",
        &[
            ("product_id", "product_id"),
            ("product_code", "'x'"),
            ("quantity", "quantity + 1"),
            ("unit_price", "unit_price + 1"),
            ("discount_percent", "'100'"),
            ("contract_id", "NULL"),
            ("net", "net + 1"),
            ("redeemed", "0"),
        ],
    ),
    (
        "subject_steps",
        &[
            ("partner_id", "NULL"),
            ("first_day_before", "'2020-01-01'"),
            ("first_day", "'2020-01-01'"),
            ("last_day", "'2035-01-01'"),
            ("level", "'CREATOR'"),
            ("made_by", "'x'"),
        ],
    ),
];

/// Enters at least a row of each kind for partner `nordwind` and professional `ada`, who holds Dojo Credits.
pub(super) async fn fill(app: &TestApp) {
    let today = "2026-08-31";
    app.earn("nordwind", "2026-05-01", 100).await;
    app.product("course", "TRAINING", &[("100.00", "EUR")]).await;
    app.contract("nordwind", "frame", (today, today), &[("TRAINING", "5")]).await;
    app.target("nordwind", 2026, "50.00", "EUR").await;
    let placed = app.place(&Order::for_customer("nordwind").line("course", 1)).await;
    app.fulfill(&placed, today).await;
    let placed = app.place(&Order::self_use("nordwind").line("course", 1).credits(7)).await;
    app.cancel(&placed).await;
    let deal = json!({
        "partner": "nordwind", "reference": "D-1", "customer": "Acme", "scope": "Licences", "registeredOn": today,
    });
    let update = json!({ "reference": "D-1", "status": "ENGAGED", "on": today });
    let quote = Order::self_use("nordwind").line("course", 1).credits(7).input();
    let quote = json!({ "order": quote, "validUntil": "2026-12-31", "hold": true });
    let moved = json!({ "code": "nordwind", "enrolledOn": "2024-05-31" });
    let item = json!({ "code": "mug", "name": "Mug", "dojoCredits": 50, "stock": 9 });
    let swag = json!({ "professional": "ada", "item": "mug", "quantity": 1, "idempotencyKey": "mug" });
    for (mutation, kind, input) in [
        ("registerDeal", "RegisterDealInput", deal),
        ("updateDeal", "UpdateDealInput", update),
        ("saveQuote", "SaveQuoteInput", quote),
        ("updatePartner", "UpdatePartnerInput", moved),
        ("saveSwagItem", "SaveSwagItemInput", item),
        ("placeSwagOrder", "PlaceSwagOrderInput", swag),
    ] {
        send(app, mutation, kind, input).await;
    }
}

async fn send(app: &TestApp, mutation: &str, kind: &str, input: Value) {
    let document = format!(
        "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code message field }} }} }}"
    );
    app.ok(&document, json!({ "input": input })).await;
}
