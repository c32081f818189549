//! Kinds that cannot be judged by themselves: those that count as others, that carry their rest on, that are divided by an
//! attribute, and those whose windows several editions judge differently.
//!
//! Here the fold itself says what an activity adds. Plans grow by one activity after the other, from day to day, and of
//! those that have the same numbers of activities and the same future, the best one is kept: the one with the most credits,
//! then with the fewest steps, then with the earliest ones. What is superfluous at the end of a day is dropped.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::option::{Held, PathOption, months};
use super::sources::{Slot, Source, is_as};
use super::{Goal, PathStep, too_far};
use crate::program::calendar::month_start;
use crate::program::edition::Editions;
use crate::program::fold::{
    Awards, ChainWindow, Fact, Fold, ObjectIndex, PartnerIndex, Step, Subject, TallyKey, kind_of_tally,
};
use crate::program::refusal::Refusal;
use crate::program::rule::{KindId, Program, Rest, Rule, Track};

/// Most activities that are tried: more would take longer than a request may.
const TRIED_MAX: usize = 100_000;

const PARTNER: PartnerIndex = PartnerIndex(0);

/// What of a fold matters from a slot on.
struct Ahead<'e> {
    /// The place of the slot; none behind the last one.
    place: Option<usize>,
    /// Windows that can still be counted in, each with the rule that judges it, if it is one.
    windows: BTreeMap<TallyKey, Option<&'e Rule>>,
    /// Their kinds that carry their rest on.
    chains: BTreeSet<KindId>,
}

/// Kinds that count in windows of each other.
#[derive(Clone, Debug)]
pub(super) struct Component<'e> {
    kinds: Vec<KindId>,
    slots: Vec<Slot<'e>>,
    track: Track,
    year: i32,
}

/// The kinds that [`options`](super::options) cannot judge, as far as they can be recorded between two days of a year.
pub(super) fn components<'e>(
    editions: &'e Editions,
    goal: &Goal,
    (from, until): (NaiveDate, NaiveDate),
) -> Vec<Component<'e>> {
    let mut all: Vec<KindId> = Vec::new();
    let of_partners = editions.in_force(from, until).iter().flat_map(|edition| &edition.rules);
    for rule in of_partners.filter(|rule| rule.program == Program::Partner) {
        if (rule.derived.is_none() || goal.dependent) && !all.contains(&rule.id) {
            all.push(rule.id);
        }
    }
    // What a window has by an edition that counts it for the other track counts by the next one.
    let rules = editions.in_force(from, until).iter().flat_map(|edition| &edition.rules);
    let of_track: BTreeSet<KindId> =
        rules.filter(|rule| rule.track == Some(goal.track)).map(|rule| rule.id).collect();
    let fold = Fold::new(editions);
    let sources = |day: NaiveDate, kinds: &[KindId]| -> Vec<Source<'e>> {
        let edition = editions.at(day);
        let source = |kind: &KindId| {
            let rule = edition.rule_on(*kind, day)?;
            let also = rule.counts_as.and_then(|kind| edition.rule_on(kind, day));
            let targets = [Some(rule), also].into_iter().flatten();
            let targets: Vec<&Rule> =
                targets.filter(|one| of_track.contains(&one.id) && one.credits > 0).collect();
            let windows = targets.iter().filter_map(|rule| fold.partner_key(rule.id, day)).collect();
            (!targets.is_empty()).then_some(Source { day, kind: *kind, rule, targets, windows })
        };
        kinds.iter().filter_map(source).collect()
    };
    // Rules can begin and end within a month.
    let mut days: BTreeSet<NaiveDate> = months(from, until).into_iter().collect();
    for rule in editions.in_force(from, until).iter().flat_map(|edition| &edition.rules) {
        let after = rule.until.and_then(|until| until.succ_opt());
        days.extend([rule.from, after].into_iter().flatten().filter(|day| (from..=until).contains(day)));
    }
    let mut found: Vec<Vec<KindId>> = Vec::new();
    let of_days: Vec<(NaiveDate, Vec<Source<'e>>)> =
        days.into_iter().map(|day| (day, sources(day, &all))).collect();
    for source in of_days.iter().flat_map(|(_, sources)| sources) {
        // Kinds that share a window belong together.
        let mut kinds: Vec<KindId> = source.targets.iter().map(|rule| rule.id).chain([source.kind]).collect();
        let touches = |one: &Vec<KindId>| one.iter().any(|kind| kinds.contains(kind));
        let (joined, apart): (Vec<_>, Vec<_>) = found.into_iter().partition(touches);
        kinds.extend(joined.into_iter().flatten());
        kinds.sort_unstable();
        kinds.dedup();
        found = apart;
        found.push(kinds);
    }
    let component = |kinds: Vec<KindId>| {
        let mut slots: Vec<Slot<'e>> = Vec::new();
        for (day, sources) in &of_days {
            let of_kinds = sources.iter().filter(|source| kinds.contains(&source.kind)).cloned();
            let slot = Slot { day: *day, sources: of_kinds.collect() };
            // The earliest days do.
            if !slot.sources.is_empty() && slots.last().is_none_or(|last| !last.is_as(&slot)) {
                slots.push(slot);
            }
        }
        Component { kinds, slots, track: goal.track, year: until.year() }
    };
    found.into_iter().map(component).filter(|one| one.is_linked(editions)).collect()
}

/// A step of a plan: the place of its slot, that of its kind, the number of activities, and what they add.
type Part = (usize, usize, i64, i64);

/// Activities so far.
#[derive(Clone, Debug)]
struct Plan<'e> {
    fold: Fold<'e>,
    credits: i64,
    /// Numbers of activities by kind.
    numbers: Vec<i64>,
    parts: Vec<Part>,
    steps: usize,
}

impl Plan<'_> {
    fn is_better(&self, other: &Self) -> bool {
        let order = |one: &Self| (-one.credits, one.steps);
        (order(self), &self.parts) < (order(other), &other.parts)
    }

    /// Whether it does as much with some of the same activities.
    fn outdoes(&self, other: &Self) -> bool {
        self.credits >= other.credits
            && self.numbers.iter().zip(&other.numbers).all(|(one, other)| one <= other)
    }
}

/// Plans by the sum of their numbers, then by these and by what lies ahead of them.
type Plans<'e> = BTreeMap<i64, BTreeMap<Vec<i64>, Plan<'e>>>;

fn keep<'e>(plans: &mut Plans<'e>, key: Vec<i64>, plan: Plan<'e>) {
    match plans.entry(plan.numbers.iter().sum()).or_default().entry(key) {
        Entry::Vacant(entry) => drop(entry.insert(plan)),
        Entry::Occupied(mut entry) => {
            if plan.is_better(entry.get()) {
                entry.insert(plan);
            }
        }
    }
}

impl<'e> Component<'e> {
    pub(super) fn has(&self, kind: KindId) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether it has one kind, which counts as nothing else.
    pub(super) fn is_single(&self) -> bool {
        self.kinds.len() == 1
    }

    /// Whether a window is judged by rules that do not count alike.
    fn is_judged_differently(&self) -> bool {
        let differs = |(place, one): (usize, &Source<'e>)| {
            let shares =
                |other: &&Source<'e>| other.windows.iter().any(|window| one.windows.contains(window));
            self.sources().skip(place + 1).filter(shares).any(|other| !is_as(one.rule, other.rule))
        };
        self.sources().enumerate().any(differs)
    }

    fn sources(&self) -> impl Iterator<Item = &Source<'e>> {
        self.slots.iter().flat_map(|slot| &slot.sources)
    }

    fn is_linked(&self, editions: &Editions) -> bool {
        let carries = |kind: &KindId| {
            let rules = editions.iter().filter_map(|edition| edition.rule(*kind));
            rules.into_iter().any(|rule| rule.rest == Rest::Carry)
        };
        !self.is_single()
            || self.kinds.iter().any(carries)
            || self.sources().any(|source| source.rule.divided_by.is_some())
            || self.is_judged_differently()
    }

    /// The most that one activity can add, by whatever rule: without it, what follows can add less as well.
    pub(super) fn gain(&self) -> i64 {
        let of_kind = |kind: &KindId| {
            let mut known: Vec<&Source<'_>> = Vec::new();
            for source in self.sources().filter(|source| source.kind == *kind) {
                if known.iter().all(|one| !one.is_as(source)) {
                    known.push(source);
                }
            }
            known.into_iter().map(Source::gain).fold(0, i64::saturating_add)
        };
        self.kinds.iter().map(of_kind).max().unwrap_or(0)
    }

    /// What its kinds can add together: for each numbers of activities, the most credits, unless some of them do.
    pub(super) fn options(
        &self,
        editions: &'e Editions,
        missing: i64,
        held: &Held,
    ) -> Result<Vec<PathOption>, Refusal> {
        let mut fold = Fold::new(editions);
        fold.add_partner(0);
        for (key, tally) in held.iter().filter(|(key, _)| self.has(kind_of_tally(editions, **key))) {
            fold.load_partner_tally(PARTNER, *key, *tally);
        }
        let numbers = vec![0; self.kinds.len()];
        let plan = Plan { fold, credits: 0, numbers, parts: Vec::new(), steps: 0 };
        let mut plans = Plans::new();
        keep(&mut plans, Vec::new(), plan);
        let mut tried = 0;
        for (place, slot) in self.slots.iter().enumerate() {
            for (index, source) in slot.sources.iter().enumerate() {
                let ahead = self.ahead(editions, place, index);
                self.grow(&mut plans, editions, (place, source), (missing, held, &ahead), &mut tried)?;
                let ahead = self.ahead(editions, place, index + 1);
                plans = self.without_superfluous(plans, &ahead, &mut tried);
            }
            if tried > TRIED_MAX {
                return Err(too_far(missing));
            }
        }
        let plans: Vec<Plan<'e>> = plans.into_values().flat_map(BTreeMap::into_values).collect();
        Ok(self.path_options(&plans))
    }

    /// Adds activities of a kind on the day of a slot to every plan.
    fn grow(
        &self,
        plans: &mut Plans<'e>,
        editions: &'e Editions,
        (place, source): (usize, &Source<'e>),
        (missing, held, ahead): (i64, &Held, &Ahead<'_>),
        tried: &mut usize,
    ) -> Result<(), Refusal> {
        let Some(kind) = self.kinds.iter().position(|kind| *kind == source.kind) else { return Ok(()) };
        let of_kind = self.sources().filter(|one| one.kind == source.kind);
        let most = of_kind.map(|source| source.most(missing, held, editions)).max().unwrap_or(0);
        let largest = if source.depends_on_quantity() { source.rule.max_quantity.min(most) } else { 1 };
        let mut awards = Awards::default();
        let mut sum = 0;
        // Plans that come about here have more activities, so each is met. What is enough already is part of a path as it
        // is, and with more it would be superfluous.
        while let Some((next, of_sum)) = plans.range(sum..).next() {
            sum = next + 1;
            let of_sum: Vec<Plan<'e>> =
                of_sum.values().filter(|plan| plan.credits < missing).cloned().collect();
            for plan in of_sum {
                let here = plan
                    .parts
                    .last()
                    .filter(|part| (part.0, part.1) == (place, kind))
                    .map_or(0, |part| part.2);
                for quantity in 1..=largest.min(most - here) {
                    *tried += 1;
                    if *tried > TRIED_MAX {
                        return Err(too_far(missing));
                    }
                    let Some(more) = self.with(&plan, (place, kind), source, quantity, &mut awards) else {
                        continue;
                    };
                    let key = self.key(&more, ahead);
                    // What neither adds anything nor counts towards it is superfluous.
                    if more.credits > plan.credits
                        || self.future(&key) != self.future(&self.key(&plan, ahead))
                    {
                        keep(plans, key, more);
                    }
                }
            }
        }
        Ok(())
    }

    /// A plan with one more activity.
    fn with(
        &self,
        plan: &Plan<'e>,
        (place, kind): (usize, usize),
        source: &Source<'e>,
        quantity: i64,
        awards: &mut Awards,
    ) -> Option<Plan<'e>> {
        let mut plan = plan.clone();
        let day = self.slots[place].day;
        let fact = Fact {
            activity: ObjectIndex(0),
            subject: Subject::Partner(PARTNER),
            kind: source.kind,
            occurred_on: day,
            quantity,
            units: source.units(quantity),
        };
        awards.clear();
        // What leaves the range of the API is no path.
        plan.fold.apply(&Step::Recorded(fact), awards).ok()?;
        let of_goal = awards.credits.iter().filter(|one| one.track == Some(self.track));
        let added: i64 =
            of_goal.filter(|one| one.effective_on.year() == self.year).map(|one| one.level_credits).sum();
        plan.credits += added;
        plan.numbers[kind] += quantity;
        match plan.parts.last_mut() {
            Some(part) if (part.0, part.1) == (place, kind) => {
                (part.2, part.3) = (part.2 + quantity, part.3 + added);
            }
            _ => {
                plan.steps += usize::from(!self.is_open(&plan, place, kind));
                plan.parts.push((place, kind, quantity, added));
            }
        }
        Some(plan)
    }

    /// Whether a plan has a step of a kind in the month of a slot.
    fn is_open(&self, plan: &Plan<'_>, place: usize, kind: usize) -> bool {
        let month = |place: usize| month_start(self.slots[place].day);
        plan.parts.iter().rev().any(|part| part.1 == kind && month(part.0) == month(place))
    }

    /// What matters from a source of a slot on.
    fn ahead(&self, editions: &Editions, place: usize, index: usize) -> Ahead<'e> {
        let rest = self.slots.get(place).and_then(|slot| slot.sources.get(index..)).unwrap_or_default();
        let place = if rest.is_empty() { place + 1 } else { place };
        let later = self.slots.iter().skip(place + usize::from(!rest.is_empty()));
        let sources = rest.iter().chain(later.flat_map(|slot| &slot.sources));
        let mut windows: BTreeMap<TallyKey, Option<&'e Rule>> = BTreeMap::new();
        let fold = Fold::new(editions);
        for source in sources {
            for rule in &source.targets {
                let Some(key) = fold.partner_key(rule.id, source.day) else { continue };
                let known = windows.entry(key).or_insert(Some(*rule));
                *known = known.filter(|known| is_as(known, rule));
            }
        }
        let kinds = windows.keys().map(|key| kind_of_tally(editions, *key));
        let chains = kinds.filter(|kind| fold.carries(*kind)).collect();
        Ahead { place: (place < self.slots.len()).then_some(place), windows, chains }
    }

    /// The part of a key that is not the numbers, nor whether there are steps.
    fn future<'k>(&self, key: &'k [i64]) -> &'k [i64] {
        key.get(2 * self.kinds.len()..).unwrap_or_default()
    }

    /// What plans are told apart by: the numbers of activities, the steps of the month, and what windows have.
    fn key(&self, plan: &Plan<'_>, ahead: &Ahead<'_>) -> Vec<i64> {
        let mut key = plan.numbers.clone();
        let Some(place) = ahead.place else { return key };
        key.extend((0..self.kinds.len()).map(|kind| i64::from(self.is_open(plan, place, kind))));
        let single =
            |window: &TallyKey| !ahead.chains.contains(&kind_of_tally(plan.fold.editions(), *window));
        for (window, rule) in ahead.windows.iter().filter(|(window, _)| single(window)) {
            let tally = plan.fold.partner_tally(PARTNER, *window);
            let (units, awarded) = tally.map_or((0, 0), |tally| (tally.units, tally.awarded));
            match rule.filter(|rule| units >= 0 && rule.earned(units) == awarded) {
                // What it has is known by the rest, or does not matter any more.
                Some(rule) if rule.cap.is_none() => key.extend([units % rule.per, i64::MIN]),
                Some(rule) if rule.cap == Some(awarded) => key.extend([0, i64::MAX]),
                _ => key.extend([units, awarded]),
            }
        }
        for kind in &ahead.chains {
            let judge = |key: TallyKey, rule: &Rule| match ahead.windows.get(&key) {
                None => ChainWindow::Past,
                Some(Some(same)) if is_as(same, rule) => ChainWindow::Same,
                Some(_) => ChainWindow::Ahead,
            };
            key.extend(plan.fold.ahead_of_chains(PARTNER, *kind, judge));
            key.push(i64::MIN);
        }
        key
    }

    /// Plans of which none does as much as another one with some of the same activities and the same future.
    fn without_superfluous(&self, plans: Plans<'e>, ahead: &Ahead<'_>, tried: &mut usize) -> Plans<'e> {
        let mut best = Plans::new();
        for plan in plans.into_values().flat_map(BTreeMap::into_values) {
            keep(&mut best, self.key(&plan, ahead), plan);
        }
        let mut by_future: BTreeMap<Vec<i64>, Vec<Plan<'e>>> = BTreeMap::new();
        let mut compared = 0;
        for (key, plan) in best.into_values().flatten() {
            let future = by_future.entry(key[self.kinds.len()..].to_vec()).or_default();
            compared += future.len();
            if !future.iter().any(|one| one.outdoes(&plan)) {
                future.push(plan);
            }
        }
        // A comparison takes a small part of the time of an activity.
        *tried += compared / 64;
        let mut plans = Plans::new();
        for plan in by_future.into_values().flatten() {
            keep(&mut plans, self.key(&plan, ahead), plan);
        }
        plans
    }

    /// Plans without anything superfluous as options.
    fn path_options(&self, plans: &[Plan<'e>]) -> Vec<PathOption> {
        let most_within = |numbers: &[i64]| {
            let within =
                plans.iter().filter(|one| one.numbers.iter().zip(numbers).all(|(one, most)| one <= most));
            within.map(|plan| plan.credits).max().unwrap_or(0)
        };
        let option = |plan: &Plan<'e>| {
            let without = |kind: usize| {
                let mut numbers = plan.numbers.clone();
                numbers[kind] -= 1;
                plan.credits - most_within(&numbers)
            };
            let used = (0..self.kinds.len()).filter(|kind| plan.numbers[*kind] > 0);
            let loss = used.clone().map(without).min().filter(|loss| *loss > 0)?;
            Some(PathOption {
                credits: plan.credits,
                loss,
                activities: plan.numbers.iter().sum(),
                quantities: used.map(|kind| (self.kinds[kind], plan.numbers[kind])).collect(),
                steps: self.steps(&plan.parts),
            })
        };
        plans.iter().filter_map(option).collect()
    }

    fn steps(&self, parts: &[Part]) -> Vec<PathStep> {
        let mut steps: Vec<PathStep> = Vec::new();
        for (place, kind, quantity, credits) in parts {
            let slot = &self.slots[*place];
            let Some(source) = slot.sources.iter().find(|one| one.kind == self.kinds[*kind]) else {
                continue;
            };
            let month = month_start(slot.day);
            let known = steps.iter_mut().find(|step| step.month == month && step.kind == source.rule.kind);
            if let Some(step) = known {
                step.quantity += quantity;
                step.credits += credits;
                continue;
            }
            let (kind, title) = (source.rule.kind.clone(), source.rule.title.clone());
            steps.push(PathStep { kind, title, month, quantity: *quantity, credits: *credits });
        }
        steps
    }
}
