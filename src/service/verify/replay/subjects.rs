//! Steps about partners and professionals themselves.

use chrono::NaiveDate;
use entity::subject_step;
use entity::value::LogAction;

use super::{Replay, StepObjects, key};
use crate::program::fold::{PartnerIndex, PastFact, ProfessionalIndex, Step};
use crate::program::level_override::LevelOverride;
use crate::service::posting::read_overrides;
use crate::service::subjects::apply_override;
use crate::store::log::LoggedStep;
use crate::store::subject_step::HistoryRow;

impl Replay<'_> {
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
        let history = self.past_facts(history)?;
        self.fold.change_sign_up(who, day, &history, &mut self.awards).map_err(|error| error.to_string())?;
        Ok(None)
    }

    fn past_facts(&self, history: &[HistoryRow]) -> Result<Vec<PastFact>, String> {
        let facts = history.iter().map(|(voided, row)| {
            let state = self.activities.get(&row.id);
            let state = state.ok_or_else(|| format!("activity {} is in no step before", key(row)))?;
            Ok(PastFact { fact: self.fact(state.number, row, state.units)?, voided: *voided })
        });
        facts.collect()
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
