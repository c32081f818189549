//! What activities of one kind can add: for each sum of credits, the fewest activities and their months.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::linked::components;
use super::option::{Held, PathOption, months, most_of_one, units_of_one};
use super::{Cost, Goal, PathStep, too_far};
use crate::program::calendar::month_start;
use crate::program::edition::Editions;
use crate::program::fold::{TallyKey, tally_key};
use crate::program::refusal::Refusal;
use crate::program::rule::{Derived, KindId, Program, Rest, Rule, Track, Window};

/// Most pairs of sums of one kind.
const SUMS_MAX: i64 = 250_000;

/// What one kind can add, or a won deal together with its new customer.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Sums in ascending order, each with more activities than the one before.
    pub(super) options: Vec<PathOption>,
}

/// Activities of a month: number, and credits that they add.
type Part = (NaiveDate, i64, i64);

/// For each sum of credits, the fewest activities, in the earliest months.
type Fewest = BTreeMap<i64, (Cost, Vec<Part>)>;

/// The windows that can matter to what is recorded from a day on: those of kinds of a track in which the day lies, and
/// the earlier ones of kinds that carry their rest on.
#[must_use]
pub fn held_windows(editions: &Editions, track: Track, today: NaiveDate) -> Vec<TallyKey> {
    let launch = editions.launch();
    let mut windows = Vec::new();
    let carries = |kind| {
        let rules = editions.iter().filter_map(|edition| edition.rule(kind));
        rules.into_iter().any(|rule| rule.rest == Rest::Carry)
    };
    // A kind can have another window in the next edition.
    for rule in rules_of_track(editions, track).filter(|rule| rule.window != Window::Each) {
        let mut starts = BTreeSet::from([rule.calendar_start(today).max(launch)]);
        if carries(rule.id) {
            starts.extend(months(launch, today).into_iter().map(|day| rule.calendar_start(day).max(launch)));
        }
        for start in starts {
            let key = tally_key(editions, rule, start);
            if !windows.contains(&key) {
                windows.push(key);
            }
        }
    }
    windows
}

/// Rules of a track in all editions.
fn rules_of_track(editions: &Editions, track: Track) -> impl Iterator<Item = &Rule> {
    let all = editions.iter().flat_map(|edition| &edition.rules);
    all.filter(move |rule| rule.program == Program::Partner && rule.track == Some(track))
}

/// Rules of a track in all editions, one for each kind.
fn rules(editions: &Editions, track: Track) -> Vec<&Rule> {
    let mut found: Vec<&Rule> = Vec::new();
    for rule in rules_of_track(editions, track) {
        if found.iter().all(|known| known.id != rule.id) {
            found.push(rule);
        }
    }
    found
}

/// What the kinds of the goal's track can add between two days of a year, as far as it can be part of a path.
pub(super) fn groups(
    editions: &Editions,
    goal: &Goal,
    (from, until): (NaiveDate, NaiveDate),
    missing: i64,
    held: &Held,
) -> Result<Vec<Group>, Refusal> {
    let linked = components(editions, goal, (from, until));
    let mut found = Vec::new();
    let mut won = None;
    for first in rules(editions, goal.track) {
        let (kind, derived) = (first.id, first.derived);
        if derived.is_some() && !goal.dependent {
            continue;
        }
        let of_kind = linked.iter().find(|one| one.has(kind));
        if of_kind.is_some_and(|one| !one.is_single()) {
            continue;
        }
        let (options, gain) = match of_kind {
            Some(component) => (component.options(editions, missing, held)?, component.gain()),
            None => options_of(editions, goal, (kind, from, until), missing, held)?,
        };
        match derived {
            Some(Derived::WonDeal) => won = Some((found.len(), options.clone(), gain)),
            Some(Derived::NewCustomer) => {
                // A new customer comes with a won deal: together they are one activity.
                let group = match won.take() {
                    Some((index, deals, of_deal)) => {
                        found.remove(index);
                        together(&deals, &options, missing + gain + of_deal - 1)
                    }
                    None => options,
                };
                found.push(Group { options: undominated(group) });
                continue;
            }
            _ => {}
        }
        found.push(Group { options: undominated(options) });
    }
    for component in linked.iter().filter(|one| !one.is_single()) {
        found.push(Group { options: component.options(editions, missing, held)? });
    }
    found.retain(|group| !group.options.is_empty());
    Ok(found)
}

/// What a kind can add that is counted by one rule in each of its windows, and the most that one activity adds.
fn options_of(
    editions: &Editions,
    goal: &Goal,
    (kind, from, until): (KindId, NaiveDate, NaiveDate),
    missing: i64,
    held: &Held,
) -> Result<(Vec<PathOption>, i64), Refusal> {
    let of_month = |day: NaiveDate| {
        let month = month_start(day);
        let rule = editions.at(day).rule(kind).filter(|rule| rule.track == Some(goal.track))?;
        // A kind can begin later in the month.
        let day = rule.from.map_or(day, |from| from.max(day));
        let is_of_month = month_start(day) == month && day <= until;
        (is_of_month && rule.covers(day)).then_some((day, rule))
    };
    let months: Vec<(NaiveDate, &Rule)> = months(from, until).into_iter().filter_map(of_month).collect();
    let gain = months.iter().map(|(_, rule)| most_of_one(rule)).max().unwrap_or(0);
    // In a path, less than `gain` of these credits are above what is missing.
    let limit = missing + gain - 1;
    let sums = limit / months.iter().map(|(_, rule)| rule.credits.max(1)).min().unwrap_or(limit.max(1));
    if sums.saturating_mul(sums) > SUMS_MAX {
        return Err(too_far(missing));
    }
    let fewest = fewest(editions, &months, limit, held);
    Ok((Names { kind, months: &months }.steps(&fewest), gain))
}

/// Quantities that add something to a window with these units and awards, each with what all of them add; up to and
/// including the first that adds `limit`.
fn steps_of(rule: &Rule, (units, awarded): (i64, i64), limit: i64) -> Vec<(i64, i64)> {
    let of_one = units_of_one(rule);
    let mut found = Vec::new();
    if of_one <= 0 || rule.credits <= 0 {
        return found;
    }
    let base = rule.earned(units).max(awarded);
    let mut blocks = base / rule.credits + 1;
    loop {
        let missing = blocks.saturating_mul(rule.per) - units;
        let quantity = missing / of_one + i64::from(missing % of_one > 0);
        let added = rule.earned(units.saturating_add(quantity.saturating_mul(of_one))) - base;
        if added <= found.last().map_or(0, |(_, added)| *added) {
            return found;
        }
        found.push((quantity, added));
        if added >= limit {
            return found;
        }
        blocks = (base + added) / rule.credits + 1;
    }
}

/// For each sum up to a limit, the fewest activities of a kind.
fn fewest(editions: &Editions, months: &[(NaiveDate, &Rule)], limit: i64, held: &Held) -> Fewest {
    let launch = editions.launch();
    let mut found = Fewest::from([(0, ((0, 0), Vec::new()))]);
    let mut windows: BTreeMap<(NaiveDate, KindId), Vec<(NaiveDate, &Rule)>> = BTreeMap::new();
    let mut single: Vec<(NaiveDate, &Rule)> = Vec::new();
    for (day, rule) in months {
        let of_window = if rule.window == Window::Each {
            &mut single
        } else {
            let (kind, start) = tally_key(editions, rule, rule.calendar_start(*day).max(launch));
            windows.entry((start, kind)).or_default()
        };
        // Under one edition, the earliest month does.
        if of_window.last().is_none_or(|(_, known)| !std::ptr::eq(*known, *rule)) {
            of_window.push((*day, rule));
        }
    }
    for ((start, kind), months) in windows {
        let holds = held.get(&(kind, start)).map_or((0, 0), |tally| (tally.units, tally.awarded));
        found = combined(&found, &of_window(&months, holds, limit), limit);
    }
    if !single.is_empty() {
        found = combined(&found, &of_single(&single, limit), limit);
    }
    found
}

/// What one window can add: its months under different editions one after the other, in each of which units count by
/// the rule of that month.
fn of_window(months: &[(NaiveDate, &Rule)], holds: (i64, i64), limit: i64) -> Fewest {
    // Units and awards so far; number of activities, and their months.
    let mut states: BTreeMap<(i64, i64), (Cost, Vec<Part>)> = BTreeMap::from([(holds, ((0, 0), Vec::new()))]);
    for (day, rule) in months {
        for ((units, awarded), (cost, parts)) in states.clone() {
            let rest = limit - (awarded - holds.1);
            for (quantity, added) in steps_of(rule, (units, awarded), rest) {
                if added > rest {
                    break;
                }
                let state = (units + quantity * units_of_one(rule), awarded + added);
                let cost = (cost.0 + quantity, cost.1 + 1);
                let mut parts = parts.clone();
                parts.push((*day, quantity, added));
                insert(&mut states, state, cost, parts);
            }
        }
    }
    let mut found = Fewest::new();
    for ((_, awarded), (cost, parts)) in states {
        insert(&mut found, awarded - holds.1, cost, parts);
    }
    found
}

/// What activities can add of which each is a window of its own.
fn of_single(months: &[(NaiveDate, &Rule)], limit: i64) -> Fewest {
    let mut single: Vec<Part> = Vec::new();
    for (day, rule) in months {
        let of_rule = steps_of(rule, (0, 0), limit);
        let first = of_rule.first().copied();
        for (quantity, added) in of_rule {
            // As many small ones do the same.
            let is_multiple = first.is_some_and(|(of_one, credits)| {
                quantity > of_one
                    && added % credits == 0
                    && (added / credits).saturating_mul(of_one) <= quantity
            });
            if quantity <= rule.max_quantity && added <= limit && !is_multiple {
                single.push((*day, quantity, added));
            }
        }
    }
    let mut found = Fewest::from([(0, ((0, 0), Vec::new()))]);
    // In ascending order of sums, each is final when it is met.
    let mut sum = 0;
    loop {
        let (cost, parts) = found[&sum].clone();
        for (day, quantity, added) in single.iter().filter(|(_, _, added)| sum + added <= limit) {
            let mut parts = parts.clone();
            match parts.iter_mut().find(|(known, ..)| known == day) {
                Some(part) => (part.1, part.2) = (part.1 + quantity, part.2 + added),
                None => parts.push((*day, *quantity, *added)),
            }
            let steps = i64::try_from(parts.len()).unwrap_or(i64::MAX);
            insert(&mut found, sum + added, (cost.0 + quantity, steps), parts);
        }
        match found.range(sum + 1..).next() {
            Some((next, _)) => sum = *next,
            None => return found,
        }
    }
}

/// Sums of both.
fn combined(one: &Fewest, other: &Fewest, limit: i64) -> Fewest {
    let mut found = Fewest::new();
    for (credits, (cost, parts)) in one {
        for (more, (more_cost, more_parts)) in other.range(..=limit - credits) {
            let parts = parts.iter().chain(more_parts).copied().collect();
            insert(&mut found, credits + more, (cost.0 + more_cost.0, cost.1 + more_cost.1), parts);
        }
    }
    found
}

/// Keeps the cheaper one of two; of equals, the one with the earlier months.
fn insert<K: Ord>(found: &mut BTreeMap<K, (Cost, Vec<Part>)>, key: K, cost: Cost, parts: Vec<Part>) {
    let new = (cost, parts);
    match found.entry(key) {
        std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(new)),
        std::collections::btree_map::Entry::Occupied(mut entry) => {
            if new < *entry.get() {
                entry.insert(new);
            }
        }
    }
}

/// The kind whose activities are counted, with its names by month.
struct Names<'r> {
    kind: KindId,
    months: &'r [(NaiveDate, &'r Rule)],
}

impl Names<'_> {
    fn steps(&self, fewest: &Fewest) -> Vec<PathOption> {
        let option = |(credits, (cost, parts)): (&i64, &(Cost, Vec<Part>))| PathOption {
            credits: *credits,
            loss: 0,
            activities: cost.0,
            quantities: vec![(self.kind, cost.0)],
            steps: parts.iter().filter_map(|part| self.step(part)).collect(),
        };
        fewest.iter().filter(|(credits, _)| **credits > 0).map(option).collect()
    }

    fn step(&self, (day, quantity, credits): &Part) -> Option<PathStep> {
        let (_, rule) = self.months.iter().find(|(month, _)| month == day)?;
        Some(PathStep {
            kind: rule.kind.clone(),
            title: rule.title.clone(),
            month: month_start(*day),
            quantity: *quantity,
            credits: *credits,
        })
    }
}

/// Won deals, of which some bring a new customer each.
fn together(deals: &[PathOption], customers: &[PathOption], limit: i64) -> Vec<PathOption> {
    let mut found: Vec<PathOption> = deals.iter().chain(customers).cloned().collect();
    for deal in deals {
        for customer in customers.iter().filter(|customer| customer.credits + deal.credits <= limit) {
            found.push(PathOption {
                credits: deal.credits + customer.credits,
                loss: 0,
                activities: deal.activities.max(customer.activities),
                quantities: deal.quantities.iter().chain(&customer.quantities).copied().collect(),
                steps: deal.steps.iter().chain(&customer.steps).cloned().collect(),
            });
        }
    }
    found
}

/// Those that no other one with as many credits undercuts, in ascending order, with what their last activity adds.
fn undominated(mut options: Vec<PathOption>) -> Vec<PathOption> {
    // Of one cost, the one with the most credits is looked at first.
    options.sort_by_key(|option| (std::cmp::Reverse(option.credits), option.cost()));
    let mut kept: Vec<PathOption> = Vec::new();
    for option in options {
        if kept.last().is_none_or(|last| option.activities < last.activities) {
            kept.push(option);
        }
    }
    kept.reverse();
    let mut below = 0;
    for option in &mut kept {
        option.loss = option.credits - below;
        below = option.credits;
    }
    kept
}
