//! Orders and quotes.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entity::{order, order_line, value::LogAction};
use uuid::Uuid;

use super::commerce::{DiscountSource, OrderPurpose, OrderStatus, ProductCategory};
use super::credit_lot::CreditLot;
use super::standing::Level;
use super::{Cancellation, Contract, Customer, Edition, Money, Partner, Product, SavedQuote};
use crate::error::Error;
use crate::graphql::batch::{BatchById, BatchPages, BatchRow};
use crate::graphql::error::{ApiError, or_null};
use crate::graphql::id::NodeType;
use crate::graphql::relation::Relation;
use crate::graphql::scalar::{Date, Decimal, Moment, int};
use crate::service::contracts::percent;
use crate::service::reads::Histories;
use crate::service::{Services, orders};
use crate::store::page::Rows;

/// Order of a partner. It keeps everything with which it was priced: prices, level, rates, edition and
/// credits.
pub(crate) struct Order(pub(crate) BatchRow<order::Model>);

impl Order {
    fn money(&self, minor: i64) -> Result<Money, ApiError> {
        Money::from_minor(minor, &self.0.row().currency)
    }
}

/// Order of a partner. It keeps everything with which it was priced: prices, level, rates, edition and
/// credits.
#[Object]
impl Order {
    /// Global ID of the object, opaque and permanent. `node` and `nodes` accept it.
    pub(crate) async fn id(&self) -> ID {
        NodeType::Order.id(self.0.row().id)
    }

    /// Unique number, such as `O-1831`.
    async fn number(&self) -> &str {
        &self.0.row().number
    }

    /// Partner that placed the order.
    async fn partner(&self, context: &Context<'_>) -> Result<Partner, ApiError> {
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.partner_id).collect();
        let load = || async { services.partners_by_ids(&ids).await.map(BatchById::new) };
        let partners = self.0.load(Relation::Partner, load).await?;
        let found = partners.get(self.0.row().partner_id).map(Partner);
        found.ok_or_else(|| Error::Damaged("an order without its partner".to_owned()).into())
    }

    /// Purpose: resale to an end customer, or use by the partner itself.
    async fn purpose(&self) -> OrderPurpose {
        self.0.row().purpose.into()
    }

    /// Name of the end customer; null for self-use.
    async fn customer(&self) -> Option<&str> {
        self.0.row().customer.as_deref()
    }

    /// End customer that `customer` means; null if there is none, and for callers that see no customers, who are all but
    /// program staff.
    async fn end_customer(&self, context: &Context<'_>) -> Option<Customer> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.customers_of_orders(self.0.batch_rows()).await.map(BatchById::new) };
        let found = self.0.load(Relation::EndCustomer, load).await;
        or_null(context, found.map(|found| found.get(self.0.row().id).map(Customer)))
    }

    /// Status of the order.
    async fn status(&self) -> OrderStatus {
        self.0.row().status.into()
    }

    /// Date of the order. Its prices, level and rates are those of this day.
    async fn placed_on(&self) -> Date {
        Date(self.0.row().placed_on)
    }

    /// Date of fulfilment; null unless the order was fulfilled.
    async fn fulfilled_on(&self) -> Option<Date> {
        self.0.row().fulfilled_on.map(Date)
    }

    /// Date of cancellation; null unless the order was cancelled.
    async fn cancelled_on(&self) -> Option<Date> {
        self.0.row().cancelled_on.map(Date)
    }

    /// Cancellation, with its reason; null unless the order was cancelled.
    async fn cancelled(&self, context: &Context<'_>) -> Option<Cancellation> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.order_histories(self.0.batch_rows()).await };
        let found = self.0.load(Relation::Histories, load).await;
        let cancelled = |found: Arc<Histories>| {
            found.last(self.0.row().id, &[LogAction::OrderCancelled]).map(Cancellation::from)
        };
        or_null(context, found.map(cancelled))
    }

    /// Date of return; null unless the order was returned.
    async fn returned_on(&self) -> Option<Date> {
        self.0.row().returned_on.map(Date)
    }

    /// Return, with its reason; null unless the order was returned.
    async fn returned(&self, context: &Context<'_>) -> Option<Cancellation> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.order_histories(self.0.batch_rows()).await };
        let found = self.0.load(Relation::Histories, load).await;
        let returned = |found: Arc<Histories>| {
            found.last(self.0.row().id, &[LogAction::OrderReturned]).map(Cancellation::from)
        };
        or_null(context, found.map(returned))
    }

    /// Time at which the order was recorded.
    async fn recorded_at(&self) -> Moment {
        Moment(self.0.row().recorded_at)
    }

    /// Overall level of the partner on the order date, as it was when the order was placed.
    async fn level(&self, context: &Context<'_>) -> Result<Level, ApiError> {
        level(context.data_unchecked::<Services>(), self.0.row())
    }

    /// Edition by which the order was priced when it was placed.
    async fn edition(&self, context: &Context<'_>) -> Result<Edition, ApiError> {
        edition(context.data_unchecked::<Services>(), self.0.row())
    }

    /// Saved quote that the order was placed from, at whose prices; null if there is none.
    async fn quote(&self, context: &Context<'_>) -> Option<SavedQuote> {
        let id = self.0.row().quote_id?;
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.quote_id).collect();
        let load = || async { services.saved_quotes_by_ids(&ids).await.map(BatchById::new) };
        let quotes = self.0.load(Relation::SavedQuote, load).await;
        or_null(context, quotes.map(|quotes| quotes.get(id).map(SavedQuote)))
    }

    /// Order lines, in the order in which they were submitted.
    async fn lines(&self, context: &Context<'_>) -> Result<Vec<OrderLine>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let batch_rows = self.0.batch_rows();
        let load = || async {
            let mut lines = services.order_lines(batch_rows).await?;
            let of = |row: &order::Model| line_rows(row, lines.remove(&row.id).unwrap_or_default());
            Ok::<_, Error>(BatchPages::new(batch_rows.iter().map(of).collect()))
        };
        let lines = self.0.load(Relation::OrderLines, load).await?;
        Ok(lines.of(self.0.row().id).batch_rows().map(OrderLine).collect())
    }

    /// What the redeemed credits had been earned on, the oldest first; also of an order that was cancelled or returned,
    /// which gives back the same. At most 1,000 days.
    async fn paid_with(&self, context: &Context<'_>) -> Result<Vec<CreditLot>, ApiError> {
        let services = context.data_unchecked::<Services>();
        let load = || async { services.orders_paid_with(self.0.batch_rows()).await };
        let lots = self.0.load(Relation::PaidWith, load).await?;
        Ok(CreditLot::all(lots.get(&self.0.row().id)))
    }

    /// Number of credits redeemed.
    async fn credits(&self) -> i32 {
        int(self.0.row().credits)
    }

    /// Maximum number of credits that the caps on the order allow, regardless of the balance.
    async fn max_credits(&self) -> i32 {
        int(self.0.row().max_credits)
    }

    /// Value of one credit; null if credits have no value in the currency.
    async fn credit_value(&self) -> Result<Option<Money>, ApiError> {
        self.0.row().credit_value.map(|minor| self.money(minor)).transpose()
    }

    /// Sum of the list prices.
    async fn list(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().list)
    }

    /// Sum of the base discounts.
    async fn base_discount(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().list - self.0.row().net)
    }

    /// Net amount: list prices less base discounts.
    async fn net(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().net)
    }

    /// Maximum value that credits can pay.
    async fn cap(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().cap)
    }

    /// Value that credits pay.
    async fn redeemed(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().redeemed)
    }

    /// Amount payable: net amount less the redeemed value.
    async fn total(&self) -> Result<Money, ApiError> {
        self.money(self.0.row().net - self.0.row().redeemed)
    }
}

fn level(services: &Services, row: &order::Model) -> Result<Level, ApiError> {
    priced_level(services, row.edition_id, &row.level)
}

/// The level of a code, as the edition has it.
pub(super) fn priced_level(services: &Services, edition: Uuid, code: &str) -> Result<Level, ApiError> {
    let policy = services.policy();
    let edition = policy.index(edition).and_then(|index| policy.editions.get(index));
    let level = edition.and_then(|edition| edition.partner_levels.by_code(code)).cloned();
    level.map(Level).ok_or_else(|| Error::Damaged(format!("no edition has the level {code}")).into())
}

impl Order {
    /// An order with lines that are known already.
    pub(crate) fn with_lines(row: order::Model, lines: Vec<order_line::Model>) -> Self {
        let lines = BatchPages::new([line_rows(&row, lines)].into());
        Self(BatchRow::only(row).with(Relation::OrderLines, lines))
    }
}

fn line_rows(order: &order::Model, lines: Vec<order_line::Model>) -> (Uuid, Rows<LineRow>) {
    let rows = lines.into_iter().map(|line| LineRow::new(line, order));
    (order.id, Rows { rows: rows.collect(), has_more: false })
}

fn edition(services: &Services, row: &order::Model) -> Result<Edition, ApiError> {
    priced_edition(services, row.edition_id)
}

/// The edition by which something was priced.
pub(super) fn priced_edition(services: &Services, id: Uuid) -> Result<Edition, ApiError> {
    let policy = services.policy();
    let index = policy.index(id);
    let index = index.ok_or_else(|| Error::Damaged("an order of an unknown edition".to_owned()))?;
    Ok(Edition { id, index, policy: Arc::clone(policy) })
}

/// A line with the currency of its order, and by what that was priced.
#[derive(Clone)]
pub(crate) struct LineRow {
    line: order_line::Model,
    currency: String,
    edition_id: Uuid,
    level: String,
}

impl LineRow {
    fn new(line: order_line::Model, order: &order::Model) -> Self {
        Self::by(line, &order.currency, order.edition_id, &order.level)
    }

    pub(super) fn by(line: order_line::Model, currency: &str, edition_id: Uuid, level: &str) -> Self {
        Self { line, currency: currency.to_owned(), edition_id, level: level.to_owned() }
    }
}

/// Priced line of an order or a quote.
pub(crate) struct OrderLine(pub(super) BatchRow<LineRow>);

impl OrderLine {
    fn row(&self) -> &order_line::Model {
        &self.0.row().line
    }

    fn money(&self, minor: i64) -> Result<Money, ApiError> {
        Money::from_minor(minor, &self.0.row().currency)
    }
}

/// Priced line of an order or a quote.
#[Object]
impl OrderLine {
    /// Current state of the product, which may differ from what was priced.
    async fn product(&self, context: &Context<'_>) -> Result<Product, ApiError> {
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().map(|row| row.line.product_id).collect();
        let load = || async { services.products_by_ids(&ids).await.map(BatchById::new) };
        let products = self.0.load(Relation::Product, load).await?;
        let found = products.get(self.row().product_id).map(Product);
        found.ok_or_else(|| Error::Damaged("a line without its product".to_owned()).into())
    }

    /// Name of the product at the time of pricing.
    async fn product_name(&self) -> &str {
        &self.row().product_name
    }

    /// Category of the product at the time of pricing.
    async fn category(&self) -> ProductCategory {
        self.row().category.into()
    }

    /// Number of units.
    async fn quantity(&self) -> i32 {
        int(self.row().quantity)
    }

    /// List price of one unit.
    async fn unit_price(&self) -> Result<Money, ApiError> {
        self.money(self.row().unit_price)
    }

    /// List price of all units.
    async fn list(&self) -> Result<Money, ApiError> {
        self.money(self.row().list)
    }

    /// Base discount in percent of the list price.
    async fn discount_percent(&self) -> Result<Decimal, ApiError> {
        Ok(Decimal(percent(&self.row().discount_percent)?))
    }

    /// Discount of the level in percent of the list price, as it was at the time of pricing. A contract takes
    /// precedence over it, even if it is better.
    async fn level_percent(&self, context: &Context<'_>) -> Decimal {
        let services = context.data_unchecked::<Services>();
        let line = self.0.row();
        Decimal(services.level_discount(line.edition_id, &line.level, line.line.category))
    }

    /// Source of the discount rate.
    async fn discount_source(&self) -> DiscountSource {
        if self.row().contract_id.is_some() { DiscountSource::Contract } else { DiscountSource::Level }
    }

    /// Contract that sets the discount rate; null if the partner's level does.
    async fn contract(&self, context: &Context<'_>) -> Option<Contract> {
        let id = self.row().contract_id?;
        let services = context.data_unchecked::<Services>();
        let ids: Vec<_> = self.0.batch_rows().iter().filter_map(|row| row.line.contract_id).collect();
        let load = || async { services.contracts_by_ids(&ids).await.map(BatchById::new) };
        let contracts = self.0.load(Relation::Contract, load).await;
        or_null(context, contracts.map(|contracts| contracts.get(id).map(Contract)))
    }

    /// Amount of the base discount.
    async fn base_discount(&self) -> Result<Money, ApiError> {
        self.money(self.row().list - self.row().net)
    }

    /// Net amount: list price less base discount, rounded once, half to even.
    async fn net(&self) -> Result<Money, ApiError> {
        self.money(self.row().net)
    }

    /// Share that credits can pay, in percent.
    async fn cap_percent(&self) -> Result<Decimal, ApiError> {
        Ok(Decimal(percent(&self.row().cap_percent)?))
    }

    /// Maximum value that credits can pay.
    async fn cap(&self) -> Result<Money, ApiError> {
        self.money(self.row().cap)
    }

    /// Value that credits pay.
    async fn redeemed(&self) -> Result<Money, ApiError> {
        self.money(self.row().redeemed)
    }

    /// Amount payable: net amount less the redeemed value.
    async fn total(&self) -> Result<Money, ApiError> {
        self.money(self.row().net - self.row().redeemed)
    }
}

/// Quote: an order priced as if it were placed now. Nothing is stored or reserved.
pub(crate) struct Quote {
    quoted: orders::Quote,
    lines: BatchPages<LineRow>,
}

impl Quote {
    pub(crate) fn new(quoted: orders::Quote) -> Self {
        let row = &quoted.row;
        let rows = row.lines.iter().map(|line| LineRow::new(line.clone(), &row.order));
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

/// Quote: an order priced as if it were placed now. Nothing is stored or reserved.
#[Object]
impl Quote {
    /// Partner for which the order is priced.
    async fn partner(&self) -> Partner {
        Partner(BatchRow::only(self.quoted.partner.clone()))
    }

    /// Purpose: resale to an end customer, or use by the partner itself.
    async fn purpose(&self) -> OrderPurpose {
        self.row().purpose.into()
    }

    /// Name of the end customer; null for self-use.
    async fn customer(&self) -> Option<&str> {
        self.row().customer.as_deref()
    }

    /// Date of the prices, level and rates: today.
    async fn priced_on(&self) -> Date {
        Date(self.row().placed_on)
    }

    /// Overall level of the partner on this day.
    async fn level(&self, context: &Context<'_>) -> Result<Level, ApiError> {
        level(context.data_unchecked::<Services>(), self.row())
    }

    /// Edition by which the quote is priced.
    async fn edition(&self, context: &Context<'_>) -> Result<Edition, ApiError> {
        edition(context.data_unchecked::<Services>(), self.row())
    }

    /// Order lines, in the order in which they were submitted.
    async fn lines(&self) -> Vec<OrderLine> {
        self.lines.of(self.row().id).batch_rows().map(OrderLine).collect()
    }

    /// Number of credits to redeem.
    async fn credits(&self) -> i32 {
        int(self.row().credits)
    }

    /// Maximum number of credits that the caps on the order allow, regardless of the balance.
    async fn max_credits(&self) -> i32 {
        int(self.row().max_credits)
    }

    /// Maximum number of credits that can be redeemed now: the lower of `maxCredits` and `balance`, at least
    /// 0.
    async fn usable_credits(&self) -> i32 {
        int(self.quoted.usable_credits)
    }

    /// Current balance of the partner.
    async fn balance(&self) -> i32 {
        int(self.quoted.partner.credits)
    }

    /// Value of one credit; null if credits have no value in the currency.
    async fn credit_value(&self) -> Result<Option<Money>, ApiError> {
        self.row().credit_value.map(|minor| self.money(minor)).transpose()
    }

    /// Sum of the list prices.
    async fn list(&self) -> Result<Money, ApiError> {
        self.money(self.row().list)
    }

    /// Sum of the base discounts.
    async fn base_discount(&self) -> Result<Money, ApiError> {
        self.money(self.row().list - self.row().net)
    }

    /// Net amount: list prices less base discounts.
    async fn net(&self) -> Result<Money, ApiError> {
        self.money(self.row().net)
    }

    /// Maximum value that credits can pay.
    async fn cap(&self) -> Result<Money, ApiError> {
        self.money(self.row().cap)
    }

    /// Value that the redeemed credits pay.
    async fn redeemed(&self) -> Result<Money, ApiError> {
        self.money(self.row().redeemed)
    }

    /// Amount payable: net amount less the redeemed value.
    async fn total(&self) -> Result<Money, ApiError> {
        self.money(self.row().net - self.row().redeemed)
    }
}
