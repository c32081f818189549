//! Merges of partners: what either earned and spent is the remaining one's, as if it had been so from the start (E4).
//!
//! What earned credits is known by the entries of the ledgers, and by the tallies, which also have the units that came to
//! nothing. A window in which only the merged partner has units moves as it is. A window of both is folded again, in the
//! order of the log: with what was recorded of them and what professionals contributed, or, where deals or targets did,
//! with what the entries say of their units.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Datelike, NaiveDate};

use super::contributions::{Change, Contribution};
use super::recalculation::PastFact;
use super::state::Tallies;
use super::{
    Awards, Cause, Count, CreditsAward, Era, Fold, LimitExceeded, ObjectIndex, PartnerIndex, Reason, SUM_MAX,
    SalesStep, Tally, TallyKey, YearSales, earn, kind_of_tally, tally_key,
};
use crate::program::edition::Editions;
use crate::program::rule::{Derived, KindId, Rest, Track};

/// An entry of a partner's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastCredit {
    /// Whose.
    pub partner: PartnerIndex,
    /// Place in the log of the step that caused it.
    pub seq: i64,
    /// What caused it.
    pub object: ObjectIndex,
    /// When it counts.
    pub effective_on: NaiveDate,
    /// The track that it counts for; none for redemptions and holds.
    pub track: Option<Track>,
    /// Credits that count for the level.
    pub level_credits: i64,
    /// Credits that count for the balance.
    pub spendable_credits: i64,
    /// The counted units; none for redemptions and holds.
    pub count: Option<Count>,
}

/// A merge of two partners.
#[derive(Clone, Copy, Debug)]
pub struct PartnerMerge<'h> {
    /// The one whose facts become the other's.
    pub from: PartnerIndex,
    /// The one that remains.
    pub into: PartnerIndex,
    /// The ledgers of both, in the order of the log.
    pub entries: &'h [PastCredit],
    /// What was recorded of both themselves and counted, with its places in the log, in order.
    pub facts: &'h [(i64, PastFact)],
    /// What professionals were awarded that one of them was ever credited with, and their affiliations, in the order of the
    /// log.
    pub contributions: &'h [Contribution],
    /// What led to the sales of both together, for each year in which both have sales or a target, in the order of the
    /// log.
    pub sales: &'h [(i32, Vec<SalesStep>)],
    /// The cause of what no single fact of either earned.
    pub merge: ObjectIndex,
}

/// Credits of one cause and day.
#[derive(Clone, Copy)]
struct Net {
    object: ObjectIndex,
    effective_on: NaiveDate,
    track: Option<Track>,
    level: i64,
    spendable: i64,
    count: Option<Count>,
}

/// Nets by cause and day, in the order in which they came.
#[derive(Default)]
struct Nets {
    nets: Vec<Net>,
    places: HashMap<(ObjectIndex, NaiveDate), usize>,
}

impl Nets {
    fn add(&mut self, net: Net) {
        let key = (net.object, net.effective_on);
        let place = *self.places.entry(key).or_insert_with(|| {
            self.nets.push(Net { level: 0, spendable: 0, ..net });
            self.nets.len() - 1
        });
        let one = &mut self.nets[place];
        one.level += net.level;
        one.spendable += net.spendable;
    }

    fn of<'e>(entries: impl Iterator<Item = &'e PastCredit>) -> Self {
        let mut nets = Self::default();
        for one in entries {
            nets.add(Net {
                object: one.object,
                effective_on: one.effective_on,
                track: one.track,
                level: one.level_credits,
                spendable: one.spendable_credits,
                count: one.count,
            });
        }
        nets
    }

    /// What is left, without what came to nothing.
    fn standing(self) -> impl Iterator<Item = Net> {
        self.nets.into_iter().filter(|net| (net.level, net.spendable) != (0, 0))
    }
}

/// The entries of a window.
type EntriesOfWindow<'h> = (TallyKey, Vec<&'h PastCredit>);
/// The changes of units in each window.
type ChangesByWindow = HashMap<TallyKey, Vec<Change>>;

impl Fold<'_> {
    /// Merges a partner into another one.
    ///
    /// # Errors
    /// When sums would leave the range of the API; the fold is then of no further use.
    pub fn merge_partners(
        &mut self,
        merge: &PartnerMerge<'_>,
        out: &mut Awards,
    ) -> Result<(), LimitExceeded> {
        let PartnerMerge { from, into, entries, .. } = *merge;
        let mut windows: BTreeMap<Option<TallyKey>, Vec<&PastCredit>> = BTreeMap::new();
        for one in entries {
            let key = one.count.map(|count| {
                let rule = self.edition(count.edition).rule(count.kind);
                let key = rule.map(|rule| tally_key(self.editions, rule, count.window_start));
                key.unwrap_or((count.kind, count.window_start))
            });
            windows.entry(key).or_default().push(one);
        }
        let tallied: Vec<(TallyKey, Tally)> = self.partner_tallies(from).collect();
        for (key, _) in &tallied {
            windows.entry(Some(*key)).or_default();
        }
        let of_sales = self.sales_windows(merge);
        let chained = self.shared_chains(from, into);
        let mut carried: BTreeMap<KindId, Vec<(TallyKey, Vec<&PastCredit>)>> = BTreeMap::new();
        let together = self.counted_together(merge.facts, merge.contributions);
        for (key, entries) in windows {
            let own: Vec<Net> =
                Nets::of(entries.iter().copied().filter(|one| one.partner == from)).standing().collect();
            for one in &own {
                self.give(from, &taken_back(one), out);
            }
            if key.is_some_and(|key| of_sales.contains(&key)) {
                continue;
            }
            let left = key.and_then(|key| self.partner_tally(from, key));
            let kept = key.and_then(|key| self.partner_tally(into, key));
            if let Some(key) = key.filter(|key| {
                chained.contains(&kind_of_tally(self.editions, *key)) && left.or(kept).is_some()
            }) {
                // What the windows of both come to is settled below, with what they carry on.
                carried.entry(kind_of_tally(self.editions, key)).or_default().push((key, entries));
                continue;
            }
            match (key, left, kept) {
                (Some(key), Some(left), Some(kept)) => {
                    let changes = complete(together.get(&key), [left, kept]).unwrap_or_else(|| {
                        counted(self.editions, merge, &entries, [(into, kept, 0), (from, left, 0)])
                    });
                    self.fold_window(merge, key, (&entries, changes), (left, kept), out);
                }
                (key, left, _) => {
                    for one in &own {
                        self.give(into, one, out);
                    }
                    if let Some((key, tally)) = key.zip(left) {
                        self.set_tally(into, key, tally, out);
                    }
                }
            }
        }
        for (kind, windows) in carried {
            self.merge_chain(merge, kind, (&windows, &together), out);
        }
        self.partner(from).tallies = Tallies::default();
        self.merge_sales(merge, out)?;
        self.move_affiliations(from, into);
        let sum = self.partners[into.0 as usize].credits;
        if sum > SUM_MAX { Err(LimitExceeded::Awards) } else { Ok(()) }
    }

    /// The years in which both partners have sales or a target, in order.
    #[must_use]
    pub fn shared_sales_years(&self, from: PartnerIndex, into: PartnerIndex) -> Vec<i32> {
        let years = |who| {
            let some = self.sales(who).filter(|(_, sales)| sales.target.is_some() || !sales.sold.is_empty());
            some.map(|(year, _)| year).collect::<BTreeSet<i32>>()
        };
        years(from).intersection(&years(into)).copied().collect()
    }

    /// The kinds that carry their rest on of which both partners have windows.
    fn shared_chains(&self, from: PartnerIndex, into: PartnerIndex) -> BTreeSet<KindId> {
        let kinds = |who| {
            self.partner_tallies(who)
                .map(|(key, _)| kind_of_tally(self.editions, key))
                .collect::<BTreeSet<KindId>>()
        };
        kinds(from).intersection(&kinds(into)).copied().filter(|kind| self.carries(*kind)).collect()
    }

    /// Folds the windows of a kind of both partners again that carries its rest on, with the changes of their units in the
    /// order of the log.
    fn merge_chain(
        &mut self,
        merge: &PartnerMerge<'_>,
        kind: KindId,
        (windows, together): (&[EntriesOfWindow<'_>], &ChangesByWindow),
        out: &mut Awards,
    ) {
        let PartnerMerge { from, into, .. } = *merge;
        let sides = [into, from].map(|who| (who, self.carried_into(who, kind)));
        let mut changes: Vec<(TallyKey, Change)> = Vec::new();
        for (key, entries) in windows {
            let of = |(who, carried): &(PartnerIndex, Vec<(TallyKey, i64)>)| {
                let carried = carried.iter().find(|(of, _)| of == key).map_or(0, |(_, units)| *units);
                Some((*who, self.partner_tally(*who, *key)?, carried))
            };
            let tallies: Vec<(PartnerIndex, Tally, i64)> = sides.iter().filter_map(of).collect();
            let of_window = complete(together.get(key), tallies.iter().map(|(_, tally, _)| *tally));
            let of_window = of_window.unwrap_or_else(|| counted(self.editions, merge, entries, tallies));
            changes.extend(of_window.into_iter().map(|change| (*key, change)));
        }
        changes.sort_by_key(|(key, one)| (one.seq, key.1));
        let mut tallies = Tallies::default();
        for (key, one) in changes {
            let Some(rule) = self.edition(one.edition).rule(kind) else { continue };
            let Some(era) = Era::of(self.editions, key.1) else { continue };
            if rule.rest == Rest::Carry {
                self.count_carried(&mut tallies, (rule, one.edition), (era, key.1), one.units, one.on);
            } else {
                earn(self.editions, rule, &mut tallies, key.1, one.units, one.on);
            }
        }
        let mut date = self.editions.launch();
        for (key, _) in windows {
            let latest = [from, into].into_iter().filter_map(|who| self.partner_tally(who, *key));
            let Some(latest) = latest.map(|tally| tally.latest_on).max() else { continue };
            let tally = tallies.entry(*key, Tally::new(latest));
            tally.latest_on = tally.latest_on.max(latest);
            date = latest;
        }
        let cause = Cause { object: merge.merge, date, reason: Reason::Recalculation };
        self.settle_chains(into, kind, &tallies, cause, out);
    }

    /// Folds a window of both partners again, with the changes of its units.
    fn fold_window(
        &mut self,
        merge: &PartnerMerge<'_>,
        key: TallyKey,
        (entries, mut changes): (&[&PastCredit], Vec<Change>),
        (left, kept): (Tally, Tally),
        out: &mut Awards,
    ) {
        changes.sort_by_key(|one| one.seq);
        let (mut tallies, mut after) = (Tallies::default(), Nets::default());
        for one in changes {
            let kind = kind_of_tally(self.editions, key);
            let Some(rule) = self.edition(one.edition).rule(kind) else { continue };
            let (earned, _) = earn(self.editions, rule, &mut tallies, key.1, one.units, one.on);
            let is_legacy = Era::of(self.editions, one.on).is_some_and(Era::is_legacy);
            after.add(Net {
                object: one.object,
                effective_on: earned.effective_on,
                track: rule.track,
                level: earned.award,
                spendable: if is_legacy { 0 } else { earned.award },
                count: Some(earned.count(rule, one.edition, key.1)),
            });
        }
        let before = Nets::of(entries.iter().copied().filter(|one| one.partner == merge.into));
        for one in differences(&before, &after) {
            self.give(merge.into, &one, out);
        }
        if let Some(tally) = tallies.get(key) {
            let latest_on = left.latest_on.max(kept.latest_on);
            self.set_tally(merge.into, key, Tally { latest_on, ..tally }, out);
        }
    }

    fn set_tally(&mut self, who: PartnerIndex, key: TallyKey, tally: Tally, out: &mut Awards) {
        self.partner(who).tallies.insert(key, tally);
        out.partner_tallies.push((who, key));
    }

    fn give(&mut self, who: PartnerIndex, net: &Net, out: &mut Awards) {
        self.partner(who).credits += net.level;
        out.credits.push(CreditsAward {
            partner: who,
            object: net.object,
            track: net.track,
            effective_on: net.effective_on,
            level_credits: net.level,
            spendable_credits: net.spendable,
            reason: Reason::Recalculation,
            count: net.count,
        });
    }

    /// The windows of sales targets in the years in which both partners have sales or a target.
    fn sales_windows(&self, merge: &PartnerMerge<'_>) -> BTreeSet<TallyKey> {
        let kinds: Vec<KindId> = self
            .editions
            .iter()
            .filter_map(|edition| edition.derived_rule(Derived::SalesTarget))
            .map(|rule| rule.id)
            .collect();
        let years: Vec<i32> = merge.sales.iter().map(|(year, _)| *year).collect();
        let keys = [merge.from, merge.into].into_iter().flat_map(|who| self.partner_tallies(who));
        let keys = keys.map(|(key, _)| key);
        keys.filter(|key| {
            kinds.contains(&kind_of_tally(self.editions, *key)) && years.contains(&key.1.year())
        })
        .collect()
    }

    /// Adds up the sales of both, and awards a target that they reach together.
    fn merge_sales(&mut self, merge: &PartnerMerge<'_>, out: &mut Awards) -> Result<(), LimitExceeded> {
        let PartnerMerge { from, into, .. } = *merge;
        let left = std::mem::take(&mut self.partner(from).sales);
        for (year, sales) in left {
            let Some((_, steps)) = merge.sales.iter().find(|(of, _)| *of == year) else {
                if sales.target.is_some() || !sales.sold.is_empty() {
                    self.load_sales(into, year, sales);
                }
                continue;
            };
            let mine = self.sales(into).find(|(of, _)| *of == year).map(|(_, sales)| sales.clone());
            let mine = mine.unwrap_or_default();
            let mut both = YearSales::of_history(steps.iter().copied())?;
            let reached = [sales.reached_on, mine.reached_on];
            let counts = |on: &NaiveDate| reached.contains(&Some(*on)) || !self.has_left(into, *on);
            both.reached_on = both.reached_on.filter(counts);
            let cause = |date| Cause { object: merge.merge, date, reason: Reason::Recalculation };
            if mine.reached_on != both.reached_on {
                if let Some(on) = mine.reached_on {
                    self.count_derived(into, &[Derived::SalesTarget], -1, cause(on), out);
                }
                if let Some(on) = both.reached_on {
                    self.count_derived(into, &[Derived::SalesTarget], 1, cause(on), out);
                }
            }
            // A target of both, which is the same, stays in the history of the one that was merged as well.
            if let Some(target) = sales.target.filter(|_| mine.target.is_some()) {
                let history = vec![SalesStep::Target(target)];
                self.load_sales(
                    from,
                    year,
                    YearSales { target: Some(target), history, ..YearSales::default() },
                );
            }
            self.load_sales(into, year, both);
        }
        Ok(())
    }

    fn move_affiliations(&mut self, from: PartnerIndex, into: PartnerIndex) {
        for state in &mut self.professionals {
            for one in state.affiliations.all_mut().filter(|one| one.partner == from) {
                one.partner = into;
            }
        }
    }
}

/// The changes of units that the entries of a window tell of. Each tally comes with what is carried into the window.
fn counted(
    editions: &Editions,
    merge: &PartnerMerge<'_>,
    entries: &[&PastCredit],
    tallies: impl IntoIterator<Item = (PartnerIndex, Tally, i64)>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for (who, tally, carried) in tallies {
        let mut before = carried;
        let mut last = None;
        for (one, count) in entries.iter().filter_map(|one| Some((one, one.count?))) {
            // A recalculation changes what units are awarded, not the units.
            let counts_nothing = (count.units_before, count.units_after) == (0, 0);
            if one.partner != who || counts_nothing {
                continue;
            }
            let (units, on) = (count.units_after - before, one.effective_on);
            changes.push(Change { seq: one.seq, units, on, object: one.object, edition: count.edition });
            (before, last) = (count.units_after, Some(one.object));
        }
        // Units that came to nothing so far, and may come to something with those of the other one.
        let left = carried + tally.units - before;
        if left != 0 {
            let (on, object) = (tally.latest_on, last.unwrap_or(merge.merge));
            changes.push(Change { seq: i64::MAX, units: left, on, object, edition: editions.index_at(on) });
        }
    }
    changes
}

/// The changes of a window, if all units of its tallies are theirs.
fn complete(changes: Option<&Vec<Change>>, tallies: impl IntoIterator<Item = Tally>) -> Option<Vec<Change>> {
    let counted: i64 = changes?.iter().map(|change| change.units).sum();
    let units: i64 = tallies.into_iter().map(|tally| tally.units).sum();
    (counted == units).then(|| changes.cloned()).flatten()
}

fn taken_back(net: &Net) -> Net {
    let count = net.count.map(|count| Count { units_after: count.units_before, ..count });
    Net { level: -net.level, spendable: -net.spendable, count, ..*net }
}

/// What makes the nets before those after.
fn differences(before: &Nets, after: &Nets) -> Vec<Net> {
    let has = |nets: &Nets, net: &Net| nets.places.get(&(net.object, net.effective_on)).copied();
    let gone = before.nets.iter().filter(|net| has(after, net).is_none()).map(taken_back);
    let now = after.nets.iter().map(|net| match has(before, net).map(|place| &before.nets[place]) {
        None => *net,
        Some(old) => Net { level: net.level - old.level, spendable: net.spendable - old.spendable, ..*net },
    });
    gone.chain(now).filter(|net| (net.level, net.spendable) != (0, 0)).collect()
}

#[cfg(test)]
mod tests;
