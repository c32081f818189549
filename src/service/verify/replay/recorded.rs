//! Recordings of activities, folded by no more than their awards depend on.

use entity::activity;
use entity::value::ActivityStatus;

use super::{ActivityState, Replay};
use crate::program::admission::units;
use crate::program::expiry::{Accounts, Following, Returning};
use crate::program::fold::{Fact, ObjectIndex, Step};
use crate::program::rule::{Attributes, Program};
use crate::service::verify::fold_log::{Judged, Waiting};
use crate::store::recorded::Recorded;

impl Replay<'_> {
    /// Makes this replay one whose recorded activities are known by their numbers only, which the caller gives.
    pub(in crate::service::verify) fn number_recorded(&mut self) {
        self.objects.number_recorded();
    }

    /// Keeps the quantity of the next recorded activity, for recalculations of before.
    pub(in crate::service::verify) fn add_quantity(&mut self, quantity: i64) {
        self.objects.add_quantity(quantity);
    }

    /// What a recorded activity is, and how many units it asks for; none if the policy does not allow it.
    pub(in crate::service::verify) fn judge_recorded(
        &self,
        row: &Recorded<'_>,
        attributes: &Attributes,
    ) -> Judged {
        let program = if row.is_partner { Program::Partner } else { Program::Professional };
        let (editions, occurred_on) = (&self.policy.editions, row.occurred_on);
        let kind = editions.kind(program, row.kind)?;
        let rule = editions.at(occurred_on).rule_on(kind, occurred_on)?;
        Some((kind, units(rule, row.quantity, row.points, occurred_on, attributes).ok()?))
    }

    /// Applies the recording of an activity, unless the policy does not allow it. What it gave is in the awards. Orders are
    /// paid with what they were paid with in the accounts of `paid`, where there are some.
    pub(in crate::service::verify) fn apply_recorded(
        &mut self,
        row: &Waiting,
        judged: Judged,
        paid: Option<&Accounts<'_>>,
    ) {
        self.awards.clear();
        let Some((kind, units)) = judged else { return };
        self.seq = row.seq;
        let Waiting { number: activity, subject, occurred_on, quantity, .. } = *row;
        let fact = Fact { activity, subject, kind, occurred_on, quantity, units };
        // What exceeds the range of the API is not recorded.
        let _ = self.fold.apply(&Step::Recorded(fact), &mut self.awards);
        let objects = &self.objects;
        let following = match paid {
            Some(paid) => Following::PaidAs(paid, Returning::Free),
            None => Following::Own(Returning::Free),
        };
        self.accounts.settle(&mut self.awards, following, &|index| objects.key(index));
        self.sum_up();
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
