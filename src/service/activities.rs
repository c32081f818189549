//! Recording, submitting, reviewing and voiding activities.

mod admitting;
mod conflicts;
mod plan;
mod replacing;
mod review;
mod subjects;
mod together;
mod voiding;

use std::collections::HashMap;
use std::time::{Duration, Instant};

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
use crate::program::admission::{Admitted, Claim, units};
use crate::program::fold::{Fact, Step, Subject};
use crate::program::refusal::{Code, Refusal, Refusals, all};
use crate::program::rule::{Attributes, Program};
use crate::program::wording::{listed, quoted};
use crate::service::events::EventDraft;
use crate::store::activity as store;
use conflicts::{batch_conflict, conflict, differing_fields, key_conflict};
use plan::{CheckedDraft, Plan, PlannedDraft, SentDraft, Texts, outcomes};
use subjects::{FoundSubject, Subjects};
pub(super) use together::Together;
pub use voiding::{VoidOutcome, VoidedRun};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    Refused(Refusals),
}

impl Outcome {
    /// The place in the log where it was recorded, if it was.
    #[must_use]
    pub fn recorded_seq(&self) -> Option<i64> {
        if let Self::Recorded(row) = self { Some(row.seq) } else { None }
    }
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
        Ok(self.activities_record_timed(drafts, intake, None).await?.0)
    }

    /// The same as a part of an import run, and how long the transaction waited until it had all its locks: others
    /// held them.
    ///
    /// # Errors
    /// As [`Self::activities_record`].
    pub async fn activities_record_timed(
        &self,
        drafts: &[ActivityDraft],
        intake: Intake,
        import_run: Option<Uuid>,
    ) -> Result<(Vec<Outcome>, Duration), Error> {
        self.record_drafts(&self.sent(drafts, &[]), intake, import_run).await
    }

    /// Drafts of one request; those that `replaces` marks take the place of others.
    fn sent<'d>(&'d self, drafts: &'d [ActivityDraft], replaces: &[bool]) -> Vec<SentDraft<'d>> {
        let marks = replaces.iter().copied().chain(std::iter::repeat(false));
        let sent = |(draft, replaces)| SentDraft { draft, replaces, request_id: self.request_id() };
        drafts.iter().zip(marks).map(sent).collect()
    }

    async fn record_drafts(
        &self,
        drafts: &[SentDraft<'_>],
        intake: Intake,
        import_run: Option<Uuid>,
    ) -> Result<(Vec<Outcome>, Duration), Error> {
        self.authorize(intake.operation())?;
        if drafts.len() > BATCH_MAX {
            let message =
                format!("One request accepts at most {BATCH_MAX} activities; got {}.", drafts.len());
            return Err(Refusal::new(Code::TooMany, "activities", message).into());
        }
        let checked: Vec<CheckedDraft<'_>> = drafts.iter().map(|sent| self.check(*sent)).collect();
        let begun = Instant::now();
        transact!(self, intake.operation(), transaction, changes => {
            let subjects = Subjects::lock_for_drafts(transaction, checked.iter().map(|one| one.sent.draft)).await?;
            let waited = begun.elapsed();
            let outcomes = self.record_batch(transaction, changes, subjects, &checked, (intake, import_run)).await?;
            Ok((outcomes, waited))
        })
    }

    async fn record_batch(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        subjects: Subjects,
        checked: &[CheckedDraft<'_>],
        (intake, import_run): (Intake, Option<Uuid>),
    ) -> Result<Vec<Outcome>, Error> {
        let keys = checked.iter().filter_map(|one| one.texts.as_ref().ok()).map(Texts::key);
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
                let refusal = Refusal::new(Code::Invalid, "quantity", exceeded.to_string());
                *plan = Plan::Done(Box::new(Outcome::Refused(refusal.into())));
            }
        }
        if !plans.iter().any(|plan| matches!(plan, Plan::New { .. })) {
            return Ok(outcomes(plans));
        }
        let mut posted = posting.post(transaction, self).await?;
        let new = plans.iter_mut().zip(checked).filter_map(|(plan, one)| match plan {
            Plan::New { row, fact } => Some((row, fact.is_some(), one.sent.request_id)),
            _ => None,
        });
        for (step, (row, counts, request_id)) in new.enumerate() {
            row.seq = posted.seqs.get(step).copied().unwrap_or_default();
            row.recorded_at = posted.recorded_at;
            row.import_run_id = import_run;
            (row.awarded_points, row.awarded_credits) =
                posted.awarded.get(&row.id).copied().unwrap_or_default();
            changes.add(change(row).after(json!({ "status": row.status.to_value() })).sent_by(request_id));
            let kind = if counts { EventKind::ActivityRecorded } else { EventKind::ClaimSubmitted };
            posted.emit(step, EventDraft::activity(kind, row));
        }
        let rows = plans.iter().filter_map(|plan| match plan {
            Plan::New { row, .. } => Some((**row).clone()),
            _ => None,
        });
        // The key is free for the new activity once the one that it replaces has none.
        store::set_replaced(transaction, plans.iter().filter_map(Plan::replaced)).await?;
        posted.new_activities = rows.collect();
        posted.write(transaction).await?;
        Ok(outcomes(plans))
    }

    fn plan(
        &self,
        posting: &mut Posting<'_>,
        subjects: &Subjects,
        checked: &[CheckedDraft<'_>],
        existing: Vec<activity::Model>,
        intake: Intake,
    ) -> Vec<Plan> {
        let existing: HashMap<(String, String), activity::Model> =
            existing.into_iter().map(|row| ((row.source.clone(), row.external_id.clone()), row)).collect();
        let mut in_batch: HashMap<(&str, &str), (usize, activity::Model)> = HashMap::new();
        let mut plans = Vec::with_capacity(checked.len());
        for (index, one) in checked.iter().enumerate() {
            let planned = self.plan_one(posting, subjects, one, intake).and_then(
                |PlannedDraft { key, mut row, fact }| {
                    let known = existing.get(&(row.source.clone(), row.external_id.clone()));
                    let is_repeat = in_batch.contains_key(&key);
                    row.replaces = self.replaced(one.sent.replaces, known, is_repeat)?;
                    if let Some(first) = known.filter(|_| row.replaces.is_none() && !is_repeat) {
                        return Ok(Plan::Done(Box::new(self.repeat(first, &row)?)));
                    }
                    if let Some((first, known)) = in_batch.get(&key) {
                        return match differing_fields(known, &row)[..] {
                            [] => Ok(Plan::RepeatOf(*first)),
                            ref fields => Err(batch_conflict(*first, fields).into()),
                        };
                    }
                    let fact = fact?;
                    in_batch.insert(key, (index, row.clone()));
                    Ok(Plan::New { row: Box::new(row), fact })
                },
            );
            plans.push(planned.unwrap_or_else(|refusals| Plan::Done(Box::new(Outcome::Refused(refusals)))));
        }
        plans
    }

    /// The outcome of a draft whose key an activity has already.
    fn repeat(&self, first: &activity::Model, again: &activity::Model) -> Result<Outcome, Refusal> {
        match (self.can_see_activity(first), &differing_fields(first, again)[..]) {
            (true, []) => Ok(Outcome::Duplicate(first.clone())),
            (true, fields) => Err(conflict(first.status, fields)),
            (false, []) => Ok(Outcome::DuplicateNotVisible),
            (false, _) => Err(key_conflict()),
        }
    }

    /// The key and the row of a draft, and its fact if it counts at once. A refusal by the rules is returned in place
    /// of the fact: a duplicate is answered with the first activity even if the rules have changed since.
    ///
    /// # Errors
    /// Every problem of the draft when one of its texts or its subject is wrong.
    fn plan_one<'c>(
        &self,
        posting: &mut Posting<'_>,
        subjects: &Subjects,
        one: &'c CheckedDraft<'_>,
        intake: Intake,
    ) -> Result<PlannedDraft<'c>, Refusals> {
        let draft = one.sent.draft;
        let who = self.find_subject(subjects, intake, &draft.subject);
        let admitted = self.admit(intake, &draft.claim(who.as_ref().ok()));
        let (texts, who) = match all((one.texts.as_ref(), who)) {
            Ok(found) => found,
            Err(refusals) => return Err(refusals.with(admitted)),
        };
        let row = activity::Model {
            id: Uuid::now_v7(),
            seq: 0,
            partner_id: who.partner_id(),
            professional_id: who.professional_id(),
            kind: draft.kind.clone(),
            occurred_on: draft.occurred_on,
            quantity: draft.quantity,
            points: draft.points,
            attributes: texts.attributes.clone(),
            source: texts.source.clone(),
            external_id: texts.external_id.clone(),
            recorded_at: chrono::DateTime::UNIX_EPOCH,
            status: match intake {
                Intake::Record => ActivityStatus::Recorded,
                Intake::Submit => ActivityStatus::PendingReview,
            },
            graded_points: None,
            awarded_points: 0,
            awarded_credits: 0,
            recorded_by: self.integration(),
            import_run_id: None,
            replaces: None,
            replaced_by: None,
            evidence_due_on: match intake {
                Intake::Record => None,
                Intake::Submit => self.evidence_due(draft),
            },
        };
        let fact = admitted
            .map(|admitted| (intake == Intake::Record).then(|| fact(posting, &row, admitted)).flatten());
        Ok(PlannedDraft { key: texts.key(), row, fact })
    }

    /// The subject of a draft, where it exists for the caller.
    fn find_subject<'s>(
        &self,
        subjects: &'s Subjects,
        intake: Intake,
        subject: &SubjectCode,
    ) -> Result<FoundSubject<'s>, Refusal> {
        let found = subjects
            .find(subject)
            .filter(|who| self.can_name(intake.operation(), who.partner_id(), who.professional_id()));
        found.ok_or_else(|| {
            let refusal = match subject {
                SubjectCode::Partner(code) => input::no_partner(code),
                SubjectCode::Professional(code) => input::no_professional(code),
            };
            refusal.within("subject")
        })
    }

    fn check<'d>(&self, sent: SentDraft<'d>) -> CheckedDraft<'d> {
        let draft = sent.draft;
        let texts = all((
            self.check_source(&draft.source),
            input::key("externalId", &draft.external_id),
            input::attributes(&draft.attributes),
        ));
        let texts = texts.map(|(source, external_id, attributes)| Texts { source, external_id, attributes });
        CheckedDraft { sent, texts }
    }

    fn check_source(&self, source: &str) -> Result<String, Refusal> {
        let source = input::key("source", source)?;
        if self.caller().may_record_for(&source) {
            return Ok(source);
        }
        let allowed = self.caller().limits.sources.iter().flatten().map(String::as_str);
        let message = format!(
            "Your key does not record for the source {}; it records for {}.",
            quoted(&source),
            listed(allowed)
        );
        Err(Refusal::new(Code::Invalid, "source", message))
    }
}

impl ActivityDraft {
    /// The draft as its kind judges it; without days of the subject where that is not known.
    fn claim(&self, who: Option<&FoundSubject<'_>>) -> Claim<'_> {
        Claim {
            program: match self.subject {
                SubjectCode::Partner(_) => Program::Partner,
                SubjectCode::Professional(_) => Program::Professional,
            },
            member_since: who.map(FoundSubject::member_since),
            member_until: who.and_then(FoundSubject::member_until),
            kind: &self.kind,
            occurred_on: self.occurred_on,
            quantity: self.quantity,
            points: self.points,
            attributes: &self.attributes,
        }
    }
}

/// A change of an activity.
fn change(row: &activity::Model) -> Change {
    Change::of("Activity", row.id).about(row.partner_id, row.professional_id)
}

pub(super) fn fact(posting: &mut Posting<'_>, row: &activity::Model, admitted: Admitted) -> Option<Fact> {
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

/// Units of a stored activity, by the rule that judges it; none if no edition in force would have it, since a
/// recalculation changed the policy of its day.
pub(super) fn stored_units(policy: &Policy, row: &activity::Model) -> Result<Option<i64>, Error> {
    judged_units(policy, row, row.graded_points)
}

/// The same with the points that it was graded with by then.
pub(super) fn judged_units(
    policy: &Policy,
    row: &activity::Model,
    graded_points: Option<i64>,
) -> Result<Option<i64>, Error> {
    let Some(rule) = policy.editions.rule(program(row), &row.kind, row.occurred_on) else { return Ok(None) };
    let points = graded_points.or(row.points);
    Ok(units(rule, row.quantity, points, row.occurred_on, &parse_attributes(&row.attributes)?).ok())
}

/// Attributes as they are stored.
pub(super) fn parse_attributes(stored: &str) -> Result<Attributes, Error> {
    // Most activities have none, and a replay reads those of every one.
    if stored == "{}" {
        return Ok(Attributes::new());
    }
    serde_json::from_str(stored).map_err(|error| Error::Damaged(format!("attributes: {error}")))
}
