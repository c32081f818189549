//! What an option of a path is, and what options are made of.

use std::collections::HashMap;

use chrono::{Months, NaiveDate};

use super::{Cost, PathStep};
use crate::program::calendar::month_start;
use crate::program::fold::{Tally, TallyKey};
use crate::program::rule::{KindId, Rule};

/// What windows of a partner have.
pub type Held = HashMap<TallyKey, Tally>;

/// Activities of a kind, of which none is superfluous for its sum.
#[derive(Clone, Debug)]
pub(super) struct PathOption {
    /// Credits that they add.
    pub(super) credits: i64,
    /// Credits that are lost without one of them.
    pub(super) loss: i64,
    /// Number of activities.
    pub(super) activities: i64,
    /// The same by kind.
    pub(super) quantities: Vec<(KindId, i64)>,
    /// The same by month.
    pub(super) steps: Vec<PathStep>,
}

impl PathOption {
    pub(super) fn cost(&self) -> Cost {
        (self.activities, i64::try_from(self.steps.len()).unwrap_or(i64::MAX))
    }
}

/// The first day of each month on which activities can happen.
pub(super) fn months(from: NaiveDate, until: NaiveDate) -> Vec<NaiveDate> {
    let next = |day: &NaiveDate| month_start(*day).checked_add_months(Months::new(1));
    std::iter::successors(Some(from), next).take_while(|day| *day <= until).collect()
}

/// Units of one activity of quantity 1. Where they depend on its attributes, they are the fewest that are sure.
pub(super) fn units_of_one(rule: &Rule) -> i64 {
    rule.unit_range().0
}

/// The most credits that one activity can add.
pub(super) fn most_of_one(rule: &Rule) -> i64 {
    let units = units_of_one(rule);
    // One more block than its own units may be completed by what the window holds.
    let blocks = units / rule.per + i64::from(units % rule.per != 0);
    blocks.saturating_mul(rule.credits).max(0)
}
