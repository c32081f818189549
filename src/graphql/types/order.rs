//! Orders and quotes.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entity::{order, order_line};

use super::enums::{DiscountSource, OrderPurpose, OrderStatus, ProductCategory};
use super::standing::Level;
use super::{Contract, Edition, Money, Partner, Product};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchPages, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Decimal, Moment, int};
use crate::service::Services;
use crate::service::contracts::percent;
use crate::service::orders;
use crate::store::page::Rows;

/// An order of a partner. It keeps for ever what it was priced with: prices, level, rates, edition and credits.
pub(crate) struct Order(pub(crate) BatchRow<order::Model>);

impl Order {
    fn money(&self, minor: i64) -> Result<Money, ApiError> {
        Money::from_minor(minor, &self.0.row().currency)
    }
}

/// An order of a partner. It keeps for ever what it was priced with: prices, level, rates, edition and credits.
#[Object]
impl Order {
    /// Global id: opaque, and the same for ever.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Order.id(self.0.row().id)
    }

    /// Unique number that people and machines refer to it by.
    async fn number(&self) -> &str {
        &self.0.row().number
    }

    /// Who ordered.
    async fn partner(&self, context: &Context<'_>) -> Result<Partner, ApiError> {
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.partner_id).collect();
        let load = async { services.partners_by_ids(&ids).await.map(BatchById::new) };
        let partners = self.0.load(Relation::Partner, load).await?;
        let found = partners.get(self.0.row().partner_id).map(Partner);
        found.ok_or_else(|| Error::Damaged("an order without its partner".to_owned()).into())
    }

    /// What it is for.
    async fn purpose(&self) -> OrderPurpose {
        self.0.row().purpose.into()
    }

    /// The end customer; null for self-use.
    async fn customer(&self) -> Option<&str> {
        self.0.row().customer.as_deref()
    }

    /// Where it stands.
    async fn status(&self) -> OrderStatus {
        self.0.row().status.into()
    }

    /// When it was placed: prices, level and rates are those of this day.
    async fn placed_on(&self) -> Date {
        Date(self.0.row().placed_on)
    }

    /// When it was fulfilled; null unless it was.
    async fn fulfilled_on(&self) -> Option<Date> {
        self.0.row().fulfilled_on.map(Date)
    }

    /// When it was cancelled; null unless it was.
    async fn cancelled_on(&self) -> Option<Date> {
        self.0.row().cancelled_on.map(Date)
    }

    /// When the system learned of it.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// The partner's overall level when it was placed.
    async fn level(&self, context: &Context<'_>) -> Result<Level, ApiError> {
        level(context.data_unchecked::<Services>(), self.0.row())
    }

    /// The edition that it was priced by.
    async fn edition(&self, context: &Context<'_>) -> Result<Edition, ApiError> {
        edition(context.data_unchecked::<Services>(), self.0.row())
    }

    /// Its lines, in their order.
    async fn lines(&self, context: &Context<'_>) -> Result<Vec<OrderLine>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let batch_rows = self.0.batch_rows();
        let load = async {
            let mut lines = services.order_lines(batch_rows).await?;
            let of = |row: &order::Model| {
                let rows = lines.remove(&row.id).unwrap_or_default();
                let rows = rows.into_iter().map(|line| LineRow { line, currency: row.currency.clone() });
                (row.id, Rows { rows: rows.collect(), has_more: false })
            };
            Ok::<_, Error>(BatchPages::new(batch_rows.iter().map(of).collect()))
        };
        let lines = self.0.load(Relation::OrderLines, load).await?;
        Ok(lines.of(self.0.row().id).batch_rows().map(OrderLine).collect())
    }

    /// Credits redeemed.
    async fn credits(&self) -> i32 {
        int(self.0.row().credits)
    }

    /// Most credits that the caps on the order allow, whatever the balance.
    async fn max_credits(&self) -> i32 {
        int(self.0.row().max_credits)
    }

    /// What one credit is worth; null where credits have no value in the currency.
    async fn credit_value(&self) -> Result<Option<Money>, ApiError> {
        self.0.row().credit_value.map(|minor| self.money(minor)).transpose()
    }

    /// Sum of the list prices.
    async fn list(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().list)
    }

    /// What base discounts take off the list prices.
    async fn base_discount(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().list - self.0.row().net)
    }

    /// What is left after base discounts.
    async fn net(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().net)
    }

    /// Most value that credits can pay.
    async fn cap(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().cap)
    }

    /// Value that credits pay.
    async fn redeemed(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().redeemed)
    }

    /// What is left to pay: net less redeemed.
    async fn total(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().net - self.0.row().redeemed)
    }
}

fn level(services: &Services, row: &order::Model) -> Result<Level, ApiError> {
    let policy = services.policy();
    let edition = policy.index(row.edition_id).and_then(|index| policy.editions.get(index));
    let level = edition.and_then(|edition| edition.partner_levels.by_code(&row.level)).cloned();
    level.map(Level).ok_or_else(|| Error::Damaged(format!("no edition has the level {}", row.level)).into())
}

fn edition(services: &Services, row: &order::Model) -> Result<Edition, ApiError> {
    let policy = services.policy();
    let index = policy.index(row.edition_id);
    let index = index.ok_or_else(|| Error::Damaged("an order of an unknown edition".to_owned()))?;
    Ok(Edition { id: row.edition_id, index, policy: Arc::clone(policy) })
}

/// A line with the currency of its order.
#[derive(Clone)]
pub(crate) struct LineRow {
    line: order_line::Model,
    currency: String,
}

/// A line of an order or quote, as it is priced.
pub(crate) struct OrderLine(BatchRow<LineRow>);

impl OrderLine {
    fn row(&self) -> &order_line::Model {
        &self.0.row().line
    }

    fn money(&self, minor: i64) -> Result<Money, ApiError> {
        Money::from_minor(minor, &self.0.row().currency)
    }
}

/// A line of an order or quote, as it is priced.
#[Object]
impl OrderLine {
    /// The product as it is now; the line keeps what it was.
    async fn product(&self, context: &Context<'_>) -> Result<Product, ApiError> {
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.line.product_id).collect();
        let load = async { services.products_by_ids(&ids).await.map(BatchById::new) };
        let products = self.0.load(Relation::Product, load).await?;
        let found = products.get(self.row().product_id).map(Product);
        found.ok_or_else(|| Error::Damaged("a line without its product".to_owned()).into())
    }

    /// Name of the product when the line was priced.
    async fn product_name(&self) -> &str {
        &self.row().product_name
    }

    /// Category of the product when the line was priced.
    async fn category(&self) -> ProductCategory {
        self.row().category.into()
    }

    /// How many.
    async fn quantity(&self) -> i32 {
        int(self.row().quantity)
    }

    /// List price of one.
    async fn unit_price(&self) -> Result<Money, ApiError> {
        self.money(self.row().unit_price)
    }

    /// List price of all.
    async fn list(&self) -> Result<Money, ApiError> {
        self.money(self.row().list)
    }

    /// Base discount in percent of the list price.
    async fn discount_percent(&self) -> Result<Decimal, ApiError> {
        Ok(Decimal(percent(&self.row().discount_percent)?))
    }

    /// What decides the discount.
    async fn discount_source(&self) -> DiscountSource {
        if self.row().contract_id.is_some() { DiscountSource::Contract } else { DiscountSource::Level }
    }

    /// The contract that decides the discount; null where the level does.
    async fn contract(&self, context: &Context<'_>) -> Option<Contract> {
        let id = self.row().contract_id?;
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.line.contract_id).collect();
        let load = async { services.contracts_by_ids(&ids).await.map(BatchById::new) };
        let contracts = self.0.load(Relation::Contract, load).await;
        or_null(context, contracts.map(|contracts| contracts.get(id).map(Contract)))
    }

    /// What the base discount takes off.
    async fn base_discount(&self) -> Result<Money, ApiError> {
        self.money(self.row().list - self.row().net)
    }

    /// What is left after the base discount, rounded once, half to even.
    async fn net(&self) -> Result<Money, ApiError> {
        self.money(self.row().net)
    }

    /// Share that credits can pay, in percent.
    async fn cap_percent(&self) -> Result<Decimal, ApiError> {
        Ok(Decimal(percent(&self.row().cap_percent)?))
    }

    /// Most value that credits can pay.
    async fn cap(&self) -> Result<Money, ApiError> {
        self.money(self.row().cap)
    }

    /// Value that credits pay.
    async fn redeemed(&self) -> Result<Money, ApiError> {
        self.money(self.row().redeemed)
    }

    /// What is left to pay: net less redeemed.
    async fn total(&self) -> Result<Money, ApiError> {
        self.money(self.row().net - self.row().redeemed)
    }
}

/// What an order would come to if it was placed now. Asking for it changes nothing.
pub(crate) struct Quote {
    quoted: orders::Quote,
    lines: BatchPages<LineRow>,
}

impl Quote {
    pub(crate) fn new(quoted: orders::Quote) -> Self {
        let row = &quoted.row;
        let rows =
            row.lines.iter().map(|line| LineRow { line: line.clone(), currency: row.order.currency.clone() });
        let rows = Rows { rows: rows.collect(), has_more: false };
        let lines = BatchPages::new([(row.order.id, rows)].into());
        Self { quoted, lines }
    }

    fn row(&self) -> &order::Model {
        &self.quoted.row.order
    }

    fn money(&self, minor: i64) -> Result<Money, ApiError> {
        Money::from_minor(minor, &self.row().currency)
    }
}

/// What an order would come to if it was placed now. Asking for it changes nothing.
#[Object]
impl Quote {
    /// Who would order.
    async fn partner(&self) -> Partner {
        Partner(BatchRow::only(self.quoted.partner.clone()))
    }

    /// What it would be for.
    async fn purpose(&self) -> OrderPurpose {
        self.row().purpose.into()
    }

    /// The end customer; null for self-use.
    async fn customer(&self) -> Option<&str> {
        self.row().customer.as_deref()
    }

    /// The day whose prices, level and rates it has.
    async fn priced_on(&self) -> Date {
        Date(self.row().placed_on)
    }

    /// The partner's overall level.
    async fn level(&self, context: &Context<'_>) -> Result<Level, ApiError> {
        level(context.data_unchecked::<Services>(), self.row())
    }

    /// The edition that prices it.
    async fn edition(&self, context: &Context<'_>) -> Result<Edition, ApiError> {
        edition(context.data_unchecked::<Services>(), self.row())
    }

    /// Its lines, in their order.
    async fn lines(&self) -> Vec<OrderLine> {
        self.lines.of(self.row().id).batch_rows().map(OrderLine).collect()
    }

    /// Credits that would be redeemed.
    async fn credits(&self) -> i32 {
        int(self.row().credits)
    }

    /// Most credits that the caps on the order allow, whatever the balance.
    async fn max_credits(&self) -> i32 {
        int(self.row().max_credits)
    }

    /// Credits that could be redeemed now: the smaller of cap and balance, never below 0.
    async fn usable_credits(&self) -> i32 {
        int(self.quoted.usable_credits)
    }

    /// The partner's balance now.
    async fn balance(&self) -> i32 {
        int(self.quoted.partner.credits)
    }

    /// What one credit is worth; null where credits have no value in the currency.
    async fn credit_value(&self) -> Result<Option<Money>, ApiError> {
        self.row().credit_value.map(|minor| self.money(minor)).transpose()
    }

    /// Sum of the list prices.
    async fn list(&self) -> Result<Money, ApiError> {
        self.money(self.row().list)
    }

    /// What base discounts take off the list prices.
    async fn base_discount(&self) -> Result<Money, ApiError> {
        self.money(self.row().list - self.row().net)
    }

    /// What is left after base discounts.
    async fn net(&self) -> Result<Money, ApiError> {
        self.money(self.row().net)
    }

    /// Most value that credits can pay.
    async fn cap(&self) -> Result<Money, ApiError> {
        self.money(self.row().cap)
    }

    /// Value that the credits would pay.
    async fn redeemed(&self) -> Result<Money, ApiError> {
        self.money(self.row().redeemed)
    }

    /// What would be left to pay: net less redeemed.
    async fn total(&self) -> Result<Money, ApiError> {
        self.money(self.row().net - self.row().redeemed)
    }
}
