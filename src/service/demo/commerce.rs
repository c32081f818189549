//! What credits are worth in the demo: products, a contract, orders, sales targets, and the swag shop.

use chrono::{Datelike, Days};
use iso_currency::Currency;
use rust_decimal::Decimal;

use super::{Demo, code};
use crate::error::Error;
use crate::program::edition::{OrderPurpose, ProductCategory};
use crate::program::money::Money;
use crate::service::contracts::ContractDraft;
use crate::service::orders::OrderDraft;
use crate::service::products::ProductDraft;
use crate::service::swag::{SwagItemDraft, SwagOrderDraft};

/// Code, name, category, and prices in minor units: cents of EUR, cents of USD, yen.
const PRODUCTS: [(&str, &str, ProductCategory, [i64; 3]); 5] = [
    ("dataminer-core", "DataMiner licence", ProductCategory::License, [1_200_000, 1_300_000, 1_950_000]),
    (
        "credits-1000",
        "1,000 DataMiner credits",
        ProductCategory::UsageBasedService,
        [100_000, 110_000, 163_000],
    ),
    ("support-gold", "Support, one year", ProductCategory::SupportService, [240_000, 260_000, 390_000]),
    ("training-operator", "Operator training", ProductCategory::Training, [95_000, 105_000, 155_000]),
    ("exam-administrator", "Administrator exam", ProductCategory::Certification, [25_000, 27_500, 40_000]),
];

/// Currencies of the prices.
const CURRENCIES: [Currency; 3] = [Currency::EUR, Currency::USD, Currency::JPY];

/// The final status of an order.
#[derive(Clone, Copy)]
enum OrderEnd {
    Placed,
    Fulfilled,
    Cancelled,
}

/// Partner, end customer if it is for one, currency, lines, most credits to redeem, what becomes of it.
type DemoOrder =
    (&'static str, Option<&'static str>, &'static str, &'static [(&'static str, i64)], i64, OrderEnd);

const ORDERS: [DemoOrder; 5] = [
    (
        "nordwind",
        Some("Kanaal Noord"),
        "EUR",
        &[("dataminer-core", 2), ("support-gold", 1)],
        200,
        OrderEnd::Fulfilled,
    ),
    ("nordwind", None, "EUR", &[("training-operator", 1), ("exam-administrator", 1)], 150, OrderEnd::Placed),
    (
        "alpenfunk",
        Some("Radio Tirol"),
        "USD",
        &[("dataminer-core", 1), ("training-operator", 2)],
        100,
        OrderEnd::Placed,
    ),
    ("alpenfunk", None, "EUR", &[("credits-1000", 2)], 50, OrderEnd::Cancelled),
    (
        "tramontana",
        Some("Costa TV"),
        "JPY",
        &[("dataminer-core", 1), ("credits-1000", 1)],
        0,
        OrderEnd::Fulfilled,
    ),
];

/// Code, name, price in Dojo Credits, stock.
const ITEMS: [(&str, &str, i64, i64); 4] = [
    ("hoodie", "Hoodie", 750, 12),
    ("keyboard", "Mechanical keyboard", 4_000, 3),
    ("mug", "Mug", 250, 40),
    ("stickers", "Stickers", 50, 500),
];

impl Demo<'_> {
    pub(super) async fn commerce(&self) -> Result<(), Error> {
        for (code, name, category, prices) in PRODUCTS {
            let prices = prices.into_iter().zip(CURRENCIES);
            let prices = prices.map(|(minor, currency)| Money { minor, currency }.into()).collect();
            let product = ProductDraft { code: code.to_owned(), name: name.to_owned(), category, prices };
            self.services.product_save(&product).await?;
        }
        // Better than any level's rate, but for licences only.
        let contract = ContractDraft {
            partner: "alpenfunk".to_owned(),
            reference: "FRAME-1".to_owned(),
            starts_on: self.ago(200),
            ends_on: self.today.checked_add_days(Days::new(165)).unwrap_or(self.today),
            rates: vec![(ProductCategory::License, Decimal::new(275, 1))],
        };
        self.services.contract_record(&contract).await?;
        // The first one is reached by the orders below, the second one is not.
        let year = self.today.year();
        for (partner, minor, currency) in
            [("nordwind", 1_500_000, Currency::EUR), ("alpenfunk", 10_000_000, Currency::USD)]
        {
            self.services.sales_target_set(partner, year, Money { minor, currency }).await?;
        }
        self.orders().await?;
        self.swag().await
    }

    async fn orders(&self) -> Result<(), Error> {
        for (place, (partner, customer, currency, lines, credits, end)) in ORDERS.into_iter().enumerate() {
            let purpose = customer.map_or(OrderPurpose::SelfUse, |_| OrderPurpose::EndCustomer);
            let draft = OrderDraft {
                partner: partner.to_owned(),
                purpose,
                customer: customer.map(str::to_owned),
                currency: currency.to_owned(),
                lines: lines.iter().map(|(code, quantity)| ((*code).to_owned(), *quantity)).collect(),
                credits: 0,
            };
            let usable = self.services.quote(&draft).await?.usable_credits;
            let draft = OrderDraft { credits: credits.min(usable), ..draft };
            let placed = self.services.order_place(&draft, &format!("demo-{place}")).await?;
            match end {
                OrderEnd::Placed => {}
                OrderEnd::Fulfilled => {
                    self.services.order_fulfill(&placed.order.number, self.today).await?;
                }
                OrderEnd::Cancelled => {
                    let reason = Some("Ordered twice.");
                    self.services.order_cancel(&placed.order.number, reason).await?;
                }
            }
        }
        Ok(())
    }

    /// Some things that were ordered, the last of them by mistake.
    async fn swag(&self) -> Result<(), Error> {
        for (code, name, dojo_credits, stock) in ITEMS {
            let item = SwagItemDraft { code: code.to_owned(), name: name.to_owned(), dojo_credits, stock };
            self.services.swag_item_save(&item).await?;
        }
        let mut last = String::new();
        for (place, item, quantity) in
            [(0, "keyboard", 1), (0, "mug", 2), (3, "hoodie", 1), (4, "stickers", 10)]
        {
            let draft = SwagOrderDraft {
                professional: code(place),
                item: item.to_owned(),
                quantity,
                idempotency_key: format!("demo-{item}"),
            };
            last = self.services.swag_order_place(&draft).await?.order.number;
        }
        self.services.swag_order_cancel(&last, Some("Five would do.")).await?;
        Ok(())
    }
}
