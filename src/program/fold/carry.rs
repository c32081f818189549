//! Units that do not fill a block by the end of their window, and count in the next one (`rest = "carry"`).
//!
//! The windows of a kind form a chain: what a change leaves over in one of them changes the next. The sums of the windows
//! are therefore those of the units that there are, in whatever order these were recorded.

use chrono::NaiveDate;

use super::earning::{Era, change, rule_of_window};
use super::{Awards, Cause, CreditsAward, Fold, PartnerIndex, Reason, Tally};
use crate::program::edition::Editions;
use crate::program::rule::{KindId, Rest, Rule, Window};

/// A window of a chain.
struct Link<'e> {
    start: NaiveDate,
    tally: Tally,
    rule: &'e Rule,
    edition: usize,
    /// Units of earlier windows that count in it.
    carried: i64,
}

/// The windows of a kind in an era, with what each carries on.
fn chain(
    editions: &Editions,
    kind: KindId,
    windows: impl IntoIterator<Item = (NaiveDate, Tally)>,
) -> Vec<Link<'_>> {
    let mut carried = 0;
    let mut links = Vec::new();
    for (start, tally) in windows {
        let Some((edition, rule)) = rule_of_window(editions, kind, &tally) else { continue };
        // What an edition drops neither leaves a window nor comes into one.
        let into = if rule.rest == Rest::Carry { carried } else { 0 };
        links.push(Link { start, tally, rule, edition, carried: into });
        carried = if rule.rest == Rest::Carry { (into + tally.units).max(0) % rule.per } else { 0 };
    }
    links
}

impl<'e> Fold<'e> {
    /// How many windows of a kind a change in one of them can affect besides: the later ones.
    pub(super) fn later_windows(&self, who: PartnerIndex, rule: &Rule, date: NaiveDate) -> i64 {
        if rule.rest == Rest::Drop {
            return 0;
        }
        let tallies = self.partners[who.0 as usize].tallies.of_kind(rule.id);
        i64::try_from(tallies.filter(|(start, _)| *start > date).count()).unwrap_or(i64::MAX)
    }

    fn windows(&self, who: PartnerIndex, kind: KindId, era: Era) -> Vec<(NaiveDate, Tally)> {
        let launch = self.editions.launch();
        let is_of_era = |start: NaiveDate| era.is_legacy() == (start < launch);
        self.partners[who.0 as usize].tallies.of_kind(kind).filter(|(start, _)| is_of_era(*start)).collect()
    }

    /// Counts units of a kind that carries its rest on.
    pub(super) fn credit_carried(
        &mut self,
        who: PartnerIndex,
        rule: &'e Rule,
        (era, window_start): (Era, NaiveDate),
        units: i64,
        cause: Cause,
        out: &mut Awards,
    ) {
        let first = Tally { units: 0, awarded: 0, latest_on: cause.date };
        let key = (rule.id, window_start);
        self.partners[who.0 as usize].tallies.entry(key, first);
        let before = chain(self.editions, rule.id, self.windows(who, rule.id, era));
        let tally = self.partners[who.0 as usize].tallies.entry(key, first);
        tally.units += units;
        tally.latest_on = tally.latest_on.max(cause.date);
        let after = chain(self.editions, rule.id, self.windows(who, rule.id, era));
        for (old, new) in before.iter().zip(&after).filter(|(_, new)| new.start >= window_start) {
            let counted = (old.carried + old.tally.units, new.carried + new.tally.units);
            let is_own = new.start == window_start;
            if counted.0 == counted.1 && !is_own {
                continue;
            }
            let (by, edition) =
                if is_own { (rule, self.editions.index_at(cause.date)) } else { (new.rule, new.edition) };
            let award = change(self.editions, by, new.start, new.tally, counted);
            self.award_link(who, (by, edition), new, counted, award, cause, out);
        }
    }

    /// Awards what the windows of a kind are short of, or takes what they have too much: after a merge.
    pub(super) fn settle_chains(&mut self, who: PartnerIndex, kind: KindId, cause: Cause, out: &mut Awards) {
        for era in [cause.date, self.editions.launch()]
            .map(|date| Era::of(self.editions, date))
            .into_iter()
            .flatten()
        {
            for link in chain(self.editions, kind, self.windows(who, kind, era)) {
                let units = link.carried + link.tally.units;
                let award = link.rule.earned(units) - link.tally.awarded;
                let counted = (link.carried, units);
                self.award_link(who, (link.rule, link.edition), &link, counted, award, cause, out);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what an entry needs")]
    fn award_link(
        &mut self,
        who: PartnerIndex,
        (rule, edition): (&Rule, usize),
        link: &Link<'_>,
        (units_before, units_after): (i64, i64),
        award: i64,
        cause: Cause,
        out: &mut Awards,
    ) {
        let key = (rule.id, link.start);
        out.partner_tallies.push((who, key));
        let Some(track) = rule.track.filter(|_| award != 0) else { return };
        let state = &mut self.partners[who.0 as usize];
        state.tallies.insert(key, Tally { awarded: link.tally.awarded + award, ..link.tally });
        state.credits += award;
        let legacy = link.start < self.editions.launch();
        out.credits.push(CreditsAward {
            partner: who,
            object: cause.object,
            track: Some(track),
            effective_on: link.tally.latest_on,
            level_credits: award,
            spendable_credits: if legacy { 0 } else { award },
            reason: if legacy && cause.reason == Reason::Activity { Reason::Legacy } else { cause.reason },
            count: Some(super::Count {
                kind: rule.id,
                edition,
                window_start: link.start,
                units_before,
                units_after,
            }),
        });
    }
}

/// Whether an edition has a kind that carries its rest on.
pub(super) fn carries(editions: &Editions, kind: KindId) -> bool {
    let rules = editions.iter().filter_map(|edition| edition.rule(kind));
    rules.into_iter().any(|rule| rule.rest == Rest::Carry && rule.window != Window::Each)
}
