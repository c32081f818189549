//! Recording, submitting, reviewing and voiding activities.

mod review;
mod subjects;

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::activity;
use entity::value::{ActivityStatus, EventKind, LogAction};
use sea_orm::{ActiveEnum, DatabaseTransaction};
use serde_json::json;
use uuid::Uuid;

use super::audit::{Change, Changes};
use super::policy::Policy;
use super::posting::{LogEntry, Object, Posting};
use super::{Services, input, transact};
use crate::access::Operation;
use crate::error::Error;
use crate::program::admission::{Admitted, Claim, admit, units};
use crate::program::fold::{Fact, Step, Subject};
use crate::program::refusal::{Code, Refusal};
use crate::program::rule::{Attributes, Program, Review, UnitSource};
use crate::service::events::EventDraft;
use crate::store::activity as store;
use subjects::Subjects;

/// The subject of an activity, by code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SubjectCode {
    /// A partner.
    Partner(String),
    /// A professional.
    Professional(String),
}

/// An activity as received.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityDraft {
    /// The subject.
    pub subject: SubjectCode,
    /// Code of the kind.
    pub kind: String,
    /// When it happened.
    pub occurred_on: NaiveDate,
    /// Quantity.
    pub quantity: i64,
    /// Graded points, if the kind has a range.
    pub points: Option<i64>,
    /// Attributes that the kind requires.
    pub attributes: Attributes,
    /// Source system.
    pub source: String,
    /// Id in the source system.
    pub external_id: String,
}

/// Whether an activity counts at once or is a claim that requires a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// It counts at once: recording includes the review (S6).
    Record,
    /// It is a claim, whose points are a proposal (S6).
    Submit,
}

impl Intake {
    fn operation(self) -> Operation {
        match self {
            Self::Record => Operation::RecordActivity,
            Self::Submit => Operation::SubmitActivity,
        }
    }
}

/// Outcome of recording or submitting one activity.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was recorded.
    Recorded(activity::Model),
    /// The same activity was recorded before.
    Duplicate(activity::Model),
    /// The same activity was recorded before, and is not visible to the caller.
    DuplicateNotVisible,
    /// It was refused.
    Refused(Refusal),
}

/// A reviewer's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The claim counts. For graded kinds, with these points; none keeps the proposed ones.
    Approve {
        /// Points of the reviewer.
        points: Option<i64>,
    },
    /// The claim does not count.
    Reject,
}

/// Maximum number of activities in one batch.
pub const BATCH_MAX: usize = 1_000;

/// A draft whose texts are valid.
struct CheckedDraft<'d> {
    draft: &'d ActivityDraft,
    source: String,
    external_id: String,
    attributes: String,
}

/// How a draft is processed, decided before anything is written.
enum Plan {
    Done(Box<Outcome>),
    /// A duplicate of an earlier draft of the batch, by its index.
    RepeatOf(usize),
    New {
        row: Box<activity::Model>,
        fact: Option<Fact>,
    },
}

impl Services {
    /// Records or submits a batch of activities in one transaction. Each has its own outcome: a refused one
    /// does not affect the others.
    ///
    /// # Errors
    /// Only for the batch as a whole: when it is too large, or the database fails.
    pub async fn activities_record(
        &self,
        drafts: &[ActivityDraft],
        intake: Intake,
    ) -> Result<Vec<Outcome>, Error> {
        self.authorize(intake.operation())?;
        if drafts.len() > BATCH_MAX {
            let message = format!("One request takes at most {BATCH_MAX} activities, not {}.", drafts.len());
            return Err(Refusal::new(Code::TooMany, "activities", message).into());
        }
        let checked: Vec<Result<CheckedDraft<'_>, Refusal>> =
            drafts.iter().map(|draft| self.check(draft)).collect();
        if checked.iter().all(Result::is_err) {
            return Ok(checked.into_iter().filter_map(Result::err).map(Outcome::Refused).collect());
        }
        transact!(self, intake.operation(), transaction, changes => {
            self.record_batch(transaction, changes, &checked, intake).await
        })
    }

    async fn record_batch(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        checked: &[Result<CheckedDraft<'_>, Refusal>],
        intake: Intake,
    ) -> Result<Vec<Outcome>, Error> {
        let good = || checked.iter().filter_map(|one| one.as_ref().ok());
        let subjects = Subjects::lock_for_drafts(transaction, good().map(|one| one.draft)).await?;
        let keys = good().map(|one| (one.source.as_str(), one.external_id.as_str()));
        let existing = store::by_keys(transaction, keys).await?;
        let mut posting = subjects.posting(&self.policy);
        let mut plans = self.plan(&mut posting, &subjects, checked, existing, intake);
        let facts: Vec<Fact> = plans
            .iter()
            .filter_map(|plan| match plan {
                Plan::New { fact, .. } => *fact,
                _ => None,
            })
            .collect();
        posting.load_for_facts(transaction, &facts).await?;
        for plan in &mut plans {
            let Plan::New { row, fact } = plan else { continue };
            let action = if fact.is_some() { LogAction::Recorded } else { LogAction::Submitted };
            let entry = LogEntry::new(action, Object::Activity(row.id));
            if let Err(exceeded) = posting.apply(entry, fact.map(Step::Recorded)) {
                let refusal = Refusal::new(Code::Invalid, "quantity", format!("Not taken: {exceeded}."));
                *plan = Plan::Done(Box::new(Outcome::Refused(refusal)));
            }
        }
        if !plans.iter().any(|plan| matches!(plan, Plan::New { .. })) {
            return Ok(outcomes(plans));
        }
        let mut posted = posting.post(transaction, &self.clock).await?;
        let new = plans.iter_mut().filter_map(|plan| match plan {
            Plan::New { row, fact } => Some((row, fact.is_some())),
            _ => None,
        });
        for (step, (row, counts)) in new.enumerate() {
            row.seq = posted.seqs.get(step).copied().unwrap_or_default();
            row.recorded_at = posted.recorded_at;
            (row.awarded_points, row.awarded_credits) =
                posted.awarded.get(&row.id).copied().unwrap_or_default();
            changes.add(change(row).after(json!({ "status": row.status.to_value() })));
            let kind = if counts { EventKind::ActivityRecorded } else { EventKind::ClaimSubmitted };
            posted.emit(step, EventDraft::activity(kind, row));
        }
        let rows = plans.iter().filter_map(|plan| match plan {
            Plan::New { row, .. } => Some((**row).clone()),
            _ => None,
        });
        store::insert(transaction, rows.collect()).await?;
        posted.write(transaction).await?;
        Ok(outcomes(plans))
    }

    fn plan(
        &self,
        posting: &mut Posting<'_>,
        subjects: &Subjects,
        checked: &[Result<CheckedDraft<'_>, Refusal>],
        existing: Vec<activity::Model>,
        intake: Intake,
    ) -> Vec<Plan> {
        let existing: HashMap<(String, String), activity::Model> =
            existing.into_iter().map(|row| ((row.source.clone(), row.external_id.clone()), row)).collect();
        let mut in_batch: HashMap<(&str, &str), (usize, activity::Model)> = HashMap::new();
        let mut plans = Vec::with_capacity(checked.len());
        for (index, one) in checked.iter().enumerate() {
            let planned = match one {
                Err(refusal) => Err(refusal.clone()),
                Ok(one) => self.plan_one(posting, subjects, one, intake).and_then(|(row, fact)| {
                    let key = (one.source.as_str(), one.external_id.as_str());
                    if let Some(first) = existing.get(&(one.source.clone(), one.external_id.clone())) {
                        if !self.can_see_activity(first) {
                            check_same_content(first, &row).map_err(|_| key_conflict())?;
                            return Ok(Plan::Done(Box::new(Outcome::DuplicateNotVisible)));
                        }
                        check_same_content(first, &row)?;
                        return Ok(Plan::Done(Box::new(Outcome::Duplicate(first.clone()))));
                    }
                    if let Some((first, known)) = in_batch.get(&key) {
                        check_same_content(known, &row)?;
                        return Ok(Plan::RepeatOf(*first));
                    }
                    let fact = fact?;
                    in_batch.insert(key, (index, row.clone()));
                    Ok(Plan::New { row: Box::new(row), fact })
                }),
            };
            plans.push(planned.unwrap_or_else(|refusal| Plan::Done(Box::new(Outcome::Refused(refusal)))));
        }
        plans
    }

    /// The row of a draft, and its fact if it counts at once. A refusal by the rules is returned in place of
    /// the fact: a duplicate is answered with the first activity even if the rules have changed since.
    fn plan_one(
        &self,
        posting: &mut Posting<'_>,
        subjects: &Subjects,
        one: &CheckedDraft<'_>,
        intake: Intake,
    ) -> Result<(activity::Model, Result<Option<Fact>, Refusal>), Refusal> {
        let draft = one.draft;
        let who = subjects.find(&draft.subject)?;
        self.check_subject_visible(intake.operation(), who.professional_id())?;
        let row = activity::Model {
            id: Uuid::now_v7(),
            seq: 0,
            partner_id: who.partner_id(),
            professional_id: who.professional_id(),
            kind: draft.kind.clone(),
            occurred_on: draft.occurred_on,
            quantity: draft.quantity,
            points: draft.points,
            attributes: one.attributes.clone(),
            source: one.source.clone(),
            external_id: one.external_id.clone(),
            recorded_at: chrono::DateTime::UNIX_EPOCH,
            status: match intake {
                Intake::Record => ActivityStatus::Recorded,
                Intake::Submit => ActivityStatus::PendingReview,
            },
            graded_points: None,
            awarded_points: 0,
            awarded_credits: 0,
            recorded_by: self.integration(),
        };
        let claim = who.claim(draft);
        let admitted = match intake {
            Intake::Record => admit(&self.policy.editions, &claim, self.clock.today()),
            Intake::Submit => self.admit_claim(&claim),
        };
        let admitted =
            admitted.and_then(|admitted| self.check_review(intake, admitted.review).map(|()| admitted));
        let fact = admitted
            .map(|admitted| (intake == Intake::Record).then(|| fact(posting, &row, admitted)).flatten());
        Ok((row, fact))
    }

    fn check<'d>(&self, draft: &'d ActivityDraft) -> Result<CheckedDraft<'d>, Refusal> {
        let source = input::key("source", &draft.source)?;
        if !self.caller().may_record_for(&source) {
            return Err(Refusal::new(Code::Invalid, "source", "Your key does not record for this source."));
        }
        Ok(CheckedDraft {
            source,
            external_id: input::key("externalId", &draft.external_id)?,
            attributes: input::attributes(&draft.attributes)?,
            draft,
        })
    }

    /// Only recording by staff includes the review (S6).
    fn check_review(&self, intake: Intake, review: Review) -> Result<(), Refusal> {
        let message = match (review, intake) {
            _ if self.caller().role.is_staff() => return Ok(()),
            (Review::None, _) | (Review::Acceptance, Intake::Submit) => return Ok(()),
            (Review::Acceptance, Intake::Record) => "Staff must accept this kind first: submit it instead.",
            (Review::StaffOnly, _) => "Only staff record or submit this kind.",
        };
        Err(Refusal::new(Code::ReviewRequired, "kind", message))
    }

    /// Admits a claim, which may leave the points to the reviewer.
    fn admit_claim(&self, claim: &Claim<'_>) -> Result<Admitted, Refusal> {
        let editions = &self.policy.editions;
        let rule = editions
            .kind(claim.program, claim.kind)
            .and_then(|kind| editions.at(claim.occurred_on).rule(kind));
        let proposed = match rule.map(|rule| rule.unit_source) {
            Some(UnitSource::Graded { min, .. }) => claim.points.or(Some(min)),
            _ => claim.points,
        };
        admit(editions, &Claim { points: proposed, ..*claim }, self.clock.today())
    }
}

/// A change of an activity.
fn change(row: &activity::Model) -> Change {
    Change::of("Activity", row.id).about(row.partner_id, row.professional_id)
}

/// Refuses a natural key that belongs to an activity which is not visible to the caller.
fn key_conflict() -> Refusal {
    let message = "This source and externalId are taken: use a new externalId.";
    Refusal::new(Code::ConflictingDuplicate, "externalId", message)
}

/// Checks that a duplicate has the same content as the first activity.
fn check_same_content(first: &activity::Model, again: &activity::Model) -> Result<(), Refusal> {
    let differs = [
        ("subject", (first.partner_id, first.professional_id) != (again.partner_id, again.professional_id)),
        ("kind", first.kind != again.kind),
        ("occurredOn", first.occurred_on != again.occurred_on),
        ("quantity", first.quantity != again.quantity),
        ("points", first.points != again.points),
        ("attributes", first.attributes != again.attributes),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        None => Ok(()),
        Some((field, _)) => {
            let message = format!(
                "An activity with this source and externalId was recorded before with another {field}: \
                 void it, or use a new externalId."
            );
            Err(Refusal::new(Code::ConflictingDuplicate, field, message))
        }
    }
}

fn outcomes(plans: Vec<Plan>) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(plans.len());
    for plan in plans {
        outcomes.push(match plan {
            Plan::Done(outcome) => *outcome,
            Plan::New { row, .. } => Outcome::Recorded(*row),
            // The first activity precedes its duplicates, which get the same outcome.
            Plan::RepeatOf(first) => match &outcomes[first] {
                Outcome::Recorded(row) | Outcome::Duplicate(row) => Outcome::Duplicate(row.clone()),
                Outcome::DuplicateNotVisible => Outcome::DuplicateNotVisible,
                Outcome::Refused(refusal) => Outcome::Refused(refusal.clone()),
            },
        });
    }
    outcomes
}

fn fact(posting: &mut Posting<'_>, row: &activity::Model, admitted: Admitted) -> Option<Fact> {
    let subject = match (row.partner_id, row.professional_id) {
        (Some(id), _) => Subject::Partner(posting.partner(id)?),
        (None, Some(id)) => Subject::Professional(posting.professional(id)?),
        (None, None) => return None,
    };
    Some(Fact {
        activity: posting.add(Object::Activity(row.id)),
        subject,
        kind: admitted.kind,
        occurred_on: row.occurred_on,
        quantity: row.quantity,
        units: admitted.units,
    })
}

/// The program of an activity's subject.
pub(super) fn program(row: &activity::Model) -> Program {
    if row.partner_id.is_some() { Program::Partner } else { Program::Professional }
}

/// Units of a stored activity, by the rule that judged it.
pub(super) fn stored_units(policy: &Policy, row: &activity::Model) -> Result<i64, Error> {
    let editions = &policy.editions;
    let rule =
        editions.kind(program(row), &row.kind).and_then(|kind| editions.at(row.occurred_on).rule(kind));
    let rule =
        rule.ok_or_else(|| Error::Damaged(format!("no edition scores {} on {}", row.kind, row.occurred_on)))?;
    let points = row.graded_points.or(row.points);
    Ok(units(rule, row.quantity, points, row.occurred_on, &read_attributes(row)?)?)
}

fn read_attributes(row: &activity::Model) -> Result<Attributes, Error> {
    serde_json::from_str(&row.attributes).map_err(|error| Error::Damaged(format!("attributes: {error}")))
}
