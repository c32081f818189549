//! Orders, deals, sales targets and swag: verified like everything else, and tampering with them is found.

use partner_program::program::deal::{Outcome, Report, Status};
use partner_program::program::edition::{OrderPurpose, ProductCategory};
use partner_program::program::money::Money;
use partner_program::service::deals::{DealChange, DealDraft};
use partner_program::service::orders::OrderDraft;
use partner_program::service::products::ProductDraft;
use partner_program::service::swag::{SwagItemDraft, SwagOrderDraft};

use crate::{Scenario, day};

fn euros(minor: i64) -> Money {
    Money { minor, currency: Money::currency("EUR").expect("a currency") }
}

impl Scenario {
    /// Orders in each state, a target reached and then raised, deals of two partners, swag.
    async fn trade(&self) {
        let services = &self.services;
        let product = ProductDraft {
            code: "base".to_owned(),
            name: "Base".to_owned(),
            category: ProductCategory::License,
            prices: vec![euros(10_000).into()],
        };
        services.product_save(&product).await.expect("a product");
        services.sales_target_set("alpha", 2026, euros(50_000)).await.expect("a target");
        let fulfilled = self.order("1", 10).await;
        services.order_fulfill(&fulfilled, day("2026-08-31")).await.expect("an order fulfilled");
        let cancelled = self.order("2", 7).await;
        services.order_cancel(&cancelled, Some("by mistake")).await.expect("an order cancelled");
        self.order("3", 3).await;
        services.sales_target_set("alpha", 2026, euros(99_999_900)).await.expect("a higher target");
        self.deal("alpha", "D-1", "2026-07-01").await;
        self.deal("beta", "D-2", "2026-08-01").await;
        let engaged = DealChange { status: Some(Status::Engaged), ..DealChange::default() };
        services.deal_update("D-1", &engaged, day("2026-07-10")).await.expect("contact");
        services.deal_report("D-1", Report::Webinar, day("2026-08-05"), None).await.expect("a report");
        services.deal_close("D-2", Outcome::WonByPartner, day("2026-08-20")).await.expect("a win");
        self.deal("beta", "D-3", "2026-08-21").await;
        services.deal_update("D-3", &engaged, day("2026-08-22")).await.expect("contact");
        let item =
            SwagItemDraft { code: "mug".to_owned(), name: "Mug".to_owned(), dojo_credits: 50, stock: 9 };
        services.swag_item_save(&item).await.expect("an item");
        let first = self.swag("1").await;
        services.swag_order_cancel(&first, None).await.expect("swag cancelled");
        self.swag("2").await;
    }

    async fn order(&self, key: &str, credits: i64) -> String {
        let draft = OrderDraft {
            partner: "alpha".to_owned(),
            purpose: OrderPurpose::EndCustomer,
            customer: Some("Acme".to_owned()),
            currency: "EUR".to_owned(),
            lines: vec![("base".to_owned(), 10), ("base".to_owned(), 1)],
            credits,
        };
        self.services.order_place(&draft, key).await.expect("an order").order.number
    }

    async fn deal(&self, partner: &str, reference: &str, on: &str) {
        let draft = DealDraft {
            partner: partner.to_owned(),
            reference: reference.to_owned(),
            customer: "Acme".to_owned(),
            scope: "Everything".to_owned(),
            description: None,
            registered_on: day(on),
        };
        self.services.deal_register(&draft).await.expect("a deal");
    }

    async fn swag(&self, key: &str) -> String {
        let draft = SwagOrderDraft {
            professional: "ada".to_owned(),
            item: "mug".to_owned(),
            quantity: 2,
            idempotency_key: key.to_owned(),
        };
        self.services.swag_order_place(&draft).await.expect("swag").order.number
    }
}

#[tokio::test]
async fn nothing_differs_after_trade() {
    let scenario = Scenario::start().await;
    scenario.trade().await;
    let report = scenario.verify().await;
    assert_eq!(report.differences, Vec::<String>::new());
    assert_eq!(report.steps, 22 + 17);
}

/// Statement, table whose triggers are in its way, words of the difference.
const TAMPERING: &[(&str, &str, &str)] = &[
    (
        "UPDATE orders SET status = 'PLACED' WHERE status = 'CANCELLED'",
        "",
        "status is Placed, expected Cancelled",
    ),
    (
        "UPDATE orders SET fulfilled_on = '2026-01-01' WHERE status = 'FULFILLED'",
        "",
        "fulfilled_on is 2026-01-01",
    ),
    (
        "UPDATE orders SET credits = credits - 1 WHERE status = 'FULFILLED'",
        "orders",
        "spendable_credits is -10, expected -9",
    ),
    ("UPDATE orders SET redeemed = redeemed + 1, net = net + 1", "orders", "redeemed is"),
    ("UPDATE orders SET net = net + 1 WHERE status = 'FULFILLED'", "orders", "its lines don't add up"),
    ("DELETE FROM order_lines WHERE line = 1", "order_lines", "its lines don't add up"),
    ("UPDATE order_lines SET net = net + 1 WHERE line = 0", "order_lines", "its lines don't add up"),
    (
        "UPDATE ledger_entries SET order_id = NULL WHERE reason = 'REDEMPTION'",
        "ledger_entries",
        "order_id is nothing",
    ),
    (
        "UPDATE ledger_entries SET deal_id = NULL WHERE kind = 'DEAL_WON'",
        "ledger_entries",
        "deal_id is nothing",
    ),
    (
        "UPDATE log SET day = '2026-08-30' WHERE action = 'ORDER_FULFILLED'",
        "log",
        "fulfilled_on is 2026-08-31, expected 2026-08-30",
    ),
    (
        "UPDATE log SET action = 'ORDER_FULFILLED' WHERE action = 'ORDER_CANCELLED'",
        "log",
        "status is Cancelled, expected Fulfilled",
    ),
    ("DELETE FROM log WHERE action = 'ORDER_CANCELLED'", "log", "status is Cancelled, expected Placed"),
    ("UPDATE log SET amount = 1 WHERE action = 'SALES_TARGET_SET'", "log", "sales target of 2026"),
    ("UPDATE sales_targets SET amount = 1", "", "amount is 1, expected"),
    ("UPDATE sales_targets SET reached_on = '2026-08-31'", "", "reached_on is 2026-08-31, expected nothing"),
    ("DELETE FROM sales_targets", "", "it is about nothing"),
    ("UPDATE partner_sales SET net = net + 1", "", "sales of 2026 in EUR: net is"),
    ("UPDATE partner_sales SET currency = 'USD'", "", "sales of 2026 in USD does not follow"),
    (
        "UPDATE deals SET status = 'CLOSED_LOST' WHERE reference = 'D-2'",
        "",
        "deal D-2: where it stands: status is ClosedLost",
    ),
    (
        "UPDATE deals SET rewarded_on = NULL WHERE reference = 'D-1'",
        "",
        "rewarded_on is nothing, expected 2026-08-20",
    ),
    ("UPDATE deals SET activity_on = '2026-08-31' WHERE reference = 'D-1'", "", "activity_on is 2026-08-31"),
    (
        "UPDATE deals SET customer = 'Other' WHERE reference = 'D-1'",
        "",
        "customer is \"Other\", expected \"Acme\"",
    ),
    (
        "UPDATE deal_steps SET outcome = 'WON_BY_OTHER'",
        "deal_steps",
        "outcome is WonByPartner, expected WonByOther",
    ),
    (
        "UPDATE deal_steps SET day = '2026-08-19' WHERE outcome IS NOT NULL",
        "deal_steps",
        "effective_on is 2026-08-20, expected 2026-08-19",
    ),
    ("DELETE FROM deal_steps WHERE report IS NOT NULL", "deal_steps", "what it did to deal D-1 is missing"),
    ("UPDATE customers SET won_deal_id = NULL", "", "customer acme: first won deal: won_deal_id is nothing"),
    (
        "UPDATE opportunities SET held_until = '2030-01-01'",
        "",
        "held_until is 2030-01-01, expected 2026-09-22",
    ),
    ("DELETE FROM opportunities", "", "who holds it is missing"),
    (
        "UPDATE swag_orders SET status = 'PLACED' WHERE status = 'CANCELLED'",
        "",
        "status is Placed, expected Cancelled",
    ),
    ("UPDATE swag_orders SET dojo_credits = 1", "swag_orders", "dojo_credits is 1, expected 100"),
    ("UPDATE points_entries SET swag_order_id = NULL", "points_entries", "swag_order_id is nothing"),
    (
        "UPDATE points_entries SET points = 1 WHERE reason = 'REDEMPTION'",
        "points_entries",
        "points is 1, expected 0",
    ),
];

#[tokio::test]
async fn tampering_with_trade_is_found() {
    let mut missed = Vec::new();
    for (statement, triggers, words) in TAMPERING {
        let scenario = Scenario::start().await;
        scenario.trade().await;
        scenario.tamper(statement, triggers).await;
        let report = scenario.verify().await;
        if !report.differences.iter().any(|line| line.contains(words)) {
            missed.push((statement, report.differences));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
