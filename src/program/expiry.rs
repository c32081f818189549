//! Expiry of credits and Dojo Credits: the oldest are spent first, so what a subject has left is what was earned last.
//!
//! An [`Account`] has the net credits of each day on which some were earned, and what has expired of them. What is left of
//! the balance is divided into [`Lot`]s: the newest day first, each up to what was earned on it and has not expired. So the
//! lots are the balance, a day is spent before the days after it, and what a returned order gives back is the oldest again.
//! Credits expire by the edition of the day on which they were earned.

mod accounts;

use std::collections::BTreeMap;

use chrono::{Datelike, Months, NaiveDate};

use super::calendar::year_start;
use super::edition::Editions;
pub use accounts::{Accounts, Returning, movement};

/// How long credits can be spent after the day on which they were earned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Expiry {
    /// Always.
    #[default]
    Never,
    /// For so many months: through the day before the same day of the month.
    Months(u32),
    /// Through the end of so many following years.
    FollowingYear(u32),
}

impl Expiry {
    /// The first day on which what was earned on a day can no longer be spent; none if there is no such day.
    #[must_use]
    pub fn expires_on(self, earned_on: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Never => None,
            Self::Months(months) => earned_on.checked_add_months(Months::new(months)),
            Self::FollowingYear(years) => {
                let years = i32::try_from(years).ok()?;
                Some(year_start(earned_on.year().checked_add(years)?.checked_add(1)?))
            }
        }
    }
}

/// What is spent and expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreditKind {
    /// Credits of partners.
    Credits,
    /// Dojo Credits of professionals.
    DojoCredits,
}

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

    fn is_expired(&self, earned_on: NaiveDate, on: NaiveDate) -> bool {
        self.expires_on(earned_on).is_some_and(|day| day <= on)
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
    /// They were spent or held, or moved together with what spent them.
    Spent,
    /// They came back on a day from an order or a quote: what has expired meanwhile expires then.
    Returned(NaiveDate),
    /// They were earned on a day and expired, or came back from that.
    Expired(NaiveDate),
}

/// Net credits of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct EarnedDay {
    earned: i64,
    expired: i64,
}

/// Net credits of a day, as they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOfCredits {
    /// The day.
    pub day: NaiveDate,
    /// What was earned on it, without what was taken back.
    pub earned: i64,
    /// What has expired of it.
    pub expired: i64,
}

/// The credits of one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    balance: i64,
    days: BTreeMap<NaiveDate, EarnedDay>,
}

impl Account {
    /// The account with a balance that was earned on days.
    #[must_use]
    pub fn new(balance: i64, days: impl IntoIterator<Item = DayOfCredits>) -> Self {
        let days = days.into_iter();
        let days = days.map(|row| (row.day, EarnedDay { earned: row.earned, expired: row.expired }));
        Self { balance, days: days.collect() }
    }

    /// What can be spent, by the day on which it was earned, the oldest first.
    #[must_use]
    pub fn lots(&self) -> Vec<Lot> {
        let mut left = self.balance;
        let mut lots = Vec::new();
        for (earned_on, day) in self.days.iter().rev() {
            let credits = left.min(day.earned - day.expired);
            if credits > 0 {
                lots.push(Lot { earned_on: *earned_on, credits });
                left -= credits;
            }
            if left <= 0 {
                break;
            }
        }
        lots.reverse();
        lots
    }

    /// What so many credits pay with, the oldest first.
    #[must_use]
    pub fn paid_with(&self, credits: i64) -> Vec<Lot> {
        let mut left = credits;
        let mut paid = Vec::new();
        for lot in self.lots() {
            let credits = lot.credits.min(left);
            if credits > 0 {
                paid.push(Lot { credits, ..lot });
            }
            left -= credits;
        }
        paid
    }

    /// What can no longer be spent on a day and has not expired yet, the oldest first.
    #[must_use]
    pub fn due(&self, terms: Terms<'_>, on: NaiveDate) -> Vec<Expired> {
        let lots = self.lots().into_iter().filter(|lot| terms.is_expired(lot.earned_on, on));
        lots.map(|lot| Expired { earned_on: lot.earned_on, on, credits: lot.credits }).collect()
    }

    /// The first day on which something can no longer be spent; none if nothing expires.
    #[must_use]
    pub fn expires_next(&self, terms: Terms<'_>) -> Option<NaiveDate> {
        self.lots().iter().filter_map(|lot| terms.expires_on(lot.earned_on)).min()
    }

    /// Moves credits, and returns what expires or comes back because of it; that has moved as well then.
    pub fn post(&mut self, movement: Movement, credits: i64, terms: Terms<'_>) -> Vec<Expired> {
        self.balance += credits;
        match movement {
            Movement::Spent => Vec::new(),
            Movement::Expired(earned_on) => {
                self.days.entry(earned_on).or_default().expired -= credits;
                Vec::new()
            }
            Movement::Returned(on) => {
                let due = self.due(terms, on);
                for one in &due {
                    self.post(Movement::Expired(one.earned_on), -one.credits, terms);
                }
                due
            }
            Movement::Earned(earned_on) => {
                let day = self.days.entry(earned_on).or_default();
                day.earned += credits;
                // What is taken back after it has expired was not there to expire.
                let surplus = (day.expired - day.earned.max(0)).max(0);
                if surplus == 0 {
                    return Vec::new();
                }
                day.expired -= surplus;
                self.balance += surplus;
                let on = terms.expires_on(earned_on).unwrap_or(earned_on);
                vec![Expired { earned_on, on, credits: -surplus }]
            }
        }
    }
}

#[cfg(test)]
mod tests;
