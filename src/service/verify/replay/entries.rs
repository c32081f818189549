//! The entries that each step should have left.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Expected, KeptCredit, Replay, Report};
use crate::program::fold::{CreditsAward, PointsAward, Reason};
use crate::service::posting::{EntryPosition, Object, ledger_row, points_row};
use crate::store::log::LoggedStep;

impl Replay<'_> {
    /// The entries of points that a step should have left.
    pub(super) fn points_entries(&mut self, logged: &LoggedStep, expected: &mut Expected) {
        let awards = std::mem::take(&mut self.awards.points);
        for award in &awards {
            let object = self.objects.get(award.object);
            if let Some(Object::Activity(id)) = object
                && let Some(activity) = self.activities.get_mut(&id)
            {
                activity.awarded_points += award.points;
            }
            let state = &mut self.professionals[award.professional.0 as usize];
            check_time(&mut self.report, &mut state.last_recorded_at, logged, || {
                format!("professional {}", state.code)
            });
            let day_after = self.add_points(award);
            let Some(object) = object.filter(|_| !expected.is_unasked) else { continue };
            let state = &self.professionals[award.professional.0 as usize];
            let position = EntryPosition {
                id: Uuid::nil(),
                owner: state.id,
                number: state.entries,
                log_seq: logged.seq,
                recorded_at: logged.recorded_at,
                balance_after: state.dojo_credits,
                day_after,
            };
            expected.points.push(points_row(self.policy, award, object, position));
        }
        self.awards.points = awards;
    }

    /// The entries of credits that a step should have left.
    pub(super) fn ledger_entries(&mut self, logged: &LoggedStep, expected: &mut Expected) {
        let awards = std::mem::take(&mut self.awards.credits);
        for award in &awards {
            let object = self.objects.get(award.object);
            if let Some(Object::Activity(id)) = object
                && let Some(activity) = self.activities.get_mut(&id)
            {
                activity.awarded_credits += award.level_credits;
            }
            let state = &mut self.partners[award.partner.0 as usize];
            check_time(&mut self.report, &mut state.last_recorded_at, logged, || {
                format!("partner {}", state.code)
            });
            let day_after = self.add_credits(award);
            let Some(object) = object.filter(|_| !expected.is_unasked) else { continue };
            let state = &self.partners[award.partner.0 as usize];
            let position = EntryPosition {
                id: Uuid::nil(),
                owner: state.id,
                number: state.entries,
                log_seq: logged.seq,
                recorded_at: logged.recorded_at,
                balance_after: state.credits,
                day_after,
            };
            expected.ledger.push(ledger_row(self.policy, award, object, position));
        }
        self.awards.credits = awards;
    }

    /// Adds an award to the sums of its professional, and returns the sum of its day.
    pub(super) fn add_points(&mut self, award: &PointsAward) -> i64 {
        let state = &mut self.professionals[award.professional.0 as usize];
        state.entries += 1;
        state.points += award.points;
        state.dojo_credits += award.dojo_credits;
        self.report.points_entries += 1;
        state.days.add(award.effective_on, award.points)
    }

    /// Adds an award to the sums of its partner, and returns the sum of its day and track.
    pub(super) fn add_credits(&mut self, award: &CreditsAward) -> i64 {
        let expires = matches!(award.reason, Reason::Expiry { .. });
        if let Some(kept) = self.kept.get_mut(&award.partner).filter(|_| !expires) {
            let edition = award.count.and_then(|count| self.policy.id(count.edition));
            kept.push(KeptCredit { award: *award, edition, seq: self.seq });
        }
        let state = &mut self.partners[award.partner.0 as usize];
        state.entries += 1;
        state.credits += award.spendable_credits;
        state.level_credits += award.level_credits;
        self.report.ledger_entries += 1;
        award.track.map_or(0, |track| state.days.add((track, award.effective_on), award.level_credits))
    }
}

/// A subject's entries are recorded one after the other.
fn check_time(
    report: &mut Report,
    last: &mut Option<DateTime<Utc>>,
    logged: &LoggedStep,
    whose: impl FnOnce() -> String,
) {
    if last.is_some_and(|last| logged.recorded_at < last) {
        report.add_difference(|| {
            format!("{}: step {} of the log was recorded before an earlier one", whose(), logged.seq)
        });
    }
    *last = (*last).max(Some(logged.recorded_at));
}
