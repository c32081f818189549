//! Keys of activities that were used for something else: what differs, and advice for the state of the first.

use entity::activity;
use entity::value::ActivityStatus;

use crate::program::refusal::{Code, Refusal};
use crate::service::input;

/// The conflict with an activity that the caller cannot see: the same whatever that activity holds.
pub(super) fn key_conflict() -> Refusal {
    let message = "This source and externalId are in use; use a new externalId.";
    Refusal::new(Code::ConflictingDuplicate, "externalId", message)
}

/// The conflict with an activity that the caller can see: the fields that differ, and what to do. A key stays in
/// use whatever becomes of its activity.
pub(super) fn conflict(status: ActivityStatus, fields: &[&str]) -> Refusal {
    let advice = match status {
        ActivityStatus::Recorded => {
            "It is recorded; if this one replaces it, have it voided, and send this one with replaces: true, or with a new externalId."
        }
        ActivityStatus::PendingReview => {
            "It awaits review; if this one replaces it, have it rejected, and send this one with replaces: true, or with a new externalId."
        }
        ActivityStatus::Rejected => {
            "It was rejected; send this one with replaces: true, or with a new externalId."
        }
        ActivityStatus::Voided => {
            "It was voided; send this one with replaces: true, or with a new externalId."
        }
    };
    let differs = fields.join(", ");
    let message =
        format!("An activity with this source and externalId exists and differs in {differs}. {advice}");
    Refusal::new(Code::ConflictingDuplicate, fields.first().copied().unwrap_or_default(), message)
}

/// That an activity with the key still counts or waits, so that no other takes its place.
pub(super) fn not_replaceable(status: ActivityStatus) -> Refusal {
    let state = match status {
        ActivityStatus::PendingReview => "awaits review; have it rejected first",
        _ => "counts; have it voided first",
    };
    let message = format!(
        "Only a rejected or voided activity is replaced; the one with this source and externalId {state}."
    );
    Refusal::new(Code::WrongState, "replaces", message)
}

/// That no activity has the key.
pub(super) fn nothing_to_replace() -> Refusal {
    let message = "There is no activity with this source and externalId to replace; leave replaces out.";
    Refusal::new(Code::NotFound, "replaces", message)
}

/// The conflict with an earlier activity of the same request.
pub(super) fn batch_conflict(first: usize, fields: &[&str]) -> Refusal {
    let message = format!(
        "Activity {first} of this request has the same source and externalId and differs in {}; give each activity an \
         externalId of its own.",
        fields.join(", ")
    );
    Refusal::new(Code::ConflictingDuplicate, fields.first().copied().unwrap_or_default(), message)
}

/// The fields in which a repeat differs from the first.
pub(super) fn differing_fields(first: &activity::Model, again: &activity::Model) -> Vec<&'static str> {
    input::differing([
        ("subject", (first.partner_id, first.professional_id) != (again.partner_id, again.professional_id)),
        ("kind", first.kind != again.kind),
        ("occurredOn", first.occurred_on != again.occurred_on),
        ("quantity", first.quantity != again.quantity),
        ("points", first.points != again.points),
        ("attributes", first.attributes != again.attributes),
    ])
}
