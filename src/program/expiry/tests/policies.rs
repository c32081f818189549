//! Accounts by one policy beside those by another, as a recalculation has them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use super::{credits, day, editions};
use crate::program::expiry::{Account, Expired, Lot, Movement, ObjectKey, Terms};

#[test]
fn e4_an_order_stays_paid_with_what_it_was_paid_with() {
    let year = editions("expire_after_months = 12");
    let terms = credits(&year);
    let quarter = editions("expire_after_months = 3");
    let shorter = credits(&quarter);
    let mut real = Account::default();
    let mut other = Account::default();
    for (movement, credits) in
        [(Movement::Earned(day("2024-06-01")), 30), (Movement::Earned(day("2024-10-01")), 20)]
    {
        real.post(movement, credits, terms, None);
        other.post(movement, credits, shorter, Some(&real));
    }
    // By the shorter terms, the 30 of June have expired when the order spends 10 of them.
    let due = other.due_through(shorter, day("2024-11-01"));
    assert_eq!(due, [Expired { earned_on: day("2024-06-01"), on: day("2024-09-01"), credits: 30 }]);
    other.expire(&due);
    real.post(Movement::Spent(1), -10, terms, None);
    let back = other.post(Movement::Spent(1), -10, shorter, Some(&real));
    assert_eq!(back, [Expired { earned_on: day("2024-06-01"), on: day("2024-09-01"), credits: -10 }]);
    assert_eq!((other.balance(), other.paid_with(1)), (20, real.paid_with(1)));
    assert_eq!(other.lots(), [Lot { earned_on: day("2024-10-01"), credits: 20 }]);
}

/// What happened in a log, whatever the policy.
#[derive(Clone, Copy, Debug)]
enum Happening {
    /// Earned on a day before: credits by the one policy and by the other.
    Earned(NaiveDate, [i64; 2]),
    Spent(ObjectKey, i64),
    Returned(ObjectKey, i64),
    /// The task lets expire what is due.
    Due,
}

/// An account by a policy, and what of each day expired on which day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kept {
    account: Account,
    expired: BTreeMap<(NaiveDate, NaiveDate), i64>,
    earned: BTreeMap<NaiveDate, i64>,
}

/// Balance, what is left by day, and what expired when.
type Shown = (i64, Vec<(NaiveDate, i64)>, BTreeMap<(NaiveDate, NaiveDate), i64>);

impl Kept {
    fn keep(&mut self, expired: &[Expired]) {
        for one in expired {
            *self.expired.entry((one.earned_on, one.on)).or_default() += one.credits;
        }
        self.expired.retain(|_, credits| *credits != 0);
    }

    fn earn(&mut self, on: NaiveDate, credits: i64) {
        *self.earned.entry(on).or_default() += credits;
        self.earned.retain(|_, credits| *credits != 0);
    }

    fn happens(&mut self, what: Happening, today: NaiveDate, by: (usize, Terms<'_>), paid: Option<&Account>) {
        let (place, terms) = by;
        let expired = match what {
            Happening::Earned(on, credits) => {
                self.earn(on, credits[place]);
                self.account.post(Movement::Earned(on), credits[place], terms, paid)
            }
            Happening::Spent(object, credits) => {
                self.account.post(Movement::Spent(object), -credits, terms, paid)
            }
            Happening::Returned(object, credits) => {
                self.account.post(Movement::Returned(object, today), credits, terms, paid)
            }
            Happening::Due => {
                let due = self.account.due_through(terms, today);
                self.account.expire(&due);
                due
            }
        };
        self.keep(&expired);
    }

    /// Becomes another one by the differences, as a step of a recalculation does.
    fn become_like(&mut self, other: &Self) {
        let days: BTreeSet<NaiveDate> = self.earned.keys().chain(other.earned.keys()).copied().collect();
        for on in days {
            let of = |one: &Self| one.earned.get(&on).copied().unwrap_or(0);
            self.account.only_move(Movement::Earned(on), of(other) - of(self));
            self.earn(on, of(other) - of(self));
        }
        let keys: BTreeSet<_> = self.expired.keys().chain(other.expired.keys()).copied().collect();
        for (earned_on, on) in keys {
            let of = |one: &Self| one.expired.get(&(earned_on, on)).copied().unwrap_or(0);
            let one = Expired { earned_on, on, credits: of(other) - of(self) };
            self.account.expire(&[one]);
            self.keep(&[one]);
        }
    }

    fn shown(&self) -> Shown {
        let lots = self.account.lots().iter().map(|lot| (lot.earned_on, lot.credits)).collect();
        (self.account.balance(), lots, self.expired.clone())
    }
}

proptest::proptest! {
    /// Earnings, spendings and returns by one policy; then another one holds, and then the first one again.
    #[test]
    fn e4_what_expired_by_a_policy_comes_back_with_its_reversion(
        steps in proptest::collection::vec((0_usize..8, 0_u64..40, 0_u64..500, 1_i64..40, 0_i64..40), 1..60),
        terms in (0_usize..5, 0_usize..5),
    ) {
        let documents = [
            "", "expire_after_months = 3", "expire_after_months = 9", "expire_after_months = 14",
            "expire_at_end_of_following_year = 1",
        ].map(editions);
        let by = [(0, credits(&documents[terms.0])), (1, credits(&documents[terms.1]))];
        let mut real = Kept::default();
        // The log by each of the policies from the start.
        let mut folded = [Kept::default(), Kept::default()];
        let mut today = day("2024-05-01");
        let mut orders: Vec<(ObjectKey, i64)> = Vec::new();
        let step = |real: &mut Kept, folded: &mut [Kept; 2], what, today, place: usize| {
            real.happens(what, today, by[place], None);
            for (kept, by) in folded.iter_mut().zip(by) {
                kept.happens(what, today, by, Some(&real.account));
            }
        };
        for (place, (what, days, ago, amount, other)) in steps.into_iter().enumerate() {
            today = today.checked_add_days(Days::new(days)).expect("a date");
            step(&mut real, &mut folded, Happening::Due, today, 0);
            let happening = match what {
                5 | 6 if real.account.balance() > 0 => {
                    let order = (ObjectKey::try_from(place).expect("small"), amount.min(real.account.balance()));
                    orders.push(order);
                    Happening::Spent(order.0, order.1)
                }
                7 if !orders.is_empty() => {
                    let (order, credits) = orders.swap_remove(usize::try_from(ago).expect("small") % orders.len());
                    Happening::Returned(order, credits)
                }
                _ => Happening::Earned(today.checked_sub_days(Days::new(ago)).expect("a date"), [amount, other]),
            };
            step(&mut real, &mut folded, happening, today, 0);
            proptest::prop_assert_eq!(&real, &folded[0], "it is the log by its own policy");
        }
        step(&mut real, &mut folded, Happening::Due, today, 0);
        let before = real.shown();
        for place in [1, 0, 1, 0] {
            real.become_like(&folded[place]);
            step(&mut real, &mut folded, Happening::Due, today, place);
            proptest::prop_assert_eq!(real.shown(), folded[place].shown());
            let (_, terms) = by[place];
            let spendable = |lot: &Lot| terms.expires_on(lot.earned_on).is_none_or(|day| day > today);
            proptest::prop_assert!(real.account.lots().iter().all(spendable));
            // Nothing is below zero but for what was spent and is earned no longer.
            let owes = real.account.days.values().any(|day| day.spent > day.earned) || real.account.owed > 0;
            proptest::prop_assert!(real.account.balance() >= 0 || owes, "{:?}", real);
        }
        proptest::prop_assert_eq!(real.shown(), before, "to the bit");
    }
}
