//! Which tally a window has.
//!
//! Windows are counted by the rule of an activity's own date, so a window of another sort is another window, even if both
//! begin on the same day: where an edition makes a month a calendar year, the posts of January are in their month, and the
//! year begins with nothing. The windows of the sort that a kind had on their first day have the kind's own tallies; others
//! are numbered apart.

use chrono::NaiveDate;

use super::TallyKey;
use super::state::Tallies;
use crate::program::edition::Editions;
use crate::program::rule::{KindId, Rule, Window};

/// The key of the tally that a rule's window has which begins on a day.
#[must_use]
pub fn tally_key(editions: &Editions, rule: &Rule, window_start: NaiveDate) -> TallyKey {
    let is_own = rule.window == Window::Each
        || first_sort(editions, rule.id, window_start).is_none_or(|window| window == rule.window);
    (if is_own { rule.id } else { rule.tallies }, window_start)
}

/// The sort of windows that a kind had on a day, or else from the next edition on that counts it over windows.
fn first_sort(editions: &Editions, kind: KindId, day: NaiveDate) -> Option<Window> {
    let from = editions.iter().skip(editions.index_at(day));
    let windows = from.filter_map(|edition| edition.rule(kind)).map(|rule| rule.window);
    windows.into_iter().find(|window| *window != Window::Each)
}

/// The kind of a tally.
#[must_use]
pub fn kind_of_tally(editions: &Editions, (tallies, _): TallyKey) -> KindId {
    editions.windows_of(tallies).map_or(tallies, |(kind, _)| kind)
}

/// The tallies of a rule's windows, in order.
pub(super) fn of_rule<'t>(
    editions: &'t Editions,
    tallies: &'t Tallies,
    rule: &Rule,
) -> impl Iterator<Item = (TallyKey, super::Tally)> + 't {
    let (kind, other, window) = (rule.id, rule.tallies, rule.window);
    let own = tallies.iter().filter(move |((of, _), _)| *of == kind || *of == other);
    own.copied().filter(move |((of, start), _)| {
        *of == other || first_sort(editions, kind, *start).is_none_or(|first| first == window)
    })
}
