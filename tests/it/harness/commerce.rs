//! Products, orders, contracts and targets to send, and what is asked about them.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::{Activity, TestApp, user_errors};

/// Fields of both quotes and orders.
const PRICED: &str = "purpose customer level { code } edition { effectiveFrom } credits maxCredits \
    creditValue { amount currency } list { amount currency } baseDiscount { amount currency } \
    net { amount currency } cap { amount currency } redeemed { amount currency } total { amount currency } \
    lines { productName category quantity discountPercent levelPercent discountSource capPercent contract { reference } \
    unitPrice { amount currency } list { amount currency } baseDiscount { amount currency } \
    net { amount currency } cap { amount currency } redeemed { amount currency } \
    total { amount currency } product { code } }";

/// Fields of orders only.
const PLACED: &str =
    "id number status placedOn fulfilledOn cancelledOn returnedOn recordedAt partner { code }";

/// What a mutation of this file takes and gives; none for others.
pub(super) fn document(mutation: &str) -> Option<(&'static str, String)> {
    Some(match mutation {
        "saveProduct" => {
            ("SaveProductInput", "product { id code name category prices { amount currency } }".to_owned())
        }
        "recordContract" => ("RecordContractInput", "partner { id code }".to_owned()),
        "setSalesTarget" => ("SetSalesTargetInput", "partner { id code balance }".to_owned()),
        "placeOrder" => ("PlaceOrderInput", format!("duplicate order {{ {PLACED} {PRICED} }}")),
        "fulfillOrder" => ("FulfillOrderInput", format!("order {{ {PLACED} {PRICED} }}")),
        "returnOrder" => ("ReturnOrderInput", format!("order {{ {PLACED} {PRICED} }}")),
        "endContract" => ("EndContractInput", "partner { id code }".to_owned()),
        "voidContract" => ("VoidContractInput", "partner { id code }".to_owned()),
        "cancelOrder" => ("CancelOrderInput", format!("order {{ {PLACED} {PRICED} }}")),
        _ => return None,
    })
}

/// An order in EUR as the API takes it.
#[derive(Clone, Debug)]
pub(crate) struct Order(Value);

impl Order {
    /// An order for an end customer.
    pub(crate) fn for_customer(partner: &str) -> Self {
        Self::new(partner, "END_CUSTOMER").with("customer", "Acme")
    }

    /// An order for the partner's own use.
    pub(crate) fn self_use(partner: &str) -> Self {
        Self::new(partner, "SELF_USE")
    }

    fn new(partner: &str, purpose: &str) -> Self {
        Self(json!({ "partner": partner, "purpose": purpose, "currency": "EUR", "lines": [] }))
    }

    /// The same with another field of the input.
    pub(crate) fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0[field] = value.into();
        self
    }

    /// The same with one more line.
    pub(crate) fn line(mut self, product: &str, quantity: i64) -> Self {
        let line = json!({ "product": product, "quantity": quantity });
        self.0["lines"].as_array_mut().expect("a list").push(line);
        self
    }

    /// The same with credits to redeem.
    pub(crate) fn credits(self, credits: i64) -> Self {
        self.with("credits", credits)
    }

    /// The input of a quote.
    pub(crate) fn input(&self) -> Value {
        self.0.clone()
    }

    /// The input of `placeOrder`.
    pub(crate) fn keyed(&self, key: &str) -> Value {
        json!({ "order": self.0, "idempotencyKey": key })
    }

    /// The input of `placeOrder` with a key that no other order has.
    pub(crate) fn fresh(&self) -> Value {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        self.keyed(&format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

/// The one user error of a payload: its code, its path with dots, and its message.
pub(crate) fn refusal(payload: &Value) -> (String, String, String) {
    let errors = user_errors(payload);
    let [error] = errors[..] else { panic!("not one user error: {payload}") };
    let path: Vec<&str> = error["field"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let text = |name: &str| error[name].as_str().expect("a text").to_owned();
    (text("code"), path.join("."), text("message"))
}

/// Code and path, with dots, of each user error of a payload, in order.
pub(crate) fn problems(payload: &Value) -> Vec<(String, String)> {
    let path = |error: &Value| -> String {
        let parts: Vec<&str> =
            error["field"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        parts.join(".")
    };
    let errors = user_errors(payload).into_iter();
    errors.map(|error| (error["code"].as_str().expect("a code").to_owned(), path(error))).collect()
}

/// Amount of a field of money.
pub(crate) fn amount<'v>(object: &'v Value, field: &str) -> &'v str {
    object[field]["amount"].as_str().unwrap_or_else(|| panic!("no {field} in {object}"))
}

impl TestApp {
    /// Enters a product with its prices: amount and currency.
    pub(crate) async fn product(&self, code: &str, category: &str, prices: &[(&str, &str)]) {
        let price = |(amount, currency): &(&str, &str)| json!({ "amount": amount, "currency": currency });
        let prices: Vec<Value> = prices.iter().map(price).collect();
        let name = format!("Product {code}");
        let input = json!({ "code": code, "name": name, "category": category, "prices": prices });
        self.done("saveProduct", input).await;
    }

    /// Enrols a partner on 1 June 2024 that earned credits that month: they set no level from 2026 on.
    pub(crate) async fn partner_with(&self, code: &str, credits: i64) {
        self.partner(code, "2024-06-01").await;
        self.earn(code, "2024-06-10", credits).await;
    }

    /// Lets a partner earn business credits on a day.
    pub(crate) async fn earn(&self, code: &str, on: &str, credits: i64) {
        let mut left = credits;
        while left > 0 {
            let quantity = left.min(10_000);
            self.record(Activity::of_partner(code, "CUSTOMER_MEETING", on).quantity(quantity)).await;
            left -= quantity;
        }
    }

    /// What a quote's payload says, errors included.
    pub(crate) async fn quote(&self, order: &Order) -> Value {
        let query = format!(
            "query($input: OrderInput!) {{ quote(input: $input) {{ userErrors {{ code message field }} \
             quote {{ partner {{ code }} placedOn: pricedOn balance usableCredits {PRICED} }} }} }}"
        );
        let answer = self.send(&query, json!({ "input": order.input() })).await;
        let payload = &answer.body["data"]["quote"];
        assert!(answer.body["errors"].is_null() && payload.is_object(), "{}", answer.text);
        payload.clone()
    }

    /// A quote that must be given.
    pub(crate) async fn quoted(&self, order: &Order) -> Value {
        let payload = self.quote(order).await;
        assert!(user_errors(&payload).is_empty(), "{}\n{payload}", order.input());
        payload["quote"].clone()
    }

    /// Places an order that must be taken, with a key of its own, and gives it.
    pub(crate) async fn place(&self, order: &Order) -> Value {
        let payload = self.done("placeOrder", order.fresh()).await;
        assert_eq!(payload["duplicate"], false);
        payload["order"].clone()
    }

    /// Fulfils an order, and gives it.
    pub(crate) async fn fulfill(&self, order: &Value, on: &str) -> Value {
        let input = json!({ "number": order["number"], "fulfilledOn": on });
        self.done("fulfillOrder", input).await["order"].clone()
    }

    /// Returns an order, and gives it.
    pub(crate) async fn give_back(&self, order: &Value, on: &str) -> Value {
        let input = json!({ "number": order["number"], "reason": "never installed", "returnedOn": on });
        self.done("returnOrder", input).await["order"].clone()
    }

    /// Cancels an order, and gives it.
    pub(crate) async fn cancel(&self, order: &Value) -> Value {
        self.done("cancelOrder", json!({ "number": order["number"] })).await["order"].clone()
    }

    /// An order as it is found by its number.
    pub(crate) async fn order(&self, number: &Value) -> Value {
        let query = format!("query($number: String!) {{ order(number: $number) {{ {PLACED} {PRICED} }} }}");
        self.ok(&query, json!({ "number": number })).await["order"].clone()
    }

    /// Records a contract that governs these categories.
    pub(crate) async fn contract(
        &self,
        partner: &str,
        reference: &str,
        days: (&str, &str),
        rates: &[(&str, &str)],
    ) {
        self.done("recordContract", contract(partner, reference, days, rates)).await;
    }

    /// Sets a partner's sales target.
    pub(crate) async fn target(&self, partner: &str, year: i32, amount: &str, currency: &str) {
        let target = json!({ "amount": amount, "currency": currency });
        let input = json!({ "partner": partner, "year": year, "target": target });
        self.done("setSalesTarget", input).await;
    }

    /// A page of a partner's ledger with these arguments: its entries, and how many there are in all.
    pub(crate) async fn ledger_where(&self, partner: &str, arguments: &str) -> (Vec<Value>, i64) {
        let query = format!(
            "query($code: String!) {{ partner(code: $code) {{ ledger({arguments}) {{ totalCount nodes {{ \
             reason track kind effectiveOn spendableCredits balanceAfter }} }} }} }}"
        );
        let page = self.ok(&query, json!({ "code": partner })).await["partner"]["ledger"].clone();
        let nodes = page["nodes"].as_array().expect("a list").clone();
        (nodes, page["totalCount"].as_i64().expect("a count"))
    }
}

/// The input of `recordContract`.
pub(crate) fn contract(
    partner: &str,
    reference: &str,
    (starts_on, ends_on): (&str, &str),
    rates: &[(&str, &str)],
) -> Value {
    let rate = |(category, percent): &(&str, &str)| json!({ "category": category, "percent": percent });
    let rates: Vec<Value> = rates.iter().map(rate).collect();
    json!({
        "partner": partner, "reference": reference, "startsOn": starts_on, "endsOn": ends_on, "rates": rates,
    })
}
