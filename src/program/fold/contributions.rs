//! What two partners that are merged were credited with, counted again as if everything had been recorded of one of them:
//! their own activities, and what professionals did in the days of their affiliations, in the order of the log (A1 to A3).

use std::collections::HashMap;

use chrono::NaiveDate;

use super::recalculation::PastFact;
use super::{
    Affiliation, Awards, Cause, Fact, Fold, ObjectIndex, PartnerIndex, PastAward, ProfessionalIndex, Reason,
    Subject, TallyKey,
};

/// Days in which a professional worked for a partner; the last day is included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContributionDays {
    /// Whether the partner is one of those that are merged.
    pub counts: bool,
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day, if it has ended.
    pub ends_on: Option<NaiveDate>,
}

/// What a step of the log changed of what a professional contributes to a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contributed {
    /// Points were awarded, or taken back.
    Awarded(PastAward),
    /// An affiliation was entered.
    Affiliated(ContributionDays),
    /// The affiliation that started on the first day has the second as its last.
    Ended(NaiveDate, NaiveDate),
    /// The affiliation that started on the day is replaced by another one.
    Corrected(NaiveDate, ContributionDays),
    /// The affiliation that started on the day never was.
    Voided(NaiveDate),
}

/// A step of the log about a professional of one of two partners that are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Place in the log.
    pub seq: i64,
    /// The caller's number for the professional, from 0 without large gaps.
    pub professional: u32,
    /// What it changed.
    pub what: Contributed,
}

/// A change of units in a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) seq: i64,
    pub(super) units: i64,
    pub(super) on: NaiveDate,
    pub(super) object: ObjectIndex,
    pub(super) edition: usize,
}

/// The changes of units of one partner, as they are counted.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) partner: PartnerIndex,
    pub(super) seq: i64,
    pub(super) changes: HashMap<TallyKey, Vec<Change>>,
}

/// The one that both partners are here, and everybody else.
const BOTH: PartnerIndex = PartnerIndex(0);
const OTHERS: PartnerIndex = PartnerIndex(1);

impl Fold<'_> {
    /// The changes of units in each window of two partners, as if what they did and what professionals contributed had been
    /// recorded of one of them. Both lists are in the order of the log.
    pub(super) fn counted_together(
        &self,
        facts: &[(i64, PastFact)],
        contributions: &[Contribution],
    ) -> HashMap<TallyKey, Vec<Change>> {
        let mut fold = Fold::new(self.editions);
        fold.add_partner(0);
        fold.add_partner(0);
        fold.watched = Some(Watched { partner: BOTH, seq: 0, changes: HashMap::new() });
        let people = contributions.iter().map(|one| one.professional + 1).max().unwrap_or(0);
        for _ in 0..people {
            fold.add_professional(NaiveDate::MIN, 0);
        }
        let mut out = Awards::default();
        let (mut facts, mut contributions) = (facts.iter().peekable(), contributions.iter().peekable());
        loop {
            let is_fact = match (facts.peek(), contributions.peek()) {
                (Some((seq, _)), Some(other)) => *seq <= other.seq,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            out.clear();
            if is_fact {
                let Some((seq, PastFact { fact, voided })) = facts.next() else { break };
                fold.watch_from(*seq);
                let fact = Fact { subject: Subject::Partner(BOTH), ..*fact };
                fold.activity(&fact, if *voided { -1 } else { 1 }, &mut out);
            } else {
                let Some(one) = contributions.next() else { break };
                fold.watch_from(one.seq);
                fold.contribute(ProfessionalIndex(one.professional), one.what, &mut out);
            }
        }
        fold.watched.map(|watched| watched.changes).unwrap_or_default()
    }

    fn watch_from(&mut self, seq: i64) {
        if let Some(watched) = &mut self.watched {
            watched.seq = seq;
        }
    }

    fn contribute(&mut self, who: ProfessionalIndex, what: Contributed, out: &mut Awards) {
        let affiliation = |days: ContributionDays| Affiliation {
            partner: if days.counts { BOTH } else { OTHERS },
            starts_on: days.starts_on,
            ends_on: days.ends_on,
        };
        match what {
            Contributed::Awarded(award) => {
                self.load_award(who, award);
                if let Some(partner) = self.partner_on(who, award.occurred_on) {
                    let cause =
                        Cause { object: award.activity, date: award.occurred_on, reason: Reason::Activity };
                    self.credit_award(partner, award.points, award.also, cause, out);
                }
            }
            Contributed::Affiliated(days) => self.affiliate(who, affiliation(days), out),
            Contributed::Ended(starts_on, ends_on) => self.end_affiliation(who, starts_on, ends_on, out),
            Contributed::Corrected(starts_on, days) => {
                self.replace_affiliation(who, starts_on, Some(affiliation(days)), out);
            }
            Contributed::Voided(starts_on) => self.replace_affiliation(who, starts_on, None, out),
        }
    }
}
