//! Properties of prices: no cent is lost, and no credit goes further than its cap.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use iso_currency::Currency;
use partner_program::program::edition::{
    CapBase, Discount, OrderPurpose, ProductCategory, RedemptionCap, Rewards,
};
use partner_program::program::money::Money;
use partner_program::program::pricing::{
    Amounts, CREDITS_MAX, Contract, LineInput, PricedLine, PricedOrder, PricingError, PricingTerms,
    RateSource, price,
};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::logs::day;

/// The day of every order.
const TODAY: &str = "2026-03-10";
/// Currencies with no, two and three decimals.
const CURRENCIES: [Currency; 3] = [Currency::JPY, Currency::EUR, Currency::KWD];
/// A whole, in the unit in which percentages are drawn: 100 percent with four decimals.
const PERCENT_WHOLE: i64 = 1_000_000;

/// An order and what it is priced by.
#[derive(Clone, Debug)]
struct Case {
    rewards: Rewards,
    purpose: OrderPurpose,
    currency: Currency,
    contracts: Vec<Contract>,
    lines: Vec<LineInput>,
}

impl Case {
    fn price(&self, credits: i64) -> Result<PricedOrder, PricingError> {
        let terms = PricingTerms {
            rewards: &self.rewards,
            purpose: self.purpose,
            currency: self.currency,
            level: "CREATOR",
            contracts: &self.contracts,
            day: day(TODAY),
        };
        price(&terms, &self.lines, credits)
    }
}

/// A percentage that an edition can state.
fn percents() -> impl Strategy<Value = Decimal> {
    let parts = prop_oneof![1 => Just(0), 1 => Just(PERCENT_WHOLE), 3 => (0..=100_i64).prop_map(|n| n * 10_000), 5 => 0..=PERCENT_WHOLE];
    parts.prop_map(|parts| Decimal::new(parts, 4))
}

/// Any percentage, also one that nothing should be priced by.
fn any_percents() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        4 => percents(),
        1 => (any::<i64>(), 0..=28_u32).prop_map(|(number, scale)| Decimal::new(number, scale)),
        1 => prop_oneof![Just(Decimal::MAX), Just(Decimal::MIN)],
    ]
}

/// Any integer, the ends and what lies around zero more often than others.
fn integers() -> impl Strategy<Value = i64> {
    let ends = prop_oneof![Just(i64::MIN), Just(i64::MAX - 1), Just(i64::MAX), Just(CREDITS_MAX)];
    prop_oneof![2 => ends, 2 => -1..=2_i64, 1 => 0..=10_000_i64, 1 => any::<i64>()]
}

fn categories() -> impl Strategy<Value = ProductCategory> {
    prop::sample::select(ProductCategory::ALL.as_slice())
}

/// A percentage for some of the categories.
fn by_category<P: Strategy<Value = Decimal>>(
    percents: impl Fn() -> P,
) -> impl Strategy<Value = BTreeMap<ProductCategory, Decimal>> {
    prop::collection::btree_map(categories(), percents(), 0..=5)
}

/// Contracts that start and end within some days around the order's.
fn contracts<P: Strategy<Value = Decimal>>(
    percents: impl Fn() -> P + Copy,
) -> impl Strategy<Value = Vec<Contract>> {
    let contract = (0..6_u64, 0..6_u64, by_category(percents)).prop_map(|(before, length, rates)| {
        let starts_on = day(TODAY) + Days::new(2) - Days::new(before);
        Contract { starts_on, ends_on: starts_on + Days::new(length), rates }
    });
    prop::collection::vec(contract, 0..4)
}

/// A case whose lines are drawn from `lines`, its percentages from `percents` and the value of its
/// credits, if they have one, from `values`.
fn cases<P: Strategy<Value = Decimal>>(
    lines: impl Strategy<Value = Vec<LineInput>>,
    percents: impl Fn() -> P + Copy,
    values: impl Strategy<Value = i64>,
) -> impl Strategy<Value = Case> {
    let purposes = prop::sample::select(vec![OrderPurpose::EndCustomer, OrderPurpose::SelfUse]);
    let bases = prop::sample::select(vec![CapBase::Net, CapBase::List]);
    let currencies = prop::sample::select(CURRENCIES.as_slice());
    let values = prop_oneof![1 => Just(None), 9 => values.prop_map(Some)];
    let policy = (bases, by_category(percents), by_category(percents), by_category(percents), values);
    (policy, purposes, currencies, contracts(percents), lines).prop_map(
        |((cap_base, discounts, end_customer, self_use, value), purpose, currency, contracts, lines)| {
            let caps = |purpose, caps: BTreeMap<ProductCategory, Decimal>| {
                caps.into_iter().map(move |(category, percent)| RedemptionCap {
                    purpose,
                    categories: vec![category],
                    percent,
                })
            };
            let discount = |(category, percent)| Discount {
                level: "CREATOR".to_owned(),
                categories: vec![category],
                percent,
            };
            let end_customer = caps(OrderPurpose::EndCustomer, end_customer);
            let rewards = Rewards {
                cap_base,
                credit_values: value.into_iter().map(|minor| Money { minor, currency }).collect(),
                caps: end_customer.chain(caps(OrderPurpose::SelfUse, self_use)).collect(),
                discounts: discounts.into_iter().map(discount).collect(),
            };
            Case { rewards, purpose, currency, contracts, lines }
        },
    )
}

fn lines(
    unit_prices: impl Strategy<Value = i64>,
    quantities: impl Strategy<Value = i64>,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Vec<LineInput>> {
    let line = (categories(), unit_prices, quantities)
        .prop_map(|(category, unit_price, quantity)| LineInput { category, unit_price, quantity });
    prop::collection::vec(line, count)
}

/// Orders as they come: of cents, and of large amounts.
fn orders() -> impl Strategy<Value = Case> {
    let prices = prop_oneof![0..50_i64, 0..100_000_i64, 0..10_000_000_000_i64];
    let quantities = prop_oneof![Just(1_i64), 1..=5_000_i64];
    let values = prop_oneof![Just(1_i64), Just(100_i64), 1..=50_000_i64];
    cases(lines(prices, quantities, 1..9), percents, values)
}

/// Orders of anything that fits the types.
fn anything() -> impl Strategy<Value = Case> {
    cases(lines(integers(), integers(), 0..5), any_percents, integers())
}

/// Orders at the end of the range that have a price.
fn large_orders() -> impl Strategy<Value = Case> {
    let prices = prop_oneof![i64::MAX / 4 - 3..=i64::MAX / 4, i64::MAX / 9..=i64::MAX / 4];
    cases(lines(prices, Just(1), 1..5), percents, prop_oneof![Just(1), 1..=i64::MAX])
}

/// A percentage in ten-thousandths of a percent.
fn parts(percent: Decimal) -> i128 {
    let parts = percent * Decimal::from(10_000);
    assert!(parts.is_integer(), "{percent}");
    i128::try_from(parts).expect("an integer")
}

/// The rate of a category, read off the case: of the contracts of the day, the latest one.
fn rate_of(case: &Case, category: ProductCategory) -> (Decimal, RateSource) {
    let today = day(TODAY);
    let mut found: Option<(NaiveDate, Decimal, usize)> = None;
    for (place, contract) in case.contracts.iter().enumerate() {
        let Some(percent) = contract.rates.get(&category) else { continue };
        let newer = found.is_none_or(|(starts_on, _, _)| starts_on <= contract.starts_on);
        if contract.starts_on <= today && contract.ends_on >= today && newer {
            found = Some((contract.starts_on, *percent, place));
        }
    }
    if let Some((_, percent, place)) = found {
        return (percent, RateSource::Contract(place));
    }
    let discount = case.rewards.discounts.iter().find(|one| one.categories == [category]);
    (discount.map_or(Decimal::ZERO, |one| one.percent), RateSource::Level)
}

/// The cap of a category in percent, read off the case.
fn cap_of(case: &Case, category: ProductCategory) -> Decimal {
    let applies = |cap: &&RedemptionCap| cap.purpose == case.purpose && cap.categories == [category];
    case.rewards.caps.iter().find(applies).map_or(Decimal::ZERO, |cap| cap.percent)
}

/// The exact cap of a line in millionths of a minor unit, from its list and net amounts.
fn exact_cap(case: &Case, line: &LineInput, amounts: &Amounts) -> i128 {
    let base = match case.rewards.cap_base {
        CapBase::Net => amounts.net,
        CapBase::List => amounts.list,
    };
    let cap = parts(cap_of(case, line.category)) * i128::from(base);
    cap.min(i128::from(amounts.net) * i128::from(PERCENT_WHOLE))
}

/// Checks that `net` is the integer nearest to `exact` millionths, the even one of two.
fn check_half_even(net: i64, exact: i128) -> Result<(), TestCaseError> {
    let distance = (i128::from(net) * i128::from(PERCENT_WHOLE) - exact).abs() * 2;
    prop_assert!(distance <= i128::from(PERCENT_WHOLE), "{net} for {exact}");
    prop_assert!(distance < i128::from(PERCENT_WHOLE) || net % 2 == 0, "{net} for {exact}");
    Ok(())
}

/// What holds for every price of a case.
fn check(case: &Case, priced: &PricedOrder) -> Result<(), TestCaseError> {
    prop_assert_eq!(priced.lines.len(), case.lines.len());
    let mut exact_caps = 0;
    for (line, input) in priced.lines.iter().zip(&case.lines) {
        let amounts = line.amounts;
        let (percent, source) = rate_of(case, input.category);
        prop_assert_eq!((line.rate.percent, line.rate.source), (percent, source));
        prop_assert_eq!(line.cap_percent, cap_of(case, input.category));
        prop_assert_eq!(i128::from(amounts.list), i128::from(input.unit_price) * i128::from(input.quantity));
        let kept = i128::from(PERCENT_WHOLE) - parts(percent);
        check_half_even(amounts.net, i128::from(amounts.list) * kept)?;
        let exact = exact_cap(case, input, &amounts);
        let cap = i128::from(amounts.cap) * i128::from(PERCENT_WHOLE);
        prop_assert!((cap - exact).abs() < i128::from(PERCENT_WHOLE), "cap {} for {exact}", amounts.cap);
        exact_caps += exact;
        in_order(&amounts)?;
        prop_assert_eq!(amounts.base_discount, amounts.list - amounts.net);
        prop_assert_eq!(amounts.total, amounts.net - amounts.redeemed);
    }
    // Caps add up to the exact sum, rounded down.
    let below = exact_caps - i128::from(priced.amounts.cap) * i128::from(PERCENT_WHOLE);
    prop_assert!((0..i128::from(PERCENT_WHOLE)).contains(&below), "{below}");
    // The most credits: what they are worth fits the exact sum, and one more would not.
    let value = case.rewards.credit_values.first().copied().filter(|value| value.minor > 0);
    prop_assert_eq!(priced.credit_value, value);
    let worth = |credits: i64| value.map(|value| i128::from(credits) * i128::from(value.minor));
    let fits = |credits| worth(credits).is_some_and(|worth| worth * i128::from(PERCENT_WHOLE) <= exact_caps);
    prop_assert!(priced.max_credits == 0 || fits(priced.max_credits));
    prop_assert!(priced.max_credits == CREDITS_MAX || !fits(priced.max_credits + 1));
    prop_assert!((0..=priced.max_credits).contains(&priced.credits));
    prop_assert_eq!(i128::from(priced.amounts.redeemed), worth(priced.credits).unwrap_or(0));
    sums_agree(priced)?;
    shares_agree(priced)
}

fn in_order(amounts: &Amounts) -> Result<(), TestCaseError> {
    let Amounts { list, net, cap, redeemed, .. } = *amounts;
    prop_assert!(0 <= redeemed && redeemed <= cap && cap <= net && net <= list, "{amounts:?}");
    prop_assert!(amounts.total >= 0, "{amounts:?}");
    Ok(())
}

/// Every amount of the order is the sum of its lines'.
fn sums_agree(priced: &PricedOrder) -> Result<(), TestCaseError> {
    let amounts: [fn(&Amounts) -> i64; 6] = [
        |one| one.list,
        |one| one.base_discount,
        |one| one.net,
        |one| one.cap,
        |one| one.redeemed,
        |one| one.total,
    ];
    for amount in amounts {
        let of_lines: i128 = priced.lines.iter().map(|line| i128::from(amount(&line.amounts))).sum();
        prop_assert_eq!(i128::from(amount(&priced.amounts)), of_lines);
    }
    in_order(&priced.amounts)
}

/// No line has less than its part of what credits pay, and only lines that are full or have the largest
/// cap left have more (O5).
fn shares_agree(priced: &PricedOrder) -> Result<(), TestCaseError> {
    let Amounts { cap: caps, redeemed, .. } = priced.amounts;
    let part =
        |line: &PricedLine| i128::from(redeemed) * i128::from(line.amounts.cap) / i128::from(caps.max(1));
    let more = |line: &PricedLine| i128::from(line.amounts.redeemed) - part(line);
    for (place, line) in priced.lines.iter().enumerate() {
        prop_assert!(more(line) >= 0, "{:?}", line.amounts);
        if more(line) == 0 {
            continue;
        }
        // Lines that come before this one take up the remainder first.
        let mut before = priced.lines.iter().enumerate().filter(|(other, one)| {
            one.amounts.cap > line.amounts.cap || (one.amounts.cap == line.amounts.cap && *other < place)
        });
        prop_assert!(before.all(|(_, one)| one.amounts.redeemed == one.amounts.cap), "{:?}", priced.lines);
    }
    Ok(())
}

/// Checks the prices of a case without credits, with some, with the most, and one more than that.
fn check_all(case: &Case, some: prop::sample::Index) -> Result<(), TestCaseError> {
    let free = case.price(0).map_err(|error| TestCaseError::fail(error.to_string()))?;
    check(case, &free)?;
    let most = free.max_credits;
    let some = some.index(usize::try_from(most).expect("an Int") + 1);
    let mut total = free.amounts.total;
    for credits in [i64::try_from(some).expect("an Int"), most] {
        let priced = case.price(credits).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!((priced.credits, priced.max_credits), (credits, most));
        check(case, &priced)?;
        prop_assert!(priced.amounts.total <= total, "more credits never cost more");
        total = priced.amounts.total;
    }
    prop_assert_eq!(case.price(most + 1), Err(PricingError::OverCap { max: most }));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn no_cent_is_lost_and_no_cap_is_passed(case in orders(), some in any::<prop::sample::Index>()) {
        check_all(&case, some)?;
    }

    #[test]
    fn the_same_holds_at_the_end_of_the_range(case in large_orders(), some in any::<prop::sample::Index>()) {
        check_all(&case, some)?;
    }

    #[test]
    fn anything_has_a_price_or_a_refusal(case in anything(), credits in integers()) {
        match case.price(credits) {
            Ok(priced) => check(&case, &priced)?,
            Err(PricingError::NoLines) => prop_assert!(case.lines.is_empty()),
            Err(PricingError::Quantity { line }) => prop_assert!(case.lines[line].quantity < 1),
            Err(PricingError::UnitPrice { line }) => prop_assert!(case.lines[line].unit_price < 0),
            Err(PricingError::Percent { line }) => {
                let category = case.lines[line].category;
                let is_good = |percent: Decimal| {
                    (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&percent) && percent.round_dp(4) == percent
                };
                let percents = [rate_of(&case, category).0, cap_of(&case, category)];
                prop_assert!(!percents.into_iter().all(is_good), "{percents:?}");
            }
            Err(PricingError::TooLarge { line }) => {
                let list = |line: &LineInput| i128::from(line.unit_price) * i128::from(line.quantity);
                let sum = |lines: &[LineInput]| lines.iter().map(list).sum::<i128>();
                prop_assert!(sum(&case.lines[..line]) <= i128::from(i64::MAX));
                prop_assert!(sum(&case.lines[..=line]) > i128::from(i64::MAX));
            }
            Err(PricingError::NegativeCredits) => prop_assert!(credits < 0),
            Err(PricingError::OverCap { max }) => {
                prop_assert!((0..=CREDITS_MAX).contains(&max) && credits > max);
                prop_assert!(case.price(max).is_ok());
            }
        }
    }
}
