use super::*;
use crate::program::Editions;
use crate::program::edition::{Discount, RedemptionCap};

use OrderPurpose::{EndCustomer, SelfUse};
use ProductCategory::{Certification, License, SupportService, Training, UsageBasedService};

/// The day of the orders.
const TODAY: &str = "2026-03-10";

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn percent(text: &str) -> Decimal {
    text.parse().expect("a percentage")
}

fn line(category: ProductCategory, unit_price: i64, quantity: i64) -> LineInput {
    LineInput { category, unit_price, quantity }
}

fn published() -> Rewards {
    Editions::built_in().at(day(TODAY)).rewards.clone()
}

/// Rewards of one discount, of level `MEMBER`, and one cap, for end customers, on licences; a credit is
/// worth 100 minor units.
fn rewards(cap_base: CapBase, discount: &str, cap: &str, currency: Currency) -> Rewards {
    let discount =
        Discount { level: "MEMBER".to_owned(), categories: vec![License], percent: percent(discount) };
    let cap = RedemptionCap { purpose: EndCustomer, categories: vec![License], percent: percent(cap) };
    Rewards {
        cap_base,
        credit_values: vec![Money { minor: 100, currency }],
        caps: vec![cap],
        discounts: vec![discount],
    }
}

fn terms(rewards: &Rewards, purpose: OrderPurpose) -> PricingTerms<'_> {
    let currency = rewards.credit_values.first().map_or(Currency::EUR, |value| value.currency);
    PricingTerms { rewards, purpose, currency, level: "MEMBER", contracts: &[], day: day(TODAY) }
}

/// The days of a contract and its rates.
fn contract(starts_on: &str, ends_on: &str, rates: &[(ProductCategory, &str)]) -> Contract {
    let rates = rates.iter().map(|(category, rate)| (*category, percent(rate))).collect();
    Contract { starts_on: day(starts_on), ends_on: day(ends_on), rates }
}

#[test]
fn pp_rewards_golden_case_11() {
    let rewards = published();
    // purpose, category, list price of one, quantity, net amount, most credits; all in cents, and EUR
    // 1.00 a credit. A Creator buys at 20 percent less, training aside.
    let table = [
        (EndCustomer, License, 1_250_000, 1, 1_000_000, 500),
        (SelfUse, UsageBasedService, 125, 1_000, 100_000, 250),
        (SelfUse, Training, 200_000, 1, 200_000, 1_000),
    ];
    for (purpose, category, unit_price, quantity, net, max_credits) in table {
        let terms = PricingTerms { currency: Currency::EUR, level: "CREATOR", ..terms(&rewards, purpose) };
        let lines = [line(category, unit_price, quantity)];
        let priced = price(&terms, &lines, max_credits).expect("a price");
        assert_eq!((priced.amounts.net, priced.max_credits), (net, max_credits), "{category:?}");
        let expected = Amounts {
            list: unit_price * quantity,
            base_discount: unit_price * quantity - net,
            net,
            cap: max_credits * 100,
            redeemed: max_credits * 100,
            total: net - max_credits * 100,
        };
        assert_eq!(priced.amounts, expected, "{category:?}");
        let over = price(&terms, &lines, max_credits + 1);
        assert_eq!(over, Err(PricingError::OverCap { max: max_credits }), "{category:?}");
    }
}

/// What the published text says of each category: caps by purpose and discounts by level, in percent.
/// The discounts are the edition's placeholders.
struct Published {
    category: ProductCategory,
    end_customer_cap: i64,
    self_use_cap: i64,
    member: i64,
    collaborator: i64,
    creator: i64,
}

#[rustfmt::skip]
const PUBLISHED: [Published; 5] = [
    Published { category: License, end_customer_cap: 5, self_use_cap: 0, member: 10, collaborator: 15, creator: 20 },
    Published { category: UsageBasedService, end_customer_cap: 5, self_use_cap: 25, member: 10, collaborator: 15, creator: 20 },
    Published { category: SupportService, end_customer_cap: 0, self_use_cap: 0, member: 10, collaborator: 15, creator: 20 },
    Published { category: Training, end_customer_cap: 0, self_use_cap: 50, member: 0, collaborator: 0, creator: 0 },
    Published { category: Certification, end_customer_cap: 0, self_use_cap: 50, member: 0, collaborator: 0, creator: 0 },
];

/// Contracts of the matrix: the days of one on every category, its rate in percent, and whether it governs
/// today.
const CONTRACTS: [Option<(&str, &str, i64, bool)>; 7] = [
    None,
    Some(("2026-01-01", "2026-12-31", 3, true)),
    Some(("2026-01-01", "2026-12-31", 40, true)),
    Some(("2026-01-01", "2026-03-10", 7, true)),
    Some(("2026-03-10", "2026-12-31", 7, true)),
    Some(("2026-01-01", "2026-03-09", 7, false)),
    Some(("2026-03-11", "2026-12-31", 7, false)),
];

#[test]
fn pp_rewards_every_purpose_category_level_and_contract() {
    let mut seen = 0;
    for row in &PUBLISHED {
        for (purpose, cap) in [(EndCustomer, row.end_customer_cap), (SelfUse, row.self_use_cap)] {
            let levels =
                [("MEMBER", row.member), ("COLLABORATOR", row.collaborator), ("CREATOR", row.creator)];
            for (level, of_level) in levels {
                for agreed in CONTRACTS {
                    let (source, rate) = match agreed {
                        Some((_, _, rate, true)) => (RateSource::Contract(0), rate),
                        _ => (RateSource::Level, of_level),
                    };
                    let what = format!("{purpose:?} {:?} {level} {agreed:?}", row.category);
                    let found = one_of_the_matrix(row.category, purpose, level, agreed);
                    let expected = Rate { percent: rate.into(), level_percent: of_level.into(), source };
                    assert_eq!(found.lines[0].rate, expected, "{what}");
                    assert_eq!(found.lines[0].cap_percent, cap.into(), "{what}");
                    // Of EUR 10,000.00, a percent is 10,000 cents; of its net amount, 100 for each percent
                    // that is left.
                    let net = (100 - rate) * 10_000;
                    let expected = Amounts {
                        list: 1_000_000,
                        base_discount: rate * 10_000,
                        net,
                        cap: (100 - rate) * cap * 100,
                        redeemed: 0,
                        total: net,
                    };
                    assert_eq!(found.amounts, expected, "{what}");
                    assert_eq!(found.max_credits, (100 - rate) * cap, "{what}");
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, ProductCategory::ALL.len() * 2 * 3 * CONTRACTS.len());
}

/// Prices EUR 10,000.00 of a category under the published edition.
fn one_of_the_matrix(
    category: ProductCategory,
    purpose: OrderPurpose,
    level: &str,
    agreed: Option<(&str, &str, i64, bool)>,
) -> PricedOrder {
    let contracts: Vec<Contract> = agreed
        .iter()
        .map(|(starts_on, ends_on, rate, _)| {
            let rate = rate.to_string();
            contract(starts_on, ends_on, &ProductCategory::ALL.map(|category| (category, rate.as_str())))
        })
        .collect();
    let rewards = published();
    let terms =
        PricingTerms { currency: Currency::EUR, level, contracts: &contracts, ..terms(&rewards, purpose) };
    price(&terms, &[line(category, 1_000_000, 1)], 0).expect("a price")
}

#[test]
fn l2_the_contract_that_starts_last_governs() {
    let rewards = rewards(CapBase::Net, "30", "5", Currency::EUR);
    let old = || contract("2025-01-01", "2026-12-31", &[(License, "10"), (Training, "12")]);
    let new = || contract("2026-03-01", "2026-12-31", &[(License, "20")]);
    let late = || contract("2026-03-11", "2026-12-31", &[(License, "90")]);
    // contracts, category, percent, source
    let table = [
        (vec![], License, 30, RateSource::Level),
        (vec![], Training, 0, RateSource::Level),
        (vec![old()], License, 10, RateSource::Contract(0)),
        (vec![old()], SupportService, 0, RateSource::Level),
        (vec![old(), new()], License, 20, RateSource::Contract(1)),
        (vec![new(), old()], License, 20, RateSource::Contract(0)),
        (vec![new(), old()], Training, 12, RateSource::Contract(1)),
        (vec![new(), late()], License, 20, RateSource::Contract(0)),
        (vec![new(), new()], License, 20, RateSource::Contract(1)),
    ];
    for (contracts, category, percent, source) in table {
        let found = rate(&rewards, "MEMBER", &contracts, day(TODAY), category);
        // The level's rate is shown whatever governs.
        let level_percent = if category == License { 30 } else { 0 };
        let expected = Rate { percent: percent.into(), level_percent: level_percent.into(), source };
        assert_eq!(found, expected, "{category:?} {contracts:?}");
    }
    let unknown = rate(&rewards, "NOBODY", &[], day(TODAY), License);
    assert_eq!(
        unknown,
        Rate { percent: Decimal::ZERO, level_percent: Decimal::ZERO, source: RateSource::Level }
    );
}

#[test]
fn o5_net_amounts_round_half_even_once_per_line() {
    // discount, unit price, quantity, net amount
    let table = [
        ("10", 25, 1, 22),
        ("10", 35, 1, 32),
        ("10", 15, 1, 14),
        ("10", 5, 1, 4),
        // Rounded per line, not per piece: three times 4.5 is 13.5.
        ("10", 5, 3, 14),
        ("10", 26, 1, 23),
        ("10", 24, 1, 22),
        ("12.3456", 1_000_000, 1, 876_544),
        ("0.0001", 500_000, 1, 500_000),
        ("0.0001", 1_500_000, 1, 1_499_998),
        ("0", 12_345, 7, 86_415),
        ("100", 12_345, 7, 0),
    ];
    for (discount, unit_price, quantity, net) in table {
        let rewards = rewards(CapBase::Net, discount, "5", Currency::EUR);
        let priced = price(&terms(&rewards, EndCustomer), &[line(License, unit_price, quantity)], 0);
        let amounts = priced.expect("a price").amounts;
        let list = unit_price * quantity;
        assert_eq!((amounts.net, amounts.base_discount), (net, list - net), "{discount} off {list}");
    }
}

#[test]
fn o4_credits_are_worth_what_the_currency_says() {
    // currency, value of a credit, net amount of licences, most credits, their value; all minor units
    let table = [
        (Currency::JPY, Some(160), 100_000, 31, 4_960),
        (Currency::EUR, Some(100), 100_000, 50, 5_000),
        (Currency::KWD, Some(335), 100_000, 14, 4_690),
        (Currency::KWD, Some(5_001), 100_000, 0, 0),
        (Currency::KWD, Some(5_000), 100_000, 1, 5_000),
        (Currency::CHF, None, 100_000, 0, 0),
    ];
    for (currency, value, net, max_credits, redeemed) in table {
        let mut rewards = rewards(CapBase::Net, "0", "5", Currency::USD);
        let credit_value = value.map(|minor| Money { minor, currency });
        rewards.credit_values.extend(credit_value);
        let terms = PricingTerms { currency, ..terms(&rewards, EndCustomer) };
        let priced = price(&terms, &[line(License, net, 1)], max_credits).expect("a price");
        assert_eq!((priced.credit_value, priced.max_credits), (credit_value, max_credits), "{currency}");
        let amounts = priced.amounts;
        assert_eq!((amounts.redeemed, amounts.total), (redeemed, net - redeemed), "{currency}");
    }
}

#[test]
fn o3_fractions_of_caps_add_up_over_the_order() {
    type Row = (&'static [i64], i64, &'static [i64], &'static [i64]);
    let rewards = rewards(CapBase::Net, "0", "5", Currency::EUR);
    // net amounts in cents, credits, caps, what credits pay of each line
    let table: [Row; 4] = [
        // 50.5 and 49.5 cents.
        (&[1_010, 990], 1, &[51, 49], &[51, 49]),
        // 50.45 and 49.5 cents: 99.95 are no credit.
        (&[1_009, 990], 0, &[50, 49], &[0, 0]),
        // 33.35, 33.35 and 33.3 cents.
        (&[667, 667, 666], 1, &[34, 33, 33], &[34, 33, 33]),
        // 200 and 100 cents: two thirds are 133.3, and the largest cap takes the cent that is left.
        (&[4_000, 2_000], 2, &[200, 100], &[134, 66]),
    ];
    for (nets, credits, caps, redeemed) in table {
        let lines: Vec<LineInput> = nets.iter().map(|net| line(License, *net, 1)).collect();
        let priced = price(&terms(&rewards, EndCustomer), &lines, credits).expect("a price");
        let of_lines = |part: fn(&Amounts) -> i64| -> Vec<i64> {
            priced.lines.iter().map(|line| part(&line.amounts)).collect()
        };
        assert_eq!(of_lines(|amounts| amounts.cap), caps, "{nets:?}");
        assert_eq!(of_lines(|amounts| amounts.redeemed), redeemed, "{nets:?}");
        assert_eq!(priced.amounts.redeemed, credits * 100, "{nets:?}");
    }
}

#[test]
fn o3_caps_of_the_list_amount_end_at_the_net_amount() {
    // base, discount, cap, list amount in cents, cap in cents, most credits
    let table = [
        (CapBase::Net, "20", "50", 10_000, 4_000, 40),
        (CapBase::List, "20", "50", 10_000, 5_000, 50),
        (CapBase::List, "90", "50", 10_000, 1_000, 10),
        (CapBase::List, "100", "50", 10_000, 0, 0),
        // Net 50.5, rounded to 50; the cap is 50.5 of the list and ends at the 50.
        (CapBase::List, "50", "50", 101, 50, 0),
    ];
    for (cap_base, discount, cap, list, expected, max_credits) in table {
        let rewards = rewards(cap_base, discount, cap, Currency::EUR);
        let priced = price(&terms(&rewards, EndCustomer), &[line(License, list, 1)], max_credits);
        let priced = priced.expect("a price");
        assert_eq!((priced.amounts.cap, priced.max_credits), (expected, max_credits), "{discount} {cap}");
        assert!(priced.amounts.total >= 0, "{discount} {cap}");
    }
}

#[test]
fn o3_lines_without_a_cap_pay_in_full() {
    let rewards = published();
    let lines = [line(License, 100_000, 1), line(SupportService, 100_000, 1), line(Training, 100_000, 1)];
    let terms = PricingTerms { currency: Currency::EUR, ..terms(&rewards, EndCustomer) };
    let priced = price(&terms, &lines, 45).expect("a price");
    let redeemed: Vec<i64> = priced.lines.iter().map(|line| line.amounts.redeemed).collect();
    assert_eq!((priced.max_credits, redeemed), (45, vec![4_500, 0, 0]));
}

#[test]
fn amounts_end_at_the_largest_integer() {
    type Row = (&'static [(i64, i64)], Option<usize>);
    let rewards = rewards(CapBase::Net, "0", "100", Currency::EUR);
    // unit prices and quantities, the line that is too large
    let table: [Row; 6] = [
        (&[(i64::MAX, 1)], None),
        (&[(1, i64::MAX)], None),
        (&[(i64::MAX, 2)], Some(0)),
        (&[(3_037_000_500, 3_037_000_500)], Some(0)),
        (&[(i64::MAX - 1, 1), (1, 1), (0, 9)], None),
        (&[(5, 1), (i64::MAX - 5, 1), (1, 1)], Some(2)),
    ];
    for (lines, too_large) in table {
        let lines: Vec<LineInput> =
            lines.iter().map(|(price, quantity)| line(License, *price, *quantity)).collect();
        let found = price(&terms(&rewards, EndCustomer), &lines, CREDITS_MAX);
        if let Some(line) = too_large {
            assert_eq!(found, Err(PricingError::TooLarge { line }), "{lines:?}");
            continue;
        }
        let priced = found.expect("a price");
        assert_eq!((priced.amounts.net, priced.max_credits), (i64::MAX, CREDITS_MAX), "{lines:?}");
    }
}

#[test]
fn refusals_come_in_order() {
    use PricingError::{NegativeCredits, NoLines, OverCap, Percent, Quantity, TooLarge, UnitPrice};
    let rewards = rewards(CapBase::Net, "0", "5", Currency::EUR);
    let good = line(License, 10_000, 1);
    // lines, credits, refusal
    let table = [
        (vec![], -1, NoLines),
        (vec![good, line(License, -1, 0)], -1, Quantity { line: 1 }),
        (vec![good, line(License, 1, -1)], 0, Quantity { line: 1 }),
        (vec![line(License, -1, i64::MAX), good], -1, UnitPrice { line: 0 }),
        (vec![line(License, 2, i64::MAX), line(License, 1, 0)], -1, TooLarge { line: 0 }),
        (vec![good], -1, NegativeCredits),
        (vec![good], i64::MIN, NegativeCredits),
        (vec![good], 6, OverCap { max: 5 }),
        (vec![good, good], i64::MAX, OverCap { max: 10 }),
    ];
    for (lines, credits, refusal) in table {
        let found = price(&terms(&rewards, EndCustomer), &lines, credits);
        assert_eq!(found, Err(refusal), "{lines:?} {credits}");
    }
    for bad in ["-1", "100.0001", "0.00001"] {
        let contracts = [contract(TODAY, TODAY, &[(Training, bad)])];
        let terms = PricingTerms { contracts: &contracts, ..terms(&rewards, EndCustomer) };
        let found = price(&terms, &[good, line(Training, 1, 1)], 0);
        assert_eq!(found, Err(Percent { line: 1 }), "{bad}");
    }
}
