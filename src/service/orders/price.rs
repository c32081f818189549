//! Validation and pricing of orders.

use std::collections::HashMap;

use entity::value::OrderStatus;
use entity::{order, order_line};
use iso_currency::Currency;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{OrderDraft, OrderRow};
use crate::error::Error;
use crate::program::edition::OrderPurpose;
use crate::program::pricing::{LineInput, PricedOrder, PricingError, PricingTerms, RateSource, price};
use crate::program::refusal::{Code, Refusal};
use crate::service::contracts::terms;
use crate::service::{Services, input, labels};
use crate::store::contract::ContractRow;
use crate::store::partner::PartnerRow;
use crate::store::product::ProductRow;
use crate::store::{contract, product};

/// Most lines of one order.
const LINES_MAX: usize = 100;

/// An order whose texts and numbers are in order.
pub(super) struct CheckedDraft<'d> {
    pub(super) draft: &'d OrderDraft,
    pub(super) currency: Currency,
    pub(super) customer: Option<String>,
}

impl<'d> CheckedDraft<'d> {
    pub(super) fn of(draft: &'d OrderDraft) -> Result<Self, Refusal> {
        let currency = input::currency("currency", &draft.currency)?;
        let customer = match (draft.purpose, draft.customer.as_deref().map(str::trim).unwrap_or_default()) {
            (OrderPurpose::EndCustomer, "") => {
                let message = "An order for an end customer names the customer.";
                return Err(Refusal::new(Code::Invalid, "customer", message));
            }
            (OrderPurpose::EndCustomer, name) => Some(input::name("customer", name)?),
            (OrderPurpose::SelfUse, "") => None,
            (OrderPurpose::SelfUse, _) => {
                let message =
                    "An order for self-use has no customer: leave it out, or order for an end customer.";
                return Err(Refusal::new(Code::Invalid, "customer", message));
            }
        };
        if draft.lines.is_empty() {
            return Err(Refusal::new(Code::Invalid, "lines", "An order has at least one line."));
        }
        if draft.lines.len() > LINES_MAX {
            let message = format!("An order has at most {LINES_MAX} lines, not {}.", draft.lines.len());
            return Err(Refusal::new(Code::TooMany, "lines", message));
        }
        if let Some(index) = draft.lines.iter().position(|(_, quantity)| *quantity < 1) {
            let message = format!("A quantity is 1 or more, not {}.", draft.lines[index].1);
            return Err(line_refusal(index, "quantity", Code::Invalid, message));
        }
        if draft.credits < 0 {
            let message = format!("Credits to redeem are 0 or more, not {}.", draft.credits);
            return Err(Refusal::new(Code::Invalid, "credits", message));
        }
        Ok(Self { draft, currency, customer })
    }
}

/// A refusal of a field of a line.
fn line_refusal(index: usize, field: &str, code: Code, message: impl Into<String>) -> Refusal {
    Refusal::new(code, field, message).within(&index.to_string()).within("lines")
}

impl Services {
    /// The order that this would be today, with its price. Credits are within cap and balance.
    pub(super) async fn price_order(
        &self,
        connection: &impl ConnectionTrait,
        checked: &CheckedDraft<'_>,
        partner: &PartnerRow,
    ) -> Result<OrderRow, Error> {
        let today = self.clock.today();
        let codes = checked.draft.lines.iter().map(|(product, _)| product.as_str());
        let products =
            product::by_codes(connection, codes.filter(|code| input::code("product", code).is_ok()));
        let products: HashMap<String, ProductRow> =
            products.await?.into_iter().map(|row| (row.product.code.clone(), row)).collect();
        let lines = lines(checked, &products)?;
        let contracts = contract::on_day(connection, &[partner.id], today, None).await?;
        let standing = self.standing_within(connection, partner, today).await?;
        let edition = self.policy.editions.index_at(today);
        let agreed = contracts.iter().map(terms).collect::<Result<Vec<_>, _>>()?;
        let terms = PricingTerms {
            rewards: &self.policy.editions.at(today).rewards,
            purpose: checked.draft.purpose,
            currency: checked.currency,
            level: &standing.overall.code,
            contracts: &agreed,
            day: today,
        };
        let inputs: Vec<LineInput> = lines.iter().map(|(_, input)| *input).collect();
        let credits = checked.draft.credits;
        let priced = price(&terms, &inputs, credits).map_err(|error| refuse(error, &terms, partner))?;
        check_balance(&priced, partner)?;
        let order = order::Model {
            id: Uuid::now_v7(),
            seq: 0,
            number: String::new(),
            partner_id: partner.id,
            purpose: labels::purpose_column(checked.draft.purpose),
            customer: checked.customer.clone(),
            currency: checked.currency.code().to_owned(),
            placed_on: today,
            edition_id: self.policy.id(edition).unwrap_or_default(),
            level: standing.overall.code.clone(),
            credits,
            max_credits: priced.max_credits,
            credit_value: priced.credit_value.map(|value| value.minor),
            idempotency_key: String::new(),
            recorded_at: self.clock.now(),
            list: priced.amounts.list,
            net: priced.amounts.net,
            cap: priced.amounts.cap,
            redeemed: priced.amounts.redeemed,
            status: OrderStatus::Placed,
            fulfilled_on: None,
            cancelled_on: None,
        };
        let lines = rows(&order, &lines, &priced, &contracts);
        Ok(OrderRow { order, lines })
    }
}

/// Each line's product and what it is priced from.
fn lines<'p>(
    checked: &CheckedDraft<'_>,
    products: &'p HashMap<String, ProductRow>,
) -> Result<Vec<(&'p ProductRow, LineInput)>, Refusal> {
    let line = |(index, (code, quantity)): (usize, &(String, i64))| {
        let row = products.get(code).ok_or_else(|| {
            line_refusal(index, "product", Code::NotFound, "There is no product with this code.")
        })?;
        let currency = checked.currency.code();
        let unit_price = row.price(currency).ok_or_else(|| {
            let others: Vec<&str> = row.prices.iter().map(|price| price.currency.as_str()).collect();
            let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
            let message = format!("{code} has no price in {currency}; it has prices in: {others}.");
            line_refusal(index, "product", Code::NoPrice, message)
        })?;
        Ok((
            row,
            LineInput { category: labels::category(row.product.category), unit_price, quantity: *quantity },
        ))
    };
    checked.draft.lines.iter().enumerate().map(line).collect()
}

fn rows(
    order: &order::Model,
    lines: &[(&ProductRow, LineInput)],
    priced: &PricedOrder,
    contracts: &[ContractRow],
) -> Vec<order_line::Model> {
    let rows = (0..).zip(lines.iter().zip(&priced.lines)).map(|(line, ((row, input), priced))| {
        let contract = match priced.rate.source {
            RateSource::Level => None,
            RateSource::Contract(index) => contracts.get(index),
        };
        order_line::Model {
            order_id: order.id,
            line,
            product_id: row.product.id,
            product_code: row.product.code.clone(),
            product_name: row.product.name.clone(),
            category: row.product.category,
            quantity: input.quantity,
            unit_price: input.unit_price,
            discount_percent: priced.rate.percent.to_string(),
            contract_id: contract.map(|row| row.contract.id),
            cap_percent: priced.cap_percent.to_string(),
            list: priced.amounts.list,
            net: priced.amounts.net,
            cap: priced.amounts.cap,
            redeemed: priced.amounts.redeemed,
        }
    });
    rows.collect()
}

/// Why an order has no price, with what would be right (O4, O6).
fn refuse(error: PricingError, terms: &PricingTerms<'_>, partner: &PartnerRow) -> Error {
    let refusal = match error {
        PricingError::Quantity { line } => {
            line_refusal(line, "quantity", Code::Invalid, "A quantity is 1 or more.")
        }
        PricingError::TooLarge { line } => {
            let message = "The amount of the order is too large with this line: order fewer.";
            line_refusal(line, "quantity", Code::Invalid, message)
        }
        PricingError::NoLines => Refusal::new(Code::Invalid, "lines", "An order has at least one line."),
        PricingError::NegativeCredits => {
            Refusal::new(Code::Invalid, "credits", "Credits to redeem are 0 or more.")
        }
        PricingError::OverCap { max } => {
            let currency = terms.currency.code();
            let message = if terms.rewards.credit_value(terms.currency).is_none() {
                format!("Credits have no value in {currency}, so none can be redeemed: send 0.")
            } else {
                format!(
                    "At most {} credits can be redeemed: the caps of this order allow {max}, and the balance is {}.",
                    max.min(partner.credits.max(0)),
                    partner.credits
                )
            };
            Refusal::new(Code::CreditsOverCap, "credits", message)
        }
        PricingError::UnitPrice { .. } | PricingError::Percent { .. } => {
            return Error::Damaged(format!("an order can't be priced: {error}"));
        }
    };
    refusal.into()
}

/// Checks that redeeming does not make the balance negative (O8).
fn check_balance(priced: &PricedOrder, partner: &PartnerRow) -> Result<(), Refusal> {
    if priced.credits == 0 || priced.credits <= partner.credits {
        return Ok(());
    }
    let most = priced.max_credits.min(partner.credits.max(0));
    let message = if partner.credits < 0 {
        format!("The balance is {}: nothing can be redeemed until it is positive again.", partner.credits)
    } else {
        format!("The balance is {}, so at most {most} credits can be redeemed.", partner.credits)
    };
    Err(Refusal::new(Code::CreditsOverBalance, "credits", message))
}
