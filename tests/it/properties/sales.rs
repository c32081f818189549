//! Orders that come back: sales, targets and credits are what they are without them.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use iso_currency::Currency;
use partner_program::program::Editions;
use partner_program::program::fold::{
    Awards, Fold, ObjectIndex, OrderReturn, PartnerIndex, Redemption, Sale, SalesStep, Step, Target,
    YearSales,
};
use partner_program::program::money::Money;
use proptest::prelude::*;

use super::logs::day;

/// A step as it is drawn: an order with its day and amount, a target, or which of the orders comes back.
#[derive(Clone, Debug)]
enum Draw {
    Sell { day: u64, net: i64, dollars: bool },
    Target { amount: i64, dollars: bool },
    Return { order: usize },
}

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let sell = (0..700_u64, 0..6_i64, prop::bool::weighted(0.2)).prop_map(|(day, net, dollars)| Draw::Sell {
        day,
        net,
        dollars,
    });
    let target =
        (1..12_i64, prop::bool::weighted(0.2)).prop_map(|(amount, dollars)| Draw::Target { amount, dollars });
    let back = (0..40_usize).prop_map(|order| Draw::Return { order });
    prop::collection::vec(prop_oneof![5 => sell, 2 => target, 3 => back], 0..40)
}

const WHO: PartnerIndex = PartnerIndex(0);

fn money(minor: i64, dollars: bool) -> Money {
    Money { minor, currency: if dollars { Currency::USD } else { Currency::EUR } }
}

/// The steps, and those that are left without the orders that came back.
fn steps(draws: &[Draw]) -> (Vec<Step>, Vec<Step>) {
    let mut all = Vec::new();
    let mut sales: Vec<(Sale, bool)> = Vec::new();
    let number = |place: usize| ObjectIndex(u32::try_from(place).expect("a few"));
    for (place, draw) in draws.iter().enumerate() {
        let order = number(place);
        match *draw {
            Draw::Sell { day: number, net, dollars } => {
                let on = day("2025-01-01") + Days::new(number);
                let sale = Sale { partner: WHO, order, on, net: money(net, dollars) };
                sales.push((sale, false));
                all.push(Step::Redeemed(Redemption { subject: WHO, order, on, credits: 7 }));
                all.push(Step::Sold(sale));
            }
            Draw::Target { amount, dollars } => {
                let year = if place % 3 == 0 { 2026 } else { 2025 };
                let amount = money(amount, dollars);
                all.push(Step::TargetSet(Target { partner: WHO, target: order, year, amount }));
            }
            Draw::Return { order } => {
                let Some(place) = order.checked_rem(sales.len()) else { continue };
                let (sale, back) = &mut sales[place];
                if std::mem::replace(back, true) {
                    continue;
                }
                all.push(Step::OrderReturned(OrderReturn {
                    partner: WHO,
                    order: sale.order,
                    on: sale.on + Days::new(30),
                    credits: 7,
                    sold_on: Some(sale.on),
                }));
            }
        }
    }
    let is_back = |order: ObjectIndex| sales.iter().any(|(sale, back)| sale.order == order && *back);
    let is_left = |step: &&Step| match step {
        Step::Sold(sale) => !is_back(sale.order),
        Step::Redeemed(spent) => !is_back(spent.order),
        Step::OrderReturned(_) => false,
        _ => true,
    };
    let left = all.iter().filter(is_left).copied().collect();
    (all, left)
}

/// What is left of sales that have come to nothing is nothing.
fn fold(editions: &Editions, steps: &[Step]) -> (BTreeMap<i32, YearSales>, BTreeMap<NaiveDate, i64>, i64) {
    let mut fold = Fold::new(editions);
    fold.add_partner(0);
    let mut awards = Awards::default();
    for step in steps {
        fold.apply(step, &mut awards).expect("small sums");
    }
    let mut days: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for award in awards.credits.iter().filter(|award| award.track.is_some()) {
        *days.entry(award.effective_on).or_default() += award.level_credits;
    }
    days.retain(|_, credits| *credits != 0);
    let sales = fold.sales(WHO).map(|(year, sales)| (year, sales.clone()));
    let sales = sales.filter(|(_, sales)| *sales != YearSales::default());
    let balance = awards.credits.iter().map(|award| award.spendable_credits).sum();
    (sales.collect(), days, balance)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn o7_sales_are_what_they_are_without_the_orders_that_came_back(draws in draws()) {
        let editions = Editions::built_in();
        let (all, left) = steps(&draws);
        let found = fold(&editions, &all);
        prop_assert_eq!(&found, &fold(&editions, &left));
        // What is kept of a year follows from its history, as it is loaded before an order comes back.
        for sales in found.0.values() {
            let again = YearSales::of_history(sales.history.iter().copied()).expect("small sums");
            prop_assert_eq!(&again, sales);
            let is_back = |step: &SalesStep| {
                matches!(step, SalesStep::Sold(sale) if is_returned(&all, sale.order))
            };
            prop_assert!(!sales.history.iter().any(is_back));
        }
    }
}

fn is_returned(steps: &[Step], order: ObjectIndex) -> bool {
    steps.iter().any(|step| matches!(step, Step::OrderReturned(back) if back.order == order))
}
