//! Tests of expiry.

mod policies;

use chrono::Days;

use super::*;
use crate::program::edition::BUILT_IN;
use crate::program::fold::{Awards, CreditsAward, ObjectIndex, PartnerIndex, Reason};

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn editions(expiry: &str) -> Editions {
    Editions::parse([format!("{BUILT_IN}\n[credits]\n{expiry}\n").as_str()]).expect("an edition")
}

const fn credits(editions: &Editions) -> Terms<'_> {
    Terms { editions, kind: CreditKind::Credits }
}

#[test]
fn pp_e6_how_long_credits_can_be_spent() {
    use Expiry::{FollowingYear, Months, Never};
    // expiry, earned on, first day on which they can't be spent
    let table = [
        (Never, "2024-05-15", None),
        (Months(24), "2024-05-15", Some("2026-05-15")),
        (Months(1), "2024-01-31", Some("2024-02-29")),
        (Months(12), "2024-02-29", Some("2025-02-28")),
        (FollowingYear(1), "2024-01-01", Some("2026-01-01")),
        (FollowingYear(1), "2024-12-31", Some("2026-01-01")),
        (FollowingYear(2), "2024-12-31", Some("2027-01-01")),
    ];
    for (expiry, earned_on, expected) in table {
        assert_eq!(expiry.expires_on(day(earned_on)), expected.map(day), "{expiry:?} {earned_on}");
    }
}

#[test]
fn pp_e6_the_edition_of_the_day_of_earning_decides() {
    let later = BUILT_IN.replace("effective_from = 2024-05-01", "effective_from = 2025-01-01");
    let later = format!("{}\n[credits]\nexpire_after_months = 6\n", without_legacy(&later));
    let first = format!("{BUILT_IN}\n[credits]\nexpire_at_end_of_following_year = 1\n");
    let editions = Editions::parse([first.as_str(), later.as_str()]).expect("two editions");
    let terms = credits(&editions);
    for (earned_on, expected) in
        [("2024-12-31", "2026-01-01"), ("2025-01-01", "2025-07-01"), ("2024-04-30", "2026-01-01")]
    {
        assert_eq!(terms.expires_on(day(earned_on)), Some(day(expected)), "{earned_on}");
    }
    assert!(editions.expire(CreditKind::Credits) && !editions.expire(CreditKind::DojoCredits));
}

fn without_legacy(document: &str) -> String {
    let start = document.find("[legacy]").expect("a section");
    let end = start + document[start..].find("\n\n").expect("an end");
    format!("{}{}", &document[..start], &document[end..])
}

/// What happens to an account on a day: earned, spent, returned or due, and how many.
type Happened = (&'static str, &'static str, i64);

type Row = (&'static [Happened], &'static [(&'static str, i64)], i64);

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn pp_e6_the_oldest_is_spent_first() {
    let editions = editions("expire_after_months = 12");
    let terms = credits(&editions);
    // what happens, lots after it, what has expired in all
    let table: [Row; 10] = [
        (
            &[("earned", "2024-06-01", 30), ("earned", "2024-09-01", 20)],
            &[("2024-06-01", 30), ("2024-09-01", 20)],
            0,
        ),
        // Spent: the oldest.
        (
            &[("earned", "2024-06-01", 30), ("earned", "2024-09-01", 20), ("spent", "2024-10-01", 35)],
            &[("2024-09-01", 15)],
            0,
        ),
        // Only what is old expires, on its day and not before.
        (
            &[("earned", "2024-06-01", 30), ("earned", "2024-09-01", 20), ("due", "2025-05-31", 0)],
            &[("2024-06-01", 30), ("2024-09-01", 20)],
            0,
        ),
        (
            &[
                ("earned", "2024-06-01", 30),
                ("spent", "2024-07-01", 10),
                ("earned", "2024-09-01", 20),
                ("due", "2025-06-01", 20),
            ],
            &[("2024-09-01", 20)],
            20,
        ),
        // What was spent doesn't expire, whatever is earned later.
        (
            &[
                ("earned", "2024-06-01", 30),
                ("earned", "2024-09-01", 20),
                ("spent", "2024-10-01", 30),
                ("due", "2025-06-01", 0),
            ],
            &[("2024-09-01", 20)],
            0,
        ),
        // A returned order gives back the oldest, which expires then.
        (
            &[
                ("earned", "2024-06-01", 30),
                ("spent", "2024-10-01", 30),
                ("due", "2025-06-01", 0),
                ("returned", "2025-07-01", 30),
            ],
            &[],
            30,
        ),
        (
            &[("earned", "2024-06-01", 30), ("spent", "2024-10-01", 30), ("returned", "2024-11-01", 30)],
            &[("2024-06-01", 30)],
            0,
        ),
        // Reported late: it has expired already.
        (
            &[("earned", "2025-03-01", 5), ("earned", "2024-01-15", 10), ("due", "2025-03-02", 10)],
            &[("2025-03-01", 5)],
            10,
        ),
        // Taken back after it has expired: it was not there to expire.
        (&[("earned", "2024-06-01", 10), ("due", "2025-06-01", 10), ("earned", "2024-06-01", -10)], &[], 0),
        // Taken back after it was spent: a debt, which the next credits pay first.
        (
            &[
                ("earned", "2024-06-01", 10),
                ("spent", "2024-07-01", 10),
                ("earned", "2024-06-01", -10),
                ("earned", "2024-08-01", 15),
            ],
            &[("2024-08-01", 5)],
            0,
        ),
    ];
    for (happened, lots, expired) in table {
        let mut account = Account::default();
        let mut all = 0;
        for (what, on, credits) in happened {
            let on = day(on);
            let out = match *what {
                "earned" => account.post(Movement::Earned(on), *credits, terms, None),
                "spent" => account.post(Movement::Spent(1), -credits, terms, None),
                "returned" => account.post(Movement::Returned(1, on), *credits, terms, None),
                _ => {
                    let due = account.due(terms, on);
                    assert_eq!(due.iter().map(|one| one.credits).sum::<i64>(), *credits, "{happened:?}");
                    account.expire(&due);
                    due
                }
            };
            all += out.iter().map(|one| one.credits).sum::<i64>();
        }
        let found: Vec<(String, i64)> =
            account.lots().iter().map(|lot| (lot.earned_on.to_string(), lot.credits)).collect();
        let lots: Vec<(String, i64)> = lots.iter().map(|(day, n)| ((*day).to_owned(), *n)).collect();
        assert_eq!((found, all), (lots, expired), "{happened:?}");
    }
}

#[test]
fn pp_e6_what_an_order_is_paid_with_and_gives_back() {
    let editions = editions("expire_after_months = 12");
    let terms = credits(&editions);
    let past = |movement, credits, of_quote| PastMovement { movement, credits, of_quote };
    let account = Account::after([
        past(Movement::Earned(day("2024-06-01")), 30, None),
        past(Movement::Earned(day("2024-09-01")), 20, None),
        past(Movement::Earned(day("2025-01-01")), 5, None),
        past(Movement::Spent(1), -10, None),
    ]);
    let shown =
        |lots: &[Lot]| lots.iter().map(|lot| (lot.earned_on.to_string(), lot.credits)).collect::<Vec<_>>();
    let lots = |lots: &[(&str, i64)]| lots.iter().map(|(day, n)| ((*day).to_owned(), *n)).collect::<Vec<_>>();
    // credits, what they are paid with
    let table: [(i64, &[(&str, i64)]); 3] = [
        (15, &[("2024-06-01", 15)]),
        (25, &[("2024-06-01", 20), ("2024-09-01", 5)]),
        (45, &[("2024-06-01", 20), ("2024-09-01", 20), ("2025-01-01", 5)]),
    ];
    for (credits, expected) in table {
        let mut account = account.clone();
        account.post(Movement::Spent(2), -credits, terms, None);
        assert_eq!(shown(account.paid_with(2)), lots(expected));
        assert_eq!(account.lots().iter().map(|lot| lot.credits).sum::<i64>(), account.balance());
        // The first order gives back its own credits, whatever was spent since.
        account.post(Movement::Returned(1, day("2025-02-01")), 10, terms, None);
        assert_eq!(shown(&account.lots())[0], ("2024-06-01".to_owned(), 25 - credits.min(20) + 5));
    }
    // What was spent after credits had expired was not paid with them.
    let mut account = account;
    let due = account.due(terms, day("2025-06-01"));
    account.expire(&due);
    account.post(Movement::Spent(2), -20, terms, None);
    assert_eq!(shown(account.paid_with(2)), lots(&[("2024-09-01", 20)]));
    let due = account.post(Movement::Returned(1, day("2025-06-02")), 10, terms, None);
    assert_eq!(due.iter().map(|one| one.credits).sum::<i64>(), 10);
    assert_eq!(shown(&account.lots()), lots(&[("2025-01-01", 5)]));
}

fn award(reason: Reason, on: &str, credits: i64) -> CreditsAward {
    let counted = reason == Reason::Activity;
    CreditsAward {
        partner: PartnerIndex(0),
        object: ObjectIndex(0),
        track: None,
        effective_on: day(on),
        level_credits: 0,
        spendable_credits: credits,
        reason,
        count: counted.then_some(crate::program::fold::Count {
            kind: crate::program::rule::KindId(0),
            edition: 0,
            window_start: day(on),
            units_before: 0,
            units_after: 1,
        }),
    }
}

#[test]
fn o9_what_is_held_for_a_quote_pays_its_order_after_it_would_have_expired() {
    let editions = editions("expire_after_months = 12");
    let key = |object: ObjectIndex| ObjectKey::from(object.0);
    let mut accounts = Accounts::new(&editions);
    accounts.add_partner(PartnerIndex(0), Account::default());
    let mut all = Vec::new();
    for (step, returning) in [
        (award(Reason::Activity, "2024-06-01", 30), Returning::Free),
        (award(Reason::Hold, "2024-07-01", -20), Returning::Free),
        // The 10 that were not held are due meanwhile.
        (award(Reason::HoldReleased, "2025-08-01", 20), Returning::ForOrder),
        (award(Reason::Redemption, "2025-08-01", -20), Returning::Free),
    ] {
        let mut awards = Awards { credits: vec![step], ..Awards::default() };
        accounts.settle(&mut awards, Following::Own(returning), &key);
        all.extend(awards.credits);
    }
    let balance: i64 = all.iter().map(|award| award.spendable_credits).sum();
    assert_eq!(balance, 10, "{all:?}");
    // Withdrawn instead: what was held expires then, with all else that is due.
    let mut accounts = Accounts::new(&editions);
    accounts.add_partner(PartnerIndex(0), Account::default());
    let mut all = Vec::new();
    for step in [
        award(Reason::Activity, "2024-06-01", 30),
        award(Reason::Hold, "2024-07-01", -20),
        award(Reason::HoldReleased, "2025-08-02", 20),
    ] {
        accounts.settle_credits(&[step], Following::Own(Returning::Free), &key, &mut all);
    }
    let expired: Vec<_> =
        all[3..].iter().map(|award| (award.effective_on, award.spendable_credits)).collect();
    assert_eq!(expired, [(day("2025-08-02"), -30)]);
}

/// What became of a single credit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Unit {
    Left,
    Expired,
    /// Spent on an order.
    Spent(usize),
    /// Spent on an order, and taken back since.
    Owed(usize),
}

/// Single credits by the day on which they were earned.
#[derive(Default)]
struct Units(Vec<(NaiveDate, Unit)>);

impl Units {
    fn count(&self, wanted: impl Fn(Unit) -> bool) -> usize {
        self.0.iter().filter(|(_, unit)| wanted(*unit)).count()
    }

    /// What can be spent: the oldest pay what is owed.
    fn lots(&mut self) -> impl Iterator<Item = &mut (NaiveDate, Unit)> {
        let owed = self.count(|unit| matches!(unit, Unit::Owed(_)));
        self.0.iter_mut().filter(|(_, unit)| *unit == Unit::Left).skip(owed)
    }

    fn earn(&mut self, on: NaiveDate, credits: usize) {
        self.0.extend(std::iter::repeat_n((on, Unit::Left), credits));
        self.0.sort_by_key(|(day, _)| *day);
        self.settle_days();
    }

    /// What is left of a day pays what is owed of it: nobody else's credits do then.
    fn settle_days(&mut self) {
        while let Some((place, order)) =
            self.0.iter().enumerate().find_map(|(place, (on, unit))| match unit {
                Unit::Owed(order) if self.0.contains(&(*on, Unit::Left)) => Some((place, *order)),
                _ => None,
            })
        {
            let on = self.0[place].0;
            self.0[place].1 = Unit::Spent(order);
            let left = self.0.iter().position(|one| *one == (on, Unit::Left)).expect("one is left");
            self.0.remove(left);
        }
    }

    fn take_back(&mut self, on: NaiveDate, credits: usize) {
        for _ in 0..credits {
            let of_day = |unit: Unit| self.0.iter().position(|one| *one == (on, unit));
            if let Some(place) = of_day(Unit::Left).or_else(|| of_day(Unit::Expired)) {
                self.0.remove(place);
                continue;
            }
            let spent = self.0.iter_mut().find(|(day, unit)| *day == on && matches!(unit, Unit::Spent(_)));
            let (_, unit) = spent.expect("it was earned");
            if let Unit::Spent(order) = *unit {
                *unit = Unit::Owed(order);
            }
        }
    }

    fn spend(&mut self, order: usize, credits: usize) {
        self.lots().take(credits).for_each(|(_, unit)| *unit = Unit::Spent(order));
    }

    fn give_back(&mut self, order: usize) {
        self.0.retain(|(_, unit)| *unit != Unit::Owed(order));
        let spent = self.0.iter_mut().filter(|(_, unit)| *unit == Unit::Spent(order));
        spent.for_each(|(_, unit)| *unit = Unit::Left);
        self.settle_days();
    }

    fn expire(&mut self, on: NaiveDate, expires_on: impl Fn(NaiveDate) -> Option<NaiveDate>) {
        let due = |day: &NaiveDate| expires_on(*day).is_some_and(|day| day <= on);
        self.lots().filter(|(day, _)| due(day)).for_each(|(_, unit)| *unit = Unit::Expired);
    }
}

/// Random earnings, also late ones, voidings, spendings and returns, while time passes.
#[test]
fn pp_e6_lots_are_the_balance_and_only_what_is_old_expires() {
    let documents =
        ["expire_after_months = 3", "expire_after_months = 14", "expire_at_end_of_following_year = 1"];
    let editions = documents.map(editions);
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % 1_000_003).expect("small") % below
    };
    let number = |credits: usize| i64::try_from(credits).expect("small");
    let key = |order: usize| ObjectKey::try_from(order).expect("small");
    for round in 0..600 {
        let terms = credits(&editions[round % 3]);
        let expires_on = |day: NaiveDate| terms.expires_on(day);
        let (mut account, mut model) = (Account::default(), Units::default());
        let mut past: Vec<PastMovement> = Vec::new();
        let mut today = day("2024-05-01");
        let mut awards: Vec<(NaiveDate, usize)> = Vec::new();
        let mut orders: Vec<(usize, usize)> = Vec::new();
        for order in 0..60 {
            today = today.checked_add_days(Days::new(next(40) as u64)).expect("a date");
            // Whoever spends or gives back lets expire first what is due.
            let due = account.due(terms, today);
            account.expire(&due);
            model.expire(today, expires_on);
            assert!(account.lots().iter().all(|lot| expires_on(lot.earned_on).is_none_or(|day| day > today)));
            let (movement, credits) = match next(5) {
                2 if !awards.is_empty() => {
                    let (on, credits) = awards.swap_remove(next(awards.len()));
                    model.take_back(on, credits);
                    (Movement::Earned(on), -number(credits))
                }
                3 if account.balance() > 0 => {
                    let credits = 1 + next(usize::try_from(account.balance()).expect("above zero"));
                    orders.push((order, credits));
                    model.spend(order, credits);
                    (Movement::Spent(key(order)), -number(credits))
                }
                4 if !orders.is_empty() => {
                    let (order, credits) = orders.swap_remove(next(orders.len()));
                    model.give_back(order);
                    model.expire(today, expires_on);
                    (Movement::Returned(key(order), today), number(credits))
                }
                _ => {
                    let on = today.checked_sub_days(Days::new(next(3) as u64 * 100)).expect("a date");
                    let credits = 1 + next(20);
                    awards.push((on, credits));
                    model.earn(on, credits);
                    (Movement::Earned(on), number(credits))
                }
            };
            let after = account.post(movement, credits, terms, None);
            if let Movement::Spent(order) = movement {
                let paid: i64 = account.paid_with(order).iter().map(|lot| lot.credits).sum();
                assert_eq!(paid, -credits);
            }
            // The account that the entries give is the same.
            let expired = |one: &Expired| PastMovement {
                movement: Movement::Expired(one.earned_on),
                credits: -one.credits,
                of_quote: None,
            };
            past.extend(due.iter().map(expired));
            past.push(PastMovement { movement, credits, of_quote: None });
            past.extend(after.iter().map(expired));
            assert_eq!(Account::after(past.iter().copied()), account, "round {round}, {today}");
            let lots = account.lots();
            assert_eq!(lots.iter().map(|lot| lot.credits).sum::<i64>(), account.balance().max(0));
            let mut left: BTreeMap<NaiveDate, i64> = BTreeMap::new();
            for (earned_on, _) in model.lots() {
                *left.entry(*earned_on).or_default() += 1;
            }
            let found: BTreeMap<NaiveDate, i64> =
                lots.iter().map(|lot| (lot.earned_on, lot.credits)).collect();
            assert_eq!(found, left, "round {round}, {today}");
            let gone: i64 = account.days.values().map(|day| day.expired).sum();
            assert_eq!(gone, number(model.count(|unit| unit == Unit::Expired)), "round {round}, {today}");
        }
    }
}
