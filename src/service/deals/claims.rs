//! Which of two claims of one day was before the other: the one whose step is before the other's in the log (R10).

use chrono::NaiveDate;
use entity::deal_step;

use crate::service::labels;

/// A step by which a deal can have come to hold its opportunity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) struct ClaimStep {
    seq: i64,
    day: NaiveDate,
    /// Whether it gave the deal a status in which it holds, rather than reported an activity.
    is_contact: bool,
}

impl ClaimStep {
    /// What a step claims, if it can claim anything.
    pub(in crate::service) fn of(step: &deal_step::Model) -> Option<Self> {
        let is_contact = step.status.is_some_and(|status| labels::status(status).is_engaged());
        let can_claim = is_contact || step.report.is_some();
        can_claim.then_some(Self { seq: step.log_seq, day: step.day, is_contact })
    }
}

/// The place in the log of the step that made a claim of a day: contact, or a report that claimed again what had lapsed.
pub(in crate::service) fn place_of_claim(
    steps: impl IntoIterator<Item = ClaimStep>,
    since: NaiveDate,
) -> Option<i64> {
    let of_day = steps.into_iter().filter(|step| step.day == since);
    of_day.min_by_key(|step| (!step.is_contact, step.seq)).map(|step| step.seq)
}
