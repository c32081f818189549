//! Reviewing claims and voiding activities.

use chrono::NaiveDate;
use entity::activity;
use entity::value::{ActivityStatus, EventKind, LogAction};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;

use super::{Decision, change, fact, parse_attributes, subjects::Subjects};
use crate::access::Operation;
use crate::error::{Error, refused};
use crate::program::admission::{Claim, admit_stored};
use crate::program::fold::{Fact, Step};
use crate::program::refusal::{Code, Refusal, all};
use crate::program::rule::Program;
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, PostedRows, Posting};
use crate::service::{ObjectId, Services, input, transact};
use crate::store::activity as store;
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject;

/// Claims that are looked for at once.
const CLAIMS_AT_ONCE: i64 = 200;

impl Services {
    /// Approves or rejects a claim.
    ///
    /// # Errors
    /// When there is no such activity, it does not wait for review, or the points don't fit its kind.
    pub async fn activity_review(
        &self,
        id: ObjectId<'_>,
        decision: Decision,
        reason: Option<&str>,
    ) -> Result<activity::Model, Error> {
        self.authorize(Operation::ReviewActivity)?;
        let reason = input::reason("reason", reason);
        transact!(self, Operation::ReviewActivity, transaction, changes => {
            let locked = refused(self.lock_activity(transaction, id).await)?;
            let (reason, (mut row, mut posting)) = all((reason.as_ref(), locked))?;
            let before = audit_state(&row);
            if row.status != ActivityStatus::PendingReview {
                let message = format!(
                    "Only an activity that awaits review can be reviewed; this one is {}.",
                    status(row.status)
                );
                return Err(Refusal::new(Code::WrongState, "activityId", message).into());
            }
            let (action, step) = match decision {
                Decision::Approve { points } => {
                    row.status = ActivityStatus::Recorded;
                    row.graded_points = points.or(row.points);
                    (
                        LogAction::Approved,
                        Some(Step::Recorded(self.approved_fact(transaction, &mut posting, &row).await?)),
                    )
                }
                Decision::Reject => {
                    row.status = ActivityStatus::Rejected;
                    (LogAction::Rejected, None)
                }
            };
            let entry = LogEntry {
                points: row.graded_points,
                reason: reason.clone(),
                ..LogEntry::new(action, Object::Activity(row.id))
            };
            changes.add(change(&row).before(before).after(audit_state(&row)).because(reason.as_deref()));
            self.post_activity(transaction, posting, row, entry, step).await
        })
    }

    async fn approved_fact(
        &self,
        transaction: &DatabaseTransaction,
        posting: &mut Posting<'_>,
        row: &activity::Model,
    ) -> Result<Fact, Error> {
        let attributes = parse_attributes(&row.attributes)?;
        let (program, member_since, member_until) = member_days(transaction, row).await?;
        let claim = Claim {
            program,
            member_since: Some(member_since),
            member_until,
            kind: &row.kind,
            occurred_on: row.occurred_on,
            quantity: row.quantity,
            points: row.graded_points,
            attributes: &attributes,
        };
        let admitted = admit_stored(&self.policy.editions, &claim, self.clock.today())?;
        fact(posting, row, admitted)
            .ok_or_else(|| Error::Damaged("an activity without its subject".to_owned()))
    }

    /// Rejects claims that have waited without evidence until after their last day for it; returns whether there may
    /// be more.
    pub(in crate::service) async fn reject_claims_without_evidence(&self) -> Result<bool, Error> {
        let today = self.clock.today();
        let due = store::without_evidence(self.db.reader(), today, CLAIMS_AT_ONCE).await?;
        for id in &due {
            transact!(self, Operation::ReviewActivity, transaction, changes => {
                let locked = refused(self.lock_activity(transaction, ObjectId::of_row(*id)).await)?;
                let (mut row, posting) = locked?;
                // Another process, or a reviewer, was first.
                let Some(day) = row.evidence_due_on.filter(|_| row.status == ActivityStatus::PendingReview) else {
                    return Ok(());
                };
                let before = audit_state(&row);
                row.status = ActivityStatus::Rejected;
                let reason = format!("No evidence was given by {day}.");
                let entry = LogEntry {
                    reason: Some(reason.clone()),
                    ..LogEntry::new(LogAction::Rejected, Object::Activity(row.id))
                };
                changes.add(change(&row).before(before).after(audit_state(&row)).because(Some(&reason)));
                self.post_activity(transaction, posting, row, entry, None).await.map(drop)
            })?;
        }
        Ok(!due.is_empty())
    }

    /// Voids a recorded activity: new entries reverse its awards.
    ///
    /// # Errors
    /// When there is no such activity, or it does not count.
    pub async fn activity_void(
        &self,
        id: ObjectId<'_>,
        reason: Option<&str>,
    ) -> Result<activity::Model, Error> {
        self.authorize(Operation::VoidActivity)?;
        let reason = input::reason("reason", reason);
        transact!(self, Operation::VoidActivity, transaction, changes => {
            let locked = refused(self.lock_activity(transaction, id).await)?;
            let (reason, (mut row, mut posting)) = all((reason.as_ref(), locked))?;
            let before = audit_state(&row);
            if row.status != ActivityStatus::Recorded {
                let message = format!(
                    "Only a recorded activity can be voided; this one is {}.",
                    status(row.status)
                );
                return Err(Refusal::new(Code::WrongState, "activityId", message).into());
            }
            let fact = self.stored_fact(&mut posting, &row)?;
            row.status = ActivityStatus::Voided;
            let entry =
                LogEntry { reason: reason.clone(), ..LogEntry::new(LogAction::Voided, Object::Activity(row.id)) };
            changes.add(change(&row).before(before).after(audit_state(&row)).because(reason.as_deref()));
            self.post_activity(transaction, posting, row, entry, fact.map(Step::Voided)).await
        })
    }

    /// Locks the subjects of an activity and reads its current row.
    async fn lock_activity(
        &self,
        transaction: &DatabaseTransaction,
        id: ObjectId<'_>,
    ) -> Result<(activity::Model, Posting<'_>), Error> {
        let missing = || input::not_found("activityId", ("activity", "id"), id.text);
        let row = store::by_ids(transaction, id.key).await?.pop().ok_or_else(missing)?;
        let subjects =
            Subjects::lock_for_activities(transaction, &self.policy, std::slice::from_ref(&row)).await?;
        let row = store::by_ids(transaction, id.key).await?.pop().ok_or_else(missing)?;
        Ok((row, subjects.posting(&self.policy)))
    }

    async fn post_activity(
        &self,
        transaction: &DatabaseTransaction,
        mut posting: Posting<'_>,
        mut row: activity::Model,
        entry: LogEntry,
        step: Option<Step>,
    ) -> Result<activity::Model, Error> {
        let entry_action = entry.action;
        if let Some(Step::Recorded(fact) | Step::Voided(fact)) = step {
            posting.load_for_facts(transaction, &[fact]).await?;
        }
        posting
            .apply(entry, step)
            .map_err(|exceeded| Refusal::new(Code::Invalid, "points", exceeded.to_string()))?;
        let kind = match entry_action {
            LogAction::Approved => EventKind::ClaimApproved,
            LogAction::Rejected => EventKind::ClaimRejected,
            _ => EventKind::ActivityVoided,
        };
        let mut posted: PostedRows = posting.post(transaction, self).await?;
        let (points, credits) = posted.awarded.get(&row.id).copied().unwrap_or_default();
        row.awarded_points += points;
        row.awarded_credits += credits;
        store::update(transaction, &row).await?;
        let others = posted.awarded.iter().filter(|(id, _)| **id != row.id);
        store::add_awards(transaction, others.map(|(id, awarded)| (*id, *awarded))).await?;
        posted.emit(0, EventDraft::activity(kind, &row));
        posted.write(transaction).await?;
        Ok(row)
    }
}

/// The program of an activity's subject, with its first and last day there.
async fn member_days(
    transaction: &DatabaseTransaction,
    row: &activity::Model,
) -> Result<(Program, NaiveDate, Option<NaiveDate>), Error> {
    let lost = || Error::Damaged("an activity without its subject".to_owned());
    if let Some(id) = row.partner_id {
        let partner = subject::by_ids::<PartnerRow>(transaction, [id]).await?.pop().ok_or_else(lost)?;
        return Ok((Program::Partner, partner.enrolled_on, partner.left_on));
    }
    let professional =
        subject::by_ids::<ProfessionalRow>(transaction, row.professional_id).await?.pop().ok_or_else(lost)?;
    Ok((Program::Professional, professional.signed_up_on, professional.left_on))
}

/// The fields that a review or a voiding changes, for the audit log.
pub(super) fn audit_state(row: &activity::Model) -> serde_json::Value {
    json!({ "status": row.status.to_value(), "points": row.graded_points.or(row.points) })
}

pub(super) fn status(status: ActivityStatus) -> &'static str {
    match status {
        ActivityStatus::PendingReview => "awaiting review",
        ActivityStatus::Recorded => "recorded",
        ActivityStatus::Rejected => "rejected",
        ActivityStatus::Voided => "voided",
    }
}
