//! Deals and the swag shop: what to send, and what is asked about them.

use serde_json::{Value, json};

use super::TestApp;

/// All fields of a deal except other objects.
const DEAL: &str = "id reference customer scope description registeredOn status statusSince validUntil outcome \
    closedOn review { decision by reason } withdrawn { by reason } reopened { by reason } holdsOpportunity opportunityUntil conflict editableFields nextStatuses possibleOutcomes \
    history { on status outcome activity note customer scope description } partner { code }";

/// What a mutation changes.
const EFFECTS: &str = "effects { ledgerEntries { kind levelCredits spendableCredits effectiveOn reason } }";

const CUSTOMER: &str = "id name spellings";

const SWAG_ORDER: &str = "id number itemName quantity dojoCredits status placedOn cancelledOn fulfilledOn \
    item { code stock } professional { code dojoCredits }";

/// What a mutation of this file takes and gives; none for others.
pub(super) fn document(mutation: &str) -> Option<(&'static str, String)> {
    Some(match mutation {
        "registerDeal" => ("RegisterDealInput", format!("deal {{ {DEAL} }}")),
        "updateDeal" => ("UpdateDealInput", format!("deal {{ {DEAL} }}")),
        "reportDealActivity" => ("ReportDealActivityInput", format!("deal {{ {DEAL} }}")),
        "closeDeal" => ("CloseDealInput", format!("deal {{ {DEAL} }} {EFFECTS}")),
        "reviewDeal" => ("ReviewDealInput", format!("deal {{ {DEAL} }} {EFFECTS}")),
        "reopenDeal" => ("ReopenDealInput", format!("deal {{ {DEAL} }} {EFFECTS}")),
        "withdrawDeal" => ("WithdrawDealInput", format!("deal {{ {DEAL} }} {EFFECTS}")),
        "joinCustomers" => ("JoinCustomersInput", format!("customer {{ {CUSTOMER} }} {EFFECTS}")),
        "separateCustomers" => ("SeparateCustomersInput", format!("customer {{ {CUSTOMER} }} {EFFECTS}")),
        "saveSwagItem" => ("SaveSwagItemInput", "swagItem { id code name dojoCredits stock }".to_owned()),
        "placeSwagOrder" => ("PlaceSwagOrderInput", format!("duplicate swagOrder {{ {SWAG_ORDER} }}")),
        "fulfillSwagOrder" => ("FulfillSwagOrderInput", format!("swagOrder {{ {SWAG_ORDER} }}")),
        "cancelSwagOrder" => ("CancelSwagOrderInput", format!("swagOrder {{ {SWAG_ORDER} }}")),
        _ => return None,
    })
}

/// The input of `registerDeal`, for the scope "Licences".
pub(crate) fn deal(partner: &str, reference: &str, customer: &str, on: &str) -> Value {
    json!({
        "partner": partner, "reference": reference, "customer": customer, "scope": "Licences",
        "registeredOn": on,
    })
}

/// The input of `updateDeal` that gives a status.
pub(crate) fn status(reference: &str, status: &str, on: &str) -> Value {
    json!({ "reference": reference, "status": status, "on": on })
}

/// The input of `reportDealActivity`.
pub(crate) fn report(reference: &str, kind: &str, on: &str) -> Value {
    json!({ "reference": reference, "kind": kind, "on": on })
}

/// The input of `closeDeal`.
pub(crate) fn close(reference: &str, outcome: &str, on: &str) -> Value {
    json!({ "reference": reference, "outcome": outcome, "closedOn": on })
}

/// The input of `placeSwagOrder`.
pub(crate) fn swag(professional: &str, item: &str, quantity: i64, key: &str) -> Value {
    json!({ "professional": professional, "item": item, "quantity": quantity, "idempotencyKey": key })
}

impl TestApp {
    /// Registers a deal of a partner for a customer.
    pub(crate) async fn deal(&self, partner: &str, reference: &str, customer: &str, on: &str) -> Value {
        self.done("registerDeal", deal(partner, reference, customer, on)).await["deal"].clone()
    }

    /// Registers a deal and makes contact on the same day, which holds the opportunity where it is free.
    pub(crate) async fn engaged(&self, partner: &str, reference: &str, customer: &str, on: &str) -> Value {
        self.deal(partner, reference, customer, on).await;
        self.done("updateDeal", status(reference, "ENGAGED", on)).await["deal"].clone()
    }

    /// Closes a deal.
    pub(crate) async fn close(&self, reference: &str, outcome: &str, on: &str) -> Value {
        self.done("closeDeal", close(reference, outcome, on)).await["deal"].clone()
    }

    /// A deal as it is found by its reference.
    pub(crate) async fn deal_now(&self, reference: &str) -> Value {
        let query = format!("query($reference: String!) {{ deal(reference: $reference) {{ {DEAL} }} }}");
        self.ok(&query, json!({ "reference": reference })).await["deal"].clone()
    }

    /// What deals earned a partner: kind, deal, credits and day of each entry.
    pub(crate) async fn earned_by_deals(&self, partner: &str) -> Vec<(String, String, i64, String)> {
        let query = "query($code: String!) { partner(code: $code) { ledger(first: 100) { nodes { \
            kind levelCredits spendableCredits effectiveOn deal { reference } } } } }";
        let data = self.ok(query, json!({ "code": partner })).await;
        let nodes = data["partner"]["ledger"]["nodes"].as_array().expect("a list");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let of_deals = nodes.iter().filter(|entry| !entry["deal"].is_null());
        let earned = of_deals.map(|entry| {
            assert_eq!(entry["levelCredits"], entry["spendableCredits"], "{entry}");
            let credits = entry["levelCredits"].as_i64().expect("credits");
            (text(&entry["kind"]), text(&entry["deal"]["reference"]), credits, text(&entry["effectiveOn"]))
        });
        earned.collect()
    }

    /// Enters an item of the swag shop.
    pub(crate) async fn item(&self, code: &str, dojo_credits: i64, stock: i64) {
        let name = format!("Item {code}");
        let input = json!({ "code": code, "name": name, "dojoCredits": dojo_credits, "stock": stock });
        self.done("saveSwagItem", input).await;
    }

    /// How many of an item are left.
    pub(crate) async fn stock(&self, item: &str) -> i64 {
        let query = "query($code: String!) { swagItem(code: $code) { stock } }";
        let data = self.ok(query, json!({ "code": item })).await;
        data["swagItem"]["stock"].as_i64().expect("a stock")
    }
}
