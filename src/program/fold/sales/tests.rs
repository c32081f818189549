use super::*;
use crate::program::edition::Editions;
use crate::program::fold::Step;

const WHO: PartnerIndex = PartnerIndex(0);

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn euros(minor: i64) -> Money {
    Money { minor, currency: Currency::EUR }
}

/// What happens, in order: an order is fulfilled on a day, comes back, or the target is set.
#[derive(Clone, Copy)]
enum Act {
    Sell(u32, &'static str, i64),
    Back(u32),
    Target(i64),
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn o7_a_target_is_reached_on_the_day_it_is_reached_without_the_returned_order() {
    use Act::{Back, Sell, Target};
    // acts; the day on which the target is reached, what is sold, and the entries of the last act
    type Row = (&'static [Act], Option<&'static str>, i64, &'static [(&'static str, i64, Reason)]);
    let table: [Row; 7] = [
        // No longer reached: reversed on its own date.
        (
            &[Target(1_000), Sell(1, "2026-02-02", 600), Sell(2, "2026-03-03", 500), Back(1)],
            None,
            500,
            &[("2026-03-03", -50, Reason::Void)],
        ),
        // Still reached by orders of before: nothing changes.
        (
            &[Target(1_000), Sell(1, "2026-02-02", 1_000), Sell(2, "2026-03-03", 500), Back(2)],
            Some("2026-02-02"),
            1_000,
            &[],
        ),
        // Reached by a later order instead: the award moves to its day.
        (
            &[
                Target(1_000),
                Sell(1, "2026-02-02", 600),
                Sell(2, "2026-03-03", 500),
                Sell(3, "2026-05-05", 700),
                Back(2),
            ],
            Some("2026-05-05"),
            1_300,
            &[("2026-03-03", -50, Reason::Void), ("2026-05-05", 50, Reason::Correction)],
        ),
        // Never reached: nothing to reverse.
        (&[Target(5_000), Sell(1, "2026-02-02", 600), Back(1)], None, 0, &[]),
        // The latest day of the year is that of what is left.
        (
            &[Sell(1, "2026-02-02", 600), Sell(2, "2026-11-11", 600), Target(600), Back(2)],
            Some("2026-02-02"),
            600,
            &[("2026-11-11", -50, Reason::Void), ("2026-02-02", 50, Reason::Correction)],
        ),
        // Reached again with the next order.
        (
            &[Target(600), Sell(1, "2026-02-02", 600), Back(1), Sell(2, "2026-04-04", 600)],
            Some("2026-04-04"),
            600,
            &[("2026-04-04", 50, Reason::Activity)],
        ),
        // Without a target there is nothing to award.
        (&[Sell(1, "2026-02-02", 600), Back(1)], None, 0, &[]),
    ];
    let editions = Editions::built_in();
    for (place, (acts, reached_on, net, entries)) in table.into_iter().enumerate() {
        let mut fold = Fold::new(&editions);
        fold.add_partner(0);
        let mut days = std::collections::HashMap::new();
        let mut awards = Awards::default();
        for act in acts {
            awards.clear();
            let step = match *act {
                Sell(number, on, net) => {
                    days.insert(number, day(on));
                    let order = ObjectIndex(number);
                    Step::Sold(Sale { partner: WHO, order, on: day(on), net: euros(net) })
                }
                Back(number) => Step::OrderReturned(OrderReturn {
                    partner: WHO,
                    order: ObjectIndex(number),
                    on: day("2026-12-01"),
                    credits: 0,
                    sold_on: days.get(&number).copied(),
                }),
                Target(amount) => Step::TargetSet(super::Target {
                    partner: WHO,
                    target: ObjectIndex(0),
                    year: 2026,
                    amount: euros(amount),
                }),
            };
            fold.apply(&step, &mut awards).expect("small sums");
        }
        let found: Vec<_> =
            awards.credits.iter().map(|one| (one.effective_on, one.level_credits, one.reason)).collect();
        let entries: Vec<_> =
            entries.iter().map(|(on, credits, reason)| (day(on), *credits, *reason)).collect();
        assert_eq!(found, entries, "row {place}");
        let sales = fold.sales(WHO).find(|(year, _)| *year == 2026).map(|(_, sales)| sales.clone());
        let sales = sales.unwrap_or_default();
        assert_eq!(sales.reached_on, reached_on.map(day), "row {place}");
        let sold = sales.in_currency(Currency::EUR);
        assert_eq!(sold.map_or(0, |sold| sold.net), net, "row {place}");
        assert_eq!(sold.is_none(), net == 0, "row {place}: nothing is left of sales that came back");
    }
}

#[test]
fn o7_credits_come_back_on_the_day_of_the_return() {
    let editions = Editions::built_in();
    let mut fold = Fold::new(&editions);
    fold.add_partner(0);
    let mut awards = Awards::default();
    let back = OrderReturn {
        partner: WHO,
        order: ObjectIndex(7),
        on: day("2026-05-05"),
        credits: 120,
        sold_on: None,
    };
    fold.apply(&Step::OrderReturned(back), &mut awards).expect("small sums");
    let [entry] = awards.credits[..] else { panic!("one entry: {:?}", awards.credits) };
    assert_eq!((entry.spendable_credits, entry.level_credits, entry.track), (120, 0, None));
    assert_eq!((entry.effective_on, entry.reason), (back.on, Reason::RedemptionReturned));
}
