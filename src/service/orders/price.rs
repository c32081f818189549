//! Validation and pricing of orders.

use std::collections::HashMap;

use entity::value::OrderStatus;
use entity::{order, order_line};
use iso_currency::Currency;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{OrderDraft, OrderRow};
use crate::error::Error;
use crate::program::deal::name_key;
use crate::program::edition::OrderPurpose;
use crate::program::money::Money;
use crate::program::pricing::{LineInput, PricedOrder, PricingError, PricingTerms, RateSource, price};
use crate::program::refusal::{Code, Refusal, Refusals, all, each};
use crate::program::wording::{counted, listed, quoted};
use crate::service::contracts::terms;
use crate::service::subjects::check_last_day;
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
    pub(super) fn of(draft: &'d OrderDraft) -> Result<Self, Refusals> {
        let (currency, customer, (), ()) = all((
            input::currency("currency", &draft.currency),
            check_customer(draft),
            check_lines(draft),
            check_credits(draft.credits),
        ))?;
        Ok(Self { draft, currency, customer })
    }
}

fn check_customer(draft: &OrderDraft) -> Result<Option<String>, Refusal> {
    let refuse = |message: String| Err(Refusal::new(Code::Invalid, "customer", message));
    match (draft.purpose, draft.customer.as_deref().map(str::trim).unwrap_or_default()) {
        (OrderPurpose::EndCustomer, "") => {
            refuse("An order for an end customer requires the customer's name.".to_owned())
        }
        (OrderPurpose::EndCustomer, name) => input::name("customer", name).map(Some),
        (OrderPurpose::SelfUse, "") => Ok(None),
        (OrderPurpose::SelfUse, name) => refuse(format!(
            "An order for self-use has no customer; got {}. Leave it out, or set the purpose END_CUSTOMER.",
            quoted(name)
        )),
    }
}

fn check_lines(draft: &OrderDraft) -> Result<(), Refusals> {
    let count = draft.lines.len();
    if count == 0 {
        let message = "The order has no line; at least one is required.";
        return Err(Refusal::new(Code::Invalid, "lines", message).into());
    }
    if count > LINES_MAX {
        let message = format!("An order has at most {LINES_MAX} lines; got {count}.");
        return Err(Refusal::new(Code::TooMany, "lines", message).into());
    }
    let quantity = |(index, (_, quantity)): (usize, &(String, i64))| {
        if *quantity >= 1 {
            return Ok(());
        }
        let message = format!("A quantity is 1 or more; got {quantity}.");
        Err(line_refusal(index, "quantity", Code::Invalid, message))
    };
    each(draft.lines.iter().enumerate().map(quantity)).map(drop)
}

fn check_credits(credits: i64) -> Result<(), Refusal> {
    if credits >= 0 {
        return Ok(());
    }
    Err(Refusal::new(Code::Invalid, "credits", format!("Credits to redeem are 0 or more; got {credits}.")))
}

/// A refusal of a field of a line.
fn line_refusal(index: usize, field: &str, code: Code, message: impl Into<String>) -> Refusal {
    Refusal::new(code, field, message).within(&index.to_string()).within("lines")
}

impl Services {
    /// The order that this would be today, with its price, and its partner. Credits are within cap and balance.
    ///
    /// # Errors
    /// Every problem of the order; without a partner or in an unknown currency, nothing is priced.
    pub(in crate::service) async fn price_order(
        &self,
        connection: &impl ConnectionTrait,
        draft: &OrderDraft,
        partner: Result<PartnerRow, Refusal>,
    ) -> Result<(OrderRow, PartnerRow), Error> {
        let today = self.clock.today();
        let products = products(connection, draft).await?;
        let partner = partner.and_then(|partner| {
            check_last_day("partner", today, "partner", partner.left_on)?;
            Ok(partner)
        });
        let (checked, partner, lines) = all((CheckedDraft::of(draft), partner, lines(draft, &products)))?;
        let contracts = contract::on_day(connection, &[partner.id], today, None).await?;
        let standing = self.standing_within(connection, &partner, today).await?;
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
        let priced =
            price(&terms, &inputs, credits).map_err(|error| refuse(error, &terms, credits, &partner))?;
        over_balance(priced.credits, priced.max_credits, partner.credits)?;
        let order = order::Model {
            id: Uuid::now_v7(),
            seq: 0,
            number: String::new(),
            partner_id: partner.id,
            purpose: labels::purpose_column(checked.draft.purpose),
            customer: checked.customer.clone(),
            customer_spelling: checked.customer.as_deref().map(name_key),
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
            returned_on: None,
            quote_id: None,
        };
        let lines = rows(&order, &lines, &priced, &contracts);
        Ok((OrderRow { order, lines }, partner))
    }
}

/// The products that an order names, by code.
async fn products(
    connection: &impl ConnectionTrait,
    draft: &OrderDraft,
) -> Result<HashMap<String, ProductRow>, Error> {
    if draft.lines.len() > LINES_MAX {
        return Ok(HashMap::new());
    }
    let codes = draft.lines.iter().map(|(product, _)| product.as_str());
    let rows =
        product::by_codes(connection, codes.filter(|code| input::code("product", code).is_ok())).await?;
    Ok(rows.into_iter().map(|row| (row.product.code.clone(), row)).collect())
}

/// Each line's product and what it is priced from. A price is looked for in a known currency only.
fn lines<'p>(
    draft: &OrderDraft,
    products: &'p HashMap<String, ProductRow>,
) -> Result<Vec<(&'p ProductRow, LineInput)>, Refusals> {
    if draft.lines.len() > LINES_MAX {
        return Ok(Vec::new());
    }
    let currency = Money::currency(&draft.currency).ok();
    let line = |(index, (code, quantity)): (usize, &(String, i64))| {
        let missing = || {
            let refusal = input::not_found("product", ("product", "code"), code);
            refusal.within(&index.to_string()).within("lines")
        };
        let row = products.get(code).ok_or_else(missing)?;
        let unit_price = match currency {
            Some(currency) => row.price(currency.code()).ok_or_else(|| no_price(index, row, currency))?,
            None => 0,
        };
        let category = labels::category(row.product.category);
        Ok((row, LineInput { category, unit_price, quantity: *quantity }))
    };
    each::<_, Refusal>(draft.lines.iter().enumerate().map(line))
}

fn no_price(index: usize, row: &ProductRow, currency: Currency) -> Refusal {
    let (code, currency) = (&row.product.code, currency.code());
    let others: Vec<&str> = row.prices.iter().map(|price| price.currency.as_str()).collect();
    let others = match others[..] {
        [] => "nor in any other currency".to_owned(),
        _ => format!("only in {}", listed(others)),
    };
    let message = format!("{code} has no price in {currency}, {others}.");
    line_refusal(index, "product", Code::NoPrice, message)
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

/// Why an order has no price, and what would be accepted (O4, O6).
fn refuse(error: PricingError, terms: &PricingTerms<'_>, credits: i64, partner: &PartnerRow) -> Error {
    let currency = terms.currency;
    let refusal = match error {
        PricingError::TooLarge { line } => {
            let most = Money { minor: i64::MAX, currency }.amount();
            let message = format!(
                "With this line the list amount of the order exceeds {most} {}, the largest; lower the quantity.",
                currency.code()
            );
            line_refusal(line, "quantity", Code::Invalid, message)
        }
        PricingError::OverCap { max } => {
            let message = if terms.rewards.credit_value(currency).is_none() {
                let currency = currency.code();
                format!("Credits have no value in {currency}, so none can be redeemed; got {credits}.")
            } else {
                let balance = partner.credits;
                format!(
                    "At most {} can be redeemed; got {credits}. The caps of this order allow {max}, and the balance \
                     is {balance}.",
                    counted(max.min(balance.max(0)), "credit")
                )
            };
            Refusal::new(Code::CreditsOverCap, "credits", message)
        }
        PricingError::NoLines
        | PricingError::Quantity { .. }
        | PricingError::NegativeCredits
        | PricingError::UnitPrice { .. }
        | PricingError::Percent { .. } => {
            return Error::Damaged(format!("an order can't be priced: {error}"));
        }
    };
    refusal.into()
}

/// Checks that redeeming does not make the balance negative (O8).
pub(in crate::service) fn over_balance(credits: i64, max_credits: i64, balance: i64) -> Result<(), Refusal> {
    if credits == 0 || credits <= balance {
        return Ok(());
    }
    let most = max_credits.min(balance.max(0));
    let message = if balance < 0 {
        format!(
            "The balance is {balance}, so no credits can be redeemed until it is positive again; got {credits}."
        )
    } else {
        let most = counted(most, "credit");
        format!("The balance is {balance}, so at most {most} can be redeemed; got {credits}.")
    };
    Err(Refusal::new(Code::CreditsOverBalance, "credits", message))
}
