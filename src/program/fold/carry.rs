//! Units that do not fill a block by the end of their window, and count in the next one (`rest = "carry"`).
//!
//! The windows of a kind form a chain: what a change leaves over in one of them changes the next. What they are awarded is
//! one account: recording gives what the windows earn together above what they have had, and takes nothing, even where the
//! rest of an earlier window, recorded late, leaves a later one short of a block; voiding leaves no more than what the
//! windows are worth together, and gives nothing. Each difference goes to the window that it belongs to, as far as there is
//! one.

use chrono::{Datelike, NaiveDate};

use super::earning::{Era, rule_of_window};
use super::state::Tallies;
use super::windows::{of_rule, tally_key};
use super::{Awards, Cause, CreditsAward, Fold, PartnerIndex, Reason, Tally, TallyKey};
use crate::program::edition::Editions;
use crate::program::rule::{KindId, Rest, Rule, Window};

/// Whether a window of a chain can still be counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::program) enum ChainWindow {
    /// It can not.
    Past,
    /// It can, by a rule that counts as the one by which it was.
    Same,
    /// It can, by other rules.
    Ahead,
}

/// A window of a chain.
struct Link<'e> {
    key: TallyKey,
    tally: Tally,
    rule: &'e Rule,
    edition: usize,
    /// Units of earlier windows that count in it.
    carried: i64,
}

impl Link<'_> {
    fn units(&self) -> i64 {
        self.carried + self.tally.units
    }

    /// Units that count in the next window.
    fn carries_on(&self) -> i64 {
        if self.rule.rest == Rest::Carry { self.units().max(0) % self.rule.per } else { 0 }
    }
}

/// What a change of units does to a window of a chain.
struct LinkChange<'e> {
    link: Link<'e>,
    /// Units in it before and after, with what is carried into it.
    counted: (i64, i64),
    award: i64,
}

impl LinkChange<'_> {
    /// The least and the most that an edition of the window earns for the units that are left.
    fn bounds(&self, editions: &Editions) -> (i64, i64) {
        let Link { key, tally, rule, .. } = &self.link;
        let span = editions.index_at(key.1)..=editions.index_at(tally.latest_on);
        let earned = rule.earned(self.counted.1);
        let rules = span.filter_map(|index| editions.get(index)?.rule(rule.id));
        let earned_by = rules.filter(|one| one.window == rule.window).map(|one| one.earned(self.counted.1));
        earned_by.fold((earned, earned), |(least, most), one| (least.min(one), most.max(one)))
    }
}

/// The windows of a rule on one side of the launch, with what each carries on. Windows of another sort are apart.
fn chain<'e>(editions: &'e Editions, tallies: &Tallies, of: &Rule, is_legacy: bool) -> Vec<Link<'e>> {
    let launch = editions.launch();
    let mut carried = 0;
    let mut links = Vec::new();
    for (key, tally) in of_rule(editions, tallies, of).filter(|(key, _)| is_legacy == (key.1 < launch)) {
        let Some((edition, rule)) = rule_of_window(editions, of.id, &tally) else { continue };
        // What an edition drops neither leaves a window nor comes into one.
        let into = if rule.rest == Rest::Carry { carried } else { 0 };
        let link = Link { key, tally, rule, edition, carried: into };
        carried = link.carries_on();
        links.push(link);
    }
    links
}

/// Changes the units of a window of a chain by a rule, and says what that awards in each window: in its own, in the later
/// ones, and in the earlier ones, if what is left belongs there.
fn count<'e>(
    editions: &'e Editions,
    tallies: &mut Tallies,
    (rule, edition): (&'e Rule, usize),
    (era, window_start): (Era, NaiveDate),
    units: i64,
    date: NaiveDate,
) -> Vec<LinkChange<'e>> {
    let first = Tally::new(date);
    let key = tally_key(editions, rule, window_start);
    tallies.entry(key, first);
    let before = chain(editions, tallies, rule, era.is_legacy());
    let tally = tallies.entry(key, first);
    tally.units += units;
    tally.latest_on = tally.latest_on.max(date);
    let after = chain(editions, tallies, rule, era.is_legacy());
    let changes = after.into_iter().map(|link| {
        let link = if link.key.1 == window_start { Link { rule, edition, ..link } } else { link };
        let old = before.iter().find(|old| old.key.1 == link.key.1);
        let counted = (old.map_or(0, Link::units), link.units());
        LinkChange { link, counted, award: 0 }
    });
    let mut changes: Vec<LinkChange<'e>> = changes.collect();
    let own = changes.iter().position(|one| one.link.key.1 == window_start).unwrap_or(0);
    changes.rotate_left(own);
    let sum = |of: &dyn Fn(&LinkChange<'_>) -> i64| changes.iter().map(of).sum::<i64>();
    let awarded = sum(&|one| one.link.tally.awarded);
    let (from, to) =
        (sum(&|one| one.link.rule.earned(one.counted.0)), sum(&|one| one.link.rule.earned(one.counted.1)));
    if units < 0 {
        let (least, most) = (sum(&|one| one.bounds(editions).0), sum(&|one| one.bounds(editions).1));
        let left = (awarded + to - from).clamp(least, most).min(awarded);
        share(&mut changes, left - awarded, |one| one.link.tally.awarded - one.bounds(editions).0);
    } else {
        let given = (to - from.max(awarded)).max(0);
        share(&mut changes, given, |one| one.link.rule.earned(one.counted.1) - one.link.tally.awarded);
    }
    for one in changes.iter().filter(|one| one.award != 0) {
        tallies.entry(one.link.key, one.link.tally).awarded += one.award;
    }
    changes
}

/// Shares an award among windows in order, each as far as there is room for it.
fn share<'e>(changes: &mut [LinkChange<'e>], award: i64, room: impl Fn(&LinkChange<'e>) -> i64) {
    let mut rest = award.abs();
    for one in changes {
        let part = room(one).clamp(0, rest);
        one.award = award.signum() * part;
        rest -= part;
    }
}

impl<'e> Fold<'e> {
    /// How many windows of a kind a change in one of them can affect besides: the later ones.
    pub(super) fn later_windows(&self, who: PartnerIndex, rule: &Rule, date: NaiveDate) -> i64 {
        if rule.rest == Rest::Drop {
            return 0;
        }
        let tallies = of_rule(self.editions, &self.partners[who.0 as usize].tallies, rule);
        i64::try_from(tallies.filter(|((_, start), _)| *start > date).count()).unwrap_or(i64::MAX)
    }

    /// Counts units of a kind that carries its rest on.
    pub(super) fn credit_carried(
        &mut self,
        who: PartnerIndex,
        rule: (&'e Rule, usize),
        window: (Era, NaiveDate),
        units: i64,
        cause: Cause,
        out: &mut Awards,
    ) {
        let tallies = &mut self.partners[who.0 as usize].tallies;
        let changes = count(self.editions, tallies, rule, window, units, cause.date);
        out.partner_tallies.push((who, tally_key(self.editions, rule.0, window.1)));
        for one in changes.iter().filter(|one| one.award != 0) {
            self.award_link(who, one, cause, out);
        }
    }

    /// Counts units in windows of a chain that are nobody's yet.
    pub(super) fn count_carried(
        &self,
        tallies: &mut Tallies,
        rule: (&'e Rule, usize),
        window: (Era, NaiveDate),
        units: i64,
        date: NaiveDate,
    ) {
        count(self.editions, tallies, rule, window, units, date);
    }

    /// What is carried into each window of a kind.
    pub(super) fn carried_into(&self, who: PartnerIndex, kind: KindId) -> Vec<(TallyKey, i64)> {
        let links = self.links(&self.partners[who.0 as usize].tallies, kind);
        links.into_iter().map(|link| (link.key, link.carried)).collect()
    }

    /// What later units of a kind that carries its rest on depend on, as numbers: the windows that `judge` says can
    /// still be counted in, what the others earn beyond what they were awarded, and what the last one carries on.
    pub(in crate::program) fn ahead_of_chains(
        &self,
        who: PartnerIndex,
        kind: KindId,
        judge: impl Fn(TallyKey, &Rule) -> ChainWindow,
    ) -> Vec<i64> {
        let mut numbers = Vec::new();
        for chain in self.chains(&self.partners[who.0 as usize].tallies, kind) {
            for (place, link) in chain.iter().enumerate() {
                let start = i64::from(link.key.1.num_days_from_ce());
                let short = link.rule.earned(link.units()) - link.tally.awarded;
                match judge(link.key, link.rule) {
                    ChainWindow::Past => {}
                    // Without a cap, only what does not fill a block matters.
                    ChainWindow::Same if short == 0 && link.rule.cap.is_none() => {
                        numbers.extend([start, link.units().max(0) % link.rule.per]);
                        continue;
                    }
                    ChainWindow::Same | ChainWindow::Ahead => {
                        numbers.extend([start, link.tally.units, link.tally.awarded, link.carried]);
                        continue;
                    }
                }
                if short != 0 {
                    numbers.extend([start, short]);
                }
                if place + 1 == chain.len() {
                    numbers.push(link.carries_on());
                }
            }
        }
        numbers
    }

    /// The windows of a kind, with what each carries on.
    fn links(&self, tallies: &Tallies, kind: KindId) -> Vec<Link<'e>> {
        self.chains(tallies, kind).into_iter().flatten().collect()
    }

    /// The chains of the windows of a kind.
    fn chains(&self, tallies: &Tallies, kind: KindId) -> Vec<Vec<Link<'e>>> {
        let mut rules: Vec<&Rule> = Vec::new();
        for rule in self.editions.iter().filter_map(|edition| edition.rule(kind)) {
            if rule.window != Window::Each && rules.iter().all(|known| known.window != rule.window) {
                rules.push(rule);
            }
        }
        let sides = rules.into_iter().flat_map(|rule| [(rule, true), (rule, false)]);
        sides.map(|(rule, is_legacy)| chain(self.editions, tallies, rule, is_legacy)).collect()
    }

    /// Gives a partner the windows of a kind in other tallies, and awards what these were awarded beyond its own, or takes
    /// what it has too much: after a merge.
    pub(super) fn settle_chains(
        &mut self,
        who: PartnerIndex,
        kind: KindId,
        folded: &Tallies,
        cause: Cause,
        out: &mut Awards,
    ) {
        for link in self.links(folded, kind) {
            let tallies = &mut self.partners[who.0 as usize].tallies;
            let awarded = tallies.get(link.key).map_or(0, |tally| tally.awarded);
            tallies.insert(link.key, link.tally);
            out.partner_tallies.push((who, link.key));
            let (counted, award) = ((link.carried, link.units()), link.tally.awarded - awarded);
            if award != 0 {
                self.award_link(who, &LinkChange { link, counted, award }, cause, out);
            }
        }
    }

    /// Posts what a window of a chain is awarded, which its tally says already.
    fn award_link(&mut self, who: PartnerIndex, change: &LinkChange<'_>, cause: Cause, out: &mut Awards) {
        let LinkChange { link: Link { key, tally, rule, edition, .. }, counted, award } = *change;
        let start = key.1;
        out.partner_tallies.push((who, key));
        let Some(track) = rule.track else { return };
        self.partners[who.0 as usize].credits += award;
        let legacy = start < self.editions.launch();
        out.credits.push(CreditsAward {
            partner: who,
            object: cause.object,
            track: Some(track),
            effective_on: tally.latest_on,
            level_credits: award,
            spendable_credits: if legacy { 0 } else { award },
            reason: if legacy && cause.reason == Reason::Activity { Reason::Legacy } else { cause.reason },
            count: Some(super::Count {
                kind: rule.id,
                edition,
                window_start: start,
                units_before: counted.0,
                units_after: counted.1,
            }),
        });
    }
}

/// Whether an edition has a kind that carries its rest on.
pub(super) fn carries(editions: &Editions, kind: KindId) -> bool {
    let rules = editions.iter().filter_map(|edition| edition.rule(kind));
    rules.into_iter().any(|rule| rule.rest == Rest::Carry && rule.window != Window::Each)
}
