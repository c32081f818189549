//! Steps about partners and professionals themselves.

use chrono::NaiveDate;
use entity::value::LogAction;
use entity::{affiliation, subject_step};
use uuid::Uuid;

use super::{AffiliationState, KeptCredit, Replay, StepObjects, key};
use crate::program::fold::{
    AffiliationSpan, Count, ObjectIndex, PartnerIndex, PartnerMerge, PastCredit, PastFact, ProfessionalIndex,
    ProfessionalMerge, Step, join_spans,
};
use crate::program::level_override::LevelOverride;
use crate::service::posting::{Object, contributions, read_overrides};
use crate::service::subjects::{apply_override, dropped, logged_as_dropped};
use crate::service::targets::merged_sales;
use crate::store::log::LoggedStep;
use crate::store::subject_step::HistoryRow;

/// Affiliations, each with whether it remains.
type Joined = Vec<(AffiliationSpan<Uuid, PartnerIndex>, bool)>;

impl Replay<'_> {
    /// The affiliation that follows from the log; none if no step added it.
    pub(in crate::service::verify) fn expected_affiliation(
        &self,
        found: &affiliation::Model,
    ) -> Option<affiliation::Model> {
        let AffiliationState { professional, partner, ends_on, voided, .. } =
            *self.affiliations.get(&found.id)?;
        let (professional_id, partner_id) =
            (self.professionals[professional.0 as usize].id, self.partners[partner.0 as usize].id);
        Some(affiliation::Model { professional_id, partner_id, ends_on, voided, ..found.clone() })
    }

    /// Compares the first and last days of all subjects with the stored ones.
    pub(in crate::service::verify) fn compare_days(&mut self) {
        let day = |day: Option<NaiveDate>| day.map_or_else(|| "none".to_owned(), |day| day.to_string());
        let partners = self.partners.iter().map(|one| {
            (
                one.name(),
                (Some(one.stored_first_day), Some(one.first_day)),
                (one.stored_last_day, one.last_day),
            )
        });
        let people = self.professionals.iter().map(|one| {
            let first = (Some(one.stored_signed_up_on), Some(one.signed_up_on));
            (one.name(), first, (one.stored_last_day, one.last_day))
        });
        for (name, first, last) in partners.chain(people) {
            for (what, (found, expected)) in [("first day", first), ("last day", last)] {
                if found != expected {
                    let (found, expected) = (day(found), day(expected));
                    self.report.add_difference(|| format!("{name}: {what} is {found}, expected {expected}"));
                }
            }
        }
        let partners = self.partners.iter().map(|one| (one.name(), one.stored_merged_into, one.merged_into));
        let people =
            self.professionals.iter().map(|one| (one.name(), one.stored_merged_into, one.merged_into));
        for (name, found, expected) in partners.chain(people).filter(|(_, found, expected)| found != expected)
        {
            self.report.add_difference(|| format!("{name}: merged into {found:?}, expected {expected:?}"));
        }
        let partners = self.partners.iter().map(|one| (one.name(), &one.stored_overrides, &one.overrides));
        let people = self.professionals.iter().map(|one| (one.name(), &one.stored_overrides, &one.overrides));
        for (name, stored, expected) in partners.chain(people) {
            if read_overrides(stored.as_deref()).ok().as_ref() != Some(expected) {
                self.report
                    .add_difference(|| format!("{name}: its overrides of levels do not follow from the log"));
            }
        }
    }

    pub(super) fn subject_step(
        &mut self,
        logged: &LoggedStep,
        objects: &StepObjects,
    ) -> Result<Option<Step>, String> {
        let row = objects.subject_steps.get(&logged.seq).ok_or("what it did is missing")?;
        let partner = row.partner_id.and_then(|id| self.partner_indexes.get(&id).copied());
        let professional = row.professional_id.and_then(|id| self.professional_indexes.get(&id).copied());
        match (logged.action, partner, professional) {
            (LogAction::PartnerUpdated, Some(who), None) => {
                let state = &mut self.partners[who.0 as usize];
                moved(row, &mut state.first_day, &format!("partner {}", state.code))?;
                Ok(None)
            }
            (LogAction::ProfessionalUpdated, None, Some(who)) => self.professional_updated(row, who, objects),
            (LogAction::PartnersMerged, Some(into), None) => self.partners_merged(row, into, objects),
            (LogAction::ProfessionalsMerged, None, Some(into)) => {
                self.professionals_merged(logged, row, into, objects)
            }
            (LogAction::PartnershipEnded | LogAction::PartnershipResumed, Some(who), None) => {
                self.partner_left(row, who)
            }
            (LogAction::MembershipEnded | LogAction::MembershipResumed, None, Some(who)) => {
                let state = &mut self.professionals[who.0 as usize];
                left(row, &mut state.last_day, &format!("professional {}", state.code))?;
                Ok(None)
            }
            (LogAction::LevelOverridden | LogAction::OverrideEnded, Some(who), None) => {
                let state = &mut self.partners[who.0 as usize];
                overridden(logged, row, &mut state.overrides, &format!("partner {}", state.code))?;
                Ok(None)
            }
            (LogAction::LevelOverridden | LogAction::OverrideEnded, None, Some(who)) => {
                let state = &mut self.professionals[who.0 as usize];
                overridden(logged, row, &mut state.overrides, &format!("professional {}", state.code))?;
                Ok(None)
            }
            (action, _, _) => Err(format!("{action:?} can't happen to a subject")),
        }
    }

    fn partner_left(&mut self, row: &subject_step::Model, who: PartnerIndex) -> Result<Option<Step>, String> {
        let state = &mut self.partners[who.0 as usize];
        left(row, &mut state.last_day, &format!("partner {}", state.code))?;
        Ok(Some(Step::PartnerLeft(who, row.last_day)))
    }

    fn professional_updated(
        &mut self,
        row: &subject_step::Model,
        who: ProfessionalIndex,
        objects: &StepObjects,
    ) -> Result<Option<Step>, String> {
        let state = &mut self.professionals[who.0 as usize];
        let name = format!("professional {}", state.code);
        moved(row, &mut state.signed_up_on, &name)?;
        let Some(day) = row.first_day else { return Ok(None) };
        let history = objects.histories.get(&row.log_seq).map_or(&[][..], Vec::as_slice);
        let history: Vec<PastFact> = self.past_facts(history)?.into_iter().map(|(_, past)| past).collect();
        self.fold.change_sign_up(who, day, &history, &mut self.awards).map_err(|error| error.to_string())?;
        Ok(None)
    }

    fn professionals_merged(
        &mut self,
        logged: &LoggedStep,
        row: &subject_step::Model,
        into: ProfessionalIndex,
        objects: &StepObjects,
    ) -> Result<Option<Step>, String> {
        let from = row.from_id.and_then(|id| self.professional_indexes.get(&id).copied());
        let from = from.filter(|from| *from != into).ok_or("nobody was merged")?;
        let history = objects.histories.get(&row.log_seq).map_or(&[][..], Vec::as_slice);
        let facts: Vec<PastFact> = self.past_facts(history)?.into_iter().map(|(_, past)| past).collect();
        let spent = self.commerce.move_swag(from, into);
        let merge = ProfessionalMerge { from, into, facts: &facts, spent: &spent };
        self.fold.merge_professionals(&merge, &mut self.awards).map_err(|error| error.to_string())?;
        let id = self.professionals[into.0 as usize].id;
        for one in self.professionals.iter_mut().filter(|one| one.merged_into == row.from_id) {
            one.merged_into = Some(id);
        }
        self.professionals[from.0 as usize].merged_into = Some(id);
        let joined = dropped(&self.join_affiliations(from, into));
        let named = logged_as_dropped(logged.data.as_deref());
        if joined == named {
            Ok(None)
        } else {
            Err(format!("it names the joined affiliations {named:?}, expected {joined:?}"))
        }
    }

    fn partners_merged(
        &mut self,
        row: &subject_step::Model,
        into: PartnerIndex,
        objects: &StepObjects,
    ) -> Result<Option<Step>, String> {
        let from = row.from_id.and_then(|id| self.partner_indexes.get(&id).copied());
        let from = from.filter(|from| *from != into).ok_or("nobody was merged")?;
        let [left, kept] = [from, into].map(|who| self.partners[who.0 as usize].id);
        let merge = self.add(Object::Partner(kept));
        let merged = objects.merged.get(&row.log_seq).ok_or("what it merged is missing")?;
        let entries = self.entries_of_merge([from, into], merge);
        let years = self.fold.shared_sales_years(from, into);
        let numbers = |id| self.commerce.order_number(id).unwrap_or(merge);
        let sales = merged_sales(&merged.sales, &years, into, numbers).map_err(|error| error.to_string())?;
        let facts = self.past_facts(&merged.facts)?;
        let number = |id| self.activities.get(&id).map_or(merge, |state| state.number);
        let contributions = contributions(&self.policy.editions, &merged.contributed, [left, kept], number);
        let step = PartnerMerge {
            from,
            into,
            entries: &entries,
            facts: &facts,
            contributions: &contributions,
            sales: &sales,
            merge,
        };
        self.fold.merge_partners(&step, &mut self.awards).map_err(|error| error.to_string())?;
        self.commerce.move_deals(left, kept);
        for state in self.affiliations.values_mut().filter(|state| state.partner == from) {
            state.partner = into;
        }
        for one in self.partners.iter_mut().filter(|one| one.merged_into == Some(left)) {
            one.merged_into = Some(kept);
        }
        self.partners[from.0 as usize].merged_into = Some(kept);
        Ok(None)
    }

    /// Gives affiliations to the remaining professional, and joins those that have a day in common.
    fn join_affiliations(&mut self, from: ProfessionalIndex, into: ProfessionalIndex) -> Joined {
        let whose = |one: ProfessionalIndex| {
            let mut own: Vec<_> =
                self.affiliations.iter().filter(|(_, state)| state.professional == one).collect();
            own.sort_by_key(|(_, state)| state.starts_on);
            own
        };
        let all = whose(into).into_iter().chain(whose(from));
        let span = |(id, state): (&Uuid, &AffiliationState)| AffiliationSpan {
            key: *id,
            partner: state.partner,
            starts_on: state.starts_on,
            ends_on: state.ends_on,
        };
        let joined = join_spans(all.filter(|(_, state)| !state.voided).map(span).collect());
        for (one, remains) in &joined {
            let Some(state) = self.affiliations.get_mut(&one.key) else { continue };
            (state.ends_on, state.voided) = (one.ends_on, !*remains);
        }
        for state in self.affiliations.values_mut().filter(|state| state.professional == from) {
            state.professional = into;
        }
        joined
    }

    /// Facts of the past with their places in the log, but for those that no edition in force would have.
    fn past_facts(&self, history: &[HistoryRow]) -> Result<Vec<(i64, PastFact)>, String> {
        let facts = history.iter().map(|(seq, voided, row)| {
            let state = self.activities.get(&row.id);
            let state = state.ok_or_else(|| format!("activity {} is in no step before", key(row)))?;
            let Some(units) = self.units(row, state.graded_points)? else { return Ok(None) };
            Ok(Some((*seq, PastFact { fact: self.fact(state.number, row, units)?, voided: *voided })))
        });
        facts.filter_map(Result::transpose).collect()
    }

    /// The ledgers of partners that are merged, in the order of the log. What is about nothing has the merge as its cause.
    fn entries_of_merge(&mut self, who: [PartnerIndex; 2], merge: ObjectIndex) -> Vec<PastCredit> {
        let mut entries: Vec<(i64, Uuid, PastCredit)> = Vec::new();
        for partner in who {
            let id = self.partners[partner.0 as usize].id;
            for KeptCredit { award, edition, seq } in self.kept.get(&partner).into_iter().flatten() {
                let is_kept = matches!(
                    self.objects.get(award.object),
                    None | Some(Object::Activity(_) | Object::Order(_) | Object::Deal(_) | Object::Quote(_))
                );
                let count = award.count.and_then(|count| {
                    let edition = self.policy.index_in_force((*edition)?, award.effective_on)?;
                    Some(Count { edition, ..count })
                });
                let past = PastCredit {
                    partner,
                    seq: *seq,
                    object: if is_kept { award.object } else { merge },
                    effective_on: award.effective_on,
                    track: award.track,
                    level_credits: award.level_credits,
                    spendable_credits: award.spendable_credits,
                    count,
                };
                entries.push((*seq, id, past));
            }
        }
        entries.sort_by_key(|(seq, id, _)| (*seq, *id));
        entries.into_iter().map(|(.., past)| past).collect()
    }
}

/// Adds an override, or ends one.
fn overridden(
    logged: &LoggedStep,
    row: &subject_step::Model,
    overrides: &mut Vec<LevelOverride>,
    whose: &str,
) -> Result<(), String> {
    let made = apply_override(overrides, row, logged.recorded_at, logged.reason.clone());
    made.ok_or_else(|| format!("{whose}: {:?} is about no override", logged.action))
}

/// Moves a first day, which must be the one that the step found.
fn moved(row: &subject_step::Model, first_day: &mut NaiveDate, whose: &str) -> Result<(), String> {
    let (Some(before), Some(after)) = (row.first_day_before, row.first_day) else { return Ok(()) };
    if *first_day != before {
        return Err(format!("{whose}: the first day was {first_day}, not {before}"));
    }
    *first_day = after;
    Ok(())
}

/// Moves a last day, which must be the one that the step found.
fn left(row: &subject_step::Model, last_day: &mut Option<NaiveDate>, whose: &str) -> Result<(), String> {
    if *last_day != row.last_day_before {
        return Err(format!("{whose}: the last day before is not the one of the step before"));
    }
    *last_day = row.last_day;
    Ok(())
}
