//! What an activity of a kind counts for on a day.

use chrono::NaiveDate;

use super::option::{Held, most_of_one};
use crate::program::edition::Editions;
use crate::program::fold::{TallyKey, kind_of_tally};
use crate::program::rule::{AttributeType, KindId, Rule, Window};

/// What activities of a kind count for on a day.
#[derive(Clone, Debug)]
pub(super) struct Source<'e> {
    pub(super) day: NaiveDate,
    pub(super) kind: KindId,
    pub(super) rule: &'e Rule,
    /// The rules by which they count for kinds of the goal's track: that of the kind, and that of the one that it counts as.
    pub(super) targets: Vec<&'e Rule>,
    /// The windows that they count in.
    pub(super) windows: Vec<TallyKey>,
}

impl Source<'_> {
    /// Units of an activity by its own rule. Where they depend on its attributes, they are the fewest that are sure.
    pub(super) fn units(&self, quantity: i64) -> i64 {
        let units = self.rule.unit_range().0.saturating_mul(quantity);
        divisor(self.rule).map_or(0, |greatest| units / greatest)
    }

    pub(super) fn is_own(&self, target: &Rule) -> bool {
        target.id == self.kind
    }

    /// Whether it matters how many of them are recorded as one.
    pub(super) fn depends_on_quantity(&self) -> bool {
        self.rule.divided_by.is_some()
            || self
                .targets
                .iter()
                .any(|rule| rule.window == Window::Each && (rule.per > 1 || rule.cap.is_some()))
    }

    /// The most that one activity can add.
    pub(super) fn gain(&self) -> i64 {
        let of_target =
            |rule: &&Rule| if self.is_own(rule) { most_of_one(rule) } else { rule.credits.max(0) };
        self.targets.iter().map(of_target).fold(0, i64::saturating_add)
    }

    /// Activities with which each window that they count in gives as much as is wanted, or as it can.
    pub(super) fn most(&self, wanted: i64, held: &Held, editions: &Editions) -> i64 {
        let of_target = |rule: &&Rule| {
            if rule.credits <= 0 {
                return 0;
            }
            let of_kind = held.iter().filter(|(key, _)| kind_of_tally(editions, **key) == rule.id);
            let (missing, awarded) = of_kind.fold((0, 0), |(missing, awarded), (_, tally)| {
                (missing.max(-tally.units), awarded.max(tally.awarded).max(rule.earned(tally.units)))
            });
            let blocks = match rule.cap {
                // Each is a window of its own, with a cap of its own.
                Some(cap) if rule.window == Window::Each => wanted / cap.min(rule.credits) + 1,
                Some(cap) => (awarded.saturating_add(wanted).min(cap) / rule.credits).saturating_add(1),
                None => (awarded.saturating_add(wanted) / rule.credits).saturating_add(1),
            };
            let units = blocks.saturating_mul(rule.per).saturating_add(missing);
            if !self.is_own(rule) {
                return units;
            }
            let of_one = self.rule.unit_range().0;
            let divisor = divisor(self.rule).filter(|_| of_one > 0);
            divisor.map_or(0, |divisor| units.saturating_mul(divisor) / of_one + 1)
        };
        self.targets.iter().map(of_target).max().unwrap_or(0)
    }

    /// Whether both count alike.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        let targets = self.targets.iter().zip(&other.targets);
        self.windows == other.windows
            && is_as(self.rule, other.rule)
            && self.targets.len() == other.targets.len()
            && targets.into_iter().all(|(one, other)| is_as(one, other))
    }
}

/// The greatest number that units of a kind are divided by, 1 for what is not; none where there is no greatest.
pub(super) fn divisor(rule: &Rule) -> Option<i64> {
    let Some(name) = &rule.divided_by else { return Some(1) };
    match rule.attributes.iter().find(|one| one.name == *name)?.value_type {
        AttributeType::Integer { max, .. } => max.map(|greatest| greatest.max(1)),
        _ => None,
    }
}

/// Whether two rules of a kind count alike.
pub(super) fn is_as(one: &Rule, other: &Rule) -> bool {
    let terms = |rule: &Rule| {
        (
            rule.id,
            rule.track,
            rule.credits,
            rule.per,
            rule.window,
            rule.cap,
            rule.max_quantity,
            rule.counts_as,
        )
    };
    terms(one) == terms(other)
        && (one.rest, &one.unit_source) == (other.rest, &other.unit_source)
        && divisor(one) == divisor(other)
}

/// Days on which kinds count alike.
#[derive(Clone, Debug)]
pub(super) struct Slot<'e> {
    pub(super) day: NaiveDate,
    pub(super) sources: Vec<Source<'e>>,
}

impl Slot<'_> {
    pub(super) fn is_as(&self, other: &Self) -> bool {
        self.sources.len() == other.sources.len()
            && self.sources.iter().zip(&other.sources).all(|(one, other)| one.is_as(other))
    }
}
