//! Past awards of professionals, as the fold takes them.

use std::collections::HashMap;

use entity::points_entry;
use entity::value::{LogAction, PointsReason};
use uuid::Uuid;

use crate::program::edition::Editions;
use crate::program::fold::{Contributed, Contribution, ContributionDays, ObjectIndex, PastAward};
use crate::program::rule::{KindId, Program};
use crate::store::contribution::{AffiliationStep, Contributions};

/// An award of an activity by its entry, and the kind; none if no edition knows the kind. `is_repeated` says that there is
/// an earlier entry of the activity.
pub(in crate::service) fn past_award(
    editions: &Editions,
    entry: &points_entry::Model,
    quantity: i64,
    (activity, is_repeated): (ObjectIndex, bool),
) -> Option<(KindId, PastAward)> {
    let kind = editions.kind(Program::Professional, entry.kind.as_deref()?)?;
    let sign = match entry.reason {
        PointsReason::Void => -1,
        // What was awarded again is the same certification, unless it came with a merge.
        PointsReason::Recalculation if is_repeated => 0,
        _ => 1,
    };
    let also = editions.at(entry.effective_on).rule(kind).and_then(|rule| rule.counts_as);
    let award = PastAward {
        activity,
        occurred_on: entry.effective_on,
        points: entry.points,
        also: also.filter(|_| sign != 0).map(|kind| (kind, sign * quantity)),
    };
    Some((kind, award))
}

/// What professionals contributed to two partners, as the fold takes it; `number` gives the index of an activity.
pub(in crate::service) fn contributions(
    editions: &Editions,
    found: &Contributions,
    partners: [Uuid; 2],
    mut number: impl FnMut(Uuid) -> ObjectIndex,
) -> Vec<Contribution> {
    let mut people: HashMap<Uuid, u32> = HashMap::new();
    let mut person = |id: Uuid| {
        let id = found.merged.get(&id).copied().unwrap_or(id);
        let next = u32::try_from(people.len()).unwrap_or(u32::MAX);
        *people.entry(id).or_insert(next)
    };
    let mut all: Vec<Contribution> = Vec::with_capacity(found.steps.len() + found.entries.len());
    for step in &found.steps {
        if let Some(what) = affiliation_change(step, partners) {
            all.push(Contribution { seq: step.seq, professional: person(step.professional_id), what });
        }
    }
    let mut indexes: HashMap<Uuid, ObjectIndex> = HashMap::new();
    for entry in &found.entries {
        let Some(id) = entry.row.activity_id else { continue };
        let is_repeated = indexes.contains_key(&id);
        let activity = *indexes.entry(id).or_insert_with(|| number(id));
        let award = past_award(editions, &entry.row, entry.quantity, (activity, is_repeated));
        let Some((_, award)) = award else { continue };
        let (seq, professional) = (entry.row.log_seq, person(entry.row.professional_id));
        all.push(Contribution { seq, professional, what: Contributed::Awarded(award) });
    }
    all.sort_by_key(|one| one.seq);
    all
}

fn affiliation_change(step: &AffiliationStep, partners: [Uuid; 2]) -> Option<Contributed> {
    let days = ContributionDays {
        counts: partners.contains(&step.partner_id),
        starts_on: step.starts_on,
        ends_on: step.ends_on,
    };
    match (step.action, step.ends_on, step.replaced_starts_on) {
        (LogAction::Affiliated, ..) => Some(Contributed::Affiliated(days)),
        (LogAction::AffiliationEnded, Some(ends_on), _) => Some(Contributed::Ended(step.starts_on, ends_on)),
        (LogAction::AffiliationVoided, ..) => Some(Contributed::Voided(step.starts_on)),
        (LogAction::AffiliationCorrected, _, Some(replaced)) => Some(Contributed::Corrected(replaced, days)),
        _ => None,
    }
}
