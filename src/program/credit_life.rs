//! How long credits and Dojo Credits live.

use chrono::{Datelike, Months, NaiveDate};

use super::calendar::year_start;

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
