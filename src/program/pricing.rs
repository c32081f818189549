//! What an order costs: base discount, how far credits go, and what is left to pay (PP, Rewards;
//! O2 to O5, L2).
//!
//! One function, [`price`], answers a quote and freezes an order. Amounts are minor units of the
//! order's currency. What the published text leaves open is decided so **[interpretation]**:
//!
//! - a line's net amount is rounded half-even, once; its base discount is what is left of the list;
//! - the order's `max_credits` comes from the unrounded sum over all lines, so that fractions of a cent
//!   on several lines still add up to a credit;
//! - credits never pay more than a line's net amount, also where caps are a share of the list amount and
//!   the discount leaves less than that. So no total is below zero;
//! - line caps are whole minor units that add up to the order's cap, rounded down: each line has its own
//!   cap rounded down, and the lines with the largest fractions have one unit more.

mod share;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use iso_currency::Currency;
use rust_decimal::Decimal;

use super::edition::{CapBase, OrderPurpose, ProductCategory, Rewards};
use super::money::{Money, PERCENT_WHOLE, percent_parts};
use share::Share;

/// Most credits that one order can redeem, whatever its caps: the end of a GraphQL `Int`.
pub const CREDITS_MAX: i64 = i32::MAX as i64;

/// A line as it is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineInput {
    /// Category of the product: it decides discount and cap.
    pub category: ProductCategory,
    /// List price of one, in minor units; 0 or more.
    pub unit_price: i64,
    /// How many; 1 or more.
    pub quantity: i64,
}

/// Discount rates agreed with one partner (L2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// First day on which its rates govern.
    pub starts_on: NaiveDate,
    /// Last day on which its rates govern.
    pub ends_on: NaiveDate,
    /// Share of the list price by category, 0 to 100 with up to four decimals. What is not listed stays
    /// with the level.
    pub rates: BTreeMap<ProductCategory, Decimal>,
}

/// Source of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateSource {
    /// The level's base discount (O2), also where the edition lists none.
    Level,
    /// The contract at this place in the caller's list (L2).
    Contract(usize),
}

/// A discount on the list price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Share of the list price, 0 to 100.
    pub percent: Decimal,
    /// What the share would be by the level alone, 0 to 100.
    pub level_percent: Decimal,
    /// Source of the rate.
    pub source: RateSource,
}

/// What an order is priced by.
#[derive(Clone, Copy, Debug)]
pub struct PricingTerms<'a> {
    /// Rewards of the edition that judges the order's day.
    pub rewards: &'a Rewards,
    /// What the order is for.
    pub purpose: OrderPurpose,
    /// Currency of every price; without a credit value in the edition, no credits can be redeemed (O4).
    pub currency: Currency,
    /// Code of the partner's overall level on the order's day (V4).
    pub level: &'a str,
    /// The partner's contracts, also those of other days.
    pub contracts: &'a [Contract],
    /// The order's day.
    pub day: NaiveDate,
}

/// The amounts of a line or of a whole order, in minor units of the order's currency.
///
/// None is below zero; `redeemed <= cap <= net <= list`. Each of an order's amounts is the sum of its
/// lines'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Unit price times quantity.
    pub list: i64,
    /// The discount: `list - net`.
    pub base_discount: i64,
    /// What is left of the list amount, rounded half-even on each line.
    pub net: i64,
    /// Most that credits can pay.
    pub cap: i64,
    /// What the order's credits pay.
    pub redeemed: i64,
    /// What is left to pay: `net - redeemed`.
    pub total: i64,
}

/// A line with its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricedLine {
    /// The discount that governs its category.
    pub rate: Rate,
    /// Share of the cap base that credits can pay, 0 to 100.
    pub cap_percent: Decimal,
    /// Its amounts.
    pub amounts: Amounts,
}

/// An order with its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedOrder {
    /// The lines, in the given order.
    pub lines: Vec<PricedLine>,
    /// Sums over the lines.
    pub amounts: Amounts,
    /// Credits redeemed, 0 to `max_credits`.
    pub credits: i64,
    /// Most credits that the caps allow, 0 to [`CREDITS_MAX`]. The partner's balance may allow fewer.
    pub max_credits: i64,
    /// Value of one credit; none where the currency has none.
    pub credit_value: Option<Money>,
}

/// Why an order has no price. `line` is the index of a line, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PricingError {
    /// There is nothing to price.
    #[error("the order has no line; at least one is required")]
    NoLines,
    /// A quantity below 1.
    #[error("a quantity is below 1")]
    Quantity {
        /// The line.
        line: usize,
    },
    /// A unit price below 0.
    #[error("a unit price is below 0")]
    UnitPrice {
        /// The line.
        line: usize,
    },
    /// The rate or the cap of a line's category, in the edition or in a contract.
    #[error("a percentage is not from 0 to 100 with at most 4 decimals")]
    Percent {
        /// The line.
        line: usize,
    },
    /// The list amount of a line, or of the order up to and with it, passes the largest `i64`.
    #[error("the list amount exceeds the largest amount of its currency")]
    TooLarge {
        /// The line.
        line: usize,
    },
    /// Credits below 0.
    #[error("the credits are below 0")]
    NegativeCredits,
    /// More credits than the caps allow. They are never silently reduced (O6).
    #[error("the caps of the order allow at most {max} credits")]
    OverCap {
        /// Most credits that it can redeem.
        max: i64,
    },
}

/// The discount on a category (O2, L2).
///
/// A contract governs its categories on its days, even if the level's rate is better **[interpretation]**.
/// Of several contracts, the one that starts last governs, and of those the last in the list
/// **[interpretation]**: a newer agreement replaces an older one.
#[must_use]
pub fn rate(
    rewards: &Rewards,
    level: &str,
    contracts: &[Contract],
    day: NaiveDate,
    category: ProductCategory,
) -> Rate {
    let level_percent = rewards.base_discount(level, category);
    let covers = |contract: &Contract| contract.starts_on <= day && day <= contract.ends_on;
    let agreed = contracts.iter().enumerate().filter(|(_, contract)| covers(contract));
    let agreed = agreed.filter_map(|(index, contract)| {
        let percent = *contract.rates.get(&category)?;
        Some((contract.starts_on, Rate { percent, level_percent, source: RateSource::Contract(index) }))
    });
    agreed.max_by_key(|(starts_on, _)| *starts_on).map_or_else(
        || Rate { percent: level_percent, level_percent, source: RateSource::Level },
        |(_, rate)| rate,
    )
}

/// Prices an order that redeems `credits` (PP, Rewards).
///
/// `max_credits = floor(sum(percent × base) / credit value)` over all lines (O3), the base being the net
/// or the list amount, as the edition says. What the credits are worth is spread over the lines in
/// proportion to their caps, rounded down; the remainder goes to the line with the largest cap as far as
/// it has room, then to the next largest (O5).
///
/// # Errors
/// For what [`PricingError`] names, the lines in their order before the credits.
pub fn price(terms: &PricingTerms, lines: &[LineInput], credits: i64) -> Result<PricedOrder, PricingError> {
    if lines.is_empty() {
        return Err(PricingError::NoLines);
    }
    let mut priced = Vec::with_capacity(lines.len());
    let mut exact_caps = Vec::with_capacity(lines.len());
    let mut list: i64 = 0;
    for (index, line) in lines.iter().enumerate() {
        let (line, exact_cap) = without_credits(terms, line, index)?;
        list = list.checked_add(line.amounts.list).ok_or(PricingError::TooLarge { line: index })?;
        priced.push(line);
        exact_caps.push(exact_cap);
    }
    // From here on nothing can overflow: every sum of lines is at most that of their list amounts.
    let caps = share::round_caps(&exact_caps);
    let credit_value = terms.rewards.credit_value(terms.currency);
    // Rounding the cap down before the division changes nothing: a credit is worth whole minor units.
    let max_credits = credit_value.map_or(0, |value| caps.iter().sum::<i64>() / value.minor).min(CREDITS_MAX);
    if credits < 0 {
        return Err(PricingError::NegativeCredits);
    }
    if credits > max_credits {
        return Err(PricingError::OverCap { max: max_credits });
    }
    let redeemed = share::distribute(credit_value.map_or(0, |value| value.minor * credits), &caps);
    let mut amounts = Amounts::default();
    for ((line, cap), redeemed) in priced.iter_mut().zip(caps).zip(redeemed) {
        line.amounts = Amounts { cap, redeemed, total: line.amounts.net - redeemed, ..line.amounts };
        amounts.add(line.amounts);
    }
    Ok(PricedOrder { lines: priced, amounts, credits, max_credits, credit_value })
}

/// A line before credits are redeemed, and its exact cap.
fn without_credits(
    terms: &PricingTerms,
    line: &LineInput,
    index: usize,
) -> Result<(PricedLine, Share), PricingError> {
    if line.quantity < 1 {
        return Err(PricingError::Quantity { line: index });
    }
    if line.unit_price < 0 {
        return Err(PricingError::UnitPrice { line: index });
    }
    let parts = |percent| percent_parts(percent).ok_or(PricingError::Percent { line: index });
    let rate = rate(terms.rewards, terms.level, terms.contracts, terms.day, line.category);
    let cap_percent = terms.rewards.redemption_cap(terms.purpose, line.category);
    let (discount, cap_share) = (parts(rate.percent)?, parts(cap_percent)?);
    let list = line.unit_price.checked_mul(line.quantity).ok_or(PricingError::TooLarge { line: index })?;
    let net = Share::of(list, PERCENT_WHOLE - discount).half_even();
    let base = match terms.rewards.cap_base {
        CapBase::Net => net,
        CapBase::List => list,
    };
    let exact_cap = Share::of(base, cap_share).at_most(net);
    let amounts = Amounts { list, base_discount: list - net, net, total: net, ..Amounts::default() };
    Ok((PricedLine { rate, cap_percent, amounts }, exact_cap))
}

impl Amounts {
    fn add(&mut self, line: Self) {
        self.list += line.list;
        self.base_discount += line.base_discount;
        self.net += line.net;
        self.cap += line.cap;
        self.redeemed += line.redeemed;
        self.total += line.total;
    }
}

#[cfg(test)]
mod tests;
