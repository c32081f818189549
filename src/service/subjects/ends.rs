//! Partners and professionals leave the program, and come back.
//!
//! The last day is included. Nothing is earned for later days: activities, orders and deals of later days are refused,
//! affiliations end, and what others derive comes to nothing. Everything that was earned stays readable. Claims and
//! deals that are open remain so: a claim of a day in the program can still be approved, and a deal can be closed.

use chrono::NaiveDate;
use entity::affiliation;
use entity::value::{EventKind, LogAction};
use sea_orm::DatabaseTransaction;
use serde_json::json;
use uuid::Uuid;

use super::updates::{step, too_much};
use super::{lock_partner, lock_professional};
use crate::access::Operation;
use crate::error::Error;
use crate::program::fold::Step;
use crate::program::refusal::{Code, Refusal, all};
use crate::service::audit::{Change, Changes};
use crate::service::events::EventDraft;
use crate::service::posting::{LogEntry, Object, PostedRows, Posting};
use crate::service::{Services, input, transact};
use crate::store::partner::PartnerRow;
use crate::store::professional::ProfessionalRow;
use crate::store::subject::LATEST;
use crate::store::subject_step::{self as steps, DatedFact};
use crate::store::{affiliation as affiliations, subject};

impl Services {
    /// Ends a partner's participation with a last day, or takes the end back with none. Affiliations that are open
    /// end on that day, and stay so.
    ///
    /// # Errors
    /// When there is no such partner, the day is before enrolment, in the future or before a fact that stands, or
    /// there is no end to take back.
    pub async fn partnership_end(
        &self,
        code: &str,
        on: Option<NaiveDate>,
        reason: &str,
    ) -> Result<PartnerRow, Error> {
        let visibility = self.authorize(Operation::EndPartnership)?;
        let checked = all((input::required_reason("reason", reason).map(Some), self.check_end_day(on)));
        transact!(self, Operation::EndPartnership, transaction, changes => {
            // Professionals are locked before partners.
            let open = match input::code("partner", code) {
                Ok(code) => affiliations::open_of_partner(transaction, &code, beyond(on)).await?,
                Err(_) => Vec::new(),
            };
            let people: Vec<Uuid> = open.iter().map(|row| row.professional_id).collect();
            let people = if people.is_empty() {
                Vec::new()
            } else {
                subject::lock::<ProfessionalRow>(transaction, [], people).await?
            };
            let found = lock_partner(transaction, &visibility, code).await?;
            let ((reason, ()), before) = all((checked.clone(), found))?;
            if before.left_on == on {
                return Ok(before);
            }
            // Who was affiliated meanwhile is locked as well: a deadlock would be tried again.
            let known: Vec<Uuid> = people.iter().map(|row| row.id).collect();
            let open = affiliations::open_of_partner(transaction, &before.code, beyond(on)).await?;
            let new: Vec<Uuid> =
                open.iter().map(|row| row.professional_id).filter(|id| !known.contains(id)).collect();
            let mut people = people;
            if !new.is_empty() {
                people.extend(subject::lock::<ProfessionalRow>(transaction, [], new).await?);
            }
            let last = steps::last_of_partner(transaction, before.id).await?;
            check_days("the partner's enrolment", before.enrolled_on, on, before.left_on, last)?;
            let open = open_of(transaction, &people, beyond(on)).await?;
            let open: Vec<_> = open.into_iter().filter(|row| row.partner_id == before.id).collect();
            let mut posting = Posting::open(&self.policy, vec![before.clone()], people, &open);
            let action = if on.is_some() { LogAction::PartnershipEnded } else { LogAction::PartnershipResumed };
            let entry =
                LogEntry { reason: reason.clone(), day: on, ..LogEntry::new(action, Object::Partner(before.id)) };
            let left = posting.partner(before.id).map(|who| Step::PartnerLeft(who, on));
            posting.apply(entry, left).map_err(too_much)?;
            let reason = reason.as_deref();
            let mut posted = self.end_affiliations(transaction, posting, &open, on, reason).await?;
            let kind = if on.is_some() { EventKind::PartnershipEnded } else { EventKind::PartnershipResumed };
            let object = json!({ "leftOn": on });
            let day = on.unwrap_or_else(|| self.clock.today());
            posted.emit(0, EventDraft::of_partner(kind, day, before.id, "membership", object));
            let step = entity::subject_step::Model {
                last_day_before: before.left_on,
                last_day: on,
                ..step(posted.seqs[0], (Some(before.id), None), None)
            };
            steps::end::<PartnerRow>(transaction, before.id, on).await?;
            posted.write(transaction).await?;
            steps::insert(transaction, step).await?;
            let change = Change::of("Partner", before.id).about(Some(before.id), None);
            let change = change.before(json!({ "leftOn": before.left_on })).after(json!({ "leftOn": on }));
            changes.add(change.because(reason));
            add_ends(changes, &open, on, reason);
            Ok(PartnerRow { left_on: on, ..before })
        })
    }

    /// Ends a professional's participation with a last day, or takes the end back with none. An affiliation that is
    /// open ends on that day, and stays so.
    ///
    /// # Errors
    /// When there is no such professional, the day is before sign-up, in the future or before a fact that stands, or
    /// there is no end to take back.
    pub async fn membership_end(
        &self,
        code: &str,
        on: Option<NaiveDate>,
        reason: &str,
    ) -> Result<ProfessionalRow, Error> {
        let visibility = self.authorize(Operation::EndMembership)?;
        let checked = all((input::required_reason("reason", reason).map(Some), self.check_end_day(on)));
        transact!(self, Operation::EndMembership, transaction, changes => {
            let found = lock_professional(transaction, &visibility, code).await?;
            let ((reason, ()), before) = all((checked.clone(), found))?;
            if before.left_on == on {
                return Ok(before);
            }
            let last = steps::last_of_professional(transaction, before.id).await?;
            check_days("the professional's sign-up", before.signed_up_on, on, before.left_on, last)?;
            let people = vec![before.clone()];
            let open = open_of(transaction, &people, beyond(on)).await?;
            // Nothing that they were credited with ends; their codes belong to the events.
            let partners: Vec<Uuid> = on.map_or(&[][..], |_| &open).iter().map(|row| row.partner_id).collect();
            let partners = match partners[..] {
                [] => Vec::new(),
                _ => subject::lock::<PartnerRow>(transaction, [], partners).await?,
            };
            let mut posting = Posting::open(&self.policy, partners, people, &open);
            let action = if on.is_some() { LogAction::MembershipEnded } else { LogAction::MembershipResumed };
            let entry =
                LogEntry { reason: reason.clone(), day: on, ..LogEntry::new(action, Object::Professional(before.id)) };
            posting.apply(entry, None).map_err(too_much)?;
            let reason = reason.as_deref();
            let mut posted = self.end_affiliations(transaction, posting, &open, on, reason).await?;
            let kind = if on.is_some() { EventKind::MembershipEnded } else { EventKind::MembershipResumed };
            let object = json!({ "leftOn": on });
            let day = on.unwrap_or_else(|| self.clock.today());
            posted.emit(0, EventDraft::of_professional(kind, day, before.id, "membership", object));
            let step = entity::subject_step::Model {
                last_day_before: before.left_on,
                last_day: on,
                ..step(posted.seqs[0], (None, Some(before.id)), None)
            };
            steps::end::<ProfessionalRow>(transaction, before.id, on).await?;
            posted.write(transaction).await?;
            steps::insert(transaction, step).await?;
            let change = Change::of("Professional", before.id).about(None, Some(before.id));
            let change = change.before(json!({ "leftOn": before.left_on })).after(json!({ "leftOn": on }));
            changes.add(change.because(reason));
            add_ends(changes, &open, on, reason);
            Ok(ProfessionalRow { left_on: on, ..before })
        })
    }

    /// Adds the ends of affiliations to the posting, and writes their last days.
    async fn end_affiliations(
        &self,
        transaction: &DatabaseTransaction,
        mut posting: Posting<'_>,
        open: &[affiliation::Model],
        on: Option<NaiveDate>,
        reason: Option<&str>,
    ) -> Result<PostedRows, Error> {
        let ended = on.map_or(&[][..], |_| open);
        for (row, ends_on) in ended.iter().zip(std::iter::repeat(on)) {
            let step = posting.professional(row.professional_id).zip(ends_on);
            let step = step.map(|(who, end)| Step::AffiliationEnded(who, row.starts_on, end));
            let entry = LogEntry {
                ends_on,
                reason: reason.map(str::to_owned),
                ..LogEntry::new(LogAction::AffiliationEnded, Object::Affiliation(row.id))
            };
            posting.apply(entry, step).map_err(too_much)?;
        }
        let mut posted = posting.post(transaction, self).await?;
        for ((row, on), step) in ended.iter().zip(on.iter().cycle()).zip(1..) {
            affiliations::end(transaction, row.id, *on).await?;
            let ended = affiliation::Model { ends_on: Some(*on), ..row.clone() };
            posted.emit(step, EventDraft::affiliation(EventKind::AffiliationEnded, &ended, *on));
        }
        Ok(posted)
    }

    fn check_end_day(&self, on: Option<NaiveDate>) -> Result<(), Refusal> {
        on.map_or(Ok(()), |on| input::not_in_future("on", on, self.clock.today()))
    }
}

/// The affiliations that an end ends, for the audit log.
fn add_ends(changes: &mut Changes, open: &[affiliation::Model], on: Option<NaiveDate>, reason: Option<&str>) {
    for row in on.map_or(&[][..], |_| open) {
        let change = Change::of("Affiliation", row.id).about(Some(row.partner_id), Some(row.professional_id));
        let change = change.before(json!({ "endsOn": row.ends_on })).after(json!({ "endsOn": on }));
        changes.add(change.because(reason));
    }
}

/// The day beyond which affiliations last that an end ends; with no end, every one that has no last day.
fn beyond(on: Option<NaiveDate>) -> NaiveDate {
    on.unwrap_or(LATEST)
}

async fn open_of(
    transaction: &DatabaseTransaction,
    people: &[ProfessionalRow],
    day: NaiveDate,
) -> Result<Vec<affiliation::Model>, Error> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let rows = affiliations::of_professionals(transaction, people.iter().map(|row| row.id)).await?;
    Ok(rows.into_iter().filter(|row| row.ends_on.is_none_or(|end| end > day)).collect())
}

/// Checks a last day against the first one and what stands.
fn check_days(
    start: &str,
    first_day: NaiveDate,
    on: Option<NaiveDate>,
    left_on: Option<NaiveDate>,
    last: Option<DatedFact>,
) -> Result<(), Refusal> {
    let Some(on) = on else { return Ok(()) };
    if on < first_day {
        let message = format!("{on} is before {start} on {first_day}.");
        return Err(Refusal::new(Code::DateBeforeEnrolment, "on", message));
    }
    // An end that is moved to a later day leaves nothing behind.
    let moved_later = left_on.is_some_and(|left| left < on);
    if let Some(DatedFact { what, day }) = last.filter(|last| last.day > on && !moved_later) {
        let message = format!(
            "{on} is before {day}, the day of {what}; the last day in the program is that day or a later one."
        );
        return Err(Refusal::new(Code::Invalid, "on", message));
    }
    Ok(())
}

/// Checks that a day does not lie after the last day of a subject.
pub(in crate::service) fn check_last_day(
    field: &str,
    day: NaiveDate,
    whose: &str,
    left_on: Option<NaiveDate>,
) -> Result<(), Refusal> {
    match left_on.filter(|left| *left < day) {
        Some(left) => {
            let message = format!("{day} is after {left}, the {whose}'s last day in the program.");
            Err(Refusal::new(Code::DateAfterEnd, field, message))
        }
        None => Ok(()),
    }
}
