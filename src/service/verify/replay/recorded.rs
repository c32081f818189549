//! Recordings of activities, folded by no more than their awards depend on.

use entity::activity;
use entity::value::ActivityStatus;

use super::{ActivityState, Replay};
use crate::program::admission::units;
use crate::program::expiry::{Following, Returning};
use crate::program::fold::{Fact, LimitExceeded, ObjectIndex, Step, Subject};
use crate::program::rule::Program;
use crate::service::activities::parse_attributes;
use crate::store::recorded::Recorded;

impl Replay<'_> {
    /// Makes this replay one whose recorded activities are known by their numbers only, which the caller gives.
    pub(in crate::service::verify) fn number_recorded(&mut self) {
        self.objects.number_recorded();
    }

    /// Applies the recording of an activity; one that the policy does not allow is reported and skipped.
    pub(in crate::service::verify) fn apply_recorded(
        &mut self,
        row: &Recorded<'_>,
        number: ObjectIndex,
        subject: Subject,
    ) {
        self.report.steps += 1;
        self.seq = row.seq;
        self.awards.clear();
        let applied = self.fact_of_recorded(row, number, subject).and_then(|fact| {
            let applied = self.fold.apply(&Step::Recorded(fact), &mut self.awards);
            applied.map_err(|error: LimitExceeded| error.to_string())
        });
        if let Err(reason) = applied {
            self.report.add_difference(|| format!("step {} of the log: {reason}", row.seq));
        }
        let objects = &self.objects;
        let following = Following::Own(Returning::Free);
        self.accounts.settle(&mut self.awards, following, &|index| objects.key(index));
        self.sum_up();
    }

    fn fact_of_recorded(
        &self,
        row: &Recorded<'_>,
        activity: ObjectIndex,
        subject: Subject,
    ) -> Result<Fact, String> {
        let program = if row.is_partner { Program::Partner } else { Program::Professional };
        let (editions, occurred_on, quantity) = (&self.policy.editions, row.occurred_on, row.quantity);
        let kind = editions.kind(program, row.kind);
        let rule = kind.and_then(|kind| editions.at(occurred_on).rule_on(kind, occurred_on));
        let attributes = parse_attributes(row.attributes).map_err(|error| error.to_string())?;
        let units = rule.and_then(|rule| units(rule, quantity, row.points, occurred_on, &attributes).ok());
        match (kind, units) {
            (Some(kind), Some(units)) => Ok(Fact { activity, subject, kind, occurred_on, quantity, units }),
            _ => Err(format!("no edition scores {} on {occurred_on}", row.kind)),
        }
    }

    /// Adds what the last step gave to the sums of its subjects.
    fn sum_up(&mut self) {
        let (points, credits) =
            (std::mem::take(&mut self.awards.points), std::mem::take(&mut self.awards.credits));
        for award in &points {
            self.add_points(award);
        }
        for award in &credits {
            self.add_credits(award);
        }
        // The memory is used again.
        (self.awards.points, self.awards.credits) = (points, credits);
    }

    /// Makes an activity known that was known by its number only, since a step is about it.
    pub(in crate::service::verify) fn know_recorded(&mut self, row: &activity::Model, number: ObjectIndex) {
        self.activities.entry(row.id).or_insert(ActivityState {
            number,
            status: ActivityStatus::Recorded,
            graded_points: None,
            quantity: row.quantity,
            recorded_at: row.recorded_at,
            awarded_points: 0,
            awarded_credits: 0,
        });
    }
}
