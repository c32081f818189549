//! What a change of units in a window awards: the one formula, also where a window spans editions.

use chrono::NaiveDate;

use super::state::Tallies;
use super::windows::tally_key;
use super::{Count, Tally, TallyKey};
use crate::program::calendar::membership_year;
use crate::program::edition::Editions;
use crate::program::rule::{KindId, Rule, Window};

/// The part of the partner program's time that windows don't cross (L1), with its first day.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    Legacy(NaiveDate),
    Launched(NaiveDate),
}

impl Era {
    /// `None` for days that earn nothing at all.
    pub(super) fn of(editions: &Editions, date: NaiveDate) -> Option<Self> {
        let launch = editions.launch();
        if date >= launch {
            return Some(Self::Launched(launch));
        }
        let legacy = editions.legacy()?;
        (date >= legacy.from).then_some(Self::Legacy(legacy.from))
    }

    pub(super) fn start(self) -> NaiveDate {
        match self {
            Self::Legacy(start) | Self::Launched(start) => start,
        }
    }

    pub(super) fn is_legacy(self) -> bool {
        matches!(self, Self::Legacy(_))
    }
}

pub(super) fn partner_window(rule: &Rule, era: Era, date: NaiveDate) -> NaiveDate {
    rule.calendar_start(date).max(era.start())
}

pub(super) fn professional_window(rule: &Rule, signed_up_on: NaiveDate, date: NaiveDate) -> NaiveDate {
    match rule.window {
        Window::MembershipYear => membership_year(signed_up_on, date).starts_on,
        Window::Lifetime => signed_up_on,
        _ => rule.calendar_start(date),
    }
}

/// What a change of units did.
pub(super) struct Earned {
    pub(super) award: i64,
    pub(super) effective_on: NaiveDate,
    pub(super) before: i64,
    pub(super) after: i64,
    /// Whether it awards nothing because an earlier edition awarded more in the window than this one gives: the
    /// entry of nothing says so.
    pub(super) is_outdone: bool,
}

impl Earned {
    pub(super) fn count(&self, rule: &Rule, edition: usize, window_start: NaiveDate) -> Count {
        Count { kind: rule.id, edition, window_start, units_before: self.before, units_after: self.after }
    }

    /// Whether there is nothing to post.
    pub(super) fn is_nothing(&self) -> bool {
        self.award == 0 && !self.is_outdone
    }
}

/// Changes the units of a window and says what that awards; also which tally was changed.
///
/// Within one edition that is earned(after) - earned(before), whatever the order. In a window that spans editions both
/// sides are taken by the rule of the activity's own date: recording never takes, and never pays what the window was
/// awarded already or what it missed under an earlier edition; see [`taken`] for the other direction.
pub(super) fn earn(
    editions: &Editions,
    rule: &Rule,
    tallies: &mut Tallies,
    window_start: NaiveDate,
    units: i64,
    date: NaiveDate,
) -> (Earned, Option<TallyKey>) {
    if rule.window == Window::Each {
        let award = units.signum() * rule.earned(units.abs());
        let (before, after) = if units < 0 { (-units, 0) } else { (0, units) };
        return (Earned { award, effective_on: date, before, after, is_outdone: false }, None);
    }
    let key = tally_key(editions, rule, window_start);
    let tally = tallies.entry(key, Tally::new(date));
    let before = tally.units;
    tally.units += units;
    tally.latest_on = tally.latest_on.max(date);
    let after = tally.units;
    let award = change(editions, rule, window_start, *tally, (before, after));
    let is_outdone = units > 0 && tally.awarded > rule.earned(after);
    tally.awarded += award;
    let effective_on = if rule.per > 1 { tally.latest_on } else { date };
    (Earned { award, effective_on, before, after, is_outdone }, Some(key))
}

/// What units that went from one number to another award in a window: `tally` has what was awarded so far.
fn change(
    editions: &Editions,
    rule: &Rule,
    window_start: NaiveDate,
    tally: Tally,
    (before, after): (i64, i64),
) -> i64 {
    let (from, to) = (rule.earned(before), rule.earned(after));
    if after < before {
        return taken(editions, rule, window_start, tally, (from, to), after);
    }
    (to - from.max(tally.awarded)).max(0)
}

/// What a voiding takes from a window: the difference by the rule of the activity's own date. What is left is at most
/// what was there, and lies between the least and the most that one of the editions of the window earns for the units
/// that are left; so it is nothing when none are.
fn taken(
    editions: &Editions,
    rule: &Rule,
    window_start: NaiveDate,
    tally: Tally,
    (from, to): (i64, i64),
    after: i64,
) -> i64 {
    let (first, last) = (editions.index_at(window_start), editions.index_at(tally.latest_on));
    let left = tally.awarded + to - from;
    if first == last {
        return left - tally.awarded;
    }
    let rules = (first..=last).filter_map(|index| editions.get(index)?.rule(rule.id));
    // Where an edition had windows of another sort, this is none of them.
    let rules = rules.filter(|one| one.window == rule.window);
    let (lower, upper) = rules.fold((to, to), |(lower, upper), rule: &Rule| {
        let earned = rule.earned(after);
        (lower.min(earned), upper.max(earned))
    });
    left.clamp(lower, upper).min(tally.awarded) - tally.awarded
}

/// The Dojo Credits of points that were just awarded in a window, or taken from it: as many as the edition of the
/// activity's own date gives for each point. Where the window's editions have several rates, all that was given for its
/// points stays between the least and the most that one of them gives; so it is nothing when no points are left.
pub(super) fn dojo_credits_of(
    editions: &Editions,
    tallies: &mut Tallies,
    key: Option<TallyKey>,
    (points, date): (i64, NaiveDate),
) -> i64 {
    let rate = |index: usize| editions.get(index).map_or(0, |edition| edition.dojo_credits_per_point);
    let by_rate = points * rate(editions.index_at(date));
    let Some(key) = key else { return by_rate };
    let tally = tallies.entry(key, Tally::new(date));
    let (first, last) = (editions.index_at(key.1), editions.index_at(tally.latest_on));
    let rates = || (first..=last).map(rate);
    let (lowest, highest) = (rates().min().unwrap_or_default(), rates().max().unwrap_or_default());
    if lowest == highest {
        return by_rate;
    }
    let at_first = |points: i64| points * rate(first);
    let before = at_first(tally.awarded - points) + i64::from(tally.extra_dojo_credits);
    let after = (before + by_rate).clamp(tally.awarded * lowest, tally.awarded * highest);
    // Sums of points by any rate are in the range of the API.
    let extra = (after - at_first(tally.awarded)).clamp(i32::MIN.into(), i32::MAX.into());
    tally.extra_dojo_credits = i32::try_from(extra).unwrap_or_default();
    after - before
}

/// Whether an edition has a kind whose activities can take points.
#[must_use]
pub fn can_take(editions: &Editions) -> bool {
    editions.iter().any(|edition| edition.rules.iter().any(Rule::can_take))
}

/// The rule of a kind that judges a window as a whole: that of its latest day.
pub(super) fn rule_of_window<'e>(
    editions: &'e Editions,
    kind: KindId,
    tally: &Tally,
) -> Option<(usize, &'e Rule)> {
    let index = editions.index_at(tally.latest_on);
    Some((index, editions.get(index)?.rule(kind)?))
}
