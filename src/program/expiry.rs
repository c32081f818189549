//! Expiry of credits and Dojo Credits: the oldest are spent first, so what a subject has left is what was earned last.
//!
//! An [`Account`] has for each day what was earned on it, what of it was spent, and what has expired; and what each order or
//! quote was paid with. What is left of a day is a [`Lot`]. An order takes the oldest lots; when it is returned, it gives
//! back the same ones. Credits that were taken back after they had been spent are a debt, which the oldest lots pay.
//! Credits expire by the edition of the day on which they were earned.
//!
//! The log by another policy has an account of its own, in which orders are paid with what they were paid with: only what
//! is left of a day expires by that policy.

mod accounts;

use std::collections::BTreeMap;

use chrono::NaiveDate;

pub use super::credit_life::{CreditKind, Expiry};
use super::edition::Editions;
pub use accounts::{Accounts, Following, Returning, movement};

/// When credits of a kind expire.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'e> {
    /// All editions.
    pub editions: &'e Editions,
    /// What expires.
    pub kind: CreditKind,
}

impl Terms<'_> {
    /// The first day on which what was earned on a day can no longer be spent; none if it never expires.
    #[must_use]
    pub fn expires_on(&self, earned_on: NaiveDate) -> Option<NaiveDate> {
        self.editions.expires_on(self.kind, earned_on)
    }
}

/// Credits that were earned on one day and can be spent, or were spent together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The day.
    pub earned_on: NaiveDate,
    /// How many.
    pub credits: i64,
}

/// Credits of a day that expire, or that expired and come back if below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The day on which they were earned.
    pub earned_on: NaiveDate,
    /// The first day on which they can no longer be spent.
    pub on: NaiveDate,
    /// How many.
    pub credits: i64,
}

/// What moves credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// They were earned on a day, or what was earned on it was taken back.
    Earned(NaiveDate),
    /// They were spent on an object or held for it; if above zero, they moved away together with what spent them.
    Spent(ObjectKey),
    /// They came back on a day from an order or a quote: what has expired meanwhile expires then.
    Returned(ObjectKey, NaiveDate),
    /// They were held for a quote, and pay the order that is placed next.
    ForOrder(ObjectKey),
    /// They were earned on a day and expired, or came back from that.
    Expired(NaiveDate),
}

impl Movement {
    /// The order or quote that spends or gives back.
    const fn object(self) -> Option<ObjectKey> {
        match self {
            Self::Spent(object) | Self::Returned(object, _) | Self::ForOrder(object) => Some(object),
            Self::Earned(_) | Self::Expired(_) => None,
        }
    }
}

/// What identifies an order or a quote.
pub type ObjectKey = u128;

/// What moved credits before, as an entry keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastMovement {
    /// What it was; nothing expired because of it but by entries of its own.
    pub movement: Movement,
    /// How many, below zero if they were spent or expired.
    pub credits: i64,
    /// The quote that the order was placed from.
    pub of_quote: Option<ObjectKey>,
}

/// Credits of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct EarnedDay {
    earned: i64,
    spent: i64,
    expired: i64,
}

impl EarnedDay {
    /// What is left, below zero if more was spent than was earned.
    fn left(self) -> i64 {
        self.earned - self.spent - self.expired
    }
}

/// What an order or a quote was paid with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Payment {
    lots: Vec<Lot>,
    /// Credits that were on no day.
    owed: i64,
    is_back: bool,
}

impl Payment {
    fn worth(&self) -> i64 {
        self.lots.iter().map(|lot| lot.credits).sum::<i64>() + self.owed
    }
}

/// The credits of one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    balance: i64,
    days: BTreeMap<NaiveDate, EarnedDay>,
    /// Spent credits that were on no day.
    owed: i64,
    payments: BTreeMap<ObjectKey, Payment>,
    /// The quote whose credits pay the order that is placed next.
    ordered: Option<ObjectKey>,
}

impl Account {
    /// The account after what moved its credits before, in the order of the ledger.
    #[must_use]
    pub fn after(movements: impl IntoIterator<Item = PastMovement>) -> Self {
        let mut account = Self::default();
        for past in movements {
            if past.of_quote.is_some() {
                account.ordered = past.of_quote;
            }
            account.only_move(past.movement, past.credits);
        }
        account
    }

    /// All that can be spent; below zero if what was spent was taken back.
    #[must_use]
    pub fn balance(&self) -> i64 {
        self.balance
    }

    /// What can be spent, by the day on which it was earned, the oldest first.
    #[must_use]
    pub fn lots(&self) -> Vec<Lot> {
        let debts = self.days.values().map(|day| (-day.left()).max(0)).sum::<i64>();
        let mut debt = debts + self.owed;
        let mut lots = Vec::new();
        for (earned_on, day) in &self.days {
            let left = day.left().max(0);
            let paid = left.min(debt.max(0));
            debt -= paid;
            if left > paid {
                lots.push(Lot { earned_on: *earned_on, credits: left - paid });
            }
        }
        lots
    }

    /// What an order or a quote was paid with, the oldest first.
    #[must_use]
    pub fn paid_with(&self, object: ObjectKey) -> &[Lot] {
        self.payments.get(&object).map_or(&[], |payment| &payment.lots)
    }

    /// What can no longer be spent on a day and has not expired yet, the oldest first: it expires on that day.
    #[must_use]
    pub fn due(&self, terms: Terms<'_>, on: NaiveDate) -> Vec<Expired> {
        self.due_through(terms, on).into_iter().map(|one| Expired { on, ..one }).collect()
    }

    /// What can no longer be spent on a day and has not expired yet, the oldest first: each expires on its own day.
    #[must_use]
    pub fn due_through(&self, terms: Terms<'_>, day: NaiveDate) -> Vec<Expired> {
        let lots = self.lots().into_iter();
        lots.filter_map(|Lot { earned_on, credits }| {
            let on = terms.expires_on(earned_on).filter(|on| *on <= day)?;
            Some(Expired { earned_on, on, credits })
        })
        .collect()
    }

    /// The first day on which something can no longer be spent; none if nothing expires.
    #[must_use]
    pub fn expires_next(&self, terms: Terms<'_>) -> Option<NaiveDate> {
        self.lots().iter().filter_map(|lot| terms.expires_on(lot.earned_on)).min()
    }

    /// Moves credits, and returns what expires or comes back because of it; that has moved as well then. What is spent is
    /// paid with the oldest, or with what it was paid with in another account of the same subject, if there is one.
    pub fn post(
        &mut self,
        movement: Movement,
        credits: i64,
        terms: Terms<'_>,
        paid: Option<&Self>,
    ) -> Vec<Expired> {
        let known = paid.and_then(|account| account.payments.get(&movement.object()?));
        self.apply(movement, credits, known);
        let expired = match movement {
            Movement::Spent(object) => self.spent_before(object, terms),
            Movement::Expired(_) | Movement::ForOrder(_) => Vec::new(),
            Movement::Returned(_, on) => self.due(terms, on),
            Movement::Earned(earned_on) => self.surplus(earned_on, terms).into_iter().collect(),
        };
        self.expire(&expired);
        expired
    }

    /// Moves credits, and nothing expires or comes back because of it.
    pub fn only_move(&mut self, movement: Movement, credits: i64) {
        self.apply(movement, credits, None);
    }

    /// What has expired of a day and was not there to expire, since it was taken back or spent.
    fn surplus(&self, earned_on: NaiveDate, terms: Terms<'_>) -> Option<Expired> {
        let day = self.days.get(&earned_on).copied().unwrap_or_default();
        let surplus = (-day.left()).clamp(0, day.expired.max(0));
        let on = terms.expires_on(earned_on).unwrap_or(earned_on);
        (surplus > 0).then_some(Expired { earned_on, on, credits: -surplus })
    }

    /// What an order was paid with that has expired in this account, though not in the one that it was paid from.
    fn spent_before(&self, object: ObjectKey, terms: Terms<'_>) -> Vec<Expired> {
        let lots = self.paid_with(object).iter();
        lots.filter_map(|lot| self.surplus(lot.earned_on, terms)).collect()
    }

    /// What orders and quotes were paid with, and nothing else.
    #[must_use]
    pub fn payments_only(self) -> Self {
        Self { payments: self.payments, ..Self::default() }
    }

    /// Lets credits expire.
    pub fn expire(&mut self, expired: &[Expired]) {
        for one in expired {
            self.only_move(Movement::Expired(one.earned_on), -one.credits);
        }
    }

    fn apply(&mut self, movement: Movement, credits: i64, known: Option<&Payment>) {
        self.balance += credits;
        match movement {
            Movement::Earned(day) => self.days.entry(day).or_default().earned += credits,
            Movement::Expired(day) => self.days.entry(day).or_default().expired -= credits,
            Movement::Spent(object) if credits < 0 => self.spend(object, -credits, known),
            Movement::Spent(object) | Movement::Returned(object, _) => self.give_back(object, credits),
            Movement::ForOrder(object) => {
                self.give_back(object, credits);
                self.ordered = Some(object);
            }
        }
    }

    fn spend(&mut self, object: ObjectKey, credits: i64, known: Option<&Payment>) {
        let held = self.ordered.take().and_then(|quote| self.payments.get(&quote));
        let held = held.filter(|payment| payment.is_back);
        let payment = match known.or(held).filter(|payment| payment.worth() == credits) {
            Some(known) => Payment { is_back: false, ..known.clone() },
            None => self.oldest(credits),
        };
        for lot in &payment.lots {
            self.days.entry(lot.earned_on).or_default().spent += lot.credits;
        }
        self.owed += payment.owed;
        self.payments.insert(object, payment);
    }

    /// The oldest lots that so many credits are paid with.
    fn oldest(&self, credits: i64) -> Payment {
        let mut left = credits;
        let mut lots = Vec::new();
        for lot in self.lots() {
            let credits = lot.credits.min(left);
            if credits > 0 {
                lots.push(Lot { credits, ..lot });
            }
            left -= credits;
        }
        Payment { lots, owed: left, is_back: false }
    }

    fn give_back(&mut self, object: ObjectKey, credits: i64) {
        let payment = self.payments.get_mut(&object).filter(|payment| !payment.is_back);
        let Some(payment) = payment else {
            // What another account paid came with a merge.
            self.owed -= credits;
            return;
        };
        payment.is_back = true;
        for lot in &payment.lots {
            self.days.entry(lot.earned_on).or_default().spent -= lot.credits;
        }
        self.owed -= payment.owed;
    }
}

#[cfg(test)]
mod tests;
