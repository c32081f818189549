//! Paths to a level (F3): sets of activities from a day on with which a partner would hold a level, the cheapest first.
//!
//! The cost of a path is the number of its activities, which is the sum of the quantities; among paths of one cost,
//! those with fewer steps come first. In a path nothing is superfluous: without any one of its activities, the level
//! would not hold. Paths differ in how many activities of a kind they have; the months are the earliest ones in which
//! these earn as much as they can.
//!
//! The search is exact. A level holds by the credits of one calendar year (V3). For each kind, [`options`] finds the
//! fewest activities for every sum that its blocks, caps and windows allow; for kinds that cannot be judged by
//! themselves, [`linked`] does so together. What is left is a knapsack with one group for each kind, or for kinds that
//! belong together. Its tables give the exact cost of completing a partial choice, so that a best-first search meets the
//! paths in order and looks at nothing else. That no activity is superfluous is a property of the choice in each group:
//! with `excess` credits above the threshold, each choice must lose more than that without its last activity.

mod linked;
mod option;
mod options;
mod sources;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::calendar::{year_end, year_start};
use super::edition::Editions;
use super::level::Level;
use super::level_validity::partner_level_held;
use super::refusal::{Code, Refusal};
use super::rule::{KindId, Track};
use super::standing::{TrackSums, track_standing};
pub use option::Held;
pub use options::held_windows;
use options::{Group, groups};

/// Most combinations of a sum and an option that one table may have: more would take longer than a request may.
const WORK_MAX: i64 = 20_000_000;

/// What paths lead to.
#[derive(Clone, Debug)]
pub struct Goal {
    /// The track.
    pub track: Track,
    /// The level.
    pub level: Arc<Level>,
    /// The first day of activities.
    pub today: NaiveDate,
    /// The last day of activities, on which the level holds.
    pub by: NaiveDate,
    /// Most paths.
    pub first: usize,
    /// Whether kinds that follow from others are included.
    pub dependent: bool,
}

/// Activities with which the level holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The level.
    pub level: Arc<Level>,
    /// The day on which it holds.
    pub by: NaiveDate,
    /// The sum of the quantities.
    pub activities: i64,
    /// What is to be done, ordered by month.
    pub steps: Vec<PathStep>,
}

/// Activities of one kind in one month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStep {
    /// Code of the kind.
    pub kind: String,
    /// Its name.
    pub title: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// Number of activities.
    pub quantity: i64,
    /// Level credits that they add.
    pub credits: i64,
}

/// Paths to a level, the cheapest first. `sums` are those of the last day of the goal, without the activities of the
/// path; `held` is what the windows have already.
///
/// # Errors
/// When the level is too far for a search within the time of a request.
pub fn paths(editions: &Editions, goal: &Goal, sums: &TrackSums, held: &Held) -> Result<Vec<Path>, Refusal> {
    let levels = &editions.at(goal.by).partner_levels;
    let level = levels.by_code(&goal.level.code).unwrap_or(&goal.level);
    let path = |activities, steps| Path { level: Arc::clone(level), by: goal.by, activities, steps };
    if track_standing(editions, goal.track, sums, goal.by).level.rank >= level.rank {
        return Ok(vec![path(0, Vec::new())]);
    }
    let year = goal.by.year();
    // The credits of an earlier year do as well, if the level that they earn holds until then by the terms of that year.
    let earlier = (goal.today.year()..year).filter_map(|year| {
        let holds = |one: &&Arc<Level>| {
            let earned = (year, one.rank, goal.today.max(year_start(year)));
            partner_level_held(editions, earned, goal.by).is_some_and(|(rank, _)| rank >= level.rank)
        };
        let threshold = editions.at(year_end(year)).partner_levels.iter().find(holds)?.threshold;
        let credits = if year + 1 == goal.by.year() {
            sums.last_year
        } else {
            sums.earlier.iter().find(|one| one.year == year).map_or(0, |one| one.credits)
        };
        Some((year, threshold - credits))
    });
    let years: Vec<(i32, i64)> = earlier.chain([(year, level.threshold - sums.this_year)]).collect();
    let mut found: Vec<(Choice, Vec<PathStep>)> = Vec::new();
    for (year, missing) in years {
        let from = goal.today.max(year_start(year));
        let until = goal.by.min(year_end(year));
        if from > until {
            continue;
        }
        let groups = groups(editions, goal, (from, until), missing, held)?;
        for choice in Search::new(&groups, missing)?.take(goal.first) {
            // The same activities in the next year are the same path.
            if found.iter().all(|(known, _)| known.quantities != choice.quantities) {
                let steps = steps(&groups, &choice);
                found.push((choice, steps));
            }
        }
    }
    found.sort_by_key(|(choice, _)| choice.cost);
    found.truncate(goal.first);
    Ok(found.into_iter().map(|(choice, steps)| path(choice.cost.0, steps)).collect())
}

fn steps(groups: &[Group], choice: &Choice) -> Vec<PathStep> {
    let chosen = groups.iter().zip(&choice.options);
    let mut steps: Vec<PathStep> = chosen
        .filter_map(|(group, option)| Some(&group.options[option.checked_sub(1)?]))
        .flat_map(|option| option.steps.clone())
        .collect();
    steps.sort_by_key(|step| step.month);
    steps
}

/// Activities, then steps.
type Cost = (i64, i64);

const UNREACHABLE: Cost = (i64::MAX, i64::MAX);

fn plus(one: Cost, other: Cost) -> Cost {
    if one == UNREACHABLE || other == UNREACHABLE { UNREACHABLE } else { (one.0 + other.0, one.1 + other.1) }
}

/// One option of each group, by its place from 1; 0 for none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Choice {
    cost: Cost,
    options: Vec<usize>,
    /// Quantities by kind.
    quantities: Vec<(KindId, i64)>,
}

/// Tables for the options that lose at least `least` without their last activity: the cost of reaching a sum exactly
/// with the groups from a place on.
struct Table {
    least: i64,
    /// Sums are multiples of it.
    unit: i64,
    /// By group, then by sum.
    costs: Vec<Vec<Cost>>,
}

impl Table {
    fn cost(&self, group: usize, sum: i64) -> Cost {
        if sum < 0 || sum % self.unit != 0 {
            return UNREACHABLE;
        }
        let place = usize::try_from(sum / self.unit).unwrap_or(usize::MAX);
        self.costs[group].get(place).copied().unwrap_or(UNREACHABLE)
    }

    fn new(groups: &[Group], least: i64, missing: i64) -> Result<Self, Refusal> {
        let most = missing + least - 1;
        let admitted = |group: &Group| -> Vec<(i64, Cost)> {
            let options = group.options.iter().filter(|option| option.loss >= least);
            options.map(|option| (option.credits, option.cost())).collect()
        };
        let by_group: Vec<Vec<(i64, Cost)>> = groups.iter().map(admitted).collect();
        let all = by_group.iter().flatten().map(|(credits, _)| *credits);
        let unit = all.fold(0, gcd).max(1);
        let sums = most / unit + 1;
        let options = i64::try_from(by_group.iter().map(Vec::len).sum::<usize>()).unwrap_or(i64::MAX);
        if sums.saturating_mul(options.max(1)) > WORK_MAX {
            return Err(too_far(missing));
        }
        let sums = usize::try_from(sums).unwrap_or(0);
        let mut costs = vec![vec![UNREACHABLE; sums]; groups.len() + 1];
        costs[groups.len()][0] = (0, 0);
        for (index, options) in by_group.iter().enumerate().rev() {
            let after = costs[index + 1].clone();
            let row = &mut costs[index];
            row.clone_from(&after);
            for (credits, cost) in options {
                let shift = usize::try_from(credits / unit).unwrap_or(usize::MAX).min(sums);
                for sum in shift..sums {
                    row[sum] = row[sum].min(plus(after[sum - shift], *cost));
                }
            }
        }
        Ok(Self { least, unit, costs })
    }
}

/// Refuses a search that would take longer than a request may.
fn too_far(missing: i64) -> Refusal {
    let are = if missing == 1 { "credit is" } else { "credits are" };
    let message = format!("{missing} {are} missing: too far for a search of paths. Ask for a lower level.");
    Refusal::new(Code::TooMany, "level", message)
}

fn gcd(one: i64, other: i64) -> i64 {
    if other == 0 { one } else { gcd(other, one % other) }
}

/// A partial choice, with the cost of its cheapest completion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    cost: Cost,
    options: Vec<usize>,
    spent: Cost,
    rest: i64,
    table: usize,
}

/// Best-first search: choices in the order of their costs.
struct Search<'g> {
    groups: &'g [Group],
    tables: Vec<Table>,
    queue: BinaryHeap<Reverse<Node>>,
}

impl<'g> Search<'g> {
    fn new(groups: &'g [Group], missing: i64) -> Result<Self, Refusal> {
        let losses: BTreeSet<i64> =
            groups.iter().flat_map(|group| group.options.iter().map(|option| option.loss)).collect();
        let mut search = Self { groups, tables: Vec::new(), queue: BinaryHeap::new() };
        let mut least = 1;
        for loss in losses {
            // With an excess of `least - 1` to `loss - 1`, each option must lose `loss` at least.
            let table = Table::new(groups, loss, missing)?;
            for excess in least - 1..loss {
                let rest = missing + excess;
                let cost = table.cost(0, rest);
                if cost != UNREACHABLE {
                    let node =
                        Node { cost, options: Vec::new(), spent: (0, 0), rest, table: search.tables.len() };
                    search.queue.push(Reverse(node));
                }
            }
            search.tables.push(table);
            least = loss + 1;
        }
        Ok(search)
    }

    fn push(&mut self, node: &Node, option: usize, credits: i64, cost: Cost) {
        let rest = node.rest - credits;
        let spent = plus(node.spent, cost);
        let total = plus(spent, self.tables[node.table].cost(node.options.len() + 1, rest));
        if total != UNREACHABLE {
            let mut options = node.options.clone();
            options.push(option);
            self.queue.push(Reverse(Node { cost: total, options, spent, rest, table: node.table }));
        }
    }
}

impl Iterator for Search<'_> {
    type Item = Choice;

    fn next(&mut self) -> Option<Choice> {
        let groups = self.groups;
        while let Some(Reverse(node)) = self.queue.pop() {
            let Some(group) = groups.get(node.options.len()) else {
                let chosen = groups.iter().zip(&node.options);
                let quantities = chosen
                    .filter_map(|(group, option)| Some(&group.options[option.checked_sub(1)?]))
                    .flat_map(|option| option.quantities.iter().copied())
                    .collect();
                return Some(Choice { cost: node.cost, options: node.options, quantities });
            };
            self.push(&node, 0, 0, (0, 0));
            let least = self.tables[node.table].least;
            for (index, option) in group.options.iter().enumerate() {
                if option.loss >= least && option.credits <= node.rest {
                    self.push(&node, index + 1, option.credits, option.cost());
                }
            }
        }
        None
    }
}
