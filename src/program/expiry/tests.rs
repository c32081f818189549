//! Tests of expiry.

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

#[test]
fn pp_e6_the_oldest_is_spent_first() {
    let editions = editions("expire_after_months = 12");
    let terms = credits(&editions);
    // what happens, lots after it, what has expired in all
    type Row = (&'static [Happened], &'static [(&'static str, i64)], i64);
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
                "earned" => account.post(Movement::Earned(on), *credits, terms),
                "spent" => account.post(Movement::Spent, -credits, terms),
                "returned" => account.post(Movement::Returned(on), *credits, terms),
                _ => {
                    let due = account.due(terms, on);
                    assert_eq!(due.iter().map(|one| one.credits).sum::<i64>(), *credits, "{happened:?}");
                    for one in &due {
                        account.post(Movement::Expired(one.earned_on), -one.credits, terms);
                    }
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
fn pp_e6_what_an_order_is_paid_with() {
    let days = [("2024-06-01", 30, 0), ("2024-09-01", 20, 0), ("2025-01-01", 5, 0)]
        .map(|(on, earned, expired)| DayOfCredits { day: day(on), earned, expired });
    // 10 of 55 were spent before.
    let account = Account::new(45, days);
    let paid = |credits: i64| {
        let lots = account.paid_with(credits);
        lots.iter().map(|lot| (lot.earned_on.to_string(), lot.credits)).collect::<Vec<_>>()
    };
    let lots = |lots: &[(&str, i64)]| lots.iter().map(|(day, n)| ((*day).to_owned(), *n)).collect::<Vec<_>>();
    assert_eq!(paid(15), lots(&[("2024-06-01", 15)]));
    assert_eq!(paid(25), lots(&[("2024-06-01", 20), ("2024-09-01", 5)]));
    assert_eq!(paid(45), lots(&[("2024-06-01", 20), ("2024-09-01", 20), ("2025-01-01", 5)]));
    assert_eq!(paid(0), []);
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
    for by_themselves in [false, true] {
        let mut accounts = Accounts::new(&editions);
        if by_themselves {
            accounts.expire_by_themselves();
        }
        accounts.add_partner(PartnerIndex(0), Account::default());
        let mut all = Vec::new();
        let steps = [
            (award(Reason::Activity, "2024-06-01", 30), Returning::Free),
            (award(Reason::Hold, "2024-07-01", -20), Returning::Free),
            // The 10 that were not held are due meanwhile.
            (award(Reason::HoldReleased, "2025-08-01", 20), Returning::ForOrder),
            (award(Reason::Redemption, "2025-08-01", -20), Returning::Free),
        ];
        for (step, returning) in steps {
            let mut awards = Awards { credits: vec![step], ..Awards::default() };
            accounts.settle(&mut awards, returning);
            all.extend(awards.credits);
        }
        let balance: i64 = all.iter().map(|award| award.spendable_credits).sum();
        assert_eq!(balance, if by_themselves { 0 } else { 10 }, "{all:?}");
    }
    // Withdrawn instead: what was held expires then, with all else that is due.
    let mut accounts = Accounts::new(&editions);
    accounts.add_partner(PartnerIndex(0), Account::default());
    let mut all = Vec::new();
    for step in [
        award(Reason::Activity, "2024-06-01", 30),
        award(Reason::Hold, "2024-07-01", -20),
        award(Reason::HoldReleased, "2025-08-02", 20),
    ] {
        accounts.settle_credits(&[step], Returning::Free, &mut all);
    }
    let expired: Vec<_> =
        all[3..].iter().map(|award| (award.effective_on, award.spendable_credits)).collect();
    assert_eq!(expired, [(day("2025-08-02"), -30)]);
}

/// Single credits by the day on which they were earned, and whether they have expired; the first ones that have not were
/// spent.
#[derive(Default)]
struct Units {
    units: Vec<(NaiveDate, bool)>,
    spent: usize,
}

impl Units {
    fn left(&self) -> Vec<NaiveDate> {
        let there = self.units.iter().filter(|(_, expired)| !expired).map(|(day, _)| *day);
        there.skip(self.spent).collect()
    }

    fn earn(&mut self, on: NaiveDate, credits: usize) {
        self.units.extend(std::iter::repeat_n((on, false), credits));
        self.units.sort_unstable();
    }

    fn take_back(&mut self, on: NaiveDate, credits: usize) {
        for _ in 0..credits {
            let wanted = [(on, false), (on, true)];
            let place = wanted.iter().find_map(|one| self.units.iter().position(|unit| unit == one));
            self.units.remove(place.expect("it was earned"));
        }
    }

    fn expire(&mut self, on: NaiveDate, expires_on: impl Fn(NaiveDate) -> Option<NaiveDate>) {
        let mut skip = self.spent;
        for (earned_on, expired) in self.units.iter_mut().filter(|(_, expired)| !expired) {
            if skip > 0 {
                skip -= 1;
            } else if expires_on(*earned_on).is_some_and(|day| day <= on) {
                *expired = true;
            }
        }
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
    for round in 0..600 {
        let terms = credits(&editions[round % 3]);
        let expires_on = |day: NaiveDate| terms.expires_on(day);
        let (mut account, mut model) = (Account::default(), Units::default());
        let mut today = day("2024-05-01");
        let mut awards: Vec<(NaiveDate, usize)> = Vec::new();
        let mut orders: Vec<usize> = Vec::new();
        let mut expired = 0;
        for _ in 0..60 {
            today = today.checked_add_days(Days::new(next(40) as u64)).expect("a date");
            // Whoever spends or gives back lets expire first what is due.
            let due = account.due(terms, today);
            for one in &due {
                assert!(expires_on(one.earned_on).is_some_and(|day| day <= today), "{one:?} {today}");
                account.post(Movement::Expired(one.earned_on), -one.credits, terms);
                expired += one.credits;
            }
            model.expire(today, expires_on);
            assert!(account.lots().iter().all(|lot| expires_on(lot.earned_on).is_none_or(|day| day > today)));
            let moved = match next(5) {
                0 | 1 => {
                    let on = today.checked_sub_days(Days::new(next(3) as u64 * 100)).expect("a date");
                    let credits = 1 + next(20);
                    awards.push((on, credits));
                    model.earn(on, credits);
                    account.post(Movement::Earned(on), number(credits), terms)
                }
                2 if !awards.is_empty() => {
                    let (on, credits) = awards.swap_remove(next(awards.len()));
                    model.take_back(on, credits);
                    account.post(Movement::Earned(on), -number(credits), terms)
                }
                3 if account.balance > 0 => {
                    let credits = 1 + next(usize::try_from(account.balance).expect("above zero"));
                    let paid: i64 = account.paid_with(number(credits)).iter().map(|lot| lot.credits).sum();
                    assert_eq!(paid, number(credits));
                    orders.push(credits);
                    model.spent += credits;
                    account.post(Movement::Spent, -number(credits), terms)
                }
                4 if !orders.is_empty() => {
                    let credits = orders.swap_remove(next(orders.len()));
                    model.spent -= credits;
                    model.expire(today, expires_on);
                    account.post(Movement::Returned(today), number(credits), terms)
                }
                _ => Vec::new(),
            };
            expired += moved.iter().map(|one| one.credits).sum::<i64>();
            let lots = account.lots();
            assert_eq!(lots.iter().map(|lot| lot.credits).sum::<i64>(), account.balance.max(0));
            let mut left: BTreeMap<NaiveDate, i64> = BTreeMap::new();
            for earned_on in model.left() {
                *left.entry(earned_on).or_default() += 1;
            }
            let found: BTreeMap<NaiveDate, i64> =
                lots.iter().map(|lot| (lot.earned_on, lot.credits)).collect();
            assert_eq!(found, left, "round {round}, {today}");
            let gone = model.units.iter().filter(|(_, expired)| *expired).count();
            assert_eq!(expired, number(gone), "round {round}, {today}");
        }
    }
}
