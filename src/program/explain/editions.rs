//! Awards in windows that span editions.

use chrono::NaiveDate;

use crate::program::edition::Editions;
use crate::program::rule::{Rule, Window};

/// The editions of a window, where there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpannedEditions {
    /// First day of the edition whose rule judged the entry.
    pub own: NaiveDate,
    /// First days of the others that score the kind, the oldest first.
    pub others: Vec<NaiveDate>,
}

impl SpannedEditions {
    /// The editions of a window that began on a day, up to another one; none where it is one only.
    #[must_use]
    pub fn of(
        editions: &Editions,
        rule: &Rule,
        own: NaiveDate,
        window_start: NaiveDate,
        until: NaiveDate,
    ) -> Option<Self> {
        if rule.window == Window::Each {
            return None;
        }
        let span = editions.index_at(window_start)..=editions.index_at(until);
        let others = span.filter_map(|index| editions.get(index)).filter(|one| one.effective_from != own);
        let others: Vec<NaiveDate> = others
            .filter(|one| one.rule(rule.id).is_some_and(|other| other.window == rule.window))
            .map(|one| one.effective_from)
            .collect();
        (!others.is_empty()).then_some(Self { own, others })
    }

    /// What the editions make of an award: `from` and `to` are what its own edition earns before and after.
    pub(super) fn words(&self, (from, to): (i64, i64), amount: i64) -> String {
        let (own, others) = (self.own, self.list());
        let difference = to - from;
        if amount == difference {
            return format!(" under the edition of {own}, in a window that also had {others}");
        }
        if difference < 0 {
            return format!(
                " instead of {difference} under the edition of {own}: no more is taken than what the rest of the window \
                 is worth under it and {others} leaves"
            );
        }
        let held = if amount == 0 { "that much or more".to_owned() } else { (to - amount).to_string() };
        format!(
            " instead of {difference} under the edition of {own}: {others} had awarded {held} in the window before"
        )
    }

    fn list(&self) -> String {
        match &self.others[..] {
            [one] => format!("the edition of {one}"),
            [first, .., last] => format!("the editions of {first} to {last}"),
            [] => "no other edition".to_owned(),
        }
    }
}
